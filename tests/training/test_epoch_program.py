"""Training as programs of plain tensors, by each path, against Keras' own fit of the same compiled network."""

from functools import cache
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from training_examples import assert_same, assert_same_history

from sklstm import networks
from sklstm.training import PinballLoss, SampleBatches, Settings
from sklstm.training._epoch_loop import EpochLoop, calls
from sklstm.training._epoch_program import EpochProgram, Form, State

# Two batches of eight and one of three: of two shares the second has nothing then.
N_SAMPLES, N_TIMESTEPS, BATCH_SIZE = 19, 4, 8
RNG = np.random.default_rng(0)
FORMS = {
    "graph": Form(room=2),
    "xla": Form("xla", BATCH_SIZE, room=2),
    "xla-shards": Form("xla-shards", BATCH_SIZE, room=2, n_shards=2),
}


def normal(*shape):
    return RNG.normal(size=(N_SAMPLES, *shape)).astype(np.float32)


def meta(target="continuous", **changes):
    shape = (N_SAMPLES, N_TIMESTEPS, 2)
    return {"X_shape_": shape, "target_type_": target, "n_outputs_": 1, "n_output_steps_": 1, **changes}


INPUTS = normal(N_TIMESTEPS, 2)
NOT_OBSERVED = np.arange(N_TIMESTEPS) < RNG.integers(0, N_TIMESTEPS + 1, size=(N_SAMPLES, 1))
NOT_OBSERVED[:2] = [[False], [True]]
LATE = np.where(NOT_OBSERVED[..., None], np.float32(np.nan), INPUTS)
GAPS = np.where(RNG.random((N_SAMPLES, N_TIMESTEPS, 1)) < 0.3, np.float32(np.nan), INPUTS)
WEIGHTS = RNG.uniform(0.1, 2, size=N_SAMPLES).astype(np.float32)
STEPS = meta("continuous-multioutput", n_outputs_=N_TIMESTEPS, n_output_steps_=N_TIMESTEPS)


def dense(*after):
    """A network that compiles fast."""
    return keras.Sequential([keras.Input((N_TIMESTEPS, 2)), layers.Flatten(), layers.Dense(3, "tanh"), *after])


def two_outputs():
    """A network that chooses from three classes and from two."""
    inputs = keras.Input((N_TIMESTEPS, 2))
    state = layers.Dense(3, "tanh")(layers.Flatten()(inputs))
    return keras.Model(inputs, [layers.Dense(n, "softmax", name=f"of_{n}")(state) for n in (3, 2)])


def masked_loss(*between):
    """A network with an output at each time step; its mask reaches the loss, which counts observed time steps only."""
    inputs = keras.Input((None, 2))
    states = layers.Masking()(inputs)
    for layer in between:
        states = layer(states)
    return keras.Model([inputs], [layers.Dense(1)(states)])


class Fit(NamedTuple):
    """A network, and what it learns."""

    build: object
    inputs: np.ndarray
    targets: list
    weights: np.ndarray | None = None
    loss: object = "mse"
    metrics: tuple = ("mae",)

    def network(self):
        """The network, compiled, each time with the same weights."""
        network = self.build()
        rng = np.random.default_rng(1)
        for variable in network.trainable_variables:
            variable.assign(rng.normal(size=variable.shape))
        for variable in network.non_trainable_variables:
            variable.assign(rng.integers(99, size=variable.shape))
        Settings(keras.optimizers.SGD(0.1, momentum=0.9), self.loss, self.metrics).compile(network)
        return network

    def batches(self):
        """The samples in their order."""
        return SampleBatches(
            lambda samples: self.inputs[samples], self.targets, np.arange(N_SAMPLES), BATCH_SIZE, self.weights
        )

    def program(self, form):
        """A program of the network."""
        network = self.network()
        network.optimizer.build(network.trainable_variables)
        return EpochProgram(network, self.batches()[0], form)


def answers(n_classes):
    return RNG.integers(n_classes, size=N_SAMPLES)


CLASSES = {"loss": "sparse_categorical_crossentropy", "metrics": ("accuracy",)}
FITS = {
    "vanilla": Fit(lambda: networks.vanilla(meta(), units=2), LATE, [normal(1)], WEIGHTS),
    "huber": Fit(lambda: dense(layers.Dense(2)), INPUTS, [normal(2)], loss="huber"),
    "classes": Fit(lambda: dense(layers.Softmax()), INPUTS, [answers(3)], WEIGHTS, **CLASSES),
    "yes or no": Fit(
        lambda: networks.cnn_lstm(meta("binary", n_classes_=2), units=2, filters=2),
        *(LATE, [answers(2)[:, None].astype(np.float32)]),
        **(CLASSES | {"loss": "binary_crossentropy"}),
    ),
    "lstm_fcn": Fit(lambda: networks.lstm_fcn(meta(), units=2, filters=(2, 3), kernel_sizes=(3, 2)), LATE, [normal(1)]),
    "two outputs": Fit(two_outputs, INPUTS, [answers(3), answers(2)], WEIGHTS, **CLASSES),
    "quantiles": Fit(
        lambda: networks.encoder_decoder(STEPS | {"n_outputs_": 2 * N_TIMESTEPS}, units=2),
        *(LATE, [np.repeat(normal(N_TIMESTEPS, 1), 2, axis=-1)], WEIGHTS),
        loss=PinballLoss([0.1, 0.5]),
    ),
    "many_to_many": Fit(lambda: networks.many_to_many(STEPS, units=2), GAPS, [normal(N_TIMESTEPS, 1)]),
    "masked loss": Fit(
        lambda: masked_loss(layers.Dense(2, "tanh", kernel_regularizer="l2", kernel_constraint="unit_norm")),
        *(np.nan_to_num(GAPS), [normal(N_TIMESTEPS, 1)]),
    ),
    "masked loss, weighted": Fit(masked_loss, np.nan_to_num(LATE), [normal(N_TIMESTEPS, 1)], WEIGHTS),
}
DROPOUT = Fit(lambda: dense(layers.Dropout(0.5), layers.Dense(1)), INPUTS, [normal(1)], metrics=())


@cache
def by_keras(name):
    """The network and the history of Keras' own fit, on arrays."""
    fit = FITS.get(name, DROPOUT)
    network = fit.network()
    # Tracing takes longer than two epochs of so little. Of several outputs Keras weighs batches otherwise then.
    network.run_eagerly = len(network.outputs) == 1
    inputs, targets, *weights = fit.batches().pick(np.arange(N_SAMPLES))
    fit_params = {"batch_size": BATCH_SIZE, "epochs": 2, "shuffle": False, "verbose": 0}
    history = network.fit(inputs, targets, sample_weight=weights[0] if weights else None, **fit_params)
    return network, history.history


def by_program(program, fit):
    """The network and the history of a fit by a program."""
    network = fit.network()
    history, *_ = EpochLoop(network, program).run(fit.batches(), None, 2)
    return network, history


# What holds for the shares of a batch holds for a whole one: a few kinds of loss and mask will do there.
WHOLE = ("vanilla", "two outputs", "masked loss, weighted")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *((name, path) for name in WHOLE for path in ("graph", "xla")),
        # choose_form cuts no batch for several outputs.
        *((name, "xla-shards") for name in FITS if name not in ("two outputs", "lstm_fcn")),
        # Its batch statistics are of whole batches, without samples that fill them up.
        ("lstm_fcn", "graph"),
    ],
)
def test_epochs_are_those_of_keras(name, path):
    """Weights, losses and metrics are those of Keras' own fit, by each path, the last batch being short."""
    network, history = by_program(FITS[name].program(FORMS[path]), FITS[name])
    expected_network, expected_history = by_keras(name)
    assert_same(network.weights, expected_network.weights)
    assert_same_history(history, expected_history)


def test_four_shares_of_a_batch():
    """More shares than two learn the same, those that have no sample included."""
    fit = FITS["masked loss, weighted"]
    network, history = by_program(fit.program(Form("xla-shards", BATCH_SIZE, room=2, n_shards=4)), fit)
    expected_network, expected_history = by_keras("masked loss, weighted")
    assert_same(network.weights, expected_network.weights)
    assert_allclose(history["loss"], expected_history["loss"], rtol=1e-4)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_calls_bring_each_sample_once(n_samples, batch_size, room, form_room, filled):
    """The calls of an epoch bring every sample once, in order, in arrays of one shape for XLA, else of what counts."""
    room = min(room, form_room)
    one_size = min(batch_size, 2 ** (n_samples - 1).bit_length())
    form = Form("xla", one_size, room=form_room) if filled else Form(room=form_room)
    order = np.arange(n_samples)[:, None]
    loader = SampleBatches(lambda samples: -order[samples], [order], np.arange(n_samples), batch_size)
    counted, next_batch = [], 0
    for first, n_batches, (inputs, targets), n_last in calls(loader, form, room):
        assert first == next_batch
        assert n_batches <= room
        assert_array_equal(inputs, -targets)
        assert inputs.shape == ((form_room, one_size, 1) if filled else (n_batches, n_last, 1))
        counted.extend(targets[: n_batches - 1].ravel())
        counted.extend(targets[n_batches - 1, :n_last].ravel())
        next_batch = first + n_batches
    assert next_batch == len(loader)
    assert_array_equal(counted, order[:, 0])


# --- dropout --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=FORMS)
def dropping(request):
    """A program with dropout, by each path."""
    return DROPOUT.program(FORMS[request.param])


def start(fit):
    """The state that a fit begins with."""
    network = fit.network()
    network.optimizer.build(network.trainable_variables)
    return State(*([tf.constant(variable.value) for variable in part] for part in State.variables(network)))


def test_dropout_of_the_same_seed(dropping):
    """The same seed gives the same bits, and leaves the generators where Keras' own fit leaves them."""
    (first, history), (second, same_history) = (by_program(dropping, DROPOUT) for _ in range(2))
    assert history == same_history
    for one, other in zip(first.variables, second.variables, strict=True):
        assert_array_equal(one, other)
    expected, _ = by_keras("dropout")
    assert_same(first.non_trainable_variables, expected.non_trainable_variables)
    if dropping.form.path == "graph":
        # XLA draws numbers of its own.
        assert_same(first.weights, expected.weights)


def test_dropout_of_another_seed(dropping):
    """Another seed, or the same one a step later, drops something else."""
    batch = keras.tree.map_structure(lambda column: np.stack([column] * 2), DROPOUT.batches()[0])

    def loss(state):
        return float(dropping.learn(state, batch, 1, BATCH_SIZE)[1]["loss"])

    state = start(DROPOUT)
    another = state._replace(others=[seed + np.array([1, 0], seed.dtype.as_numpy_dtype) for seed in state.others])
    later = state._replace(others=dropping.learn(state, batch, 1, BATCH_SIZE)[0].others)
    assert loss(state) == loss(state)
    assert len({loss(state), loss(another), loss(later)}) == 3


@pytest.mark.parametrize("dropping", ["xla-shards"], indirect=True)
def test_shares_draw_their_own_masks(dropping):
    """Of the same samples each share of a batch drops something else."""
    halves = keras.tree.map_structure(lambda column: np.concatenate([column[:4]] * 2), DROPOUT.batches()[0])
    batches = keras.tree.map_structure(lambda column: column[None], halves)
    dropping._network = DROPOUT.network()
    state = dropping._updates.pack(start(DROPOUT))

    def loss(share):
        return float(dropping._gradients(state, batches, (0, 1, BATCH_SIZE), share)["loss"])

    assert loss(0) == loss(0) != loss(1)


# --- evaluation -----------------------------------------------------------------------------------


def test_evaluates_as_keras_does():
    """Loss and metrics of samples that come batch by batch are those of Keras' own evaluate."""
    fit = FITS["masked loss, weighted"]
    program, batches, network = fit.program(FORMS["graph"]), fit.batches(), fit.network()
    state = start(fit)._replace(metrics=program.fresh_metrics)
    for k in range(len(batches)):
        state, logs = program.evaluate(state, batches[k], network)
    network.run_eagerly = True
    expected = network.evaluate(batches, verbose=0, return_dict=True)
    assert set(logs) == set(expected)
    for key, value in logs.items():
        assert_allclose(value, expected[key], rtol=1e-4)
