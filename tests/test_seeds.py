"""Seeds of networks: those of sklstm get a seed for each layer, those of a builder are seeded after they are built."""

import pickle
import random
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
from conftest import run_fresh
from keras import initializers, layers
from numpy.testing import assert_array_equal

from sklstm import KerasRegressor
from sklstm._seeds import Seeds, build_seeded, seed_for


class Own(layers.Layer):
    """Layer that is no part of Keras: initializers by default, by name, and as an attribute."""

    def __init__(self, **params):
        super().__init__(**params)
        self.kept = initializers.HeUniform()

    def build(self, shape):
        self.by_default = self.add_weight(shape=(shape[-1], 3), name="by_default")
        self.by_name = self.add_weight(shape=(3, 3), initializer="normal", name="by_name")
        self.one = self.add_weight(shape=(3, 3), initializer=self.kept, name="one")

    def call(self, inputs):
        return inputs @ self.by_default @ self.by_name @ self.one


LAYERS = {
    "name": lambda: layers.Dense(3, kernel_initializer="he_normal", bias_initializer="uniform"),
    "object": lambda: layers.Dense(3, kernel_initializer=initializers.HeNormal()),
    "class": lambda: layers.Dense(3, kernel_initializer=initializers.Orthogonal),
    "config": lambda: layers.Dense(3, kernel_initializer={"class_name": "LecunNormal", "config": {}}),
    "lstm": lambda: layers.LSTM(3, recurrent_initializer=initializers.Orthogonal(), return_sequences=True),
    "copies": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "wrapped": lambda: layers.TimeDistributed(layers.Dense(3, kernel_initializer=initializers.RandomNormal())),
    "cells": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True),
    "axes": lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"),
    "embedding": lambda: layers.Embedding(5, 3),
    "own": Own,
}


def network(*parts):
    return keras.Sequential([keras.Input((4, 2)), *parts])


def mixed():
    """Network with layers of all kinds: of Keras, of the user's own, without a configuration, and with dropout."""
    twice = layers.Lambda(lambda inputs: 2 * inputs)
    return network(Own(), twice, LAYERS["copies"](), layers.Dropout(0.2), layers.LSTM(3, dropout=0.2), layers.Dense(1))


def trained(*, in_between=lambda estimator: estimator):
    """Weights of the mixed network after fit and partial_fit."""
    X = np.random.default_rng(0).normal(size=(40, 4, 2))
    estimator = KerasRegressor(mixed, epochs=2, random_state=0).fit(X, X[:, -1, 0])
    return in_between(estimator).partial_fit(X, X[:, -1, 0]).network_.weights


def attention():
    inputs = keras.Input((4, 2))
    return keras.Model(inputs, layers.MultiHeadAttention(2, 3)(inputs, inputs))


@pytest.mark.parametrize("name", [*LAYERS, "attention"])
def test_weights_follow_from_the_seed(name):
    """The same seed gives the same weights bit by bit, another seed others; no two random weights are alike."""

    def build():
        return attention() if name == "attention" else network(LAYERS[name]())

    one, same, other = (build_seeded(build, seed).get_weights() for seed in (3, 3, 4))
    for weight, again in zip(one, same, strict=True):
        assert_array_equal(weight, again)
    drawn = [weight for weights in (one, other) for weight in weights if len(np.unique(weight)) > 2]
    assert len({weight.ravel()[0] for weight in drawn}) == len(drawn) > 0


def test_training_follows_from_random_state():
    """Fits and partial fits of the same random_state give the same bits, after a pickle and in a fresh process too."""
    expected = joblib.hash(trained())
    assert joblib.hash(trained()) == expected
    assert joblib.hash(trained(in_between=lambda estimator: pickle.loads(pickle.dumps(estimator)))) == expected
    code = "import joblib, sys; sys.path.insert(0, {!r}); from test_seeds import trained; print(joblib.hash(trained()))"
    assert run_fresh(code.format(str(Path(__file__).parent))).strip() == expected


def test_a_model_keeps_its_weights():
    """A keras.Model is copied with its weights, whatever seeds its layers have."""
    model = network(layers.Flatten(), layers.Dense(1))
    X = np.ones((9, 4, 2))
    fitted = KerasRegressor(model, random_state=0).initialize(X, X[:, 0, 0])
    for weight, given in zip(fitted.network_.weights, model.get_weights(), strict=True):
        assert_array_equal(weight, given)


def test_the_builder_is_called_as_it_is():
    """Python's generator is in the state that it is in after a call of the builder, also after an error."""

    def build():
        return network(layers.LSTM(3, dropout=0.1), layers.Dropout(0.5), layers.Dense(1))

    random.seed(0)
    build()
    expected = random.getstate()
    random.seed(0)
    randint = random.randint
    build_seeded(lambda: (build(), random.randint is randint or 1 / 0)[0], 3)
    assert random.getstate() == expected
    with pytest.raises(ZeroDivisionError):
        build_seeded(lambda: 1 / 0, 3)
    assert initializers.get("glorot_uniform").seed != initializers.get("glorot_uniform").seed


def test_given_seeds_are_kept():
    """Initializers and layers to which the builder gave a seed keep it."""

    def build(kernel):
        return network(layers.Dense(3, kernel_initializer=kernel), layers.Dropout(0.5, seed=7))

    for kernel in (initializers.HeNormal(seed=5), {"class_name": "HeNormal", "config": {"seed": 5}}):
        built = build_seeded(lambda kernel=kernel: build(kernel), 3)
        assert_array_equal(built.get_weights()[0], initializers.HeNormal(seed=5)((2, 3)))
        assert built.layers[1].seed == 7


@pytest.mark.parametrize("kernel", ["he_normal", initializers.HeNormal()])
def test_weights_that_the_builder_sets_are_kept(kernel):
    """What a builder loads into its network stays."""

    def build():
        built = network(layers.Dense(3, kernel_initializer=kernel))
        built.set_weights([np.ones((2, 3)), np.full(3, 2.0)])
        return built

    ones, twos = build_seeded(build, 3).get_weights()
    assert (ones == 1).all()
    assert (twos == 2).all()


def test_shared_initializers_stay_shared():
    """Layers that share an initializer start alike, as Keras has it."""

    def build():
        shared = initializers.HeNormal()
        return network(*(layers.Dense(2, kernel_initializer=shared) for _ in range(2)))

    one, _, two, _ = build_seeded(build, 3).get_weights()
    assert_array_equal(one, two)


def test_names_of_the_caller_hold():
    """A scope of the caller's own goes on to name what it names, that of an initializer too."""

    class Sevens(initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.full(shape, 7.0, dtype)

    def build():
        return network(layers.Dense(2, kernel_initializer="he_normal", bias_initializer="sevens"))

    with keras.saving.custom_object_scope({"he_normal": Sevens, "sevens": Sevens}):
        built = build_seeded(build, 3)
    assert all((weight == 7).all() for weight in built.get_weights())


def test_names_of_initializers_stay_texts():
    """Where Keras reads a word that is also a name of an initializer, it gets the word."""
    config = initializers.VarianceScaling(distribution="uniform").get_config()
    seen = build_seeded(lambda: keras.saving.deserialize_keras_object({"plain": config}), 3)
    assert seen["plain"]["distribution"] == "uniform"


def test_seeds_follow_one_another():
    """Seeds are those that Keras would draw from a generator of Python's with that seed."""
    expected = random.Random(3)
    seeds = Seeds(3)
    assert [seeds.next() for _ in range(3)] == [expected.randint(1, 10**9) for _ in range(3)]
    assert Seeds(None).next() is None


def test_a_builder_is_given_a_seed_that_it_asks_for():
    """A builder with a seed of its own keeps that."""
    assert seed_for(lambda seed: ..., 3) == {"seed": 3}
    assert seed_for(lambda seed=5: ..., 3) == {}
