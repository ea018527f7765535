"""Keras' optimizers as functions of plain tensors, against themselves."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras.optimizers import schedules
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.training._epoch_program import State
from sklstm.training._stateless import STATELESS, Updates, stateless

RNG = np.random.default_rng(0)
VALUES = [RNG.normal(size=shape).astype(np.float32) for shape in ((3, 2), (2,))]
STEPS = [[RNG.normal(size=value.shape).astype(np.float32) for value in VALUES] for _ in range(5)]
CLIPPED = {"clipnorm": 0.5, "global_clipnorm": 0.5, "clipvalue": 0.3}


def tensors(values, dtype="float32"):
    return [tf.cast(tf.constant(value), dtype) for value in values]


def assert_steps_are_those_of_keras(make, n_weights=2, dtype="float32", constraint=None, n_steps=3):
    """After some steps weights and the optimizer's state are those that Keras' apply leaves, packed or not."""

    def variables():
        made = [keras.Variable(value, dtype=dtype) for value in VALUES[:n_weights]]
        for variable in made:
            variable.constraint = constraint
        return made

    expected, theirs = variables(), make()
    theirs.build(expected)
    twin, updates = stateless(theirs, variables()), Updates(theirs, variables())
    start = [tf.constant(variable.value) for variable in theirs.variables]
    plain, plain_state = tensors(VALUES[:n_weights], dtype), start
    packed = updates.pack(State(plain, [], start, []))
    for gradients in STEPS[:n_steps]:
        gradients = tensors(gradients[:n_weights], dtype)
        theirs.apply(gradients)
        plain, plain_state = twin.stateless_apply(plain_state, gradients, plain)
        packed = updates.apply(packed, updates.gradients(gradients, updates.weights(packed)))
    unpacked = updates.unpack(packed)
    for values in ([*plain, *plain_state], [*unpacked.weights, *unpacked.optimizer]):
        for one, other in zip(values, [*expected, *theirs.variables], strict=True):
            assert one.dtype == other.dtype
            assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def own_class(name, **params):
    return lambda: getattr(keras.optimizers, name)(learning_rate=0.1, **params)


@pytest.mark.parametrize("name", sorted(STATELESS))
def test_every_optimizer(name):
    """Each of those named, plain and with a weight decay, steps as Keras' own does."""
    for n_weights in (1, 2):
        assert_steps_are_those_of_keras(own_class(name), n_weights)
    assert_steps_are_those_of_keras(own_class(name, weight_decay=0.1))


@pytest.mark.parametrize("clipped", CLIPPED)
@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_clipped_gradients(name, clipped):
    """Gradients are clipped one by one, all together, and value by value."""
    assert_steps_are_those_of_keras(own_class(name, **{clipped: CLIPPED[clipped]}))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("Adam", {"amsgrad": True}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("SGD", {"momentum": 0.9, "nesterov": True}),
        ("Ftrl", {"l1_regularization_strength": 0.1, "beta": 0.2}),
    ],
)
def test_parameters_that_add_a_state(name, params):
    """Parameters that make an optimizer keep more than usual come along."""
    assert_steps_are_those_of_keras(own_class(name, **params))


def test_weights_of_another_kind():
    """Weights of float64 stay so, and those that are constrained are."""
    assert_steps_are_those_of_keras(own_class("Adam"), dtype="float64")
    assert_steps_are_those_of_keras(own_class("SGD"), constraint=keras.constraints.NonNeg())


@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_what_the_loss_does_not_depend_on(name):
    """A weight without a gradient stays as it is."""
    variables = [keras.Variable(value) for value in VALUES]
    optimizer = own_class(name)()
    optimizer.build(variables)
    updates = Updates(optimizer, variables)
    state = State(tensors(VALUES), [], [tf.constant(variable.value) for variable in optimizer.variables], [])
    gradients = updates.gradients([tf.constant(STEPS[0][0]), None], state.weights)
    kernel, bias = updates.weights(updates.apply(updates.pack(state), gradients))
    assert (kernel != VALUES[0]).numpy().all()
    assert_array_equal(bias, VALUES[1])


@given(
    rate=st.floats(1e-3, 0.5),
    decay=st.floats(0.1, 0.9),
    n_steps=st.integers(1, 4),
    kind=st.integers(0, 4),
    n_weights=st.integers(1, 2),
)
def test_schedules(rate, decay, n_steps, kind, n_weights):
    """The learning rate of each step is that of its schedule."""
    schedule = (
        lambda: schedules.ExponentialDecay(rate, n_steps, decay, staircase=True),
        lambda: schedules.PiecewiseConstantDecay([n_steps], [rate, decay * rate]),
        lambda: schedules.CosineDecay(decay * rate, n_steps, warmup_target=rate, warmup_steps=2),
        lambda: schedules.InverseTimeDecay(rate, n_steps, decay),
        lambda: schedules.PolynomialDecay(rate, n_steps, decay * rate, cycle=True),
    )[kind]
    assert_steps_are_those_of_keras(lambda: keras.optimizers.SGD(schedule(), momentum=0.5), n_weights, n_steps=5)


def test_the_optimizer_stays_as_it_is():
    """A copy is made: the optimizer itself is neither built nor of another class."""
    optimizer = keras.optimizers.Adam(0.1)
    twin = stateless(optimizer, [keras.Variable(value) for value in VALUES])
    assert type(optimizer) is keras.optimizers.Adam
    assert not optimizer.built
    assert isinstance(twin, keras.optimizers.Adam)
    assert twin.built
