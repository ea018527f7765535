"""Which kind of X it is."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import Windows
from sklstm._validation import (
    is_ragged,
    n_dims,
    read_numbers,
    stack_sequences,
)

NAN, INF = np.nan, np.inf


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
NOT_RAGGED = [
    [],
    [1, 2],
    ["a", "bc"],
    [[1, 2], [3, 4]],
    [np.ones(2), np.ones(2)],
    np.ones((2, 3)),
    np.array([1.0, None], dtype=object),
    np.array(["a", "bc"], dtype=object),
    np.array([], dtype=object),
    pd.DataFrame({"a": [1]}),
    pd.Series([1, 2]),
    "text",
    3.0,
    None,
    Windows(np.ones((3, 1)), [0, 1], 2),
]


@pytest.mark.parametrize("X", RAGGED, ids=repr)
def test_ragged(X):
    """Sequences of different lengths, or tables one by one, are ragged."""
    assert is_ragged(X)


@pytest.mark.parametrize("X", NOT_RAGGED, ids=repr)
def test_not_ragged(X):
    """Numbers, text, tables, and rows of one length are not ragged."""
    assert not is_ragged(X)


def test_dimensions():
    """The dimensions of X are those of its shape, or of the array that it makes."""
    assert n_dims([[1, 2]]) == 2
    assert n_dims(pd.Series([1])) == 1
    assert n_dims(Windows(np.ones((3, 1)), [0, 1], 2)) == 3


def test_reading():
    """What has a shape passes untouched, lists become arrays."""
    table = pd.DataFrame({"a": [1]})
    assert read_numbers(table) is table
    np.testing.assert_array_equal(read_numbers([1, 2]), [1, 2])


def test_stacking():
    """Sequences of one length become one array, of different lengths they are refused."""
    assert stack_sequences("Net", [np.ones((2, 3)), np.ones((2, 3))]).shape == (2, 2, 3)
    assert stack_sequences("Net", [[1, 2], [3, 4]]).shape == (2, 2)
    assert refused(stack_sequences, "Net", [[1, 2], [3]]) == snapshot(
        "Net expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
        "Put a SequencePadder before it."
    )
