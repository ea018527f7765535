"""Statistics of each series: functions on arrays and bounds, without a loop over series. Pure NumPy.

`values`, of shape (n_rows, n_features), holds the rows of one series after those of another. `bounds`, of shape
(n_series + 1,), holds the first row of each series and, at the end, the number of rows. Every series has a row. NaN is
not observed and left out. Results have shape (n_series, n_features), and are NaN where a series was not observed.
"""

import numpy as np


def count_observed(values, bounds):
    """Number of observed values, an ndarray of int."""
    return np.add.reduceat(~np.isnan(values), bounds[:-1], axis=0, dtype=np.int64)


def find_extremes(values, bounds):
    """Smallest and largest value."""
    begins = bounds[:-1]
    return np.fmin.reduceat(values, begins, axis=0), np.fmax.reduceat(values, begins, axis=0)


def find_moments(values, bounds):
    """Number of observed values, their mean and their variance, computed in float64.

    The variance is that of the population. Two passes over the values keep it exact where a level is large.
    """
    count = count_observed(values, bounds)
    mean, variance = np.empty((2, *count.shape))
    # Column by column: so temporary arrays are as long as the table, and not as large.
    for k in range(values.shape[1]):
        mean[:, k], variance[:, k] = _moments_of_column(values[:, k], bounds, count[:, k])
    return count, mean, variance


def _moments_of_column(values, bounds, count):
    observed, begins = ~np.isnan(values), bounds[:-1]
    with np.errstate(invalid="ignore"):
        # A series that was never observed: 0 / 0 is NaN.
        mean = np.add.reduceat(np.where(observed, values, 0.0), begins, dtype=np.float64) / count
        deviations = np.where(observed, values - np.repeat(mean, np.diff(bounds)), 0.0)
        # The sum of the deviations is the rounding error of the mean.
        error = np.add.reduceat(deviations, begins)
        variance = (np.add.reduceat(deviations**2, begins) - error**2 / count) / count
    return mean, variance


def merge_moments(one, other):
    """Moments of two sets of rows together, each as from `find_moments`.

    References
    ----------
    Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance.
    """
    (n_one, mean_one, var_one), (n_other, mean_other, var_other) = one, other
    count = n_one + n_other
    with np.errstate(invalid="ignore"):
        share = n_other / count
        # NaN times a share of 0 is NaN: a part that was not observed counts as 0.
        mean_one, var_one = (np.where(n_one, part, 0.0) for part in (mean_one, var_one))
        mean_other, var_other = (np.where(n_other, part, 0.0) for part in (mean_other, var_other))
        apart = mean_other - mean_one
        mean = mean_one + share * apart
        variance = (1 - share) * var_one + share * var_other + share * (1 - share) * apart**2
    return count, mean, variance


def find_quantiles(values, bounds, levels):
    """Quantiles of each series by linear interpolation, of shape (n_levels, n_series, n_features)."""
    codes = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    # NaN is sorted to the end of its series.
    ordered = np.stack([column[np.lexsort((column, codes))] for column in values.T], axis=1)
    last = np.maximum(count_observed(values, bounds) - 1, 0)
    places = np.multiply.outer(np.asarray(levels, dtype=np.float64), last)
    below = np.floor(places).astype(np.intp)
    first = bounds[:-1, None]
    low = np.take_along_axis(ordered, (first + below).reshape(-1, values.shape[1]), axis=0)
    high = np.take_along_axis(ordered, (first + np.minimum(below + 1, last)).reshape(-1, values.shape[1]), axis=0)
    low, high = low.reshape(places.shape).astype(np.float64), high.reshape(places.shape).astype(np.float64)
    return low + (high - low) * (places - below)
