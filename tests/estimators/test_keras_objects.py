"""Losses, metrics and optimizers that are instances: kept through copies, clones, searches and pickles."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sizes import UNITS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklstm import KerasRegressor, LSTMRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3, 1))
y = 5 * X[:, -1, 0] + 3


class HalfMetric(keras.metrics.MeanAbsoluteError):
    """A metric of one's own."""

    def result(self):
        return super().result() / 2


class SlowSGD(keras.optimizers.SGD):
    """An optimizer of one's own."""


class SharpLoss(keras.losses.Loss):
    """A loss of one's own, which says nothing of its parameter."""

    def __init__(self, power=4.0):
        super().__init__()
        self.power = power

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** self.power, axis=-1)


LOSSES = {
    "huber": lambda: keras.losses.Huber(delta=0.1),
    "cosine": lambda: keras.losses.CosineSimilarity(axis=0),
    "own": lambda: SharpLoss(3.0),
}


def linear(loss):
    """A model that begins at zero, compiled with a loss."""
    inputs = keras.Input((3, 1))
    outputs = keras.layers.Dense(1, kernel_initializer="zeros")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=loss)
    return model


def history(model, epochs=2):
    return model.fit(X, y[:, None], epochs=epochs, batch_size=40, verbose=0).history["loss"]


@pytest.mark.parametrize("name", LOSSES)
def test_model_that_was_compiled(name):
    """A compiled model is copied with the parameters of its loss: it trains as Keras trains it."""
    model = KerasRegressor(linear(LOSSES[name]()), epochs=2, batch_size=40, random_state=0)
    expected = history(linear(LOSSES[name]()))
    assert_allclose(clone(model).fit(X, y).history_["loss"], expected, rtol=1e-4)
    assert_allclose(pickle.loads(pickle.dumps(model)).fit(X, y).history_["loss"], expected, rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_goes_on_after_a_pickle(name):
    """After a pickle, partial_fit goes on with the same loss."""
    model = KerasRegressor(linear(LOSSES[name]()), batch_size=40, random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
    assert_allclose(again.history_["loss"], model.partial_fit(X, y).history_["loss"], rtol=1e-5)


def test_instances_in_searches_and_pickles():
    """Metrics, optimizers and losses of one's own pass through clone, a search and a pickle."""
    model = LSTMRegressor(
        UNITS, epochs=1, loss=SharpLoss(3.0), metrics=[HalfMetric(name="half")], optimizer=SlowSGD(0.1), random_state=0
    )
    search = GridSearchCV(model, {"units": [UNITS]}, cv=2).fit(X, y)
    fitted = model.fit(X, y)
    assert search.best_estimator_.history_ == fitted.history_
    again = pickle.loads(pickle.dumps(fitted))
    assert again.loss.power == 3.0
    assert isinstance(again.metrics[0], HalfMetric)
    assert float(again.optimizer.learning_rate) == pytest.approx(0.1)
    assert again.partial_fit(X, y).history_ == fitted.partial_fit(X, y).history_
