"""LSTM layers as ONNX's operator, against Keras' own."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from numpy.testing import assert_allclose

from sklstm._network_state import NetworkState
from sklstm.training import export_network
from sklstm.training._onnx_lstm import onnx_lstms

N_FEATURES = 2


def network(layer):
    """Inputs, a mask where NaN is, and a layer that reads them."""
    inputs = keras.Input((None, N_FEATURES))
    missing = keras.ops.isnan(inputs)
    values = keras.ops.where(missing, 0.0, inputs)
    return keras.Model(inputs, layer(values, mask=~keras.ops.all(missing, axis=-1)))


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.just(N_FEATURES)),
    units=st.integers(1, 4),
    direction=st.sampled_from(["forwards", "backwards", "both"]),
    return_sequences=st.booleans(),
    use_bias=st.booleans(),
    missing=st.integers(0, 2**20 - 1),
)
def test_the_same_numbers(shape, units, direction, return_sequences, use_bias, missing):
    """Outputs are those of Keras' layer, whatever is masked, in either direction or in both."""
    kind = {"return_sequences": return_sequences, "use_bias": use_bias, "go_backwards": direction == "backwards"}
    layer = layers.LSTM(units, bias_initializer="normal", use_cudnn=False, **kind)
    model = network(layers.Bidirectional(layer) if direction == "both" else layer)
    inputs = np.random.default_rng(units).normal(size=shape).astype(np.float32)
    mask = (missing >> np.arange(shape[0] * shape[1])) % 2 == 1
    inputs[mask.reshape(shape[:2])] = np.nan
    (returned,), _ = export_network(NetworkState.of(model), "LSTMRegressor").run(inputs)
    assert_allclose(returned, model.predict_on_batch(inputs), atol=1e-6)


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}])
def test_other_activations(options):
    """Layers with other activations are exported as tf2onnx does it, with the same numbers."""
    model = keras.Sequential([keras.Input((None, N_FEATURES)), layers.LSTM(2, use_cudnn=False, **options)])
    inputs = np.random.default_rng(0).normal(size=(3, 5, N_FEATURES)).astype(np.float32)
    exported = export_network(NetworkState.of(model), "LSTMRegressor")
    assert_allclose(exported.run(inputs)[0][0], model.predict_on_batch(inputs), atol=1e-6)


def test_the_layers_are_as_before():
    """Behind the block layers compute as before."""
    model = network(layers.LSTM(2))
    inputs = np.ones((1, 3, N_FEATURES), np.float32)
    before = model.predict_on_batch(inputs)
    with onnx_lstms(model):
        assert "inner_loop" in vars(model.layers[-1])
    assert "inner_loop" not in vars(model.layers[-1])
    assert_allclose(model.predict_on_batch(inputs), before)
