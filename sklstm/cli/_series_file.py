"""Read the series that a command names: a shipped data set, or a CSV or Parquet file with a time column."""

import math
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm import datasets
from sklstm._parameters import suggest
from sklstm._validation import refuse_text
from sklstm.preprocessing._time_axis import check_time_order, find_breaks, learn_time_axis

SHIPPED = {
    "airline": datasets.load_airline,
    "sunspots": datasets.load_sunspots,
    "seattle_weather": datasets.load_seattle_weather,
}


class NamedSeries(NamedTuple):
    """A series table, the column to forecast, and what to call it."""

    name: str
    table: pd.DataFrame
    target: str
    left_out: list


def read_series(data, target=None, time=None, columns=None):
    """Read `data` as a table of numbers indexed by time.

    Parameters
    ----------
    data : str
        Name of a shipped data set, or path of a ``.csv`` or ``.parquet`` file.
    target : str, optional
        The column to forecast; may be left out where there is only one, or where the data set has its own.
    time : str, optional
        The column that tells when; by default the first one that holds dates.
    columns : list of str, optional
        The only columns to keep; by default all that hold numbers.

    Returns
    -------
    series : NamedSeries
        With the names of columns that were left out because they hold text.

    Raises
    ------
    ValueError
        If the file, a column or a number in it is not there or cannot be read.
    """
    name, table, usual_target = read_table(data, time)
    target = target or usual_target
    table, left_out = _numbers(table, data, columns)
    check_time_order(data, table.index)
    return NamedSeries(name, table, _find_target(table, data, target, columns), left_out)


def read_table(data, time=None):
    """What `data` is called, its table indexed by time with all of its columns, and its target where it has its own."""
    if data in SHIPPED:
        bunch = SHIPPED[data]()
        name, table, target = data, bunch.data, bunch.target_name
    else:
        path = Path(data)
        name, table, target = path.stem, _index_by_time(_read_file(path), data, time), None
    if isinstance(table.index, pd.PeriodIndex):
        table = table.set_index(table.index.to_timestamp())
    return name, table, target


def _read_file(path):
    if not path.is_file():
        raise ValueError(
            f"there is no file {str(path)!r}, and no shipped data set of that name."
            f"{suggest(str(path), list(SHIPPED))} Shipped are: {', '.join(SHIPPED)}."
        )
    if path.suffix.lower() == ".parquet":
        try:
            return pd.read_parquet(path)
        except ImportError:
            raise ValueError("reading Parquet needs pyarrow: pip install 'sklstm[parquet]'") from None
    if path.suffix.lower() in (".csv", ".gz"):
        table = pd.read_csv(path)
        separator = next((mark for mark in ";\t" if len(table.columns) == 1 and mark in str(table.columns[0])), None)
        return table if separator is None else pd.read_csv(path, sep=separator)
    raise ValueError(f"{str(path)!r} is neither a .csv nor a .parquet file.")


def _index_by_time(table, data, time):
    if time is not None and time not in table.columns:
        raise ValueError(_no_column(data, time, table.columns))
    if time is None and isinstance(table.index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return table
    for column in table.columns if time is None else [time]:
        times = _as_times(table[column], named=time is not None)
        if times is not None:
            return table.drop(columns=column).set_index(pd.DatetimeIndex(times, name=column))
    if time is not None:
        row = int(np.argmax(pd.to_datetime(table[time].astype(str), errors="coerce").isna()))
        raise ValueError(f"{data}: column {time!r} does not hold times: {table[time].iloc[row]!r} in row {row}.")
    return table


def _as_times(column, named):
    """A column as timestamps, or None where it holds none. Whole numbers are years, in a column of that name."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if pd.api.types.is_numeric_dtype(column) and not (named or str(column.name).lower() == "year"):
        return None
    try:
        return pd.to_datetime(column.astype(str), format="ISO8601")
    except ValueError:
        pass
    return _as_local_dates(column) if named or isinstance(column.iloc[0], str) else None


def _as_local_dates(column):
    """Dates with the day or the month first: the reading that makes a regular series with the fewest holes."""
    readings = {}
    for order in ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y"):
        for mark, time in product("/.-", ("", " %H:%M", " %H:%M:%S")):
            times = pd.to_datetime(column.astype(str), format=order.format(mark) + time, errors="coerce")
            if times.notna().all():
                readings.setdefault(_count_holes(pd.DatetimeIndex(times)), []).append(times)
    if not readings:
        return None
    best = readings[min(readings)]
    if not all(times.equals(best[0]) for times in best):
        raise ValueError(
            f"column {column.name!r} may have the day or the month first ({column.iloc[0]}): write dates as YYYY-MM-DD."
        )
    return best[0]


def _count_holes(times):
    """Holes in a regular series; infinite where it is none."""
    axis = learn_time_axis(times) if times.is_monotonic_increasing else None
    return math.inf if axis is None else len(find_breaks(axis, times))


def _numbers(table, data, columns):
    """The columns that hold numbers, and the names of the others."""
    for column in columns or ():
        if column not in table.columns:
            raise ValueError(_no_column(data, column, table.columns))
    table = table if columns is None else table[list(columns)]
    left_out = []
    for column in table.columns:
        as_numbers = pd.to_numeric(table[column], errors="coerce")
        if columns is None and as_numbers.isna().all():
            left_out.append(column)
        else:
            refuse_text(data, table[[column]], "the table")
            table = table.assign(**{column: as_numbers})
    table = table.drop(columns=left_out)
    if table.empty:
        raise ValueError(f"{data} holds no column of numbers.")
    missing = table.isna()
    if missing.any(axis=None):
        row, column = np.argwhere(missing.to_numpy())[0]
        raise ValueError(
            f"{data} has {int(missing.sum().sum())} missing values, first in row {table.index[row]}, column "
            f"{table.columns[column]!r}. Fill them first, by interpolation for instance."
        )
    return table.rename(columns=str), left_out


def _find_target(table, data, target, columns):
    if columns is not None:
        return target
    if target is None and len(table.columns) > 1:
        raise ValueError(
            f"{data} has several columns ({', '.join(table.columns)}): say which to forecast, --target "
            f"{table.columns[0]}."
        )
    target = table.columns[0] if target is None else target
    if target not in table.columns:
        raise ValueError(_no_column(data, target, table.columns))
    return target


def check_column(data, column, columns):
    """Raise where data has no such column, and offer the nearest one."""
    if column not in columns:
        raise ValueError(_no_column(data, column, columns))


def _no_column(data, column, columns):
    columns = [str(known) for known in columns]
    return f"{data} has no column {column!r}.{suggest(column, columns)} It has: {', '.join(columns)}."
