"""SeriesForecaster beyond its horizon: forecasts go on from forecasts, and from differences."""

import numpy as np
import pandas as pd
import pytest
from forecasters import linear, small
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import LagFramer, LagRegressor, SequencePadder, SeriesForecaster, SeriesScaler, Windows
from sklstm.datasets import load_airline
from sklstm.preprocessing import Differencer

# What leads back to the units of each series is tested, not how good the regression is.
BY_SERIES = pytest.mark.filterwarnings(
    "ignore:LagRegressor got windows of series:UserWarning", "ignore:.*further than 10 times the range:UserWarning"
)


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"]


# --- further than the horizon ---------------------------------------------------------------------


def by_hand(pipeline, series, steps):
    """Forecasts one by one: each is appended, and the pipeline asked again."""
    series = series.copy()
    for _ in range(steps):
        following = pipeline.predict(series.to_frame())[-1]
        series.loc[series.index[-1] + 1] = np.ravel(following)[0]
    return series[-steps:]


@pytest.mark.parametrize(
    "pipeline",
    [
        linear(),
        linear(5),
        make_pipeline(LagFramer(3, flatten=True), SimpleImputer(), Ridge()),
        make_pipeline(SeriesScaler(), LagFramer(4), LagRegressor()),
    ],
    ids=["lags", "more lags", "lags in an array", "windows"],
)
def test_recursion_is_a_loop(pipeline):
    """One step at a time, forecasts go on from forecasts as if they had been observed."""
    series = pd.Series(np.random.default_rng(0).normal(size=60).cumsum(), name="y")
    forecaster = SeriesForecaster(pipeline, horizon=6, strategy="recursive").fit(series)
    expected = by_hand(forecaster.pipeline_, series, 6)
    np.testing.assert_allclose(forecaster.forecast()["y"], expected, rtol=1e-6)
    np.testing.assert_allclose(forecaster.predict(series).iloc[-1], expected, rtol=1e-6)


def test_recursion_of_a_network(airline):
    """Windows of a network go on in the units of their scaler, and predictions come back from those of y."""
    series = airline.astype(float).reset_index(drop=True)
    forecaster = small(horizon=1).fit(series)
    np.testing.assert_allclose(
        forecaster.forecast(5)["passengers"], by_hand(forecaster.pipeline_, series, 5), rtol=1e-4
    )


def two_series(low, high):
    """Series of different levels, and a forecaster that scales each by itself."""
    walk = np.random.default_rng(0).normal(size=40).cumsum()
    parts = [pd.DataFrame({"of": of, "t": range(40), "y": walk * k + k}) for of, k in [("a", low), ("b", high)]]
    keys = {"group": "of", "time": "t"}
    pipeline = make_pipeline(SeriesScaler(**keys), LagFramer(3, **keys), LagRegressor())
    return pd.concat(parts, ignore_index=True), SeriesForecaster(pipeline, target="y", **keys)


@BY_SERIES
def test_recursion_in_the_scale_of_each_series():
    """Series that are scaled by themselves go on in their own scale."""
    table, forecaster = two_series(1.0, 100.0)
    forecast = forecaster.fit(table).forecast(4)
    for _ in range(4):
        following = table.groupby("of").tail(1).assign(t=lambda last: last["t"] + 1)
        following["y"] = forecaster.pipeline_.predict(table)[following.index]
        table = pd.concat([table, following], ignore_index=True)
    expected = table[table["t"] >= 40].sort_values(["of", "t"])["y"]
    np.testing.assert_allclose(forecast["y"], expected, rtol=1e-6)


@BY_SERIES
def test_recursion_of_short_series():
    """A series of a few rows that is scaled by itself does not stop the others."""
    table, forecaster = two_series(1.0, 100.0)
    short = [
        pd.DataFrame({"of": of, "t": range(38, 40), "y": values}) for of, values in (("c", [5.0, 6.0]), ("d", 7.0))
    ]
    forecaster.fit(pd.concat([table, *short], ignore_index=True))
    forecast = forecaster.forecast(4)
    assert forecaster.can_go_on_
    alone = two_series(1.0, 100.0)[1].fit(table).forecast(4)
    np.testing.assert_allclose(forecast["y"][:8], alone["y"], rtol=0.1)
    assert np.isfinite(forecast["y"]).all()


def test_recursion_beside_clipped_values():
    """A few values that a scaler clips do not hide the scale of the others."""
    series = pd.Series(np.random.default_rng(0).normal(size=60).cumsum(), name="y")
    series[20] = 100.0
    clip = FunctionTransformer(np.clip, kw_args={"a_min": -20, "a_max": 20})
    forecaster = SeriesForecaster(make_pipeline(clip, LagFramer(2), LagRegressor())).fit(series)
    np.testing.assert_allclose(forecaster.forecast(4)["y"], by_hand(forecaster.pipeline_, series, 4), rtol=1e-6)


@BY_SERIES
def test_recursion_of_a_series_that_was_not_fitted():
    """A new series goes on by what the scales of the fitted ones, which are near each other, have in common."""
    table, forecaster = two_series(99.0, 100.0)
    new = table[table["of"] == "b"].assign(of="c")
    forecast = forecaster.fit(table).update(new).forecast(4)
    known, other = (forecast.loc[forecast["of"] == of, "y"].to_numpy() for of in "bc")
    np.testing.assert_allclose(other, known, rtol=0.05)


def test_no_recursion_of_a_bent_scale():
    """Windows that hold the target on a curve leave no way on."""
    bent = FunctionTransformer(np.exp)
    forecaster = SeriesForecaster(make_pipeline(bent, LagFramer(2), LagRegressor()))
    forecaster.fit(pd.Series(np.random.default_rng(0).normal(size=20), name="y"))
    assert not forecaster.can_go_on_
    assert refused(forecaster.forecast, 2) == snapshot(
        "SeriesForecaster forecasts 1 step at once, and to go on to 2 it needs windows in which the target's own series is scaled by one line, and nothing else. Fit with horizon=2 and strategy='direct', name in future= what is known ahead, or leave out what is not."
    )


def test_blocks_go_on(airline):
    """Direct forecasts go on block by block, at every row alike."""
    forecaster = SeriesForecaster(linear(), horizon=3).fit(airline)
    long = forecaster.predict(airline, steps=7)
    np.testing.assert_allclose(long.iloc[:, :3], forecaster.predict(airline))
    # Where nothing is forecast wrong, forecasts of forecasts are those of observations.
    line = pd.Series(np.arange(50.0), name="y")
    np.testing.assert_allclose(SeriesForecaster(linear(), horizon=3).fit(line).forecast(8)["y"], np.arange(50.0, 58))
    assert long.shape == (144, 7)


@pytest.mark.parametrize("strategy", ["direct", "recursive", "encoder_decoder"])
def test_strategies(airline, strategy):
    """Each fills its horizon, and goes beyond."""
    forecaster = small(horizon=3, strategy=strategy).fit(airline)
    assert forecaster.predict(airline[-5:]).shape == (5, 3)
    assert np.isfinite(forecaster.forecast(8)["passengers"]).all()
    outputs = forecaster.pipeline_["lstm"].model_.output_shape
    assert outputs == {"direct": (None, 3), "recursive": (None, 1), "encoder_decoder": (None, 3, 1)}[strategy]


# --- differences ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("lags", [4, (1, 4)], ids=["season", "trend and season"])
def test_differences_are_summed_up(strategy, lags):
    """A trend times a season is forecast exactly, once logarithm and differences have taken both out."""
    t = np.arange(60)
    series = pd.Series(np.exp(0.02 * t) * np.array([1.0, 2.0, 3.0, 1.5])[t % 4], name="y")
    pipeline = Pipeline([("difference", Differencer(lags, log=True)), *linear(5).steps])
    forecaster = SeriesForecaster(pipeline, horizon=4, strategy=strategy).fit(series[:48])
    np.testing.assert_allclose(forecaster.forecast(12)["y"], series[48:], rtol=1e-6)
    np.testing.assert_allclose(forecaster.predict(series)["y(t+3)"][45:57], series[48:], rtol=1e-6)


def test_difference_of_another_column(airline):
    """Where the target is left as it is, so are its forecasts."""
    table = airline.to_frame().assign(trend=np.arange(144.0))
    steps = [("difference", Differencer(1, columns=["trend"])), *linear().steps]
    forecasts = SeriesForecaster(Pipeline(steps), target="passengers").fit(table).predict(table)
    assert abs(forecasts["passengers(t+1)"].mean() - airline.mean()) < 20


# --- kinds of windows -----------------------------------------------------------------------------


class Line(BaseEstimator):
    """Forecasts by the last value and the one before; it keeps what it was fitted on."""

    def fit(self, X, y):
        """Learn nothing."""
        self.X_ = X
        self.n_outputs_ = 1 if np.ndim(y) == 1 else np.shape(y)[1]
        return self

    def predict(self, X):
        """A line through the last two values."""
        X = np.nan_to_num(np.asarray(X).reshape(len(X), -1))
        return X[:, -1:] + (X[:, -1:] - X[:, -2:-1]) * np.arange(1, self.n_outputs_ + 1)


WALK = pd.Series(np.random.default_rng(0).normal(size=80).cumsum(), name="y")


def test_a_constant_series():
    """Of a series that never moved the scale is a shift."""
    shifted = FunctionTransformer(lambda X: X - 2)
    series = pd.Series(np.full(20, 5.0), name="y")
    forecaster = SeriesForecaster(make_pipeline(shifted, LagFramer(2), Line())).fit(series)
    np.testing.assert_allclose(forecaster.forecast(4)["y"], by_hand(forecaster.pipeline_, series, 4))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_padder_and_views(strategy):
    """Windows that come as views, as Windows or as copies go on alike."""
    pipeline = make_pipeline(LagFramer(4), SequencePadder(), Line())
    forecaster = SeriesForecaster(pipeline, horizon=2, strategy=strategy).fit(WALK)
    step = WALK.iloc[-1] - WALK.iloc[-2]
    np.testing.assert_allclose(forecaster.forecast(5)["y"], WALK.iloc[-1] + step * np.arange(1, 6))


def test_views_stay_views():
    """The regressor sees windows that share their rows, not copies."""
    X = SeriesForecaster(make_pipeline(LagFramer(3), Line())).fit(WALK).pipeline_[-1].X_
    assert np.shares_memory(X[5], X[6])
    np.testing.assert_array_equal(X[5, :, 0], WALK[3:6])


def test_views_where_rows_are_left_out():
    """Windows of rows with holes between, whose future is not known, are those of the same rows."""
    holed = WALK.where(np.arange(80) % 7 != 3)
    X = SeriesForecaster(make_pipeline(LagFramer(3), Line())).fit(holed).pipeline_[-1].X_
    assert isinstance(X, Windows)
    kept = np.flatnonzero(holed.shift(-1).notna())
    np.testing.assert_array_equal(np.asarray(X), LagFramer(3).fit_transform(holed.to_frame())[kept])
