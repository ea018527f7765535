"""Values that lie beyond the bounds which SeriesScaler knows of."""

import numpy as np

from sklstm._validation import is_ragged, n_dims, place
from sklstm._warnings import warn_user


def treat_out_of_range(how, observations, X, bounds, names, whose):
    """Values of observations of shape (n_observations, n_features), those out of range treated as `how` says.

    Parameters
    ----------
    how : {"clip", "warn", "error", "nan"}
        As SeriesScaler's parameter `out_of_range`.
    observations : Observations
        What was read of X.
    X : array-like
        The features, for messages.
    bounds : tuple of two ndarrays of shape (n_features,) or (n_observations, n_features)
        Smallest and largest value in range, of each feature, or of each observation and feature.
    names : array-like of shape (n_features,)
        Names of the features.
    whose : callable
        Whose bounds those of an observation are, for messages.
    """
    values, (lower, upper) = observations.values, bounds
    if how == "clip":
        return np.clip(values, lower, upper).astype(values.dtype, copy=False)
    outside = (values < lower) | (values > upper)
    if how == "nan":
        return np.where(outside, values.dtype.type(np.nan), values)
    outside &= np.reshape(observations.shown, (-1, 1))
    if not outside.any():
        return values
    row, column = first = np.argwhere(outside)[0]
    where = place(first, X) if not is_ragged(X) and n_dims(X) == 2 else f"column {names[column]!r}"
    low, high = (np.broadcast_to(bound, values.shape)[row, column] for bound in (lower, upper))
    message = (
        f"SeriesScaler got values outside the range it knows: {outside.sum()} in all, first "
        f"{values[row, column]:g} in {where}, which ranges from {low:g} to {high:g}{whose(row)}."
    )
    if how == "error":
        raise ValueError(f"{message} Fit on data that covers it, give its bounds as coefficients, or clip.")
    warn_user(message, UserWarning)
    return values
