"""The one door for arrays: what comes in is checked here, once, and every shape message is written here.

A message says who complains, what was expected, what came, and what to do about it. Axes are named:
(n_samples, n_timesteps, n_features) for windows, (n_rows, n_features) for a series table.
"""

import numbers
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names, check_array, column_or_1d, validate_data

from sklstm._lag_names import read_lag_columns
from sklstm._warnings import warn_user
from sklstm._windows import Windows

FLOATS = (np.float64, np.float32)
TIMES = (date, timedelta, np.datetime64, np.timedelta64, pd.Period)


# --- what kind of X is it? ------------------------------------------------------------------------


def is_ragged(X):
    """Whether X is a list, tuple or object array of sequences, each an array-like of its own."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and any(_length(row) is not None for row in X)
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return False
    return any(_is_table(row) for row in X) or len({_length(row) for row in X}) > 1


def _is_table(row):
    try:
        return np.ndim(row) == 2
    except ValueError:
        # Its own rows differ in length: a sequence, if a faulty one.
        return True


def _length(row):
    return len(row) if np.iterable(row) and not isinstance(row, (str, bytes)) else None


def n_dims(X):
    """Number of dimensions of X, from its shape or by reading it."""
    return len(X.shape) if hasattr(X, "shape") else np.ndim(X)


def read_numbers(X):
    """A list of numbers, or of rows of numbers, as an array; whatever has a shape passes untouched."""
    if isinstance(X, pd.Index):
        return pd.Series(X)
    return X if hasattr(X, "shape") else np.asarray(X)


def stack_sequences(who, X):
    """Sequences of one length as an array (n_samples, n_timesteps, n_features); all else as in `read_numbers`."""
    if not is_ragged(X):
        return read_numbers(X)
    sequences = [_read_sequence(who, k, sequence) for k, sequence in enumerate(X)]
    if len({sequence.shape for sequence in sequences}) > 1:
        raise ValueError(
            f"{who} expects X of shape (n_samples, n_timesteps, n_features), got {len(X)} sequences of "
            "different lengths. Put a SequencePadder before it."
        )
    return np.stack(sequences)


# --- series tables --------------------------------------------------------------------------------


def check_series_table(estimator, X, *, reset):
    """A series table as a float array of shape (n_rows, n_features); NaN passes, text and inf do not.

    A 1D series (Series, array or list) is taken as one feature. float32 stays float32, every other
    number becomes float64.
    """
    who = type(estimator).__name__
    if is_ragged(X):
        raise ValueError(
            f"{who} expects one series table of shape (n_rows, n_features), got {len(X)} sequences. "
            "Pass each by itself."
        )
    X = read_numbers(X)
    if n_dims(X) > 2:
        raise ValueError(
            f"{who} expects a series table of shape (n_rows, n_features), got X of shape {X.shape}. "
            "Pass the series, not windows of it, and bring further axes into its features."
        )
    refuse_text(who, X)
    if n_dims(X) == 1:
        X = _one_feature(estimator, X, reset)
    values = validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
    refuse_infinity(who, values, X)
    return values


def _one_feature(estimator, X, reset):
    n_features = 1 if reset else estimator.n_features_in_
    if n_features != 1:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on {n_features} features, got a 1D X of {len(X)} values, "
            f"which is one feature. Reshape your data: X.reshape(1, -1) if it is one row of {n_features} features."
        )
    return X.to_frame() if isinstance(X, pd.Series) else np.asarray(X).reshape(-1, 1)


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


# --- ragged sequences -----------------------------------------------------------------------------


def check_sequences(estimator, X, *, reset):
    """Ragged sequences as a list of float arrays of shape (n_timesteps_i, n_features)."""
    who = type(estimator).__name__
    if len(X) == 0:
        raise ValueError(f"{who} got an empty X: it holds no sequences.")
    sequences = [_check_sequence(who, k, sequence) for k, sequence in enumerate(X)]
    widths = [sequence.shape[1] for sequence in sequences]
    odd = next((k for k, width in enumerate(widths) if width != widths[0]), None)
    if odd is not None:
        raise ValueError(
            f"{who} expects the same features in every sequence, got {widths[odd]} in sequence {odd} "
            f"and {widths[0]} in sequence 0."
        )
    _refuse_other_columns(who, X)
    check_n_features(estimator, widths[0], f"sequences of shape (n_timesteps, {widths[0]})", reset=reset)
    _check_feature_names(estimator, X[0], reset=reset)
    dtype = np.result_type(*{sequence.dtype for sequence in sequences})
    return [sequence.astype(dtype, copy=False) for sequence in sequences]


def _refuse_other_columns(who, X):
    tables = [(k, list(sequence.columns)) for k, sequence in enumerate(X) if isinstance(sequence, pd.DataFrame)]
    for k, columns in tables:
        if columns != tables[0][1]:
            raise ValueError(
                f"{who} expects the same columns in every sequence, got {columns} in sequence {k} "
                f"and {tables[0][1]} in sequence {tables[0][0]}."
            )


def _read_sequence(who, k, sequence):
    if isinstance(sequence, numbers.Number):
        raise ValueError(
            f"{who} expects an array of shape (n_timesteps, n_features) for each sequence, got the number "
            f"{sequence} for sequence {k}."
        )
    try:
        return np.asarray(sequence)
    except ValueError:
        raise ValueError(
            f"{who} expects the same features at every time step, got time steps of different lengths in sequence {k}."
        ) from None


def _check_sequence(who, k, sequence):
    name = f"sequence {k} of X"
    values = _read_sequence(who, k, sequence)
    refuse_text(who, sequence if hasattr(sequence, "shape") else values, name)
    values = values.astype(values.dtype if values.dtype in FLOATS else np.float64, copy=False)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(
            f"{who} expects each sequence to have shape (n_timesteps, n_features), got shape {values.shape} "
            f"for sequence {k}."
        )
    if len(values) == 0:
        raise ValueError(f"{who} got an empty sequence {k}: it has no time steps. Drop it, and its y.")
    refuse_infinity(who, values, sequence, name)
    return values


def check_n_features(estimator, n_features, got, *, reset):
    """Remember the number of features (reset), or compare it with the one remembered."""
    if reset:
        estimator.n_features_in_ = n_features
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input: got {got}."
        )


def check_rows_as_sequences(estimator, X, *, reset):
    """Rows that are sequences of one feature, (n_samples, n_timesteps), as Windows."""
    who = type(estimator).__name__
    refuse_text(who, X)
    values = check_array(X, dtype=FLOATS, ensure_all_finite=False, estimator=who, input_name="X")
    refuse_infinity(who, values, X)
    check_n_features(estimator, 1, f"X of shape {values.shape}, rows that are sequences of one feature", reset=reset)
    return Windows.from_array(values[:, :, None])


# --- windows --------------------------------------------------------------------------------------


def check_windows(estimator, X, *, reset):
    """X of shape (n_samples, n_timesteps, n_features) as Windows over its rows; nothing is expanded.

    2D X, (n_samples, n_timesteps), is one feature whose time steps are the columns, unless their names are
    those of lags. Each time step is observed in every feature, or in none.
    """
    who = type(estimator).__name__
    X = stack_sequences(who, X)
    if n_dims(X) == 2:
        return _check_columns_as_time_steps(estimator, X, reset)
    if n_dims(X) != 3:
        raise ValueError(
            f"{who} expects X of shape (n_samples, n_timesteps, n_features), got shape {np.shape(X)}. "
            "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing."
        )
    windows = check_3d(estimator, X, reset=reset)
    refuse_partly_observed_windows(who, windows)
    return windows


def _check_columns_as_time_steps(estimator, X, reset):
    who = type(estimator).__name__
    steps = check_series_table(estimator, X, reset=reset)
    names = getattr(estimator, "feature_names_in_", ())
    lags = read_lag_columns(who, names)
    if lags is not None:
        order, features = lags
        windows = Windows.from_array(steps[:, order].reshape(len(steps), -1, len(features)))
        refuse_partly_observed_windows(who, windows)
        return windows
    if len(names) > 1 and reset:
        warn_user(
            f"{who} takes the {len(names)} columns of X ({', '.join(names)}) for time steps of one feature. If they "
            "are features of a series, put LagFramer before it; if they are features at one time step, "
            "To3D(n_steps=1).",
            UserWarning,
        )
    return Windows.from_array(steps[:, :, None])


def check_3d(estimator, X, *, reset):
    """A 3D X as Windows over its rows, of floats that are not infinite; NaN passes."""
    who = type(estimator).__name__
    if 0 in X.shape:
        raise ValueError(
            f"{who} got an empty X: shape {X.shape} is (n_samples, n_timesteps, n_features) and none of them may be 0."
        )
    check_n_features(estimator, X.shape[2], f"X of shape {X.shape}", reset=reset)
    if isinstance(X, Windows):
        windows = X
    else:
        refuse_text(who, X)
        X = check_array(X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, estimator=who, input_name="X")
        windows = Windows.from_array(X)
    if has_infinity(windows.buffer):
        for samples, chunk in windows.chunks():
            refuse_infinity(who, chunk, None, first_sample=samples.start)
    return windows


def refuse_partly_observed_windows(who, windows):
    """Raise where a time step of any window is NaN in some but not all features, naming the first."""
    missing = np.isnan(windows.buffer)
    if not (missing.any(axis=1) & ~missing.all(axis=1)).any():
        return
    # A row of the buffer may lie in many windows, or in none: name the first window that shows one.
    for samples, chunk in windows.over(missing).chunks():
        partly = chunk.any(axis=2) & ~chunk.all(axis=2)
        if partly.any():
            sample, step = np.argwhere(partly)[0]
            features = ", ".join(str(k) for k in np.flatnonzero(chunk[sample, step]))
            raise ValueError(
                f"{who} got a time step with some features missing: sample {samples.start + sample}, "
                f"time step {step}, NaN in feature {features}. A time step is either observed in every feature "
                "or NaN in all of them: impute first, before the windows are framed."
            )


def check_rows(estimator, X, *, reset):
    """Rows of a table as Windows of one feature, and the shape of a row, (n_features,); NaN does not pass."""
    X = read_numbers(X)
    refuse_text(type(estimator).__name__, X)
    values = validate_data(estimator, X, reset=reset, dtype=FLOATS)
    return Windows.from_array(values[:, :, None]), values.shape[1:]


def check_frames(estimator, X, *, reset):
    """X of four or more axes, frames in time order, as Windows whose features are a frame's values."""
    who = type(estimator).__name__
    X = np.asarray(X)
    windows = check_3d(estimator, X.reshape(*X.shape[:2], -1), reset=reset)
    refuse_partly_observed_windows(who, windows)
    return windows, X.shape[1:]


# --- targets --------------------------------------------------------------------------------------


def check_target(estimator, y, X_shape):
    """The target as a float array, finite, as long as X.

    Its shape is (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs).
    """
    y = read_target(estimator, y, X_shape)
    refuse_missing_target(type(estimator).__name__, y)
    return y


def read_target(estimator, y, X_shape):
    """As `check_target`, but NaN passes in a target of two or three dimensions."""
    who = type(estimator).__name__
    y_given, y = y, _read_y(who, y)
    refuse_text(who, y, "y")
    _refuse_axes(who, y)
    y = check_array(
        y, dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False, input_name="y", estimator=who
    )
    bad = ~np.isfinite(y) if y.ndim == 1 else np.isinf(y)
    if bad.any():
        first = np.argwhere(bad)[0]
        refuse_in_target(who, "NaN" if np.isnan(y[tuple(first)]) else "inf", place(first, y_given))
    _refuse_other_rows(who, X_shape, len(y))
    return y


def refuse_missing_target(who, y, observed=None):
    """Raise where a target is NaN, unless its time step was not `observed`, (n_samples, n_timesteps)."""
    missing = np.isnan(y)
    if observed is not None:
        missing &= observed.reshape(*observed.shape, *(1,) * (y.ndim - 2))
    if missing.any():
        refuse_in_target(who, "NaN", place(np.argwhere(missing)[0], y))


def refuse_in_target(who, value, where):
    """Raise because of a value in y that cannot be learned from."""
    raise ValueError(
        f"{who} got {value} in y at {where}: Input y contains {value}, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )


def check_labels(estimator, y, X_shape):
    """Labels as an array of shape (n_samples,), (n_samples, n_outputs) or with an axis of time steps, as long as X.

    Labels of any type; None and NaN pass where there are several to a sample.
    """
    who = type(estimator).__name__
    y = np.asarray(_read_y(who, y))
    _refuse_axes(who, y)
    _refuse_other_rows(who, X_shape, len(y))
    if y.ndim == 2 and y.shape[1] == 1 and X_shape[1:2] != (1,):
        y = column_or_1d(y, warn=True)
    if y.dtype.kind == "f" and np.isinf(y).any():
        refuse_in_target(who, "inf", place(np.argwhere(np.isinf(y))[0], y))
    missing = pd.isna(y)
    if y.ndim == 1 and missing.any():
        refuse_in_target(who, "NaN", f"row {np.flatnonzero(missing)[0]}")
    if missing.all():
        raise ValueError(f"{who} got no label at all in y: it is empty, or all of it is missing.")
    return y


def _read_y(who, y):
    if y is None:
        raise ValueError(
            f"{who} requires y to be passed, but the target y is None. "
            "For the next value of a series: X, y = make_supervised(series)."
        )
    return read_numbers(y)


def _refuse_axes(who, y):
    if n_dims(y) not in (1, 2, 3):
        raise ValueError(
            f"{who} expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), "
            f"got shape {np.shape(y)}."
        )


def _refuse_other_rows(who, X_shape, n_samples):
    if n_samples == X_shape[0]:
        return
    swapped = ""
    if X_shape[0] == 1 and n_samples == X_shape[1]:
        swapped = (
            f" The {X_shape[1]} samples lie on the axis of time steps: X.reshape({X_shape[1]}, 1, -1) makes "
            "them samples of one time step, LagFramer makes windows of them."
        )
    axes = "n_samples, n_timesteps, n_features" if len(X_shape) == 3 else "n_samples first"
    raise ValueError(
        f"{who} got X with {X_shape[0]} samples (shape {tuple(X_shape)} is {axes}) "
        f"and y with {n_samples}.{swapped} Both need the same number of rows."
    )
