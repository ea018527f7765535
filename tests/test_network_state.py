import pickle
import random
from functools import partial

import keras
import numpy as np
from conftest import run_fresh
from numpy.testing import assert_array_equal

from sklstm._network_state import NetworkState

INPUTS = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)


def lstm(units=3, activation="tanh", name=None):
    return keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(units, activation=activation, name=name)])


class Doubled(keras.layers.Layer):
    """A layer that Keras does not know."""

    def call(self, inputs):
        return 2 * inputs


def doubled():
    return keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3), Doubled()])


def test_there_and_back():
    """A model rebuilt from its state, pickled in between, gives the same outputs."""
    model = lstm()
    state = pickle.loads(pickle.dumps(NetworkState.of(model)))
    assert_array_equal(state.build()(INPUTS), model(INPUTS))


def test_plain_data():
    """The state is text and arrays, a few kilobytes more than the weights."""
    state = NetworkState.of(lstm(units=32))
    assert isinstance(state.config, str)
    assert all(type(weight) is np.ndarray for weight in state.weights)
    state.model  # noqa: B018 - a model that was built is not pickled
    assert len(pickle.dumps(state)) < sum(weight.nbytes for weight in state.weights) + 5000


def test_built_by_its_builder_where_a_configuration_does_not_say_it():
    """A layer of one's own is built again by the function that built it."""
    model = doubled()
    state = pickle.loads(pickle.dumps(NetworkState.of(model, doubled)))
    assert state.config is state.key is None
    assert_array_equal(state.build()(INPUTS), model(INPUTS))


def test_what_it_was_compiled_with_is_kept_on_request():
    """Optimizer and loss go with a compiled model that is copied."""
    model = lstm()
    model.compile(keras.optimizers.SGD(0.25), "mae")
    copied = NetworkState.of(model, keep_compiled=True).build()
    assert copied.compiled
    assert float(copied.optimizer.learning_rate) == 0.25
    assert not NetworkState.of(model).build().compiled


def test_building_draws_nothing():
    """Python's generator, which Keras seeds from, is as it was."""
    state = NetworkState.of(lstm())
    before = random.getstate()
    state.build()
    assert random.getstate() == before


def test_the_key_is_that_of_the_layers():
    """Names of layers do not count, names of activations do, even where they are the same."""
    key = NetworkState.of(lstm()).key
    assert NetworkState.of(lstm()).key == NetworkState.of(lstm(name="mine")).key == key
    assert NetworkState.of(lstm(activation="relu")).key != key
    assert NetworkState.of(lstm(units=4)).key != key
    named = [NetworkState.of(lstm(activation=name, name=name)).key for name in ("tanh", "relu")]
    assert named[0] != named[1]


def test_unpickling_loads_no_keras():
    """A state is read without Keras, which its first model loads."""
    pickled = pickle.dumps(NetworkState.of(lstm(), partial(lstm)))
    loaded = run_fresh(f"""
        import pickle, sys
        state = pickle.loads({pickled!r})
        print("keras" in sys.modules, len(state.weights))
    """)
    assert loaded.split() == ["False", "3"]
