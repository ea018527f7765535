import logging

import keras
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._network_state import NetworkState
from sklstm.training import predict_outputs
from sklstm.training._programs import programs

INPUTS = np.random.default_rng(0).normal(size=(23, 4, 2)).astype(np.float32)


def network(n_features=2, n_outputs=1):
    inputs = keras.Input((None, n_features))
    state = keras.layers.LSTM(3)(inputs)
    outputs = [keras.layers.Dense(1)(state) for _ in range(n_outputs)]
    return keras.Model(inputs, outputs if n_outputs > 1 else outputs[0])


def predict(state, inputs=INPUTS, **params):
    return predict_outputs(state, lambda samples: inputs[samples], len(inputs), **params)


def test_equals_the_model_in_chunks():
    """Chunk by chunk the outputs are the model's, one or several."""
    for n_outputs in (1, 2):
        model = network(n_outputs=n_outputs)
        expected = model(INPUTS)
        outputs = predict(NetworkState.of(model), chunk=5)
        assert len(outputs) == n_outputs
        for one, other in zip(outputs, [expected] if n_outputs == 1 else expected, strict=True):
            assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_networks_of_the_same_layers_share_a_program():
    """Each predicts with its own weights, by the one program."""
    states = [NetworkState.of(network()) for _ in range(3)]
    expected = [state.model(INPUTS) for state in states]
    predict(states[0])
    known = len(programs)
    for state, outputs in [*zip(states, expected, strict=True), (states[0], expected[0])]:
        assert_allclose(predict(state)[0], outputs, rtol=1e-5, atol=1e-6)
    assert len(programs) == known


def test_a_network_of_a_class_of_ones_own():
    """What a configuration does not describe is predicted by the network itself."""

    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = keras.Sequential([keras.Input((None, 2)), Doubled()])
    known = len(programs)
    assert_array_equal(predict(NetworkState.of(model, lambda: model))[0], 2 * INPUTS)
    assert len(programs) == known


def test_many_models_and_shapes_without_a_warning(caplog):
    """TensorFlow does not complain of retracing as models and shapes come and go."""
    with caplog.at_level(logging.WARNING):
        for k in range(7):
            state = NetworkState.of(network(n_features=1))
            for n_samples in range(1, 4):
                predict(state, np.zeros((n_samples, 2 + k, 1), dtype=np.float32))
    assert "retracing" not in caplog.text
