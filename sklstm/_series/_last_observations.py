"""Last observations of series, and how far they are carried."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series._calendars import NOWHERE
from sklstm._series._timeline import Timeline


class LastObservations(NamedTuple):
    """The last observation of each feature of each series, and how long ago it was at the end of the series.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,), or None
        Names of the series; None for a single one without a name.
    values : ndarray of shape (n_series, n_features)
        Last observation, in the units of X; NaN if there is none.
    rows_since : ndarray of int of shape (n_series, n_features)
        Number of rows after it.
    times : ndarray of datetime64 or timedelta64 of shape (n_series, n_features), or None
        When it was, where the limit is a duration.
    timeline : Timeline
        What follows what.
    steps, positions : ndarray of int of shape (n_series,)
        Step of each series on the timeline, and position of its last row; NOWHERE if it has none.
    """

    labels: pd.Index | None
    values: np.ndarray
    rows_since: np.ndarray
    times: np.ndarray | None
    timeline: Timeline
    steps: np.ndarray
    positions: np.ndarray

    def continued_by(self, index, places):
        """Mask of the series of a SeriesIndex whose first row is the next one after these; `places` are theirs here."""
        if self.timeline.calendar is None or index.times is None:
            return np.zeros(index.n_series, dtype=bool)
        now = self.timeline.positions(index.ordered_times[index.bounds[:-1]])
        return (places >= 0) & self.timeline.follow(self.positions[places], now, self.steps[places])


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


def fill_from_before(filled, empty, index, ends, places, limit=None, clock=None):
    """Fill what is still `empty` of series from the end of the rows before them, in place.

    A row that is not later than the observation is not filled from it, where there is a `clock`.

    Parameters
    ----------
    filled : ndarray of shape (n_rows, n_features)
        Rows by series, from `carry_forward`.
    empty : ndarray of bool of shape (n_rows, n_features)
        Values before the first observation of each series.
    index : SeriesIndex
        Of these rows.
    ends : LastObservations
        Of the rows before.
    places : ndarray of int of shape (n_series,)
        Series of `ends` from which each series is filled; -1 for one that is not.
    limit, clock
        As in `carry_forward`.
    """
    codes = index.ordered_codes
    rows = np.flatnonzero(empty.any(axis=1) & (places >= 0)[codes])
    source = places[codes[rows]]
    reached = empty[rows]
    if clock is not None:
        age = clock[rows][:, None] - ends.times[source]
        reached = reached & (age > np.timedelta64(0)) & (age <= limit)
    elif limit is not None:
        since = 1 + rows - index.bounds[:-1][codes[rows]]
        reached = reached & (ends.rows_since[source] + since[:, None] <= limit)
    filled[rows] = np.where(reached, ends.values[source], filled[rows])


def find_last_observations(values, sources, index, timeline, clock=None):
    """LastObservations of rows by series, where `sources` come from `carry_forward`.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Rows by series.
    sources : ndarray of int of shape (n_rows, n_features)
        Row of the last observation; -1 if there is none.
    index : SeriesIndex
        Of these rows.
    timeline : Timeline
        What follows what.
    clock : ndarray of datetime64 or timedelta64 of shape (n_rows,), optional
        When each row was, for a limit that is a duration.

    Returns
    -------
    ends : LastObservations
    """
    last = index.bounds[1:] - 1
    source = sources[last]
    known = source >= 0
    shown = np.take_along_axis(values, np.maximum(source, 0), axis=0)
    positions = timeline.positions(index.ordered_times)
    return LastObservations(
        labels=index.labels,
        values=np.where(known, shown, np.nan).astype(values.dtype, copy=False),
        rows_since=np.where(known, last[:, None] - source, 0),
        times=None if clock is None else np.where(known, clock[source], np.array("NaT", dtype=clock.dtype)),
        timeline=timeline,
        steps=timeline.find_steps(positions, index.bounds),
        positions=positions[last] if len(positions) else np.full(index.n_series, NOWHERE),
    )
