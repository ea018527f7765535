"""Sequences of different lengths."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import SequencePadder, SeriesScaler

INF = np.inf


def test_kinds_of_sequences():
    """Lists, arrays, Series and tables are sequences of one feature."""
    sequences = [[1, 2], np.array([3.0]), pd.Series([4]), pd.DataFrame({"a": [5]})]
    padder = SequencePadder(padding="post", value=0)
    np.testing.assert_array_equal(padder.fit_transform(sequences)[..., 0], [[1, 2], [3, 0], [4, 0], [5, 0]])
    assert padder.n_features_in_ == 1


@pytest.mark.parametrize(("longer", "dtype"), [(np.ones(3, np.float32), np.float32), (np.ones(3), np.float64)])
def test_dtype_of_sequences(longer, dtype):
    """Sequences are float32 where all of them are, else float64."""
    assert SequencePadder().fit_transform([np.ones(2, np.float32), longer]).dtype == dtype


def test_faulty_sequences():
    """A faulty sequence is refused by its number."""
    faulty = [
        [pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]})],
        [[1, 2], 3],
        [[[1, 2], [3, 4]], [[1, 2], [3]]],
        [np.ones((2, 3, 4)), np.ones((1, 3, 4))],
    ]
    assert [refused(SeriesScaler().fit, X) for X in faulty] == snapshot(
        [
            "SeriesScaler expects the same columns in every sequence, got ['b', 'a'] in sequence 1 and ['a', 'b'] in sequence 0.",
            "SeriesScaler expects an array of shape (n_timesteps, n_features) for each sequence, got the number 3 for sequence 1.",
            "SeriesScaler expects the same features at every time step, got time steps of different lengths in sequence 1.",
            "SeriesScaler expects each sequence to have shape (n_timesteps, n_features), got shape (2, 3, 4) for sequence 0.",
        ]
    )


def test_rows_as_sequences():
    """The rows of a table are sequences of one feature."""
    padder = SequencePadder().fit(np.ones((4, 5)))
    assert padder.n_features_in_ == 1
    assert padder.transform(np.ones((4, 5))).shape == (4, 5, 1)
    assert refused(padder.transform, np.array([["1", "wet"]])) == snapshot(
        "SequencePadder expects numbers, got text in column 1 of X: 'wet' in row 0. Encode the column as numbers, or drop it."
    )
    assert refused(padder.transform, np.array([[1, INF]])) == snapshot(
        "SequencePadder got inf in X at row 0, column 1. Replace it, or write NaN where nothing was observed."
    )
