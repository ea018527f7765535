"""Straight lines through the rows of each series: least squares on arrays and bounds, without a loop over series."""

import numpy as np

from sklstm._series._statistics import find_quantiles


def fit_lines(x, y, bounds):
    """Least-squares slope and offset of ``y = slope * x + offset`` in each series.

    Parameters
    ----------
    x, y : ndarray of shape (n_rows,)
        Rows by series, none of them NaN.
    bounds : ndarray of int of shape (n_series + 1,)
        First row of each series, and the number of rows. Every series has a row.

    Returns
    -------
    slope, offset : ndarray of shape (n_series,)
        A series in which x never changes has slope 1.
    """
    lengths, begins = np.diff(bounds), bounds[:-1]
    means = [np.add.reduceat(values, begins) / lengths for values in (x, y)]
    dx, dy = (values - np.repeat(mean, lengths) for values, mean in zip((x, y), means, strict=True))
    spread = np.add.reduceat(dx * dx, begins)
    flat = np.maximum.reduceat(x, begins) == np.minimum.reduceat(x, begins)
    slope = np.where(flat, 1.0, np.add.reduceat(dx * dy, begins) / np.where(spread > 0, spread, 1.0))
    return slope, means[1] - slope * means[0]


def fit_robust_lines(x, y, bounds, tolerance, strays):
    """Lines as `fit_lines` finds them, among rows of which some do not belong together.

    Medians draw a first line; rows that miss it by more than `tolerance` standard deviations of y are strays and left
    out of the least squares.

    Returns
    -------
    slope, offset : ndarray of shape (n_series,)
    holds : ndarray of bool of shape (n_series,)
        Whether the series has a line: x changes, and no more than the share `strays` of its rows miss it.
    """
    codes = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    steps, rises = np.diff(x, prepend=np.nan), np.diff(y, prepend=np.nan)
    steps[bounds[:-1]] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = np.where(steps != 0, rises / steps, np.nan)
    slope = _median(slopes, bounds)
    offset = _median(y - slope[codes] * x, bounds)
    mean = np.add.reduceat(y, bounds[:-1]) / np.diff(bounds)
    spread = np.sqrt(np.add.reduceat((y - mean[codes]) ** 2, bounds[:-1]) / np.diff(bounds))
    near = np.abs(y - slope[codes] * x - offset[codes]) <= tolerance * spread[codes]
    share = np.add.reduceat(~near, bounds[:-1], dtype=np.intp) / np.diff(bounds)
    holds = ~np.isnan(slope) & (slope != 0) & (share <= strays)
    kept = near & holds[codes]
    counts = np.bincount(codes[kept], minlength=len(holds))
    if holds.any():
        # Slopes of small steps are rounded: once more over the rows that belong together.
        fitted = fit_lines(x[kept], y[kept], np.append(0, np.cumsum(counts[holds])))
        slope[holds], offset[holds] = fitted
    return slope, offset, holds


def _median(values, bounds):
    return find_quantiles(values[:, None], bounds, [0.5])[0, :, 0]
