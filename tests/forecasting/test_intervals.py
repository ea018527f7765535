"""Conformal scores of many series at once, against a loop over series and rows."""

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
from sklstm.forecasting._intervals import ConformalScores, find_pairs, find_scores, widen

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


def known(scores):
    """Scores that are not NaN."""
    return [score for score in scores if not np.isnan(score)]


def latest(old, late, fewest):
    """As many as there were, or the fewest that are kept."""
    kept = max(len(old), fewest)
    return [*old, *late][-kept:] if kept else []


def margin_of_a_loop(old, late, fewest, recent, coverage):
    """The mean score of the rank that split conformal prediction asks for, among all and recent ones; None of too few."""
    scores = latest(old, late, fewest)
    needed = round(coverage / (1 - coverage), 9)
    if len(scores) < needed:
        return None
    selected = []
    for part in (scores, scores[-max(recent, ceil(needed)) :]):
        selected.append(sorted(part)[ceil(coverage * (len(part) + 1)) - 1])
    return sum(selected) / 2


@st.composite
def drawn_scores(draw, labels):
    """Labels, and scores of two steps, positive and negative, of which some are not known."""
    drawn = np.array(draw(st.lists(st.sampled_from(labels), min_size=1, max_size=30)), dtype=object)
    scores = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(len(drawn), 2))
    scores[np.random.default_rng(draw(st.integers(0, 99))).random(scores.shape) < 0.2] = np.nan
    return scores, drawn


def index_of(labels):
    codes, names = pd.factorize(pd.Index(labels))
    return SeriesIndex(len(labels), codes, pd.Index(names))


@given(
    drawn_scores("abc"),
    drawn_scores("abcde"),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.sampled_from([(0, 2), (6, 3), (50, 20)]),
)
def test_margins_of_a_loop(calibration, later, coverage, kept):
    """Each row goes by the latest scores of its series, and that of a series not seen by those of all of them."""
    (scores, labels), (new, new_labels) = calibration, later
    expected, few = np.empty(new.shape), None
    with_scores = labels[~np.isnan(scores).all(axis=1)]
    for row, label in enumerate(new_labels):
        own = labels == label if label in with_scores else np.ones(len(labels), dtype=bool)
        before = np.flatnonzero(new_labels[: row + 1] == label)
        for step in (1, 2):
            late = known(new[before[: len(before) - step], step - 1])
            # Those of all series are in no order of time.
            fewest, recent = kept if label in with_scores else (kept[0], 1000)
            margin = margin_of_a_loop(known(scores[own, step - 1]), late, fewest, recent, coverage)
            if margin is None and few is None:
                few = label, step
            expected[row, step - 1] = np.nan if margin is None else margin
    learned, index = ConformalScores(scores, labels, *kept), index_of(new_labels)
    args = "Forecaster", coverage, index, index.in_table_order(np.arange(len(new_labels))), 2, new[index.order]
    if few is None:
        assert_array_equal(learned.margins(*args), expected)
    else:
        with pytest.raises(ValueError, match="of {!r} at step {}".format(*few)):
            learned.margins(*args)


@given(drawn_scores("abc"), st.lists(drawn_scores("abcde"), min_size=1, max_size=2), st.sampled_from([0, 4]))
def test_scores_move_on_as_in_a_loop(calibration, batches, fewest):
    """New scores of a series replace its oldest ones if there are enough; those of series that were not seen change nothing."""
    scores, labels = calibration
    learned = pickle.loads(pickle.dumps(ConformalScores(scores, labels, fewest)))
    with_scores = labels[~np.isnan(scores).all(axis=1)]
    kept = {label: [known(step) for step in scores[labels == label].T] for label in with_scores}
    for new, new_labels in batches:
        index = index_of(new_labels)
        learned.move_on(index, new[index.order])
        for label, steps in kept.items():
            late = [known(step) for step in new[new_labels == label].T]
            kept[label] = [latest(old, more, fewest) for old, more in zip(steps, late, strict=True)]
    for step in (0, 1):
        everything = known(scores[:, step])
        assert_array_equal(
            learned.scores[step], np.concatenate([*(steps[step] for steps in kept.values()), everything])
        )


@given(st.lists(st.tuples(*[st.floats(-9, 9)] * 4), min_size=1, max_size=9))
def test_scores_and_widening_of_a_loop(rows):
    """A score is how far a value lies outside; ends move by a margin, and meet in the middle of a narrow interval."""
    truth, low, high, margins = np.array(rows).T
    lower, upper = np.minimum(low, high), np.maximum(low, high)
    expected = [max(a - y, y - b) for y, a, b in zip(truth, lower, upper, strict=True)]
    assert_array_equal(find_scores(truth, lower, upper), expected)
    for a, b, m, start, end in zip(lower, upper, margins, *widen(lower, upper, margins), strict=True):
        assert start <= end
        assert_allclose([start, end], [a - m, b + m] if m > -(b - a) / 2 else [(a + b) / 2] * 2, atol=1e-12)


@pytest.mark.parametrize(
    ("levels", "pairs"), [([0.1, 0.25, 0.5, 0.75, 0.9], [(0, 4), (1, 3)]), ([0.1, 0.5, 0.8], []), ([], [])]
)
def test_pairs_of_quantiles(levels, pairs):
    """Two levels make an interval if they are as far from 0.5 as each other."""
    found, coverages = find_pairs(np.array(levels))
    assert [tuple(pair) for pair in found] == pairs
    assert_allclose(coverages, [levels[high] - levels[low] for low, high in pairs])


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
