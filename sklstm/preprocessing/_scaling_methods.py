"""The methods of SeriesScaler: the statistics that each learns, and the centre and scale that follow from them.

Arrays have shape (n_sets, n_features): a set of coefficients for each series of a panel, and one for all rows. Where a
feature does not vary it is divided by 1, as scikit-learn's scalers do.
"""

import numpy as np

from sklstm._series import find_extremes, find_moments, find_quantiles, merge_moments

EPSILON = np.finfo(np.float64).eps


class Method:
    """Leave values as they are. Base class of the other methods."""

    names: tuple[str, ...] = ()

    def learn(self, values, bounds):
        """Statistics of each series, a dict of arrays; those that `merge` and `find_coefficients` take."""
        lower, upper = find_extremes(values, bounds)
        return {"lower": lower, "upper": upper}

    def merge(self, one, other):
        """Statistics of two chunks together. NaN, and a count of 0, mean that a chunk shows nothing of a feature."""
        return {"lower": np.fmin(one["lower"], other["lower"]), "upper": np.fmax(one["upper"], other["upper"])}

    def find_coefficients(self, statistics):
        """The coefficients by name."""
        return {}

    def check(self, coefficients, columns, of_set):
        """Raise if coefficients contradict each other; ``of_set(k)`` names set k in the message."""

    def bounds(self, coefficients):
        """Smallest and largest value in range, or None if the coefficients do not say."""

    def center_and_scale(self, coefficients, feature_range):
        """What is subtracted, and what the difference is divided by."""


class MinMax(Method):
    names = ("min", "max")

    def find_coefficients(self, statistics):
        return {"min": statistics["lower"].astype(np.float64), "max": statistics["upper"].astype(np.float64)}

    def check(self, coefficients, columns, of_set):
        crossed = _find_first(coefficients["min"] > coefficients["max"])
        if crossed:
            low, high = coefficients["min"][crossed], coefficients["max"][crossed]
            raise ValueError(
                f"SeriesScaler expects min <= max, got min {low:g} and max {high:g} for column "
                f"{columns[crossed[1]]!r}{of_set(crossed[0])}. Mend coefficients, or give both of them."
            )

    def bounds(self, coefficients):
        return coefficients["min"], coefficients["max"]

    def center_and_scale(self, coefficients, feature_range):
        low, high = feature_range
        scale = _without_zeros(coefficients["max"] - coefficients["min"]) / (high - low)
        return coefficients["min"] - low * scale, scale


class Standard(Method):
    names = ("mean", "std")

    def learn(self, values, bounds):
        count, mean, variance = find_moments(values, bounds)
        return super().learn(values, bounds) | {"count": count, "mean": mean, "variance": variance}

    def merge(self, one, other):
        moments = (tuple(part[name] for name in ("count", "mean", "variance")) for part in (one, other))
        count, mean, variance = merge_moments(*moments)
        return super().merge(one, other) | {"count": count, "mean": mean, "variance": variance}

    def find_coefficients(self, statistics):
        count, mean, variance = (statistics[name] for name in ("count", "mean", "variance"))
        # The bound on rounding errors that scikit-learn's StandardScaler has for values that are all the same.
        rounding = count * EPSILON * variance + (count * mean * EPSILON) ** 2
        return {"mean": mean, "std": np.where(variance <= rounding, 0.0, np.sqrt(variance))}

    def check(self, coefficients, columns, of_set):
        _refuse_negative("std", coefficients["std"], columns, of_set)

    def center_and_scale(self, coefficients, feature_range):
        return coefficients["mean"], _without_zeros(coefficients["std"])


class Robust(Method):
    names = ("median", "iqr")

    def learn(self, values, bounds):
        first, median, third = find_quantiles(values, bounds, [0.25, 0.5, 0.75])
        return super().learn(values, bounds) | {"median": median, "iqr": third - first}

    def find_coefficients(self, statistics):
        return {"median": statistics["median"], "iqr": _without_zeros(statistics["iqr"])}

    def check(self, coefficients, columns, of_set):
        _refuse_negative("iqr", coefficients["iqr"], columns, of_set)

    def center_and_scale(self, coefficients, feature_range):
        return coefficients["median"], _without_zeros(coefficients["iqr"])


class MaxAbs(Method):
    names = ("max_abs",)

    def find_coefficients(self, statistics):
        return {"max_abs": np.maximum(np.abs(statistics["lower"]), np.abs(statistics["upper"])).astype(np.float64)}

    def check(self, coefficients, columns, of_set):
        _refuse_negative("max_abs", coefficients["max_abs"], columns, of_set)

    def bounds(self, coefficients):
        return -coefficients["max_abs"], coefficients["max_abs"]

    def center_and_scale(self, coefficients, feature_range):
        return np.zeros_like(coefficients["max_abs"]), _without_zeros(coefficients["max_abs"])


METHODS = {"minmax": MinMax(), "standard": Standard(), "robust": Robust(), "maxabs": MaxAbs(), None: Method()}


def _without_zeros(spread):
    """A spread below ten times the rounding of 1 counts as none, as in scikit-learn."""
    return np.where(np.abs(spread) < 10 * EPSILON, 1.0, spread)


def _find_first(mask):
    """The set and the feature of the first True, the set of all rows (the last one) before the others; or None."""
    found = np.argwhere(np.roll(mask, 1, axis=0))
    return (int(found[0, 0]) - 1, int(found[0, 1])) if len(found) else None


def _refuse_negative(name, values, columns, of_set):
    negative = _find_first(values < 0)
    if negative:
        raise ValueError(
            f"SeriesScaler expects {name} to be 0 or more, got {values[negative]:g} for column "
            f"{columns[negative[1]]!r}{of_set(negative[0])}. Mend coefficients."
        )
