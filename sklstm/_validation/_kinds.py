"""Which kind of X it is."""

import numpy as np
import pandas as pd


def is_ragged(X):
    """Whether X is a list, tuple or object array of sequences, each an array-like of its own."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and any(_length(row) is not None for row in X)
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return False
    return any(_is_table(row) for row in X) or len({_length(row) for row in X}) > 1


def _is_table(row):
    try:
        return np.ndim(row) == 2
    except ValueError:
        # Its own rows differ in length: a sequence, if a faulty one.
        return True


def _length(row):
    return len(row) if np.iterable(row) and not isinstance(row, (str, bytes)) else None


def n_dims(X):
    """Number of dimensions of X, from its shape or by reading it."""
    return len(X.shape) if hasattr(X, "shape") else np.ndim(X)


def read_numbers(X):
    """A list of numbers, or of rows of numbers, as an array; whatever has a shape passes untouched."""
    if isinstance(X, pd.Index):
        return pd.Series(X)
    return X if hasattr(X, "shape") else np.asarray(X)
