"""y: numbers or labels, as long as X."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, column_or_1d

from sklstm._validation._features import FLOATS
from sklstm._validation._kinds import n_dims, read_numbers
from sklstm._validation._refusals import place, refuse_text


def read_target(estimator, y, X_shape):
    """The target as a float array, as long as X; NaN, a value that is not known, passes where others are known.

    Its shape is (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs).
    """
    who = type(estimator).__name__
    y_given, y = y, _read_y(who, y)
    refuse_text(who, y, "y")
    _refuse_axes(who, y)
    y = check_array(
        y, dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False, input_name="y", estimator=who
    )
    infinite = np.isinf(y)
    if infinite.any():
        refuse_in_target(who, "inf", place(np.argwhere(infinite)[0], y_given))
    if len(y) and np.isnan(y).all():
        raise ValueError(
            f"{who} got y of shape {y.shape} in which every value is NaN, not known, and there is nothing to learn "
            "from. Pass y with values that are known."
        )
    _refuse_other_rows(who, X_shape, len(y))
    return y


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
