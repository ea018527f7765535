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


def undo_differences(values, rows, coefficients, known=None, stretches=None):
    """Put the values of rows in the place of their differences, where the rows before them are values; in place.

    Parameters
    ----------
    values : ndarray of shape (n_all_rows, n_columns)
        Values and differences.
    rows : array-like of int of shape (n_rows,)
        Rows that are differences, ascending.
    coefficients : ndarray of int of shape (depth + 1,)
        From `lag_coefficients`.
    known : ndarray of shape (n_rows, n_columns), optional
        Values of these rows that are known; they replace those that differences do not tell. NaN elsewhere.
    stretches : ndarray of bool of shape (n_rows,), optional
        Mask of the rows that begin a stretch of their own. All stretches are undone side by side.
    """
    rows, lags = np.asarray(rows), 1 + np.flatnonzero(coefficients[1:])
    weights = -coefficients[lags].astype(np.float64)
    begins = np.array([0]) if stretches is None else np.flatnonzero(stretches)
    lengths = np.diff(np.append(begins, len(rows)))
    # The longest stretches come first, so that those which still go on lead the others.
    begins, lengths = (part[np.argsort(-lengths, kind="stable")] for part in (begins, lengths))
    for step in range(lengths[0] if len(rows) else 0):
        going = begins[: np.searchsorted(-lengths, -step)] + step
        places = rows[going]
        values[places] += np.tensordot(weights, values[places - lags[:, None]], axes=1)
        if known is not None:
            values[places] = np.where(np.isnan(values[places]), known[going], values[places])


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
    undo_differences(series, np.arange(past.shape[1], len(series)), lag_coefficients(lags))
    return series[past.shape[1] :].T
