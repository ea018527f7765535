"""Numbers and labels."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from net import Net
from refusal import refused
from sklearn.exceptions import DataConversionWarning

from sklstm._validation import check_labels, check_target, read_target, refuse_missing_target

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("y", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), [[1, 3], [2, 4]], ["1", "2"]])
def test_target(y):
    """A target of one or two axes passes as floats."""
    checked = check_target(Net(), y, (2, 3, 1))
    assert checked.dtype == np.float64
    np.testing.assert_array_equal(checked, np.asarray(y, dtype=float))


TARGETS = [
    (
        None,
        "Net requires y to be passed, but the target y is None. "
        "For the next value of a series: X, y = make_supervised(series).",
    ),
    (
        np.ones((4, 1, 1, 1)),
        "Net expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), got shape "
        "(4, 1, 1, 1).",
    ),
    (
        pd.Series([1, 2, NAN, 3], index=list("abcd")),
        "Net got NaN in y at row c: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (
        [[1, 2], [1, INF], [1, 2], [1, 2]],
        "Net got inf in y at row 1, column 1: Input y contains inf, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (
        ["dry", "wet", "wet", "dry"],
        "Net expects numbers, got text in column 0 of y: 'dry' in row 0. Encode the column as numbers, or drop it.",
    ),
    (
        [1, 2, 3],
        "Net got X with 4 samples (shape (4, 3, 1) is n_samples, n_timesteps, n_features) and y with 3. "
        "Both need the same number of rows.",
    ),
]


@pytest.mark.parametrize(("y", "message"), TARGETS)
def test_faulty_target(y, message):
    """A target that is missing, misshapen, not finite or of another length is refused."""
    assert refused(check_target, Net(), y, (4, 3, 1)) == message


def test_samples_on_the_wrong_axis():
    """A target as long as the only sample tells that the axes of X are swapped."""
    assert refused(check_target, Net(), [1, 2, 3], (1, 3, 2)) == snapshot(
        "Net got X with 1 samples (shape (1, 3, 2) is n_samples, n_timesteps, n_features) and y with 3. "
        "The 3 samples lie on the axis of time steps: X.reshape(3, 1, -1) makes them samples of one time step, "
        "LagFramer makes windows of them. Both need the same number of rows."
    )


def test_a_value_for_each_time_step_may_be_missing():
    """NaN passes where a sample has several values, until it is known which time steps were observed."""
    y = read_target(Net(), [[1, NAN], [2, 3]], (2, 2, 1))
    refuse_missing_target("Net", y, np.array([[True, False], [True, True]]))
    assert refused(refuse_missing_target, "Net", y, np.array([[True, True], [True, True]])) == snapshot(
        "Net got NaN in y at row 0, column 1: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )


@pytest.mark.parametrize(
    "y", [["a", "b"], [1, 2], [True, False], pd.Series(["a", "b"], dtype="category"), pd.Series(["a", "b"])]
)
def test_labels(y):
    """Labels of any type pass as they are."""
    np.testing.assert_array_equal(check_labels(Net(), y, (2, 3, 1)), np.asarray(y))


LABELS = [
    (None, TARGETS[0][1]),
    (
        ["a", None, "b", "b"],
        "Net got NaN in y at row 1: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (
        [1.0, INF, 2.0, 2.0],
        "Net got inf in y at row 1: Input y contains inf, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (["a", "b", "b"], TARGETS[-1][1]),
    (
        [[None, None]] * 4,
        "Net got no label at all in y: it is empty, or all of it is missing.",
    ),
]


@pytest.mark.parametrize(("y", "message"), LABELS)
def test_faulty_labels(y, message):
    """Labels that are missing or not as many as the samples are refused."""
    assert refused(check_labels, Net(), y, (4, 3, 1)) == message


def test_a_column_of_labels():
    """A column of labels is taken for one label to a sample, with scikit-learn's warning."""
    with pytest.warns(DataConversionWarning):
        assert check_labels(Net(), [["a"], ["b"]], (2, 3, 1)).shape == (2,)
    assert check_labels(Net(), [["a"], ["b"]], (2, 1, 1)).shape == (2, 1)
