"""SeriesForecaster beyond its horizon: forecasts go on from forecasts, and from differences."""

import numpy as np
import pandas as pd
import pytest
from forecasters import linear, small
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, SequencePadder, SeriesForecaster
from sklstm.datasets import load_airline
from sklstm.preprocessing import Differencer


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
    "pipeline", [linear(), linear(5), make_pipeline(LagFramer(3, flatten=True), SimpleImputer(), Ridge())]
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


def test_short_difference(airline):
    """The short parameters put a Differencer before all other steps."""
    forecaster = small(horizon=2, difference=(1, 12), log=True).fit(airline)
    first = forecaster.pipeline_.steps[0]
    assert first[0] == "difference"
    assert (first[1].lags, first[1].log) == ((1, 12), True)
    assert np.isfinite(forecaster.predict(airline)).all(axis=None)


def test_difference_of_another_column(airline):
    """Where the target is left as it is, so are its forecasts."""
    table = airline.to_frame().assign(trend=np.arange(144.0))
    steps = [("difference", Differencer(1, columns=["trend"])), *linear().steps]
    forecasts = SeriesForecaster(Pipeline(steps), target="passengers").fit(table).predict(table)
    assert abs(forecasts["passengers(t+1)"].mean() - airline.mean()) < 20


# --- kinds of windows -----------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_padder_and_views(strategy):
    """Windows that come as views, as Windows or as copies go on alike."""
    series = pd.Series(np.random.default_rng(0).normal(size=80).cumsum(), name="y")

    class Sum(BaseEstimator):
        """Forecasts by the last value and the one before."""

        def fit(self, X, y):
            """Learn nothing."""
            self.n_outputs_ = 1 if np.ndim(y) == 1 else np.shape(y)[1]
            return self

        def predict(self, X):
            """A line through the last two values."""
            X = np.nan_to_num(np.asarray(X))
            steps = np.arange(1, self.n_outputs_ + 1)
            return X[:, -1] + (X[:, -1] - X[:, -2]) * steps

    pipeline = make_pipeline(LagFramer(4), SequencePadder(), Sum())
    forecaster = SeriesForecaster(pipeline, horizon=2, strategy=strategy).fit(series)
    step = series.iloc[-1] - series.iloc[-2]
    np.testing.assert_allclose(forecaster.forecast(5)["y"], series.iloc[-1] + step * np.arange(1, 6))
