"""Minimal estimator for validation tests."""

from sklearn.base import BaseEstimator


class Net(BaseEstimator):
    """Estimator that only has a name."""
