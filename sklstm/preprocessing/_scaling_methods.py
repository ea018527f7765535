"""The methods of SeriesScaler: which scikit-learn scaler does each, and by which coefficients."""

import numpy as np
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler


class Method:
    """Leave the values as they are; what other methods share."""

    names: tuple[str, ...] = ()
    # What a scaler knows of a feature that it has seen nothing of: the next chunk decides.
    neutral: dict[str, float] = {}

    def build(self, feature_range):
        """An unfitted scikit-learn scaler, or None."""

    def learn(self, scaler, values):
        """Teach the scaler values of shape (n_observations, n_features), or one more chunk of them."""
        unseen = np.isnan(values).all(axis=0)
        if not unseen.any():
            scaler.partial_fit(values)
            return
        # Of a feature that a chunk shows nothing of, scikit-learn's scalers would forget what they know.
        known = {name: value for name, value in vars(scaler).items() if name.endswith("_") and name != "n_features_in_"}
        scaler.partial_fit(np.where(unseen, 0.0, values))
        for name, value in (self.neutral | known).items():
            setattr(scaler, name, np.where(unseen, value, getattr(scaler, name)))

    def read(self, scaler):
        """The learned coefficients by name, each of shape (n_features,)."""
        return {}

    def write(self, scaler, coefficients):
        """Give the scaler these coefficients for its own."""

    def check(self, coefficients, columns, of=""):
        """Raise where coefficients (`of` which group) contradict each other."""

    def bounds(self, coefficients):
        """Smallest and largest value in range, or None where the coefficients do not tell."""


class MinMax(Method):
    names = ("min", "max")
    neutral = {"data_min_": np.inf, "data_max_": -np.inf}

    def build(self, feature_range):
        if len(feature_range) != 2 or not feature_range[0] < feature_range[1]:
            raise ValueError(f"SeriesScaler expects feature_range=(low, high) with low < high, got {feature_range}.")
        return MinMaxScaler(feature_range=tuple(feature_range))

    def read(self, scaler):
        return {"min": scaler.data_min_, "max": scaler.data_max_}

    def write(self, scaler, coefficients):
        # Two rows that hold just the extremes teach the scaler every attribute that depends on them.
        scaler.fit(np.stack([coefficients["min"], coefficients["max"]]))

    def check(self, coefficients, columns, of=""):
        crossed = coefficients["min"] > coefficients["max"]
        if crossed.any():
            k = int(np.argmax(crossed))
            raise ValueError(
                f"SeriesScaler expects min <= max, got min {coefficients['min'][k]:g} and max "
                f"{coefficients['max'][k]:g} for column {columns[k]!r}{of}. Mend coefficients, or give both of them."
            )

    def bounds(self, coefficients):
        return coefficients["min"], coefficients["max"]


class Standard(Method):
    names = ("mean", "std")
    neutral = {"mean_": 0.0, "var_": 0.0, "n_samples_seen_": 0}

    def build(self, feature_range):
        return StandardScaler()

    def read(self, scaler):
        # Where scikit-learn takes rounding errors for what they are, it divides by 1.
        std = np.sqrt(scaler.var_)
        return {"mean": scaler.mean_, "std": np.where(scaler.scale_ == std, std, 0.0)}

    def write(self, scaler, coefficients):
        scaler.mean_, scaler.var_ = coefficients["mean"], coefficients["std"] ** 2
        scaler.scale_ = _without_zeros(coefficients["std"])

    def check(self, coefficients, columns, of=""):
        _refuse_negative("std", coefficients["std"], columns, of)


class Robust(Method):
    names = ("median", "iqr")

    def build(self, feature_range):
        return RobustScaler()

    def learn(self, scaler, values):
        unseen = np.isnan(values).all(axis=0)
        scaler.fit(np.where(unseen, 0.0, values) if unseen.any() else values)

    def read(self, scaler):
        return {"median": scaler.center_, "iqr": scaler.scale_}

    def write(self, scaler, coefficients):
        scaler.center_, scaler.scale_ = coefficients["median"], _without_zeros(coefficients["iqr"])

    def check(self, coefficients, columns, of=""):
        _refuse_negative("iqr", coefficients["iqr"], columns, of)


class MaxAbs(Method):
    names = ("max_abs",)
    neutral = {"max_abs_": 0.0}

    def build(self, feature_range):
        return MaxAbsScaler()

    def read(self, scaler):
        return {"max_abs": scaler.max_abs_}

    def write(self, scaler, coefficients):
        scaler.max_abs_, scaler.scale_ = coefficients["max_abs"], _without_zeros(coefficients["max_abs"])

    def check(self, coefficients, columns, of=""):
        _refuse_negative("max_abs", coefficients["max_abs"], columns, of)

    def bounds(self, coefficients):
        return -coefficients["max_abs"], coefficients["max_abs"]


METHODS = {"minmax": MinMax(), "standard": Standard(), "robust": Robust(), "maxabs": MaxAbs(), None: Method()}


def _without_zeros(spread):
    """A feature that does not vary is divided by 1, as in scikit-learn."""
    return np.where(spread == 0, 1.0, spread)


def _refuse_negative(name, values, columns, of):
    if (values < 0).any():
        k = int(np.argmax(values < 0))
        raise ValueError(
            f"SeriesScaler expects {name} to be 0 or more, got {values[k]:g} for column {columns[k]!r}{of}. "
            "Mend coefficients."
        )
