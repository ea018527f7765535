"""Panels: tables of several series, and what tells their rows apart."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples

from sklstm._parameters import suggest


class Keys(NamedTuple):
    """Which series each row is of, and when it was.

    Attributes
    ----------
    codes : ndarray of int of shape (n_rows,)
        Number of each row's series, by the order in which they first appear.
    labels : list
        What each series is called; a single series is called None.
    times : pd.Index or None
        Time of each row; None where nothing tells.
    """

    codes: np.ndarray
    labels: list
    times: pd.Index | None

    @property
    def longest(self):
        """How many rows the longest series has."""
        return len(self.codes) if len(self.labels) == 1 else int(np.bincount(self.codes).max())

    def by_series(self):
        """Positions of the rows, series after series, and the bounds of the series among them: (n_series + 1,)."""
        order = np.argsort(self.codes, kind="stable")
        return order, np.concatenate([[0], np.cumsum(np.bincount(self.codes, minlength=len(self.labels)))])

    def rows(self):
        """Yield (label, rows): positions of the rows of each series, in the order of the table."""
        if len(self.labels) == 1:
            yield self.labels[0], range(len(self.codes))
            return
        order, bounds = self.by_series()
        yield from zip(self.labels, np.split(order, bounds[1:-1]), strict=True)


def read_keys(who, X, group=None, time=None, groups=None, *, timed=True):
    """Split a table into features, and what tells its rows apart.

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
        Whether the index is asked for the time, where `time` does not name it.

    Returns
    -------
    features : array-like
        X without the columns that are named.
    keys : Keys
        By default those of one series, whose index tells when.

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
    n_rows = _num_samples(X)
    columns = [name for name in (group, time) if name is not None and name in X.columns]
    if group is not None:
        groups = _values(who, X, "group", group)
    # As long as the table, and no larger than a number.
    codes, labels = np.broadcast_to(np.intp(0), n_rows), [None]
    if groups is not None:
        codes, labels = _factorize(who, groups, n_rows)
    times = None
    if time is not None:
        times = pd.Index(_values(who, X, "time", time))
    elif named and timed:
        times = _times_of_index(who, X.index, group)
    return (X.drop(columns=columns) if columns else X), Keys(codes, labels, times)


def of_series(label):
    """Which series something is of, for messages; nothing where there is only one."""
    return "" if label is None else f" of {label!r}"


def by_label(known):
    """A dict of what is known of each series, by its label; of a single one that alone."""
    return known[None] if list(known) == [None] else known


def refuse_short(who, n_rows, keys, shape, remedy):
    """Raise where no series of a table of this shape has `n_rows` rows."""
    if keys.longest >= n_rows:
        return
    # scikit-learn's own checks look for "n_samples" where one row is too few.
    one_row = " (n_samples=1)" if shape[0] == 1 else ""
    of = "" if keys.labels == [None] else f", whose longest series has {keys.longest} rows"
    raise ValueError(f"{who} needs at least {n_rows} rows, got X of shape {shape}{one_row}{of}. {remedy}")


def refuse_without_groups(who, keys, fitted):
    """Raise where X does not say which of the `fitted` series its rows are of."""
    if keys.labels == [None] and None not in fitted:
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
    codes, labels = pd.factorize(pd.Index(groups))
    if (codes < 0).any():
        raise ValueError(
            f"{who} got no group (NaN) for row {int(np.argmax(codes < 0))}. Drop the row, or say which series it is of."
        )
    return codes, labels.tolist()


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
