"""What the inspection of a series reads: columns of numbers, on a regular grid where their index tells one."""

import numpy as np
import pandas as pd

from sklstm._series import SeriesIndex, as_table, find_holes, refuse_disorder
from sklstm._validation import refuse_infinity, refuse_text

# Correlations of fewer values than this tell nothing: the bound of the first lag alone is 0.45.
FEWEST_VALUES = 20


def read_table(who, series):
    """A series of any kind as a DataFrame whose rows are known to be in time order."""
    table = as_table(series, who)
    refuse_disorder(who, SeriesIndex(len(table), times=table.index))
    return table


def read_column(who, column, position):
    """A column as floats, NaN where nothing was observed; text, inf and too few values are refused.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    column : DataFrame of shape (n_rows, 1)
        Of the table.
    position : str
        What to call the column.

    Returns
    -------
    values : ndarray of shape (n_rows,)
        With as many rows.
    """
    refuse_text(who, column, "the series")
    values = pd.to_numeric(column.iloc[:, 0]).to_numpy(dtype=np.float64, na_value=np.nan)
    refuse_infinity(who, values[:, None], column, "the series")
    n_values = int(np.count_nonzero(~np.isnan(values)))
    if n_values < FEWEST_VALUES:
        raise ValueError(
            f"{who} needs at least {FEWEST_VALUES} values to see how they are related, got {n_values} in {position}. "
            "Pass a longer series."
        )
    return values


def on_grid(values, index, longest_hole):
    """Values with NaN where a regular index has a hole, as many as rows are missing, but no more than `longest_hole`.

    >>> days = pd.DatetimeIndex(["2026-01-09", "2026-01-10", "2026-01-13", "2026-01-14"])
    >>> on_grid(np.array([1.0, 2.0, 5.0, 6.0]), days, longest_hole=10)
    array([ 1.,  2., nan, nan,  5.,  6.])
    """
    holes = find_holes(index)
    if holes is None:
        return values
    rows, n_missing = holes
    return np.insert(values, np.repeat(rows, np.clip(n_missing, 1, longest_hole)), np.nan)


def fill_gaps(values):
    """Values with NaN replaced on the straight line between their neighbours, for what takes no NaN."""
    observed = ~np.isnan(values)
    if observed.all():
        return values
    rows = np.arange(len(values))
    return np.interp(rows, rows[observed], values[observed])
