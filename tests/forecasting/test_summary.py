"""SeriesForecaster.summary: how many rows are trained on, and why others are not."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from inline_snapshot import snapshot
from sizes import UNITS

from sklstm import SeriesForecaster

N, HORIZON = 100, 4
DAYS = pd.date_range("2026-01-01", periods=N)
SALES = pd.Series(10 + np.sin(np.arange(N)) + 0.1 * np.random.default_rng(0).normal(size=N), DAYS, name="sales")
ABSENT = [30, 60, 61]


def small(**params):
    return SeriesForecaster(horizon=HORIZON, n_steps=5, units=UNITS, epochs=2, random_state=0, **params)


def summary(forecaster):
    """Numbers other than zero."""
    counts = forecaster.summary()
    lost = counts[counts.index.str.startswith("lost") | counts.index.str.startswith("not trained")]
    assert counts["rows"] == lost.sum() + counts["trained on"]
    return {name: int(count) for name, count in counts.items() if count}


def test_whole_series():
    """Of a series without gaps, the last rows have no targets."""
    assert summary(small().fit(SALES)) == snapshot(
        {
            "rows": 100,
            "lost: the end of a series": 4,
            "not trained on: short windows and validation": 4,
            "trained on": 92,
        }
    )


def test_rows_that_were_not_observed():
    """Rows before a gap are trained on by the values that are known, and those with none are lost."""
    series = SALES.copy()
    series.iloc[[30, *range(60, 65)]] = np.nan
    assert summary(small().fit(series)) == snapshot(
        {
            "rows": 100,
            "lost: the end of a series": 4,
            "lost: values that follow are not observed": 2,
            "trained on in part: some values that follow are known": 10,
            "not trained on: short windows and validation": 17,
            "trained on": 77,
        }
    )


def test_absent_rows():
    """Of rows before a hole those are trained on that have a value before it; the warning counts the others."""
    series = SALES.drop(SALES.index[ABSENT])
    with pytest.warns(UserWarning, match="leaves out 2 of 97 rows, which a hole in the times follows within 1 step"):
        forecaster = small().fit(series)
    assert summary(forecaster) == snapshot(
        {
            "rows": 97,
            "lost: the end of a series": 4,
            "lost: a hole in the times follows": 2,
            "trained on in part: some values that follow are known": 6,
            "not trained on: short windows and validation": 12,
            "trained on": 79,
        }
    )
    assert summary(small().fit(series.asfreq("D"))) == snapshot(
        {
            "rows": 100,
            "lost: the end of a series": 4,
            "trained on in part: some values that follow are known": 9,
            "not trained on: short windows and validation": 15,
            "trained on": 81,
        }
    )


def test_a_regressor_that_needs_all_values():
    """LagRegressor loses each row that a gap follows within the horizon."""
    with pytest.warns(UserWarning, match="leaves out 8 of 97 rows, which a hole in the times follows within 4 steps"):
        forecaster = lags(3, horizon=HORIZON).fit(SALES.drop(SALES.index[ABSENT]))
    assert summary(forecaster) == snapshot(
        {
            "rows": 97,
            "lost: the end of a series": 4,
            "lost: a hole in the times follows": 8,
            "not trained on: short windows and validation": 6,
            "trained on": 79,
        }
    )
    assert summary(lags(3, horizon=HORIZON).fit(SALES.drop(SALES.index[ABSENT]).asfreq("D"))) == snapshot(
        {
            "rows": 100,
            "lost: the end of a series": 4,
            "lost: values that follow are not observed": 9,
            "not trained on: short windows and validation": 8,
            "trained on": 79,
        }
    )


def test_what_is_known_before_a_gap_counts():
    """A value before a gap that no complete target holds changes the network."""
    series = SALES.copy()
    series.iloc[30::4] = np.nan
    other = series.copy()
    usual = small().fit(series[:-5]).forecast()
    other.iloc[40] += 3
    assert np.isfinite(usual["sales"]).all()
    assert not np.array_equal(usual, small().fit(other[:-5]).forecast())
