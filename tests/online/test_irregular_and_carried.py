"""Rows one by one where the last few rows alone do not tell what the whole table does."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sizes import UNITS
from sklearn.pipeline import make_pipeline

from sklstm import Differencer, ForwardFill, LagFramer, LagRegressor, LSTMRegressor, OnlinePredictor, SeriesForecaster

RNG = np.random.default_rng(0)
MINUTES = np.cumsum([1, 4, 2, 7, 3, 5, 1, 1, 1, 1, 6, 5, 2, 2, 2, 8, 1, 3, 4, 9] * 2)
TIMES = pd.Timestamp("2026-01-01") + pd.to_timedelta(MINUTES, unit="min")
TABLE = pd.DataFrame({"x": RNG.normal(size=len(TIMES)).cumsum()}, TIMES)


@pytest.mark.parametrize(
    "steps",
    [
        [LagFramer(2, flatten=True)],
        [LagFramer(3, flatten=True)],
        [Differencer(2), LagFramer(2, flatten=True)],
        [ForwardFill(), LagFramer(2, flatten=True)],
    ],
    ids=str,
)
@pytest.mark.parametrize("integers", [False, True])
def test_irregular_times(steps, integers):
    """No hole is seen among a few rows whose series has no step."""
    table = TABLE.set_axis(pd.Index(MINUTES)) if integers else TABLE
    model = make_pipeline(*steps, LagRegressor()).fit(table, table["x"])
    online = OnlinePredictor(model)
    got = [online.update(value, time=time) for time, value in table["x"].items()]
    assert_allclose(got, model.predict(table), rtol=1e-9)
    assert_allclose(OnlinePredictor(model).update_many(table["x"], times=table.index), got, rtol=1e-9)


def test_forecasts_of_irregular_times():
    """A forecaster sees no holes among a few rows, either."""
    forecaster = SeriesForecaster(make_pipeline(LagFramer(3), LagRegressor()), horizon=2).fit(TABLE[:30])
    online = OnlinePredictor(forecaster)
    got = [online.update(value, time=time) for time, value in TABLE["x"].items()]
    assert_allclose(got[5:], forecaster.predict(TABLE)[5:], rtol=1e-6)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [Differencer(1), ForwardFill(), LagFramer(2, flatten=True)],
            snapshot(
                "OnlinePredictor keeps the last rows, which do not tell what ForwardFill() without a limit carries on from a step that looks back on rows. Give it a limit, or put it first, or predict on whole tables: fitted.predict."
            ),
        ),
        (
            [Differencer(1), LagFramer(2, elapsed="min", flatten=True)],
            snapshot(
                "OnlinePredictor keeps the last rows, which do not tell what LagFramer(elapsed='min') carries on from a step that looks back on rows. Leave elapsed out, or predict on whole tables: fitted.predict."
            ),
        ),
    ],
    ids=["fill", "elapsed"],
)
def test_what_is_carried_behind_differences(steps, message):
    """What a step carries on from differences cannot be told from one row, and is refused."""
    model = make_pipeline(*steps, LagRegressor()).fit(TABLE, TABLE["x"])
    assert refused(OnlinePredictor, model) == message


@pytest.mark.parametrize("mode", ["state", "window"])
def test_late_rows(mode):
    """A row that is not later than the last one is refused, also where no row is kept."""
    n_steps = 3 if mode == "state" else 1
    model = make_pipeline(
        LagFramer(n_steps), LSTMRegressor(UNITS, epochs=1, window_scaler=None, linear_skip=False, random_state=0)
    ).fit(TABLE, TABLE["x"])
    online = OnlinePredictor(model, mode=mode)
    online.update(1.0, time=TIMES[5])
    assert refused(online.update, 2.0, time=TIMES[5]) == snapshot(
        "OnlinePredictor expects rows in time order, got 2026-01-01 00:22:00 after 2026-01-01 00:22:00. Pass each row once, in the order of time; reset() begins anew."
    )
    assert refused(online.update_many, [2.0, 3.0], times=TIMES[[3, 6]]) == snapshot(
        "OnlinePredictor expects rows in time order, got 2026-01-01 00:14:00 after 2026-01-01 00:22:00. Pass each row once, in the order of time; reset() begins anew."
    )
    online.update(1.0, time=TIMES[6])
    online.reset()
    online.update(1.0, time=TIMES[0])
