"""Forecasts and what was observed, as Series with an index of times, or of series and time."""

import numpy as np
import pandas as pd

from sklstm._parameters import suggest


def as_series(who, name, values, like=None, start=0):
    """One column as a Series; what has no index gets that of `like`, (name, index), or numbers from `start`."""
    if isinstance(values, pd.DataFrame):
        if values.shape[1] > 1:
            raise ValueError(
                f"{who} expects {name} to be one series, got the columns {list(values.columns)}. Pass one of them, or "
                "several series one below the other, with an index of series and time: table.T.stack()."
            )
        return values.iloc[:, 0]
    if isinstance(values, pd.Series):
        return values
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"{who} expects {name} of shape (n_times,), got shape {values.shape}. Pass one column; several forecasts "
            "go into a DataFrame or a dict, by their names."
        )
    if like is None:
        return pd.Series(values, index=pd.RangeIndex(start, start + len(values)))
    if len(like[1]) != len(values):
        raise ValueError(
            f"{who} got {len(values)} values without an index in {name}, and {len(like[1])} in {like[0]}. Pass as "
            "many, or a Series whose index tells the time of each."
        )
    return pd.Series(values, index=like[1])


def by_name(values, only):
    """What is told by name, a DataFrame or a dict, as a dict; what is not, under the name `only`."""
    if isinstance(values, pd.DataFrame) and values.shape[1] > 1:
        values = {name: values[name].rename(None) for name in values.columns}
    elif not isinstance(values, dict):
        values = {only: values}
    return {str(name): part for name, part in values.items()}


def read_bounds(who, name, bounds, y_pred):
    """Bounds by the names of forecasts, each at the times of its forecast."""
    read = {}
    for forecast, bound in by_name(bounds, next(iter(y_pred))).items():
        if forecast not in y_pred:
            raise ValueError(
                f"{who} got {name} for {forecast!r}, which is no forecast.{suggest(forecast, list(y_pred))} The "
                f"forecasts are: {list_names(y_pred)}."
            )
        times = y_pred[forecast].index
        read[forecast] = as_series(who, name, bound, (f"y_pred[{forecast!r}]", times))
        if not read[forecast].index.equals(times):
            raise ValueError(
                f"{who} expects {name} at the times of y_pred[{forecast!r}], {_span(times)}, got "
                f"{_span(read[forecast].index)}."
            )
    return read


def list_names(parts):
    return ", ".join(map(repr, parts)) if parts else "none"


def _span(index):
    return f"{len(index)} from {index[0]} to {index[-1]}" if len(index) else "none"


# --- several series -------------------------------------------------------------------------------


def _time_level(index):
    """Position of the level that tells when: the only one that holds times, else the last."""
    timed = [
        level
        for level in range(index.nlevels)
        if isinstance(index.levels[level], (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))
    ]
    return timed[0] if len(timed) == 1 else index.nlevels - 1


def _series_of(index):
    """Which series each row is of, as an Index."""
    return index.droplevel(_time_level(index))


def labels_of(series):
    """The series that there are, in the order in which they appear; [None] where there is but one."""
    return list(_series_of(series.index).unique()) if isinstance(series.index, pd.MultiIndex) else [None]


def rows_of(series, label):
    """The rows of one series, in time order, with an index of times."""
    if isinstance(series.index, pd.MultiIndex):
        series = series[_series_of(series.index) == label]
        series = series.set_axis(series.index.get_level_values(_time_level(series.index)))
    return series if series.index.is_monotonic_increasing else series.sort_index(kind="stable")


# --- what a forecaster gives ----------------------------------------------------------------------


def read_column(who, forecaster, table, column):
    """A column of a table, with the time of each row for an index; of several series, with series and time."""
    from sklstm._series import SeriesTable

    read = SeriesTable(who, table, forecaster.group, forecaster.time)
    times = read.index.times
    if read.index.is_panel:
        times = pd.MultiIndex.from_arrays([read.labels(), times], names=[forecaster.group, times.name])
    return pd.Series(read.table[column].to_numpy(), index=times, name=column)


def is_past(who, observed, forecast):
    """Mask of what was observed before the first forecast of its series."""
    if isinstance(forecast.index, pd.MultiIndex):
        times = observed.index.get_level_values(_time_level(observed.index))
        ahead = forecast.index.get_level_values(_time_level(forecast.index)).to_series(index=_series_of(forecast.index))
        # A series without a forecast has no past: nothing is before NaT.
        first = ahead.groupby(level=0, sort=False).min().reindex(_series_of(observed.index)).array
    else:
        times, first = observed.index, rows_of(forecast, None).index[0]
    try:
        return np.asarray(times.array < first, dtype=bool)
    except TypeError:
        raise ValueError(
            f"{who} forecasts {forecast.index[0]!r}, and got a series whose rows are at times such as {times[0]!r}. "
            "Pass the series with the index that it had in fit."
        ) from None
