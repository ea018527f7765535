"""Metrics of forecasts against naive loops, and against scikit-learn where it has the arithmetic."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from sklstm.forecasting import coverage_score, interval_score, mean_absolute_scaled_error, pinball_loss

RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=(30, 3))
PREDICTED = TRUE + RNG.normal(size=(30, 3))
TRAINED = RNG.normal(size=(50, 3)).cumsum(axis=0)
NUMBERS = st.floats(-100, 100)


def tables(n_axes=2):
    """Small tables, in which some values are not known but the first is."""
    shapes = st.tuples(*[st.integers(1, 5)] * n_axes)
    return shapes.flatmap(lambda shape: arrays(float, shape, elements=NUMBERS | st.just(np.nan))).map(_first_known)


def _first_known(table):
    table[(0,) * table.ndim] = 1.0
    return table


# --- MASE -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("season", [1, 12])
def test_mase_against_a_loop(season):
    """The mean absolute error over that of the naive forecast, of each output."""
    expected = []
    for output in range(3):
        series = TRAINED[:, output]
        naive = np.mean([abs(series[row] - series[row - season]) for row in range(season, len(series))])
        expected.append(np.mean(np.abs(TRUE[:, output] - PREDICTED[:, output])) / naive)
    scaled = mean_absolute_scaled_error(TRUE, PREDICTED, y_train=TRAINED, season=season)
    assert_allclose(scaled, np.mean(expected))


def test_mase_of_steps_of_one_series():
    """One training series is the scale of all outputs: they are its steps ahead."""
    naive = np.abs(np.diff(TRAINED[:, 0])).mean()
    expected = mean_absolute_error(TRUE, PREDICTED) / naive
    assert_allclose(mean_absolute_scaled_error(TRUE, PREDICTED, y_train=TRAINED[:, 0]), expected)
    assert_allclose(mean_absolute_scaled_error(TRUE, PREDICTED, y_train=TRAINED[:, [0]]), expected)


def test_the_naive_forecast_of_the_training_series_errs_by_1():
    """Its own naive forecast is the measure."""
    series = TRAINED[:, 0]
    assert_allclose(mean_absolute_scaled_error(series[7:], series[:-7], y_train=series, season=7), 1)


@given(tables())
def test_mase_leaves_out_what_is_not_known(y_true):
    """NaN in y_true and in y_train counts for nothing, and units cancel out."""
    known = ~np.isnan(y_true)
    train = np.array([1.0, 3.0, np.nan, 4.0, 6.0])
    expected = np.abs(y_true[known]).mean() / 2
    for factor in (1, 1000):
        scaled = mean_absolute_scaled_error(y_true * factor, np.zeros(y_true.shape), y_train=train * factor)
        assert_allclose(scaled, expected)


# --- coverage -------------------------------------------------------------------------------------


@given(tables(), st.floats(0, 50), st.floats(0, 50))
def test_coverage_against_a_loop(y_true, below, above):
    """The share of known values inside, bounds included."""
    inside = [-below <= value <= above for value in y_true.ravel() if not np.isnan(value)]
    lower, upper = np.full(y_true.shape, -below), np.full(y_true.shape, above)
    assert coverage_score(y_true, lower, upper) == pytest.approx(np.mean(inside))
    assert coverage_score(lower, lower, upper) == coverage_score(upper, lower, upper) == 1


# --- interval score -------------------------------------------------------------------------------


@given(tables(), st.floats(0, 50), st.floats(0, 50), st.sampled_from([0.5, 0.8, 0.9]))
def test_interval_score_against_a_loop(y_true, below, above, coverage):
    """The width, and for a value outside its distance times 2 / (1 - coverage); in proportion to the pinball loss."""
    lower, upper = np.full(y_true.shape, -below), np.full(y_true.shape, above)
    expected = []
    for value in y_true.ravel():
        if not np.isnan(value):
            outside = max(-below - value, value - above, 0)
            expected.append(above + below + 2 * outside / (1 - coverage))
    score = interval_score(y_true, lower, upper, coverage=coverage)
    assert score == pytest.approx(np.mean(expected))
    loss = pinball_loss(y_true, np.stack([lower, upper], axis=-1), quantiles=[(1 - coverage) / 2, (1 + coverage) / 2])
    assert score == pytest.approx(4 / (1 - coverage) * loss)


# --- pinball loss ---------------------------------------------------------------------------------


@given(tables(1) | tables(2), st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True))
def test_pinball_against_scikit_learn(y_true, percents):
    """The mean over quantiles of what scikit-learn says of each, over all known values."""
    levels = np.sort(percents) / 100
    quantiles = RNG.normal(size=(*y_true.shape, len(levels)))
    known = ~np.isnan(y_true)
    expected = [mean_pinball_loss(y_true[known], quantiles[known][:, k], alpha=a) for k, a in enumerate(levels)]
    assert_allclose(pinball_loss(y_true, quantiles, quantiles=levels), np.mean(expected))


def test_pinball_of_the_median_is_half_the_absolute_error():
    """And of tables as pandas has them."""
    y_true, median = pd.Series(TRUE[:, 0]), pd.DataFrame(PREDICTED[:, [0]])
    assert_allclose(pinball_loss(y_true, median, quantiles=[0.5]), mean_absolute_error(TRUE[:, 0], PREDICTED[:, 0]) / 2)


def test_a_table_of_one_column_is_a_series():
    """A forecast of one step comes as a table of one column: it goes with a y of one axis, and the other way round."""
    one, table = pd.Series(TRUE[:, 0]), pd.DataFrame(TRUE[:, [0]])
    for y_true, y_pred in ((one, table), (table, one), (table, table)):
        assert mean_absolute_scaled_error(y_true, y_pred, y_train=TRAINED[:, 0]) == 0
        assert coverage_score(y_true, y_pred, y_pred) == 1
    quantiles = PREDICTED[:, None, :2]
    expected = pinball_loss(one, quantiles[:, 0], quantiles=[0.2, 0.8])
    assert pinball_loss(table, quantiles, quantiles=[0.2, 0.8]) == expected
    assert pinball_loss(one, quantiles, quantiles=[0.2, 0.8]) == expected


# --- what is refused ------------------------------------------------------------------------------


def mase(y_true, y_pred, **params):
    return mean_absolute_scaled_error(y_true, y_pred, **({"y_train": [1.0, 2.0]} | params))


NAN = float("nan")
REFUSED = {
    "constant series": (
        lambda: mase([1.0], [2.0], y_train=[3.0, 3.0]),
        snapshot(
            "mean_absolute_scaled_error divides by what the naive forecast errs by on y_train (season=1), and that is 0: the series never changes. Take sklearn.metrics.mean_absolute_error, or a longer y_train."
        ),
    ),
    "short series": (
        lambda: mase([1.0], [2.0], y_train=[3.0, NAN, 4.0]),
        snapshot(
            "mean_absolute_scaled_error needs two known values of y_train that lie season=1 rows apart, in each column, got y_train of shape (3,). Pass a longer series."
        ),
    ),
    "season": (
        lambda: mase([1.0], [2.0], season=0),
        snapshot(
            "mean_absolute_scaled_error expects season to be an int of 1 or more, rows in a season, got season=0."
        ),
    ),
    "columns of the series": (
        lambda: mase(TRUE, TRUE, y_train=TRAINED[:, :2]),
        snapshot(
            "mean_absolute_scaled_error expects y_train of shape (n_rows,), one series for all outputs, or with a column for each output of y_true of shape (30, 3), got shape (50, 2)."
        ),
    ),
    "nothing known": (
        lambda: coverage_score([NAN], [0.0], [1.0]),
        snapshot("coverage_score got no known value in y_true of shape (1,). Pass rows whose future is known."),
    ),
    "axes": (
        lambda: coverage_score(np.zeros((1, 2, 3)), [0.0], [1.0]),
        snapshot("coverage_score expects y_true of shape (n_samples,) or (n_samples, n_outputs), got shape (1, 2, 3)."),
    ),
    "another shape": (
        lambda: coverage_score([1.0, 2.0], [0.0, 0.0], [1.0]),
        snapshot("coverage_score expects upper of shape (2,) beside this y_true, got shape (1,)."),
    ),
    "NaN": (
        lambda: mase([1.0, 2.0], [1.0, NAN]),
        snapshot(
            "mean_absolute_scaled_error got NaN in y_pred at row 1. Only y_true may hold NaN, for what is not known: leave out rows without a forecast."
        ),
    ),
    "inf": (
        lambda: coverage_score([[0.0, 1.0]], [[0.0, 0.0]], [[1.0, np.inf]]),
        snapshot("coverage_score got inf in upper at row 0, column 1."),
    ),
    "text": (
        lambda: mase(np.array(["a"]), [1.0]),
        snapshot(
            "mean_absolute_scaled_error expects numbers, got text in column 0 of y_true: 'a' in row 0. Encode the column as numbers, or drop it."
        ),
    ),
    "upside down": (
        lambda: coverage_score([1.0, 2.0], [0.0, 3.0], [1.0, 2.5]),
        snapshot(
            "coverage_score got a lower bound above its upper one at row 1: 3 and 2.5. Pass the bounds as coverage_score(y_true, lower, upper)."
        ),
    ),
    "upside down, scored": (
        lambda: interval_score([1.0, 2.0], [0.0, 3.0], [1.0, 2.5]),
        snapshot(
            "interval_score got a lower bound above its upper one at row 1: 3 and 2.5. Pass the bounds as interval_score(y_true, lower, upper)."
        ),
    ),
    "coverage": (
        lambda: interval_score([1.0], [0.0], [1.0], coverage=90),
        snapshot("interval_score expects coverage to be a number between 0 and 1, got 90. Pass 0.9 for 90 %."),
    ),
    "levels": (
        lambda: pinball_loss([1.0], [[1.0, 2.0]], quantiles=[0.5, 0.1]),
        snapshot(
            "pinball_loss expects quantiles strictly between 0 and 1, ascending, each once, like [0.1, 0.5, 0.9]; got quantiles=[0.5, 0.1]."
        ),
    ),
    "as many quantiles": (
        lambda: pinball_loss([1.0], [[1.0, 2.0]], quantiles=[0.5]),
        snapshot("pinball_loss expects y_quantiles of shape (1, 1) beside this y_true, got shape (1, 2)."),
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, message):
    """What no metric is defined for is refused, with what to pass instead."""
    assert refused(call) == message
