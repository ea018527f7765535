"""The key by which fits share a program: equal where two networks are compiled alike."""

import keras
import numpy as np
import pytest
from keras import layers
from keras.optimizers import schedules

from sklstm.training import SampleBatches, Settings
from sklstm.training._settings import settings_key

SCHEDULE = schedules.ExponentialDecay


def key(optimizer="adam", loss="mse", metrics=(), n_outputs=1, **params):
    """The key of a fresh network that is compiled so."""
    inputs = keras.Input((2,))
    outputs = [layers.Dense(1)(inputs) for _ in range(n_outputs)]
    network = keras.Model(inputs, outputs if n_outputs > 1 else outputs[0])
    if params:
        network.compile(optimizer, loss, metrics=list(metrics) or None, **params)
    else:
        Settings(keras.optimizers.get(optimizer), loss, tuple(metrics)).compile(network)
    targets = [np.zeros((3, 1), np.float32)] * n_outputs
    return settings_key(network, SampleBatches(lambda s: np.zeros((len(s), 2), np.float32), targets, range(3), 2)[0])


def adam(*args, **params):
    return keras.optimizers.Adam(*args, **params)


ALIKE = {
    "fresh": (key, key),
    "learning rates": (lambda: key(adam(0.1)), lambda: key(adam(0.2))),
    "names of optimizers": (lambda: key(adam(name="mine")), lambda: key(adam(name="yours"))),
    "name and class": (lambda: key("adam"), lambda: key(adam())),
    "metrics": (lambda: key(metrics=["mae"]), lambda: key(metrics=["mae"])),
    "metrics of classes": (
        lambda: key(metrics=[keras.metrics.CosineSimilarity(axis=1)]),
        lambda: key(metrics=[keras.metrics.CosineSimilarity(axis=1)]),
    ),
    "schedules": (lambda: key(adam(SCHEDULE(0.1, 5, 0.5))), lambda: key(adam(SCHEDULE(0.1, 5, 0.5)))),
    "two outputs": (lambda: key(n_outputs=2), lambda: key(n_outputs=2)),
}
DIFFERENT = {
    "loss": (key, lambda: key(loss="mae")),
    "delta of Huber": (lambda: key(loss=keras.losses.Huber(0.5)), lambda: key(loss=keras.losses.Huber(2.0))),
    "reduction": (key, lambda: key(loss=keras.losses.MeanSquaredError(reduction="sum"))),
    "metrics": (key, lambda: key(metrics=["mae"])),
    "parameter of a metric": (
        lambda: key(metrics=[keras.metrics.CosineSimilarity(axis=0)]),
        lambda: key(metrics=[keras.metrics.CosineSimilarity(axis=1)]),
    ),
    "name of a metric": (
        lambda: key(metrics=[keras.metrics.MeanSquaredError("mine")]),
        lambda: key(metrics=[keras.metrics.MeanSquaredError("yours")]),
    ),
    "weighted metrics": (lambda: key(metrics=["mae"]), lambda: key(weighted_metrics=["mae"])),
    "loss weights": (lambda: key(n_outputs=2), lambda: key(n_outputs=2, loss_weights=[1.0, 2.0])),
    "optimizer": (key, lambda: key("sgd")),
    "parameter of the optimizer": (lambda: key(adam(beta_1=0.5)), lambda: key(adam(beta_1=0.6))),
    "clipped": (key, lambda: key(adam(clipnorm=1.0))),
    "schedule": (lambda: key(adam(SCHEDULE(0.1, 5, 0.5))), lambda: key(adam(SCHEDULE(0.1, 5, 0.6)))),
    "schedule or rate": (key, lambda: key(adam(SCHEDULE(0.001, 5, 0.5)))),
}


@pytest.mark.parametrize("name", ALIKE)
def test_alike(name):
    """Settings that compute the same from the same state have one key."""
    one, other = ALIKE[name]
    assert one() == other() is not None


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name):
    """Settings that compute something else, or call it something else, have keys of their own."""
    one, other = (make() for make in DIFFERENT[name])
    assert None not in (one, other)
    assert one != other


def own(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


class OwnLoss(keras.losses.Loss):
    """A loss that Keras does not know."""

    def call(self, y_true, y_pred):
        return own(y_true, y_pred)


class OwnMetric(keras.metrics.MeanSquaredError):
    """A metric that Keras does not know."""


OWN = {
    "loss": {"loss": own},
    "loss of a class": {"loss": OwnLoss()},
    "metric": {"metrics": [own]},
    "metric of a class": {"metrics": [OwnMetric()]},
    "metric around a function": {"metrics": [keras.metrics.MeanMetricWrapper(own)]},
    "metric beside one of Keras'": {"metrics": ["mae", own]},
}


@pytest.mark.parametrize("name", OWN)
def test_own_functions_and_classes(name):
    """Settings with a function or class that Keras does not know have no key: what it means may change."""
    assert key(**OWN[name]) is None


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_settings_hold_for_all_outputs(n_outputs):
    """Each output has its loss and its metrics, as Keras reads them."""
    inputs = keras.Input((2,))
    outputs = [layers.Dense(1)(inputs) for _ in range(n_outputs)]
    network = keras.Model(inputs, outputs if n_outputs > 1 else outputs[0])
    Settings(adam(0.25), "mae", ("mse", "accuracy")).compile(network)
    compiled = network.get_compile_config()
    assert float(network.optimizer.learning_rate) == 0.25
    assert compiled["loss"] == ("mae" if n_outputs == 1 else ["mae", "mae"])
    assert compiled["metrics"] == (["mse", "accuracy"] if n_outputs == 1 else [["mse", "accuracy"]] * 2)
