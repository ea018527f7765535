"""A series as inputs and targets: the classic lag table, and X and y for a Pipeline."""

from numbers import Integral
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklstm._lag_names import lag_name
from sklstm._series import (
    SeriesIndex,
    as_table,
    find_target,
    has_names,
    learn_timeline,
    read_series_index,
    refuse_disorder,
    warn_lost_rows,
)
from sklstm._validation import refuse_text


def series_to_supervised(data: ArrayLike, n_in: int = 1, n_out: int = 1, dropnan: bool = True) -> pd.DataFrame:
    """Turn a series into a table of lags and leads, a row for each point in time.

    Parameters
    ----------
    data : array-like of shape (n_rows,) or (n_rows, n_features)
        Series table, rows in time order.
    n_in : int, default=1
        How many lags: the columns ``(t-n_in)`` to ``(t-1)``.
    n_out : int, default=1
        How many time steps from now on: the columns ``(t)`` to ``(t+n_out-1)``.
    dropnan : bool, default=True
        Whether rows go that miss a lag or a lead.

    Returns
    -------
    table : DataFrame of shape (n_rows, (n_in + n_out) * n_features)
        Its columns are named by the features of a DataFrame, else ``var1``, ``var2`` and so on.

    See Also
    --------
    LagFramer : The same lags as a step of a Pipeline, which leaks nothing and loses no rows.

    Examples
    --------
    >>> from sklstm import series_to_supervised
    >>> series_to_supervised([10, 20, 30, 40], n_in=2)
       var1(t-2)  var1(t-1)  var1(t)
    2       10.0       20.0       30
    3       20.0       30.0       40
    """
    table = as_table(data, "series_to_supervised")
    refuse_text("series_to_supervised", table, "the series")
    for name, value, least in (("n_in", n_in, 0), ("n_out", n_out, 1)):
        _check_count("series_to_supervised", name, value, least)
    shifted = [
        table.shift(-lag).set_axis([lag_name(column, lag) for column in table.columns], axis=1)
        for lag in range(-n_in, n_out)
    ]
    supervised = pd.concat(shifted, axis=1)
    return supervised.dropna() if dropnan else supervised


@overload
def make_supervised(
    series: pd.Series | pd.DataFrame,
    horizon: int = 1,
    target: str | int | None = None,
    *,
    group: str | None = None,
    time: str | None = None,
) -> tuple[pd.DataFrame, pd.Series | pd.DataFrame]: ...
# Where pandas comes without types, anything might be a table.
@overload
def make_supervised(  # type: ignore[overload-cannot-match]
    series: ArrayLike, horizon: int = 1, target: str | int | None = None
) -> tuple[np.ndarray, np.ndarray]: ...
def make_supervised(series, horizon=1, target=None, *, group=None, time=None):
    """Rows of a series, and the values that follow each of them: X and y for a Pipeline.

    Parameters
    ----------
    series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_features)
        Series table, rows in time order.
    horizon : int, default=1
        How many time steps ahead y reaches.
    target : str or int, optional
        The column to forecast, by name or position; needed where there are several.
    group, time : str, optional
        Columns or index levels of a panel: which series a row is of, and when. What follows is of the same series.

    Returns
    -------
    X : DataFrame or ndarray of shape (n_rows - horizon, n_features)
        The rows that have all of their future in `series`, with their index; where that is regular, without
        those whose future lies across a hole in it. A panel keeps its columns that say group and time.
    y : Series, DataFrame or ndarray of shape (n_rows - horizon,) or (n_rows - horizon, horizon)
        The value that follows each row; for a longer horizon the next `horizon` values, in the columns
        ``target(t+1)``, ``target(t+2)`` and so on.

    Raises
    ------
    ValueError
        If the target is unknown or not named, or the series is not longer than the horizon.

    See Also
    --------
    LagFramer : Windows that look back from each row.
    SeriesForecaster : Derives them by itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm.preprocessing import make_supervised
    >>> months = pd.period_range("2026-01", periods=4, freq="M")
    >>> X, y = make_supervised(pd.Series([1, 2, 3, 4], index=months, name="sales"))
    >>> X
             sales
    2026-01      1
    2026-02      2
    2026-03      3
    >>> y
    2026-01    2
    2026-02    3
    2026-03    4
    Freq: M, Name: sales(t+1), dtype: int64

    >>> stores = pd.DataFrame({"store": ["A", "B", "A", "B"], "sales": [1, 10, 2, 20]})
    >>> X, y = make_supervised(stores, target="sales", group="store")
    >>> X.assign(following=y)
      store  sales  following
    0     A      1          2
    1     B     10         20
    """
    who = "make_supervised"
    _check_count(who, "horizon", horizon, 1)
    named = has_names(series)
    table = as_table(series, who)
    features, index = read_series_index(who, table, group, time)
    refuse_text(who, features, "the series")
    target = find_target(who, features, target)
    if index.times is not None:
        refuse_disorder(who, index)
    if index.lengths.max() <= horizon:
        of = " in a series" if index.is_panel else ""
        raise ValueError(
            f"{who}(horizon={horizon}) needs at least {horizon + 1} rows{of}, got {index.lengths.max()}. "
            "Lower the horizon or pass a longer series."
        )
    has_future = np.zeros(len(table), dtype=bool)
    has_future[index.rows(_rows_with_future(index if named else SeriesIndex(len(table)), horizon))] = True
    known = np.flatnonzero(has_future)
    warn_lost_rows(who, index, int(np.maximum(index.lengths - horizon, 0).sum()) - len(known), horizon)
    columns = [lag_name(features.columns[target], step) for step in range(1, horizon + 1)]
    X = table.iloc[known]
    y = pd.DataFrame(_values_ahead(features.iloc[:, target].to_numpy(), index, horizon)[known], X.index, columns)
    y = y.iloc[:, 0] if horizon == 1 else y
    return (X, y) if named else (X.to_numpy(copy=True), y.to_numpy(copy=True))


def _rows_with_future(index, horizon):
    """Rows by series from which the next `horizon` rows are reached within the series and without a hole."""
    timeline, anew = learn_timeline(index), np.zeros(index.n_rows, dtype=bool)
    positions = timeline.positions(index.ordered_times)
    anew = timeline.begin_anew(positions, timeline.find_steps(positions, index.bounds), index.bounds)
    stretch = np.cumsum(anew)
    return np.flatnonzero(stretch[:-horizon] == stretch[horizon:])


def _values_ahead(values, index, horizon):
    """Values of the next `horizon` rows by series, in the order of the table; anything where a series has ended."""
    ordered = values[index.order]
    ahead = np.stack([np.roll(ordered, -step) for step in range(1, horizon + 1)], axis=1)
    return index.in_table_order(ahead)


def _check_count(who, name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{who} expects {name} to be an int of {least} or more, got {value!r}.")
