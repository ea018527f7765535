"""The loop over epochs and its callbacks, against Keras' own fit of the same compiled network."""

import zipfile
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from training_examples import LONG, StopAfter, assert_same, assert_same_history, count_calls, lstm_network

from sklstm.training import SampleBatches, Settings, fit_network

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(19, 3, 2)).astype(np.float32), RNG.normal(size=(19, 1)).astype(np.float32)
BATCH_SIZE, N_BATCHES = 8, 3


def compiled(learning_rate=0.05):
    """A compiled network, with the same weights each time."""
    network = lstm_network()
    Settings(keras.optimizers.SGD(learning_rate, momentum=0.5), "mse").compile(network)
    return network


def batches(n_samples=19):
    return SampleBatches(lambda samples: INPUTS[samples], [TARGETS], np.arange(n_samples), BATCH_SIZE)


def ours(*callbacks, network=None, epochs=3, xla=False, n_samples=19, **params):
    """A network, and how it was trained; with `xla`, on the path of long fits."""
    network = network or compiled()
    callbacks = [*callbacks, StopAfter(epochs)] if xla else list(callbacks)
    params = {"epochs": LONG if xla else epochs, "callbacks": callbacks, **params}
    trained = fit_network(network, batches(n_samples), None, seed=0, **params)
    assert trained.path == ("xla" if xla else "graph")
    return network, trained


def by_keras(*callbacks, network=None, epochs=3, n_samples=19, **params):
    """A network, and the history of Keras' own fit."""
    network = network or compiled()
    # Tracing takes longer than a few epochs of so little.
    network.run_eagerly = True
    fit_params = {"batch_size": BATCH_SIZE, "shuffle": False, "verbose": 0, "epochs": epochs, **params}
    history = network.fit(INPUTS[:n_samples], TARGETS[:n_samples], callbacks=list(callbacks), **fit_params)
    return network, history.history


def assert_same_fit(one, other):
    """Compare networks and histories of `ours` and `by_keras`."""
    (network, trained), (expected_network, expected) = one, other
    assert_same(network.get_weights(), expected_network.get_weights())
    assert_same_history(trained.history, expected)


def test_few_samples_by_xla():
    """Fewer samples than a batch are trained on as Keras does."""
    assert_same_fit(ours(epochs=2, xla=True, n_samples=3), by_keras(epochs=2, n_samples=3))


# --- callbacks that look at batches ---------------------------------------------------------------


class Halves(keras.callbacks.Callback):
    """Note batches and weights; halve weights and learning rate at the second batch."""

    def __init__(self):
        super().__init__()
        self.seen, self.weights, self.losses = [], [], []

    def note(self, batch, logs=None):
        self.seen.append(batch)
        self.weights.extend(self.model.get_weights())
        self.losses.append((logs or {}).get("loss", 0.0))
        if batch == 1:
            self.model.set_weights([weight / 2 for weight in self.model.get_weights()])
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / 2


class HalvesAtTheEnd(Halves):
    """After a batch."""

    def on_train_batch_end(self, batch, logs=None):
        self.note(batch, logs)


class HalvesAtTheBegin(Halves):
    """Before a batch."""

    def on_train_batch_begin(self, batch, logs=None):
        self.note(batch, logs)


@pytest.mark.parametrize("kind", [HalvesAtTheBegin, HalvesAtTheEnd])
def test_batches_are_seen_and_changed_one_by_one(kind):
    """A callback sees the weights at each batch, and training goes on from what it changes there."""
    callback, expected = kind(), kind()
    assert_same_fit(ours(callback, epochs=2, xla=True), by_keras(expected, epochs=2))
    assert callback.seen == expected.seen == [0, 1, 2] * 2
    assert_same(callback.weights, expected.weights)
    assert_allclose(callback.losses, expected.losses, rtol=1e-4)


class Extended(keras.callbacks.EarlyStopping):
    """One of Keras' callbacks, with a hook at batches."""

    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("make", "looks"),
    [
        (keras.callbacks.Callback, False),
        (partial(keras.callbacks.EarlyStopping, "loss"), False),
        (partial(keras.callbacks.CSVLogger, "log.csv"), False),
        (partial(keras.callbacks.ModelCheckpoint, "best.keras"), False),
        (partial(keras.callbacks.ModelCheckpoint, "best.keras", save_freq=5), True),
        (partial(keras.callbacks.BackupAndRestore, "backup"), False),
        (partial(keras.callbacks.BackupAndRestore, "backup", save_freq=5), True),
        (partial(keras.callbacks.LambdaCallback, on_epoch_end=lambda epoch, logs: None), False),
        (partial(keras.callbacks.LambdaCallback, on_train_batch_begin=lambda batch, logs: None), True),
        (HalvesAtTheBegin, True),
        (partial(Extended, "loss"), True),
    ],
)
def test_callbacks_that_look_at_batches(make, looks, tmp_path, monkeypatch):
    """All full batches of an epoch come in one call, unless a callback does something at each batch."""
    monkeypatch.chdir(tmp_path)
    last_batches = count_calls(monkeypatch)
    ours(make(), keras.callbacks.TerminateOnNaN(), epochs=1)
    assert last_batches == ([0, 1, 2] if looks else [1, 2])


# --- Keras' own callbacks -------------------------------------------------------------------------

CALLBACKS = {
    "EarlyStopping": lambda: keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10),
    "ReduceLROnPlateau": lambda: keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=10, min_lr=0),
    "LearningRateScheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / (1 + epoch)),
    "EarlyStopping, best": lambda: keras.callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks_do_what_they_do_in_keras(name):
    """They stop, restore weights and change the learning rate as in Keras' own fit, and add what they add to logs."""
    # So high a learning rate makes later epochs worse.
    rate = 1.5 if "best" in name else 0.05
    fits = [
        fit(CALLBACKS[name](), network=compiled(rate), epochs=4, **params)
        for fit, params in ((ours, {"validation": batches()}), (by_keras, {"validation_data": (INPUTS, TARGETS)}))
    ]
    assert_same_fit(*fits)
    history = fits[0][1].history
    if name.startswith("EarlyStopping"):
        assert len(history["loss"]) < 4
    else:
        assert len(set(history["learning_rate"])) > 2


def test_a_checkpoint_is_plain_keras(tmp_path):
    """The best model that was saved loads by Keras alone, with the weights of its epoch, and goes on learning."""
    path, after = tmp_path / "best.keras", []
    checkpoint = keras.callbacks.ModelCheckpoint(path, "loss", save_best_only=True)
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after.append(network.get_weights()))
    network = compiled()
    _, trained = ours(checkpoint, watch, network=network, xla=True)
    best = int(np.argmin(trained.history["loss"]))
    with zipfile.ZipFile(path) as saved:
        assert "sklstm" not in saved.read("config.json").decode()
    loaded = keras.models.load_model(path)
    for weights, expected in zip(loaded.get_weights(), after[best], strict=True):
        assert_array_equal(weights, expected)
    assert int(loaded.optimizer.iterations) == (best + 1) * N_BATCHES
    assert best == 2
    assert_same(by_keras(network=loaded, epochs=1)[0].get_weights(), by_keras(epochs=4)[0].get_weights())


def test_a_backup_goes_on_where_it_was(tmp_path):
    """BackupAndRestore takes up a fit that broke off, at the epoch where it did."""

    def fail(epoch, logs=None):
        if epoch == 2:
            raise OSError("power cut")

    def broken(fit, folder):
        backup = partial(keras.callbacks.BackupAndRestore, folder)
        with pytest.raises(OSError, match="power cut"):
            fit(backup(), keras.callbacks.LambdaCallback(on_epoch_begin=fail), epochs=4)
        return fit(backup(), epochs=4)

    assert_same_fit(broken(ours, tmp_path / "ours"), broken(by_keras, tmp_path / "keras"))


class Epochs(keras.callbacks.Callback):
    """Note the state of the network after each epoch, and change its weights once."""

    def __init__(self):
        super().__init__()
        self.begun, self.weights, self.steps, self.logs = [], [], [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.begun.append(epoch)
        if epoch == 1:
            self.model.set_weights([2 * weight for weight in self.model.get_weights()])

    def on_epoch_end(self, epoch, logs=None):
        self.weights.extend(self.model.get_weights())
        self.weights.extend(variable.numpy() for variable in self.model.optimizer.variables)
        self.steps.append(int(self.model.optimizer.iterations))
        self.logs.append(logs["loss"])


@pytest.mark.parametrize("xla", [True, False])
def test_an_own_callback(xla):
    """A callback finds weights and optimizer in the network after each epoch, and training goes on from its changes."""
    callback, expected = Epochs(), Epochs()
    network, trained = ours(callback, xla=xla)
    assert_same_fit((network, trained), by_keras(expected))
    assert callback.begun == [0, 1, 2]
    assert callback.steps == [3, 6, 9]
    assert callback.logs == trained.history["loss"]
    assert_same(callback.weights, expected.weights)


class EvaluatesAtZero(keras.callbacks.Callback):
    """Evaluate other weights than those that are trained, as averages of weights are; note the last logs."""

    def on_test_begin(self, logs=None):
        self.kept = self.model.get_weights()
        self.model.set_weights([0 * weight for weight in self.kept])

    def on_test_end(self, logs=None):
        self.model.set_weights(self.kept)

    def on_train_end(self, logs=None):
        self.last = sorted(logs)


def test_evaluation_and_end_as_callbacks_know_them():
    """Weights changed before an evaluation are those evaluated, and the end comes with the logs of the last epoch."""
    callback, expected = EvaluatesAtZero(), EvaluatesAtZero()
    fits = ours(callback, validation=batches()), by_keras(expected, validation_data=(INPUTS, TARGETS))
    assert_same_fit(*fits)
    assert callback.last == expected.last == ["loss", "val_loss"]


# --- what is printed, and what is left ------------------------------------------------------------


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_progress_is_printed(verbose, capsys):
    """Keras' progress bar, or a line for each epoch, shows the loss."""
    ours(epochs=2, verbose=verbose)
    printed = capsys.readouterr().out
    assert "Epoch 2/2" in printed
    assert "loss: " in printed


def test_nothing_is_printed(capsys):
    """Without `verbose` nothing is printed."""
    ours()
    assert capsys.readouterr().out == ""


def test_without_callbacks_the_network_is_as_with_them():
    """A callback that does nothing changes neither weights nor history nor optimizer."""
    (alone, trained), (watched, seen) = ours(), ours(keras.callbacks.Callback())
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        assert_array_equal(one, other)
    assert trained.history == seen.history
    for one, other in zip(trained.optimizer_state, seen.optimizer_state, strict=True):
        assert_array_equal(one, other)
