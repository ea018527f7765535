"""Labels of windows, from the labels of the rows that they cover."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMClassifier, SeriesScaler, Windows

N, N_STEPS = 24, 4
SERIES = np.random.default_rng(0).normal(size=(N, 2))
STATES = np.where((np.arange(N) // 3) % 3 == 2, "walk", "sit")
WINDOWS = LagFramer(N_STEPS).fit_transform(SERIES)
METHODS = ["majority", "any"]


def small(**params):
    return LSTMClassifier(**({"units": 2, "epochs": 1, "random_state": 0} | params))


def by_loop(rows_of_windows, y, method):
    """The label of each window, row by row."""
    labels = []
    for rows in rows_of_windows:
        values = [y[row] for row in rows]
        if method == "any":
            labels.append(max(values))
            continue
        counts = Counter(values)
        labels.append(next(value for value in reversed(values) if counts[value] == max(counts.values())))
    return np.array(labels)


def rows_since(n_rows, n_steps, breaks=()):
    """The rows that the window of each row covers, none of them before the last break."""
    begins = [max([0, *(row for row in breaks if row <= k)]) for k in range(n_rows)]
    return [range(max(begin, k - n_steps + 1), k + 1) for k, begin in enumerate(begins)]


def assert_learns(labels, X, y, **params):
    """Assert that a classifier learns from y the same bits as another one from the labels of the windows."""
    assert not np.array_equal(labels, y)
    expected = small().fit(X, labels).predict_proba(X)
    assert_array_equal(small(**params).fit(X, y).predict_proba(X), expected)
    # One other label makes other weights.
    assert not np.array_equal(small().fit(X, y).predict_proba(X), expected)


# --- against a loop -------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "labels"), [("majority", ["run", "sit", "walk"]), ("any", ["no", "yes"])])
def test_against_a_loop(method, labels):
    """The label is the most frequent one, or the positive one, of the rows since the last hole, in any order."""
    rng = np.random.default_rng(0)
    n_rows, breaks = 90, [1, 2, 7, 30, 31, 60]
    y = np.array(labels)[np.minimum(rng.geometric(0.6, n_rows) - 1, len(labels) - 1)]
    times = np.arange(n_rows) + np.searchsorted(breaks, np.arange(n_rows), side="right")
    table = pd.DataFrame(rng.normal(size=(n_rows, 2)), columns=["a", "b"], index=times)
    for n_steps in (3, 6):
        windows = LagFramer(n_steps).fit_transform(table)
        order = rng.permutation(n_rows)
        expected = by_loop(rows_since(n_rows, n_steps, breaks), y, method)
        assert_learns(expected[order], windows[order], y[order], window_labels=method)


def test_rows_of_other_series_do_not_count():
    """Series whose rows come in turn are labelled as if each were alone."""
    labels = np.repeat(["a", "b"], N // 2)
    expected = np.concatenate([by_loop(rows_since(12, N_STEPS), part, "majority") for part in np.split(STATES, 2)])
    turn = np.arange(N).reshape(2, 12).T.ravel()
    windows = LagFramer(N_STEPS).fit_transform(SERIES[turn], groups=labels[turn])
    assert_learns(expected[turn], windows, STATES[turn], window_labels="majority")


def test_rows_that_are_left_out_do_not_count():
    """Windows that reach back into rows of another fold take no label from there."""
    kept = np.r_[0:8, 12:N]
    rows = [[row for row in rows if row in kept] for rows in rows_since(N, N_STEPS)]
    expected = by_loop([rows[k] for k in kept], STATES, "majority")
    assert expected[8] == STATES[12]
    assert_learns(expected, Windows.from_array(WINDOWS)[kept], STATES[kept], window_labels="majority")


# --- in fit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "windows",
    [
        np.lib.stride_tricks.sliding_window_view(SERIES, N_STEPS, axis=0).transpose(0, 2, 1),
        WINDOWS[N_STEPS - 1 :],
        Windows.from_array(WINDOWS)[N_STEPS - 1 :],
    ],
    ids=["sliding_window_view", "LagFramer", "Windows"],
)
def test_windows_that_share_memory(windows):
    """Any array whose windows share memory shows which rows they cover."""
    y = STATES[N_STEPS - 1 :]
    expected = by_loop(rows_since(len(y), N_STEPS), y, "any")
    assert_learns(expected, windows, y, window_labels="any")


def test_score_is_of_the_rows_own_labels():
    """Training on labels of windows changes neither the classes nor the true labels of the score."""
    y = np.where(np.arange(N) == 7, "fall", STATES)
    model = small(window_labels="majority").fit(WINDOWS, y)
    # No window is of the class "fall".
    assert model.classes_.tolist() == ["fall", "sit", "walk"]
    assert model.score(WINDOWS, y) == np.mean(model.predict(WINDOWS) == y)
    last = small(window_labels="last").fit(WINDOWS, y).predict_proba(WINDOWS)
    assert_array_equal(last, small().fit(WINDOWS, y).predict_proba(WINDOWS))


def test_in_a_pipeline():
    """Rows and their labels go through a stock pipeline, also where later calls hold one class only."""
    model = make_pipeline(SeriesScaler(), LagFramer(N_STEPS), small(window_labels="any"))
    assert model.fit(SERIES, STATES).predict(SERIES).shape == (N,)
    assert model[-1].partial_fit(WINDOWS[:5], np.full(5, "sit")).n_iter_ == 2


# --- errors ---------------------------------------------------------------------------------------


def test_samples_that_share_no_rows():
    """Samples that share no rows raise an error; windows of one time step have the label of their row."""
    X = np.array(WINDOWS)
    assert [refused(small(window_labels=method).fit, X, STATES) for method in METHODS] == snapshot(
        [
            "LSTMClassifier(window_labels='majority') looks at the labels of all rows that a window covers, but no "
            "window of X, of shape (24, 4, 2), covers the last row of another: they are samples by themselves. Pass "
            "the windows of a series, one for each row (LagFramer), uncopied, or drop window_labels.",
            "LSTMClassifier(window_labels='any') looks at the labels of all rows that a window covers, but no window "
            "of X, of shape (24, 4, 2), covers the last row of another: they are samples by themselves. Pass the "
            "windows of a series, one for each row (LagFramer), uncopied, or drop window_labels.",
        ]
    )
    one = LagFramer(1).fit_transform(SERIES)
    expected = small().fit(one, STATES).predict_proba(one)
    for method in METHODS:
        assert_array_equal(small(window_labels=method).fit(one, STATES).predict_proba(one), expected)


def test_any_of_three_classes():
    """Of three classes none is the positive one."""
    y = np.where(np.arange(N) == 7, "fall", STATES)
    assert refused(small(window_labels="any").fit, WINDOWS, y) == snapshot(
        "LSTMClassifier(window_labels='any') asks whether any row of a window is positive, and expects two classes, "
        "got 3: 'fall', 'sit', 'walk'. Make them two (y == 'walk'), or pass window_labels='majority'."
    )


def test_several_labels_to_a_row():
    """Rows have one label each."""
    y = np.stack([STATES == "sit", STATES == "walk"], axis=1).astype(int)
    assert refused(small(window_labels="majority").fit, WINDOWS, y) == snapshot(
        "LSTMClassifier(window_labels='majority') expects a label for each row, y of shape (n_samples,), got y of "
        "shape (24, 2). Drop window_labels, or fit an estimator for each of the labels."
    )


def test_unknown_methods():
    """Other names of a method raise an error."""
    with pytest.raises(ValueError, match="'window_labels' parameter of LSTMClassifier must be a str among"):
        small(window_labels="mean").fit(WINDOWS, STATES)
