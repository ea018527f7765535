"""The loop over epochs and its callbacks, against Keras' own fit of the same compiled network."""

import csv
import zipfile
from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.training import SampleBatches, Settings, _paths, fit_network
from sklstm.training._epoch_loop import calls, looks_at_batches
from sklstm.training._epoch_program import Form

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(19, 3, 2)).astype(np.float32), RNG.normal(size=(19, 1)).astype(np.float32)
BATCH_SIZE, N_BATCHES = 8, 3


def compiled(learning_rate=0.05):
    """A network, each time with the same weights."""
    inputs = keras.Input((None, 2))
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2, use_cudnn=False)(inputs)))
    network.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in network.get_weights()])
    Settings(keras.optimizers.SGD(learning_rate, momentum=0.5), "mse").compile(network)
    return network


def batches(n_samples=19, targets=TARGETS, batch_size=BATCH_SIZE):
    return SampleBatches(lambda samples: INPUTS[samples], [targets], np.arange(n_samples), batch_size)


def ours(*callbacks, network=None, epochs=3, **params):
    """A network, and how it was trained."""
    network = network or compiled()
    trained = fit_network(network, batches(), None, seed=0, epochs=epochs, callbacks=list(callbacks), **params)
    return network, trained


def by_keras(*callbacks, network=None, epochs=3, n_samples=19, **params):
    """A network, and the history of Keras' own fit."""
    network = network or compiled()
    # Tracing takes longer than a few epochs of so little.
    network.run_eagerly = True
    fit_params = {"batch_size": BATCH_SIZE, "shuffle": False, "verbose": 0, "epochs": epochs, **params}
    history = network.fit(INPUTS[:n_samples], TARGETS[:n_samples], callbacks=list(callbacks), **fit_params)
    return network, history.history


def assert_same(weights, expected):
    for one, other in zip(weights, expected, strict=True):
        assert_allclose(one, other, atol=1e-5, rtol=0)


def assert_same_fit(one, other):
    """Networks and histories of ours and of Keras' fit."""
    (network, trained), (expected_network, expected) = one, other
    assert_same(network.get_weights(), expected_network.get_weights())
    assert trained.history.keys() == expected.keys()
    for name, values in trained.history.items():
        assert_allclose(values, expected[name], rtol=1e-4)


@pytest.fixture
def by_xla(monkeypatch):
    """Whatever is trained is long enough for XLA; three batches take two calls."""
    monkeypatch.setattr(_paths, "LONG", 0)
    monkeypatch.setattr(_paths, "MOST_BATCHES", 2)


# --- batches --------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_calls_bring_each_sample_once(n_samples, batch_size, room, form_room, filled):
    """Whatever the sizes, what counts in the calls of an epoch is every sample once, in order, in arrays of one shape.

    Without XLA's one shape a call has no more than counts.
    """
    room = min(room, form_room)
    form = Form("xla", _paths._one_size(batch_size, n_samples), room=form_room) if filled else Form(room=form_room)
    order = np.arange(n_samples)[:, None]
    loader = SampleBatches(lambda samples: -order[samples], [order], np.arange(n_samples), batch_size)
    counted, next_batch = [], 0
    for first, n_batches, (inputs, targets), n_last in calls(loader, form, room):
        assert first == next_batch
        assert n_batches <= room
        assert_array_equal(inputs, -targets)
        if filled:
            assert inputs.shape == (form_room, form.batch_size, 1)
        else:
            assert inputs.shape == (n_batches, n_last, 1)
        counted.extend(targets[: n_batches - 1].ravel())
        counted.extend(targets[n_batches - 1, :n_last].ravel())
        next_batch = first + n_batches
    assert next_batch == len(loader)
    assert_array_equal(counted, order[:, 0])


@pytest.mark.parametrize("n_samples", [1, 3])
def test_few_samples_by_xla(n_samples, by_xla):
    """Fewer samples than a batch, and one alone, are trained on as Keras does."""
    network = compiled()
    trained = fit_network(network, batches(n_samples), None, seed=0, epochs=2)
    assert trained.path == "xla"
    assert_same_fit((network, trained), by_keras(epochs=2, n_samples=n_samples))


# --- callbacks that look at batches ---------------------------------------------------------------


class Halves(keras.callbacks.Callback):
    """Notes batches and weights; halves weights and learning rate at the second batch."""

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
def test_batches_are_seen_and_changed_one_by_one(kind, by_xla):
    """A callback sees the weights at each batch, and what it changes there is what is trained on from there."""
    callback, expected = kind(), kind()
    assert_same_fit(ours(callback, epochs=2), by_keras(expected, epochs=2))
    assert callback.seen == expected.seen == [0, 1, 2] * 2
    assert_same(callback.weights, expected.weights)
    assert_allclose(callback.losses, expected.losses, rtol=1e-4)


class Keeps(keras.callbacks.TerminateOnNaN):
    """One of Keras' callbacks, extended."""

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)


@pytest.mark.parametrize(
    ("make", "looks"),
    [
        (keras.callbacks.Callback, False),
        (keras.callbacks.EarlyStopping, False),
        (keras.callbacks.TerminateOnNaN, False),
        (partial(keras.callbacks.CSVLogger, "log.csv"), False),
        (partial(keras.callbacks.ModelCheckpoint, "best.keras"), False),
        (partial(keras.callbacks.ModelCheckpoint, "best.keras", save_freq=5), True),
        (partial(keras.callbacks.BackupAndRestore, "backup"), False),
        (partial(keras.callbacks.BackupAndRestore, "backup", save_freq=5), True),
        (partial(keras.callbacks.LambdaCallback, on_epoch_end=print), False),
        (partial(keras.callbacks.LambdaCallback, on_train_batch_begin=print), True),
        (HalvesAtTheBegin, True),
        (Keeps, True),
    ],
)
def test_who_looks_at_batches(make, looks):
    """Callbacks that do something at each batch are told apart from those that look at epochs."""
    assert looks_at_batches(make()) == looks


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
        fit(CALLBACKS[name](), network=compiled(rate), epochs=6, **params)
        for fit, params in ((ours, {"validation": batches()}), (by_keras, {"validation_data": (INPUTS, TARGETS)}))
    ]
    assert_same_fit(*fits)
    history = fits[0][1].history
    if name.startswith("EarlyStopping"):
        assert len(history["loss"]) < 6
    else:
        assert len(set(history["learning_rate"])) > 2


def test_the_best_weights_come_back():
    """EarlyStopping puts back the weights after the best epoch."""
    after = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after.append(network.get_weights()))
    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    network = compiled(1.5)
    ours(watch, stop, network=network, epochs=9)
    assert len(after) == stop.best_epoch + 3
    for weights, best, last in zip(network.get_weights(), after[stop.best_epoch], after[-1], strict=True):
        assert_array_equal(weights, best)
        assert (weights != last).any()


def test_a_checkpoint_is_plain_keras(tmp_path, by_xla):
    """The best model that was saved loads by Keras alone, with the weights of its epoch, and goes on learning."""
    path, after = tmp_path / "best.keras", []
    checkpoint = keras.callbacks.ModelCheckpoint(path, "loss", save_best_only=True)
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after.append(network.get_weights()))
    network = compiled()
    _, trained = ours(checkpoint, watch, network=network)
    best = int(np.argmin(trained.history["loss"]))
    with zipfile.ZipFile(path) as saved:
        assert "sklstm" not in saved.read("config.json").decode()
    loaded = keras.models.load_model(path)
    for weights, expected in zip(loaded.get_weights(), after[best], strict=True):
        assert_array_equal(weights, expected)
    assert int(loaded.optimizer.iterations) == (best + 1) * N_BATCHES
    assert best == 2
    assert_same(by_keras(network=loaded, epochs=1)[0].get_weights(), by_keras(epochs=4)[0].get_weights())


def test_a_log_of_epochs(tmp_path):
    """CSVLogger writes a line for each epoch."""
    path = tmp_path / "log.csv"
    _, trained = ours(keras.callbacks.CSVLogger(path), validation=batches())
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    for name in ("loss", "val_loss"):
        assert_allclose([float(row[name]) for row in rows], trained.history[name])


def test_nan_ends_it():
    """TerminateOnNaN stops in the first epoch."""
    targets = np.where(np.arange(19)[:, None] == 2, np.nan, TARGETS)
    stop = keras.callbacks.TerminateOnNaN()
    trained = fit_network(compiled(), batches(targets=targets), None, seed=0, epochs=4, callbacks=[stop])
    assert np.isnan(trained.history["loss"]).tolist() == [True]


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
    """Notes all that an epoch leaves in the network, and changes it once."""

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


@pytest.mark.parametrize("long", [True, False])
def test_a_callback_of_ones_own(long, request):
    """It finds weights and optimizer after each epoch in the network, and what it changes is trained on from there."""
    if long:
        request.getfixturevalue("by_xla")
    callback, expected = Epochs(), Epochs()
    network, trained = ours(callback)
    assert trained.path == ("xla" if long else "graph")
    assert_same_fit((network, trained), by_keras(expected))
    assert callback.begun == [0, 1, 2]
    assert callback.steps == [3, 6, 9]
    assert callback.logs == trained.history["loss"]
    assert_same(callback.weights, expected.weights)


class EvaluatesAtZero(keras.callbacks.Callback):
    """Other weights while it is evaluated, as averages of weights are; notes what it is told at the end."""

    def on_test_begin(self, logs=None):
        self.kept = self.model.get_weights()
        self.model.set_weights([0 * weight for weight in self.kept])

    def on_test_end(self, logs=None):
        self.model.set_weights(self.kept)

    def on_train_end(self, logs=None):
        self.told = sorted(logs)


def test_evaluation_and_end_as_callbacks_know_them():
    """Weights changed before an evaluation are those evaluated, and the end comes with the logs of the last epoch."""
    callback, expected = EvaluatesAtZero(), EvaluatesAtZero()
    fits = ours(callback, validation=batches()), by_keras(expected, validation_data=(INPUTS, TARGETS))
    assert_same_fit(*fits)
    assert callback.told == expected.told == ["loss", "val_loss"]


# --- what is shown, and what is left --------------------------------------------------------------


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_progress_is_printed(verbose, capsys):
    """Keras' progress bar, or a line for each epoch, tells the loss."""
    ours(epochs=2, verbose=verbose)
    printed = capsys.readouterr().out
    assert "Epoch 2/2" in printed
    assert "loss: " in printed


def test_nothing_is_printed(capsys):
    """Unless asked for nothing is printed."""
    ours()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end"])
def test_interrupted(hook, by_xla):
    """Where the user interrupts, the history is of whole epochs, and the network has the weights of that moment."""
    after = []

    def interrupt(number, logs=None):
        after.append(network.get_weights())
        if len(after) == (2 if hook == "on_epoch_end" else N_BATCHES + 2):
            raise KeyboardInterrupt

    network = compiled()
    _, trained = ours(keras.callbacks.LambdaCallback(**{hook: interrupt}), network=network, epochs=5)
    assert trained.interrupted
    assert len(trained.history["loss"]) == 1
    for weights, expected in zip(network.get_weights(), after[-1], strict=True):
        assert_array_equal(weights, expected)
    assert_same(trained.optimizer_state[2:], [variable.numpy() for variable in network.optimizer.variables[2:]])


def test_without_callbacks_the_network_is_as_with_them():
    """Nobody looking on changes nothing: the same weights, history and optimizer."""
    (alone, trained), (watched, seen) = ours(), ours(keras.callbacks.Callback())
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        assert_array_equal(one, other)
    assert trained.history == seen.history
    for one, other in zip(trained.optimizer_state, seen.optimizer_state, strict=True):
        assert_array_equal(one, other)
