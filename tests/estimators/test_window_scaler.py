import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklstm._windows import Windows, frame
from sklstm.estimators._own_past import find_own_past
from sklstm.estimators._window_scaler import SPREAD_FLOOR, WindowScaler


def series_and_target(n_rows=40):
    series = np.random.default_rng(0).normal(size=(n_rows + 1, 2)).cumsum(axis=0)
    return frame(series[:-1], 5), series[1:, [1]]


def fitted(method, windows, y):
    return WindowScaler(method).fit(windows, find_own_past("Somebody", windows, y, remedy="do without"))


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_against_a_loop(method):
    """Shift and spread of each window are those of its observed time steps."""
    windows, y = series_and_target()
    scaler = fitted(method, windows, y)
    shift, spread = scaler.measure(windows)
    for sample, window in enumerate(np.asarray(windows)):
        observed = window[~np.isnan(window).any(axis=1)]
        expected = observed[-1] if method == "last" else observed.mean(axis=0)
        assert_allclose(shift[sample], expected)
        expected = np.maximum(observed.std(axis=0), scaler.floor_) if method == "standard" else 1
        assert_allclose(spread[sample], expected)


def test_target_amounts_are_those_of_its_own_feature():
    """The target is shifted and divided by the amounts of the feature that holds its past, in its own units."""
    windows, y = series_and_target()
    scaler = fitted("standard", windows.over(windows.buffer / -50), y)
    level, scale = scaler.of_target(*scaler.measure(windows.over(windows.buffer / -50)))
    shift, spread = fitted("standard", windows, y).measure(windows)
    assert scaler.feature_ == [1]
    assert_allclose(level, shift[:, [1]], atol=1e-9)
    assert_allclose(scale, spread[:, [1]], atol=1e-9)


def test_flat_windows_are_divided_by_a_share_of_the_typical_spread():
    """A flat stretch is not blown up."""
    windows, y = series_and_target()
    scaler = fitted("standard", windows, y)
    _, spread = scaler.measure(Windows.from_array(np.ones((1, 5, 2))))
    _, typical = scaler.measure(windows)
    assert_allclose(spread[0], SPREAD_FLOOR * np.median(typical, axis=0), rtol=0.2)


def test_a_window_that_shows_nothing_is_shifted_by_the_typical_level():
    """Where nothing was observed, the level is that of most training windows, and the spread is not 0."""
    windows, y = series_and_target()
    for method in ("last", "mean", "standard"):
        scaler = fitted(method, windows, y)
        shift, spread = scaler.measure(Windows.from_array(np.full((1, 5, 2), np.nan)))
        assert_allclose(shift[0], np.median(scaler.measure(windows)[0], axis=0))
        assert (spread > 0).all()


@given(level=st.floats(-1e4, 1e4), size=st.floats(0.1, 1e3))
def test_scaled_windows_do_not_show_level_and_size(level, size):
    """Windows that differ in level and size only look alike once they are scaled."""
    windows, y = series_and_target()
    scaler = fitted("standard", windows, y)
    full = windows[10:]
    other = full.over(full.buffer * size + level)
    scaler.floor_ = np.zeros(2)
    for one in (full, other):
        shift, spread = scaler.measure(one)
        scaled = (np.asarray(one) - shift[:, None]) / spread[:, None]
        if one is full:
            expected = scaled
    assert_allclose(scaled, expected, atol=1e-6)
