"""SeriesForecaster on series that hardly change: intermittent demand, two values, a single spike."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from inline_snapshot import snapshot
from sizes import UNITS

from sklstm import SeriesForecaster

N = 300
DAYS = pd.date_range("2024-01-01", periods=N)


def demand(seed=0):
    """Few of the days have a demand of 1 to 8."""
    rng = np.random.default_rng(seed)
    return pd.Series(np.where(rng.random(N) < 0.05, rng.integers(1, 9, N), 0), DAYS, name="demand", dtype=float)


def spike(level=7.0):
    values = np.full(N, level)
    values[N // 2] += 43
    return pd.Series(values, DAYS, name="demand")


SERIES = {
    "intermittent": demand(),
    "two values": pd.Series(np.where(np.random.default_rng(0).random(N) < 0.3, 2.0, 5.0), DAYS, name="demand"),
    "a last value that differs": pd.Series(np.append(np.full(N - 1, 7.0), 9.0), DAYS, name="demand"),
    "a spike": spike(),
    "a spike above a level that has no exact mean": spike(0.1),
    "constant": pd.Series(0.1, DAYS, name="demand"),
}


@pytest.mark.parametrize("window_scaler", ["auto", "last", "standard"])
@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_forecasts_stay_near_what_was_seen(series, window_scaler):
    """Flat windows have no spread, so that their rounding is not blown up."""
    forecaster = SeriesForecaster(
        horizon=3, n_steps=7, units=UNITS, epochs=3, random_state=0, window_scaler=window_scaler
    ).fit(series[:-20])
    forecasts = forecaster.predict(series).to_numpy()
    reach = 5 * np.ptp(series) + 0.1
    assert ((forecasts >= series.min() - reach) & (forecasts <= series.max() + reach)).all()


def test_scale_of_the_series_does_not_matter():
    """Rounding is the same share of a spread at each level: a forecast in other units is the same forecast."""
    series = demand()
    usual, other = (
        SeriesForecaster(n_steps=7, units=UNITS, epochs=3, random_state=0, window_scaler="standard", log=False)
        .fit(values)
        .predict(values)
        for values in (series, 1000 * series)
    )
    np.testing.assert_allclose(other, 1000 * usual, rtol=1e-3, atol=1)


def test_a_forecast_far_off():
    """A forecast further off than ten times the range of what was seen comes with a warning."""
    series = pd.Series(2.0 ** np.arange(12), DAYS[:12], name="demand")
    forecaster = lags(horizon=1).fit(series)
    assert forecaster.forecast(3)["demand"].iloc[-1] > series.max()
    with pytest.warns(UserWarning, match="further than 10 times the range") as told:
        forecaster.forecast(8)
    assert [str(warning.message) for warning in told] == snapshot(
        [
            "SeriesForecaster forecasts 5 of 8 values further than 10 times the range of the values that it saw from them, such as 5.24e+05, where these lie between 1 and 2.05e+03. Compare with another window_scaler, with log=False or with LagRegressor before you use it."
        ]
    )
