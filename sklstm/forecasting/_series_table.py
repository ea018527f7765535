"""A series, or several, as one table: its rows in time, what lies around each of them, and how it goes on."""

import numpy as np
import pandas as pd

from sklstm._validation import refuse_text
from sklstm.forecasting._text_times import refuse_text_times
from sklstm.preprocessing._framing import Layout
from sklstm.preprocessing._panel import of_series, read_keys
from sklstm.preprocessing._supervised import as_table, has_names
from sklstm.preprocessing._time_axis import (
    as_numbers,
    check_time_order,
    describe_step,
    following_times,
    has_step,
    learn_time_axis,
    lies_on_step,
    tells_time,
    told_by_longer,
)


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
    keys : Keys
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
        features, self.keys = read_keys(who, self.table, group, time)
        self.columns = list(features.columns)
        refuse_text(who, features, f"the {name}")
        refuse_text_times(who, self.table, self.keys.times, time, name)
        for label, rows in self.keys.rows():
            if self.keys.times is not None:
                of = of_series(label)
                check_time_order(who, self.keys.times[np.asarray(rows)], np.asarray(rows), of)

    def __len__(self):
        return len(self.table)

    @property
    def tells_time(self):
        """Whether rows have times that order them."""
        return self.keys.times is not None and tells_time(self.keys.times)

    def labels(self):
        """The series of each row, (n_rows,)."""
        return pd.Index(self.keys.labels, dtype=object).to_numpy()[self.keys.codes]

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
        return np.concatenate([np.asarray(rows)[-n_rows:] for _, rows in self.keys.rows()])

    def longest_silence(self, column):
        """The most rows at the end of a series in which a column was not observed."""
        observed = self.table[column].notna().to_numpy()
        ends = [observed[np.asarray(rows)][::-1] for _, rows in self.keys.rows()]
        return max(int(np.argmax(end)) if end.any() else len(end) for end in ends)

    def values_around(self, values, offsets, **layout):
        """What a column holds so many rows after each row (before it, where negative), in its own series.

        Parameters
        ----------
        values : ndarray of shape (n_rows,)
            The column.
        offsets : sequence of int
            How many time steps from each row.
        **layout
            `max_gap` and `freq`, as for LagFramer, which say what follows what.

        Returns
        -------
        around : ndarray of shape (n_rows, n_offsets)
            NaN beyond the ends of a series, and across the holes of a regular one.
        """
        reach = max([1, *(abs(offset) for offset in offsets)])
        settings = {"max_gap": None, "freq": None} | layout
        layout = Layout(self.who, self.keys, reach + 1, context="never", ends={}, **settings)
        windows = layout.frame(np.asarray(values, dtype=np.float64)[layout.order][:, None])
        # Between two series, and across a hole, lie as many empty time steps as a window reaches back.
        buffer = np.append(windows.buffer[:, 0], np.full(reach, np.nan))
        around = np.empty((len(self), len(offsets)))
        around[layout.order] = buffer[(windows.starts + reach)[:, None] + np.asarray(offsets, dtype=np.intp)]
        return around

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
        first = {label: self.keys.times[rows[0]] for label, rows in self.keys.rows()}
        earlier = [
            np.asarray(rows)
            for label, rows in context.keys.rows()
            if label in first and _comes_before(context.keys.times[rows[-1]], first[label])
        ]
        if not earlier:
            return self, 0
        before = context.table.iloc[np.concatenate(earlier)]
        return self.like(pd.concat([before, self.table])), len(before)

    # --- times ahead ------------------------------------------------------------------------------

    def time_axes(self):
        """The TimeAxis of each series, a dict by labels; None where no step is regular.

        A week of business days tells only days: the longest series says what short ones are.
        """
        if not self.tells_time:
            return dict.fromkeys(self.keys.labels)
        # All rows of a table as they are: an index keeps its freq.
        times = {
            label: self.keys.times if isinstance(rows, range) else self.keys.times[rows]
            for label, rows in self.keys.rows()
        }
        # Series with the same times share an axis: it takes a while to find.
        known = {}
        for index in times.values():
            same = as_numbers(index).tobytes()
            known[same] = known[same] if same in known else learn_time_axis(index)
        axes = {label: known[as_numbers(index).tobytes()] for label, index in times.items()}
        longest = axes[max(times, key=lambda label: len(times[label]))]
        for label, own in axes.items():
            if own is not None and longest is not None and told_by_longer(longest, own, times[label]):
                axes[label] = longest._replace(last=own.last)
        return axes

    def known_axes(self, axes):
        """The TimeAxis of each series, a dict by labels, as far as it is known.

        Parameters
        ----------
        axes : dict of label to TimeAxis or None
            What was learned. A series that tells no step, with a single row for instance, has the one that the
            others agree on, if its rows lie on that.

        Returns
        -------
        axes : dict of label to TimeAxis or None
            For these series.
        """
        shared = {axis[:2]: axis for axis in axes.values() if axis is not None}
        known = {label: axes.get(label) for label in self.keys.labels}
        for label, rows in self.keys.rows():
            if known[label] is None and len(shared) == 1 and self.tells_time:
                (axis,) = shared.values()
                known[label] = axis if lies_on_step(axis, self.keys.times[np.asarray(rows)]) else None
        return known

    def ahead(self, n_rows, axes, constant=()):
        """The rows that follow the last one of each series: nothing is known of them but their times.

        Parameters
        ----------
        n_rows : int
            How many for each series.
        axes : dict of label to TimeAxis
            When these rows are; the steps that the series were learned to have.
        constant : sequence
            Columns that keep their last value.

        Returns
        -------
        following : DataFrame of shape (n_series * n_rows, n_columns)
            Series by series.
        """
        parts = []
        for label, rows in self.keys.rows():
            last = rows[-1]
            axis = axes.get(label)
            if axis is None:
                self._refuse_unknown_times(label, rows, axes)
            parts.append(self._rows_at(last, following_times(axis._replace(last=self.keys.times[last]), n_rows)))
        following = pd.concat(parts)
        for column in constant:
            following[column] = np.repeat(self.table[column].to_numpy()[self.last_rows(1)], n_rows)
        return following

    def rows_at(self, times):
        """Empty rows at these times, for each series."""
        return pd.concat([self._rows_at(rows[-1], times) for _, rows in self.keys.rows()])

    def refuse_another_step(self, axes):
        """Refuse rows with a step of their own, which is not the one that was learned; a gap is none."""
        for label, rows in self.keys.rows():
            axis = axes.get(label)
            times = None if axis is None else self.keys.times[np.asarray(rows)]
            own = None if axis is None else learn_time_axis(times)
            if own is not None and not has_step(axis, times):
                of = of_series(label)
                fitted, got = describe_step(axis), describe_step(own)
                raise ValueError(
                    f"{self.who}.update expects rows as far apart as those that were fitted, {fitted}, got rows{of} "
                    f"{got} apart, from {times[0]} on. Bring them to that step first, or fit them by themselves."
                )

    def _refuse_unknown_times(self, label, rows, axes):
        last = "the last row" if self.keys.times is None else self.keys.times[rows[-1]]
        of = of_series(label)
        steps = sorted({describe_step(axis) for axis in axes.values() if axis is not None})
        if len(rows) == 1 and len(steps) > 1:
            why = f"it has a single row, and other series have rows {' or '.join(steps)} apart. Add the row before it"
        else:
            why = "its rows are no regular steps apart, or too few. Bring the series to a regular step, "
            why += "series.resample('D').mean()"
        raise ValueError(
            f"{self.who} cannot tell which times follow {last}{of}: {why}, or pass future=, a table whose index tells "
            "them."
        )

    def _rows_at(self, last, times):
        """Empty rows of the series of row `last` at `times`."""
        index, names = self.table.index, self.table.index.names
        is_group = [name is not None and name == self.group for name in names]
        if isinstance(index, pd.MultiIndex):
            levels = [[index[last][level]] * len(times) if is_group[level] else times for level in range(index.nlevels)]
            at = pd.MultiIndex.from_arrays(levels, names=names)
        elif self.time is not None and self.time in self.table.columns:
            at = pd.Index([index[last]] * len(times), name=index.name)
        else:
            at = times.rename(index.name)
        rows = pd.DataFrame(np.nan, index=at, columns=self.table.columns)
        if self.group in self.table.columns:
            rows[self.group] = self.table[self.group].iloc[last]
        if self.time in self.table.columns:
            rows[self.time] = times
        return rows


def _comes_before(time, other):
    try:
        return bool(time < other)
    except (TypeError, ValueError):
        # Times of different kinds: nothing follows.
        return False
