import pickle

import keras
import numpy as np
from numpy.testing import assert_array_equal

from sklstm._network_state import NetworkState


def test_there_and_back():
    """A model rebuilt from its state, pickled in between, gives the same outputs."""
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)])
    state = pickle.loads(pickle.dumps(NetworkState.of(model)))
    inputs = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    assert_array_equal(state.rebuild()(inputs), model(inputs))


def test_plain_data():
    """The state is text and arrays."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    state = NetworkState.of(model)
    assert isinstance(state.config, str)
    assert all(type(weight) is np.ndarray for weight in state.weights)
