"""Builders and data for tests of KerasRegressor and KerasClassifier."""

import keras
import numpy as np

_RNG = np.random.default_rng(0)
# A table with three targets.
TABLE = _RNG.normal(size=(40, 3))
TARGETS = TABLE @ np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0], [1.0, 0.0, -1.0]])
# Windows of two features.
WINDOWS = _RNG.normal(size=(40, 5, 2))


def perceptron(meta, units=3):
    """Small network for X of any number of axes, with the outputs that y needs."""
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.Dense(units, activation="tanh")(keras.layers.Flatten()(inputs))
    target = meta["target_type_"]
    if target == "multiclass-multioutput":
        outputs = [keras.layers.Dense(n, activation="softmax")(state) for n in meta["n_classes_"]]
        return keras.Model(inputs, outputs)
    kinds = {"binary": (1, "sigmoid"), "multiclass": (meta.get("n_classes_"), "softmax")}
    kinds["multilabel-indicator"] = (meta["n_outputs_"], "sigmoid")
    size, activation = kinds.get(target, (meta["n_outputs_"], None))
    return keras.Model(inputs, keras.layers.Dense(size, activation=activation)(state))


def compiling(meta, compile_kwargs, units=3):
    """The same network, compiled with compile_kwargs."""
    model = perceptron(meta, units)
    model.compile(**compile_kwargs)
    return model


def compiled(meta):
    """The same network, compiled with an optimizer and a loss of its own."""
    model = perceptron(meta)
    model.compile(keras.optimizers.SGD(0.01), "mae")
    return model


def table_model():
    """Network for the table, with fixed shapes."""
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


def is_same(one, other):
    """Whether two lists of weights have the same bits."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
