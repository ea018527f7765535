import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklstm.training import CosineDecay


class Rates(keras.callbacks.Callback):
    """Learning rate of each epoch."""

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def fitted(rate, epochs=4):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    rates = Rates()
    model.fit(np.ones((2, 1)), np.ones((2, 1)), epochs=epochs, callbacks=[CosineDecay(), rates], verbose=0)
    return model, rates.seen


def test_half_a_cosine():
    """The rate decays from its first value, which it has again after the fit."""
    model, rates = fitted(0.5)
    assert_allclose(rates, 0.25 * (1 + np.cos(np.pi * np.arange(4) / 4)), rtol=1e-6)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.5)


def test_schedule_of_the_optimizer():
    """A schedule stays as it is."""
    _, rates = fitted(keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.1))
    assert_allclose(rates, [0.05, 0.005, 0.0005, 0.00005], rtol=1e-5)
