"""SeriesForecaster with columns that are known ahead: the whole horizon is forecast with all of them."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags, small
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused

from sklstm import backtest

N_ROWS, HORIZON = 60, 4


def sales(n_rows=N_ROWS + 2 * HORIZON):
    """Sales that a holiday of every fifth day doubles."""
    holiday = (np.arange(n_rows) % 5 == 0).astype(float)
    noise = np.random.default_rng(0).normal(size=n_rows)
    days = pd.date_range("2026-01-01", periods=n_rows, name="day")
    return pd.DataFrame({"sales": 100 + 100 * holiday + noise, "holiday": holiday}, index=days)


TABLE = sales()
PAST, PLAN = TABLE[:N_ROWS], TABLE[["holiday"]][N_ROWS:]


@pytest.fixture(
    scope="module",
    params=[
        lambda: lags(3, horizon=HORIZON, target="sales", framer={"future": ["holiday"], "horizon": HORIZON}),
        lambda: small(horizon=HORIZON, target="sales", future=["holiday"]),
    ],
    ids=["least squares", "LSTM"],
)
def forecaster(request):
    return request.param().fit(PAST)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_day_does_not_depend_on_steps(forecaster, steps):
    """The forecast of a day is the same for each number of steps."""
    whole = forecaster.forecast(2 * HORIZON, future=PLAN)
    forecast = forecaster.forecast(steps, future=PLAN)
    assert forecast.index.equals(whole.index[:steps])
    np.testing.assert_allclose(forecast, whole[:steps], rtol=1e-6)


def test_a_plan_that_is_shorter_than_the_horizon(forecaster):
    """The last known row is not repeated."""
    assert refused(forecaster.forecast, 2, future=PLAN[:2]) == snapshot(
        "SeriesForecaster.forecast expects future= to hold 4 times after 2026-03-01 00:00:00, because 4 steps are forecast at once, got 2. Add the missing rows, or fit with a horizon of 2."
    )
    assert refused(forecaster.forecast, 6, future=PLAN[:6]) == snapshot(
        "SeriesForecaster.forecast expects future= to hold 8 times after 2026-03-01 00:00:00, because 4 steps are forecast at once, got 6. Add the missing rows, or forecast fewer steps."
    )


def test_predict_at_the_end(forecaster):
    """A warning counts the rows whose known future is repeated; with rows appended there is none."""
    appended = TABLE[: N_ROWS + HORIZON].copy()
    appended.loc[appended.index[N_ROWS:], "sales"] = np.nan
    predicted = forecaster.predict(appended)
    expected = forecaster.forecast(future=PLAN)
    np.testing.assert_allclose(predicted.iloc[N_ROWS - 1], expected["sales"], rtol=1e-5)
    with pytest.warns(UserWarning, match="repeated") as told:
        forecaster.predict(PAST)
    assert [str(warning.message) for warning in told] == snapshot(
        [
            "SeriesForecaster forecasts 4 of 60 rows with the last known value of 'holiday' repeated, because the table lacks some of the 4 rows after them. Append rows with the values of 'holiday' and NaN in the other columns, or use forecast(future=)."
        ]
    )


def test_scores_leave_out_an_unknown_future(forecaster):
    """Forecasts that would need a repeated row are not scored."""
    truth, _, _ = forecaster.compare(TABLE)
    assert_array_equal(np.isnan(truth).all(axis=1), np.arange(len(TABLE)) >= len(TABLE) - HORIZON)


def test_backtest_reads_the_whole_horizon():
    """In a backtest of two steps, the forecasts are those of the whole horizon."""
    forecaster = lags(3, horizon=HORIZON, target="sales", framer={"future": ["holiday"], "horizon": HORIZON})
    few, all_steps = (backtest(forecaster, TABLE, initial=50, step=3, horizon=k).forecasts for k in (2, HORIZON))
    expected = all_steps[all_steps["step"] <= 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(few[["origin", "step", "forecast"]], expected[["origin", "step", "forecast"]])
    assert few["origin"].max() + pd.Timedelta(days=HORIZON) <= TABLE.index[-1]


def test_backtest_without_room():
    """A backtest needs rows from which to read what is known ahead."""
    forecaster = lags(3, horizon=HORIZON, target="sales", framer={"future": ["holiday"], "horizon": HORIZON})
    assert refused(backtest, forecaster, TABLE, initial=len(TABLE) - 2) == snapshot(
        "backtest(initial=66) needs 4 rows after the first fit, from which the forecaster reads 'holiday', got 2. Lower initial or the horizon, or pass a longer series."
    )
