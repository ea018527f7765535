import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklstm.training import RateDecay


class Rates(keras.callbacks.Callback):
    """Keep the learning rate of each epoch."""

    def on_train_begin(self, logs=None):
        self.rates = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


def test_rate_falls_along_half_a_cosine():
    """The first epoch has the optimizer's own rate, which is set back after training."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.4), "mse")
    rates = Rates()
    model.fit(np.ones((4, 1)), np.ones(4), epochs=4, callbacks=[RateDecay(), rates], verbose=0)
    assert_allclose(rates.rates, 0.2 * (1 + np.cos(np.pi * np.arange(4) / 4)), rtol=1e-6)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.4)
