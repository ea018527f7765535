"""A series as inputs and targets: the classic lag table, and X and y for a Pipeline."""

from numbers import Integral

import numpy as np
import pandas as pd

from sklstm._lag_names import lag_name
from sklstm._parameters import suggest
from sklstm._validation import is_ragged, refuse_text
from sklstm.preprocessing._time_axis import check_time_order, find_breaks, learn_time_axis


def series_to_supervised(data, n_in=1, n_out=1, dropnan=True):
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
    table = _as_table(data, "series_to_supervised")
    for name, value, least in (("n_in", n_in, 0), ("n_out", n_out, 1)):
        _check_count("series_to_supervised", name, value, least)
    shifted = [
        table.shift(-lag).set_axis([lag_name(column, lag) for column in table.columns], axis=1)
        for lag in range(-n_in, n_out)
    ]
    supervised = pd.concat(shifted, axis=1)
    return supervised.dropna() if dropnan else supervised


def make_supervised(series, horizon=1, target=None):
    """Rows of a series, and the values that follow each of them: X and y for a Pipeline.

    Parameters
    ----------
    series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_features)
        Series table, rows in time order.
    horizon : int, default=1
        How many time steps ahead y reaches.
    target : str or int, optional
        The column to forecast, by name or position; needed where there are several.

    Returns
    -------
    X : DataFrame or ndarray of shape (n_rows - horizon, n_features)
        The rows that have all of their future in `series`, with their index; where that is regular, without
        those whose future lies across a hole in it.
    y : Series, DataFrame or ndarray of shape (n_rows - horizon,) or (n_rows - horizon, horizon)
        The value that follows each row; for a longer horizon the next `horizon` values, in the columns
        ``target(t+1)``, ``target(t+2)`` and so on.

    Raises
    ------
    ValueError
        If the target is unknown or not named, or the series is not longer than the horizon.

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
    """
    who = "make_supervised"
    _check_count(who, "horizon", horizon, 1)
    table = _as_table(series, who)
    check_time_order(who, table.index)
    target = _find_target(table, target)
    n_rows = len(table) - horizon
    if n_rows < 1:
        raise ValueError(
            f"{who}(horizon={horizon}) needs at least {horizon + 1} rows, got {len(table)}. "
            "Lower the horizon or pass a longer series."
        )
    ahead = np.lib.stride_tricks.sliding_window_view(table.iloc[1:, target].to_numpy(), horizon)
    columns = [lag_name(table.columns[target], step) for step in range(1, horizon + 1)]
    X, y = table.iloc[:n_rows], pd.DataFrame(ahead.copy(), index=table.index[:n_rows], columns=columns)
    y = y.iloc[:, 0] if horizon == 1 else y
    if isinstance(series, (pd.DataFrame, pd.Series)):
        whole = _has_whole_future(table.index, horizon)
        return X[whole], y[whole]
    return X.to_numpy(copy=True), y.to_numpy(copy=True)


def _has_whole_future(index, horizon):
    """Mask of the rows from which the next `horizon` rows are reached without a hole."""
    segment = np.zeros(len(index), dtype=int)
    segment[find_breaks(learn_time_axis(index), index)] = 1
    segment = segment.cumsum()
    return segment[:-horizon] == segment[horizon:]


def _as_table(data, who):
    if isinstance(data, pd.DataFrame):
        table = data
    elif isinstance(data, pd.Series):
        table = data.to_frame("var1" if data.name is None else data.name)
    elif is_ragged(data):
        raise ValueError(f"{who} expects one series, got {len(data)} sequences. Pass each by itself.")
    else:
        values = np.asarray(data)
        if values.ndim not in (1, 2):
            raise ValueError(
                f"{who} expects a series of shape (n_rows,) or (n_rows, n_features), got shape {values.shape}."
            )
        values = values[:, None] if values.ndim == 1 else values
        table = pd.DataFrame(values, columns=[f"var{k + 1}" for k in range(values.shape[1])])
    if table.empty:
        raise ValueError(f"{who} got an empty series of shape {table.shape}.")
    refuse_text(who, table, "the series")
    return table


def _find_target(table, target):
    columns = list(table.columns)
    if target is None and len(columns) > 1:
        raise ValueError(
            f"make_supervised needs to know which of the columns {columns} to forecast: pass target={columns[0]!r}."
        )
    if target is None or target in columns:
        return 0 if target is None else columns.index(target)
    if isinstance(target, Integral) and 0 <= target < len(columns):
        return target
    raise ValueError(
        f"make_supervised got target={target!r}, which is no column."
        f"{suggest(str(target), [str(column) for column in columns])} The columns are: {columns}."
    )


def _check_count(who, name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{who} expects {name} to be an int of {least} or more, got {value!r}.")
