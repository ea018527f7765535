"""Predictions of a network, chunk by chunk, by programs that networks of the same layers share."""

import logging
import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from training_examples import Doubled, count_programs

from sklstm import KerasRegressor, LSTMClassifier, LSTMRegressor
from sklstm.training import clear_programs, predict_outputs

INPUTS = np.random.default_rng(0).normal(size=(23, 4, 2)).astype(np.float32)
TARGETS = np.arange(23.0)
# From the next prediction of a few samples on, XLA compiles them.
OFTEN = 100


def regressor(**params):
    """An untrained network."""
    return LSTMRegressor(units=2, target_scaler=None, **params).initialize(INPUTS, TARGETS)


def classifier():
    """An untrained network of two outputs."""
    columns = np.stack([np.arange(23) % 3, np.arange(23) % 2], axis=1)
    return LSTMClassifier(architecture="bidirectional", units=2, random_state=0).initialize(INPUTS, columns)


def outputs_of(model, inputs=INPUTS, **params):
    """Outputs of the network of an estimator."""
    return predict_outputs(model.network_, lambda samples: inputs[samples], len(inputs), **params)


def test_equals_the_model_in_chunks():
    """Chunk by chunk the outputs are the model's, one or several."""
    for model in (regressor(), classifier()):
        expected = model.model_(INPUTS)
        expected = expected if isinstance(expected, list) else [expected]
        for output, one in zip(outputs_of(model, chunk=5), expected, strict=True):
            assert_allclose(output, one, rtol=1e-5, atol=1e-6)


def test_networks_of_the_same_layers_share_a_program(monkeypatch):
    """Each predicts with its own weights, by the one program."""
    clear_programs()
    models = [regressor(random_state=seed) for seed in range(3)]
    compiled = count_programs(monkeypatch)
    for model in (*models, models[0]):
        assert_allclose(outputs_of(model)[0], model.model_(INPUTS), rtol=1e-5, atol=1e-6)
    assert len(compiled) == 1


def test_many_models_and_shapes_without_a_warning(caplog):
    """TensorFlow does not complain of retracing as models and shapes come and go."""
    with caplog.at_level(logging.WARNING):
        for k in range(7):
            model = regressor()
            for n_samples in range(1, 4):
                outputs_of(model, np.zeros((n_samples, 2 + k, 2), dtype=np.float32))
    assert "retracing" not in caplog.text


# --- a few samples, again and again ---------------------------------------------------------------


@pytest.fixture
def by_xla(monkeypatch):
    """The programs that XLA compiles from now on."""
    clear_programs()
    compiled = count_programs(monkeypatch)
    return lambda: [options for options in compiled if options.get("jit_compile")]


def ask_often(model, inputs=INPUTS[:1]):
    """Predict a few samples as often as TensorFlow answers."""
    expected = model.model_(inputs)
    for _ in range(OFTEN):
        assert_allclose(outputs_of(model, inputs)[0], expected, atol=1e-5)


def test_often_a_few(by_xla):
    """After many predictions of a few samples XLA compiles them, by one program for similar numbers of samples."""
    model = regressor()
    ask_often(model)
    assert len(by_xla()) == 0
    expected = model.model_(INPUTS)
    for n_samples in range(1, 9):
        assert_allclose(outputs_of(model, INPUTS[:n_samples])[0], expected[:n_samples], atol=1e-5)
        assert len(by_xla()) == (1 if n_samples == 1 else 2)


def test_another_network_shares_programs_for_a_few(by_xla):
    """A network of the same layers has to be asked often as well, and shares what is compiled."""
    models = [regressor(random_state=seed) for seed in range(2)]
    for model in models:
        ask_often(model, INPUTS[:3])
        assert len(by_xla()) == (0 if model is models[0] else 1)
        assert_allclose(outputs_of(model, INPUTS[:3])[0], model.model_(INPUTS[:3]), atol=1e-5)
    assert len(by_xla()) == 1


def test_often_several_outputs_of_masked_windows(by_xla):
    """A network with two outputs, and windows with NaN at their start, predict by XLA as they do without."""
    model, inputs = classifier(), INPUTS[:5].copy()
    inputs[:4, 0] = inputs[2, :3] = inputs[3] = np.nan
    first, *_, last = (outputs_of(model, inputs) for _ in range(OFTEN + 1))
    assert len(by_xla()) == 1
    assert [output.shape for output in last] == [(5, 3), (5, 2)]
    for one, other in zip(last, first, strict=True):
        assert_allclose(one, other, atol=1e-5)


def test_many_samples_do_not_count_as_few(by_xla):
    """More than 32 samples are TensorFlow's however often they come."""
    model, inputs = regressor(), np.resize(INPUTS, (33, 4, 2))
    for _ in range(OFTEN + 2):
        outputs_of(model, inputs)
    assert by_xla() == []


def test_not_by_xla_on_a_gpu(by_xla, monkeypatch):
    """On a GPU a few samples are not compiled by XLA."""
    import tensorflow as tf

    devices = tf.config.list_physical_devices()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: devices)
    model = regressor()
    ask_often(model)
    ask_often(model)
    assert by_xla() == []


def test_own_layers(by_xla):
    """A network with a layer that Keras does not know is predicted by itself, and shares no program."""
    model = KerasRegressor(lambda: keras.Sequential([keras.Input((2,)), Doubled()]), loss="mse")
    model.initialize(INPUTS[:, 0], INPUTS[:, 0])
    for _ in range(OFTEN + 2):
        assert_array_equal(outputs_of(model, INPUTS[:2, 0])[0], 2 * INPUTS[:2, 0])
    assert by_xla() == []


def test_a_pickle_does_not_grow():
    """A pickle holds nothing of the predictions that were made, and predicts the same."""
    model = regressor()
    before = pickle.dumps(model)
    predicted = model.predict(INPUTS)
    assert pickle.dumps(model) == before
    assert_array_equal(pickle.loads(before).predict(INPUTS), predicted)
