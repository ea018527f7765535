"""Series of any kind as one matrix of observations, and the way back to the kind they came in."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._validation import check_3d, check_sequences, check_series_table, is_ragged, n_dims, read_numbers


class Observations(NamedTuple):
    """A matrix of shape (n_observations, n_features), and what makes it X's own kind again."""

    values: np.ndarray
    restore: Callable
    # Mask of the observations that X shows: a buffer may hold rows that lie in none of its windows.
    shown: np.ndarray | bool = True


def read_observations(estimator, X, *, reset, expand=False):
    """Lay the time steps of X end to end.

    Windows that overlap are read once for each row of their buffer; with `expand` once for each window,
    so that statistics do not depend on how the windows lie in memory. ``restore(values, contain)`` is the
    way back, where ``contain(table, X)`` puts a table into its container.
    """
    if is_ragged(X):
        return _read_sequences(estimator, X, reset)
    X = read_numbers(X)
    if n_dims(X) == 3:
        windows = check_3d(estimator, X, reset=reset)
        if expand:
            array = np.asarray(windows)
            return Observations(array.reshape(-1, array.shape[2]), lambda values, _: values.reshape(array.shape))
        return Observations(windows.buffer, lambda values, _: windows.over(values).as_view(), windows.shown())
    values = check_series_table(estimator, X, reset=reset)
    if n_dims(X) == 1:
        return Observations(values, lambda values, _: like_series(X, values))
    return Observations(values, lambda values, contain: contain(values, X))


def _read_sequences(estimator, X, reset):
    sequences = check_sequences(estimator, X, reset=reset)
    ends = np.cumsum([len(sequence) for sequence in sequences])[:-1]

    def restore(values, _):
        parts = np.split(values, ends)
        return like_collection(X, [like_series(given, part) for given, part in zip(X, parts, strict=True)])

    return Observations(np.concatenate(sequences), restore)


def like_collection(given, sequences):
    """A list of sequences as an object array, where that is what was given."""
    return boxed(sequences) if isinstance(given, np.ndarray) else sequences


def boxed(values):
    """An object array with an entry for each of `values`, whatever shape these have."""
    box = np.empty(len(values), dtype=object)
    box[:] = list(values)
    return box


def like_series(given, values):
    """Values in the container of a series or sequence that is given, with one axis where that has one."""
    if isinstance(given, pd.DataFrame):
        return pd.DataFrame(values, index=given.index, columns=given.columns)
    if n_dims(read_numbers(given)) != 1:
        return values
    values = values.reshape(-1)
    return pd.Series(values, index=given.index, name=given.name) if isinstance(given, pd.Series) else values
