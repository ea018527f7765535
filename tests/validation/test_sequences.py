"""Ragged sequences."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from net import Net
from refusal import refused

from sklstm._validation import (
    check_n_features,
    check_rows_as_sequences,
    check_sequences,
)

NAN, INF = np.nan, np.inf


def test_sequences():
    """Sequences of every kind become float arrays of two axes."""
    net = Net()
    sequences = check_sequences(net, [[1, 2], np.array([3.0]), pd.Series([4]), pd.DataFrame({"a": [5]})], reset=True)
    assert [sequence.tolist() for sequence in sequences] == [[[1.0], [2.0]], [[3.0]], [[4.0]], [[5.0]]]
    assert net.n_features_in_ == 1


def test_dtype_of_sequences():
    """Sequences are float32 where all of them are, else float64."""
    single, double = np.ones(2, np.float32), np.ones(3)
    assert {sequence.dtype for sequence in check_sequences(Net(), [single, single[:1]], reset=True)} == {single.dtype}
    assert {sequence.dtype for sequence in check_sequences(Net(), [single, double], reset=True)} == {double.dtype}


def test_names_of_sequences():
    """The columns of DataFrames are the feature names."""
    net = Net()
    check_sequences(net, [pd.DataFrame({"a": [1], "b": [2]})], reset=True)
    assert list(net.feature_names_in_) == ["a", "b"]


SEQUENCES = [
    ([], "Net got an empty X: it holds no sequences."),
    (
        [np.ones((2, 1)), np.ones((2, 3))],
        "Net expects the same features in every sequence, got 3 in sequence 1 and 1 in sequence 0.",
    ),
    (
        [pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]})],
        "Net expects the same columns in every sequence, got ['b', 'a'] in sequence 1 and ['a', 'b'] in sequence 0.",
    ),
    (
        [[1, 2], 3],
        "Net expects an array of shape (n_timesteps, n_features) for each sequence, got the number 3 for sequence 1.",
    ),
    (
        [[[1, 2], [3, 4]], [[1, 2], [3]]],
        "Net expects the same features at every time step, got time steps of different lengths in sequence 1.",
    ),
    (
        [np.ones((2, 3, 4))],
        "Net expects each sequence to have shape (n_timesteps, n_features), got shape (2, 3, 4) for sequence 0.",
    ),
    ([[1], []], "Net got an empty sequence 1: it has no time steps. Drop it, and its y."),
    (
        [[1], [2, INF]],
        "Net got inf in sequence 1 of X at row 1, column 0. Replace it, or write NaN where nothing was observed.",
    ),
    (
        [[1], [2, "wet"]],
        "Net expects numbers, got text in column 0 of sequence 1 of X: 'wet' in row 1. "
        "Encode the column as numbers, or drop it.",
    ),
]


@pytest.mark.parametrize(("X", "message"), SEQUENCES)
def test_faulty_sequences(X, message):
    """A faulty sequence is refused by its number."""
    assert refused(check_sequences, Net(), X, reset=True) == message


def test_number_of_features():
    """The number of features is remembered at fit, and compared from then on."""
    net = Net()
    net.feature_names_in_ = ["a"]
    check_n_features(net, 2, "X of shape (4, 5, 2)", reset=True)
    assert net.n_features_in_ == 2
    assert not hasattr(net, "feature_names_in_")
    assert refused(check_n_features, net, 3, "X of shape (4, 5, 3)", reset=False) == snapshot(
        "X has 3 features, but Net is expecting 2 features as input: got X of shape (4, 5, 3)."
    )


def test_rows_as_sequences():
    """The rows of a table are sequences of one feature."""
    net = Net()
    windows = check_rows_as_sequences(net, np.ones((4, 5)), reset=True)
    assert windows.shape == (4, 5, 1)
    assert net.n_features_in_ == 1
    assert refused(check_rows_as_sequences, net, np.array([["1", "wet"]]), reset=True) == snapshot(
        "Net expects numbers, got text in column 1 of X: 'wet' in row 0. Encode the column as numbers, or drop it."
    )
    assert refused(check_rows_as_sequences, net, np.array([[1, INF]]), reset=True) == snapshot(
        "Net got inf in X at row 0, column 1. Replace it, or write NaN where nothing was observed."
    )
