"""Values of the target's own past in windows."""

import numpy as np


def last_observed(windows):
    """Return the last observed time step of each window, (n_samples, n_features); NaN where nothing was observed."""
    observed = ~np.isnan(windows)
    steps = windows.shape[1] - 1 - np.argmax(observed[:, ::-1], axis=1)
    return np.take_along_axis(windows, steps[:, None], axis=1)[:, 0]


def last_value(windows, past):
    """Return the target's last observed value, (n_samples,), in its own units."""
    return past.slope * last_observed(windows)[:, past.feature] + past.offset


def last_season(windows, past, season, *, dilation=1, who):
    """Return the target's value one season before it, (n_samples,), in its own units; without one the last observed.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows that reach back to that value.
    past : OwnPast
        Feature, horizon and units of the target's past.
    season : int
        Rows in a season.
    dilation : int, default=1
        Rows from one time step of the windows to the next.
    who : str
        The caller, for messages.
    """
    n_timesteps, rows_back = windows.shape[1], -past.horizon % season
    if rows_back % dilation:
        raise ValueError(
            f"{who} needs the value {rows_back} rows back, got windows with dilation={dilation}, which do not hold it. "
            f"Put LagFramer(n_steps={season}) without dilation before it."
        )
    back = rows_back // dilation
    if back >= n_timesteps:
        raise ValueError(
            f"{who} needs windows of at least {back + 1} time steps, got {n_timesteps}. Put "
            f"LagFramer(n_steps={season}) before it."
        )
    value = windows[:, -1 - back, past.feature]
    value = np.where(np.isnan(value), last_observed(windows)[:, past.feature], value)
    return past.slope * value + past.offset
