"""Levels of quantiles: which there are, and which of them stands for all."""

import numpy as np


def read_quantiles(who, quantiles):
    """Levels of quantiles as a float array of shape (n_quantiles,): strictly between 0 and 1, ascending.

    >>> read_quantiles("Somebody", (0.1, 0.5))
    array([0.1, 0.5])
    """
    try:
        levels = np.asarray(quantiles, dtype=np.float64)
        valid = levels.ndim == 1 and len(levels) > 0 and levels.min() > 0 and levels.max() < 1
    except (TypeError, ValueError):
        valid = False
    if not valid or not (np.diff(levels) > 0).all():
        raise ValueError(
            f"{who} expects quantiles strictly between 0 and 1, ascending, each once, like [0.1, 0.5, 0.9]; got "
            f"quantiles={quantiles!r}."
        )
    return levels


def nearest_to_median(levels):
    """Position of the level nearest to 0.5, of two alike the lower one.

    >>> nearest_to_median(np.array([0.2, 0.4, 0.6]))
    1
    """
    return int(np.argmin(np.round(np.abs(levels - 0.5), 12)))
