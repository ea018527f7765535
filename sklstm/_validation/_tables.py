"""Tables: series, whose rows are time steps, and rows that are samples."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data

from sklstm._validation._features import FLOATS, check_n_features
from sklstm._validation._kinds import is_ragged, n_dims, read_numbers
from sklstm._validation._refusals import refuse_infinity, refuse_text
from sklstm._windows import Windows


def check_series_table(estimator, X, *, reset):
    """A series table as a float array of shape (n_rows, n_features); NaN passes, text and inf do not.

    A 1D series (Series, array or list) is taken as one feature. float32 stays float32, every other
    number becomes float64.
    """
    who = type(estimator).__name__
    values = None if reset else _as_floats(estimator, X)
    if values is not None:
        refuse_infinity(who, values, X)
        return values
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


def _as_floats(estimator, X):
    """The values of a table that needs no conversion and no check of scikit-learn's; None for any other X.

    For a few rows the checks take longer than the arithmetic. This is an array of floats for an estimator without
    feature names, or a DataFrame of floats with the names that were fitted.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if type(X) is pd.DataFrame and names is not None and X.columns.tolist() == names.tolist():
        X = X.to_numpy()
    elif type(X) is not np.ndarray or names is not None:
        return None
    known = X.ndim == 2 and X.dtype in FLOATS and X.size > 0 and X.shape[1] == estimator.n_features_in_
    return X if known else None


def _one_feature(estimator, X, reset):
    n_features = 1 if reset else estimator.n_features_in_
    if n_features != 1:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on {n_features} features, got a 1D X of {len(X)} values, "
            f"which is one feature. Reshape your data: X.reshape(1, -1) if it is one row of {n_features} features."
        )
    return X.to_frame() if isinstance(X, pd.Series) else np.asarray(X).reshape(-1, 1)


def check_rows(estimator, X, *, reset):
    """Rows of a table as Windows of one feature, and the shape of a row, (n_features,); NaN does not pass."""
    X = read_numbers(X)
    refuse_text(type(estimator).__name__, X)
    values = validate_data(estimator, X, reset=reset, dtype=FLOATS)
    return Windows.from_array(values[:, :, None]), values.shape[1:]


def check_rows_as_sequences(estimator, X, *, reset):
    """Rows that are sequences of one feature, (n_samples, n_timesteps), as Windows."""
    who = type(estimator).__name__
    refuse_text(who, X)
    values = check_array(X, dtype=FLOATS, ensure_all_finite=False, estimator=who, input_name="X")
    refuse_infinity(who, values, X)
    check_n_features(estimator, 1, f"X of shape {values.shape}, rows that are sequences of one feature", reset=reset)
    return Windows.from_array(values[:, :, None])
