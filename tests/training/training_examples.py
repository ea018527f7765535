"""A small network, fits of it, and counts of what is compiled."""

import keras
import numpy as np
from numpy.testing import assert_allclose
from sizes import N_FEATURES, UNITS

# With so many planned epochs any fit is long enough for XLA. `StopAfter` ends it after a few.
LONG = 600


def lstm_network(dropout=0.0):
    """An LSTM and a dense layer, with the same weights each time."""
    inputs = keras.Input((None, N_FEATURES))
    state = keras.layers.LSTM(UNITS, dropout=dropout, use_cudnn=False)(inputs)
    network = keras.Model(inputs, keras.layers.Dense(1)(state))
    network.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in network.get_weights()])
    return network


def small_network():
    """A network that compiles fast, for windows of five time steps, with the same weights each time."""
    network = keras.Sequential([keras.Input((5, N_FEATURES)), keras.layers.Flatten(), keras.layers.Dense(1)])
    network.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in network.get_weights()])
    return network


class StopAfter(keras.callbacks.Callback):
    """Stop after a number of epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.n_epochs - 1


class OwnStep(keras.Model):
    """A network class with a training step of its own."""

    def train_step(self, data):
        return super().train_step(data)


class Doubled(keras.layers.Layer):
    """A layer that Keras does not know."""

    def call(self, inputs):
        return 2 * inputs


def count_programs(monkeypatch):
    """Return a list that gets the keyword arguments of each call of tf.function from now on."""
    import tensorflow as tf

    compiled, function = [], tf.function

    def counting(*args, **options):
        compiled.append(options)
        return function(*args, **options)

    monkeypatch.setattr(tf, "function", counting)
    return compiled


def count_calls(monkeypatch):
    """Return a list that gets the last batch of each compiled call, as a `TerminateOnNaN` callback sees it."""
    last_batches = []
    seen = lambda callback, batch, logs=None: last_batches.append(batch)  # noqa: E731
    monkeypatch.setattr(keras.callbacks.TerminateOnNaN, "on_train_batch_end", seen)
    return last_batches


def assert_same(weights, expected, atol=1e-5):
    """Compare two lists of arrays."""
    for one, other in zip(weights, expected, strict=True):
        assert_allclose(one, other, atol=atol, rtol=0)


def assert_same_history(history, expected):
    """Compare two histories of Keras."""
    assert history.keys() == expected.keys()
    for name, values in history.items():
        assert_allclose(values, expected[name], rtol=1e-4)
