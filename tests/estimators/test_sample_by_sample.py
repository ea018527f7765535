"""Estimators that OnlinePredictor cannot feed one time step at a time."""

import numpy as np
import pytest
from builders import WINDOWS
from inline_snapshot import snapshot
from known_networks import constant
from refusal import refused

from sklstm import LSTMRegressor, OnlinePredictor


class Rounded(LSTMRegressor):
    """A regressor with its own predict."""

    def predict(self, X, groups=None):
        """Predict whole numbers."""
        return super().predict(X, groups).round()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            Rounded(2),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but Rounded has a predict of "
                "its own. Pass mode='window'."
            ),
        ),
        (
            LSTMRegressor(architecture=constant),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor has a "
                "network of your own, of which it cannot tell what a state is. Pass mode='window'."
            ),
        ),
    ],
    ids=["own predict", "own network"],
)
def test_no_state_of_custom_estimators(model, message):
    """A subclass with its own predict and a custom network have no state that is known."""
    model.initialize(WINDOWS, np.arange(40.0))
    assert refused(OnlinePredictor, model, mode="state") == message
