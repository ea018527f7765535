import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import Differencer, LagFramer, LagRegressor, OnlinePredictor, SeriesForecaster

# A season and a trend, which differences take out without a remainder.
T = np.arange(100)
SEASONAL = pd.Series(
    200 + 0.5 * T + 10 * np.sin(T * np.pi / 6), index=pd.period_range("2015-01", periods=100, freq="M"), name="y"
)
# Growth by a share of itself, which the logarithm takes out.
GROWING = np.exp(SEASONAL / 100)


def forecaster_of(*differencers, horizon=2):
    steps = [*differencers, LagFramer(n_steps=12), LagRegressor(LinearRegression())]
    return SeriesForecaster(make_pipeline(*steps), horizon=horizon)


@pytest.mark.parametrize("n_missing", [1, 3, 20])
@pytest.mark.parametrize(
    ("differencers", "series"),
    [
        ([Differencer((1, 12))], SEASONAL),
        ([Differencer((12, 1))], SEASONAL),
        ([Differencer((1, 12), log=True)], GROWING),
    ],
    ids=["1, 12", "12, 1", "log"],
)
def test_a_series_that_ends_unobserved(differencers, series, n_missing):
    """What is missing at the end leaves no difference: forecasts are those of the whole series."""
    known = series[:90].copy()
    known.iloc[-n_missing:] = np.nan
    forecaster = forecaster_of(*differencers).fit(known)
    assert_allclose(forecaster.forecast()["y"], series[90:92], rtol=1e-6)
    # So where the gap comes after fit.
    forecaster = forecaster_of(*differencers).fit(series[:60]).update(known[60:])
    assert_allclose(forecaster.forecast()["y"], series[90:92], rtol=1e-6)


def test_a_gap_amid_the_series():
    """Rows in a gap and after it are forecast from what leaves no difference, too."""
    holed = SEASONAL.copy()
    holed.iloc[60:63] = np.nan
    predicted = forecaster_of(Differencer((1, 12)), horizon=1).fit(holed).predict(holed)["y(t+1)"]
    assert_allclose(predicted[40:-1], SEASONAL[41:], rtol=1e-6)


def test_online():
    """One row at a time says the same, in a gap, after it, and from its end on."""
    holed = SEASONAL.copy()
    holed.iloc[[60, 61, 75, 98, 99]] = np.nan
    for differencers in [[Differencer((1, 12))], [Differencer(12, log=True), Differencer(1)]]:
        forecaster = forecaster_of(*differencers).fit(holed[:50])
        updated = OnlinePredictor(forecaster, warm=True).update_many(holed[50:].to_numpy())
        assert_allclose(updated, forecaster.predict(holed[50:]), rtol=1e-6)


def test_nothing_observed_lately():
    """Where fewer rows were observed than a difference looks back over, forecasts are still numbers."""
    known = SEASONAL[:40].copy()
    known.iloc[10:] = np.nan
    forecaster = SeriesForecaster(
        make_pipeline(Differencer(1), LagFramer(n_steps=3), LagRegressor(LinearRegression()))
    ).fit(known)
    assert np.isfinite(forecaster.forecast()["y"]).all()


def test_rows_before_the_longest_lag():
    """The first rows, with fewer rows before them than the lags reach back over, have forecasts that are numbers."""
    pipeline = make_pipeline(Differencer((1, 4), log=True), LagFramer(n_steps=3), LagRegressor(LinearRegression()))
    forecasts = SeriesForecaster(pipeline, horizon=2).fit(SEASONAL + 100).predict(SEASONAL + 100)
    assert np.isfinite(forecasts).all(axis=None)
