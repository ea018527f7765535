"""Fitted objects of all kinds, and what they compute: the same must come out of a file, in another process."""

import datetime
import functools

import numpy as np
import pandas as pd
from sizes import EPOCHS, N_FEATURES, N_SAMPLES, N_TIMESTEPS, UNITS
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder

from sklstm import (
    CNNLSTM,
    LSTMFCN,
    Architecture,
    Differencer,
    ForwardFill,
    KerasClassifier,
    KerasRegressor,
    LagFramer,
    LagRegressor,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    PanelTimeSeriesSplit,
    Persistence,
    SeasonalNaive,
    SequenceEncoder,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    TimeTail,
    To3D,
    TrainingPlan,
    backtest,
    forecast_scorer,
    make_forecast_pipeline,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_SAMPLES, N_TIMESTEPS, N_FEATURES)).astype(np.float32)
Y = X[:, -1, 0] * 10.0 + 3
LABELS = np.where(Y > 3, "high", "low")
SMALL = {"epochs": EPOCHS, "random_state": 0}
MONTHS = pd.date_range("2015-01-01", periods=72, freq="MS", name="month")
T = np.arange(72.0)
MONTHLY = pd.DataFrame({"sales": 50 + T + 9 * np.sin(T / 2), "price": 5 + np.cos(T)}, index=MONTHS)
PANEL = pd.concat(
    [MONTHLY.assign(store=store, sales=MONTHLY["sales"] * k).reset_index() for k, store in enumerate("AB", start=1)],
    ignore_index=True,
)
HOURLY = MONTHLY.set_axis(pd.date_range("2026-03-28", periods=72, freq="h", tz="Europe/Rome"))
EXCHANGE = pd.offsets.CustomBusinessDay(holidays=["2026-01-06", "2026-04-03"])
TRADING = MONTHLY.set_axis(pd.date_range("2026-01-02", periods=72, freq=EXCHANGE))
# A file may name them if they are trusted.
TRUSTED = [
    f"fitted_objects.{name}" for name in ("dense", "compiled", "with_lambda", "recurrent", "double", "halved_error")
]


def dense(meta, units=UNITS, activation=None):
    """A network of the user's."""
    import keras

    layers = [keras.layers.LSTM(units), keras.layers.Dense(1, activation=activation)]
    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), *layers])


def compiled(meta, compile_kwargs):
    """A network that its builder compiles."""
    model = dense(meta)
    model.compile(**compile_kwargs)
    return model


def with_lambda(meta):
    """A network that its configuration does not describe."""
    import keras

    layers = [keras.layers.Lambda(double), keras.layers.LSTM(UNITS), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), *layers])


def recurrent(meta, units, dropout):
    """An architecture of the user's."""
    import keras

    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Lambda(double),
            keras.layers.LSTM(units),
            keras.layers.Dense(1),
        ]
    )


def double(values):
    """Twice the values."""
    return 2 * values


def halved_error(truth, predicted):
    """A measure of error of the user's."""
    return float(np.abs(truth - predicted).mean() / 2)


# --- what they compute ----------------------------------------------------------------------------


def of_windows(fitted):
    """What an estimator computes for windows."""
    names = ("predict", "predict_proba", "predict_members", "predict_quantiles", "transform", "score_samples")
    return [getattr(fitted, name)(X) for name in names if hasattr(fitted, name)]


def of_table(table):
    """What a transformer or an estimator makes of a table, and of the way back."""

    def compute(fitted):
        names = [name for name in ("transform", "predict") if hasattr(fitted, name)]
        made = [getattr(fitted, name)(table) for name in names]
        if hasattr(fitted, "inverse_transform"):
            made.append(fitted.inverse_transform(made[0]))
        return [*made, *(getattr(fitted, name) for name in ("context_", "groups_") if hasattr(fitted, name))]

    return compute


def of_sequences(fitted):
    """What a transformer of sequences makes of one, and of the way back."""
    made = fitted.transform([["a", "b"], ["b"]])
    return [*made, *fitted.inverse_transform(made)]


def of_forecasts(rows=None, **params):
    """What a forecaster forecasts, before and after it has moved on."""

    def compute(fitted):
        made = [fitted.forecast(**params), fitted.context_]
        if rows is not None:
            made += [fitted.predict(rows), fitted.update(rows).forecast(**params)]
        return made

    return compute


def of_scores(result):
    """Scores of a backtest."""
    return [result.scores(), result.skill(), result.forecasts, result.residuals()[0], result.residuals()[1]]


def of_search(fitted):
    """What a search has found, and predicts."""
    results = {name: value for name, value in fitted.cv_results_.items() if "time" not in name}
    return [pd.DataFrame(results).astype(str), fitted.predict(MONTHLY), np.array(fitted.best_score_)]


def of_stream(rows, **keys):
    """What an OnlinePredictor predicts from where it is."""

    def compute(online):
        return [online.update(row, **{name: of[k] for name, of in keys.items()}) for k, row in enumerate(rows)]

    return compute


def of_parameters(given):
    """Parameters of an object that has no more."""
    return [np.array(repr(given))]


# --- what is fitted -------------------------------------------------------------------------------


def steps(**params):
    """All of sklstm's steps."""
    lstm = LSTMRegressor(UNITS, **SMALL | params)
    return Pipeline(
        [
            ("scale", SeriesScaler("minmax")),
            ("frame", LagFramer(N_TIMESTEPS)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", lstm),
        ]
    )


def regressor(**params):
    return LSTMRegressor(UNITS, **SMALL | params)


def forecaster(**params):
    return SeriesForecaster(n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0, **params)


def with_keras_objects():
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=3)
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 100)
    return regressor(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.Huber(0.5),
        metrics=[keras.metrics.MeanAbsoluteError(name="miss"), keras.metrics.mean_squared_error],
        callbacks=[stop, keras.callbacks.TerminateOnNaN],
    )


def of_built_model():
    import keras

    model = dense({"X_shape_": X.shape})
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=keras.losses.Huber(2.0))
    return KerasRegressor(model, optimizer="sgd", loss=None, **SMALL)


def stateful():
    fitted = regressor(stateful=True, window_scaler=None, linear_skip=False).fit(X[:, :1], Y)
    fitted.predict(X[:10, :1])
    return fitted


def carried(fitted):
    return [fitted.predict(X[10:20, :1])]


def table_and_target():
    return MONTHLY[:-1], MONTHLY["sales"].shift(-1)[:-1].rename("sales(t+1)")


def mid_stream(fitted, rows, mode="window", **keys):
    online = OnlinePredictor(fitted, mode=mode)
    for k, row in enumerate(rows):
        online.update(row, **{name: of[k] for name, of in keys.items()})
    return online


def sliced(n_first, n_last):
    return MONTHLY.to_numpy()[n_first:n_last]


KEYED = {"group": "store", "time": "month"}
SEARCH = {"cv": TimeSeriesSplit(2), "error_score": "raise"}
AHEAD = MONTHLY[["price"]].set_axis(pd.date_range("2021-01-01", periods=72, freq="MS", name="month"))[:3]
ENCODER = ColumnTransformer(
    [("number", MinMaxScaler(), ["sales"]), ("code", OneHotEncoder(sparse_output=False), ["kind"])]
)
KINDS = MONTHLY.assign(kind=["weekday", "holiday"] * 36).drop(columns="price")

# By name: a function that fits, and one that computes.
OBJECTS = {
    "SeriesScaler": (lambda: SeriesScaler("minmax").fit(MONTHLY), of_table(MONTHLY)),
    "SeriesScaler, robust, array": (
        lambda: SeriesScaler("robust").fit(MONTHLY.to_numpy()),
        of_table(MONTHLY.to_numpy()),
    ),
    "SeriesScaler, panel": (lambda: SeriesScaler("standard", **KEYED).fit(PANEL), of_table(PANEL)),
    "Differencer, array": (lambda: Differencer(1).fit(MONTHLY.to_numpy()), of_table(MONTHLY.to_numpy())),
    "Differencer, dates": (lambda: Differencer((1, 12), log=True).fit(HOURLY), of_table(HOURLY)),
    "Differencer, panel": (lambda: Differencer(1, **KEYED).fit(PANEL), of_table(PANEL)),
    "ForwardFill": (lambda: ForwardFill(limit="3h").fit(HOURLY), of_table(HOURLY)),
    "ForwardFill, panel": (lambda: ForwardFill(limit=2, **KEYED).fit(PANEL), of_table(PANEL)),
    "LagFramer, array": (lambda: LagFramer(N_TIMESTEPS).fit(MONTHLY.to_numpy()), of_table(MONTHLY.to_numpy())),
    "LagFramer, months": (lambda: LagFramer(3, flatten=True).fit(MONTHLY[:60]), of_table(MONTHLY[60:])),
    "LagFramer, hours of a zone": (lambda: LagFramer(3, elapsed="h").fit(HOURLY[:60]), of_table(HOURLY[60:])),
    "LagFramer, an exchange": (lambda: LagFramer(3, freq=EXCHANGE).fit(TRADING[:60]), of_table(TRADING[60:])),
    "LagFramer, a longest gap": (
        lambda: LagFramer(3, max_gap=datetime.timedelta(days=40)).fit(MONTHLY[:60]),
        of_table(MONTHLY[60:]),
    ),
    "LagFramer, panel": (lambda: LagFramer(3, future=["price"], **KEYED).fit(PANEL), of_table(PANEL)),
    "SequenceEncoder": (lambda: SequenceEncoder().fit([["a", "b", "c"], ["b"]]), of_sequences),
    "SequencePadder": (lambda: SequencePadder().fit(list(X)), lambda fitted: [fitted.transform(list(X))]),
    "To3D": (
        lambda: To3D(n_steps=N_TIMESTEPS).fit(X.reshape(len(X), -1)),
        lambda fitted: [fitted.transform(X.reshape(len(X), -1))],
    ),
    "LSTMRegressor": (lambda: regressor().fit(X, Y), of_windows),
    "LSTMRegressor, quantiles, members": (
        lambda: regressor(quantiles=[0.1, 0.5, 0.9], n_members=2).fit(X, Y),
        of_windows,
    ),
    "LSTMRegressor, carried state": (stateful, carried),
    "LSTMRegressor, objects of Keras": (lambda: with_keras_objects().fit(X, Y), of_windows),
    "LSTMRegressor, options": (
        lambda: regressor(
            architecture=Architecture("stacked", pooling="mean"),
            training=TrainingPlan(stride=2),
            validation=TimeTail(0.2, gap=3),
            window_scaler=None,
        ).fit(X, Y),
        of_windows,
    ),
    "LSTMRegressor, network of the user's": (
        lambda: regressor(architecture=recurrent, window_scaler=None, linear_skip=False).fit(X, Y),
        of_windows,
    ),
    "LSTMClassifier": (lambda: LSTMClassifier(UNITS, **SMALL).fit(X, LABELS), of_windows),
    "LSTMClassifier, labels of columns": (
        lambda: LSTMClassifier(UNITS, **SMALL).fit(X, np.stack([LABELS, LABELS[::-1]], axis=1)),
        of_windows,
    ),
    "LSTMClassifier, numbers": (
        lambda: LSTMClassifier(UNITS, architecture=LSTMFCN(filters=[4, 4, 4]), **SMALL).fit(X, Y > 3),
        of_windows,
    ),
    "LSTMAutoencoder": (lambda: LSTMAutoencoder(UNITS, **SMALL).fit(X), of_windows),
    "KerasRegressor": (lambda: KerasRegressor(dense, target_scaler="minmax", **SMALL).fit(X, Y), of_windows),
    "KerasRegressor, compiled": (
        lambda: KerasRegressor(compiled, optimizer="adam", loss="mae", **SMALL).fit(X, Y),
        of_windows,
    ),
    "KerasRegressor, a model": (lambda: of_built_model().fit(X, Y), of_windows),
    "KerasRegressor, a Lambda layer": (lambda: KerasRegressor(with_lambda, n_members=2, **SMALL).fit(X, Y), of_windows),
    "KerasRegressor, bound": (
        lambda: KerasRegressor(functools.partial(dense, units=3), target_scaler=MinMaxScaler(), **SMALL).fit(X, Y),
        of_windows,
    ),
    "KerasClassifier": (lambda: KerasClassifier(dense, model__activation="sigmoid", **SMALL).fit(X, Y > 3), of_windows),
    "Persistence": (lambda: make_pipeline(LagFramer(3), Persistence()).fit(*table_and_target()), of_table(MONTHLY)),
    "SeasonalNaive": (
        lambda: make_pipeline(LagFramer(12), SeasonalNaive(12)).fit(*table_and_target()),
        of_table(MONTHLY),
    ),
    "LagRegressor": (lambda: make_pipeline(LagFramer(3), LagRegressor()).fit(*table_and_target()), of_table(MONTHLY)),
    "Pipeline": (lambda: steps().fit(*table_and_target()), of_table(MONTHLY)),
    "Pipeline of scikit-learn's steps": (
        lambda: make_pipeline(
            ENCODER.set_output(transform="pandas"), FunctionTransformer(np.log1p), LagFramer(3), regressor()
        ).fit(KINDS[:-1], KINDS["sales"].shift(-1)[:-1]),
        of_table(KINDS),
    ),
    "TransformedTargetRegressor": (
        lambda: TransformedTargetRegressor(steps(), func=np.log1p, inverse_func=np.expm1).fit(*table_and_target()),
        of_table(MONTHLY),
    ),
    "GridSearchCV": (
        lambda: GridSearchCV(steps(), {"lstm__units": [1, 2], "scale__method": ["minmax", "standard"]}, **SEARCH).fit(
            *table_and_target()
        ),
        of_search,
    ),
    "RandomizedSearchCV": (
        lambda: RandomizedSearchCV(
            steps(),
            {"lstm__architecture": ["vanilla", CNNLSTM(filters=2)]},
            n_iter=2,
            scoring="neg_mean_absolute_error",
            **SEARCH,
        ).fit(*table_and_target()),
        of_search,
    ),
    "GridSearchCV of a forecaster": (
        lambda: GridSearchCV(
            forecaster(horizon=2), {"difference": [None, (1, 12)]}, scoring=forecast_scorer("mae"), **SEARCH
        ).fit(MONTHLY[["sales"]]),
        lambda fitted: [fitted.predict(MONTHLY[["sales"]]), fitted.best_estimator_.forecast()],
    ),
    "GridSearchCV of a panel": (
        lambda: GridSearchCV(
            forecaster(target="sales", future=["price"], **KEYED),
            {"units": [1, 2]},
            cv=PanelTimeSeriesSplit(2, time="month"),
            scoring=forecast_scorer(halved_error),
        ).fit(PANEL),
        lambda fitted: [fitted.predict(PANEL)],
    ),
    "SeriesForecaster": (
        lambda: SeriesForecaster(units=UNITS, epochs=EPOCHS, random_state=0).fit(MONTHLY["sales"][:60]),
        of_forecasts(MONTHLY["sales"][60:]),
    ),
    "SeriesForecaster, array": (lambda: forecaster(horizon=2).fit(MONTHLY["sales"].to_numpy()), of_forecasts()),
    "SeriesForecaster, periods": (
        lambda: forecaster(horizon=2).fit(MONTHLY["sales"].to_period("M")[:60]),
        of_forecasts(MONTHLY["sales"].to_period("M")[60:]),
    ),
    "SeriesForecaster, a zone, differences": (
        lambda: forecaster(horizon=2, difference=(1, 24), log=True).fit(HOURLY["sales"][:60]),
        of_forecasts(HOURLY["sales"][60:]),
    ),
    "SeriesForecaster, intervals, members": (
        lambda: forecaster(horizon=2, calibration=0.4, n_members=2).fit(MONTHLY["sales"][:60]),
        of_forecasts(MONTHLY["sales"][60:], interval=0.5),
    ),
    "SeriesForecaster, quantiles": (
        lambda: forecaster(horizon=2, quantiles=[0.1, 0.5, 0.9], calibration=0.4).fit(MONTHLY["sales"][:60]),
        of_forecasts(MONTHLY["sales"][60:], interval=0.8),
    ),
    "SeriesForecaster, panel, known ahead": (
        lambda: forecaster(target="sales", horizon=2, static=[], future=["price"], **KEYED).fit(PANEL),
        of_forecasts(future=pd.concat([AHEAD.assign(store=store).reset_index() for store in "AB"])),
    ),
    "SeriesForecaster, panel, recursive": (
        lambda: forecaster(strategy="recursive", horizon=2, **KEYED).fit(PANEL.drop(columns="price")),
        of_forecasts(),
    ),
    "SeriesForecaster, decoder, an exchange": (
        lambda: forecaster(strategy="encoder_decoder", horizon=2, target="sales", freq=EXCHANGE).fit(TRADING),
        of_forecasts(),
    ),
    "SeriesForecaster, pipeline": (
        lambda: SeriesForecaster(
            make_forecast_pipeline(n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0), horizon=2
        ).fit(MONTHLY["sales"]),
        of_forecasts(),
    ),
    "SeriesForecaster, Ridge": (
        lambda: SeriesForecaster(make_pipeline(Differencer(1), LagFramer(3), LagRegressor(Ridge())), horizon=2).fit(
            MONTHLY["sales"]
        ),
        of_forecasts(),
    ),
    "backtest": (
        lambda: backtest(forecaster(horizon=2, calibration=0.4), MONTHLY["sales"], initial=60, step=3, interval=0.5),
        of_scores,
    ),
    "backtest, panel, metric of the user's": (
        lambda: backtest(
            forecaster(target="sales", **KEYED), PANEL.drop(columns="price"), initial=60, metrics=["mae", halved_error]
        ),
        of_scores,
    ),
    "OnlinePredictor": (
        lambda: mid_stream(steps().fit(*table_and_target()), sliced(0, 10)),
        of_stream(sliced(10, 14)),
    ),
    "OnlinePredictor, times": (
        lambda: mid_stream(steps().fit(*table_and_target()), sliced(0, 10), time=MONTHS),
        of_stream(sliced(10, 14), time=MONTHS[10:]),
    ),
    "OnlinePredictor, state": (
        lambda: mid_stream(
            steps(window_scaler=None, linear_skip=False).fit(*table_and_target()), sliced(0, 10), mode="state"
        ),
        of_stream(sliced(10, 14)),
    ),
    "OnlinePredictor of a panel": (
        lambda: mid_stream(
            forecaster(horizon=2, **KEYED).fit(PANEL.drop(columns="price")),
            [[51.0], [110.0]],
            group=["A", "B"],
            time=[pd.Timestamp("2021-01-01")] * 2,
        ),
        of_stream([[52.0], [110.0]], group=["A", "B"], time=[pd.Timestamp("2021-02-01")] * 2),
    ),
    "Architecture": (lambda: CNNLSTM(filters=3), of_parameters),
}
# Their state is refused unless it is trusted.
TREES = {
    "LagRegressor of trees": (
        lambda: make_pipeline(LagFramer(3), LagRegressor(HistGradientBoostingRegressor(max_iter=2))).fit(
            *table_and_target()
        ),
        of_table(MONTHLY),
    ),
    "LagRegressor of a forest": (
        lambda: make_pipeline(LagFramer(3), LagRegressor(RandomForestRegressor(2, random_state=0))).fit(
            *table_and_target()
        ),
        of_table(MONTHLY),
    ),
    "LinearRegression": (
        lambda: make_pipeline(LagFramer(1, flatten=True), LinearRegression()).fit(*table_and_target()),
        of_table(MONTHLY),
    ),
}
