"""The Pipeline that SeriesForecaster builds from its own parameters."""

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
SHORT_PARAMETERS = ("static", "future", "n_steps", "scaling", "difference", "log", "window_scaler", *OF_NETWORK)


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
        steps.append(("difference", Differencer(lags, log=forecaster.log, columns=columns, **panel)))
    if forecaster.scaling is not None:
        steps.append(("scale", SeriesScaler(forecaster.scaling, **panel)))
    one_step = forecaster.strategy == "recursive"
    framer = LagFramer(
        forecaster.n_steps,
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
        target_groups=forecaster.group is not None,
        **{name: getattr(forecaster, name) for name in OF_NETWORK},
    )
    return Pipeline([*steps, ("frame", framer), ("pad", SequencePadder()), ("to3d", To3D()), ("lstm", lstm)])
