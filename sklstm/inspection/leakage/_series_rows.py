"""The rows of X in time: what comes after what, and X with another future."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series import read_series_index, tells_time
from sklstm._validation import is_ragged, n_dims

# How many of its own ranges a column is moved by, so that no statistic of it stays where it was.
FAR = 10.0


class SeriesRows(NamedTuple):
    """X, and when each of its rows was.

    Attributes
    ----------
    X : DataFrame, Series or ndarray
        As it came.
    table : DataFrame of shape (n_rows, n_columns)
        The same; the columns of an array are x0, x1 and so on.
    features : list of int
        Columns of the table that say neither group nor time.
    codes : ndarray of int of shape (n_rows,)
        Which series each row is of.
    ranks : ndarray of int of shape (n_rows,)
        When each row was.
    comparable : bool
        Whether ranks of different series tell which was earlier.
    keys : dict
        Names of group and time.
    """

    X: object
    table: pd.DataFrame
    features: list
    codes: np.ndarray
    ranks: np.ndarray
    comparable: bool
    keys: dict

    @property
    def is_panel(self):
        """Whether there are several series."""
        return self.keys["group"] is not None

    @property
    def names(self):
        """Names of the columns of the table."""
        return list(self.table.columns)

    def label(self, row):
        """What to call a row: its index, where there is one."""
        if isinstance(self.X, np.ndarray):
            return f"row {row}"
        label = self.X.index[row]
        return f"row {label.date() if isinstance(label, pd.Timestamp) and label == label.normalize() else label}"

    def take(self, rows):
        """These rows of X, in the container that it came in."""
        return self.X[rows] if isinstance(self.X, np.ndarray) else self.X.iloc[rows]

    def in_order(self):
        """Positions of the rows, series by series, each in time order."""
        return np.lexsort((self.ranks, self.codes))

    def following(self, rows):
        """For each of these rows the place among them of the row that follows in its series; -1 where none does."""
        order = np.lexsort((self.ranks[rows], self.codes[rows]))
        follows = np.full(len(rows), -1)
        same = self.codes[rows][order][1:] == self.codes[rows][order][:-1]
        follows[order[:-1][same]] = order[1:][same]
        return follows

    def with_other_future(self, rows, later, columns, how):
        """Rows of X, in which `columns` of those that are `later` hold other values.

        Parameters
        ----------
        rows : ndarray of int of shape (n_rows,)
            Positions in X.
        later : ndarray of bool of shape (n_rows,)
            Which of them change.
        columns : list of int
            Which columns of the table.
        how : {"up", "down", "again"}
            Numbers move far up or down, none of them missing; or the earlier rows come once more, whatever they hold.
        """
        part = self.table.iloc[rows].copy()
        again = np.resize(np.flatnonzero(~later), int(later.sum()))
        for k in columns:
            column = part.iloc[:, k]
            numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
            if how == "again":
                changed = column.copy()
                changed.iloc[np.flatnonzero(later)] = column.iloc[again].array
                part.isetitem(k, changed)
            elif numeric:
                part.isetitem(k, _moved(column, later, 1 if how == "up" else -1))
        return self._contain(part)

    def _contain(self, part):
        if isinstance(self.X, pd.DataFrame):
            return part
        if isinstance(self.X, pd.Series):
            return part.iloc[:, 0].rename(self.X.name)
        return part.to_numpy().astype(self.X.dtype, copy=False).reshape(len(part), *self.X.shape[1:])


def _moved(column, later, direction):
    values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    observed = values[np.isfinite(values)]
    spread, middle = (np.ptp(observed) or 1.0, np.median(observed)) if len(observed) else (1.0, 0.0)
    values[later] = np.where(np.isnan(values[later]), middle, values[later]) + direction * FAR * spread
    if pd.api.types.is_integer_dtype(column):
        bounds = np.iinfo(getattr(column.dtype, "numpy_dtype", column.dtype))
        moved = column.copy()
        moved.iloc[np.flatnonzero(later)] = np.clip(values[later], bounds.min, bounds.max).astype(bounds.dtype)
        return moved
    return pd.Series(values, index=column.index, name=column.name).astype(column.dtype)


def read_rows(who, X, keys):
    """SeriesRows of X, whose group and time are named by `keys`."""
    if is_ragged(X) or n_dims(X) > 2:
        raise ValueError(
            f"{who} expects a series table of shape (n_rows, n_features), rows in time order, got sequences or "
            "windows, which do not tell what came before what. Pass the series, and put LagFramer into the Pipeline."
        )
    if not isinstance(X, (pd.DataFrame, pd.Series)):
        X = np.asarray(X)
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    if isinstance(X, np.ndarray):
        table = table.set_axis([f"x{k}" for k in range(table.shape[1])], axis=1)
    elif isinstance(X, pd.Series):
        table = table.set_axis(["x0" if X.name is None else X.name], axis=1)
    named = {role: name for role, name in keys.items() if _is_named(table, name)}
    _, told = read_series_index(who, table, named.get("group"), named.get("time"))
    features = [k for k, name in enumerate(table.columns) if name not in named.values()]
    keys = {role: named.get(role) for role in ("group", "time")}
    ranks, comparable = _read_ranks(told, keys)
    return SeriesRows(X, table, features, told.codes, ranks, comparable, keys)


def _is_named(table, name):
    return isinstance(name, (str, Integral, tuple)) and (name in table.columns or name in table.index.names)


def _read_ranks(told, keys):
    """When each row was, and whether that can be compared from series to series."""
    n_rows, times = told.n_rows, told.times
    if keys["group"] is None and keys["time"] is None:
        return np.arange(n_rows), True
    numbers_rows = keys["time"] is None and pd.api.types.is_integer_dtype(times) and times.is_unique
    if times is not None and tells_time(times) and not times.hasnans and not (numbers_rows and told.n_series > 1):
        return times.factorize(sort=True)[0], True
    return pd.Series(np.zeros(n_rows)).groupby(told.codes).cumcount().to_numpy(), told.n_series == 1
