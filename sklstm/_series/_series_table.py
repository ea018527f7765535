"""A series, or several, as one table: its rows in time, the values around each of them, and the rows that follow."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series._index import SeriesIndex, of_series, read_series_index
from sklstm._series._layout import Layout
from sklstm._series._statistics import find_quantiles
from sklstm._series._tables import as_table, has_names
from sklstm._series._text_times import refuse_text_times
from sklstm._series._timeline import (
    Timeline,
    as_numbers,
    hops_within,
    learn_timeline,
    lie_off,
    refuse_disorder,
    refuse_off_calendar,
    tells_time,
)
from sklstm._validation import refuse_text

# Series whose own step is looked for, in a loop, before the rows of an update are refused: a millisecond for each.
MOST_JUDGED = 100


class KnownSteps(NamedTuple):
    """The steps of series, as they were learned: labels, timeline, and the step of each, 0 if it has none."""

    labels: pd.Index | None
    timeline: Timeline
    steps: np.ndarray

    def with_series_of(self, other):
        """The same with those of `other` that are not here."""
        if self.labels is None or self.timeline.calendar is None:
            return self if self.timeline.calendar is not None else other
        new = ~other.labels.isin(self.labels)
        labels, steps = self.labels.append(other.labels[new]), np.append(self.steps, other.steps[new])
        return KnownSteps(labels, self.timeline, steps)


class SeriesTable:
    """Rows of one series or of several, in a DataFrame, in any order as far as series go.

    Parameters
    ----------
    who : str
        Who reads it, for messages.
    series : Series, DataFrame or array-like of shape (n_rows,) or (n_rows, n_columns)
        As the user passed it.
    group, time : hashable, optional
        Columns or index levels that tell series apart, and when a row was.
    name : str
        What the user calls it.

    Attributes
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        With the columns that say group and time.
    columns : list
        Those that do not.
    index : SeriesIndex
        The series and the time of each row.
    named : bool
        Whether its columns have names of the user's own.
    indexed : bool
        Whether the user's own index, or a column, tells the time; else rows are counted from 0.
    """

    def __init__(self, who, series, group=None, time=None, name="series"):
        self.who, self.group, self.time = who, group, time
        self.named = has_names(series)
        self.indexed = isinstance(series, (pd.DataFrame, pd.Series)) or (self.named and time is not None)
        self.table = as_table(series, who)
        features, self.index = read_series_index(who, self.table, group, time)
        self.columns = list(features.columns)
        refuse_text(who, features, f"the {name}")
        refuse_text_times(who, self.table, self.index.times, time, name)
        if self.index.times is not None:
            refuse_disorder(who, self.index)

    def __len__(self):
        return len(self.table)

    @property
    def tells_time(self):
        """Whether rows have times that order them."""
        return tells_time(self.index.times)

    def labels(self):
        """The series of each row, (n_rows,); None for a single one without a name."""
        labels = self.index.labels_of_rows()
        return np.full(len(self), None) if labels is None else labels

    def like(self, table):
        """The same kind of table with other rows."""
        other = SeriesTable(self.who, table, self.group, self.time)
        other.named, other.indexed = self.named, self.indexed
        return other

    def take(self, rows):
        """Some of the rows."""
        return self.like(self.table.iloc[rows])

    # --- rows in time -----------------------------------------------------------------------------

    def last_rows(self, n_rows):
        """Positions of the last `n_rows` rows of each series, by series."""
        left = np.repeat(self.index.bounds[1:], self.index.lengths) - np.arange(len(self))
        return self.index.rows(np.flatnonzero(left <= n_rows))

    def longest_silence(self, column):
        """The most rows at the end of a series in which a column was not observed."""
        observed = self.table[column].notna().to_numpy()[self.index.order]
        before = np.repeat(self.index.bounds[:-1], self.index.lengths) - 1
        seen = np.maximum.reduceat(np.where(observed, np.arange(len(self)), before), self.index.bounds[:-1])
        return int((self.index.bounds[1:] - 1 - seen).max())

    def values_around(self, values, offsets, rows=None, **layout):
        """What a column holds so many rows after each row (before it, where negative), in its own series.

        Parameters
        ----------
        values : ndarray of shape (n_rows,)
            The column.
        offsets : sequence of int
            How many time steps from each row.
        rows : ndarray of int of shape (n_chosen,), optional
            Rows to start from; by default all.
        **layout
            `max_gap` and `freq`, as for LagFramer, which say what follows what.

        Returns
        -------
        around : ndarray of shape (n_rows, n_offsets)
            NaN beyond the ends of a series, and across the holes of a regular one.
        """
        values = np.asarray(values, dtype=np.float64)
        around = np.empty((len(self) if rows is None else len(rows), len(offsets)))
        for column, places in enumerate(self.rows_around(offsets, rows, **layout)):
            around[:, column] = np.where(places < 0, np.nan, values[places])
        return around

    def rows_around(self, offsets, rows=None, **layout):
        """Yield, for each offset, the position of the row that lies so many rows after each row of its series.

        Parameters
        ----------
        offsets : sequence of int
            How many time steps from each row.
        rows : ndarray of int of shape (n_chosen,), optional
            Rows to start from; by default all.
        **layout
            As for `values_around`.

        Yields
        ------
        rows : ndarray of int of shape (n_rows,)
            -1 beyond the ends of a series, and across the holes of a regular one.
        """
        reach = max([1, *(abs(offset) for offset in offsets)])
        # Positions in the table, which float64 holds as they are, and NaN where there is no row.
        order = self.index.rows(np.arange(len(self))).astype(np.float64)
        windows = Layout(self.who, self.index, reach + 1, **layout).frame(order[:, None])
        # Between two series, and across a hole, lie as many empty time steps as a window reaches back.
        buffer = np.full(len(windows.buffer) + reach, -1, dtype=np.intp)
        shown = ~np.isnan(windows.buffer[:, 0])
        buffer[: len(shown)][shown] = windows.buffer[shown, 0]
        here = self.index.in_table_order(windows.starts + reach)
        here = here if rows is None else here[rows]
        for offset in offsets:
            yield buffer[here + offset]

    def after(self, context):
        """The same with those rows of `context` before it that lie before the first row of their series here.

        Parameters
        ----------
        context : SeriesTable
            Earlier rows.

        Returns
        -------
        table : SeriesTable
            Context first.
        n_context : int
            How many rows of it there are.
        """
        if not (self.tells_time and context.tells_time):
            return self, 0
        places = context.index.find(self.index.labels)
        last = context.index.ordered_times[context.index.bounds[1:] - 1]
        first = self.index.ordered_times[self.index.bounds[:-1][places]]
        earlier = (places >= 0) & _come_before(last, first)
        rows = np.flatnonzero(earlier[context.index.codes])
        if len(rows) == 0:
            return self, 0
        past = with_levels_of(self.table, context.table.iloc[rows])
        return self.like(pd.concat([past, self.table])), len(rows)

    # --- times ahead ------------------------------------------------------------------------------

    def find_steps(self, freq=None):
        """KnownSteps of the series; `freq` tells the step of all of them."""
        timeline = learn_timeline(self.index, freq=freq)
        if freq is not None and self.tells_time:
            refuse_off_calendar(self.who, self.index, timeline, freq)
        positions = timeline.positions(self.index.ordered_times)
        return KnownSteps(self.index.labels, timeline, timeline.find_steps(positions, self.index.bounds))

    def find_steps_on(self, timeline):
        """The same on a timeline that was learned before; KnownSteps of a new one if that has no calendar."""
        if timeline.calendar is None or not self.tells_time:
            return self.find_steps()
        positions = timeline.positions(self.index.ordered_times)
        return KnownSteps(self.index.labels, timeline, timeline.find_steps(positions, self.index.bounds))

    def steps_by(self, known):
        """The step of each series, an ndarray of int of shape (n_series,); 0 if it is not known.

        A series that shows no step, with a single row for instance, has the one that the others agree on, if its rows
        lie on that.

        Parameters
        ----------
        known : KnownSteps
            As it was learned.
        """
        places = self.index.find(known.labels)
        steps = np.where(places >= 0, known.steps[places], 0)
        shared = np.unique(known.steps[known.steps > 0])
        if len(shared) != 1 or not self.tells_time:
            return steps
        lost, odd, _ = self._hops(known.timeline, np.full(self.index.n_series, shared[0]))
        return np.where((steps == 0) & ~lost & ~odd, shared[0], steps)

    def times_ahead(self, n_rows, known):
        """Times that follow the last row of each series, a pd.Index of n_series * n_rows, series by series.

        Parameters
        ----------
        n_rows : int
            How many for each series.
        known : KnownSteps
            As it was learned.
        """
        steps = self.steps_by(known)
        if (steps == 0).any():
            self._refuse_unknown_times(int(np.argmax(steps == 0)), known)
        last = known.timeline.positions(self.index.ordered_times[self.index.bounds[1:] - 1])
        positions = last[:, None] + steps[:, None] * np.arange(1, n_rows + 1)
        times = known.timeline.calendar.times(positions.ravel())
        # In the resolution that the series has.
        return times.as_unit(self.index.times.unit) if hasattr(self.index.times, "unit") else times

    def rows_at(self, times, n_rows, constant=()):
        """Rows of each series at these times: nothing is known of them but the columns that keep their last value.

        Parameters
        ----------
        times : pd.Index of shape (n_series * n_rows,)
            Series by series.
        n_rows : int
            How many for each series.
        constant : sequence
            Columns that keep their last value.

        Returns
        -------
        rows : DataFrame of shape (n_series * n_rows, n_columns)
        """
        index, names = self.table.index, self.table.index.names
        last = np.repeat(self.last_rows(1), n_rows)
        if isinstance(index, pd.MultiIndex):
            of_group = [name is not None and name == self.group for name in names]
            levels = [index.get_level_values(k)[last] if of_group[k] else times for k in range(index.nlevels)]
            at = pd.MultiIndex.from_arrays(levels, names=names)
        elif self.time is not None and self.time in self.table.columns:
            at = index[last]
        else:
            at = times.rename(index.name)
        rows = pd.DataFrame(np.nan, index=at, columns=self.table.columns)
        for column in {self.group, *constant} & set(self.table.columns):
            rows[column] = self.table[column].iloc[last].to_numpy()
        if self.time in self.table.columns:
            rows[self.time] = times
        return rows

    def refuse_another_step(self, known, method):
        """Raise if rows have a step of their own, which is not the one that was learned; a gap is none."""
        if not self.tells_time or known.timeline.calendar is None:
            return
        places = self.index.find(known.labels)
        steps = np.where(places >= 0, known.steps[places], 0)
        lost, odd, far = self._hops(known.timeline, steps)
        for code in self._judged(np.flatnonzero((steps > 0) & (lost | odd | far)), steps):
            times = self.index.ordered_times[self.index.bounds[code] : self.index.bounds[code + 1]]
            alone = SeriesIndex(len(times), times=times)
            timeline = learn_timeline(alone)
            step = timeline.find_steps(timeline.positions(times), alone.bounds)[0]
            # By the local clock, or on another day of months, rows may have the same step all the same.
            if step and timeline.describe(step) != known.timeline.describe(steps[code]):
                raise ValueError(
                    f"{self.who}.{method} expects rows as far apart as those that were fitted, "
                    f"{known.timeline.describe(steps[code])}, got rows{of_series(self.index.label(code))} "
                    f"{timeline.describe(step)} apart, from {times[0]} on. Bring them to that step first, or fit them "
                    "by themselves."
                )

    def _judged(self, codes, steps):
        """Those of these series that are enough to look at: each sequence of times once, the most regular of many."""
        if len(codes) <= MOST_JUDGED:
            return codes
        numbers, bounds = as_numbers(self.index.ordered_times), self.index.bounds
        places = np.arange(len(self)) - np.repeat(bounds[:-1], self.index.lengths)
        hashes = pd.util.hash_array(numbers) * (2 * pd.util.hash_array(places) + 1)
        keys = np.add.reduceat(hashes, bounds[:-1])[codes]
        _, first = np.unique(np.stack([keys, steps[codes].astype(np.uint64)]), axis=1, return_index=True)
        codes = codes[np.sort(first)]
        # A step is one that at least half of the rows have.
        hops = np.diff(numbers, prepend=numbers[:1]).astype(np.float64)
        hops[bounds[:-1]] = np.nan
        usual = find_quantiles(hops[:, None], bounds, [0.5])[0, :, 0]
        same = np.add.reduceat(hops == np.repeat(usual, self.index.lengths), bounds[:-1], dtype=np.intp)
        share = (same / self.index.lengths)[codes]
        return np.sort(codes[np.argsort(-share, kind="stable")[:MOST_JUDGED]])

    def _hops(self, timeline, steps):
        """Masks of series: with rows off the timeline, not whole steps apart, and of three rows none a step apart."""
        positions, bounds = timeline.positions(self.index.ordered_times), self.index.bounds
        lost = lie_off(positions, bounds)
        n_series, hops = self.index.n_series, hops_within(positions, bounds)
        codes = np.repeat(np.arange(n_series), self.index.lengths - 1)
        uneven = (hops % np.maximum(steps, 1)[codes] != 0) | (hops < 1)
        odd = np.bincount(codes[uneven], minlength=n_series) > 0
        near = np.bincount(codes[hops <= timeline.longest_steps(steps)[codes]], minlength=n_series) > 0
        return lost, odd, (self.index.lengths > 2) & ~near

    def _refuse_unknown_times(self, code, known):
        last = "the last row"
        if self.index.times is not None:
            last = self.index.ordered_times[self.index.bounds[code + 1] - 1]
        steps = sorted({known.timeline.describe(step) for step in np.unique(known.steps[known.steps > 0])})
        if self.index.lengths[code] == 1 and len(steps) > 1:
            why = f"it has a single row, and other series have rows {' or '.join(steps)} apart. Add the row before it"
        else:
            why = "its rows are no regular steps apart, or too few. Bring the series to a regular step, "
            why += "series.resample('D').mean()"
        raise ValueError(
            f"{self.who} cannot tell which times follow {last}{of_series(self.index.label(code))}: {why}, or pass "
            "future=, a table whose index tells them."
        )


def with_levels_of(table, rows):
    """Rows whose index has its levels in the order of those of a table."""
    names = list(table.index.names)
    if names != list(rows.index.names) and set(names) == set(rows.index.names):
        return rows.reorder_levels(names)
    return rows


def _come_before(times, others):
    """Mask of the times that come before others; none do if they are of different kinds."""
    try:
        return np.asarray(times < others, dtype=bool)
    except (TypeError, ValueError):
        return np.zeros(len(times), dtype=bool)
