"""Fits of a network, against Keras' own fit, and the programs that they share."""

from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from training_examples import (
    LONG,
    OwnStep,
    StopAfter,
    assert_same,
    assert_same_history,
    count_calls,
    count_programs,
    lstm_network,
    small_network,
)

from sklstm.training import SampleBatches, Settings, choose_path, clear_programs, fit_network

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(20, 5, 2)).astype(np.float32), RNG.normal(size=(20, 1)).astype(np.float32)
WEIGHTS = RNG.uniform(size=20).astype(np.float32)


def batches(weights=None, batch_size=8):
    return SampleBatches(lambda samples: INPUTS[samples], [TARGETS], np.arange(20), batch_size, weights)


def settings(optimizer="adam", **params):
    return Settings(keras.optimizers.get(optimizer), "mse", **params)


def assert_equal(weights, expected):
    for one, other in zip(weights, expected, strict=True):
        assert_array_equal(one, other)


def test_learns_what_keras_fit_learns():
    """Weights, losses and metrics are those of Keras' own fit on arrays, with weights of samples."""
    ours, theirs = lstm_network(), lstm_network()
    trained = fit_network(
        ours, batches(WEIGHTS), settings(metrics=("mae",)), validation=batches(WEIGHTS), epochs=2, seed=0, verbose=0
    )
    theirs.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    expected = theirs.fit(
        *(INPUTS, TARGETS),
        sample_weight=WEIGHTS,
        validation_data=(INPUTS, TARGETS, WEIGHTS),
        **{"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, "validation_batch_size": 8},
    )
    assert_same(ours.get_weights(), theirs.get_weights())
    assert_same_history(trained.history, expected.history)


@pytest.mark.parametrize("epochs", [1, LONG])
def test_the_path_is_known_before(epochs):
    """The path that is chosen before a fit is the one on which it trains, to the same bits."""
    asked, plain = lstm_network(), lstm_network()
    path = choose_path(asked, batches(), given := settings(), epochs=epochs)
    trained = fit_network(asked, batches(), given, epochs=epochs, seed=0)
    assert trained.path == path == ("graph" if epochs == 1 else "xla")
    fit_network(plain, batches(), settings(), epochs=epochs, seed=0)
    assert_equal(asked.get_weights(), plain.get_weights())


def test_the_optimizer_goes_on():
    """Two fits of an epoch, the second from the optimizer's state after the first, are one fit of two."""
    once, twice = lstm_network(), lstm_network()
    fit_network(once, batches(), settings(), epochs=2, seed=0, verbose=0)
    trained = fit_network(twice, batches(), settings(), seed=0, verbose=0)
    fit_network(twice, batches(), settings(), seed=0, verbose=0, optimizer_state=trained.optimizer_state)
    assert_same(once.get_weights(), twice.get_weights(), atol=1e-6)


class Stops(keras.callbacks.Callback):
    """A callback that notes what it sees, and stops after two epochs."""

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


def keras_only():
    """A network that only Keras' own fit can train."""
    plain = small_network()
    model = OwnStep(plain.inputs, plain.outputs)
    model.compile("adam", "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize("build", [small_network, keras_only], ids=["program", "Keras"])
def test_callbacks_see_and_stop(build):
    """A callback sees the training, its epochs and its batches, and stops it, by a program and by Keras' own fit."""
    callback = Stops()
    trained = fit_network(
        build(), batches(), settings(), validation=batches(), epochs=9, callbacks=[callback], seed=0, verbose=0
    )
    one = [0, 1, 2]
    assert callback.seen == ["train", *one, (0, ["loss", "val_loss"]), *one, (1, ["loss", "val_loss"])]
    assert len(trained.history["val_loss"]) == 2


def test_a_compiled_network_keeps_its_own_settings():
    """A network that comes compiled is trained with what it was compiled with."""
    model = small_network()
    model.compile(keras.optimizers.SGD(0.0), "mae")
    before = model.get_weights()
    fit_network(model, batches(), settings(), seed=0, verbose=0)
    assert_equal(model.get_weights(), before)


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
def test_settings_without_a_configuration(own):
    """Losses and learning rates that Keras cannot write down are trained with all the same."""
    ours, theirs = small_network(), small_network()
    fit_network(ours, batches(), own(), seed=0, epochs=2, verbose=0)
    own().compile(theirs)
    theirs.run_eagerly = True
    theirs.fit(INPUTS, TARGETS, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert_same(ours.get_weights(), theirs.get_weights())


# --- which fits share a program -------------------------------------------------------------------


def fitted(optimizer="adam", model=None, **params):
    """Weights after a fit, and the history."""
    model = model or small_network()
    trained = fit_network(model, batches(), settings(optimizer), seed=0, **params)
    return model.get_weights(), trained.history


def test_fits_of_the_same_layers_share_a_program(monkeypatch):
    """The second fit of the same layers and settings compiles nothing, whatever the layers are called."""
    clear_programs()
    compiled = count_programs(monkeypatch)
    for optimizer, n_programs in (("adam", 1), ("adam", 1), ("sgd", 2)):
        fitted(optimizer)
        assert len(compiled) == n_programs


def test_an_own_loss_is_not_shared(monkeypatch):
    """A function that Keras does not know might mean anything the next time: each fit compiles its own program."""
    compiled = count_programs(monkeypatch)
    for n_programs in (1, 2):
        own = Settings(keras.optimizers.Adam(), lambda y_true, y_pred: keras.ops.abs(y_true - y_pred))
        fit_network(small_network(), batches(), own, seed=0, verbose=0)
        assert len(compiled) == n_programs


def test_other_settings_are_not_shared(monkeypatch):
    """Huber losses of another delta, and schedules of another pace, have programs and results of their own."""
    clear_programs()
    schedule = keras.optimizers.schedules.ExponentialDecay
    different = [
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.5)), keras.losses.Huber(0.1)),
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.5)), keras.losses.Huber(0.2)),
        Settings(keras.optimizers.SGD(schedule(0.1, 1, 0.9)), keras.losses.Huber(0.2)),
    ]
    compiled, kernels = count_programs(monkeypatch), []
    for k, one in enumerate(different, start=1):
        model = small_network()
        fit_network(model, batches(), one, seed=0)
        kernels.append(model.get_weights()[0])
        assert len(compiled) == k
    assert all((kernels[k] != kernels[k - 1]).any() for k in range(3))


# --- what a shared program must not remember ------------------------------------------------------


def test_a_shared_program_remembers_nothing():
    """The same fit gives the same bits, dropout included, after any other fit."""
    fits = []
    for seed in (0, 1, 0):
        model = lstm_network(dropout=0.3)
        trained = fit_network(model, batches(), settings(), seed=seed, epochs=2, verbose=0)
        fits.append((model.get_weights(), trained))
    assert_equal(fits[0][0], fits[2][0])
    assert fits[0][1].history == fits[2][1].history != fits[1][1].history


@pytest.mark.parametrize("params", [{}, {"epochs": LONG, "callbacks": [StopAfter(1)]}], ids=["graph", "xla"])
def test_a_shared_program_takes_another_learning_rate(params, monkeypatch):
    """Fits that differ by their learning rate share a program, and each has its own."""
    clear_programs()
    compiled = count_programs(monkeypatch)
    (slow, _), (stood, _), (fast, _) = (fitted(keras.optimizers.SGD(rate), **params) for rate in (0.01, 0.0, 0.02))
    assert [bool(options.get("jit_compile")) for options in compiled] == [bool(params)]
    assert_equal(stood, small_network().get_weights())
    clear_programs()
    alone, _ = fitted(keras.optimizers.SGD(0.02), **params)
    assert_equal(fast, alone)
    assert all((one != other).any() for one, other in zip(fast, slow, strict=True))


def test_a_program_begins_with_a_fresh_optimizer():
    """A program that was made for a network trained before starts the next network as a fresh optimizer does."""
    clear_programs()
    expected, _ = fitted()
    clear_programs()
    trained_before = small_network()
    settings().compile(trained_before)
    trained_before.run_eagerly = True
    trained_before.fit(INPUTS, TARGETS, verbose=0)
    trained_before.run_eagerly = False
    fitted(model=trained_before)
    assert_equal(fitted()[0], expected)


@pytest.mark.parametrize("change", ["compile", "freeze"])
def test_a_program_outlives_changes_of_its_network(change):
    """Later changes of the network that a program was made for do not change the program, its validation included."""
    clear_programs()
    expected, history = fitted(validation=batches())
    clear_programs()
    first = small_network()
    fitted(model=first)
    if change == "compile":
        first.compile("sgd", "mae")
    else:
        first.layers[-1].trainable = False
    weights, same_history = fitted(validation=batches())
    assert_equal(weights, expected)
    assert same_history == history


def test_a_shared_program_takes_no_more_room(monkeypatch):
    """A call holds as many batches as the memory of its own fit allows, whichever fit the program was made for."""
    clear_programs()
    compiled, last_batches = count_programs(monkeypatch), count_calls(monkeypatch)
    for size, expected in ((2, [9]), (30_000, [0, 1, 2])):
        n_samples = 20 if size == 2 else 3 * size
        inputs, targets = np.resize(INPUTS, (n_samples, 5, 2)), np.resize(TARGETS, (n_samples, 1))
        loader = SampleBatches(inputs.__getitem__, [targets], np.arange(n_samples), size)
        fit_network(small_network(), loader, settings(), seed=0, callbacks=[keras.callbacks.TerminateOnNaN()])
        assert last_batches == expected
        last_batches.clear()
    assert len(compiled) == 1


# --- Keras' own fit -------------------------------------------------------------------------------


def test_keras_own_fit_goes_on():
    """By Keras' own fit, too, two fits of an epoch are one of two, where the optimizer's state is handed on."""
    once, twice = keras_only(), keras_only()
    assert fit_network(once, batches(), None, epochs=2, seed=0, verbose=0).path == "keras"
    trained = fit_network(twice, batches(), None, seed=0, verbose=0)
    twice.optimizer = keras.optimizers.Adam()
    fit_network(twice, batches(), None, seed=0, verbose=0, optimizer_state=trained.optimizer_state)
    assert_same(once.get_weights(), twice.get_weights(), atol=1e-6)


def test_keras_own_fit_interrupted():
    """After an interrupt of Keras' own fit the history holds whole epochs only."""

    def interrupt(epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    trained = fit_network(keras_only(), batches(), None, epochs=5, callbacks=[callback], seed=0, verbose=0)
    assert trained.interrupted
    assert len(trained.history["loss"]) == 1


def test_parameters_of_keras_fit():
    """A parameter that only Keras' fit has sends the fit to Keras."""
    model = small_network()
    settings().compile(model)
    model.run_eagerly = True
    trained = fit_network(model, batches(), None, seed=0, epochs=3, initial_epoch=1, verbose=0)
    assert (trained.path, len(trained.history["loss"])) == ("keras", 2)
    assert not trained.interrupted
