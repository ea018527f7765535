"""What no array may hold, and where it stands: messages that name the row and the column."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

TIMES = (date, timedelta, np.datetime64, np.timedelta64, pd.Period)


def refuse_text(who, X, name="X"):
    """Raise where X holds text or times instead of numbers, naming the first column and row."""
    remedy = "Make them the index of a DataFrame, or drop them."
    if isinstance(X, pd.DataFrame):
        columns = [(f"column {label!r}", X.iloc[:, k]) for k, label in enumerate(X.columns)]
        remedy = "Make them the index: X.set_index({!r})."
    elif isinstance(X, pd.Series):
        columns = [("the values" if X.name is None else repr(X.name), X)]
    elif isinstance(X, np.ndarray) and X.dtype.kind in "OUSMm" and X.size:
        table = X.reshape(len(X), -1) if X.ndim else X.reshape(1, 1)
        columns = [(f"column {k}", pd.Series(table[:, k])) for k in range(table.shape[1])]
    else:
        return
    for where, column in columns:
        if pd.api.types.is_numeric_dtype(column):
            continue
        for row, value in zip(column.index, column, strict=True):
            if isinstance(value, TIMES):
                raise ValueError(f"{who} expects numbers, got times in {where} of {name}. {remedy.format(column.name)}")
            if isinstance(value, (str, bytes)) and not _is_number(value):
                raise ValueError(
                    f"{who} expects numbers, got text in {where} of {name}: {value!r} in row {row}. "
                    "Encode the column as numbers, or drop it."
                )


def _is_number(value):
    try:
        float(value)
    except ValueError:
        return False
    return True


def has_infinity(values):
    """Whether any of `values` is infinite."""
    # A sum is finite unless something in it is not: one cheap pass before the costly search.
    with np.errstate(all="ignore"):
        total = np.sum(values)
    return not np.isfinite(total) and bool(np.isinf(values).any())


def refuse_infinity(who, values, X, name="X", first_sample=0):
    """Raise where `values`, read from X, are infinite, naming the first row and column."""
    if not has_infinity(values):
        return
    first = np.argwhere(np.isinf(values))[0]
    first[0] += first_sample
    raise ValueError(
        f"{who} got inf in {name} at {place(first, X)}. Replace it, or write NaN where nothing was observed."
    )


def refuse_partly_observed(who, rows, X, of=""):
    """Raise where some but not all features of a row are NaN, naming the rows (`of` what) and columns."""
    with np.errstate(all="ignore"):
        if not np.isnan(np.sum(rows)):
            # One cheap pass before the costly search: nothing is missing.
            return
    missing = np.isnan(rows)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if not partly.any():
        return
    offenders = np.flatnonzero(partly)
    row = offenders[0]
    labels = [_column_label(X, column) for column in np.flatnonzero(missing[row])]
    more = f" (and {len(offenders) - 1} more)" if len(offenders) > 1 else ""
    raise ValueError(
        f"{who} got a time step with some features missing: row {_row_label(X, row)}{of}{more}, NaN in column "
        f"{', '.join(labels)}. A time step is either observed in every feature or NaN in all of them: "
        "impute first, for instance with sklearn.impute.SimpleImputer before this step."
    )


def place(position, X):
    """'row 3, column 'wind'' for a position in X, with the labels that X itself uses."""
    if len(position) == 3:
        return "sample {}, time step {}, feature {}".format(*position)
    row = f"row {_row_label(X, position[0])}"
    return f"{row}, column {_column_label(X, position[1])}" if len(position) == 2 else row


def _row_label(X, row):
    return X.index[row] if isinstance(X, (pd.DataFrame, pd.Series)) else row


def _column_label(X, column):
    return repr(X.columns[column]) if isinstance(X, pd.DataFrame) else str(column)
