"""Networks as ONNX graphs: the same predictions from the architectures, and what cannot be exported."""

import logging
import sys

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from networks.examples import ALL, MANY_TO_ONE, ROLES, features, meta, windows
from numpy.testing import assert_allclose
from refusal import refused

from sklstm import networks
from sklstm._network_state import NetworkState
from sklstm.networks._autoencoder import autoencoder, decoder_part, encoder_part
from sklstm.training import export_network, predict_carrying, predict_carrying_by_series, predict_outputs

# Largest difference from Keras' predictions, relative to 1 and more: that of single precision.
SAME = {"rtol": 3e-6, "atol": 3e-6}
UNITS = {"units": 4}
SMALL_FCN = {"filters": (3, 2), "kernel_sizes": (3, 2)}


def state_of(build, given, **params):
    """A network with weights that all make a difference."""
    params = UNITS | (SMALL_FCN if build is networks.lstm_fcn else {}) | params
    network = build(given, seed=0, **params)
    rng = np.random.default_rng(0)
    for weight in network.weights:
        if not weight.path.endswith("seed_generator_state"):
            weight.assign(
                rng.uniform(0.1, 1, size=weight.shape) * rng.choice([1, -1 + 2 * ("variance" in weight.path)])
            )
    return NetworkState.of(network)


def gappy(X, before=2):
    """Samples with time steps that were not observed, at either end and between, and one of nothing else."""
    X = X.copy()
    X[1, :3] = X[2, -2:] = X[3, 1::2] = X[4] = np.nan
    return np.concatenate([np.full_like(X, np.nan)[:, :before], X], axis=1)


def assert_same_outputs(exported, state, X):
    ours, theirs = (predict_outputs(network, X.__getitem__, len(X)) for network in (exported, state))
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(one, other, **SAME)


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("has_roles", [False, True])
def test_architectures(build, has_roles):
    """Predictions are those of Keras, for any number of time steps, of which some were not observed."""
    given, X = (meta(X_shape_=(5, 6, 7), **ROLES), features()) if has_roles else (meta(), windows())
    state = state_of(build, given)
    assert_same_outputs(export_network(state, "LSTMRegressor"), state, gappy(X))


@pytest.mark.parametrize(
    ("build", "params"),
    [
        (networks.vanilla, {"patch_length": 4}),
        (networks.bidirectional, {"patch_length": 2, "units": (3, 2)}),
        (networks.stacked, {"pooling": "mean"}),
        (networks.bidirectional, {"pooling": "mean", "units": (3, 2)}),
        (networks.cnn_lstm, {"pooling": "mean", "filters": 2}),
        (networks.many_to_many, {"mask_value": -9.0}),
    ],
)
def test_options(build, params):
    """Patches, means over time steps, several layers and a value for what was not observed are exported."""
    state = state_of(build, meta(), **params)
    X = gappy(windows())
    X = np.where(np.isnan(X), params.get("mask_value", np.nan), X).astype(np.float32)
    assert_same_outputs(export_network(state, "LSTMRegressor"), state, X)


@pytest.mark.parametrize("has_roles", [False, True])
def test_a_linear_path(has_roles):
    """A linear path is exported, for its number of time steps; it also reads what is known ahead."""
    given, X = (meta(X_shape_=(5, 6, 7), **ROLES), features()) if has_roles else (meta(), windows())
    state = state_of(networks.stacked, given, linear_path=([0] * 6, 6))
    assert_same_outputs(export_network(state, "LSTMRegressor"), state, gappy(X, before=0))


@pytest.mark.parametrize("build", [networks.vanilla, networks.lstm_fcn])
def test_embedded_codes(build):
    """Codes of categories are embedded."""
    X = windows()
    X[..., 0] = np.random.default_rng(0).integers(0, 4, size=X.shape[:2])
    state = state_of(build, meta(n_categories_=(4,)), embedding_dim=3, embedding_features=[0])
    assert_same_outputs(export_network(state, "LSTMRegressor"), state, gappy(X))


def test_frames():
    """Frames are exported."""
    X = np.random.default_rng(0).normal(size=(5, 6, 4, 4, 2)).astype(np.float32)
    state = state_of(networks.cnn_lstm, meta(X_shape_=X.shape), filters=2)
    assert_same_outputs(export_network(state, "LSTMRegressor"), state, gappy(X))


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("binary", {"n_classes_": 2}),
        ("multiclass", {"n_classes_": 4}),
        ("multiclass-multioutput", {"n_classes_": [3, 2]}),
        ("multilabel-indicator", {"n_outputs_": 3}),
    ],
)
def test_classes(target, more):
    """Probabilities of classes are exported, those of several columns of y as several outputs."""
    build = MANY_TO_ONE[len(more) % 2]
    state = state_of(build, meta(target_type_=target, **{"n_outputs_": 1, "n_output_steps_": 1} | more))
    assert_same_outputs(export_network(state, "LSTMClassifier"), state, gappy(windows()))


@pytest.mark.parametrize(
    "build", [networks.vanilla, networks.stacked, networks.encoder_decoder, networks.many_to_many, networks.cnn_lstm]
)
def test_carried_state(build):
    """A graph that carries a state has the outputs and states of Keras, in one series and in several."""
    state, X = state_of(build, meta()), gappy(windows())
    exported = export_network(state, "LSTMRegressor", carries=True)
    groups = np.array([0, 1, 0, 1, 2])
    for predict, *args in [(predict_carrying,), (predict_carrying_by_series, groups)]:
        for _ in range(2):
            outputs, states = predict(exported, X.__getitem__, *(args or [len(X)]))
            expected, expected_states = predict(state, X.__getitem__, *(args or [len(X)]))
            for one, other in zip([*outputs, *states], [*expected, *expected_states], strict=True):
                assert_allclose(one, other, **SAME)
    assert_same_outputs(exported, state, X)


def test_a_state_goes_on():
    """Samples that are predicted in two calls have the outputs of one call."""
    exported, X = export_network(state_of(networks.stacked, meta()), "LSTMRegressor", carries=True), windows()
    (whole,), _ = predict_carrying(exported, X.__getitem__, 5)
    (first,), states = predict_carrying(exported, X.__getitem__, 2)
    (second,), _ = predict_carrying(exported, X[2:].__getitem__, 3, states)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


def test_parts():
    """Encoder and decoder of an autoencoder are graphs of their own."""
    state = state_of(autoencoder, meta(), latent_dim=2)
    exported = export_network(state, "LSTMAutoencoder", parts=[(encoder_part,), (decoder_part, 6)])
    codes = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    assert_same_outputs(exported, state, gappy(windows()))
    assert_same_outputs(exported.part(encoder_part), state.part(encoder_part), gappy(windows()))
    assert_same_outputs(exported.part(decoder_part, 6), state.part(decoder_part, 6), codes)


def of_the_user():
    layers = [keras.layers.Lambda(lambda x: 2 * x), keras.layers.GRU(3), keras.layers.Dense(2, activation="tanh")]
    return keras.Sequential([keras.Input((6, 2)), *layers])


def test_a_network_of_the_user():
    """A network of other layers, which its configuration does not describe, is exported."""
    state = NetworkState.of(of_the_user(), rebuild=of_the_user)
    assert_same_outputs(export_network(state, "KerasRegressor"), state, windows())


def test_any_number_of_time_steps_at_the_front():
    """Samples of different lengths are predicted without the time steps that none of a batch has observed."""
    state, X = state_of(networks.vanilla, meta()), windows()
    X = np.repeat(X, 250, axis=0)
    X[: len(X) // 2, :4] = np.nan
    X = np.concatenate([np.full((len(X), 30, 2), np.nan, np.float32), X], axis=1)
    lengths = np.where(np.isnan(X[:, 30, 0]), 2, 6)
    exported = export_network(state, "LSTMRegressor")
    ours, theirs = (predict_outputs(net, X.__getitem__, len(X), lengths=lengths)[0] for net in (exported, state))
    assert_allclose(ours, theirs, **SAME)


def test_the_graph_is_small():
    """Beside its weights a graph has no more than some kilobytes."""
    state = state_of(networks.vanilla, meta(), units=32)
    exported = export_network(state, "LSTMRegressor", carries=True)
    assert len(exported.graph) < sum(weight.nbytes for weight in state.weights) + 5_000


# --- what cannot be exported ----------------------------------------------------------------------


class Gamma(keras.layers.Layer):
    """A layer of an operation that ONNX does not have."""

    def call(self, inputs):
        import tensorflow as tf

        return tf.math.igamma(inputs, inputs)


def gamma():
    return keras.Sequential([keras.Input((4,)), Gamma()], name="gamma")


def test_a_network_that_cannot_be_exported():
    """The message names the network, and says why."""
    state = NetworkState.of(gamma(), rebuild=gamma)
    message = refused(export_network, state, "KerasRegressor")
    # Between these onnxruntime says what it does not know.
    assert message.startswith("KerasRegressor: the network 'gamma' cannot be exported to ONNX, InvalidGraph: ")
    assert "Igamma" in message
    assert message.endswith(" Save it with onnx=False, and load it with runtime='keras'.")


def test_a_state_that_cannot_be_exported():
    """The message names the layer whose state cannot be carried."""
    state = NetworkState.of(keras.Sequential([keras.Input((None, 2)), keras.layers.GRU(2, name="gate")]))
    assert refused(export_network, state, "LSTMRegressor", carries=True) == snapshot(
        "LSTMRegressor(stateful=True): the state of layer 'gate' (GRU) cannot be exported to ONNX. Use keras.layers.LSTM with its own activations, or save with onnx=False."
    )


def test_nothing_installed(monkeypatch):
    """Without tf2onnx the message says what to install."""
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    message = refused(export_network, state_of(networks.vanilla, meta()), "LSTMRegressor", error=ImportError)
    assert message == snapshot(
        "LSTMRegressor: a network is exported to ONNX by tf2onnx and onnxruntime, and tf2onnx is not installed. pip install 'sklstm[onnx]'."
    )


def test_another_backend(monkeypatch):
    """On another backend of Keras the message says how to choose TensorFlow."""
    state = state_of(networks.vanilla, meta())
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert refused(export_network, state, "LSTMRegressor") == snapshot(
        "LSTMRegressor: a network is exported to ONNX by TensorFlow, got Keras on the backend 'jax'. Set KERAS_BACKEND=tensorflow before Keras is imported."
    )


def test_loggers_stay_as_they_were(caplog):
    """Nothing is logged, and the level of tf2onnx's logger is the same as before."""
    level = logging.getLogger("tf2onnx").level
    export_network(state_of(networks.vanilla, meta()), "LSTMRegressor")
    assert logging.getLogger("tf2onnx").level == level
    assert not caplog.records
