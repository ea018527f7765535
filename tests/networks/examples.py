"""Small inputs of networks, and how the tests build them."""

import numpy as np

from sklstm import networks

MANY_TO_ONE = (networks.vanilla, networks.stacked, networks.bidirectional, networks.cnn_lstm, networks.lstm_fcn)
ALL = (*MANY_TO_ONE, networks.encoder_decoder, networks.many_to_many)

# Of seven features 0 and 3 change, 1 is static, the others are known two steps ahead.
ROLES = {"static_": (1,), "future_": ((4, 2), (6, 5))}


def meta(**changes):
    """Five windows of six time steps and two features; a regression with an output for each time step."""
    return {
        "X_shape_": (5, 6, 2),
        "target_type_": "continuous-multioutput",
        "n_outputs_": 6,
        "n_output_steps_": 6,
        **changes,
    }


def windows(seed=0):
    """Five windows of six time steps and two features."""
    return np.random.default_rng(seed).normal(size=(5, 6, 2)).astype(np.float32)


def features(n_features=7, seed=0):
    """Five windows of six time steps, with features for `ROLES`."""
    return np.random.default_rng(seed).normal(size=(5, 6, n_features)).astype(np.float32)


def padded(X, before=0, after=0):
    """X with time steps that were not observed around it."""
    return np.pad(X, [(0, 0), (before, after)] + [(0, 0)] * (X.ndim - 2), constant_values=np.nan)


def copied(model, **layers):
    """The model, with weights from layers of another one, by name."""
    for name, layer in layers.items():
        model.get_layer(name).set_weights(layer.get_weights())
    return model
