"""Networks as plain data: rebuilt without a draw, and sharing programs by their layers."""

import pickle
import random

import keras
import numpy as np
from compiled_programs import compiled_programs
from sklearn.base import clone

from sklstm import KerasRegressor, LSTMRegressor
from sklstm.training import clear_programs

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def dense(activation="tanh", name=None):
    layer = keras.layers.Dense(2, activation=activation, name=name)
    return keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])


def fit(**params):
    return KerasRegressor(dense, epochs=1, random_state=0, **params).fit(X, X[:, 0])


def test_programs_are_shared_by_layers():
    """The names of layers do not count, those of activations do, even where they are the same."""
    clear_programs()
    fit(model__name="tanh")
    known = set(compiled_programs())
    fit()
    fit(model__name="mine")
    assert set(compiled_programs()) == known
    fit(model__activation="relu", model__name="relu")
    assert set(compiled_programs()) > known


def test_programs_are_shared_by_seeds():
    """Other seeds of initializers and dropout need no other programs."""
    clear_programs()
    one = LSTMRegressor(3, dropout=0.1, epochs=1, random_state=0).fit(X[:, :, None], X[:, 0])
    one.predict(X[:, :, None])
    known = set(compiled_programs())
    other = clone(one).set_params(random_state=1).fit(X[:, :, None], X[:, 0])
    other.predict(X[:, :, None])
    assert one.network_.config != other.network_.config
    assert set(compiled_programs()) == known


def test_rebuilding_draws_nothing():
    """Building the model of a pickle leaves the generator of Python, which Keras seeds from, as it was."""
    model = pickle.loads(pickle.dumps(fit()))
    before = random.getstate()
    assert model.model_.count_params() > 0
    assert random.getstate() == before
