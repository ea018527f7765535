from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.training import SampleBatches, Settings, _paths, clear_programs, fit_network
from sklstm.training._epoch_program import EpochProgram
from sklstm.training._programs import programs

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(20, 5, 2)).astype(np.float32), RNG.normal(size=(20, 1)).astype(np.float32)
WEIGHTS = RNG.uniform(size=20).astype(np.float32)


def network(dropout=0.0):
    inputs = keras.Input((None, 2))
    state = keras.layers.LSTM(3, dropout=dropout, use_cudnn=False)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(state))
    model.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in model.get_weights()])
    return model


def batches(weights=None, batch_size=8):
    return SampleBatches(lambda samples: INPUTS[samples], [TARGETS], np.arange(20), batch_size, weights)


def settings(optimizer="adam", **params):
    return Settings(keras.optimizers.get(optimizer), "mse", **params)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_learns_what_keras_fit_learns(weights):
    """Weights, losses and metrics are those of Keras' own fit on arrays."""
    ours, theirs = network(), network()
    trained = fit_network(
        ours, batches(weights), settings(metrics=("mae",)), validation=batches(weights), epochs=3, seed=0, verbose=0
    )
    theirs.compile("adam", "mse", metrics=["mae"])
    expected = theirs.fit(
        *(INPUTS, TARGETS),
        sample_weight=weights,
        validation_data=(INPUTS, TARGETS) if weights is None else (INPUTS, TARGETS, weights),
        **{"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, "validation_batch_size": 8},
    )
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert set(trained.history) == set(expected.history)
    for name, values in trained.history.items():
        assert_allclose(values, expected.history[name], rtol=1e-4)


def test_fits_of_the_same_layers_share_a_program():
    """The second fit of the same layers and settings compiles nothing, whatever the layers are called."""
    clear_programs()
    fit_network(network(), batches(), settings(), seed=0, verbose=0)
    known = len(programs)
    fit_network(network(), batches(), settings(), seed=0, verbose=0)
    assert len(programs) == known
    fit_network(network(), batches(), settings("sgd"), seed=0, verbose=0)
    assert len(programs) == known + 1


def test_a_shared_program_remembers_nothing():
    """Whatever was trained before, the same fit gives the same bits, dropout included."""
    fits = []
    for seed in (0, 1, 0):
        model = network(dropout=0.3)
        trained = fit_network(model, batches(), settings(), seed=seed, epochs=2, verbose=0)
        fits.append((model.get_weights(), trained))
    for one, other in zip(fits[0][0], fits[2][0], strict=True):
        assert_array_equal(one, other)
    assert fits[0][1].history == fits[2][1].history != fits[1][1].history


def test_the_optimizer_goes_on():
    """Two fits of an epoch, the second from the optimizer's state after the first, are one fit of two."""
    once, twice = network(), network()
    fit_network(once, batches(), settings(), epochs=2, seed=0, verbose=0)
    trained = fit_network(twice, batches(), settings(), seed=0, verbose=0)
    fit_network(twice, batches(), settings(), seed=0, verbose=0, optimizer_state=trained.optimizer_state)
    for one, other in zip(once.get_weights(), twice.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-7)


class Stops(keras.callbacks.Callback):
    """Counts what it sees, and stops after two epochs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("train")

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, sorted(logs)))
        self.model.stop_training = epoch == 1

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


@pytest.mark.parametrize("shared", [True, False])
def test_callbacks_see_and_stop(shared, monkeypatch):
    """A callback sees the training, its epochs and its batches, and stops it, by the loop and by Keras' own fit."""
    if shared:
        monkeypatch.setattr(Stops, "__module__", "keras")
    callback = Stops()
    trained = fit_network(
        network(), batches(), settings(), validation=batches(), epochs=9, callbacks=[callback], seed=0, verbose=0
    )
    one = [0, 1, 2]
    assert callback.seen == ["train", *one, (0, ["loss", "val_loss"]), *one, (1, ["loss", "val_loss"])]
    assert len(trained.history["val_loss"]) == 2


def test_a_compiled_network_keeps_its_own_settings():
    """A network that comes compiled is trained with what it was compiled with."""
    model = network()
    model.compile(keras.optimizers.SGD(0.0), "mae")
    before = model.get_weights()
    fit_network(model, batches(), settings(), seed=0, verbose=0)
    for one, other in zip(model.get_weights(), before, strict=True):
        assert_array_equal(one, other)


def test_a_loss_of_ones_own_is_not_shared():
    """A function that Keras does not know might mean anything the next time: its fit shares no program."""
    known = len(programs)
    own = Settings(keras.optimizers.Adam(), lambda y_true, y_pred: keras.ops.abs(y_true - y_pred))
    fit_network(network(), batches(), own, seed=0, verbose=0)
    assert len(programs) == known


def shifted(y_true, y_pred, by):
    return keras.ops.mean(keras.ops.square(y_true + by - y_pred), axis=-1)


def always():
    return 0.05


@pytest.mark.parametrize(
    "own",
    [
        lambda: Settings(keras.optimizers.SGD(0.05), partial(shifted, by=2.0)),
        lambda: Settings(keras.optimizers.SGD(always), keras.losses.MeanSquaredError()),
    ],
    ids=["partial", "learning rate"],
)
def test_what_has_no_configuration(own):
    """Losses and learning rates that Keras cannot write down are trained with all the same."""
    ours, theirs = network(), network()
    fit_network(ours, batches(), own(), seed=0, epochs=2, verbose=0)
    own().compile(theirs)
    theirs.run_eagerly = True
    theirs.fit(INPUTS, TARGETS, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_allclose(one, other, atol=1e-5, rtol=0)


# --- what a shared program must not remember ------------------------------------------------------


def fitted(optimizer="adam", model=None, **params):
    """Weights after a fit, and the history."""
    model = model or network()
    trained = fit_network(model, batches(), settings(optimizer), seed=0, **params)
    return model.get_weights(), trained.history


@pytest.mark.parametrize("path", ["graph", "xla"])
def test_a_shared_program_takes_another_learning_rate(path, monkeypatch):
    """Fits that differ by their learning rate share a program, and each has its own."""
    monkeypatch.setattr(_paths, "LONG", 0 if path == "xla" else 10**9)
    clear_programs()
    (slow, _), (stood, _), (fast, _) = (fitted(keras.optimizers.SGD(rate)) for rate in (0.01, 0.0, 0.02))
    assert len(programs) == 1
    start = network().get_weights()
    for one, other in zip(stood, start, strict=True):
        assert_array_equal(one, other)
    clear_programs()
    alone, _ = fitted(keras.optimizers.SGD(0.02))
    for shared, own, other in zip(fast, alone, slow, strict=True):
        assert_array_equal(shared, own)
        assert (shared != other).any()


def test_other_settings_are_not_shared():
    """Huber losses of another delta, and schedules of another pace, have programs and results of their own."""
    clear_programs()
    schedule = keras.optimizers.schedules.ExponentialDecay
    compiled = [
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.5)), keras.losses.Huber(0.1)),
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.5)), keras.losses.Huber(0.2)),
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.9)), keras.losses.Huber(0.2)),
    ]
    kernels = []
    for k, one in enumerate(compiled, start=1):
        model = network()
        fit_network(model, batches(), one, seed=0)
        kernels.append(model.get_weights()[0])
        assert len(programs) == k
    assert all((kernels[k] != kernels[k - 1]).any() for k in range(3))


def test_a_program_begins_with_a_fresh_optimizer():
    """A program that was made for a network trained before starts the next network as a fresh optimizer does."""
    clear_programs()
    expected, _ = fitted()
    clear_programs()
    trained_before = network()
    settings().compile(trained_before)
    trained_before.run_eagerly = True
    trained_before.fit(INPUTS, TARGETS, verbose=0)
    trained_before.run_eagerly = False
    fitted(model=trained_before)
    for one, other in zip(fitted()[0], expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("change", ["compile", "freeze"])
def test_a_program_outlives_changes_of_its_network(change):
    """What becomes of the network that a program was made for is nothing to the next one, its validation included."""
    clear_programs()
    expected, history = fitted(validation=batches())
    clear_programs()
    first = network()
    fitted(model=first)
    if change == "compile":
        first.compile("sgd", "mae")
    else:
        first.layers[1].trainable = False
    weights, same_history = fitted(validation=batches())
    for one, other in zip(weights, expected, strict=True):
        assert_array_equal(one, other)
    assert same_history == history


def test_a_shared_program_takes_no_more_room(monkeypatch):
    """A call holds as many batches as its own fit has room for, whoever made the program."""
    clear_programs()
    fit_network(network(), batches(batch_size=2), settings(), seed=0)
    monkeypatch.setattr(_paths, "MOST_BYTES", INPUTS[:8].nbytes)
    n_batches, learn = [], EpochProgram.learn

    def counting(program, state, arrays, *args):
        n_batches.append(len(arrays[0]))
        return learn(program, state, arrays, *args)

    monkeypatch.setattr(EpochProgram, "learn", counting)
    fit_network(network(), batches(), settings(), seed=0)
    assert len(programs) == 1
    assert n_batches == [1, 1, 1]


# --- what Keras' own fit does ---------------------------------------------------------------------


class OwnStep(keras.Model):
    """A network with a training step of its own."""

    def train_step(self, data):
        return super().train_step(data)


def keras_only():
    plain = network()
    model = OwnStep(plain.inputs, plain.outputs)
    model.compile("adam", "mse", run_eagerly=True)
    return model


def test_keras_own_fit_goes_on():
    """By Keras' own fit, too, two fits of an epoch are one of two, where the optimizer's state is handed on."""
    once, twice = keras_only(), keras_only()
    assert fit_network(once, batches(), None, epochs=2, seed=0, verbose=0).path == "keras"
    trained = fit_network(twice, batches(), None, seed=0, verbose=0)
    twice.optimizer = keras.optimizers.Adam()
    fit_network(twice, batches(), None, seed=0, verbose=0, optimizer_state=trained.optimizer_state)
    for one, other in zip(once.get_weights(), twice.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_keras_own_fit_interrupted():
    """Where the user interrupts Keras' own fit, the history is of whole epochs."""

    def interrupt(epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    trained = fit_network(keras_only(), batches(), None, epochs=5, callbacks=[callback], seed=0, verbose=0)
    assert trained.interrupted
    assert len(trained.history["loss"]) == 1


def test_more_for_keras_fit():
    """A parameter that only Keras' fit has is Keras' to see to."""
    model = network()
    settings().compile(model)
    model.run_eagerly = True
    trained = fit_network(model, batches(), None, seed=0, epochs=3, initial_epoch=1, verbose=0)
    assert (trained.path, len(trained.history["loss"])) == ("keras", 2)
    assert not trained.interrupted
