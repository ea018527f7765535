"""The Pipeline that SeriesForecaster builds from its own parameters."""

import inspect

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklstm.preprocessing import Differencer, LagFramer, SequencePadder, SeriesScaler, To3D

# Those that go to LSTMRegressor under the same name.
OF_NETWORK = (
    "units",
    "relative_to",
    "linear_skip",
    "quantiles",
    "dropout",
    "learning_rate",
    "epochs",
    "batch_size",
    "validation_fraction",
    "patience",
    "verbose",
    "random_state",
)
# All that the built pipeline is made from; a pipeline of one's own holds its own values.
SHORT_PARAMETERS = (
    "static",
    "future",
    "n_steps",
    "scaling",
    "pooled",
    "difference",
    "log",
    "window_scaler",
    *OF_NETWORK,
)


def short_pipeline(forecaster, target=None):
    """The steps that the short parameters of a forecaster stand for, not fitted.

    Parameters
    ----------
    forecaster : SeriesForecaster
        Whose parameters.
    target : str, optional
        The column to forecast: what it is differenced by. By default all features are.

    Returns
    -------
    pipeline : Pipeline
        Steps ``difference``, where there is one, ``scale``, ``frame``, ``pad``, ``to3d`` and ``lstm``.
    """
    from sklstm.estimators import LSTMRegressor

    panel = {"group": forecaster.group, "time": forecaster.time}
    steps = []
    if forecaster.difference is not None or forecaster.log:
        columns = None if target is None else [target]
        lags = () if forecaster.difference is None else forecaster.difference
        given = [*(forecaster.static or ()), *(forecaster.future or ())] or None
        steps.append(("difference", Differencer(lags, log=forecaster.log, columns=columns, keep=given, **panel)))
    if forecaster.scaling is not None:
        steps.append(("scale", SeriesScaler(forecaster.scaling, pooled=forecaster.pooled, **panel)))
    one_step = forecaster.strategy == "recursive"
    framer = LagFramer(
        forecaster.n_steps,
        freq=forecaster.freq,
        static=forecaster.static,
        future=forecaster.future,
        horizon=1 if one_step or forecaster.future is None else forecaster.horizon,
        **panel,
    )
    window_scaler = forecaster.window_scaler
    if window_scaler == "auto":
        # Differences have no level of their own.
        window_scaler = "standard" if forecaster.difference is None else None
    lstm = LSTMRegressor(
        architecture="encoder_decoder" if forecaster.strategy == "encoder_decoder" else "vanilla",
        window_scaler=window_scaler,
        target_groups=forecaster.group is not None and not forecaster.pooled,
        **{name: getattr(forecaster, name) for name in OF_NETWORK},
    )
    return Pipeline([*steps, ("frame", framer), ("pad", SequencePadder()), ("to3d", To3D()), ("lstm", lstm)])


def hand_keys(pipeline, group, time):
    """Name group and time in the steps of a pipeline that name none; in place.

    A scaler that names no group has one scale for all series, and keeps it.

    Raises
    ------
    ValueError
        If a step names another group or time.
    """
    for name, step in getattr(pipeline, "steps", ()):
        known = step.get_params(deep=False) if hasattr(step, "get_params") else {}
        if "group" in known and known["group"] is None and group is not None and "pooled" in known:
            step.set_params(pooled=True)
        for role, key in (("group", group), ("time", time)):
            if role not in known or key is None or known[role] == key:
                continue
            if known[role] is not None:
                raise ValueError(
                    f"SeriesForecaster({role}={key!r}) got a pipeline whose step {name!r} has {role}={known[role]!r}. "
                    "Name the same column in both, or leave it to the forecaster."
                )
            step.set_params(**{role: key})
    return pipeline


class ShortParameters:
    """Mixin of SeriesForecaster: its short parameters, and the steps that they stand for."""

    pipeline: Pipeline | None

    def build_pipeline(self) -> Pipeline:
        """The Pipeline that `fit` will fit, not fitted: to look at, or to change and pass on.

        Returns
        -------
        pipeline : Pipeline
            A copy of `pipeline`, or what the short parameters stand for.

        Raises
        ------
        ValueError
            If there are a pipeline and short parameters for one.
        """
        if self.pipeline is None:
            return short_pipeline(self)
        usual = self._short_defaults()
        changed = [name for name in usual if not np.array_equal(getattr(self, name), usual[name])]
        if changed:
            name, value = changed[0], getattr(self, changed[0])
            raise ValueError(
                f"SeriesForecaster got a pipeline, and {name}={value!r}, which is for the pipeline that it builds "
                "itself. Set the parameter of the step: pipeline__frame__n_steps, pipeline__lstm__units and so on."
            )
        return clone(self.pipeline)

    def set_params(self, **params):
        """Set parameters, those of the steps inside as ``pipeline__frame__n_steps``.

        Where there is no pipeline yet, it is built from the short parameters first, and these go back to their
        defaults: from then on the pipeline holds what they said.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : SeriesForecaster
            The forecaster itself.
        """
        inside = {name: value for name, value in params.items() if name.startswith("pipeline__")}
        super().set_params(**{name: value for name, value in params.items() if name not in inside})
        if inside and self.pipeline is None:
            pipeline = self.build_pipeline()
            super().set_params(pipeline=pipeline, **self._short_defaults())
        return super().set_params(**inside)

    @classmethod
    def _short_defaults(cls):
        parameters = inspect.signature(cls).parameters
        return {name: parameters[name].default for name in SHORT_PARAMETERS}
