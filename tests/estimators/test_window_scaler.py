"""The level and the spread of a window, as a network shows that returns a value as it sees it."""

from functools import partial

import numpy as np
import pytest
from known_networks import constant, one_value
from numpy.testing import assert_allclose
from sizes import N_TIMESTEPS

from sklstm import LagFramer, LSTMRegressor

METHODS = ["last", "mean", "standard"]
SERIES = np.random.default_rng(0).normal(size=(41, 2)).cumsum(axis=0)
WINDOWS, Y = LagFramer(N_TIMESTEPS).fit_transform(SERIES[:-1]), SERIES[1:, 1]
# The feature that holds the past of y.
PAST = 1


def forecasts(method, network, X=WINDOWS, at=None):
    """Forecasts with an untrained network, at the windows of X or at others."""
    model = LSTMRegressor(
        architecture=network, window_scaler=method, target_feature=PAST, target_scaler=None
    ).initialize(X, Y)
    return model.predict(X if at is None else at)


def level_and_spread(method, X=WINDOWS, at=None):
    """What is taken from the target of each window, and what it is divided by: forecasts of 0, and of 1."""
    level, above = (forecasts(method, partial(constant, value=value), X, at) for value in (0.0, 1.0))
    return level, above - level


def by_loop(method, windows):
    """Level and spread of each feature of each window, over its observed time steps."""
    levels, spreads = [], []
    for window in np.array(windows):
        observed = [row for row in window if not np.isnan(row).any()]
        levels.append(observed[-1] if method == "last" else sum(observed) / len(observed))
        spreads.append(np.std(observed, axis=0) if method == "standard" else np.ones(2))
    return np.array(levels), np.array(spreads)


def floor(windows):
    """A tenth of the spread that windows usually have, by feature."""
    _, spreads = by_loop("standard", windows)
    return 0.1 * np.median(np.where(spreads == 0, 1.0, spreads), axis=0)


@pytest.mark.parametrize("method", METHODS)
def test_against_a_loop(method):
    """Each window is shifted and divided by the level and spread of its own features, and its target by its past's."""
    levels, spreads = by_loop(method, WINDOWS)
    if method == "standard":
        spreads = np.maximum(spreads, floor(WINDOWS))
    for feature in (0, 1):
        seen = (np.nan_to_num(WINDOWS[:, 2, feature]) - levels[:, feature]) / spreads[:, feature]
        seen[np.isnan(WINDOWS[:, 2, feature])] = 0.0
        expected = seen * spreads[:, PAST] + levels[:, PAST]
        predicted = forecasts(method, partial(one_value, time_step=2, feature=feature))
        assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_target_amounts_are_in_its_own_units(method):
    """Features in other units, even turned round, give the same level and spread of the target."""
    scaled = LagFramer(N_TIMESTEPS).fit_transform(SERIES[:-1] / -50)
    for amounts, expected in zip(level_and_spread(method, scaled), level_and_spread(method), strict=True):
        assert_allclose(amounts, expected, rtol=1e-4, atol=1e-6)


def test_flat_windows_are_divided_by_a_share_of_the_typical_spread():
    """A flat stretch is not blown up."""
    _, spread = level_and_spread("standard", at=np.ones((1, N_TIMESTEPS, 2)))
    assert_allclose(spread, floor(WINDOWS)[PAST], rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_window_that_shows_nothing_is_shifted_by_the_typical_level(method):
    """Where nothing was observed, the level is that of most training windows, and the spread is not 0."""
    level, spread = level_and_spread(method, at=np.full((1, N_TIMESTEPS, 2), np.nan))
    assert_allclose(level, np.median(by_loop(method, WINDOWS)[0][:, PAST]), rtol=1e-5)
    assert spread > 0
