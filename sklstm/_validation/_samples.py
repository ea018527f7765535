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
from sklstm._windows import Roles, Windows


def check_windows(estimator, X, *, reset):
    """X of shape (n_samples, n_timesteps, n_features) as Windows over its rows; nothing is expanded.

    2D X, (n_samples, n_timesteps), is one feature whose time steps are the columns, unless their names are
    those of lags. Each time step is observed in every feature that has no role, or in none.
    """
    windows = _read_windows(estimator, X, reset)
    _check_roles(estimator, windows, reset)
    return windows


def _read_windows(estimator, X, reset):
    who = type(estimator).__name__
    X = stack_sequences(who, X)
    if n_dims(X) == 2:
        if reset:
            estimator._n_window_features = None
        else:
            _refuse_other_axes(estimator, X)
        return _check_columns_as_time_steps(estimator, X, reset)
    if n_dims(X) != 3:
        raise ValueError(
            f"{who} expects X of shape (n_samples, n_timesteps, n_features), got shape {np.shape(X)}. "
            "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing."
        )
    windows = check_3d(estimator, X, reset=reset)
    refuse_partly_observed_windows(who, windows)
    if reset:
        estimator._n_window_features = windows.shape[2]
    return windows


def _refuse_other_axes(estimator, X):
    """Raise where a table is given to what was fitted on windows of several features."""
    n_features = getattr(estimator, "_n_window_features", None)
    if n_features is not None and n_features > 1:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on windows of {n_features} features, X of shape (n_samples, "
            f"n_timesteps, {n_features}), got X of shape {np.shape(X)}. Put LagFramer before it, which makes windows "
            "of rows; or To3D(n_steps=1), where each row is a sample of one time step."
        )


def _check_roles(estimator, windows, reset):
    """Refuse features that mean something else than in fit, and windows in which none tells what was observed."""
    who = type(estimator).__name__
    if reset:
        if len(sequence_features(windows)) == 0:
            raise ValueError(
                f"{who} got windows with {_described(windows.roles)}, and no other. Add one that changes from time "
                "step to time step: it tells which time steps were observed."
            )
        estimator._roles = windows.roles
    elif windows.roles != (expected := getattr(estimator, "_roles", Roles())):
        raise ValueError(
            f"{who} was fitted on windows with {_described(expected)}, got {_described(windows.roles)}. Pass what the "
            "LagFramer of fit makes, and as it is: an array does not say what its features mean."
        )


def _described(roles):
    parts = [f"static features {list(roles.static)}"] if roles.static else []
    if roles.future:
        steps = "; ".join(str(list(step)) for step in roles.future)
        parts.append(f"features that are known ahead, for each step {steps}")
    return " and ".join(parts) or "no static features and none that are known ahead"


def _check_columns_as_time_steps(estimator, X, reset):
    who = type(estimator).__name__
    steps = check_series_table(estimator, X, reset=reset)
    names = getattr(estimator, "feature_names_in_", ())
    lags = read_lag_columns(who, names)
    if lags is not None:
        order, features = lags
        windows = Windows.from_array(steps[:, order].reshape(len(steps), -1, len(features)), features)
        refuse_partly_observed_windows(who, windows)
        return windows
    if len(names) > 1 and reset:
        warn_user(
            f"{who} takes the {len(names)} columns of X ({', '.join(names)}) for time steps of one feature. If they "
            "are features of a series, put LagFramer before it; if they are features at one time step, "
            "To3D(n_steps=1).",
            UserWarning,
        )
    # A single column is a feature at one time step.
    return Windows.from_array(steps[:, :, None], names if len(names) == 1 else None)


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
        if type(X) is not np.ndarray or X.dtype not in FLOATS:
            refuse_text(who, X)
            X = check_array(X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, estimator=who, input_name="X")
        windows = Windows.from_array(X)
    if has_infinity(windows.buffer):
        for samples, chunk in windows.chunks():
            refuse_infinity(who, chunk, None, first_sample=samples.start)
    return windows


def refuse_partly_observed_windows(who, windows):
    """Raise where a time step of any window is NaN in some but not all features without a role, naming the first."""
    looked_at = sequence_features(windows)
    missing = np.isnan(windows.buffer if len(looked_at) == windows.shape[2] else windows.buffer[:, looked_at])
    if not (missing.any(axis=1) & ~missing.all(axis=1)).any():
        return
    # A row of the buffer may lie in many windows, or in none: name the first window that shows one.
    for samples, chunk in windows.over(missing).chunks():
        partly = chunk.any(axis=2) & ~chunk.all(axis=2)
        if partly.any():
            sample, step = np.argwhere(partly)[0]
            features = ", ".join(str(k) for k in looked_at[chunk[sample, step]])
            raise ValueError(
                f"{who} got a time step with some features missing: sample {samples.start + sample}, "
                f"time step {step}, NaN in feature {features}. A time step is either observed in every feature "
                "or NaN in all of them: impute first, before the windows are framed."
            )


def sequence_features(windows):
    """Positions of the features that change from time step to time step: those without a role."""
    if not any(windows.roles):
        return np.arange(windows.shape[2])
    return np.setdiff1d(np.arange(windows.shape[2]), windows.roles.features).astype(np.intp)


def check_codes(who, windows, features, n_categories=None):
    """How many codes there may be in each of some features; NaN where nothing was observed.

    They are those from 0 to the largest that is seen in fit, and one above it, the code that SequenceEncoder gives to
    what is unknown.

    Parameters
    ----------
    who : str
        For messages.
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        Samples.
    features : sequence of int
        Positions of the features that hold codes.
    n_categories : sequence of int, optional
        How many that were in fit; without it this is fit.

    Returns
    -------
    n_categories : tuple of int
    """
    codes = windows.buffer[:, list(features)]
    encode = 'Encode with SequenceEncoder(unknown="encode")'
    odd = _first_shown(windows, (codes < 0) | (~np.isnan(codes) & (codes != np.floor(codes))))
    if odd is not None:
        sample, step, k = odd
        raise ValueError(
            f"{who} expects codes in feature {features[k]} of X, whole numbers of 0 and more; got "
            f"{windows[sample][step, features[k]]:g} in sample {sample}, time step {step}. {encode}, or say which "
            "features hold codes: embedding_features=[...]."
        )
    if n_categories is None:
        return tuple(int(largest) + 2 for largest in np.nan_to_num(codes[windows.shown()]).max(axis=0))
    new = _first_shown(windows, codes >= np.asarray(n_categories))
    if new is not None:
        sample, step, k = new
        raise ValueError(
            f"{who} saw codes from 0 to {n_categories[k] - 2} of feature {features[k]} in fit, and takes "
            f"{n_categories[k] - 1} for what is unknown; got {windows[sample][step, features[k]]:g} in sample "
            f"{sample}, time step {step}. {encode} in the Pipeline, so that it learns the categories that fit sees."
        )
    return tuple(n_categories)


def _first_shown(windows, where):
    """Sample, time step and column of the first True of an array, (n_buffer_rows, n_columns), that a window shows."""
    if where.any():
        for samples, chunk in windows.over(where).chunks():
            if chunk.any():
                sample, step, column = (int(k) for k in np.argwhere(chunk)[0])
                return samples.start + sample, step, column
    return None


def check_frames(estimator, X, *, reset):
    """X of four or more axes, frames in time order, as Windows whose features are a frame's values."""
    who = type(estimator).__name__
    X = np.asarray(X)
    windows = check_3d(estimator, X.reshape(*X.shape[:2], -1), reset=reset)
    refuse_partly_observed_windows(who, windows)
    return windows, X.shape[1:]
