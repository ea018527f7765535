"""Read the series that a command names: a shipped data set, or a CSV or Parquet file with a time column."""

import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm import datasets
from sklstm._parameters import suggest
from sklstm._series import SeriesIndex, refuse_disorder, tells_time
from sklstm._validation import refuse_text
from sklstm.cli._report import when
from sklstm.cli._table_file import read_table_file
from sklstm.cli._time_column import index_by_time

SHIPPED = {
    "airline": datasets.load_airline,
    "sunspots": datasets.load_sunspots,
    "seattle_weather": datasets.load_seattle_weather,
}

# Text that begins like this may be meant as a number: "12 EUR", "$1,200.50".
LIKE_A_NUMBER = r"\W*\d"


class NamedSeries(NamedTuple):
    """A series table, the column to forecast, what to call it, and what to tell about how it was read."""

    name: str
    table: pd.DataFrame
    target: str
    notes: list


def read_series(data, target=None, time=None, columns=None, future=()):
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
    future : sequence of str
        Columns that are known ahead, and not to be forecast.

    Returns
    -------
    series : NamedSeries
        A row in which nothing was observed is NaN.

    Raises
    ------
    ValueError
        If the file, a column or a number in it is not there or cannot be read.
    """
    read = read_table(data, time)
    target = target or read.target
    for column in columns or [*future, *([] if target is None else [target])]:
        check_column(data, column, read.table.columns)
    if target in future:
        raise ValueError(f"{data}: column {target!r} cannot be the target and known ahead. Leave it out of --future.")
    if columns is None:
        table, left_out = _numbers(read.table, data, needed=[target, *future])
    else:
        table, left_out = _numbers(read.table[list(columns)], data, needed=columns)
    notes = [*read.notes, *left_out.values()]
    if columns is None and target is None:
        target = _find_target(data, read.table, table, left_out, future)
        if left_out:
            notes.append(f"forecast is {target!r}, the only other column")
    return NamedSeries(read.name, table, target, notes + _gaps(data, table))


def read_table(data, time=None):
    """`data` with all of its columns, indexed by time, as a NamedSeries; its target where it has its own."""
    if data in SHIPPED:
        bunch = SHIPPED[data]()
        name, table, target, notes = data, bunch.data, bunch.target_name, []
    else:
        path = Path(data)
        if not path.is_file():
            raise ValueError(
                f"there is no file {str(path)!r}, and no shipped data set of that name."
                f"{suggest(str(path), list(SHIPPED))} Shipped are: {', '.join(SHIPPED)}."
            )
        table, notes = read_table_file(path)
        if time is not None:
            check_column(data, time, table.columns)
        table, of_times = index_by_time(table, data, time)
        name, target, notes = path.stem, None, notes + of_times
    if isinstance(table.index, pd.PeriodIndex):
        table = table.set_index(table.index.to_timestamp())
    _check_order(data, table.index)
    return NamedSeries(name, table.rename(columns=str), target, notes)


def check_column(data, column, columns):
    """Raise where data has no such column, and offer the nearest one."""
    columns = [str(known) for known in columns]
    if column not in columns:
        raise ValueError(f"{data} has no column {column!r}.{suggest(column, columns)} It has: {', '.join(columns)}.")


def _check_order(data, index):
    """Raise where times do not ascend: what refuse_disorder says, with a remedy for files."""
    if not tells_time(index) or index.hasnans:
        refuse_disorder(data, SeriesIndex(len(index), times=index))
    elif not (index.is_monotonic_increasing and index.is_unique):
        row = 1 + int(np.argmax(index[1:] <= index[:-1]))
        if index[row] == index[row - 1]:
            raise ValueError(
                f"{data} expects each time once, got {when(index[row])} in rows {row - 1} and {row}. Keep one of them; "
                "where the file holds several series, give each a file of its own."
            )
        raise ValueError(
            f"{data} expects rows in time order, got {when(index[row])} (row {row}) after {when(index[row - 1])} (row "
            f"{row - 1}). Sort the file by {shlex.quote(str(index.name or 'time'))}."
        )


def _numbers(table, data, needed):
    """The columns that hold numbers, and for each other one why it is left out; those that are needed may not be."""
    left_out = {}
    for column in table.columns:
        as_numbers = pd.to_numeric(table[column], errors="coerce")
        if as_numbers.notna().any():
            refuse_text(data, table[[column]], "the table")
            table = table.assign(**{column: as_numbers})
            continue
        texts = table[column].dropna()
        if column in needed:
            what = f"text: {texts.iloc[0]!r} in row {when(texts.index[0])}" if len(texts) else "nothing"
            raise ValueError(f"{data}: column {column!r} should hold numbers, and holds {what}.")
        left_out[column] = f"left out: column {column!r} " + ("holds text" if len(texts) else "is empty")
    table = table.drop(columns=list(left_out))
    if table.empty:
        raise ValueError(f"{data} holds no column of numbers.")
    return table, left_out


def _find_target(data, read, table, left_out, future):
    """The only column that can be meant."""
    possible = [column for column in table.columns if column not in future]
    if not possible:
        raise ValueError(f"{data} holds no column to forecast: all are said to be known ahead, --future.")
    if len(possible) > 1:
        also = f" Columns without numbers were left out: {', '.join(left_out)}." if left_out else ""
        raise ValueError(
            f"{data} has several columns ({', '.join(possible)}): say which to forecast, --target "
            f"{shlex.quote(possible[0])}.{also}"
        )
    for column in left_out:
        texts = read[column].dropna().astype(str)
        doubtful = texts[texts.str.match(LIKE_A_NUMBER)]
        if 2 * len(doubtful) > len(texts):
            raise ValueError(
                f"{data}: column {column!r} holds text that may be meant as numbers: {doubtful.iloc[0]!r} in row "
                f"{when(doubtful.index[0])}. Write them as numbers, or say which column to forecast, --target "
                f"{shlex.quote(possible[0])}."
            )
    return possible[0]


def _gaps(data, table):
    """What to tell of rows in which nothing was observed; those that were observed in part are refused."""
    missing = table.isna()
    empty = missing.all(axis=1)
    partly = missing[~empty]
    if partly.any(axis=None):
        row, column = np.argwhere(partly.to_numpy())[0]
        raise ValueError(
            f"{data} has {int(partly.sum().sum())} missing values, first in row {partly.index[row]}, column "
            f"{table.columns[column]!r}. Fill them first, by interpolation for instance."
        )
    return [f"not observed: {empty.sum()} of {len(table)} rows"] if empty.any() else []
