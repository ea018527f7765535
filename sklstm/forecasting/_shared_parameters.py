"""Parameters that a forecaster shares with the steps of its pipeline."""

from datetime import timedelta

from pandas.tseries.frequencies import to_offset

from sklstm.preprocessing import Differencer, LagFramer

WHO = "SeriesForecaster"


def share_parameters(pipeline, *, group, time, freq, horizon, strategy):
    """Set parameters of a forecaster in the steps that leave them at their defaults; in place.

    `group` and `time` go to every step that has these parameters, `freq` and `horizon` to LagFramer, and the strategy
    "encoder_decoder" to `architecture` of the last step. A step that scales each series by itself scales the target of
    LSTMRegressor likewise. Other regressors learn from all series alike, so their scaler is set to ``pooled=True``.

    Raises
    ------
    ValueError
        If a step has another value than the forecaster.
    """
    steps = steps_of(pipeline)
    _share_scaling(steps, group)
    for name, step in steps:
        known = _parameters(step)
        for role, key in (("group", group), ("time", time)):
            if role not in known or known[role] == key:
                continue
            if known[role] is not None:
                raise _contradiction(role, key, name, known[role])
            step.set_params(**{role: key})
        if isinstance(step, LagFramer):
            _share_times(name, step, freq, horizon, strategy)
    if strategy == "encoder_decoder":
        _share_architecture(*steps[-1])
    return pipeline


def share_target(pipeline, target):
    """Difference the target alone in the steps at the start that name no columns; in place."""
    for _, step in steps_of(pipeline):
        if not isinstance(step, Differencer):
            break
        if step.columns is None:
            step.set_params(columns=[target])
    return pipeline


def steps_of(pipeline):
    """Names and steps of a pipeline without those that do nothing; of a regressor itself."""
    steps = getattr(pipeline, "steps", None) or [("regressor", pipeline)]
    return [(name, step) for name, step in steps if step not in (None, "passthrough")]


def known_columns(pipeline):
    """Names in `static` and `future` of the step that frames windows; such columns are not the target."""
    framer = next((step for _, step in steps_of(pipeline) if isinstance(step, LagFramer)), None)
    names = () if framer is None else (framer.static, framer.future)
    return [name for given in names if given is not None for name in given]


def _parameters(step):
    return step.get_params(deep=False) if hasattr(step, "get_params") else {}


def _share_scaling(steps, group):
    """Scale X and the target of each series by itself, or both of all series alike."""
    regressor = steps[-1][1]
    has_target_groups = "target_groups" in _parameters(regressor)
    for _, step in steps if group is not None else ():
        known = _parameters(step)
        if "pooled" not in known or known.get("group") is not None:
            continue
        if not has_target_groups:
            step.set_params(pooled=True)
        elif not known["pooled"]:
            regressor.set_params(target_groups=True)
    by_series = group is not None and any(not _parameters(step).get("pooled", True) for _, step in steps)
    if has_target_groups and _parameters(regressor)["target_groups"] == "auto" and not by_series:
        # All series are scaled alike.
        regressor.set_params(target_groups=False)


def _share_times(name, framer, freq, horizon, strategy):
    """Set `freq` and `horizon` of the forecaster in the step that frames windows."""
    if freq is not None and framer.freq is None:
        framer.set_params(freq=freq)
    if freq is not None and _as_offset(framer.freq) != _as_offset(freq):
        raise _contradiction("freq", freq, name, framer.freq)
    if framer.horizon not in (1, horizon):
        raise _contradiction("horizon", horizon, name, framer.horizon)
    if framer.future is not None and strategy != "recursive":
        framer.set_params(horizon=horizon)


def _as_offset(freq):
    return to_offset(freq) if isinstance(freq, str | timedelta) else freq


def _share_architecture(name, regressor):
    """Set the architecture that the strategy "encoder_decoder" stands for."""
    architecture = _parameters(regressor).get("architecture")
    network = getattr(architecture, "network", architecture)
    if network == "vanilla":
        name = "architecture" if network is architecture else "architecture__network"
        regressor.set_params(**{name: "encoder_decoder"})
    elif network != "encoder_decoder" and not callable(network):
        got = type(regressor).__name__ if architecture is None else f"architecture={architecture!r}"
        raise ValueError(
            f"{WHO}(strategy='encoder_decoder') needs LSTMRegressor(architecture='encoder_decoder') as the last step, "
            f"got {got} in the step {name!r}. Pass strategy='direct', or change the step."
        )


def _contradiction(parameter, value, name, other):
    return ValueError(
        f"{WHO}({parameter}={value!r}) got a pipeline whose step {name!r} has {parameter}={other!r}. Pass the same "
        "value to both, or leave it out of the step."
    )
