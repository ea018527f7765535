"""Labels of windows, from the labels of the rows that they cover."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMClassifier, SeriesScaler, Windows
from sklstm._windows import frame
from sklstm.estimators._window_labels import label_windows

N = 24
SERIES = np.random.default_rng(0).normal(size=(N, 2))
STATES = np.where((np.arange(N) // 3) % 3 == 2, "walk", "sit")


def small(**params):
    return LSTMClassifier(**({"units": 2, "epochs": 1, "random_state": 0} | params))


def by_loop(rows_of_windows, y, how, positive=None):
    """The label of each window, row by row."""
    labels = []
    for rows in rows_of_windows:
        values = [y[row] for row in rows]
        if how == "any":
            labels.append(positive if positive in values else next(label for label in y if label != positive))
            continue
        counts = Counter(values)
        most = max(counts.values())
        labels.append(next(value for value in reversed(values) if counts[value] == most))
    return labels


# --- against a loop -------------------------------------------------------------------------------


@given(
    y=st.lists(st.sampled_from(["run", "sit", "walk"]), min_size=2, max_size=30),
    n_steps=st.integers(1, 9),
    breaks=st.sets(st.integers(1, 29)),
    data=st.data(),
)
def test_majority_against_a_loop(y, n_steps, breaks, data):
    """The most frequent label, the latest of those as frequent, of the rows since the last hole; in any order."""
    n_rows = len(y)
    breaks = sorted(row for row in breaks if row < n_rows)
    windows = frame(np.zeros((n_rows, 1)), n_steps, breaks)
    begins = [max([0, *(row for row in breaks if row <= k)]) for k in range(n_rows)]
    rows = [range(max(begin, k - n_steps + 1), k + 1) for k, begin in enumerate(begins)]
    order = np.array(data.draw(st.permutations(range(n_rows))))
    expected = np.array(by_loop(rows, y, "majority"))[order]
    if n_steps > 1 and len(breaks) == n_rows - 1:
        return
    found = label_windows("LSTMClassifier", windows[order], np.array(y)[order], np.unique(y), "majority")
    assert found.tolist() == expected.tolist()


@given(y=st.lists(st.booleans(), min_size=2, max_size=30), n_steps=st.integers(2, 9))
def test_any_against_a_loop(y, n_steps):
    """Positive where any row that a window covers is."""
    windows = frame(np.zeros((len(y), 1)), n_steps)
    rows = [range(max(0, k - n_steps + 1), k + 1) for k in range(len(y))]
    found = label_windows("LSTMClassifier", windows, np.array(y), np.array([False, True]), "any")
    assert found.tolist() == [any(y[row] for row in covered) for covered in rows]


def test_rows_of_other_series_do_not_count():
    """Series that lie end to end in one buffer, and come row by row in turn, are labelled as if alone."""
    n_steps, of_series = 4, {"a": STATES[:12], "b": STATES[12:]}
    framed = frame(SERIES, n_steps, breaks=[12])
    turn = np.arange(N).reshape(2, 12).T.ravel()
    found = label_windows("LSTMClassifier", framed[turn], STATES[turn], np.unique(STATES), "majority")
    for k, states in enumerate(of_series.values()):
        alone = label_windows("LSTMClassifier", frame(SERIES[:12], n_steps), states, np.unique(STATES), "majority")
        assert found[turn // 12 == k].tolist() == alone.tolist()


def test_rows_that_are_left_out_do_not_count():
    """Windows that reach back into rows of another fold take no label from there."""
    windows = frame(SERIES, 4)[np.r_[0:8, 12:N]]
    states = STATES[np.r_[0:8, 12:N]]
    found = label_windows("LSTMClassifier", windows, states, np.unique(STATES), "majority")
    assert found[8] == states[8]


# --- in fit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["majority", "any"])
@pytest.mark.parametrize(
    "windows_of",
    [
        lambda n_steps: np.lib.stride_tricks.sliding_window_view(SERIES, n_steps, axis=0).transpose(0, 2, 1),
        lambda n_steps: frame(SERIES, n_steps)[n_steps - 1 :],
        lambda n_steps: LagFramer(n_steps).fit_transform(SERIES)[n_steps - 1 :],
    ],
    ids=["sliding_window_view", "Windows", "LagFramer"],
)
def test_what_is_learned(how, windows_of):
    """It learns what it would from the labels that a loop finds; from its own y otherwise."""
    n_steps, y = 4, STATES[3:]
    X = windows_of(n_steps)
    rows = [range(max(0, k - 3), k + 1) for k in range(len(y))]
    of_windows = np.array(by_loop(rows, y, how, positive="walk"))
    assert (of_windows != y).any()
    model = small(window_labels=how).fit(X, y)
    assert_array_equal(model.predict_proba(X), small().fit(X, of_windows).predict_proba(X))
    assert model.classes_.tolist() == ["sit", "walk"]
    # The score is that of the rows' own labels.
    assert model.score(X, y) == np.mean(model.predict(X) == y)
    assert_array_equal(small(window_labels="last").fit(X, y).predict_proba(X), small().fit(X, y).predict_proba(X))


def test_in_a_pipeline():
    """Rows and their labels go through a stock pipeline, also where later calls hold one class only."""
    model = make_pipeline(SeriesScaler(), LagFramer(n_steps=3), small(window_labels="any", class_weight="balanced"))
    assert clone(model).fit(SERIES, STATES).predict(SERIES).shape == (N,)
    windows = frame(SERIES, 3)
    going_on = small(window_labels="any").partial_fit(windows, STATES)
    assert going_on.partial_fit(windows[:4], np.full(4, "sit")).n_iter_ == 2


def test_classes_of_windows_may_be_fewer():
    """A class that no window is of is a class all the same."""
    y = np.where(np.arange(N) == 7, "fall", STATES)
    model = small(window_labels="majority").fit(frame(SERIES, 5), y)
    assert model.predict_proba(frame(SERIES, 5)).shape == (N, 3)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["majority", "any"])
def test_samples_by_themselves_are_refused(how):
    """Samples that share no rows have no other labels; windows of one time step are their row."""
    X = np.array(frame(SERIES, 4))
    assert refused(small(window_labels=how).fit, X, STATES) == (
        f"LSTMClassifier(window_labels='{how}') looks at the labels of all rows that a window covers, but no window of "
        "X, of shape (24, 4, 2), covers the last row of another: they are samples by themselves. Pass the windows of a "
        "series, one for each row (LagFramer), uncopied, or drop window_labels."
    )
    one = frame(SERIES, 1)
    assert_array_equal(
        small(window_labels=how).fit(one, STATES).predict_proba(one), small().fit(one, STATES).predict_proba(one)
    )


def test_any_of_three_is_refused():
    """Of three classes none is the positive one."""
    y = np.where(np.arange(N) == 7, "fall", STATES)
    assert refused(small(window_labels="any").fit, frame(SERIES, 4), y) == snapshot(
        "LSTMClassifier(window_labels='any') asks whether any row of a window is positive, and expects two classes, "
        "got 3: 'fall', 'sit', 'walk'. Make them two (y == 'walk'), or pass window_labels='majority'."
    )


def test_several_labels_to_a_row_are_refused():
    """Rows have one label each."""
    y = np.stack([STATES == "sit", STATES == "walk"], axis=1).astype(int)
    assert refused(small(window_labels="majority").fit, frame(SERIES, 4), y) == snapshot(
        "LSTMClassifier(window_labels='majority') expects a label for each row, y of shape (n_samples,), got y of "
        "shape (24, 2). Drop window_labels, or fit an estimator for each of the labels."
    )


def test_unknown_names_are_refused():
    """The parameter has three names."""
    assert "'window_labels' parameter of LSTMClassifier must be a str among" in refused(
        small(window_labels="mean").fit, Windows.from_array(np.ones((4, 3, 1))), STATES[:4]
    )
