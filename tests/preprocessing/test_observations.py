"""Every kind of series is one matrix, and comes back as what it was."""

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from sklstm import SeriesScaler, Windows
from sklstm.preprocessing._observations import like_collection, like_series, read_observations

TABLE = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, index=pd.date_range("2026-01-01", periods=3))
SLIDING = sliding_window_view(np.arange(10.0), 4)[:, :, None]
ARRAYS = {
    "list": ([1.0, 2.0], (2, 1)),
    "array": (np.array([1.0, 2.0]), (2, 1)),
    "series": (TABLE["a"], (3, 1)),
    "table": (TABLE, (3, 2)),
    "matrix": (TABLE.to_numpy(), (3, 2)),
    "three axes": (np.ones((4, 3, 2)), (12, 2)),
    "overlapping": (SLIDING, (10, 1)),
    "windows": (Windows(np.arange(9.0)[:, None], [0, 5, 1], 4), (9, 1)),
}
SEQUENCES = {
    "matrices": ([TABLE.to_numpy(), TABLE.to_numpy()[:1]], (4, 2)),
    "one feature": ([[1.0, 2.0], TABLE["a"]], (5, 1)),
    "tables": ([TABLE, TABLE[:2]], (5, 2)),
    "object array": (like_collection(np.empty(0), [np.ones(2), np.ones(3)]), (5, 1)),
}


@pytest.mark.parametrize(("X", "shape"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_there_and_back(X, shape):
    """The matrix has a row for each time step in memory, and restores to the shape and values of X."""
    observations = read_observations(SeriesScaler(), X, reset=True)
    assert observations.values.shape == shape
    restored = observations.restore(observations.values * 2, lambda table, _: table)
    np.testing.assert_array_equal(restored, np.asarray(X) * 2)


@pytest.mark.parametrize(("X", "shape"), SEQUENCES.values(), ids=SEQUENCES)
def test_sequences_there_and_back(X, shape):
    """Sequences lie end to end, and come back one by one in a collection of the same type."""
    observations = read_observations(SeriesScaler(), X, reset=True)
    assert observations.values.shape == shape
    restored = observations.restore(observations.values * 2, None)
    assert type(restored) is type(X)
    for given, back in zip(X, restored, strict=True):
        np.testing.assert_array_equal(back, np.asarray(given) * 2)


def test_overlapping_windows_are_read_once_or_often():
    """Windows that overlap are read once for each row of the series, or once for each window where that matters."""
    assert read_observations(SeriesScaler(), SLIDING, reset=True).values.shape == (10, 1)
    expanded = read_observations(SeriesScaler(), SLIDING, reset=True, expand=True)
    np.testing.assert_array_equal(expanded.values, SLIDING.reshape(-1, 1))
    np.testing.assert_array_equal(expanded.restore(expanded.values, None), SLIDING)


def test_rows_that_no_window_shows():
    """The rows of a buffer that lie in no window are marked."""
    windows = Windows(np.arange(5.0)[:, None], [0, 1], 2)
    np.testing.assert_array_equal(
        read_observations(SeriesScaler(), windows, reset=True).shown, [True, True, True, False, False]
    )


def test_labels_come_back():
    """Series keep index and name, tables index and columns, also inside a list."""
    for X in ([TABLE, TABLE[:2]], [TABLE["a"], TABLE["a"][:2]]):
        observations = read_observations(SeriesScaler(), X, reset=True)
        for given, back in zip(X, observations.restore(observations.values, None), strict=True):
            assert type(back) is type(given)
            pd.testing.assert_index_equal(back.index, given.index)
    observations = read_observations(SeriesScaler(), TABLE["a"], reset=True)
    pd.testing.assert_series_equal(observations.restore(observations.values, None), TABLE["a"])


@pytest.mark.parametrize("given", [TABLE["a"], np.ones(3), [1.0, 2.0, 3.0], np.ones((3, 1)), TABLE[["a"]]])
def test_like_series(given):
    """Values come back with the axes, the index and the names of the series they are of."""
    made = like_series(given, np.array([[1.0], [2.0], [3.0]]))
    assert np.shape(made) == np.shape(given)
    np.testing.assert_array_equal(np.ravel(made), [1, 2, 3])
    if isinstance(given, pd.Series):
        pd.testing.assert_series_equal(made, TABLE["a"])
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(made, TABLE[["a"]])
