"""Differences of rows from earlier rows, and the way back. Pure NumPy."""

import numpy as np


def difference(values, lags):
    """Differences of rows from those `lag` rows before, one lag after the other; NaN where there are none.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Floating-point numbers.
    lags : sequence of int
        Each at least 1.

    Returns
    -------
    differences : ndarray of shape (n_rows, n_columns)
        A new array.
    """
    for lag in lags:
        differences = np.full_like(values, np.nan)
        np.subtract(values[lag:], values[:-lag], out=differences[lag:])
        values = differences
    return values


def lag_coefficients(lags):
    """Coefficients of the product of (1 - B^lag): what a difference takes of each earlier row, the row itself first.

    >>> lag_coefficients((1, 2)).tolist()
    [1, -1, -1, 1]
    """
    coefficients = np.ones(1, dtype=np.int64)
    for lag in lags:
        coefficients = np.pad(coefficients, (0, lag)) - np.pad(coefficients, (lag, 0))
    return coefficients


def undo_differences(values, rows, coefficients, known=None):
    """Put the values of rows in the place of their differences, where the rows before them are values; in place.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Values and differences.
    rows : sequence of int
        Rows that are differences, ascending.
    coefficients : ndarray of int of shape (depth + 1,)
        From `lag_coefficients`.
    known : dict of int to ndarray of shape (n_columns,), optional
        Values of some of these rows, for where their differences do not tell them.
    """
    lags = 1 + np.flatnonzero(coefficients[1:])
    weights = -coefficients[lags].astype(np.float64)
    for row in rows:
        values[row] += weights @ values[row - lags]
        if known and row in known:
            np.copyto(values[row], known[row], where=np.isnan(values[row]))


def follow(past, differences, lags):
    """Values that follow others, from their differences.

    Parameters
    ----------
    past : ndarray of shape (n_samples, n_past)
        As many values as the lags reach back over, oldest first.
    differences : ndarray of shape (n_samples, n_steps)
        Of the time steps that follow them.
    lags : sequence of int
        Each at least 1.

    Returns
    -------
    values : ndarray of shape (n_samples, n_steps)
    """
    # A sample is a column here: all of them go forward together.
    series = np.concatenate([past, differences], axis=1).T
    undo_differences(series, range(past.shape[1], len(series)), lag_coefficients(lags))
    return series[past.shape[1] :].T
