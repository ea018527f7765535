"""Samples in three axes or more: windows, padded sequences, frames."""

import numpy as np
from sklearn.utils.validation import check_array

from sklstm._lag_names import read_lag_columns
from sklstm._validation._features import FLOATS, check_n_features
from sklstm._validation._kinds import n_dims
from sklstm._validation._refusals import has_infinity, refuse_infinity, refuse_text
from sklstm._validation._sequences import stack_sequences
from sklstm._validation._tables import check_series_table
from sklstm._warnings import warn_user
from sklstm._windows import Windows


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


def check_frames(estimator, X, *, reset):
    """X of four or more axes, frames in time order, as Windows whose features are a frame's values."""
    who = type(estimator).__name__
    X = np.asarray(X)
    windows = check_3d(estimator, X.reshape(*X.shape[:2], -1), reset=reset)
    refuse_partly_observed_windows(who, windows)
    return windows, X.shape[1:]
