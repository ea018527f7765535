"""How many features there are, and of which precision."""

import numpy as np

FLOATS = (np.float64, np.float32)


def check_n_features(estimator, n_features, got, *, reset):
    """Remember the number of features (reset), or compare it with the one remembered."""
    if reset:
        estimator.n_features_in_ = n_features
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input: got {got}."
        )
