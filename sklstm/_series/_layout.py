"""Where windows may reach: which rows of a table follow each other, and which follow the rows of an earlier table."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series._calendars import NOWHERE
from sklstm._series._timeline import (
    Timeline,
    find_clock,
    find_slots,
    learn_timeline,
    lie_off,
    refuse_disorder,
    refuse_shared_slots,
    tells_time,
)
from sklstm._warnings import warn_user
from sklstm._windows import frame, row_positions

# Step of a series that has none, and is not to get one from a few of its rows.
IRREGULAR = -1


class SeriesEnds(NamedTuple):
    """Where the series of a table ended: what new rows need to go on from them.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,), or None
        Names of the series; None for a single one without a name.
    timeline : Timeline
        What follows what.
    steps : ndarray of int of shape (n_series,)
        Step of each series on it; 0 if it has none.
    positions : ndarray of int of shape (n_series,)
        Position of the last row of each series, NOWHERE if it has none.
    slots : ndarray of int of shape (n_series,)
        Time step of the last row, where rows lie on a grid.
    begins, times : pd.Index of shape (n_series,), or None
        Times of the first and of the last row of each series.
    observed : ndarray of shape (n_series,)
        Time of the last row that was observed, as `find_clock` counts it; NaN if there is none.
    context : ndarray of shape (n_series, n_context, n_features)
        The last time steps of each series, NaN where it is shorter or begins anew.
    lengths : ndarray of int of shape (n_series,)
        Number of these time steps that are its own.
    """

    labels: pd.Index | None
    timeline: Timeline
    steps: np.ndarray
    positions: np.ndarray
    slots: np.ndarray
    begins: pd.Index | None
    times: pd.Index | None
    observed: np.ndarray
    context: np.ndarray
    lengths: np.ndarray

    def updated_by(self, other):
        """These ends, with those of `other` in the place of the same series, or behind them."""
        if self.labels is None or other.labels is None:
            return other
        kept = ~self.labels.isin(other.labels)
        joined = {"labels": self.labels[kept].append(other.labels), "timeline": other.timeline}
        for name in ("steps", "positions", "slots", "observed", "context", "lengths"):
            joined[name] = np.concatenate([getattr(self, name)[kept], getattr(other, name)])
        for name in ("begins", "times"):
            new = getattr(other, name)
            joined[name] = None if new is None else getattr(self, name)[kept].append(new)
        return SeriesEnds(**joined)

    def without_guesses(self):
        """These ends, where series without a step keep none, however few of their rows come at a time."""
        return self._replace(steps=np.where(self.steps == 0, IRREGULAR, self.steps))

    def times_ahead(self, index, times, steps, freq=None):
        """Times that lie `steps` time steps after others, whose series are those of a SeriesIndex."""
        if freq is not None and not isinstance(freq, Integral):
            freq = pd.tseries.frequencies.to_offset(freq)
        if freq is None:
            own = np.where((found := index.find(self.labels)) >= 0, self.steps[found], 0)
            known = self.steps[self.steps > 0]
            usual = np.sort(known)[len(known) // 2] if len(known) else 0
            hops = np.where(own > 0, own, usual)[index.codes]
            positions = self.timeline.positions(times)
            if self.timeline.calendar is not None and (positions != NOWHERE).all() and (hops > 0).all():
                return self.timeline.calendar.times(positions + hops * steps)
            # An odd step: if others were multiples of it, it would be taken for the step of the rows.
            freq = 1 if pd.api.types.is_integer_dtype(times) else pd.Timedelta(1_000_003, "us")
        later, n_steps = times.astype(object).to_numpy().copy(), np.asarray(steps)
        for step in np.unique(n_steps):
            later[n_steps == step] = (times[n_steps == step] + int(step) * freq).astype(object)
        return pd.Index(later)

    def shown_context(self):
        """Context for a fitted attribute: that of a single series without the time steps before its start."""
        if self.labels is not None:
            return self.context
        return self.context[0, self.context.shape[1] - self.lengths[0] :]


class Layout:
    """Which rows of a table follow each other.

    Parameters
    ----------
    who : str
        Name of the transformer, for messages.
    index : SeriesIndex
        The series and the time of each row.
    n_steps : int
        Length of the windows.
    max_gap, freq, context
        As for LagFramer.
    ends : SeriesEnds, optional
        Series that are known, to go on from.

    Attributes
    ----------
    index : SeriesIndex
        As given.
    anew : ndarray of bool of shape (n_rows,)
        Rows by series that do not follow the row before them.
    slots : ndarray of int of shape (n_rows,), or None
        Time step of each row, where rows lie on a grid.
    known : ndarray of int of shape (n_series,)
        Place of each series in `ends`; -1 if it is not there.
    gaps : ndarray of int of shape (n_series,)
        Time steps from the end of a known series to the first of its rows here; 0 if windows do not reach back.
    """

    def __init__(self, who, index, n_steps, *, max_gap=None, freq=None, context="never", ends=None):
        self.who, self.index, self.n_steps, self.freq, self.ends = who, index, n_steps, freq, ends
        if freq is not None:
            self._refuse_timeless(freq=freq)
        if index.times is not None:
            refuse_disorder(who, index)
        self.known = np.full(index.n_series, -1) if ends is None else index.find(ends.labels)
        self.timeline = self._find_timeline(max_gap)
        self.positions = self.timeline.positions(index.ordered_times)
        self.steps = self._find_steps()
        self.anew = self.timeline.begin_anew(self.positions, self.steps, index.bounds)
        self.slots = None
        if freq is not None:
            self.slots = find_slots(who, index.ordered_times, freq)
            refuse_shared_slots(who, index, self.slots, freq)
            # What lies further apart than a window is long is not laid out.
            self.anew[1:] |= np.diff(self.slots) >= n_steps
        self.gaps = self._find_gaps(context)
        self.breaks = np.flatnonzero(self.anew)[1:]

    def frame(self, rows):
        """Windows of these rows, which are sorted by series."""
        following = np.flatnonzero(self.gaps)
        first = self.index.bounds[following]
        context = None if self.ends is None else self.ends.context[self.known[following]]
        return frame(rows, self.n_steps, self.breaks, (first, self.gaps[following], context), self.slots)

    def find_ends(self, windows, rows):
        """Where each series ends, by its windows and its rows: SeriesEnds."""
        last_rows = self.index.bounds[1:] - 1
        last = self._places(len(windows), last_rows)
        n_context = self.n_steps - 1
        context = windows.buffer[last[:, None] + np.arange(1 - n_context, 1)]
        begins = np.flatnonzero(self.anew)
        begin = begins[np.searchsorted(begins, last_rows, side="right") - 1]
        lengths = last - self._places(len(windows), begin) + 1
        goes_on = (begin == self.index.bounds[:-1]) & (self.gaps > 0)
        if goes_on.any():
            lengths[goes_on] += self.ends.lengths[self.known[goes_on]] + self.gaps[goes_on] - 1
        times = self.index.ordered_times
        timeless = np.full(self.index.n_series, NOWHERE)
        return SeriesEnds(
            labels=self.index.labels,
            timeline=self.timeline,
            steps=self.steps,
            positions=timeless if self.timeline.calendar is None else self.positions[last_rows],
            slots=timeless if self.slots is None else self.slots[last_rows],
            begins=None if times is None else times[self.index.bounds[:-1]],
            times=None if times is None else times[last_rows],
            observed=self._last_observed(rows),
            context=context.copy(),
            lengths=np.minimum(lengths, n_context),
        )

    def count_cold_rows(self):
        """Number of rows whose windows lack fitted rows, because their series begins here in the midst of these."""
        times, reach = self.index.ordered_times, self.n_steps - 1
        if self.ends is None or reach == 0 or self.ends.begins is None or not tells_time(times):
            return 0
        here = np.flatnonzero((self.known >= 0) & (self.gaps == 0))
        first, places = times[self.index.bounds[:-1][here]], self.known[here]
        try:
            within = np.asarray((first > self.ends.begins[places]) & (first <= self.ends.times[places]), dtype=bool)
        except (TypeError, ValueError):
            return 0
        return int(np.minimum(self.index.lengths[here][within], reach).sum())

    def masked_by_holes(self):
        """Fraction of the time steps of windows that are masked, the part that holes have in it, and number of holes.

        0 of windows on a grid, which are masked where no row is.
        """
        if self.slots is not None or len(self.breaks) < self.index.n_series or self.index.n_rows == 0:
            return 0.0, 0.0, 0
        begins = np.append(0, self.breaks)
        since = np.arange(self.index.n_rows) - np.repeat(begins, np.diff(np.append(begins, self.index.n_rows)))
        n_holes = len(begins) - self.index.n_series
        in_series = np.arange(self.index.n_rows) - np.repeat(self.index.bounds[:-1], self.index.lengths)
        masked, at_starts = (
            float(np.maximum(self.n_steps - 1 - rows, 0).mean() / self.n_steps) for rows in (since, in_series)
        )
        return masked, masked - at_starts, n_holes

    def leads(self, columns, n_leads):
        """Values of columns in each of the next rows, (n_rows, n_leads * n_columns); the last known at the end."""
        places = self._places(len(columns), np.arange(len(columns)))
        edges = np.append(self.breaks, len(columns))
        last = edges[np.searchsorted(edges, np.arange(len(columns)), side="right")] - 1
        ahead = [
            np.minimum(np.searchsorted(places, places + lead, side="right") - 1, last) for lead in range(1, n_leads + 1)
        ]
        return np.concatenate([columns[rows] for rows in ahead], axis=1)

    def elapsed(self, unit, observed):
        """Time from the observation before to each that is observed, in a unit; NaN where nothing was."""
        self._refuse_timeless(elapsed=unit)
        clock, length = find_clock(self.who, self.index.ordered_times, unit)
        rows = np.flatnonzero(observed)
        codes = self.index.ordered_codes[rows]
        elapsed = np.full(len(observed), np.nan)
        elapsed[rows] = np.diff(clock[rows], prepend=0)
        first = np.flatnonzero(np.diff(codes, prepend=-1))
        before = np.full(len(first), np.nan)
        follows = self.gaps[codes[first]] > 0
        before[follows] = self.ends.observed[self.known[codes[first[follows]]]] if follows.any() else np.nan
        now = clock[rows[first]]
        elapsed[rows[first]] = np.where(np.isnan(before), 0, now - before)
        return elapsed / length

    # --- what follows what ------------------------------------------------------------------------

    def _find_timeline(self, max_gap):
        """The timeline of the known series, or one that is learned; on a grid only that of `max_gap`."""
        if not tells_time(self.index.times) or (self.freq is not None and max_gap is None):
            return Timeline(None)
        if self.ends is not None and self.ends.timeline.calendar is not None:
            return self.ends.timeline
        return learn_timeline(self.index, max_gap)

    def _find_steps(self):
        """The step of each series: that of the known one, where it has one."""
        own = self.timeline.find_steps(self.positions, self.index.bounds)
        if self.ends is None or self.timeline.calendar is None:
            return own
        lost = lie_off(self.positions, self.index.bounds)
        fitted = np.where(self.known >= 0, self.ends.steps[self.known], 0)
        return np.where(lost | (fitted == IRREGULAR), 0, np.where(fitted > 0, fitted, own))

    def _find_gaps(self, context):
        gaps, known = np.zeros(self.index.n_series, dtype=np.intp), self.known >= 0
        if context == "never" or not known.any():
            return gaps
        if context == "always":
            return known.astype(np.intp)
        if not tells_time(self.index.times):
            return gaps
        first = self.index.bounds[:-1]
        follows = known.copy()
        if self.timeline.calendar is not None:
            last, fitted = self.ends.positions[self.known], np.maximum(self.ends.steps[self.known], 0)
            follows &= self.timeline.follow(last, self.positions[first], fitted)
        if self.slots is None:
            return (follows & (self.timeline.calendar is not None)).astype(np.intp)
        apart = self.slots[first] - self.ends.slots[self.known]
        return np.where(follows & (apart > 0) & (apart < self.n_steps), apart, 0)

    def _last_observed(self, rows):
        """Time of the last row of each series in which anything was observed, as a number; NaN if there is none."""
        last = np.full(self.index.n_series, np.nan)
        known = self.known >= 0
        if known.any():
            last[known] = self.ends.observed[self.known[known]]
        if not tells_time(self.index.times):
            return last
        seen = np.where(np.isnan(rows).all(axis=1), -1, np.arange(len(rows)))
        seen = np.maximum.reduceat(seen, self.index.bounds[:-1])
        clock, _ = find_clock(self.who, self.index.ordered_times[np.maximum(seen, 0)])
        return np.where(seen >= 0, clock, last)

    def _places(self, n_rows, rows):
        """Where some of the rows lie in the buffer, an ndarray of int."""
        places = self._row_positions(n_rows)
        # A range is as long as the table: it is not written out for the few rows that are asked for.
        return places.start + rows if isinstance(places, range) else places[rows]

    def _row_positions(self, n_rows):
        return row_positions(n_rows, self.n_steps, self.breaks, self.slots)

    def _refuse_timeless(self, **param):
        """Refuse a table that tells no time, naming the parameter that needs it."""
        if not tells_time(self.index.times):
            ((name, value),) = param.items()
            raise ValueError(
                f"{self.who}({name}={value!r}) needs an index that tells the time. Pass a DataFrame with one, or "
                "name its column, time=."
            )


def warn_lost_rows(who, index, lost, horizon):
    """Warn of rows that have a future, which a hole hides."""
    if lost:
        warn_user(
            f"{who} leaves out {lost} of {index.n_rows} rows, which a hole in the times follows within {horizon} "
            f"step{'s' * (horizon > 1)}. Make NaN of the missing rows, table.asfreq('D') for days, if windows may "
            "cross it.",
            UserWarning,
        )
