"""Differencer: from differences back to original units."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sklstm import Differencer

from .walks import DAYS, WALKS, all_lags, by_pandas, panels, tables

NAN = np.nan
RTOL = {np.float32: 1e-3, np.float64: 1e-9}


@given(tables(least=13), all_lags, st.booleans(), st.booleans())
def test_there_and_back(table, lags, log, one):
    """inverse_transform restores the series, its unobserved rows and its dtype."""
    differencer = Differencer(lags, log=log, columns="sales" if one else None)
    rtol = RTOL[table["sales"].dtype.type]
    made = differencer.fit_transform(table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table, rtol=rtol, check_freq=False)
    back = differencer.inverse_transform(made.to_numpy())
    np.testing.assert_allclose(back, table, rtol=rtol)
    assert back.dtype == table["sales"].dtype


@given(tables(least=16, unobserved=False), all_lags, st.booleans())
def test_following_rows_there_and_back(table, lags, log):
    """inverse_transform restores rows after the fitted ones, as a table and as an array."""
    rtol, n_fitted = RTOL[table["sales"].dtype.type], sum(lags) + 2
    differencer = Differencer(lags, log=log).fit(table[:n_fitted])
    new = table[n_fitted:]
    made = differencer.transform(new)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), new, rtol=rtol, check_freq=False)
    np.testing.assert_allclose(differencer.inverse_transform(made.to_numpy()), new, rtol=rtol)
    whole = differencer.inverse_transform(differencer.transform(table))
    pd.testing.assert_frame_equal(whole, table, rtol=rtol, check_freq=False)


@given(st.data(), all_lags)
def test_panel_there_and_back(data, lags):
    """inverse_transform restores a panel, with key columns or with groups beside an array."""
    table = data.draw(panels(lags))
    differencer = Differencer(lags, group="store", time="day")
    pd.testing.assert_frame_equal(differencer.inverse_transform(differencer.fit_transform(table)), table)
    features = table[["sales", "temp"]].to_numpy()
    differencer = Differencer(lags)
    made = differencer.fit_transform(features, groups=table["store"])
    np.testing.assert_array_equal(differencer.inverse_transform(made, groups=table["store"]), features)


def test_holes_there_and_back():
    """inverse_transform restores a series with holes, and parts of it."""
    table = WALKS.drop(DAYS[[8, 20, 21, 39]])
    table.iloc[[3, 25]] = NAN
    differencer = Differencer((1, 2), columns="sales")
    made = differencer.fit_transform(table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made[DAYS[9] : DAYS[19]]), table[DAYS[9] : DAYS[19]])
    np.testing.assert_allclose(differencer.inverse_transform(made.to_numpy()), table)


def test_changed_differences():
    """Other differences give another series from the same start."""
    differencer = Differencer().fit(WALKS)
    made = differencer.inverse_transform(WALKS.diff() * 0 + 1)
    np.testing.assert_allclose(made["sales"], WALKS["sales"].iloc[0] + np.arange(40))


@given(tables(least=20, unobserved=False), all_lags, st.booleans(), st.integers(1, 4), st.integers(0, 2))
def test_restore(table, lags, log, n_steps, longer):
    """`restore` turns the differences of the next rows into their values, from every row."""
    series, differencer = table["sales"], Differencer(lags, log=log).fit(table)
    depth, differences = sum(lags), by_pandas(table["sales"], lags, log).to_numpy()
    origins = np.arange(depth + longer, len(series) - n_steps + 1)
    past = np.stack([series.to_numpy()[row - depth - longer : row] for row in origins])
    ahead = origins[:, None] + np.arange(n_steps)
    restored = differencer.restore(past, differences[ahead])
    np.testing.assert_allclose(restored, series.to_numpy()[ahead], rtol=RTOL[series.dtype.type])
    assert restored.dtype == series.dtype


def test_restore_of_columns():
    """A column that is not differenced keeps its values."""
    differencer = Differencer(log=True, columns="sales").fit(WALKS)
    np.testing.assert_array_equal(differencer.restore([[1, 2]], [[3, 4]], column="temp"), [[3, 4]])
    for columns in ("sales", 0, None):
        np.testing.assert_allclose(differencer.restore([[1, 2]], np.log([[3, 4]]), columns), [[6, 24]])


def test_restore_without_lags():
    """Without lags restore needs no past, and only undoes the logarithm."""
    for lags in (None, ()):
        assert Differencer(lags).fit(WALKS).restore(np.empty((2, 0)), [[1], [2]]).tolist() == [[1], [2]]
        differencer = Differencer(lags, log=True).fit(WALKS)
        np.testing.assert_allclose(differencer.restore(np.empty((1, 0)), [[0, np.log(2)]]), [[1, 2]])


def test_restore_of_unobserved_values():
    """An unobserved value in the past makes only the forecasts NaN that need it."""
    differencer = Differencer(2).fit(WALKS)
    restored = differencer.restore([[1, NAN], [1, 2]], [[1, 1, 1, 1], [1, 1, 1, NAN]])
    np.testing.assert_array_equal(restored, [[2, NAN, 3, NAN], [2, 3, 3, NAN]])


def test_restore_of_empty_arrays():
    """`restore` takes no samples, or no steps."""
    differencer = Differencer(2).fit(WALKS)
    assert differencer.restore(np.empty((0, 2)), np.empty((0, 3))).shape == (0, 3)
    assert differencer.restore(np.empty((4, 2)), np.empty((4, 0))).shape == (4, 0)
