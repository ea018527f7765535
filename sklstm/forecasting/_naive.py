"""Forecasts without learning, from some rows of a series on: what a forecaster has to beat."""

import numpy as np


def naive_forecasts(data, target, origins, n_steps, season=None, **layout):
    """Persistence, drift, and where there is a season the last one once more.

    Parameters
    ----------
    data : SeriesTable
        The series; nothing after an origin is looked at.
    target : str
        The column to forecast.
    origins : ndarray of int of shape (n_origins,)
        After which rows forecasts begin.
    n_steps : int
        How many steps ahead.
    season : int, optional
        Rows in a season.
    **layout
        What follows what: see `SeriesTable.values_around`.

    Returns
    -------
    forecasts : dict of str to ndarray of shape (n_origins, n_steps)
        By the name of the method.

    References
    ----------
    Hyndman and Athanasopoulos, 2021, "Forecasting: Principles and Practice", 3rd edition, section 5.2.
    """
    values = data.table[target].to_numpy(dtype=np.float64)
    last, slope = (column[origins] for column in _last_and_slope(data, values))
    steps = np.arange(1, n_steps + 1)
    level = np.repeat(last[:, None], n_steps, axis=1)
    forecasts = {"persistence": level, "drift": level + slope[:, None] * steps}
    if season is not None:
        # So many rows before the origin lies the last value of the same place in a season.
        back = (steps - 1) % season + 1 - season
        same = data.values_around(values, back, **layout)[origins]
        forecasts["seasonal naive"] = np.where(np.isnan(same), level, same)
    return forecasts


def _last_and_slope(data, values):
    """The last observed value at each row, and the mean change for each row since the first one observed."""
    index, rows = data.index, np.arange(len(values))
    ordered = values[index.order]
    seen = ~np.isnan(ordered)
    first = np.minimum.reduceat(np.where(seen, rows, len(rows)), index.bounds[:-1])
    # Before anything was observed nothing better is known than the first value; a series without one stays NaN.
    first = np.repeat(np.where(first < index.bounds[1:], first, index.bounds[:-1]), index.lengths)
    place = np.maximum(np.maximum.accumulate(np.where(seen, rows, 0)), first)
    last, slope = ordered[place], (ordered[place] - ordered[first]) / np.maximum(place - first, 1)
    return index.in_table_order(last), index.in_table_order(slope)
