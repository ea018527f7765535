import logging
import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._network_state import NetworkState
from sklstm.networks import bidirectional
from sklstm.training import _predict, clear_programs, predict_outputs
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


# --- a few samples, again and again ---------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch):
    """The third prediction of a few samples is by XLA."""
    monkeypatch.setattr(_predict, "OFTEN", 2)
    clear_programs()


def compiled_for_few():
    """For how many samples there are programs of XLA's."""
    return sorted(shape[0] for kind, *_, shape in programs._known if kind == "predict few")


def test_often_a_few(soon):
    """Who predicts a few samples often gets the same from XLA, by one program for similar numbers of samples."""
    model = network()
    inputs = INPUTS.copy()
    state, expected = NetworkState.of(model), model(inputs)
    for _ in range(2):
        assert_allclose(predict(state, inputs[:1])[0], expected[:1], atol=1e-5)
    assert compiled_for_few() == []
    for n_samples in range(1, 9):
        assert_allclose(predict(state, inputs[:n_samples])[0], expected[:n_samples], atol=1e-5)
        assert compiled_for_few() == ([1] if n_samples == 1 else [1, 8])
    # Another network of the same layers has to ask often as well, and shares what is compiled.
    other = network()
    state, expected, known = NetworkState.of(other), other(inputs), len(programs)
    for _ in range(4):
        assert_allclose(predict(state, inputs[:3])[0], expected[:3], atol=1e-5)
    assert len(programs) == known


def test_often_several_outputs_of_masked_windows(soon):
    """A network with two outputs, and windows with NaN at their start, answer by XLA as they do without."""
    target = {"target_type_": "multiclass-multioutput", "n_outputs_": 2, "n_classes_": [3, 2]}
    state = NetworkState.of(bidirectional({"X_shape_": (23, 4, 2), **target}, units=2))
    inputs = INPUTS[:5].copy()
    inputs[:4, 0] = inputs[2, :3] = inputs[3] = np.nan
    first, *_, last = (predict(state, inputs) for _ in range(3))
    assert compiled_for_few() == [8]
    assert [output.shape for output in last] == [(5, 3), (5, 2)]
    for one, other in zip(last, first, strict=True):
        assert_allclose(one, other, atol=1e-5)


def test_many_samples_do_not_count_as_few(soon):
    """More samples than a few, or chunks of so many, are TensorFlow's however often they come."""
    state = NetworkState.of(network())
    inputs = np.resize(INPUTS, (_predict.FEW[-1] + 1, 4, 2))
    for _ in range(4):
        predict(state, inputs)
    assert compiled_for_few() == []


@pytest.mark.parametrize("own_layer", [True, False])
def test_networks_that_xla_does_not_take(soon, monkeypatch, own_layer):
    """Where XLA does not take a network, or does not know its layers, it is predicted as before."""

    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = keras.Sequential([keras.Input((None, 2)), Doubled() if own_layer else keras.layers.Rescaling(2)])
    # Keras says so of layers that XLA does not compile.
    model.layers[0].supports_jit = False
    state = NetworkState.of(model, lambda: model)
    monkeypatch.setattr(_predict, "xla_takes", lambda network: False)
    for _ in range(4):
        assert_array_equal(predict(state, INPUTS[:2])[0], 2 * INPUTS[:2])


def test_a_pickle_holds_no_tensors():
    """What a state has computed with stays out of its pickle, which counts anew."""
    state = NetworkState.of(network())
    before = pickle.dumps(state)
    assert len(state.tensors) == len(state.weights)
    assert state.is_asked_often(0)
    assert state.key
    assert pickle.dumps(state) == before
    loaded = pickle.loads(before)
    assert not loaded.is_asked_often(1)
    assert_array_equal(predict(loaded)[0], predict(state)[0])
