"""A file as a table: CSV as spreadsheets of several countries write it, or Parquet."""

import gzip
import re

import pandas as pd

from sklstm.cli._decimal_commas import find_decimal_commas, read_decimal_commas

SEPARATORS = ",;\t"

# What pandas calls a first column without a name, as its own `to_csv` writes an index.
UNNAMED = "Unnamed: 0"


def read_table_file(path):
    """Read a file.

    Parameters
    ----------
    path : Path
        Of a ``.csv`` file, packed (``.gz``) or not, or of a ``.parquet`` file.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        Its columns.
    notes : list of str
        What to tell about how it was read.

    Raises
    ------
    ValueError
        If it is no such file, or cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        table, notes = _read_parquet(path), []
    elif path.suffix.lower() in (".csv", ".gz"):
        table, notes = _read_csv(path)
    else:
        raise ValueError(f"{str(path)!r} is neither a .csv nor a .parquet file.")
    if len(table) == 0:
        raise ValueError(f"{path} holds no rows.")
    return table, notes


def _read_parquet(path):
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise ValueError("reading Parquet needs pyarrow: pip install 'sklstm[parquet]'") from None


def _read_csv(path):
    try:
        separator = _find_separator(path)
        table = pd.read_csv(path, sep=separator)
        if not isinstance(table.index, pd.RangeIndex):
            # pandas takes values without a name for an index, and gives each name to another column.
            raise ValueError(
                f"{path} has more values in a row than names in its header. Name every column; and quote numbers with "
                "a decimal comma, or separate columns by semicolons."
            )
        commas = find_decimal_commas(path, table, sure=separator == ";")
        if commas:
            # Points between thousands were taken for decimal points where a column has no commas.
            table = read_decimal_commas(table, pd.read_csv(path, sep=separator, dtype=str), commas)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path} is empty.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not encoded as UTF-8: save it as UTF-8, in Excel as 'CSV UTF-8'.") from None
    except pd.errors.ParserError as error:
        what = str(error).rpartition("C error: ")[2].strip()
        raise ValueError(f"{path} is no table: {what}.") from None
    notes = [f"the comma is read as the decimal mark: {', '.join(commas)}"] if commas else []
    return _without_saved_index(table), notes


def _find_separator(path):
    """The mark that is most often in the header, outside of quotes."""
    unpacked = gzip.open if path.suffix.lower() == ".gz" else open
    with unpacked(path, "rt", encoding="utf-8-sig") as file:
        header = next((line for line in file if line.strip()), "")
    return max(SEPARATORS, key=re.sub('"[^"]*"', "", header).count)


def _without_saved_index(table):
    """A table without the row numbers that pandas saved beside it."""
    first = table.columns[0]
    if first != UNNAMED or len(table.columns) == 1 or not pd.api.types.is_integer_dtype(table[first]):
        return table
    counts = (table[first].diff().iloc[1:] == 1).all()
    return table.drop(columns=first) if counts else table
