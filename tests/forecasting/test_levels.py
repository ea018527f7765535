"""Levels of a differenced target that was not observed everywhere."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklstm import Differencer
from sklstm._series import SeriesTable
from sklstm.forecasting._levels import _without_gaps


def filled_by_a_loop(differencer, data, level, **layout):
    """One missing row after the other, where all rows before it are known or filled."""
    level, n_before = level.copy(), differencer.rows_back
    around = data.values_around(np.arange(len(level)), range(-n_before, 0), **layout)
    for row in np.flatnonzero(np.isnan(level)):
        if not np.isnan(around[row]).any():
            past = level[around[row].astype(np.intp)]
            if not np.isnan(past).any():
                level[row] = differencer.restore(past[None], [[0.0]])[0, 0]
    return level


def table_of(lengths, absent, lost, seed):
    """Series of different lengths, their rows mixed, with rows that are absent and rows that were not observed."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2026-01-01", periods=max(lengths))
    parts = [pd.DataFrame({"store": k, "day": days[:n], "sales": 5 + rng.random(n)}) for k, n in enumerate(lengths)]
    table = pd.concat(parts)
    table.loc[rng.random(len(table)) < lost, "sales"] = np.nan
    table = table[rng.random(len(table)) >= absent]
    return table.sort_values(["day", "store"], ignore_index=True)


def assert_filled_as_by_a_loop(differencer, table, **layout):
    data = SeriesTable("Test", table, "store", "day")
    differencer.fit(pd.DataFrame({"sales": np.arange(1.0, 40)}))
    level = table["sales"].to_numpy()
    filled = _without_gaps(differencer, data, level, ["sales"], **layout)
    assert_array_equal(filled, filled_by_a_loop(differencer, data, level, **layout))
    assert_array_equal(level, table["sales"])
    return filled


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([0.05, 0.3]),
    st.sampled_from([1, (1, 3), 5]),
    st.booleans(),
    st.sampled_from([{}, {"freq": "D"}]),
    st.integers(0, 99),
)
def test_gaps_are_filled_as_in_a_loop(lengths, absent, lost, lags, log, layout, seed):
    """Missing rows of all series get the values of a loop over rows, also across holes and on a grid."""
    table = table_of([*lengths, 30], absent, lost, seed)
    assert_filled_as_by_a_loop(Differencer(lags, log=log), table, **layout)


@pytest.mark.parametrize("lags", [1, (1, 3)], ids=str)
def test_gaps_of_20000_rows(lags):
    """Gaps everywhere in a thousand series of twenty rows, and of a single row, are filled as in a loop."""
    filled = assert_filled_as_by_a_loop(Differencer(lags), table_of([1, *[20] * 1000], 0, 0.15, 0))
    assert np.isnan(filled).mean() < 0.15
