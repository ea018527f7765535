"""States that go from one sample to the next, against Keras' own layers on whole sequences."""

import random

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused

from sklstm import LSTMClassifier, LSTMRegressor
from sklstm.training import (
    carrying,
    clear_programs,
    predict_carrying,
    predict_carrying_by_series,
    sequence_model,
    streams,
)

SAME = {"rtol": 1e-5, "atol": 1e-6}


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def lstm_network():
    """An LSTM and a dense layer."""
    return keras.Sequential([keras.Input((None, 2)), layers.LSTM(3), layers.Dense(1)])


@pytest.fixture(scope="module")
def by_steps():
    """An untrained regressor with an output at each time step."""
    model = LSTMRegressor(architecture="many_to_many", units=3, target_scaler=None, random_state=0)
    return model.initialize(normal(4, 2, 2), normal(4, 2))


def predict(model, windows, **params):
    """Outputs of samples that go on from one another, and the states after the last one."""
    (outputs,), states = predict_carrying(model.network_, windows.__getitem__, len(windows), **params)
    return outputs, states


# --- networks that carry --------------------------------------------------------------------------


def test_best_weights_are_restored():
    """EarlyStopping sets the network's own weights back to those after the best epoch."""
    carried = carrying(lstm_network(), 2)
    model = sequence_model(carried)
    # So high a learning rate makes each epoch worse than the first.
    model.compile(keras.optimizers.SGD(1.5), "mse", run_eagerly=True)
    after = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after.append(carried.get_weights()))
    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    fit_params = {"batch_size": 2, "epochs": 9, "callbacks": [watch, stop], "verbose": 0, "shuffle": False}
    model.fit((normal(4, 3, 2), np.zeros(4, np.float32)), np.ones((4, 1)), **fit_params)
    assert len(after) == stop.best_epoch + 3
    for weights, best, last in zip(carried.get_weights(), after[stop.best_epoch], after[-1], strict=True):
        assert_array_equal(weights, best)
        assert (weights != last).any()


def test_the_network_stays_as_it_is():
    """Carrying copies weights, and leaves Python's random numbers alone."""
    network = lstm_network()
    random.seed(1)
    before = random.getstate()
    carried = carrying(network, 2)
    assert random.getstate() == before
    assert not network.layers[0].stateful
    for copied, weights in zip(carried.get_weights(), network.get_weights(), strict=True):
        assert_array_equal(copied, weights)


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_recurrent_layers_inside_of_models_carry(kind):
    """A recurrent layer in a model in a model goes on from its state."""
    inner = keras.Sequential([keras.Input((None, 2)), kind(3)])
    inputs = keras.Input((None, 2))
    whole = keras.Model(inputs, inner(inputs))
    carried = carrying(whole, 1)
    x = normal(1, 6, 2)
    carried(x[:, :4])
    assert_allclose(carried(x[:, 4:]), whole(x), **SAME)


@pytest.mark.parametrize("functional", [True, False])
def test_decoders_start_anew(functional):
    """After a RepeatVector nothing is carried."""
    parts = [layers.LSTM(3), layers.RepeatVector(2), layers.LSTM(4, return_sequences=True), layers.Dense(1)]
    network = keras.Sequential([keras.Input((None, 2)), *parts])
    if functional:
        network = keras.Model(network.inputs, network.outputs)
    encoder, decoder = (layer for layer in carrying(network, 5).layers if isinstance(layer, layers.LSTM))
    assert [state.shape for state in encoder.states] == [(5, 3), (5, 3)]
    assert not decoder.stateful


def test_refuses_a_bidirectional_network():
    """A layer that reads backwards leaves no state to go on from."""
    network = keras.Sequential([keras.Input((None, 2)), layers.Bidirectional(layers.LSTM(2, name="lstm"))])
    assert refused(carrying, network, 1) == snapshot(
        "Layer 'backward_lstm' reads every sequence from its end, as a bidirectional network does, so no state can be "
        "carried from one sample to the next. Pass stateful=False, or architecture='stacked'."
    )


def test_refuses_a_network_without_state():
    """A network needs a recurrent layer to carry a state."""
    network = keras.Sequential([keras.Input((3, 2)), layers.Flatten(), layers.Dense(1)], name="linear")
    assert refused(carrying, network, 1) == snapshot(
        "Model 'linear' has no recurrent layer, so no state is carried from one sample to the next. Pass "
        "stateful=False, or a network with an LSTM, GRU or SimpleRNN layer outside of its decoder."
    )


# --- streams --------------------------------------------------------------------------------------


@given(st.integers(1, 30), st.integers(1, 8), st.data())
def test_streams_as_a_loop_lays_them_out(n_samples, batch_size, data):
    """Each sample is present once, after the one before it in its stream, and starts anew where its group does."""
    samples = np.arange(n_samples) + 2
    groups = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n_samples + 2, max_size=n_samples + 2)))
    order, present, keep = streams(samples, batch_size, groups)
    assert order.shape == present.shape == keep.shape == (-(-n_samples // batch_size), batch_size)
    assert np.isin(order, samples).all()

    expected = iter(samples)
    for place in range(batch_size):
        before = None
        for batch in range(len(order)):
            if present[batch, place]:
                sample = next(expected)
                assert order[batch, place] == sample
                goes_on = before is not None and groups[before] == groups[sample]
                assert keep[batch, place] == float(goes_on)
                before = sample
    assert next(expected, None) is None


# --- predictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 5, 300])
def test_predicts_as_one_pass_over_the_joined_sequence(by_steps, n_samples):
    """The outputs of all samples are those of one long sequence."""
    windows = normal(n_samples, 2, 2)
    outputs, _ = predict(by_steps, windows)
    assert_allclose(outputs.ravel(), by_steps.predict(windows.reshape(1, -1, 2)).ravel(), rtol=1e-4, atol=1e-5)


def test_predicts_from_given_states(by_steps):
    """A second half goes on from the states after the first half, and does not change them."""
    windows = normal(6, 3, 2)
    whole, end = predict(by_steps, windows)
    first, middle = predict(by_steps, windows[:4])
    for _ in range(2):
        second, end_of_second = predict(by_steps, windows[4:], states=middle)
        assert_allclose(np.concatenate([first, second]), whole, **SAME)
        assert_allclose(end_of_second, end, **SAME)


def test_predicts_each_group_from_zero(by_steps):
    """Each series starts from a state of zero."""
    windows = normal(5, 3, 2)
    outputs, _ = predict(by_steps, windows, groups=np.array([0, 0, 1, 1, 1]))
    alone = [predict(by_steps, part)[0] for part in (windows[:2], windows[2:])]
    assert_allclose(outputs, np.concatenate(alone), **SAME)


def test_a_sample_not_observed_keeps_the_state(by_steps):
    """A window of NaN passes the state on as it is."""
    windows = normal(3, 2, 2)
    windows[1] = np.nan
    outputs, end = predict(by_steps, windows)
    without, end_without = predict(by_steps, windows[[0, 2]])
    assert_array_equal(outputs[2], without[1])
    assert_array_equal(end, end_without)


def test_predicts_one_by_one_on_other_backends(by_steps, monkeypatch):
    """Without TensorFlow a loop over the samples gives the same outputs and states."""
    windows, groups = normal(4, 3, 2), np.array([0, 0, 1, 1])
    expected = predict(by_steps, windows, groups=groups)
    clear_programs()
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    # By a loop of its own: nothing compiled stays.
    outputs, states = predict(by_steps, windows, groups=groups)
    clear_programs()
    assert_allclose(outputs, expected[0], **SAME)
    assert_allclose(states, expected[1], **SAME)


@pytest.mark.parametrize("backend", ["tensorflow", "numpy"])
def test_predicts_series_side_by_side(by_steps, backend, monkeypatch):
    """Series of different lengths, more than run side by side, are predicted as each alone, in two pieces, too."""
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(10), [1, 9, 2, 4, 4, 30, 1, 3, 2, 5]))
    windows, expected, ends = normal(len(codes), 3, 2), np.empty((len(codes), 3, 1)), []
    for code in range(10):
        own = np.flatnonzero(codes == code)
        expected[own], end = predict(by_steps, windows[own])
        ends.append(end)
    monkeypatch.setattr("sklstm.training._predict.SIDE_BY_SIDE", (1, 4))
    monkeypatch.setattr("sklstm.training._streams.WINDOWS_AT_ONCE", 16)
    clear_programs()
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    network = by_steps.network_
    (outputs,), states = predict_carrying_by_series(network, windows.__getitem__, codes)
    pieces, carried = np.empty_like(expected), [np.zeros_like(state) for state in states]
    for piece in np.split(np.arange(len(codes)), [25, 50]):
        present, own = np.unique(codes[piece], return_inverse=True)
        begin = [state[present] for state in carried]
        (pieces[piece],), end = predict_carrying_by_series(network, windows[piece].__getitem__, own, begin)
        for state, after in zip(carried, end, strict=True):
            state[present] = after
    assert_allclose(pieces, expected, **SAME)
    assert_allclose(carried, states, **SAME)
    clear_programs()
    assert_allclose(outputs, expected, **SAME)
    assert_allclose(np.stack(states, axis=1), np.stack(ends)[:, :, 0], **SAME)


def test_predicts_several_outputs():
    """Each column of labels comes from the state that is carried."""
    windows, labels = normal(6, 3, 2), np.array([[0, 0], [1, 1], [2, 0], [0, 1], [1, 0], [2, 1]])
    model = LSTMClassifier(units=3, random_state=0).initialize(windows, labels)
    outputs, _ = predict_carrying(model.network_, windows.__getitem__, 6)
    expected = [model.model_(windows[: k + 1].reshape(1, -1, 2)) for k in range(6)]
    for output, column in zip(outputs, zip(*expected, strict=True), strict=True):
        assert_allclose(output, np.concatenate(column), **SAME)
