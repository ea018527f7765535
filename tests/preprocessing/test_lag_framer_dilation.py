"""LagFramer(dilation=): windows of every second row, every third, and so on."""

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused

from sklstm import LagFramer, Windows

# Windows that begin in the midst of fitted rows are framed on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")

NAN = np.nan
DILATIONS = st.integers(1, 4)


def dilated_by_a_loop(rows, positions, n_steps, dilation):
    """Naive loop: the window of each row looks back while one position follows the other, and keeps every n-th row."""
    windows = np.full((len(rows), n_steps, rows.shape[1]), NAN)
    for row in range(len(rows)):
        for back in range(row + 1):
            if positions[row] - positions[row - back] != back or back > (n_steps - 1) * dilation:
                break
            if back % dilation == 0:
                windows[row, n_steps - 1 - back // dilation] = rows[row - back]
    return windows


def on_a_grid_by_a_loop(rows, slots, n_steps, dilation):
    """Naive loop over time steps of a grid, of which some hold no row."""
    windows = np.full((len(rows), n_steps, rows.shape[1]), NAN)
    at = {slot: row for row, slot in enumerate(slots)}
    for row, slot in enumerate(slots):
        for step in range(n_steps):
            before = at.get(slot - (n_steps - 1 - step) * dilation)
            if before is not None:
                windows[row, step] = rows[before]
    return windows


def table(index, n_features=2):
    """A table in which all values differ."""
    values = np.arange(float(len(index) * n_features)).reshape(len(index), n_features)
    return pd.DataFrame(values, index=index, columns=list("abc"[:n_features]))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=25), st.integers(1, 5), DILATIONS, st.data())
def test_any_holes(steps, n_steps, dilation, data):
    """Windows end at every hole, and those of new rows reach back to the last hole before them."""
    positions = np.cumsum(steps)
    cut = data.draw(st.integers(0, len(positions) - 1))
    X = table(pd.Index(positions))
    expected = dilated_by_a_loop(X.to_numpy(), positions, n_steps, dilation)
    framer = LagFramer(n_steps, dilation=dilation, max_gap=1)
    if len(X) > framer.rows_back:
        assert_array_equal(framer.fit_transform(X), expected)
    if cut > framer.rows_back:
        assert_array_equal(framer.fit(X[:cut]).transform(X[cut:]), expected[cut:])
        assert len(framer.context_) <= framer.rows_back


@given(st.lists(st.integers(1, 4), min_size=1, max_size=25), st.integers(1, 5), DILATIONS, st.data())
def test_rows_on_a_grid(steps, n_steps, dilation, data):
    """With freq a time step is a step of the grid, whether or not there is a row in it."""
    slots = np.cumsum(steps)
    cut = data.draw(st.integers(1, len(slots)))
    X = table(pd.Timestamp("2026-01-01") + pd.to_timedelta(slots, unit="h"))
    expected = on_a_grid_by_a_loop(X.to_numpy(), slots, n_steps, dilation)
    framer = LagFramer(n_steps, dilation=dilation, freq="h")
    assert_array_equal(framer.fit_transform(X), expected)
    framer.fit(X[:cut])
    if cut < len(X):
        assert_array_equal(framer.transform(X[cut:]), expected[cut:])


@given(st.integers(1, 4), DILATIONS, st.integers(0, 2**31), st.booleans())
def test_panels(n_steps, dilation, seed, flatten):
    """Windows of a panel are lags within each series, which new rows go on from."""
    rng = np.random.default_rng(seed)
    X = table(pd.RangeIndex(60), n_features=1).assign(store=rng.choice(["A", "B", "C"], 60))
    X["step"] = X.groupby("store").cumcount()
    lags = range((n_steps - 1) * dilation, -1, -dilation)
    expected = np.stack([X.groupby("store")["a"].shift(lag) for lag in lags], axis=1)
    framer = LagFramer(n_steps, dilation=dilation, group="store", time="step", flatten=flatten)
    shape = expected.shape if flatten else (*expected.shape, 1)
    assert_array_equal(framer.fit_transform(X), expected.reshape(shape))
    # Each series shows its step in the rows that are fitted.
    assert_array_equal(framer.fit(X[:40]).transform(X[40:]), expected.reshape(shape)[40:])
    for chunk in (X[:30], X[30:40]):
        framer.partial_fit(chunk)
    assert_array_equal(framer.transform(X[40:]), expected.reshape(shape)[40:])


@pytest.mark.parametrize(("n_steps", "dilation"), [(1, 1), (3, 1), (3, 4), (5, 2), (1, 3)])
def test_windows_are_those_of_keras(n_steps, dilation):
    """Full windows are those that Keras makes with sampling_rate."""
    series = np.random.default_rng(0).normal(size=(40, 3))
    dataset = keras.utils.timeseries_dataset_from_array(series, None, n_steps, sampling_rate=dilation, batch_size=64)
    (expected,) = (np.asarray(batch) for batch in dataset)
    windows = LagFramer(n_steps, dilation=dilation).fit_transform(series)
    assert_array_equal(np.asarray(windows)[(n_steps - 1) * dilation :], expected)


def test_no_row_is_copied_more_than_once():
    """The buffer holds the rows and those that windows reach back over before the first."""
    X = np.ones((1000, 3), dtype=np.float32)
    windows = LagFramer(n_steps=50, dilation=7).fit_transform(X)
    assert isinstance(windows, Windows)
    assert (windows.shape, windows.dtype) == ((1000, 50, 3), np.float32)
    assert windows.buffer.shape == (1000 + 49 * 7, 3)
    assert np.shares_memory(windows[100:200].buffer, windows.buffer)
    assert np.shares_memory(windows[100], windows.buffer)


def test_names_of_lags():
    """Lags are named by the rows that they lie back."""
    sales = pd.DataFrame({"sales": np.arange(6.0), "price": np.arange(6.0)})
    framer = LagFramer(3, dilation=2, flatten=True)
    lags = framer.fit_transform(sales)
    assert list(lags) == [f"{name}(t{lag})" for lag in ("-4", "-2", "") for name in ("sales", "price")]
    assert_array_equal(lags["sales(t-4)"], sales["sales"].shift(4))


@given(st.integers(1, 4), DILATIONS, st.integers(0, 19))
def test_no_window_sees_the_future(n_steps, dilation, now):
    """A change of later rows does not change the window of a row."""
    X = np.random.default_rng(0).normal(size=(20, 2))
    changed = X.copy()
    changed[now + 1 :] = 99
    framer = LagFramer(n_steps, dilation=dilation)
    before, after = (np.asarray(framer.fit_transform(rows)) for rows in (X, changed))
    assert_array_equal(before[: now + 1], after[: now + 1])


def test_future_and_static_features():
    """Values that are known ahead are those of the next rows, not of the next time steps."""
    X = table(pd.RangeIndex(12), n_features=3)
    windows = LagFramer(3, dilation=2, static=["b"], future=["c"], horizon=2).fit_transform(X)
    plain = LagFramer(3, static=["b"], future=["c"], horizon=2).fit_transform(X)
    assert windows.roles == plain.roles
    assert_array_equal(windows[:, -1], plain[:, -1])
    assert_array_equal(windows[6, :, 0], X["a"][[2, 4, 6]])


def test_time_since_the_last_observation():
    """The time since the observation before is that of each row."""
    X = table(pd.DatetimeIndex(["2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 05:00", "2026-01-01 06:00"]), 1)
    windows = LagFramer(2, dilation=2, elapsed="h", max_gap="1D").fit_transform(X)
    assert_array_equal(windows[3], [[1, 1], [3, 1]])


@pytest.mark.parametrize("group", [None, "store"])
def test_too_few_rows(group):
    """A series is at least as long as a window spans."""
    X = table(pd.RangeIndex(4), n_features=1).assign(store="A")
    with pytest.raises(ValueError, match=r"at least 5 rows"):
        LagFramer(3, dilation=2, group=group).fit(X if group else X[["a"]])


def test_refusals():
    """Messages name the dilation, and how to lower it."""
    assert refused(LagFramer(3, dilation=2).fit, np.ones((4, 1))) == snapshot(
        "LagFramer(n_steps=3, dilation=2) needs at least 5 rows, got X of shape (4, 1). Lower n_steps or dilation or pass a longer series."
    )
    assert refused(LagFramer(3, dilation=0).fit, np.ones((4, 1))) == snapshot(
        "The 'dilation' parameter of LagFramer must be an int in the range [1, inf). Got 0 instead."
    )
