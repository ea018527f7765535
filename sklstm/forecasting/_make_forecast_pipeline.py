"""make_forecast_pipeline: the Pipeline that the short parameters of SeriesForecaster stand for."""

from sklearn.pipeline import Pipeline

from sklstm.preprocessing import Differencer, LagFramer, SequencePadder, SeriesScaler, To3D


def make_forecast_pipeline(
    *,
    static=None,
    future=None,
    n_steps=24,
    scaling="standard",
    pooled=False,
    difference=None,
    log=False,
    units=32,
    window_scaler="auto",
    linear_skip=True,
    patch_length=None,
    quantiles=None,
    dropout=0.0,
    learning_rate=None,
    epochs="auto",
    batch_size=32,
    validation=None,
    patience=None,
    n_members=1,
    verbose=0,
    random_state=None,
) -> Pipeline:
    """Build the Pipeline of a `SeriesForecaster`, from its short parameters and more.

    ``SeriesForecaster(make_forecast_pipeline(n_steps=24, units=16), horizon=12)`` is the same forecaster as
    ``SeriesForecaster(n_steps=24, units=16, horizon=12)``. In the first one every parameter of every step can be set
    and searched, and steps can be replaced. Defaults are those of `SeriesForecaster`; what is "auto" there is chosen on
    a series, which this function does not see, and has a fixed value here.

    Parameters
    ----------
    static, future
        As in `SeriesForecaster`.
    n_steps : int, default=24
        The look-back: time steps in each window.
    scaling
        As in `SeriesForecaster`.
    pooled : bool, default=False
        Whether all series of a panel share one scale, as in `SeriesScaler`.
    difference
        As in `SeriesForecaster`.
    log : bool, default=False
        Whether to learn the logarithm.
    units
        As in `SeriesForecaster`.
    window_scaler : {"auto", "last", "mean", "standard"}, int or None, default="auto"
        As in `LSTMRegressor`; with `difference` "auto" is None, because differences have no level of their own.
    linear_skip : bool or "auto", default=True
        Whether there is a linear path beside the LSTM, as in `LSTMRegressor`.
    patch_length : int, optional
        Consecutive time steps that the LSTM reads as one, as in `Architecture`; the linear path reads each of them.
    quantiles, dropout, learning_rate, epochs, batch_size, validation, patience
        As in `LSTMRegressor`.
    n_members, verbose, random_state
        As in `LSTMRegressor`.

    Returns
    -------
    pipeline : Pipeline
        Steps ``difference`` (with `difference` or `log`), ``scale``, ``frame``, ``pad``, ``to3d`` and ``lstm``, not
        fitted. They name neither group, time, target nor horizon: the forecaster passes its own to them in `fit`.

    See Also
    --------
    SeriesForecaster : Takes the Pipeline as its first parameter.

    Examples
    --------
    Train on every second window:

    >>> from sklstm import SeriesForecaster, TrainingPlan, make_forecast_pipeline
    >>> forecaster = SeriesForecaster(make_forecast_pipeline(n_steps=24, units=16), horizon=12)
    >>> forecaster = forecaster.set_params(pipeline__lstm__training=TrainingPlan(stride=2))

    Replace the LSTM by a linear model on the same windows:

    >>> from sklstm import LagRegressor
    >>> pipeline = make_forecast_pipeline(n_steps=24).set_params(lstm=LagRegressor())
    >>> list(pipeline.named_steps)
    ['scale', 'frame', 'pad', 'to3d', 'lstm']
    """
    from sklstm.estimators import Architecture, LSTMRegressor

    steps = []
    if difference is not None or log:
        known = [*(() if static is None else static), *(() if future is None else future)] or None
        steps.append(("difference", Differencer(() if difference is None else difference, log=log, keep=known)))
    if window_scaler == "auto" and difference is not None:
        window_scaler = None
    lstm = LSTMRegressor(
        units,
        architecture="vanilla" if patch_length is None else Architecture(patch_length=patch_length),
        window_scaler=window_scaler,
        linear_skip=linear_skip,
        quantiles=quantiles,
        dropout=dropout,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
        patience=patience,
        n_members=n_members,
        verbose=verbose,
        random_state=random_state,
    )
    return Pipeline(
        [
            *steps,
            # A scaler with method=None keeps values as they are, and `pooled` for the target.
            ("scale", SeriesScaler(scaling, pooled=pooled)),
            ("frame", LagFramer(n_steps, static=static, future=future)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", lstm),
        ]
    )
