"""ForwardFill: what was observed last stands until something else is."""

from datetime import timedelta
from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from sklstm._fit_callbacks import as_task
from sklstm._series import (
    Timeline,
    carry_forward,
    fill_from_before,
    find_last_observations,
    labels_as_array,
    learn_timeline,
    read_series_index,
    refuse_disorder,
    refuse_without_groups,
)
from sklstm._validation import check_series_table
from sklstm.preprocessing._base import SeriesTransformer, require_fitted
from sklstm.preprocessing._keyed_tables import KeyedTableMixin


class ForwardFill(KeyedTableMixin, SeriesTransformer):
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
    last_ : ndarray of shape (n_features,) or (n_groups, n_features)
        The last observations of the fitted series, in the units of X, NaN where there were none.
    groups_ : ndarray of shape (n_groups,)
        Labels of the series of a panel. Empty for a single series.
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
        require_fitted(self)
        return self._fill(X, groups, reset=False)

    def _fill(self, X, groups, *, reset):
        if reset:
            self._validate_params()
            self._limit = self._read_limit()
        who = type(self).__name__
        features, index = read_series_index(who, X, self.group, self.time, groups)
        values = check_series_table(self, features, reset=reset)[index.order]
        if index.times is not None:
            refuse_disorder(who, index)
        clock = self._read_clock(X, index.ordered_times, reset) if isinstance(self._limit, np.timedelta64) else None
        filled, sources = carry_forward(values, index.bounds, self._limit, clock)
        if reset:
            self._remember_columns(X)
            timeline = learn_timeline(index) if clock is None else Timeline(None)
            self._ends = find_last_observations(values, sources, index, timeline, clock)
            self.last_ = self._ends.values if index.is_panel else self._ends.values[0]
            self.groups_ = labels_as_array(index.labels)
        else:
            refuse_without_groups(who, index, self._ends.labels)
            places = index.find(self._ends.labels)
            places = np.where(self._follows(index, places), places, -1)
            fill_from_before(filled, sources < 0, index, self._ends, places, self._limit, clock)
        return self._contain(index.in_table_order(filled), X)

    def _follows(self, index, places):
        """Whether series may be filled from their ends; a duration is measured row by row."""
        if self.context == "auto" and self._ends.times is None:
            return self._ends.continued_by(index, places)
        return self.context != "never"

    # --- how far, and by which clock ---------------------------------------------------------------

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
