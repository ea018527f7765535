"""The column of a table that tells when its rows were."""

import math
from itertools import product

import pandas as pd

from sklstm._series import find_holes
from sklstm.cli._table_file import UNNAMED

# How a time of day ends that says how far it is from UTC.
OFFSET = r"[T ]\d{2}.*?(Z|[+-]\d{2}(?::?\d{2})?)$"


def index_by_time(table, data, time=None):
    """Take the times of rows out of a table, and index it by them.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        As it was read.
    data : str
        What it is called in messages.
    time : str, optional
        The column that tells when; by default the first one that holds dates. Without one rows stay numbered.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        Without that column.
    notes : list of str
        What to tell about how it was read.

    Raises
    ------
    ValueError
        If the column does not hold times, or can be read in two ways.
    """
    if time is None and isinstance(table.index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return table, []
    for column in table.columns if time is None else [time]:
        times = _as_times(data, table[column], named=time is not None)
        if times is None:
            continue
        notes = []
        if isinstance(times.dtype, pd.DatetimeTZDtype) and len(_offsets(table[column]).unique()) > 1:
            notes = [f"times of column {column!r} have several offsets from UTC, and are read as UTC"]
        name = "time" if column == UNNAMED else column
        return table.drop(columns=column).set_index(pd.DatetimeIndex(times, name=name)), notes
    if time is not None:
        _refuse_no_times(data, table[time])
    return table, []


def _as_times(data, column, named):
    """A column as timestamps, or None where it holds none. Whole numbers are years, in a column of that name."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if pd.api.types.is_numeric_dtype(column) and not (named or str(column.name).lower() == "year"):
        return None
    try:
        times = pd.to_datetime(column.astype(str), format="ISO8601", utc=True)
    except ValueError:
        return _as_local_dates(column) if named or isinstance(column.iloc[0], str) else None
    return _in_their_zone(data, column, times)


def _in_their_zone(data, column, times):
    """Times, read as UTC, in the one zone that their offsets name; without any as they were written."""
    offsets = _offsets(column)
    if offsets.isna().all():
        return times.dt.tz_localize(None)
    if offsets[times.notna()].isna().any():
        bare = column[times.notna() & offsets.isna()].iloc[0]
        raise ValueError(
            f"{data}: column {column.name!r} says how far its times are from UTC in some rows only, not for {bare!r}. "
            "Write it in all rows, or in none."
        )
    if len(offsets.dropna().unique()) > 1:
        return times
    return pd.to_datetime(column.astype(str), format="ISO8601")


def _offsets(column):
    return column.astype(str).str.extract(OFFSET, expand=False)


def _local_readings(column):
    """The column as dates with the day or the month first, in every way to write them; NaT where that fails."""
    # Between dots the day comes first, wherever dates are written so.
    orders = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%m/%d/%Y", "%m-%d-%Y")
    for order, time in product(orders, ("", " %H:%M", " %H:%M:%S")):
        yield pd.to_datetime(column.astype(str), format=order + time, errors="coerce")


def _as_local_dates(column):
    """Dates with the day or the month first: the reading that makes a regular series with the fewest holes."""
    readings = {}
    for times in _local_readings(column):
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
    holes = find_holes(times) if times.is_monotonic_increasing else None
    return math.inf if holes is None else len(holes[0])


def _refuse_no_times(data, column):
    """Raise with the first row that holds no time, in the reading that fits most rows."""
    iso = pd.to_datetime(column.astype(str), format="ISO8601", errors="coerce", utc=True)
    readings = [iso, *_local_readings(column)]
    best = max(readings, key=lambda times: times.notna().sum())
    row = int(best.isna().to_numpy().argmax())
    value = column.iloc[row]
    value = value.item() if hasattr(value, "item") else value
    raise ValueError(f"{data}: column {column.name!r} does not hold times: {value!r} in row {row}.")
