"""Series of any kind as a DataFrame, and the columns of it that a user names."""

from numbers import Integral

import numpy as np
import pandas as pd

from sklstm._parameters import suggest
from sklstm._validation import is_ragged


def has_names(data):
    """Whether a series names its columns: one of pandas, or of another library of tables, such as polars."""
    return hasattr(data, "columns") or hasattr(data, "to_frame")


def as_table(data, who):
    """A series of any kind as a DataFrame; the columns of an array are called var1, var2 and so on."""
    if isinstance(data, pd.DataFrame):
        table = data
        _refuse_columns(who, table)
    elif isinstance(data, pd.Series):
        table = data.to_frame("var1" if data.name is None else data.name)
    elif has_names(data):
        frame = data if hasattr(data, "columns") else data.to_frame()
        # Column by column: the library's own way to pandas may ask for a further one.
        table = pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
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
    return table


def _refuse_columns(who, table):
    """Refuse columns whose names cannot name a feature each."""
    if isinstance(table.columns, pd.MultiIndex):
        raise ValueError(
            f"{who} expects a name for each column, got names of {table.columns.nlevels} levels, such as "
            f"{table.columns[0]!r}. Join them: table.set_axis(['_'.join(map(str, name)) for name in table], axis=1)."
        )
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"{who} expects columns of different names, got {twice!r} twice. Rename one of them.")


def find_position(feature, names):
    """Position of the feature of this name, else the position that it gives itself; None where there is neither."""
    if feature in names:
        return names.index(feature)
    if isinstance(feature, Integral) and 0 <= feature < len(names):
        return int(feature)
    return None


def find_target(who, table, target):
    """Position of the column to forecast, by its name or position; the only one, where none is given."""
    columns = list(table.columns)
    if isinstance(target, list):
        raise ValueError(f"{who} forecasts one column, got target={target!r}. Name one: target={columns[0]!r}.")
    if target is None and len(columns) > 1:
        raise ValueError(f"{who} needs to know which of the columns {columns} to forecast: pass target={columns[0]!r}.")
    position = 0 if target is None else find_position(target, columns)
    if position is None:
        raise ValueError(
            f"{who} got target={target!r}, which is no column."
            f"{suggest(str(target), [str(column) for column in columns])} The columns are: {columns}."
        )
    return position
