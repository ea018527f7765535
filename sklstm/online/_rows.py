"""Rows as they come in: a single row, or a table of rows, as arrays."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._parameters import suggest

WHO = "OnlinePredictor"
_NUMBERS = (int, float, np.number, np.bool_)


class Rows(NamedTuple):
    """New rows.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_features)
        Features; NaN where nothing was observed.
    labels : sequence of shape (n_rows,), or None
        The series of each row, if it is told.
    times : pd.Index of shape (n_rows,), or None
        Time of each row, if it is told.
    """

    values: np.ndarray
    labels: np.ndarray | None
    times: pd.Index | None

    def take(self, rows):
        """Some of the rows."""
        labels, times = (None if of is None else of[rows] for of in (self.labels, self.times))
        return Rows(self.values[rows], labels, times)


class RowReader:
    """Read rows in any form, and refuse those that do not fit the model.

    Parameters
    ----------
    names : list of str, or None
        Names of the features, if the model was fitted on named ones.
    n_features : int
        Number of values of a row.
    group, time : str or None
        Names under which a dict or a table holds the series and the time of a row.
    numeric : bool
        Whether all features have to be numbers.
    """

    def __init__(self, names, n_features, group, time, *, numeric):
        self.names, self.n_features, self.group, self.time, self.numeric = names, n_features, group, time, numeric

    def read_row(self, row, group=None, time=None):
        """Read one row, an array-like of shape (n_features,), dict, Series or number, as Rows."""
        if isinstance(row, Mapping) or (isinstance(row, pd.Series) and self.names is not None):
            row, group, time = self._by_name(row, group, time)
        values = _as_array(row)
        if values.ndim > 1:
            raise ValueError(
                f"{WHO} takes one row at a time, got shape {values.shape}. Pass each row by itself, or all of them to "
                "update_many."
            )
        times = None if time is None else _as_times([time])
        return Rows(self.as_numbers(values.reshape(1, -1)), None if group is None else [group], times)

    def read_table(self, rows, groups=None, times=None):
        """Read a DataFrame, an array-like of shape (n_rows, n_features) or a list of rows as Rows."""
        if not isinstance(rows, (pd.DataFrame, pd.Series, np.ndarray)):
            rows = list(rows)
            kinds = Mapping if self.names is None else (Mapping, pd.Series)
            if rows and all(isinstance(row, kinds) for row in rows):
                table = pd.DataFrame(rows)
                shortest = min(rows, key=len)
                if len(shortest) < table.shape[1]:
                    self._by_name(shortest, None, None)
                rows = table
        if isinstance(rows, pd.DataFrame) and self.names is not None:
            columns, groups, times = self._by_name(rows, groups, times)
            values = pd.concat(columns, axis=1).to_numpy()
        else:
            values = _as_array(rows)
            values = values.reshape(len(values), -1 if len(values) else self.n_features)
        for name, given in (("groups", groups), ("times", times)):
            if given is not None and len(given) != len(values):
                raise ValueError(f"{WHO} got {len(values)} rows and {len(given)} {name}. Pass one for each row.")
        labels = None if groups is None else pd.Index(groups, tupleize_cols=False)
        if labels is not None and labels.isna().all():
            labels = None
        times = None if times is None or pd.isna(pd.Index(times)).all() else _as_times(times)
        return Rows(self.as_numbers(values), labels, times)

    def _by_name(self, row, group, time):
        """Values in the order of the features, the series and the time; `row` has keys, as a table has columns."""
        if self.names is None:
            raise ValueError(
                f"{WHO} got a row with names, but what it serves was fitted on features without names. Pass the "
                f"{self.n_features} values in their order."
            )
        row = dict(row)
        if self.group is not None and self.group not in self.names:
            group = row.pop(self.group, group)
        if self.time is not None and self.time not in self.names:
            time = row.pop(self.time, time)
        unknown = [name for name in row if name not in self.names]
        if unknown:
            raise ValueError(
                f"{WHO} got a row with {unknown[0]!r}, which is no feature.{suggest(str(unknown[0]), self.names)} "
                f"The features are: {', '.join(self.names)}."
            )
        missing = [name for name in self.names if name not in row]
        if missing:
            raise ValueError(
                f"{WHO} got a row without {missing[0]!r}. Pass a value for each feature, {', '.join(self.names)}, and "
                "NaN for all of them where nothing was observed."
            )
        return [row[name] for name in self.names], group, time

    def as_numbers(self, values):
        """Values of rows as float64; an object array if they hold text and text is allowed."""
        if values.shape[1] != self.n_features:
            named = f" ({', '.join(self.names)})" if self.names is not None else ""
            raise ValueError(
                f"{WHO} expects a row of {self.n_features} features{named}, got {values.shape[1]}. Pass a value for "
                "each of them."
            )
        if values.dtype.kind not in "fiub":
            texts = np.argwhere(_is_text(values).astype(bool))
            if len(texts) and not self.numeric:
                return values
            if len(texts):
                value = values[tuple(texts[0])]
                kind = "text" if isinstance(value, (str, bytes)) else type(value).__name__
                raise ValueError(
                    f"{WHO} expects numbers, got {kind} in {self._column(texts[0][1])}: {value!r}. Encode it as a "
                    "number, or pass NaN for all features where nothing was observed."
                )
        values = values.astype(np.float64)
        if np.isinf(values).any():
            raise ValueError(
                f"{WHO} got inf in {self._column(np.argwhere(np.isinf(values))[0][1])}. Replace it, or pass NaN for "
                "all features where nothing was observed."
            )
        return values

    def _column(self, k):
        return f"column {k if self.names is None else repr(self.names[k])}"


class KnownAhead:
    """Read what is known of the next rows, for LagFramer(future=...).

    Parameters
    ----------
    framer : LagFramer
        Fitted, with features that are known ahead.
    reader : RowReader
        Reader of the rows.
    n_repeated : int
        Number of forecasts that are made of forecasts.
    keeps_places : bool
        Whether the steps before the framer leave each feature in its place.
    """

    def __init__(self, framer, reader, n_repeated, *, keeps_places):
        self.reader, self.n_rows = reader, framer.horizon + n_repeated
        self.who = f"{WHO} serves LagFramer(future={framer.future!r}, horizon={framer.horizon}), and"
        names = getattr(framer, "feature_names_in_", None)
        self.names = None if names is None else [str(names[k]) for k in framer.known_ahead_]
        self.columns = framer.known_ahead_
        if not keeps_places:
            known = reader.names or ()
            lost = [name for name in self.names or ("what is known ahead",) if name not in known]
            if lost:
                raise ValueError(
                    f"{self.who} cannot tell which feature of a row becomes {lost[0]!r}. Keep its name through the "
                    "steps before, or predict with a table that has the next rows: fitted.predict."
                )
            self.columns = [known.index(name) for name in self.names]

    def read(self, ahead):
        """Values of the next rows, an ndarray of shape (n_given, n_known)."""
        if ahead is None:
            raise ValueError(
                f"{self.who} needs their values in the next {self.n_rows} rows. Pass ahead=: {self._forms()}; or [] "
                "where nothing is known, and the last value is repeated."
            )
        if isinstance(ahead, Mapping) or (isinstance(ahead, pd.Series) and len(self.columns) > 1):
            ahead = [ahead]
        if isinstance(ahead, (list, tuple)) and len(ahead) and isinstance(ahead[0], (Mapping, pd.Series)):
            ahead = pd.DataFrame(list(ahead))
            if self.names is None:
                raise ValueError(
                    f"{self.who} got ahead with names, but it was fitted on features without names. Pass an array of "
                    f"shape {self._shape()}."
                )
        if isinstance(ahead, pd.DataFrame) and self.names is not None and len(ahead):
            for name in self.names:
                if name not in ahead:
                    raise ValueError(
                        f"{self.who} got ahead without {name!r}.{suggest(name, map(str, ahead.columns))} Pass a value "
                        f"for each of {', '.join(self.names)}."
                    )
            ahead = ahead[self.names]
        given, n_known = _as_array(ahead), len(self.columns)
        if given.size == 0:
            return np.empty((0, n_known))
        if given.ndim < 2 and (n_known == 1 or self.n_rows == 1):
            # A single axis is that of the rows of one feature, or that of the features of one row.
            given = given.reshape((-1, 1) if n_known == 1 else (1, -1))
        if given.ndim != 2 or given.shape[1] != n_known or len(given) > self.n_rows:
            raise ValueError(
                f"{self.who} expects ahead to hold {n_known} values for each of the next {self.n_rows} rows, at most, "
                f"got shape {np.shape(ahead)}. Pass {self._forms()}."
            )
        missing = pd.isna(given).any(axis=0)
        if missing.any():
            k = int(np.argmax(missing))
            raise ValueError(
                f"{self.who} expects every value of ahead to be known, got NaN in "
                f"{f'column {k}' if self.names is None else repr(self.names[k])}. Pass fewer rows where less is known."
            )
        return given

    def rows(self, rows, given):
        """The same rows with the values that are `given`, (n_rows, n_known), in their columns."""
        ahead = rows.astype(object)
        ahead[:, self.columns] = given
        return self.reader.as_numbers(ahead)

    def _shape(self):
        return f"({self.n_rows}, {len(self.columns)})"

    def _forms(self):
        return f"a table with columns of these names, a dict for each row, or an array of shape {self._shape()}"


_is_text = np.frompyfunc(lambda value: value is not None and not isinstance(value, _NUMBERS), 1, 1)


def _as_array(values):
    """Values as an array; an object array if numbers stand beside text, of which NumPy would make text."""
    array = np.asarray(values)
    return np.asarray(values, dtype=object) if array.dtype.kind in "USO" else array


def _as_times(times):
    """Times as a pandas index; text as timestamps."""
    index = pd.Index(times)
    is_text = index.inferred_type == "string" or (len(index) and isinstance(index[0], date) and index.dtype == object)
    return pd.DatetimeIndex(index) if is_text else index
