import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._windows import Windows, frame
from sklstm.estimators._own_past import find_own_past, last_observed


def look(series, y, n_steps=3):
    return find_own_past("Somebody", frame(series, n_steps), y, remedy="do without")


@given(
    slope=st.floats(0.01, 100) | st.floats(-100, -0.01),
    offset=st.floats(-1000, 1000),
    horizon=st.integers(1, 9),
    feature=st.integers(0, 2),
)
def test_finds_feature_horizon_and_units(slope, offset, horizon, feature):
    """Whatever the scale of X, the feature, the horizon and the way back to the units of y are found."""
    series = np.random.default_rng(0).normal(size=(50, 3))
    scaled = (series * 7 - offset) / slope
    y = series[horizon:, feature] * 7
    (past,) = look(scaled[:-horizon], y[:, None])
    assert past[:2] == (feature, horizon)
    assert_allclose([past.slope, past.offset], [slope, offset], rtol=1e-6, atol=1e-6)


def test_float32_features_are_close_enough():
    """Rounding to float32 does not hide the target."""
    series = np.random.default_rng(0).normal(size=(50, 2))
    (past,) = look((series[:-1] / 300).astype(np.float32), series[1:, [1]])
    assert past.feature == 1
    assert_allclose(past.slope, 300, rtol=1e-5)


def test_several_horizons():
    """Output k of several is found k + 1 steps ahead, also in a series that repeats itself."""
    series = np.sin(np.arange(60) * np.pi / 6)[:, None]
    y = np.stack([series[1 + k : 58 + k, 0] for k in range(3)], axis=1)
    assert [past.horizon for past in look(series[:57], y)] == [1, 2, 3]


def test_a_hole_or_a_clipped_value_does_not_matter():
    """A few pairs that do not belong together do not bend the line."""
    series = np.random.default_rng(0).normal(size=(60, 1))
    features, y = series[:-1].copy(), series[1:].copy()
    features[20], features[33] = 3.0, np.nan
    y[40] = -50
    (past,) = look(features, y)
    assert_allclose([past.slope, past.offset], [1, 0], atol=1e-9)


def test_unrelated_targets_have_no_past():
    """A target that is in no feature is refused, and named among several."""
    series = np.random.default_rng(0).normal(size=(60, 2))
    y = np.stack([series[1:, 0], np.sin(np.arange(59))], axis=1)
    with pytest.raises(ValueError, match="needs the target's own past") as error:
        look(series[:-1], y)
    assert str(error.value) == snapshot(
        "Somebody needs the target's own past, but no feature of X holds the past of y (output 1): in no column do the "
        "values of y turn up in later rows, scaled or not. Add the target's series to X, in time order "
        "(TimeSeriesSplit, shuffle=False), or do without."
    )


@pytest.mark.parametrize("n_rows", [1, 2, 8])
def test_few_rows_prove_nothing(n_rows):
    """A few pairs of target and feature may agree by chance, and are not taken for a relation."""
    series = np.arange(n_rows + 1.0)[:, None]
    with pytest.raises(ValueError, match="to find it in X by") as error:
        look(series[:-1], series[1:], n_steps=1)
    assert str(error.value) == (
        f"Somebody needs the target's own past, and at least 9 samples to find it in X by; got {n_rows}. "
        "Pass more of the series, or do without."
    )


def test_a_constant_target_has_the_constant_feature_for_its_past():
    """A constant is found, at any level; without a constant feature it is refused."""
    rng = np.random.default_rng(0)
    series = np.stack([rng.normal(size=30), np.full(30, 0.5)], axis=1)
    (past,) = look(series, np.full((30, 1), 7.0))
    assert past == (1, 1, 1.0, 6.5, 7.0)
    with pytest.raises(ValueError, match="in no column do the values of y turn up"):
        look(series[:, :1], np.full((30, 1), 7.0))


def test_last_observed():
    """The newest observed value of each feature; NaN where nothing was observed."""
    nan = np.nan
    windows = np.array([[1.0, 2, 3], [1, 2, nan], [nan, nan, nan]])[:, :, None]
    assert_array_equal(last_observed(windows)[:, 0], [3, 2, nan])


def test_steps_of_a_short_series():
    """Outputs that follow one another have one past, however few rows show the last of them."""
    series = np.random.default_rng(0).normal(size=(22, 1)).cumsum(axis=0)
    windows = Windows.from_array(np.ascontiguousarray(series[:10, None]))
    y = np.lib.stride_tricks.sliding_window_view(series[1:, 0], 12)[:10]
    pasts = find_own_past("test", windows, y, remedy="stop")
    assert [past.horizon for past in pasts] == list(range(1, 13))
    assert {past.feature for past in pasts} == {0}
    np.testing.assert_allclose([past.slope for past in pasts], 1)


@pytest.mark.parametrize("horizon", [1, 3])
def test_rows_that_are_left_out(horizon):
    """Where rows are absent, what follows a row is not what follows it in the table: the buffer tells how far it is."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=200).cumsum()
    windows = frame(series[:, None], 4)
    kept = np.flatnonzero(rng.random(200 - horizon) > 0.5)
    (past,) = find_own_past("Test", windows[kept], series[kept + horizon][:, None], remedy="go")
    assert past.horizon == horizon
    np.testing.assert_allclose(past[2:4], [1, 0], atol=1e-6)
