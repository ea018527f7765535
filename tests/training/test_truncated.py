"""Truncated backpropagation, against loops written plainly with one LSTM cell."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from inline_snapshot import snapshot
from keras import layers, ops
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.training import carrying, sequence_model

N_SAMPLES, N_TIMESTEPS = 3, 8


def build(per_step, masks=True):
    """An LSTM and a dense layer on its states or its last state, carrying; it takes NaN or not."""
    inputs = keras.Input((None, 2))
    values, mask = inputs, None
    if masks:
        missing = ops.isnan(inputs)
        values = ops.where(missing, ops.zeros_like(inputs), inputs)
        mask = ops.logical_not(ops.any(missing, axis=-1))
    state = layers.LSTM(3, return_sequences=per_step, use_cudnn=False)(values, mask=mask)
    return carrying(keras.Model(inputs, layers.Dense(1)(state)), N_SAMPLES)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def train(network, k1, k2, inputs, targets, weights=None, keep=None, **compile_params):
    """One step of training at a learning rate of 0.5; the loss, and the model."""
    model = sequence_model(network, (k1, k2))
    # Tracing takes longer than a step of so little. It is needed where states are carried over time steps in a loop.
    carries = k1 != k2 and k2 < N_TIMESTEPS
    model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=not carries, **compile_params)
    keep = np.zeros(len(inputs), np.float32) if keep is None else keep
    return model.train_on_batch((inputs, keep), targets, sample_weight=weights, return_dict=True), model


def carried_states(network):
    """The states of the LSTM of a network."""
    return network.layers[-2].states


def run_cell(network, inputs, states):
    """Outputs step by step, and the states at each step, by an LSTM cell and nothing else of Keras' recurrence."""
    lstm, dense = network.layers[-2:]
    outputs = []
    for t in range(inputs.shape[1]):
        _, states = lstm.cell(inputs[:, t], states)
        outputs.append(dense(states[0]))
    return tf.stack(outputs, axis=1), states


def learn_plainly(network, inputs, states, loss_of):
    """Gradients of a loss of the outputs from constant states."""
    states = [tf.stop_gradient(tf.convert_to_tensor(state)) for state in states]
    with tf.GradientTape() as tape:
        loss = loss_of(run_cell(network, inputs, states)[0])
    return float(loss), tape.gradient(loss, network.trainable_variables)


def descend(network, gradients):
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        variable.assign_sub(0.5 * gradient)


def truncated_plainly(network, k1, k2, inputs, targets, states):
    """TBPTT(k1, k2) as a loop: chunks of k1 steps, each seen from the state k2 steps before its end."""
    n_timesteps = inputs.shape[1]
    losses = []
    at = {0: states}  # the state before each time step, by the weights of its time
    for done in range(0, n_timesteps, k1):
        stop = min(done + k1, n_timesteps)
        start = max(done + k1 - k2, 0)

        def mean_square(outputs, done=done, stop=stop):
            return tf.reduce_mean((outputs[:, done - stop :] - targets[:, done:stop]) ** 2)

        loss, gradients = learn_plainly(network, inputs[:, start:stop], at[start], mean_square)
        for t in range(start, stop):
            at[t + 1] = run_cell(network, inputs[:, t : t + 1], at[t])[1]
        descend(network, gradients)
        losses.append(loss)
    return np.mean(losses), at[n_timesteps]


def twins(per_step, **params):
    """Two networks with the same weights."""
    network, twin = build(per_step, **params), build(per_step, **params)
    twin.set_weights(network.get_weights())
    return network, twin


def assert_same(got, expected):
    for a, b in zip(got, expected, strict=True):
        assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("k1", "k2", "masks"),
    [(8, 8, True), (20, 20, True), (2, 2, True), (3, 3, False), (1, 7, True), (2, 5, True), (3, 4, False)],
)
def test_learns_per_step_as_a_loop_does(k1, k2, masks):
    """Weights, loss and states after one batch are those of the plain loop, from states that were carried in."""
    network, twin = twins(True, masks=masks)
    inputs, targets = normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, N_TIMESTEPS, 1, seed=1)
    before = [normal(N_SAMPLES, 3, seed=2), normal(N_SAMPLES, 3, seed=3)]
    keep = np.array([1, 0, 1], np.float32)
    for state, array in zip(carried_states(network), before, strict=True):
        state.assign(array)
    logs, model = train(network, k1, k2, inputs, targets, keep=keep)

    loss, states = truncated_plainly(twin, k1, k2, inputs, targets, [state * keep[:, None] for state in before])
    assert_same(model.get_weights(), twin.get_weights())
    assert_same(carried_states(network), states)
    assert_allclose(logs["loss"], loss, rtol=1e-5)
    assert int(model.optimizer.iterations) == -(-N_TIMESTEPS // k1)


@pytest.mark.parametrize("per_step", [True, False])
def test_over_the_whole_length_it_is_what_keras_does(per_step):
    """With k1 = k2 = n_timesteps weights and metrics after one batch are those of Keras."""
    network, twin = twins(per_step)
    inputs = normal(N_SAMPLES, N_TIMESTEPS, 2)
    targets = normal(N_SAMPLES, N_TIMESTEPS, 1, seed=1)[:, slice(None) if per_step else -1]
    weights = normal(*targets.shape[:-1], seed=2) ** 2
    logs, model = train(network, 8, 8, inputs, targets, weights, weighted_metrics=["mae"])
    twin.compile(keras.optimizers.SGD(0.5), "mse", weighted_metrics=["mae"], run_eagerly=True)
    expected = twin.train_on_batch(inputs, targets, sample_weight=weights, return_dict=True)
    assert_same(model.get_weights(), twin.get_weights())
    assert_allclose([logs["loss"], logs["mae"]], [expected["loss"], expected["mae"]], rtol=1e-5)


@pytest.mark.parametrize("k2", [3, 20])
def test_learns_once_from_the_last_steps(k2):
    """With one output per sample the gradient goes back k2 time steps, from a constant state."""
    network, twin = twins(False)
    inputs, targets = normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, 1)
    _, model = train(network, 1, k2, inputs, targets)

    start = max(N_TIMESTEPS - k2, 0)
    states = run_cell(twin, inputs[:, :start], [tf.zeros((N_SAMPLES, 3))] * 2)[1] if start else [tf.zeros((3, 3))] * 2
    _, gradients = learn_plainly(
        twin, inputs[:, start:], states, lambda outputs: tf.reduce_mean((outputs[:, -1] - targets) ** 2)
    )
    descend(twin, gradients)
    assert_same(model.get_weights(), twin.get_weights())
    assert int(model.optimizer.iterations) == 1


def test_padding_of_either_side_changes_nothing():
    """With one output per sample the last observed steps count, whether NaN stands before, after or between them."""
    network, twin = twins(False)
    inputs, targets = normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, 1)
    places = [[0] * 4, [8] * 4, [7] * 4]
    padded = np.stack([np.insert(one, place, np.nan, axis=0) for one, place in zip(inputs, places, strict=True)])
    train(network, 1, 3, inputs, targets)
    train(twin, 1, 3, padded, targets)
    assert_same(twin.get_weights(), network.get_weights())


def test_padding_without_weight_changes_nothing_per_step():
    """Time steps that were not observed, with a weight of zero, add nothing to a mean over the weights."""
    network, twin = twins(True)
    inputs, targets = normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, N_TIMESTEPS, 1)
    observed = np.ones((N_SAMPLES, N_TIMESTEPS))
    padded, padded_targets, weights = (
        np.concatenate([array, np.full((N_SAMPLES, 3, *array.shape[2:]), fill, np.float32)], axis=1)
        for array, fill in [(inputs, np.nan), (targets, 0), (observed, 0)]
    )
    for trained, data in [(network, (inputs, targets)), (twin, (padded, padded_targets, weights))]:
        model = sequence_model(trained, (4, 4))
        loss = keras.losses.MeanSquaredError("mean_with_sample_weight")
        model.compile(keras.optimizers.SGD(0.5), loss, run_eagerly=True)
        windows, *rest = data
        model.train_on_batch((windows, np.zeros(N_SAMPLES, np.float32)), *rest)
    assert_same(twin.get_weights(), network.get_weights())


def test_weights_of_samples_hold_for_all_their_steps():
    """Weights of shape (batch_size,) are those of each time step."""
    network, twin = twins(True)
    inputs, targets = normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, N_TIMESTEPS, 1)
    weights = np.array([0.5, 2, 0])
    train(network, 3, 3, inputs, targets, weights)
    train(twin, 3, 3, inputs, targets, np.tile(weights[:, None], N_TIMESTEPS))
    assert_same(twin.get_weights(), network.get_weights())


def test_decoders_learn_at_the_end():
    """A network that decodes steps of its own learns once for each batch."""
    parts = [layers.LSTM(3), layers.RepeatVector(2), layers.LSTM(3, return_sequences=True), layers.Dense(1)]
    network = carrying(keras.Sequential([keras.Input((None, 2)), *parts]), N_SAMPLES)
    _, model = train(network, 1, N_TIMESTEPS, normal(N_SAMPLES, N_TIMESTEPS, 2), normal(N_SAMPLES, 2, 1))
    assert int(model.optimizer.iterations) == 1


def test_fits_and_validates_several_outputs_with_dropout():
    """Keras' fit trains, watches and counts updates; outputs and their targets may be several."""
    inputs = keras.Input((None, 2))
    state = layers.LSTM(3, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, use_cudnn=False)(inputs)
    outputs = [layers.Dense(1, name=name)(layers.Dropout(0.5)(state)) for name in "ab"]
    model = sequence_model(carrying(keras.Model(inputs, outputs), N_SAMPLES), (2, 5))
    model.compile("adam", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    windows, targets = normal(6, N_TIMESTEPS, 2), normal(6, N_TIMESTEPS, 1)
    data = ((windows, np.zeros(6, np.float32)), (targets, targets))
    history = model.fit(
        *data, validation_data=data, batch_size=N_SAMPLES, validation_batch_size=N_SAMPLES, epochs=2, verbose=0
    ).history
    assert np.isfinite(list(history.values())).all()
    assert "val_loss" in history
    assert int(model.optimizer.iterations) == 2 * 2 * 4


def test_refuses_a_gradient_shorter_than_a_chunk():
    """A gradient reaches back over the chunk that an update learns from, or further."""
    assert refused(sequence_model, build(True), (5, 3)) == snapshot(
        "TBPTT(k1, k2) goes back over the k1 time steps since the last update, or more: 1 <= k1 <= k2. Got k1=5, k2=3. "
        "Pass tbptt=(5, 5)."
    )


def test_refuses_a_fixed_number_of_time_steps():
    """A network of a fixed number of time steps cannot run pieces of them."""
    network = keras.Sequential([keras.Input((6, 2)), layers.LSTM(3)], name="fixed")
    assert refused(sequence_model, carrying(network, 1), (1, 2)) == snapshot(
        "TBPTT(k1, k2) runs sequences in pieces, and model 'fixed' takes exactly 6 time steps at once. Pass a network "
        "whose number of time steps is open, or tbptt=None."
    )


def test_refuses_other_backends(monkeypatch):
    """Gradients are taken by TensorFlow."""
    network = build(True)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert refused(sequence_model, network, (1, 2), error=RuntimeError) == snapshot(
        "Truncated backpropagation needs Keras on TensorFlow, and Keras runs on jax. Set the environment variable "
        "KERAS_BACKEND=tensorflow before Keras is imported, or pass tbptt=None."
    )
