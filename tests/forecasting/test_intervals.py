"""Conformal intervals of many series at once, against a loop over series and rows."""

import pickle
from math import ceil

import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._series import SeriesIndex, select_ranked
from sklstm.forecasting._intervals import Residuals

KEYS = {"group": "store", "time": "day"}


@given(st.data(), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_select_ranked_as_sort_does(data, lengths):
    """Each value is that of its rank among the sorted values of the parts of its stretch."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    codes = np.repeat(np.arange(len(lengths)), lengths)
    values = rng.integers(0, 5, size=len(codes)).astype(float)
    bounds, stretches = np.append(0, np.cumsum(lengths)), []
    for code in rng.integers(0, len(lengths), size=6):
        cuts = np.sort(rng.integers(bounds[code], bounds[code + 1] + 1, size=4))
        if cuts[1] - cuts[0] + cuts[3] - cuts[2]:
            stretches.append((code, *cuts))
    if not stretches:
        return
    series, a, b, c, d = np.array(stretches).T
    ranks = rng.integers(0, b - a + d - c)
    expected = [
        np.sort(np.r_[values[i:j], values[k:m]])[rank] for i, j, k, m, rank in zip(a, b, c, d, ranks, strict=True)
    ]
    selected = select_ranked(values, codes, np.stack([a, c]), np.stack([b, d]), series, ranks)
    assert_array_equal(selected, expected)


def sizes_of(missed):
    """Sizes of the residuals that are known."""
    return [abs(value) for value in missed if not np.isnan(value)]


def width_of_a_loop(old, late, coverage):
    """The residual of the rank that split conformal prediction asks for, among the latest; None of too few."""
    rank = ceil(coverage * (len(old) + 1))
    return sorted([*old, *late][-len(old) :])[rank - 1] if rank <= len(old) else None


@st.composite
def residuals(draw, labels):
    """Labels, and residuals of two steps, of which some are not known."""
    drawn = np.array(draw(st.lists(st.sampled_from(labels), min_size=1, max_size=30)), dtype=object)
    missed = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(len(drawn), 2))
    missed[np.random.default_rng(draw(st.integers(0, 99))).random(missed.shape) < 0.2] = np.nan
    return missed, drawn


def index_of(labels):
    codes, names = pd.factorize(pd.Index(labels))
    return SeriesIndex(len(labels), codes, pd.Index(names))


@given(residuals("abc"), residuals("abcde"), st.sampled_from([0.2, 0.5]))
def test_half_widths_of_a_loop(calibration, later, coverage):
    """Each row goes by the latest residuals of its series, and that of a series not seen by those of all of them."""
    (missed, labels), (new, new_labels) = calibration, later
    expected, few = np.empty(new.shape), None
    for row, label in enumerate(new_labels):
        own = labels == label if label in labels else np.ones(len(labels), dtype=bool)
        before = np.flatnonzero(new_labels[: row + 1] == label)
        for step in (1, 2):
            late = sizes_of(new[before[: len(before) - step], step - 1])
            width = width_of_a_loop(sizes_of(missed[own, step - 1]), late, coverage)
            if width is None and few is None:
                few = label, step
            expected[row, step - 1] = np.nan if width is None else width
    learned, index = Residuals(missed, labels), index_of(new_labels)
    args = "Forecaster", coverage, index, index.in_table_order(np.arange(len(new_labels))), 2, new[index.order]
    if few is None:
        assert_array_equal(learned.half_widths(*args), expected)
    else:
        with pytest.raises(ValueError, match="of {!r} at step {}".format(*few)):
            learned.half_widths(*args)


@given(residuals("abc"), st.lists(residuals("abcde"), min_size=1, max_size=2))
def test_residuals_move_on_as_in_a_loop(calibration, batches):
    """New residuals of a series replace its oldest ones; those of series that were not seen change nothing."""
    missed, labels = calibration
    learned = pickle.loads(pickle.dumps(Residuals(missed, labels)))
    kept = {label: [sizes_of(step) for step in missed[labels == label].T] for label in labels}
    for new, new_labels in batches:
        index = index_of(new_labels)
        learned.move_on(index, new[index.order])
        for label, steps in kept.items():
            late = [sizes_of(step) for step in new[new_labels == label].T]
            kept[label] = [(old + more)[len(more) :] for old, more in zip(steps, late, strict=True)]
    for step in (0, 1):
        everything = sizes_of(missed[:, step])
        assert_array_equal(learned.sizes[step], np.concatenate([*(steps[step] for steps in kept.values()), everything]))


@pytest.fixture(scope="module")
def stores():
    """Five stores with 30 to 50 days, mixed; one of them closed on two days."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {"store": store, "day": pd.date_range("2026-01-01", periods=n), "sales": 10 * k + rng.normal(size=n)}
        )
        for k, (store, n) in enumerate(zip("ABCDE", (50, 30, 45, 31, 40), strict=True))
    ]
    parts[2].loc[[20, 38], "sales"] = np.nan
    return pd.concat(parts).sort_values("day", kind="stable").reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted(stores):
    """A forecaster that knows the first 20 days, calibrated on them; and the later ones."""
    known = stores["day"] < "2026-01-21"
    forecaster = lags(2, framer={"flatten": False}, target="sales", horizon=2, calibration=0.6, **KEYS)
    return forecaster.fit(stores[known]), stores[~known]


def test_intervals_of_each_series_alone(fitted):
    """Intervals of a panel are those of each series alone, and move on with update."""
    forecaster, later = fitted
    lower, upper = forecaster.predict_interval(later, coverage=0.7)
    updated = pickle.loads(pickle.dumps(forecaster)).update(later).forecast(interval=0.7)
    for store, rows in later.groupby("store"):
        alone = forecaster.predict_interval(rows, coverage=0.7)
        assert_allclose(lower.loc[rows.index], alone[0])
        assert_allclose(upper.loc[rows.index], alone[1])
        last, ahead = rows.index[-1], updated[updated["store"] == store]
        assert_allclose(ahead["lower"], lower.loc[last])
        assert_allclose(ahead["upper"], upper.loc[last])
    assert (upper - lower).groupby(later["store"]).nunique().gt(1).all(axis=None)
