"""Targets: numbers, and labels."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.dummy import DummyRegressor

from sklstm import LagRegressor, LSTMClassifier

INF = np.inf
X = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.parametrize(
    "y",
    [
        *([1, 2, 3, 6], np.array([1, 2, 3, 6]), pd.Series([1, 2, 3, 6]), ["1", "2", "3", "6"]),
        [[1, 3], [2, 4], [3, 5], [6, 8]],
        np.arange(16).reshape(4, 2, 2),
    ],
    ids=["list", "array", "Series", "text", "two outputs", "three axes"],
)
def test_target(y):
    """A target of one to three axes is learned as floats."""
    model = LagRegressor(DummyRegressor()).fit(X, y)
    expected = np.asarray(y, dtype=float)
    np.testing.assert_allclose(model.predict(X), np.broadcast_to(expected.mean(axis=0), expected.shape))


def test_faulty_targets():
    """A target that is missing, misshapen, not finite or of another length is refused."""
    faulty = [
        None,
        np.ones((4, 1, 1, 1)),
        pd.Series([1, 2, INF, 3], index=list("abcd")),
        [[1, 2], [1, INF], [1, 2], [1, 2]],
        ["dry", "wet", "wet", "dry"],
        [1, 2, 3],
    ]
    assert [refused(LagRegressor().fit, X, y) for y in faulty] == snapshot(
        [
            "LagRegressor requires y to be passed, but the target y is None. For the next value of a series: X, y = make_supervised(series).",
            "LagRegressor expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), got shape (4, 1, 1, 1).",
            "LagRegressor got inf in y at row c: Input y contains inf, and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y.",
            "LagRegressor got inf in y at row 1, column 1: Input y contains inf, and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y.",
            "LagRegressor expects numbers, got text in column 0 of y: 'dry' in row 0. Encode the column as numbers, or drop it.",
            "LagRegressor got X with 4 samples (shape (4, 3, 2) is n_samples, n_timesteps, n_features) and y with 3. Both need the same number of rows.",
        ]
    )


def test_samples_on_the_wrong_axis():
    """A target as long as the only sample shows that the axes of X are swapped."""
    assert refused(LagRegressor().fit, np.ones((1, 3, 2)), [1, 2, 3]) == snapshot(
        "LagRegressor got X with 1 samples (shape (1, 3, 2) is n_samples, n_timesteps, n_features) and y with 3. The 3 samples lie on the axis of time steps: X.reshape(3, 1, -1) makes them samples of one time step, LagFramer makes windows of them. Both need the same number of rows."
    )


def test_no_labels():
    """Labels that are all missing are refused."""
    assert refused(LSTMClassifier().fit, X, [[None, None]] * 4) == snapshot(
        "LSTMClassifier got no label at all in y: it is empty, or all of it is missing."
    )
