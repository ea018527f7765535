"""Rows of series that have no difference: those that are kept, and where they are needed to undo differences."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series._index import of_series
from sklstm._series._timeline import tells_time


class SeriesStarts(NamedTuple):
    """The fitted rows that differences do not tell.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,), or None
        Names of the series; None for a single one without a name.
    lengths : ndarray of int of shape (n_series,)
        Number of all rows of each series.
    codes : ndarray of int of shape (n_kept,)
        Series of each row that is kept.
    rows : ndarray of int of shape (n_kept,)
        Which row of its series it is.
    values : ndarray of shape (n_kept, n_features)
        What it holds, in original units.
    times : pd.Index of shape (n_kept,), or None
        When it was; None if nothing tells the time.
    begins : pd.MultiIndex or None
        Series and time of the rows that begin anew: the first of each series, and those after a hole.
    """

    labels: pd.Index | None
    lengths: np.ndarray
    codes: np.ndarray
    rows: np.ndarray
    values: np.ndarray
    times: pd.Index | None
    begins: pd.MultiIndex | None


def find_starts(layout, rows, lost):
    """SeriesStarts of rows that are sorted by series; `lost` is a mask of those to keep."""
    index, kept = layout.index, np.flatnonzero(lost)
    codes, times, begins = index.ordered_codes, None, None
    if tells_time(index.times):
        times = index.ordered_times[kept]
        begins = pd.MultiIndex.from_arrays([codes[layout.anew], index.ordered_times[layout.anew]])
    first = index.bounds[:-1][codes[kept]]
    return SeriesStarts(index.labels, index.lengths, codes[kept], kept - first, rows[kept], times, begins)


def find_known_values(who, layout, starts, ends, unobserved):
    """What is known of rows, beside their differences.

    Parameters
    ----------
    who : str
        Name of the method, for messages.
    layout : Layout
        Of the rows, with the `ends` of the fitted ones.
    starts, ends : SeriesStarts, SeriesEnds
        Of the fitted rows.
    unobserved : ndarray of bool of shape (n_rows,)
        Rows without a difference, sorted by series. If nothing tells the time, rows that begin with one are taken for
        the fitted ones, and others follow them.

    Returns
    -------
    contexts : tuple (rows, gaps, context)
        Rows that follow fitted ones, as `frame` takes them.
    rows : ndarray of int of shape (n_known,)
        Rows by series whose values are known.
    values : ndarray of shape (n_known, n_features)
        These values.

    Raises
    ------
    ValueError
        If rows neither begin where fitted ones do, nor follow them.
    """
    index = layout.index
    places = index.find(starts.labels)
    if (places < 0).any():
        of = of_series(index.label(int(np.argmax(places < 0))))
        _refuse(who, f"expects series that were fitted, got rows{of}, which was not.")
    first = index.bounds[:-1]
    timed = tells_time(index.times) and starts.times is not None
    follows = layout.gaps > 0 if timed else ~unobserved[first]
    if timed:
        _refuse_unknown_begins(who, layout, starts, places, follows)
        fitted = pd.MultiIndex.from_arrays([starts.codes, starts.times])
        found = fitted.get_indexer(pd.MultiIndex.from_arrays([places[index.ordered_codes], index.ordered_times]))
        rows = np.flatnonzero(found >= 0)
        values = starts.values[found[rows]]
    else:
        _refuse_other_lengths(who, index, starts, places, ~follows)
        # Without fitted times nothing is known of the rows after a hole.
        _refuse_rows(who, index, np.setdiff1d(np.flatnonzero(layout.anew), first))
        here = np.full(len(starts.lengths), -1)
        here[places[~follows]] = first[~follows]
        kept = here[starts.codes] >= 0
        rows, values = (here[starts.codes] + starts.rows)[kept], starts.values[kept]
    contexts = first[follows], np.ones(int(follows.sum()), dtype=np.intp), ends.context[places[follows]]
    return contexts, rows, values


def _refuse_unknown_begins(who, layout, starts, places, follows):
    """Raise if rows begin anew where no fitted ones do, and do not follow any."""
    index, anew = layout.index, layout.anew.copy()
    anew[index.bounds[:-1][follows]] = False
    rows = np.flatnonzero(anew)
    codes, times = index.ordered_codes[rows], index.ordered_times[rows]
    known = starts.begins.get_indexer(pd.MultiIndex.from_arrays([places[codes], times])) >= 0
    _refuse_rows(who, index, rows[~known])


def _refuse_rows(who, index, rows):
    """Raise if there are any of these rows by series, naming the first of them."""
    if len(rows):
        of = of_series(index.label(index.ordered_codes[rows[0]]))
        _refuse(
            who,
            f"expects rows{of} that begin where fitted ones begin, or follow the last of them, got rows from "
            f"{index.ordered_times[rows[0]]} on.",
        )


def _refuse_other_lengths(who, index, starts, places, fitted):
    """Raise if series that should be the fitted ones have another number of rows; nothing tells the time."""
    other = fitted & (index.lengths != starts.lengths[places])
    if other.any():
        code = int(np.argmax(other))
        _refuse(
            who,
            f"expects the {starts.lengths[places[code]]} fitted rows{of_series(index.label(code))}, or rows that "
            f"follow them, which do not begin with NaN; got {index.lengths[code]} that do.",
        )


def _refuse(who, complaint):
    raise ValueError(f"{who} {complaint} The values before them are not known: restore(past, differences) takes them.")
