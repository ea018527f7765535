"""Where series have no difference: the rows that are kept, and what is known of rows that are to be put back."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm.preprocessing._panel import of_series
from sklstm.preprocessing._time_axis import tells_time


class SeriesStart(NamedTuple):
    """The rows of a fitted series that its differences do not tell.

    Attributes
    ----------
    n_rows : int
        Number of all its rows.
    kept : ndarray of int of shape (n_kept,)
        Which of them differences do not tell.
    values : ndarray of shape (n_kept, n_features)
        What they hold, in original units.
    times : pd.Index or None
        When they were; None where nothing tells the time.
    begins : pd.Index or None
        Times of the rows that begin anew: the first, and those after a hole.
    """

    n_rows: int
    kept: np.ndarray
    values: np.ndarray
    times: pd.Index | None
    begins: pd.Index | None


def series_starts(layout, rows, lost):
    """A dict of SeriesStart, of rows that are sorted by series; `lost` is a mask of those to be kept."""
    starts = {}
    for piece, anew in _begins(layout):
        kept = np.flatnonzero(lost[piece.first : piece.stop])
        times = (piece.times[kept], piece.times[anew]) if _is_timed(piece) else (None, None)
        starts[piece.label] = SeriesStart(piece.stop - piece.first, kept, rows[piece.first + kept], *times)
    return starts


def known_values(who, layout, starts, ends, unobserved):
    """What is known of rows, beside their differences.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    layout : Layout
        Of the rows, with the `ends` of what was fitted.
    starts, ends : dict of label to SeriesStart, and to SeriesEnd
        The series that were fitted.
    unobserved : ndarray of bool of shape (n_rows,)
        Rows without a difference, sorted by series. Where no time tells, those that begin with one are the fitted rows,
        and others follow them.

    Returns
    -------
    contexts : list of tuple (row, gap, context)
        Rows that follow fitted ones, and these, as `frame` takes them.
    known : dict of int to ndarray of shape (n_features,)
        Values of rows, by their position.

    Raises
    ------
    ValueError
        If rows neither begin where fitted ones do, nor follow them.
    """
    contexts, known = [], {}
    for piece, anew in _begins(layout):
        start, end = starts.get(piece.label), ends.get(piece.label)
        of = of_series(piece.label)
        if start is None:
            _refuse(who, f"expects series that were fitted, got rows{of}, which was not.")
        timed = _is_timed(piece) and start.times is not None
        follows = piece.gap > 0 if timed else not unobserved[piece.first]
        _refuse_unknown_past(who, piece, start, anew[1:] if follows else anew, timed, of)
        if follows:
            contexts.append((piece.first, 1, end.context))
        if timed:
            places = start.times.get_indexer(piece.times)
            known |= {piece.first + row: start.values[places[row]] for row in np.flatnonzero(places >= 0)}
        elif not follows:
            known |= dict(zip((piece.first + start.kept).tolist(), start.values, strict=True))
    return contexts, known


def _refuse_unknown_past(who, piece, start, anew, timed, of):
    """Raise where any of the rows that begin anew does so where no fitted one does."""
    if timed:
        unknown = anew[start.begins.get_indexer(piece.times[anew]) < 0]
    else:
        n_rows, unknown = piece.stop - piece.first, anew[anew > 0]
        if 0 in anew and n_rows != start.n_rows:
            _refuse(
                who,
                f"expects the {start.n_rows} fitted rows{of}, or rows that follow them, which do not begin with NaN; "
                f"got {n_rows} that do.",
            )
    if len(unknown):
        _refuse(
            who,
            f"expects rows{of} that begin where fitted ones begin, or follow the last of them, got rows from "
            f"{piece.times[unknown[0]]} on.",
        )


def _refuse(who, complaint):
    raise ValueError(f"{who} {complaint} The values before them are not known: restore(past, differences) takes them.")


def _begins(layout):
    """Yield (piece, rows): those of its rows, counted from its first, that begin anew; the first is one."""
    begins = np.unique([0, *layout.breaks])
    bounds = np.searchsorted(begins, [(piece.first, piece.stop) for piece in layout.pieces])
    for piece, (first, stop) in zip(layout.pieces, bounds, strict=True):
        yield piece, begins[first:stop] - piece.first


def _is_timed(piece):
    return piece.times is not None and tells_time(piece.times)
