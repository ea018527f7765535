"""Which series each row of a table belongs to, and when the row was."""

from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples

from sklstm._parameters import suggest


class SeriesIndex:
    """The series and the time of each row of a table.

    Rows may come in any order as far as series go: `order` puts the rows of each series one below the other, and
    `bounds` says where each series begins in that order.

    Parameters
    ----------
    n_rows : int
        Number of rows of the table.
    codes : ndarray of int of shape (n_rows,), optional
        Number of each row's series, in the order of their first rows. By default all rows are of one series.
    labels : pd.Index of shape (n_series,), optional
        Names of the series. By default there is one, without a name.
    times : pd.Index of shape (n_rows,), optional
        Time of each row; None if nothing tells.
    """

    def __init__(self, n_rows, codes=None, labels=None, times=None):
        # As long as the table, and no larger than a number.
        self.codes = np.broadcast_to(np.intp(0), n_rows) if codes is None else codes
        self.n_rows, self.labels, self.times = n_rows, labels, times

    @property
    def is_panel(self):
        """Whether the series have labels; a table of one series without a label is no panel."""
        return self.labels is not None

    @property
    def n_series(self):
        """Number of series."""
        return len(self.labels) if self.is_panel else 1

    @cached_property
    def order(self):
        """Positions of the rows by series, an ndarray of int, or a slice if they lie so already."""
        if not self.is_panel or np.all(np.diff(self.codes) >= 0):
            return slice(None)
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def bounds(self):
        """First row of each series in that order, and at the end the number of rows, of shape (n_series + 1,)."""
        if not self.is_panel:
            return np.array([0, self.n_rows])
        return np.concatenate([[0], np.cumsum(np.bincount(self.codes, minlength=self.n_series))])

    @property
    def lengths(self):
        """Number of rows of each series, of shape (n_series,)."""
        return np.diff(self.bounds)

    @cached_property
    def ordered_times(self):
        """Times of the rows by series."""
        return self.times if self.times is None or isinstance(self.order, slice) else self.times[self.order]

    @property
    def ordered_codes(self):
        """Number of the series of each row by series, of shape (n_rows,)."""
        return np.repeat(np.arange(self.n_series), self.lengths)

    def rows(self, ordered):
        """Positions in the table of rows that are counted by series."""
        return ordered if isinstance(self.order, slice) else self.order[ordered]

    def in_table_order(self, ordered):
        """Values of rows by series, an ndarray of shape (n_rows, ...), in the order of the table."""
        if isinstance(self.order, slice):
            return ordered
        values = np.empty_like(ordered)
        values[self.order] = ordered
        return values

    def label(self, code):
        """The label of a series; None if it has none."""
        return self.labels[code] if self.is_panel else None

    def labels_of_rows(self):
        """The label of each row's series, an ndarray of shape (n_rows,), or None."""
        return self.labels.to_numpy()[self.codes] if self.is_panel else None

    def find(self, labels):
        """Position of each series among other `labels`, an ndarray of int of shape (n_series,); -1 if it is absent.

        Labels that are None are those of a single series, which is found there if it has no label here.
        """
        if self.is_panel and labels is not None:
            return labels.get_indexer(self.labels)
        return np.full(self.n_series, 0 if labels is None and not self.is_panel else -1)

    def with_codes(self, codes):
        """The same series with other rows."""
        return SeriesIndex(len(codes), codes, self.labels)


def rows_by_code(codes, n_codes):
    """Positions of the rows of each code, in their order: a list of n_codes ndarray of int.

    For what takes the rows of one series after those of another; arithmetic goes by bounds.

    >>> rows_by_code(np.array([1, 0, 1]), 2)
    [array([1]), array([0, 2])]
    """
    ends = np.cumsum(np.bincount(codes, minlength=n_codes))
    return np.split(np.argsort(codes, kind="stable"), ends[:-1])


def labels_as_array(labels):
    """Labels for a fitted attribute: an ndarray of shape (n_series,), of Timestamps for times; empty for None."""
    if labels is None:
        return np.empty(0, dtype=object)
    return labels.to_numpy(dtype=object if labels.dtype.kind in "Mm" else None)


def of_series(label):
    """The series that a message is about: " of 'Rome'"; nothing for a series without a label."""
    return "" if label is None else f" of {label!r}"


def read_series_index(who, X, group=None, time=None, groups=None, *, timed=True):
    """Split a table into its features and the series and time of each row.

    Parameters
    ----------
    who : str
        Name of the transformer, for messages.
    X : array-like
        A table.
    group, time : hashable, optional
        Names of a column or of a level of the index of X.
    groups : array-like of shape (n_rows,), optional
        The series of each row, where it comes beside X.
    timed : bool, default=True
        Whether the index tells the time if `time` does not.

    Returns
    -------
    features : array-like
        X without the columns that are named.
    index : SeriesIndex
        Without `group` and `groups` that of one series.

    Raises
    ------
    ValueError
        If a name is neither a column nor a level, or a row has no group.
    """
    if isinstance(X, pd.Series) and (group is not None or time is not None):
        X = X.to_frame()
    named = isinstance(X, (pd.DataFrame, pd.Series))
    if not named and (group is not None or time is not None):
        name, value = ("group", group) if group is not None else ("time", time)
        remedy = "Pass a DataFrame" + (", or groups= beside an array." if name == "group" else ".")
        raise ValueError(
            f"{who}({name}={value!r}) looks for a column or a level of the index, got X of type "
            f"{type(X).__name__}, which has no names. {remedy}"
        )
    if group is not None and groups is not None:
        raise ValueError(f"{who}(group={group!r}) got groups= too. Name a column, or pass groups, not both.")
    # scikit-learn's count takes longer than the arithmetic of a few rows.
    n_rows = len(X) if named or (isinstance(X, np.ndarray) and X.ndim) else _num_samples(X)
    columns = [name for name in (group, time) if name is not None and name in X.columns]
    if group is not None:
        groups = _values(who, X, "group", group)
    codes, labels = (None, None) if groups is None else _factorize(who, groups, n_rows)
    times = None
    if time is not None:
        times = pd.Index(_values(who, X, "time", time))
    elif named and timed:
        times = _times_of_index(who, X.index, group)
    return (X.drop(columns=columns) if columns else X), SeriesIndex(n_rows, codes, labels, times)


def refuse_short(who, n_rows, index, shape, remedy):
    """Raise if no series of a table of this shape has `n_rows` rows."""
    longest = int(index.lengths.max())
    if longest >= n_rows:
        return
    # scikit-learn's own checks look for "n_samples" where one row is too few.
    one_row = " (n_samples=1)" if shape[0] == 1 else ""
    of = f", whose longest series has {longest} rows" if index.is_panel else ""
    raise ValueError(f"{who} needs at least {n_rows} rows, got X of shape {shape}{one_row}{of}. {remedy}")


def refuse_without_groups(who, index, fitted):
    """Raise if X does not say which of the `fitted` series its rows belong to; `fitted` is their labels, or None."""
    if not index.is_panel and fitted is not None:
        raise ValueError(
            f"{who} was fitted on {len(fitted)} series, got X without groups. Pass groups=, the series of each row, "
            "here too (in a Pipeline: set_transform_request(groups=True))."
        )


def _values(who, X, role, name):
    """Values of a column or of a level."""
    if name in X.columns:
        return X[name]
    if name in X.index.names:
        return X.index.get_level_values(name)
    known = [str(known) for known in [*X.columns, *X.index.names] if known is not None]
    raise ValueError(
        f"{who}({role}={name!r}) is neither a column nor a level of the index of X.{suggest(str(name), known)} "
        f"Its columns are: {list(X.columns)}, its levels: {list(X.index.names)}."
    )


def _factorize(who, groups, n_rows):
    if len(groups) != n_rows:
        raise ValueError(
            f"{who} got {n_rows} rows in X and {len(groups)} groups. Pass a group for each row, the series that it "
            "is of."
        )
    codes, labels = pd.factorize(pd.Index(groups, tupleize_cols=False))
    if (codes < 0).any():
        raise ValueError(
            f"{who} got no group (NaN) for row {int(np.argmax(codes < 0))}. Drop the row, or say which series it is of."
        )
    return codes, pd.Index(labels, tupleize_cols=False)


def _times_of_index(who, index, group):
    """What is left of an index when the level of the group is taken away."""
    if not isinstance(index, pd.MultiIndex):
        return None if group is not None and index.name == group else index
    others = [level for level, name in enumerate(index.names) if group is None or name != group]
    if len(others) != 1:
        raise ValueError(
            f"{who} got a MultiIndex of {list(index.names)}, and cannot tell which level is the time. Pass group= and "
            "time=, the names of the level that tells series apart and of the one that tells when."
        )
    return index.get_level_values(others[0])
