"""A series, or several, as one table: its rows in time, what lies around each of them, and how it goes on."""

import numpy as np
import pandas as pd

from sklstm._validation import refuse_text
from sklstm.preprocessing._framing import Layout
from sklstm.preprocessing._panel import read_keys
from sklstm.preprocessing._supervised import as_table
from sklstm.preprocessing._time_axis import check_time_order, following_times, learn_time_axis, tells_time


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

    Attributes
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        With the columns that say group and time.
    columns : list
        Those that do not.
    keys : Keys
        The series and the time of each row.
    indexed : bool
        Whether the user's own index tells the time; an array's rows are counted from 0.
    """

    def __init__(self, who, series, group=None, time=None):
        self.who, self.group, self.time = who, group, time
        self.indexed = isinstance(series, (pd.DataFrame, pd.Series))
        self.table = as_table(series, who)
        features, self.keys = read_keys(who, self.table, group, time)
        self.columns = list(features.columns)
        refuse_text(who, features, "the series")
        for label, rows in self.keys.rows():
            if self.keys.times is not None:
                of = "" if label is None else f" of {label!r}"
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
        other.indexed = self.indexed
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
        """The TimeAxis of each series, a dict by labels; None where no step is regular."""
        if self.keys.times is None:
            return dict.fromkeys(self.keys.labels)
        axes = {}
        for label, rows in self.keys.rows():
            # All rows of a table as they are: an index keeps its freq.
            times = self.keys.times if isinstance(rows, range) else self.keys.times[rows]
            axes[label] = learn_time_axis(times) if tells_time(times) else None
        return axes

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
                of = "" if label is None else f" of {label!r}"
                raise ValueError(
                    f"{self.who} cannot tell which times follow {self._time_of(last)}{of}: its rows are no regular "
                    "steps apart, or too few. Bring the series to a regular step, series.resample('D').mean(), or "
                    "pass future=, a table whose index tells them."
                )
            parts.append(self._rows_at(last, following_times(axis._replace(last=self.keys.times[last]), n_rows)))
        following = pd.concat(parts)
        for column in constant:
            following[column] = np.repeat(self.table[column].to_numpy()[self.last_rows(1)], n_rows)
        return following

    def rows_at(self, times):
        """Empty rows at these times, for each series."""
        return pd.concat([self._rows_at(rows[-1], times) for _, rows in self.keys.rows()])

    def _time_of(self, row):
        return "the last row" if self.keys.times is None else self.keys.times[row]

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
