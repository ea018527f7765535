"""The target's own past among the features, as a network of zeros shows: it forecasts a value of that past.

Such a value tells the feature, its units, and by its place in the window how far ahead the target lies.
"""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from known_networks import constant, reference
from numpy.testing import assert_allclose
from refusal import refused

from sklstm import LagFramer, Windows

N_STEPS = 10


def windows(series, n_steps=N_STEPS):
    """Windows that know which rows they share, also where some of them are left out."""
    return Windows.from_array(LagFramer(n_steps).fit_transform(series))


def one_season_before(series, horizon, season):
    """The value one season before each target, in the units of y; the newest where the series begins later."""
    back = -horizon % season
    return [series[row - back if row >= back else row] for row in range(len(series))]


@given(
    slope=st.floats(0.01, 100) | st.floats(-100, -0.01),
    offset=st.floats(-1000, 1000),
    horizon=st.integers(1, 9),
    feature=st.integers(0, 2),
)
def test_finds_horizon_and_units(slope, offset, horizon, feature):
    """Whatever the scale of X, the horizon and the line back to the units of y are found for a feature by position."""
    series = np.random.default_rng(0).normal(size=(50, 3)) * 7
    X = windows((series[:-horizon] - offset) / slope)
    y = series[horizon:, feature]
    expected = one_season_before(series[:-horizon, feature], horizon, season=N_STEPS)
    predicted = reference(X, y, window_scaler=N_STEPS, target_feature=feature)
    assert_allclose(predicted, expected, rtol=1e-4, atol=1e-4)


def test_float32_features_are_close_enough():
    """Rounding to float32 does not hide the target."""
    series = np.random.default_rng(0).normal(size=(50, 2))
    X = windows((series[:-1] / 300).astype(np.float32))
    predicted = reference(X, series[1:, 1], window_scaler="last", target_feature=1)
    assert_allclose(predicted, series[:-1, 1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("by_step", [False, True], ids=["values", "time steps"])
def test_several_horizons(by_step):
    """Output k of several is found k + 1 steps ahead, also in a series that repeats itself."""
    series = np.sin(np.arange(60) * np.pi / 6)
    y = np.stack([series[1 + k : 58 + k] for k in range(3)], axis=1)
    expected = [one_season_before(series[:57], horizon, season=5) for horizon in (1, 2, 3)]
    network = partial(constant, by_step=by_step)
    predicted = reference(windows(series[:57, None]), y, window_scaler=5, architecture=network)
    assert_allclose(predicted, np.transpose(expected), atol=1e-6)


def test_a_hole_or_a_clipped_value_does_not_matter():
    """A few pairs that do not belong together do not bend the line."""
    series = np.random.default_rng(0).normal(size=60)
    features, y = series[:-1].copy(), series[1:].copy()
    features[20], features[33] = 3.0, np.nan
    y[40] = -50
    expected = features.copy()
    # The last value that was observed.
    expected[33] = features[32]
    assert_allclose(reference(windows(features[:, None]), y, window_scaler="last"), expected, atol=1e-6)


def test_unrelated_targets_have_no_past():
    """A target that does not lie on a line of its feature raises an error, which names it among several."""
    series = np.random.default_rng(0).normal(size=(60, 2))
    y = np.stack([series[1:, 0], np.sin(np.arange(59))], axis=1)
    assert refused(reference, windows(series[:-1]), y, window_scaler="last", target_feature=0) == snapshot(
        "LSTMRegressor(window_scaler='last') needs the target's own past, but y (output 1) does not lie on a line of feature 0 at any of 1 to 400 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass window_scaler=None."
    )


def test_few_rows():
    """Too few rows to find a relation raise an error, as they may agree by chance."""
    series = np.arange(10.0)
    messages = [
        refused(reference, windows(series[:n, None], 1), series[1 : n + 1], window_scaler="last") for n in (1, 8)
    ]
    assert messages == snapshot(
        [
            "LSTMRegressor(window_scaler='last') needs the target's own past, and at least 8 pairs of y and a later value of feature 0 to learn its units from; got 0 in 1 samples. Pass more of the series, name y after the feature and its horizon ('sales(t+1)'), or pass window_scaler=None.",
            "LSTMRegressor(window_scaler='last') needs the target's own past, and at least 8 pairs of y and a later value of feature 0 to learn its units from; got 7 in 8 samples. Pass more of the series, name y after the feature and its horizon ('sales(t+1)'), or pass window_scaler=None.",
        ]
    )
    assert_allclose(reference(windows(series[:9, None], 1), series[1:], window_scaler="last"), series[:9], atol=1e-6)


def test_a_constant_target_has_the_constant_feature_for_its_past():
    """The past of a constant may be a constant feature at any level, but no feature that changes."""
    series = np.stack([np.random.default_rng(0).normal(size=30), np.full(30, 0.5)], axis=1)
    X, y = LagFramer(N_STEPS).fit_transform(series), np.full(30, 7.0)
    options = {"window_scaler": "last", "target_feature": 1}
    assert_allclose(reference(X, y, **options), y)
    # One unit above the level of the feature is one above that of y.
    assert_allclose(reference(X, y, at=np.array(X) + 1, **options), y + 1)
    assert "y does not lie on a line" in refused(reference, X, y, window_scaler="last", target_feature=0)


@pytest.mark.parametrize("season", [3, "last"])
def test_where_nothing_was_observed_the_reference_is_the_usual_level(season):
    """Without any value of the past, the difference is from the median of y, or of the last values of windows."""
    series = np.random.default_rng(0).normal(size=(41, 1))
    nothing = np.full((1, N_STEPS, 1), np.nan)
    level = reference(windows(series[:-1]), series[1:, 0], at=nothing, window_scaler=season)
    assert_allclose(level, np.median(series[:-1] if season == "last" else series[1:]), rtol=1e-6)


def test_steps_of_a_short_series():
    """Outputs that follow one another have one past, however few rows show the last of them."""
    series = np.random.default_rng(0).normal(size=22).cumsum()
    y = np.lib.stride_tricks.sliding_window_view(series[1:], 12)[:10]
    expected = [one_season_before(series[:10], horizon, season=7) for horizon in range(1, 13)]
    predicted = reference(windows(series[:10, None], 7), y, window_scaler=7)
    assert_allclose(predicted, np.transpose(expected), atol=1e-5)


def test_rows_that_are_left_out():
    """Where rows are absent, the buffer of the windows tells how far ahead the target of a row lies."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=200).cumsum()
    for horizon in (1, 3):
        kept = np.flatnonzero(rng.random(200 - horizon) > 0.5)
        X = windows(series[:, None])[kept]
        expected = np.array(one_season_before(series, horizon, season=5))[kept]
        assert_allclose(reference(X, series[kept + horizon], window_scaler=5), expected, atol=1e-5)
