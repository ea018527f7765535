"""States that go from one sample to the next, against Keras' own stateful layers and against whole sequences."""

import random
from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from keras import layers, ops
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused

from sklstm.training._carried_state import (
    CarryingModel,
    carrying,
    carrying_predictor,
    read_states,
    states,
    streams,
    write_states,
)


def masking(recurrent, head=None):
    """A network that masks NaN, as sklstm's own do."""
    inputs = keras.Input((None, 2))
    missing = ops.isnan(inputs)
    values = ops.where(missing, ops.zeros_like(inputs), inputs)
    state = recurrent(values, mask=ops.logical_not(ops.any(missing, axis=-1)))
    return keras.Model(inputs, head(state) if head else state)


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    """An LSTM's last state, and a dense layer on it."""
    return masking(layers.LSTM(3), layers.Dense(1))


@pytest.fixture(scope="module")
def predict(network):
    return partial(carrying_predictor(carrying(network, 1)), network.get_weights())


@pytest.mark.parametrize("batch_size", [1, 4])
def test_trains_as_stateful_keras_does(batch_size):
    """Two epochs on streams leave the weights that Keras' stateful layer has, reset before each epoch."""
    by_hand = keras.Sequential([keras.Input(batch_shape=(batch_size, 3, 2)), layers.LSTM(3, stateful=True)])
    network = keras.Sequential([keras.Input((None, 2)), layers.LSTM(3)])
    network.set_weights(by_hand.get_weights())
    windows, targets = normal(8, 3, 2), normal(8, 3)
    order, _, keep = streams(np.arange(8), batch_size)
    order, keep = order.ravel(), keep.ravel()

    reset = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: by_hand.layers[0].reset_states())
    model = CarryingModel(carrying(network, batch_size))
    fit_params = {"batch_size": batch_size, "epochs": 2, "shuffle": False, "verbose": 0}
    for compiled in (by_hand, model):
        compiled.compile("sgd", "mse")
    by_hand.fit(windows[order], targets[order], callbacks=[reset], **fit_params)
    model.fit((windows[order], keep), targets[order], **fit_params)

    for weights, expected in zip(model.get_weights(), by_hand.get_weights(), strict=True):
        assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)
    for state, expected in zip(read_states(model.network), by_hand.layers[0].states, strict=True):
        assert_allclose(state, expected, rtol=1e-5, atol=1e-6)


def test_best_weights_are_restored(network):
    """EarlyStopping puts the network's own weights back to those after the best epoch."""
    carried = carrying(network, 2)
    model = CarryingModel(carried)
    # So high a learning rate makes each epoch worse than the first.
    model.compile(keras.optimizers.SGD(1.5), "mse")
    after = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after.append(carried.get_weights()))
    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    fit_params = {"batch_size": 2, "epochs": 9, "callbacks": [watch, stop], "verbose": 0, "shuffle": False}
    model.fit((normal(4, 3, 2), np.zeros(4, np.float32)), np.ones((4, 1)), **fit_params)
    assert len(after) == stop.best_epoch + 3
    for weights, best, last in zip(carried.get_weights(), after[stop.best_epoch], after[-1], strict=True):
        assert_array_equal(weights, best)
        assert (weights != last).any()


def test_the_network_stays_as_it_is(network):
    """Carrying copies weights, and leaves Python's random numbers alone."""
    random.seed(1)
    before = random.getstate()
    carried = carrying(network, 2)
    assert random.getstate() == before
    assert not network.get_layer(index=-2).stateful
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
    assert_allclose(carried(x[:, 4:]), whole(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("functional", [True, False])
def test_decoders_start_anew(functional):
    """After a RepeatVector nothing is carried."""
    parts = [layers.LSTM(3), layers.RepeatVector(2), layers.LSTM(4, return_sequences=True), layers.Dense(1)]
    network = keras.Sequential([keras.Input((None, 2)), *parts])
    if functional:
        network = keras.Model(network.inputs, network.outputs)
    assert [state.shape for state in states(carrying(network, 5))] == [(5, 3), (5, 3)]


def test_written_states_are_read():
    """States written are read back, as copies."""
    carried = carrying(masking(layers.GRU(3)), 2)
    written = [normal(2, 3)]
    write_states(carried, written)
    read = read_states(carried)
    carried(normal(2, 4, 2))
    assert_array_equal(read, written)


def test_refuses_a_bidirectional_network():
    """Reading backwards leaves no state to go on from."""
    network = masking(layers.Bidirectional(layers.LSTM(2, name="lstm")))
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


@pytest.mark.parametrize("n_samples", [1, 5, 300])
def test_predicts_as_one_pass_over_the_joined_sequence(network, predict, n_samples):
    """Sample after sample the outputs are those of one long sequence at the samples' ends."""
    windows = normal(n_samples, 2, 2)
    (outputs,), end = predict(windows.__getitem__, n_samples)
    lstm, dense = network.layers[-2:]
    whole = layers.LSTM(3, return_sequences=True, return_state=True)
    whole.build((1, None, 2))
    whole.set_weights(lstm.get_weights())
    sequence, *final = whole(windows.reshape(1, -1, 2))
    assert_allclose(outputs, dense(sequence[0, 1::2]), rtol=1e-4, atol=1e-5)
    for state, expected in zip(end, final, strict=True):
        assert_allclose(state, expected, rtol=1e-4, atol=1e-5)


def test_predicts_from_given_states(predict):
    """A second half goes on from what the first half left; the first half is not disturbed by it."""
    windows = normal(6, 3, 2)
    (whole,), end = predict(windows.__getitem__, 6)
    (first,), middle = predict(windows[:4].__getitem__, 4)
    (second,), end_of_second = predict(windows[4:].__getitem__, 2, middle)
    assert_allclose(np.concatenate([first, second]), whole, rtol=1e-5, atol=1e-6)
    assert_allclose(end_of_second, end, rtol=1e-5, atol=1e-6)


def test_predicts_each_group_from_zero(predict):
    """Where another series begins the state is zero."""
    windows = normal(5, 3, 2)
    (outputs,), _ = predict(windows.__getitem__, 5, groups=np.array([0, 0, 1, 1, 1]))
    alone = [predict(part.__getitem__, len(part))[0][0] for part in (windows[:2], windows[2:])]
    assert_allclose(outputs, np.concatenate(alone), rtol=1e-5, atol=1e-6)


def test_a_sample_not_observed_keeps_the_state(predict):
    """A window of nothing but NaN passes the state on as it is."""
    windows = normal(3, 2, 2)
    windows[1] = np.nan
    (outputs,), end = predict(windows.__getitem__, 3)
    (without,), end_without = predict(windows[[0, 2]].__getitem__, 2)
    assert_array_equal(outputs[2], without[1])
    assert_array_equal(end, end_without)


def test_predicts_one_by_one_on_other_backends(network, predict, monkeypatch):
    """Without TensorFlow a loop over the samples gives the same outputs and states."""
    windows = normal(4, 3, 2)
    expected = predict(windows.__getitem__, 4, groups=np.array([0, 0, 1, 1]))
    carried = carrying(network, 1)
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    plain = carrying_predictor(carried)
    monkeypatch.undo()
    got = plain(network.get_weights(), windows.__getitem__, 4, groups=np.array([0, 0, 1, 1]))
    assert_allclose(got[0], expected[0], rtol=1e-5, atol=1e-6)
    assert_allclose(got[1], expected[1], rtol=1e-5, atol=1e-6)


def test_predicts_several_outputs():
    """A network with two outputs gives a list of two, one of them an output per time step."""
    inputs = keras.Input((None, 2))
    sequence = layers.LSTM(3, return_sequences=True)(inputs)
    network = keras.Model(inputs, [layers.Dense(1)(sequence), layers.Dense(2)(sequence[:, -1])])
    windows = normal(4, 3, 2)
    predict = carrying_predictor(carrying(network, 1))
    (steps, last), _ = predict(network.get_weights(), windows.__getitem__, 4)
    expected = network(windows.reshape(1, 12, 2))
    assert_allclose(steps.reshape(12, 1), expected[0][0], rtol=1e-5, atol=1e-6)
    assert_allclose(last[-1], expected[1][0], rtol=1e-5, atol=1e-6)
