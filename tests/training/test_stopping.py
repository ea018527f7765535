"""Fits that are stopped from another thread."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sizes import EPOCHS, N_FEATURES, N_SAMPLES, N_TIMESTEPS, UNITS

from sklstm import LSTMRegressor
from sklstm.training import stopping_fits

X = np.random.default_rng(0).normal(size=(N_SAMPLES, N_TIMESTEPS, N_FEATURES))
Y = X[:, -1, 0]


@pytest.mark.parametrize("epochs", [EPOCHS, 100])
def test_a_fit_is_stopped(epochs):
    """While fits are stopped a fit ends before its first batch, like one that the user interrupts."""
    model = LSTMRegressor(UNITS, epochs=epochs, random_state=0)
    with stopping_fits(), pytest.raises(KeyboardInterrupt, match=r"^LSTMRegressor was interrupted in epoch 1"):
        model.fit(X, Y)


def test_later_fits_are_not():
    """Afterwards fits are what they were before."""
    model = LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0)
    expected = model.fit(X, Y).predict(X)
    with stopping_fits(), pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert_array_equal(model.fit(X, Y).predict(X), expected)
