"""What series showed last, and how far that is carried."""

from typing import NamedTuple

import numpy as np

from sklstm.preprocessing._time_axis import TimeAxis, as_numbers, learn_time_axis


class LastObservations(NamedTuple):
    """What a series showed last, feature by feature, and how long ago that was at its end.

    Attributes
    ----------
    values : ndarray of shape (n_features,)
        Last observation, in the units of X; NaN where there was none.
    rows_since : ndarray of int of shape (n_features,)
        Rows that came after it.
    times : ndarray of datetime64 or timedelta64 of shape (n_features,), or None
        When it was, where `limit` is a duration.
    axis : TimeAxis or None
        Calendar, step and last time of the series; None where nothing regular tells the time.
    """

    values: np.ndarray
    rows_since: np.ndarray
    times: np.ndarray | None
    axis: TimeAxis | None


def carry_forward(values, bounds, limit=None, clock=None):
    """Carry observations forward in a table whose series lie one below the other.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        NaN is not observed.
    bounds : ndarray of int of shape (n_series + 1,)
        First row of each series, and the number of rows.
    limit : int, timedelta64 or None
        How far, at most.
    clock : ndarray of datetime64 or timedelta64 of shape (n_rows,), optional
        When each row was, for a limit that is a duration.

    Returns
    -------
    filled : ndarray of shape (n_rows, n_features)
        Values with the last observation in place of NaN.
    sources : ndarray of int of shape (n_rows, n_features)
        Row of the last observation, whether or not the limit reaches so far; -1 where there is none.
    """
    rows = np.arange(len(values))[:, None]
    sources = np.where(np.isnan(values), -1, rows)
    np.maximum.accumulate(sources, axis=0, out=sources)
    begins = np.repeat(bounds[:-1], np.diff(bounds))[:, None]
    sources[sources < begins] = -1
    filled = np.take_along_axis(values, np.maximum(sources, 0), axis=0)
    beyond = sources < 0
    if limit is not None:
        age = rows - sources if clock is None else clock[:, None] - clock[sources]
        beyond |= age > limit
    filled[beyond] = np.nan
    return filled, sources


def fill_from_before(filled, empty, end, limit=None, clock=None):
    """Fill what is still `empty` of a series from the end of the rows before it, in place.

    A row that is not later than the observation is not filled from it, where there is a `clock`.
    """
    if clock is not None:
        age = clock[:, None] - end.times
        empty = empty & (age > np.timedelta64(0)) & (age <= limit)
    elif limit is not None:
        empty = empty & (end.rows_since + np.arange(1, len(filled) + 1)[:, None] <= limit)
    np.copyto(filled, end.values, where=empty)


def last_observations(values, sources, series, times=None, clock=None):
    """What each series showed last, where `sources` come from `carry_forward`.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Series, one below the other.
    sources : ndarray of int of shape (n_rows, n_features)
        Row of the last observation; -1 where there is none.
    series : dict of label to slice
        The rows of each series.
    times : pd.Index of shape (n_rows,), optional
        What tells which row follows another.
    clock : ndarray of datetime64 or timedelta64 of shape (n_rows,), optional
        When each row was, where that counts instead.

    Returns
    -------
    ends : dict of label to LastObservations
    """
    ends, axes = {}, {}
    for label, block in series.items():
        row = block.stop - 1
        known, last = sources[row] >= 0, sources[row]
        shown = np.where(known, values[last, np.arange(values.shape[1])], np.nan).astype(values.dtype, copy=False)
        seen = axis = None
        if clock is not None:
            seen = np.where(known, clock[last], np.array("NaT", dtype=clock.dtype))
        elif times is not None:
            # A regular step takes a while to find: series with the same times share it.
            same = as_numbers(times[block]).tobytes()
            axis = axes[same] = axes[same] if same in axes else learn_time_axis(times[block])
        ends[label] = LastObservations(shown, np.where(known, row - last, 0), seen, axis)
    return ends
