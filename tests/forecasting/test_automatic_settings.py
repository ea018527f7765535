import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from sklstm._ridge import PENALTIES
from sklstm.forecasting._automatic_settings import (
    Rows,
    Setting,
    candidate_steps,
    choose_setting,
    errors_ahead,
    find_seasons,
    improves,
    left_out_errors,
)

RNG = np.random.default_rng(0)
SEASON = np.array([3.0, 4, 4, 5, 8, 11, 9])


def rows_of(values, horizon=1, n_back=24):
    """All rows of one series."""
    filled = np.concatenate([np.full(n_back - 1, np.nan), values, np.full(horizon, np.nan)])
    return Rows(
        sliding_window_view(filled, n_back + horizon), np.arange(len(values)) / len(values), len(values), horizon
    )


def test_look_back_of_a_season():
    """A series that repeats itself after seven rows, with noise, needs a look-back of a season."""
    values = np.tile(SEASON, 30) + RNG.normal(size=210)
    assert choose_setting(rows_of(values), [7]).n_steps >= 8
    assert choose_setting(rows_of(values), [7], n_steps=3).n_steps == 3


def test_shortest_look_back():
    """Of look-backs that are equally good, the shortest is taken."""
    walk = np.cumsum(RNG.normal(size=300))
    assert choose_setting(rows_of(walk, n_back=31), [10]).n_steps == 11


def test_look_backs_fit():
    """A look-back and the horizon take up a third of the series at most, but for the shortest."""
    assert candidate_steps([12], length=100, horizon=12) == [12, 13]
    assert candidate_steps([12], length=10, horizon=1) == [3]
    assert candidate_steps([], length=2, horizon=1) == [1]


def test_no_window_scaling_without_a_trend():
    """Noise around a level is forecast by its level, a random walk by its last value."""
    noise = RNG.normal(size=300)
    assert choose_setting(rows_of(noise), [], n_steps=2).window_scaler is None
    assert choose_setting(rows_of(np.cumsum(noise)), [], n_steps=2).window_scaler == "last"
    assert choose_setting(rows_of(noise), [], n_steps=2, window_scaler="mean").window_scaler == "mean"


def test_logarithm_of_growth():
    """The logarithm is taken of a series that grows by a factor, and never where a value is not positive."""
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(240) / 12)
    growth = season * np.exp(0.03 * np.arange(240) + 0.02 * RNG.normal(size=240))
    assert choose_setting(rows_of(growth), [12], n_steps=13).log is True
    assert choose_setting(rows_of(growth - growth.min()), [12], n_steps=13).log is False
    assert choose_setting(rows_of(growth), [12], n_steps=13, log=False).log is False


@pytest.mark.parametrize("scaler", [None, "last", "mean"])
def test_errors_ahead(scaler):
    """Errors are those of ridge regressions on the rows whose values lie before the fold."""
    rows = rows_of(np.cumsum(RNG.normal(size=120)), horizon=2)
    errors = errors_ahead(rows, Setting(4, scaler))
    assert np.isnan(errors[rows.times < 0.55]).all()
    row = 110
    levels = {None: lambda x: 0.0, "last": lambda x: x[-1], "mean": np.mean}
    learned = [k for k in range(120) if k + 2 < 0.85 * 120 and np.isfinite(rows.values[k, -6:]).all()]
    X = np.array([rows.values[k, -6:-2] - levels[scaler](rows.values[k, -6:-2]) for k in learned])
    Y = np.array([rows.values[k, -2:] - levels[scaler](rows.values[k, -6:-2]) for k in learned])
    scales = np.arange(4, 0, -1.0) ** -0.5
    window = rows.values[row, -6:-2]
    level = levels[scaler](window)
    penalties = PENALTIES * np.linalg.eigvalsh(np.cov((X * scales).T, bias=True) * len(X)).mean()

    def by(penalty, output):
        fitted = Ridge(alpha=penalty).fit(X * scales, Y[:, output])
        return (fitted.predict([(window - level) * scales])[0] + level - rows.values[row, -2 + output]) ** 2

    tried = [[by(penalty, output) for penalty in penalties] for output in range(2)]
    sums = np.add.outer(*tried) / 2
    assert np.abs(sums - errors[row]).min() < 1e-6


def test_left_out_errors():
    """A row that is not observed has no error, nor has a series that is too short."""
    values = RNG.normal(size=40)
    values[20] = np.nan
    errors = left_out_errors(rows_of(values), Setting(3))
    assert_allclose(np.flatnonzero(np.isnan(errors)), [0, 1, 19, 20, 21, 22, 39])
    assert np.isnan(left_out_errors(rows_of(values[:9]), Setting(3))).all()


def test_improvements_by_more_than_noise():
    """Errors that are lower in some blocks only are no improvement, nor are those that are hardly lower."""
    usual = np.ones(100)
    assert improves(usual, np.full(100, 0.9), horizon=1)
    assert not improves(usual, np.full(100, 0.96), horizon=1)
    assert not improves(usual, np.where(np.arange(100) < 10, 0.0, 1.0), horizon=10)
    assert not improves(usual, np.full(100, 0.5), horizon=30)


def test_seasons():
    """A season is the lag at which changes correlate, with a nearly equal one within it."""
    days = np.tile(SEASON, 40)
    assert find_seasons(days + 0.1 * RNG.normal(size=280)) == [7]
    weeks = np.tile(np.sin(2 * np.pi * np.arange(24) / 24), 70) * np.repeat(np.tile([1, 1, 1, 1, 1, 0.5, 0.4], 10), 24)
    assert find_seasons(weeks) == [24, 168]
    assert find_seasons(RNG.normal(size=200)) == []
    assert find_seasons(np.full(50, 3.0)) == []
    assert find_seasons(np.full(50, np.nan)) == []
