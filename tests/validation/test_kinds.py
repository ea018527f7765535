"""Sequences of different lengths are told from tables and arrays."""

import numpy as np
import pandas as pd
import pytest

from sklstm import ForwardFill, SeriesScaler, Windows

RAGGED = [
    [[1, 2], [3]],
    [[1], 2],
    ([1, 2], (3,)),
    [np.ones(2), np.ones(3)],
    [np.ones((2, 1)), np.ones((2, 1))],
    [pd.DataFrame({"a": [1]})],
    [pd.Series([1, 2]), pd.Series([1])],
    [[[1], [2]], [[3]]],
    [[[1, 2], [3]]],
    np.array([np.ones(2), None], dtype=object),
]
TABLES = [
    [1, 2],
    [[1, 2], [3, 4]],
    [np.ones(2), np.ones(2)],
    np.ones((2, 3)),
    np.array([1.0, None], dtype=object),
    pd.DataFrame({"a": [1]}),
    pd.Series([1, 2]),
]
OTHERS = [
    [],
    ["a", "bc"],
    np.array(["a", "bc"], dtype=object),
    np.array([], dtype=object),
    "text",
    3.0,
    None,
    Windows(np.ones((3, 1)), [0, 1], 2),
]


@pytest.mark.parametrize("X", RAGGED, ids=repr)
def test_sequences(X):
    """Sequences of different lengths, or tables one by one, are no series table."""
    with pytest.raises(
        ValueError, match=r"^ForwardFill expects one series table .* sequences\. Pass each by itself\.$"
    ):
        ForwardFill().fit(X)


@pytest.mark.parametrize("X", TABLES, ids=repr)
def test_tables(X):
    """Numbers, and rows of one length, are a series table."""
    ForwardFill().fit(X)


@pytest.mark.parametrize("X", OTHERS, ids=repr)
def test_neither(X):
    """Text, numbers and windows are no series table, but no sequences either."""
    with pytest.raises((TypeError, ValueError)) as error:
        ForwardFill().fit(X)
    assert "sequences" not in str(error.value)


def test_an_index_is_a_series():
    """An Index of pandas holds the values of one feature."""
    np.testing.assert_array_equal(SeriesScaler().fit_transform(pd.Index([1.0, 2.0, 3.0])), [0, 0.5, 1])
