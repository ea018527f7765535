"""The fast computation of LSTM layers, against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.training._fast_lstm import fast_lstms

N_FEATURES = 2


def network(layer, n_timesteps=None):
    """Inputs, a mask where NaN is, and a layer that reads them."""
    inputs = keras.Input((n_timesteps, N_FEATURES))
    missing = keras.ops.isnan(inputs)
    values = keras.ops.where(missing, 0.0, inputs)
    return keras.Model(inputs, layer(values, mask=~keras.ops.all(missing, axis=-1)))


def outputs_and_gradients(model, inputs, training=False):
    """Outputs, and the gradients of a loss that gives each of them another weight; those of the inputs come last."""
    inputs = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = model(inputs, training=training)
        loss = tf.reduce_sum(outputs * tf.reshape(tf.sin(tf.range(tf.size(outputs), dtype=tf.float32)), outputs.shape))
    weights = [variable.value for variable in model.trainable_variables]
    return outputs, tape.gradient(loss, [*weights, inputs])


def assert_same(one, other):
    for ours, theirs in zip([one[0], *one[1]], [other[0], *other[1]], strict=True):
        assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.just(N_FEATURES)),
    units=st.integers(1, 4),
    direction=st.sampled_from(["forwards", "backwards", "both"]),
    return_sequences=st.booleans(),
    use_bias=st.booleans(),
    missing=st.integers(0, 2**20 - 1),
    seed=st.integers(0, 99),
)
def test_the_same_numbers_and_gradients(shape, units, direction, return_sequences, use_bias, missing, seed):
    """Outputs and gradients are those of Keras' layer, whatever is masked, in either direction or in both."""
    keras.utils.set_random_seed(seed)
    kind = {"return_sequences": return_sequences, "use_bias": use_bias, "go_backwards": direction == "backwards"}
    layer = layers.LSTM(units, bias_initializer="normal", use_cudnn=False, **kind)
    model = network(layers.Bidirectional(layer) if direction == "both" else layer)
    inputs = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    mask = (missing >> np.arange(shape[0] * shape[1])) % 2 == 1
    inputs[mask.reshape(shape[:2])] = np.nan
    expected = outputs_and_gradients(model, inputs)
    with fast_lstms(model):
        assert_same(outputs_and_gradients(model, inputs), expected)


def test_the_same_compiled_by_xla():
    """Compiled by XLA for a fixed number of time steps, numbers and gradients are the same."""
    model = network(layers.Bidirectional(layers.LSTM(3, return_sequences=True, use_cudnn=False)), 4)
    inputs = np.random.default_rng(0).normal(size=(3, 4, N_FEATURES)).astype(np.float32)
    inputs[:, 0] = inputs[1, :2] = inputs[2] = np.nan
    with fast_lstms(model):
        compiled = tf.function(lambda inputs: outputs_and_gradients(model, inputs), jit_compile=True, autograph=False)
        assert_same(compiled(tf.constant(inputs)), outputs_and_gradients(model, inputs))
    assert_same(compiled(tf.constant(inputs)), outputs_and_gradients(model, inputs))


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_same_dropout(bidirectional):
    """Dropout uses the masks that Keras' layer draws from the same seed, and leaves the generator in the same state."""
    layer = layers.LSTM(3, dropout=0.5, seed=7, return_sequences=True, use_cudnn=False)
    model = network(layers.Bidirectional(layer) if bidirectional else layer)
    inputs = np.random.default_rng(0).normal(size=(4, 3, N_FEATURES)).astype(np.float32)
    seeds = [variable.numpy() for variable in model.non_trainable_variables]

    def twice():
        for variable, seed in zip(model.non_trainable_variables, seeds, strict=True):
            variable.assign(seed)
        both = [outputs_and_gradients(model, inputs, training=True) for _ in range(2)]
        return both, [variable.numpy() for variable in model.non_trainable_variables]

    expected, expected_seeds = twice()
    with fast_lstms(model):
        got, got_seeds = twice()
        assert_same(outputs_and_gradients(model, inputs), outputs_and_gradients(model, inputs))
    for one, other in zip(got, expected, strict=True):
        assert_same(one, other)
    assert_array_equal(got_seeds, expected_seeds)
    assert not np.array_equal(got[0][0], got[1][0])


class OwnLSTM(layers.LSTM):
    """A layer class that Keras does not know."""


LEFT_ALONE = {
    "recurrent_dropout": lambda: layers.LSTM(2, recurrent_dropout=0.5),
    "activation": lambda: layers.LSTM(2, activation="relu"),
    "recurrent_activation": lambda: layers.LSTM(2, recurrent_activation="hard_sigmoid"),
    "stateful": lambda: layers.LSTM(2, stateful=True),
    "return_state": lambda: layers.LSTM(2, return_state=True),
    "zero_output_for_mask": lambda: layers.LSTM(2, zero_output_for_mask=True),
    "dtype": lambda: layers.LSTM(2, dtype="float64"),
    "own class": lambda: OwnLSTM(2),
    "GRU": lambda: layers.GRU(2),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_layers_that_are_left_alone(name):
    """Layers with options that the fast way does not compute keep their own call."""
    left, plain = LEFT_ALONE[name](), layers.LSTM(2)
    inputs = keras.Input(batch_shape=(1, 3, N_FEATURES))
    outputs = left(inputs)
    model = keras.Model(inputs, [outputs[0] if name == "return_state" else outputs, plain(inputs)])
    with fast_lstms(model):
        assert "call" in vars(plain)
        assert "call" not in vars(left)


def test_an_initial_state():
    """A layer that begins from a given state uses Keras' own call."""
    inputs, state = keras.Input((3, N_FEATURES)), keras.Input((2,))
    model = keras.Model([inputs, state], layers.LSTM(2)(inputs, initial_state=[state, state]))
    data = [np.ones((2, 3, N_FEATURES), np.float32), np.ones((2, 2), np.float32)]
    expected = model(data)
    with fast_lstms(model):
        assert_array_equal(model(data), expected)


@pytest.mark.parametrize("fails", [True, False])
def test_afterwards_the_layers_are_keras_own(fails):
    """After the block, or an error in it, the layers and their saved configuration are as before."""
    lstm, both = layers.LSTM(2, return_sequences=True), layers.Bidirectional(layers.LSTM(2))
    inputs = keras.Input((3, N_FEATURES))
    inner = keras.Model(inputs, lstm(inputs))
    # The same layer twice, once in a model in the model.
    model = keras.Model(inputs, both(layers.Add()([inner(inputs), lstm(inputs)])))
    before = [set(vars(layer)) for layer in model._flatten_layers()]
    config = model.to_json()
    try:
        with fast_lstms(model):
            assert "call" in vars(lstm)
            assert "call" in vars(both.forward_layer)
            assert "call" in vars(both.backward_layer)
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    assert [set(vars(layer)) for layer in model._flatten_layers()] == before
    assert lstm.call.__func__ is layers.LSTM.call
    assert model.to_json() == config
