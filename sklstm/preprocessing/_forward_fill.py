"""ForwardFill: what was observed last stands until something else is."""

from datetime import timedelta
from numbers import Integral
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._validation import check_series_table, n_dims, read_numbers
from sklstm.preprocessing._base import SeriesTransformer
from sklstm.preprocessing._keyed_tables import key_columns, with_key_columns, with_key_names
from sklstm.preprocessing._panel import read_keys
from sklstm.preprocessing._time_axis import TimeAxis, as_numbers, check_time_order, continues, learn_time_axis


class LastObservations(NamedTuple):
    """What a series showed last, feature by feature, and how long ago that was at its end.

    Attributes
    ----------
    values : ndarray of shape (n_features,)
        Last observation, in the units of X; NaN where there was none.
    rows_since : ndarray of int of shape (n_features,)
        Rows that came after it.
    times : ndarray of datetime64 or timedelta64 of shape (n_features,), or None
        When it was, where `limit` is a duration.
    axis : TimeAxis or None
        Calendar, step and last time of the series; None where nothing regular tells the time.
    """

    values: np.ndarray
    rows_since: np.ndarray
    times: np.ndarray | None
    axis: TimeAxis | None


class ForwardFill(OneToOneFeatureMixin, SeriesTransformer):
    """Fill NaN with the last observation before it, column by column, within each series.

    Nothing of the future is used, and rows are preserved. What nothing was observed before, or only longer ago than
    `limit`, stays NaN, "not observed": an imputer may fill it, and time steps that are NaN in every feature are
    masked by the network.

    Parameters
    ----------
    limit : int, str, Timedelta or None, default=None
        How far an observation is carried, at most: a number of rows, or a duration since it was made
        (``"6h"``), by the index. None: as far as the series goes.
    context : {"auto", "always", "never"}, default="auto"
        Whether new rows are filled from the last observations of the fitted series:

        - ``"auto"``: if the index of a DataFrame or Series says that the new rows follow them, by the same step
          (integers, timestamps, periods; business days over weekends and holidays). Where `limit` is a duration,
          any later row that it reaches. An array has no index and starts cold.
        - ``"always"``: the rows given to `transform` are taken to follow the fitted ones. So not for rows that
          were fitted: they would be filled from the end of their own series.
        - ``"never"``: they start cold.
    group : str, optional
        Column or index level that tells the series of a panel apart: nothing is carried from one to another. A
        column passes through as it is. Beside arrays, series come as metadata: ``groups``.
    time : str, optional
        Column or index level that tells when, in place of the index. A column passes through as it is.

    Attributes
    ----------
    last_ : ndarray of shape (n_features,), or dict of them
        The last observations of the fitted series, in the units of X, NaN where there were none; by series in a panel.
    n_features_in_ : int
        Number of features of the series table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    See Also
    --------
    sklearn.impute.SimpleImputer : For what stays NaN; with ``set_output(transform="pandas")`` it keeps the index.
    LagFramer : Takes rows that were not observed as they are, and decides by the same rule whether rows follow.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklstm import ForwardFill
    >>> hours = pd.date_range("2026-01-01", periods=6, freq="h")
    >>> table = pd.DataFrame({"temp": [np.nan, 3.0, np.nan, np.nan, np.nan, 4.0]}, index=hours)
    >>> ForwardFill(limit=2).fit_transform(table)
                         temp
    2026-01-01 00:00:00   NaN
    2026-01-01 01:00:00   3.0
    2026-01-01 02:00:00   3.0
    2026-01-01 03:00:00   3.0
    2026-01-01 04:00:00   NaN
    2026-01-01 05:00:00   4.0

    New rows that follow the fitted ones go on from there:

    >>> ForwardFill(limit="2h").fit(table[:3]).transform(table[3:])
                         temp
    2026-01-01 03:00:00   3.0
    2026-01-01 04:00:00   NaN
    2026-01-01 05:00:00   4.0

    >>> ForwardFill(limit="2h").fit(table.to_numpy())
    Traceback (most recent call last):
        ...
    ValueError: ForwardFill(limit='2h') needs to know when each row was, got X of type ndarray, which does not tell.
    Pass a DataFrame with times as its index, name the column that holds them, time=, or give the limit as a number of
    rows.
    """

    _parameter_constraints = {
        "limit": [str, timedelta, np.timedelta64, Interval(Integral, 1, None, closed="left"), None],
        "context": [StrOptions({"auto", "always", "never"})],
        "group": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
    }

    def __init__(self, *, limit=None, context="auto", group=None, time=None):
        self.limit = limit
        self.context = context
        self.group = group
        self.time = time

    @as_task
    def fit(self, X, y=None, groups=None) -> Self:
        """Remember the last observations of each series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        self : ForwardFill
            The fitted transformer.

        Raises
        ------
        ValueError
            If times do not ascend, or are needed and not told; if X holds text or infinity.
        """
        self._fill(X, groups, reset=True)
        return self

    def fit_transform(self, X, y=None, groups=None):
        """Remember the last observations of each series, and fill X. Its first rows start cold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        X_filled : array-like of the shape of X
            The same kind as X: a DataFrame or Series with its index, or an array.
        """
        return self._fill(X, groups, reset=True)

    def transform(self, X, groups=None):
        """Fill X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        X_filled : array-like of the shape of X
            The same kind as X: a DataFrame or Series with its index, or an array.

        Raises
        ------
        ValueError
            If the columns are not those of `fit`, or as there.
        """
        check_is_fitted(self)
        return self._fill(X, groups, reset=False)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the columns that come out, which are those that go in.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
            The columns of `group` and `time` are among them.

        Raises
        ------
        ValueError
            If the names are not those of `fit`.
        """
        check_is_fitted(self)
        if self._columns is None:
            return super().get_feature_names_out(input_features)
        if input_features is not None and list(input_features) != list(self._columns):
            raise ValueError(
                f"{type(self).__name__} was fitted on the columns {list(self._columns)}, got input_features "
                f"{list(input_features)}. Pass the names that it was fitted on, or none."
            )
        return self._columns.copy()

    def _fill(self, X, groups, *, reset):
        if reset:
            self._validate_params()
            self._limit = self._read_limit()
        features, keys = read_keys(type(self).__name__, X, self.group, self.time, groups)
        values = check_series_table(self, features if isinstance(X, pd.DataFrame) else X, reset=reset)
        self._check_times(keys)
        order = np.argsort(keys.codes, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(keys.codes))])
        clock = self._read_clock(X, keys.times, reset)[order] if isinstance(self._limit, np.timedelta64) else None
        filled, sources = carry_forward(values[order], bounds, self._limit, clock)
        if reset:
            keyed = self._key_columns(X)
            self._columns = with_key_names(features.columns, X, keyed) if keyed else None
            self._remember(values[order], sources, bounds, clock, keys)
        else:
            self._go_on(filled, sources, bounds, clock, keys)
        restored = np.empty_like(filled)
        restored[order] = filled
        return self._restore(restored, X, features)

    def _remember(self, values, sources, bounds, clock, keys):
        """Keep the last observations of each series."""
        last_rows = bounds[1:] - 1
        last = sources[last_rows]
        known = last >= 0
        observations = np.where(known, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)
        observations = observations.astype(values.dtype, copy=False)
        rows_since = np.where(known, last_rows[:, None] - last, 0)
        times = axes = [None] * len(keys.labels)
        if clock is None:
            axes = _learn_axes(keys)
        else:
            times = np.where(known, clock[last], np.array("NaT", dtype=clock.dtype))
        each = zip(keys.labels, observations, rows_since, times, axes, strict=True)
        self._ends = {label: LastObservations(*end) for label, *end in each}
        single = keys.labels == [None]
        self.last_ = observations[0] if single else dict(zip(keys.labels, observations, strict=True))

    def _go_on(self, filled, sources, bounds, clock, keys):
        """Fill series from where they ended in fit, in place."""
        if keys.labels == [None] and None not in self._ends:
            raise ValueError(
                f"{type(self).__name__} was fitted on {len(self._ends)} series, got X without groups. Pass groups=, "
                "the series of each row, to transform too (in a Pipeline: set_transform_request(groups=True))."
            )
        for k, (label, rows) in enumerate(keys.rows()):
            end, block = self._ends.get(label), slice(bounds[k], bounds[k + 1])
            if end is not None and self._follows(end, keys.times, rows):
                late = None if clock is None else clock[block]
                fill_from_before(filled[block], sources[block] < 0, end, self._limit, late)

    def _follows(self, end, times, rows):
        """Whether the rows of a series may be filled from its end; a duration is measured row by row."""
        if self.context == "never":
            return False
        if self.context == "always" or end.times is not None:
            return True
        return times is not None and continues(end.axis, times[rows])

    # --- what comes in, and goes out --------------------------------------------------------------

    def _read_limit(self):
        """The limit as a number of rows, as a timedelta64, or None."""
        # NumPy's durations are integers to Python.
        if self.limit is None or (isinstance(self.limit, Integral) and not isinstance(self.limit, np.timedelta64)):
            return self.limit
        try:
            # pandas takes a bare number for nanoseconds.
            duration = pd.NaT if str(self.limit).strip().isdecimal() else pd.Timedelta(self.limit).as_unit("us")
        except ValueError:
            duration = pd.NaT
        if not duration > pd.Timedelta(0):
            raise ValueError(
                f"{type(self).__name__} expects limit to be a number of rows, or a duration above 0, such as '6h', got "
                f"{self.limit!r}."
            )
        return duration.to_timedelta64()

    def _read_clock(self, X, times, reset):
        """When each row was, as datetime64 or timedelta64."""
        if isinstance(times, pd.PeriodIndex):
            times = times.to_timestamp()
        if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            tells = f"X of type {type(X).__name__}, which does not tell"
            if times is not None:
                tells = f"{'an index' if self.time is None else repr(self.time)} of type {times.dtype}"
            raise ValueError(
                f"{type(self).__name__}(limit={self.limit!r}) needs to know when each row was, got {tells}. "
                "Pass a DataFrame with times as its index, name the column that holds them, time=, or give the limit "
                "as a number of rows."
            )
        kind = "durations" if isinstance(times, pd.TimedeltaIndex) else "times"
        if getattr(times, "tz", None) is not None:
            kind, times = "times with a time zone", times.tz_convert(None)
        if reset:
            self._kind_of_times = kind
        elif kind != self._kind_of_times:
            raise ValueError(
                f"{type(self).__name__}(limit={self.limit!r}) was fitted on {self._kind_of_times}, got {kind}. Pass "
                "both alike: X.index.tz_localize, X.index.tz_convert."
            )
        return times.to_numpy()

    def _check_times(self, keys):
        if keys.times is not None:
            for label, rows in keys.rows():
                of = "" if label is None else f" of {label!r}"
                check_time_order(type(self).__name__, keys.times[rows], rows, of)

    def _restore(self, filled, X, features):
        """Filled values as the kind that X is."""
        if n_dims(read_numbers(X)) == 1:
            filled = filled[:, 0]
            return pd.Series(filled, index=X.index, name=X.name) if isinstance(X, pd.Series) else filled
        keys = self._key_columns(X)
        if not keys:
            return self._contain(filled, X)
        table = with_key_columns(pd.DataFrame(filled, index=X.index, columns=features.columns), X, keys)
        adapter = _get_container_adapter("transform", self)
        return table if adapter is None else adapter.create_container(table, X, columns=self.get_feature_names_out)

    def _key_columns(self, X):
        return key_columns(X, self.group, self.time)


def _learn_axes(keys):
    """The TimeAxis of each series; those with the same times share one, as it takes a while to find."""
    if keys.times is None:
        return [None] * len(keys.labels)
    axes, known = [], {}
    for _, rows in keys.rows():
        times = keys.times[rows]
        same = as_numbers(times).tobytes()
        if same not in known:
            known[same] = learn_time_axis(times)
        axes.append(known[same])
    return axes


def carry_forward(values, bounds, limit=None, clock=None):
    """Carry observations forward in a table whose series lie one below the other.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        NaN is not observed.
    bounds : ndarray of int of shape (n_series + 1,)
        First row of each series, and the number of rows.
    limit : int, timedelta64 or None
        How far, at most.
    clock : ndarray of datetime64 or timedelta64 of shape (n_rows,), optional
        When each row was, for a limit that is a duration.

    Returns
    -------
    filled : ndarray of shape (n_rows, n_features)
        Values with the last observation in place of NaN.
    sources : ndarray of int of shape (n_rows, n_features)
        Row of the last observation, whether or not the limit reaches so far; -1 where there is none.
    """
    rows = np.arange(len(values))[:, None]
    sources = np.where(np.isnan(values), -1, rows)
    np.maximum.accumulate(sources, axis=0, out=sources)
    begins = np.repeat(bounds[:-1], np.diff(bounds))[:, None]
    sources[sources < begins] = -1
    filled = np.take_along_axis(values, np.maximum(sources, 0), axis=0)
    beyond = sources < 0
    if limit is not None:
        age = rows - sources if clock is None else clock[:, None] - clock[sources]
        beyond |= age > limit
    filled[beyond] = np.nan
    return filled, sources


def fill_from_before(filled, empty, end, limit=None, clock=None):
    """Fill what is still `empty` of a series from the end of the rows before it, in place.

    A row that is not later than the observation is not filled from it, where there is a `clock`.
    """
    if clock is not None:
        age = clock[:, None] - end.times
        empty = empty & (age > np.timedelta64(0)) & (age <= limit)
    elif limit is not None:
        empty = empty & (end.rows_since + np.arange(1, len(filled) + 1)[:, None] <= limit)
    np.copyto(filled, end.values, where=empty)
