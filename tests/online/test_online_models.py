"""OnlinePredictor serves whatever stands in a Pipeline, estimators and forecasters, and says what it cannot serve."""

import keras
import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from sklstm import (
    ForwardFill,
    LagFramer,
    LagRegressor,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    Persistence,
    SequenceEncoder,
    SequencePadder,
    SeriesScaler,
    To3D,
    make_forecast_pipeline,
)
from sklstm.estimators import KerasRegressor
from sklstm.forecasting import SeriesForecaster
from sklstm.preprocessing import Differencer

from .streams import FITTED, GAPPY, LABELS, N_FITTED, N_STEPS, NEW, SAME, TABLE, Y, cold, small, steps, timed, waves

# --- pipelines ------------------------------------------------------------------------------------


LAGS = LagRegressor()


def steps_on_their_way():
    """Pipelines of all sorts, by name; where the network is not the point a linear model ends them."""
    lstm = small()
    return {
        "clipped": steps(lstm, SeriesScaler("minmax", out_of_range="clip")),
        "out of range is not observed": steps(lstm, SeriesScaler("robust", coefficients={"iqr": 2})),
        "maxabs": steps(LAGS, SeriesScaler("maxabs")),
        "unscaled": steps(LAGS, SeriesScaler(None)),
        "scikit-learn's scalers": make_pipeline(
            StandardScaler(), RobustScaler(), MinMaxScaler(clip=True), MaxAbsScaler(), LagFramer(4), LAGS
        ),
        "imputed": make_pipeline(SimpleImputer(), PolynomialFeatures(2), LagFramer(4), LAGS),
        "by name": make_pipeline(
            ColumnTransformer([("one", StandardScaler(), ["wind"])], remainder="passthrough"), LagFramer(4), LAGS
        ),
        "logarithm": make_pipeline(FunctionTransformer(np.log1p), LagFramer(4), LAGS),
        "filled": make_pipeline(ForwardFill(limit=2), SimpleImputer(), LagFramer(4), LAGS),
        "differences": make_pipeline(Differencer((1, 3), log=True), SeriesScaler(), LagFramer(4), LAGS),
        "scaled windows": make_pipeline(LagFramer(N_STEPS), SeriesScaler("standard"), To3D(), lstm),
        "cut": make_pipeline(LagFramer(N_STEPS), SequencePadder(max_len=3), lstm),
        "static": make_pipeline(LagFramer(N_STEPS, static=["wind"]), lstm),
        "lags": make_pipeline(LagFramer(4, flatten=True), SimpleImputer(), Ridge()),
        "lags for an LSTM": make_pipeline(SeriesScaler(), LagFramer(N_STEPS, flatten=True), lstm),
        "no windows": make_pipeline(SimpleImputer(), StandardScaler(), Ridge()),
        "nested": Pipeline([("first", make_pipeline(SeriesScaler(), "passthrough")), ("rest", steps(LAGS))]),
        "baseline": make_pipeline(SeriesScaler(), LagFramer(4), Persistence()),
        "own level": steps(small(window_scaler="standard", linear_skip=True)),
        "any Keras model": make_pipeline(
            SimpleImputer(), LagFramer(3), SimpleFirst(), KerasRegressor(dense, epochs=1, random_state=0)
        ),
    }


class SimpleFirst(FunctionTransformer):
    """Windows whose first time steps are full: what lies before the series repeats its first row."""

    def __init__(self):
        super().__init__(first_observed)


def first_observed(windows):
    windows = np.array(windows)
    for window in windows:
        window[np.isnan(window)] = 1.0
    return windows


def dense(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))


@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
@pytest.mark.parametrize("name", list(steps_on_their_way()))
def test_steps_on_the_way(name):
    """Whatever stands in the Pipeline, a row is predicted as in the whole series, from nothing and from the fitted."""
    model = steps_on_their_way()[name].fit(FITTED.assign(wind=2.0), Y)
    with_gaps = ("imputed", "filled", "no windows", "lags", "static", "any Keras model")
    rows = (GAPPY if name in with_gaps else NEW[:60]).copy()
    rows.iloc[7] += 30
    if name == "static":
        rows["wind"] = 2.0
    assert_allclose(OnlinePredictor(model).update_many(rows), model.predict(cold(rows)), **SAME)
    if name in ("clipped", "differences", "static", "scaled windows"):
        assert_allclose(OnlinePredictor(model, warm=True).update_many(rows), model.predict(rows), **SAME)


def test_what_a_fill_knows_of_the_fitted_rows():
    """ForwardFill goes on from its last observations, as far as its limit reaches."""
    fitted = FITTED.copy()
    fitted.iloc[-2:, 0] = np.nan
    impute = SimpleImputer().set_output(transform="pandas")
    model = make_pipeline(ForwardFill(limit=3), impute, LagFramer(4), LAGS).fit(fitted, Y)
    rows = NEW[:9].copy()
    rows.iloc[:5, 0] = np.nan
    assert_array_equal(np.isnan(model[0].transform(rows)["rain"]), [False, True, True, True, True, *[False] * 4])
    predicted = OnlinePredictor(model, warm=True).update_many(rows)
    assert_allclose(predicted, model.predict(rows), **SAME)
    rows.iloc[0, 0] = fitted["rain"].iloc[-3]
    assert_allclose(OnlinePredictor(model, warm=True).update(rows.iloc[0]), predicted[0], **SAME)


def test_text_goes_through_the_encoders_that_were_fitted():
    """Categories come as they are, where an encoder stands first."""
    rows = NEW[:30].assign(sky=np.where(NEW["rain"][:30] > 10, "clear", "grey"))
    fitted = FITTED.assign(sky=np.where(FITTED["rain"] > 10, "clear", "grey"))
    encoder = ColumnTransformer([("sky", OneHotEncoder(sparse_output=False), ["sky"])], remainder="passthrough")
    for first in (encoder, SequenceEncoder("onehot")):
        model = make_pipeline(first, LagFramer(4), LAGS).fit(fitted, Y)
        assert_allclose(OnlinePredictor(model).update_many(rows), model.predict(cold(rows)), **SAME)


def test_transformers_of_ones_own_say_how_far_they_look():
    """A step that is not known is refused until it is said how many rows it looks back over."""
    model = make_pipeline(FunctionTransformer(rolling), LagFramer(4), LAGS).fit(FITTED, Y)
    assert refused(OnlinePredictor, model) == snapshot(
        "OnlinePredictor cannot tell how many rows the step 'functiontransformer' (FunctionTransformer) looks at to "
        "transform one. Pass lookback=, how many rows before it; 0 for none."
    )
    online = OnlinePredictor(model, lookback=2)
    assert_allclose(online.update_many(NEW[:60]), model.predict(cold(NEW[:60])), **SAME)


def rolling(table):
    return table.rolling(3, min_periods=1).mean()


# --- estimators -----------------------------------------------------------------------------------


def test_a_bare_estimator_takes_rows_for_time_steps():
    """Windows of a bare LSTM are made of the rows, as LagFramer makes them."""
    framer = LagFramer(N_STEPS).fit(FITTED)
    model = small().fit(framer.transform(FITTED), Y)
    expected = model.predict(framer.transform(cold(NEW[:60])))
    assert_allclose(OnlinePredictor(model, n_steps=N_STEPS).update_many(NEW[:60].to_numpy()), expected, **SAME)
    padded = make_pipeline(SeriesScaler(), SequencePadder(), small()).fit(framer.transform(FITTED)[10:], Y[10:])
    online = OnlinePredictor(padded)
    rows = LagFramer(N_STEPS).fit(FITTED).transform(cold(NEW[:60]))
    assert_allclose(online.update_many(NEW[:60].to_numpy()), padded.predict(rows), **SAME)


def classifier():
    return LSTMClassifier(UNITS, epochs=EPOCHS, random_state=0)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (steps(small()), np.stack([Y, -Y], axis=1)),
        (steps(small(architecture="encoder_decoder")), np.stack([Y, Y], axis=1)),
        (steps(small(architecture="many_to_many")), np.stack([Y] * N_STEPS, axis=1)),
        (steps(small(quantiles=[0.1, 0.9])), Y),
        (steps(classifier()), LABELS),
        (steps(classifier()), np.stack([LABELS, LABELS], axis=1)),
        (make_pipeline(LagFramer(3, flatten=True), RandomForestClassifier(5, random_state=0)), LABELS),
    ],
    ids=["outputs", "encoder_decoder", "many_to_many", "quantiles", "label", "labels", "forest"],
)
def test_several_outputs_and_labels(model, y):
    """Several outputs come as an array, labels as labels; of a forest on lags, too."""
    model.fit(FITTED, y)
    expected, online = model.predict(cold(NEW[:20])), OnlinePredictor(model)
    got = [online.update(row) for row in NEW[:20].to_numpy()]
    assert np.shape(got[0]) == expected.shape[1:]
    assert np.asarray(got).dtype.kind == expected.dtype.kind
    if expected.dtype.kind == "f":
        assert_allclose(got, expected, **SAME)
    else:
        assert_array_equal(got, expected)


class Rounded(LSTMRegressor):
    """A regressor with a predict of its own."""

    def predict(self, X, groups=None):
        """Whole numbers."""
        return super().predict(X, groups).round()


def test_a_predict_of_ones_own_is_asked():
    """What a subclass makes of predictions holds here, too."""
    model = steps(Rounded(UNITS, epochs=EPOCHS, random_state=0)).fit(FITTED, Y)
    assert_array_equal(OnlinePredictor(model).update_many(NEW[:20]), model.predict(cold(NEW[:20])))


def test_the_best_of_a_search():
    """A search serves its best estimator."""
    search = GridSearchCV(steps(LAGS), {"lagframer__n_steps": [2, 3]}, cv=TimeSeriesSplit(2)).fit(FITTED, Y)
    assert_allclose(OnlinePredictor(search).update_many(NEW[:9]), search.predict(cold(NEW[:9])), **SAME)


# --- forecasters ----------------------------------------------------------------------------------


def lag_forecaster(*before, **params):
    return SeriesForecaster(make_pipeline(*before, LagFramer(5), LAGS), **params)


@pytest.mark.parametrize(
    "forecaster",
    [
        lag_forecaster(),
        lag_forecaster(horizon=3),
        SeriesForecaster(
            horizon=3, strategy="encoder_decoder", n_steps=N_STEPS, units=UNITS, epochs=EPOCHS, random_state=0
        ),
        lag_forecaster(Differencer((1, 4), log=True), horizon=3),
        lag_forecaster(Differencer(1), horizon=3, strategy="recursive"),
    ],
    ids=["next row", "direct", "encoder_decoder", "differences", "recursive"],
)
def test_forecasts_row_by_row(forecaster):
    """A forecaster forecasts after each row what it does in the whole series; warm, after what it knows last."""
    series = TABLE["rain"]
    forecaster.fit(series[:N_FITTED])
    rows = series[N_FITTED : N_FITTED + 40]
    back = 12
    expected = forecaster.predict(cold(rows).set_axis(np.arange(-500, -460))).to_numpy()
    got = OnlinePredictor(forecaster).update_many(rows).reshape(40, -1)
    assert_allclose(got[back:], expected[back:], **SAME)
    expected = forecaster.predict(rows).to_numpy()
    assert_allclose(OnlinePredictor(forecaster, warm=True).update_many(rows).reshape(40, -1), expected, **SAME)
    forecaster.update(rows[:20])
    online = OnlinePredictor(forecaster, warm=True)
    got = [online.update(value, time=int(time)) for time, value in rows[20:].items()]
    assert_allclose(np.reshape(got, (20, -1)), expected[20:], **SAME)


def plain_pipeline(difference=None):
    """A small network without window scaling and linear path."""
    return make_forecast_pipeline(
        n_steps=N_STEPS,
        units=UNITS,
        epochs=EPOCHS,
        difference=difference,
        window_scaler=None,
        linear_skip=False,
        random_state=0,
    )


def test_forecasts_of_a_panel():
    """Each series goes on from its own past, in its own units."""
    parts = [waves(60, seed=k)[["rain"]].assign(store=name, day=range(60)) for k, name in enumerate("AB")]
    table = pd.concat(parts, ignore_index=True)
    keys = {"target": "rain", "group": "store", "time": "day"}
    forecaster = SeriesForecaster(plain_pipeline(), horizon=2, **keys).fit(table)
    rows = pd.concat([waves(20, seed=k)[["rain"]].assign(store=n, day=range(60, 80)) for k, n in enumerate("BA")])
    rows = rows.reset_index(drop=True)
    expected = forecaster.predict(rows).to_numpy()
    assert_allclose(OnlinePredictor(forecaster, warm=True).update_many(rows), expected, **SAME)


def test_forecasts_of_forecasts_leave_no_state():
    """A forecaster that feeds on its own forecasts is refused in the mode "state", a direct one is not."""
    series = TABLE["rain"][:N_FITTED]
    recursive = SeriesForecaster(plain_pipeline(), horizon=2, strategy="recursive").fit(series)
    assert refused(OnlinePredictor, recursive, mode="state") == snapshot(
        "OnlinePredictor(mode='state') feeds each time step to the network once, but "
        "SeriesForecaster(strategy='recursive') feeds its own forecasts to it. Pass mode='window', or fit with "
        "strategy='direct'."
    )
    direct = SeriesForecaster(plain_pipeline(difference=1), horizon=2).fit(series)
    assert OnlinePredictor(direct, mode="state", warm=True).update(10.0).shape == (2,)


# --- models that are refused ----------------------------------------------------------------------


def test_models_that_cannot_be_served(model):
    """What is not fitted, cannot predict, or does not say how long its windows are."""
    assert refused(OnlinePredictor, steps(small()), error=NotFittedError) == snapshot(
        "OnlinePredictor got a Pipeline that is not fitted. Call its fit first."
    )
    assert refused(OnlinePredictor, StandardScaler(), error=TypeError) == snapshot(
        "OnlinePredictor expects a fitted Pipeline or estimator that predicts, got StandardScaler. Fit one with an "
        "estimator as its last step."
    )
    assert refused(OnlinePredictor, model, mode="windows") == snapshot(
        "OnlinePredictor expects mode to be 'window' or 'state', got 'windows'."
    )
    assert refused(OnlinePredictor, model[-1]) == snapshot(
        "OnlinePredictor cannot tell from LSTMRegressor how many time steps its windows have. Pass n_steps=, or a "
        "Pipeline with a LagFramer."
    )
    assert refused(OnlinePredictor, model, n_steps=3) == snapshot(
        "OnlinePredictor(n_steps=3) got a model whose windows have 6 time steps. Leave n_steps out."
    )
    assert refused(OnlinePredictor, model[-1], n_steps=3, warm=True) == snapshot(
        "OnlinePredictor(warm=True) goes on from the rows that a LagFramer has kept, and LSTMRegressor has none. Pass "
        "warm=False, and feed it the last rows first."
    )


def test_models_of_another_kind():
    """What was fitted on something else than windows, and what measures durations."""
    table = small(epochs=1).fit(FITTED.to_numpy(), Y)
    assert refused(OnlinePredictor, table, n_steps=3) == snapshot(
        "OnlinePredictor takes rows for time steps, but LSTMRegressor was fitted on a table of 3 columns. Fit it on X "
        "of shape (n_samples, n_timesteps, n_features), or behind a LagFramer."
    )
    filled = make_pipeline(ForwardFill(limit="2h"), LagFramer(3), LAGS).fit(timed(30), waves(30)["rain"])
    assert refused(OnlinePredictor, filled) == snapshot(
        "OnlinePredictor fills rows by their number, got ForwardFill(limit='2h'), a duration. Give the limit as a "
        "number of rows."
    )
    no_windows = make_pipeline(ForwardFill(), StandardScaler(), Ridge()).fit(FITTED, Y)
    assert refused(OnlinePredictor, no_windows) == snapshot(
        "OnlinePredictor got a model without a LagFramer, whose Ridge takes rows by themselves, but with a step that "
        "looks at the rows before them. Put LagFramer(n_steps=1, flatten=True) before the estimator."
    )
