"""Rows that had times before a step of a Pipeline took them away."""

import numpy as np
import pandas as pd

from sklstm._warnings import ColdStartWarning, warn_user


def warn_lost_times(who, windows, y):
    """Warn where y has times, and windows were framed from an array: then new rows start cold.

    Parameters
    ----------
    who : str
        Name of the estimator, for the message.
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        Windows that LagFramer made begin with time steps that were not observed.
    y : array-like of shape (n_samples, ...)
        As it was given.
    """
    index = getattr(y, "index", None)
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or windows.names is not None or len(windows) == 0:
        return
    if windows.groups is None and windows.overlap() and np.isnan(windows.buffer[windows.starts[0]]).all():
        warn_user(
            f"{who} got y with times, and windows of rows without: a step before LagFramer returns arrays, so that new "
            "rows start cold, without the fitted rows before them. Let the steps return tables, "
            "pipeline.set_output(transform='pandas'), or pass y as an array.",
            ColdStartWarning,
        )
