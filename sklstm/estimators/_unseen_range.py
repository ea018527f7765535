"""Ranges of features: what float32 holds of them, and a warning where later values lie far outside."""

import numpy as np

from sklstm._warnings import UnseenRangeWarning, warn_user

# Values further outside than so many times the range of training were most likely measured in another unit.
FAR = 2
# Rounding to a larger fraction of the standard deviation loses what a feature tells.
LOST = 0.01


def find_ranges(samples, earlier=None):
    """Lowest and highest value of each feature, an ndarray of shape (2, n_features), also of `earlier` samples.

    None of frames, and of rows of a table, whose features are time steps.
    """
    if len(samples.sample_shape) != 2:
        return None
    buffer = _shown_rows(samples.windows)
    ranges = np.stack([np.fmin.reduce(buffer, axis=0), np.fmax.reduce(buffer, axis=0)])
    return ranges if earlier is None else np.stack([np.fmin(earlier[0], ranges[0]), np.fmax(earlier[1], ranges[1])])


def check_precision(who, samples, ranges):
    """Refuse values that float32 does not hold, and warn where it loses how a feature varies.

    Parameters
    ----------
    who : str
        The estimator, for the messages.
    samples : Samples
        To be trained on.
    ranges : ndarray of shape (2, n_features) or None
        As `find_ranges` returns them.
    """
    buffer = _shown_rows(samples.windows)
    largest = np.fmax.reduce(np.abs(buffer), axis=0) if ranges is None else np.fmax(*np.abs(ranges))
    refuse_overflow(who, "X", np.fmax.reduce(largest), "SeriesScaler before the framer scales it")
    if ranges is None or buffer.dtype == np.float32 or samples.shift is not None:
        # Windows that are relative to their own level are so in the precision of X.
        return
    rounding, span = np.finfo(np.float32).eps * largest, ranges[1] - ranges[0]
    for feature in np.flatnonzero((rounding > LOST * 0.01 * span) & (span > 0)):
        varies = np.nanstd(buffer[:, feature])
        if rounding[feature] > LOST * varies:
            name = feature if samples.windows.names is None else repr(samples.windows.names[feature])
            warn_user(
                f"{who} computes in float32, which rounds feature {name} to steps of {rounding[feature]:.2g}, where "
                f"its standard deviation is {varies:.2g}: what it tells is lost. Scale X first, by "
                "SeriesScaler('standard').",
                UserWarning,
            )
            return


def _shown_rows(windows):
    """Rows of the buffer that a window shows."""
    shown = windows.shown()
    return windows.buffer if shown.all() else windows.buffer[shown]


def refuse_overflow(who, name, largest, remedy):
    """Raise if a value is larger than float32 holds."""
    if largest > np.finfo(np.float32).max:
        raise ValueError(
            f"{who} computes in float32, which holds values up to {np.finfo(np.float32).max:.2g}, got {largest:.2g} in "
            f"{name}. {remedy}."
        )


def warn_unseen_range(who, samples, ranges, excluded=()):
    """Warn of the feature that lies furthest outside of its range in training.

    Parameters
    ----------
    who : str
        The estimator, for the message.
    samples : Samples
        To be predicted.
    ranges : ndarray of shape (2, n_features) or None
        Of the training, from `find_ranges`.
    excluded : sequence of int or None
        Features that may lie anywhere: those whose windows are relative to their own level, and codes. None: all.
    """
    if ranges is None or len(samples) == 0 or samples.windows.shape[2] != ranges.shape[1]:
        return
    low, high = ranges
    found = find_ranges(samples)
    refuse_overflow(who, "X", np.fmax.reduce(np.abs(found), axis=None), "Look at its unit")
    # Rounding is no range.
    span = (high - low) + 1e-6 * np.maximum(np.abs(low), np.abs(high))
    outside = np.fmax(low - found[0], found[1] - high) / np.where(span > 0, span, 1.0)
    if excluded is None:
        return
    outside[list(excluded)] = 0.0
    feature = int(np.nanargmax(np.nan_to_num(outside)))
    if outside[feature] > FAR:
        above = found[1, feature] - high[feature] > low[feature] - found[0, feature]
        name = feature if samples.windows.names is None else repr(samples.windows.names[feature])
        warn_user(
            f"{who} got values of feature {name} {'up' if above else 'down'} to {found[int(above), feature]:.4g}, and "
            f"was trained on values from {low[feature]:.4g} to {high[feature]:.4g}, as X comes to it. Predictions so "
            "far outside mean little: look at the unit, or fit again with such values.",
            UnseenRangeWarning,
        )
