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

    def rows(self):
        """Yield (label, rows): positions of the rows of each series, in the order of the table."""
        if len(self.labels) == 1:
            yield self.labels[0], range(len(self.codes))
            return
        order = np.argsort(self.codes, kind="stable")
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self.labels)))
        yield from zip(self.labels, np.split(order, ends[:-1]), strict=True)


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
