"""Where windows may reach: the series of a table, their times, their ends, and what follows them."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._windows import frame, row_positions
from sklstm.preprocessing._panel import of_series
from sklstm.preprocessing._time_axis import (
    TimeAxis,
    as_numbers,
    check_time_order,
    continues,
    elapsed_between,
    find_breaks,
    find_slots,
    learn_time_axis,
    slots_of,
    tells_time,
)


class SeriesEnd(NamedTuple):
    """Where a series ended: what new rows need to go on from it.

    Attributes
    ----------
    axis : TimeAxis or None
        Calendar, step and last time; None where nothing regular tells the time.
    observed : object
        Time of the last row that was observed, or None.
    last : object
        Time of the last row, or None.
    context : ndarray of shape (n_context, n_features)
        Its last time steps.
    """

    axis: TimeAxis | None
    observed: object
    last: object
    context: np.ndarray


class Piece(NamedTuple):
    """The rows of one series in a table that is sorted by series."""

    label: object
    first: int
    stop: int
    times: pd.Index | None
    axis: TimeAxis | None
    end: SeriesEnd | None  # where it ended before, if these rows follow
    gap: int  # time steps from there to the first of these rows


class Layout:
    """Which rows of a table follow each other.

    Parameters
    ----------
    who : str
        Name of the transformer, for messages.
    keys : Keys
        The series and the time of each row.
    n_steps : int
        Length of the windows.
    max_gap, freq, context
        As for LagFramer.
    ends : dict of label to SeriesEnd
        Series that are known, to go on from.

    Attributes
    ----------
    order : ndarray of int, or slice
        Rows of the table by series.
    pieces : list of Piece
        One for each series.
    breaks : list of int
        Rows, in that order, that do not follow the row before them.
    slots : ndarray of int or None
        Time step of each row, where they lie on a grid.
    """

    def __init__(self, who, keys, n_steps, *, max_gap, freq, context, ends):
        self.who, self.n_steps, self.max_gap, self.freq, self.context = who, n_steps, max_gap, freq, context
        several = len(keys.labels) > 1
        series = list(keys.rows())
        self.order = np.concatenate([rows for _, rows in series]) if several else slice(None)
        self.pieces, self.breaks = [], []
        self.slots = None if freq is None else np.empty(len(keys.codes), dtype=np.int64)
        self._known = {}
        first = 0
        for label, rows in series:
            times = keys.times if keys.times is None or not several else keys.times[rows]
            end = ends.get(label)
            axis, breaks, slots = self._read(times, end, rows, of_series(label), several)
            if slots is not None:
                self.slots[first : first + len(rows)] = slots
            self.breaks += [first] * (first > 0) + [first + row for row in breaks]
            gap = self._gap(times, end)
            self.pieces.append(Piece(label, first, first + len(rows), times, axis, end if gap else None, gap))
            first += len(rows)

    def frame(self, rows):
        """Windows of these rows, which are sorted by series."""
        contexts = [(piece.first, piece.gap, piece.end.context) for piece in self.pieces if piece.gap]
        return frame(rows, self.n_steps, self.breaks, contexts, self.slots)

    def ends(self, windows, rows):
        """Where each series ends, by its windows and its rows: a dict of SeriesEnd."""
        positions = row_positions(len(windows), self.n_steps, self.breaks, self.slots)
        begins = np.array([0, *self.breaks])
        ends = {}
        for piece in self.pieces:
            begin = begins[np.searchsorted(begins, piece.stop - 1, side="right") - 1]
            shown = len(piece.end.context) + piece.gap - 1 if begin == piece.first and piece.gap else 0
            last = positions[piece.stop - 1]
            context = windows.buffer[max(last + 2 - self.n_steps, positions[begin] - shown) : last + 1]
            when = getattr(piece.end, "observed", None)
            seen = None if piece.times is None else _last_observed(rows[piece.first : piece.stop])
            if seen is not None:
                when = piece.times[seen]
            time = None if piece.times is None else piece.times[-1]
            axis = None if piece.axis is None else piece.axis._replace(last=time)
            context = context[:0] if self.n_steps == 1 else context
            ends[piece.label] = SeriesEnd(axis, when, time, context.copy())
        return ends

    def leads(self, columns, n_leads):
        """What columns hold in each of the next rows, (n_rows, n_leads * n_columns); the last known at the end."""
        places = np.asarray(row_positions(len(columns), self.n_steps, self.breaks, self.slots))
        edges = np.array([*self.breaks, len(columns)])
        last = edges[np.searchsorted(edges, np.arange(len(columns)), side="right")] - 1
        ahead = [
            np.minimum(np.searchsorted(places, places + lead, side="right") - 1, last) for lead in range(1, n_leads + 1)
        ]
        return np.concatenate([columns[rows] for rows in ahead], axis=1)

    def elapsed(self, unit, observed):
        """Time from the observation before to each that is observed, in a unit; NaN where nothing was."""
        elapsed = np.full(len(observed), np.nan)
        for piece in self.pieces:
            self._refuse_timeless(piece.times, elapsed=unit)
            rows = piece.first + np.flatnonzero(observed[piece.first : piece.stop])
            times = piece.times[rows - piece.first]
            before = getattr(piece.end, "observed", None)
            if before is not None:
                times = times.insert(0, before)
            steps = elapsed_between(self.who, times, unit)
            elapsed[rows] = steps if before is not None else np.r_[np.zeros(min(1, len(rows))), steps]
        return elapsed

    # --- times ------------------------------------------------------------------------------------

    def _read(self, times, end, rows, of, several):
        """The axis of a series, its rows that begin anew, and their slots; known from another of the same times."""
        if self.freq is not None:
            self._refuse_timeless(times, freq=self.freq)
        if times is None:
            return None, [], None
        key = (len(times), end and end.axis and end.axis[:2], as_numbers(times).tobytes()) if several else None
        if key is None or key not in self._known:
            self._known[key] = self._learn(times, end, rows, of)
        return self._known[key]

    def _learn(self, times, end, rows, of):
        check_time_order(self.who, times, rows, of)
        if self.freq is None:
            axis = (end and end.axis) or learn_time_axis(times, self.max_gap)
            return axis, find_breaks(axis, times), None
        slots = slots_of(self.who, times, self.freq, rows, of)
        axis = learn_time_axis(times, self.max_gap) if self.max_gap is not None else None
        # What lies further apart than a window is long is not laid out.
        holes = set(find_breaks(axis, times)) | set((1 + np.flatnonzero(np.diff(slots) >= self.n_steps)).tolist())
        return axis, sorted(holes), slots

    def _refuse_timeless(self, times, **param):
        """Refuse what tells no time, for the parameter that asks for it."""
        if times is None or not tells_time(times):
            ((name, value),) = param.items()
            raise ValueError(
                f"{self.who}({name}={value!r}) needs an index that tells the time. Pass a DataFrame with one, or "
                "name its column, time=."
            )

    def _gap(self, times, end):
        """Time steps from the end of a series to the first of these rows; 0 where windows do not reach back."""
        if end is None or self.context == "never":
            return 0
        if self.context == "always":
            return 1
        if times is None or end.last is None or not tells_time(times):
            return 0
        if self.freq is None:
            return int(continues(end.axis, times))
        if end.axis is not None and not continues(end.axis, times):
            return 0
        before, now = find_slots(self.who, times[:1].insert(0, end.last), self.freq)
        return int(now - before) if 0 < now - before < self.n_steps else 0


def _last_observed(rows, chunk=1024):
    """Position of the last row in which anything was observed; None where nothing was."""
    for stop in range(len(rows), 0, -chunk):
        first = max(0, stop - chunk)
        seen = np.flatnonzero(~np.isnan(rows[first:stop]).all(axis=1))
        if len(seen):
            return first + seen[-1]
    return None
