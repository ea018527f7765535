"""training_path_: how a fit is computed, with reproducible bits and with callbacks on each path."""

import copy

import keras
import numpy as np
import pytest
from builders import TARGETS, WINDOWS, compiling, is_same, perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklstm import KerasRegressor, LSTMRegressor, TrainingPlan
from sklstm.model_selection import TimeTail
from sklstm.training import clear_programs

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")
BATCH_SIZE = 4
N_BATCHES = len(X) // BATCH_SIZE
# Enough epochs of these samples for a long fit.
MANY = 12


def lstm(**params):
    return LSTMRegressor(**({"units": UNITS, "batch_size": BATCH_SIZE, "epochs": 1, "random_state": 0} | params))


def regressor(model=perceptron, **params):
    return KerasRegressor(model, **({"batch_size": BATCH_SIZE, "random_state": 0} | params))


def compiled_with_nadam(meta):
    """Network compiled with an optimizer that only Keras' own fit can apply."""
    model = perceptron(meta)
    model.compile("nadam", "mse")
    return model


class CustomStep(keras.Model):
    """Network with a custom training step."""

    def train_step(self, data):
        return super().train_step(data)


def custom_step(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return CustomStep(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))


# --- choice of the path ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", [lstm(), regressor(compiling)], ids=["built-in", "compile_kwargs"])
def test_short_and_long_fits(model):
    """TensorFlow's graph computes a short fit, and XLA a long one."""
    paths = [model.set_params(epochs=epochs).fit(X, y).training_path_ for epochs in (EPOCHS, MANY)]
    assert paths == ["graph", "xla"]


@pytest.mark.parametrize(
    "model",
    [
        lstm(optimizer="nadam"),
        regressor(compiled_with_nadam),
        regressor(custom_step),
        regressor(fit__steps_per_epoch=2),
    ],
    ids=["optimizer", "compiled", "training step", "option of fit"],
)
def test_fits_by_keras(model):
    """Keras' own fit trains with other optimizers, custom training steps and its own options."""
    assert model.fit(X, y).training_path_ == "keras"


def test_path_of_partial_fit():
    """training_path_ is the path of the last training, whatever the path of the training before."""
    model = lstm(epochs=MANY).fit(X, y)
    assert model.training_path_ == "xla"
    assert model.partial_fit(X, y).training_path_ == "graph"


class Fails(keras.callbacks.Callback):
    """Raise an error in the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise RuntimeError("The disk is full.")


@pytest.mark.parametrize(
    ("params", "target", "error", "message"),
    [
        ({"callbacks": Fails}, y, RuntimeError, "The disk is full"),
        ({"callbacks": Fails, "optimizer": "nadam"}, y, RuntimeError, "The disk is full"),
        ({}, y[:-1], ValueError, "Both need the same number of rows"),
    ],
    ids=["within a long fit", "within Keras' fit", "before any training"],
)
def test_failed_fit_changes_nothing(params, target, error, message):
    """A fit that fails leaves the estimator as it was: fitted as before, or not fitted."""
    model = lstm().fit(X, y)
    fitted, predicted = vars(model).copy(), model.predict(X)
    model.set_params(epochs=MANY, **params)
    with pytest.raises(error, match=message):
        model.fit(X, target)
    assert vars(model) == fitted | {"epochs": MANY} | params
    assert model.training_path_ == "graph"
    assert model.n_iter_ == 1
    assert_array_equal(model.predict(X), predicted)
    first = lstm(epochs=MANY, **params)
    with pytest.raises(error, match=message):
        first.fit(X, target)
    assert vars(first) == vars(lstm(epochs=MANY, **params))


def test_failed_partial_fit_changes_nothing():
    """If warnings are errors, a partial_fit that diverges leaves history and weights as they were."""
    model = lstm(optimizer="sgd").fit(X, y)
    history, predicted = copy.deepcopy(model.history_), model.predict(X)
    assert refused(model.set_params(learning_rate=1e38).partial_fit, X, y, error=ConvergenceWarning) == snapshot(
        "LSTMRegressor did not converge: its loss became NaN or infinite. Lower the optimizer's learning rate, or "
        "scale X."
    )
    assert_array_equal(model.predict(X), predicted)
    assert model.history_ == history


# --- the same bits --------------------------------------------------------------------------------


# Batches of these are so much work for 32 units that several cores share it.
LARGE = np.random.default_rng(0).normal(size=(160, 40, 2))


@pytest.mark.parametrize(
    ("path", "inputs", "params"),
    [
        ("graph", X, {"epochs": EPOCHS}),
        ("xla", X, {"epochs": MANY}),
        ("xla-shards", LARGE, {"epochs": 4, "units": 32, "batch_size": 32}),
    ],
    ids=["graph", "xla", "xla-shards"],
)
def test_same_seed_same_bits(path, inputs, params, monkeypatch):
    """On each path one seed gives the same bits, also after another fit."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    target = inputs[:, -1, 0]
    model = lstm(dropout=0.3, **params).fit(inputs, target)
    assert model.training_path_ == path
    other = clone(model).set_params(random_state=1).fit(inputs, -target)
    assert not np.array_equal(other.predict(inputs), model.predict(inputs))
    again = clone(model).fit(inputs, target)
    assert again.history_ == model.history_
    assert_array_equal(again.predict(inputs), model.predict(inputs))


def test_same_bits_after_compiling_again():
    """A fit gives the same bits after the compiled programs are cleared."""
    model = lstm(epochs=MANY).fit(X, y)
    clear_programs()
    again = clone(model).fit(X, y)
    assert again.training_path_ == "xla"
    assert again.history_ == model.history_
    assert_array_equal(again.predict(X), model.predict(X))


# --- callbacks ------------------------------------------------------------------------------------


class Seen(keras.callbacks.Callback):
    """Record the loss and the learning rate after each epoch, in a list of the class."""

    epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((logs["loss"], float(self.model.optimizer.learning_rate)))


class SeenBatches(keras.callbacks.Callback):
    """Record the loss after each batch."""

    batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append((batch, logs["loss"]))


class Stops(keras.callbacks.Callback):
    """End the training after a number of epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.n_epochs - 1


def long_fit(*callbacks, model=lstm, **params):
    """Fit with enough epochs for XLA; callbacks may stop it early."""
    Seen.epochs.clear()
    SeenBatches.batches.clear()
    fitted = model(**{"epochs": MANY} | params, callbacks=[*callbacks, Seen]).fit(X, y)
    assert fitted.training_path_ == "xla"
    assert [loss for loss, _ in Seen.epochs] == fitted.history_["loss"]
    return fitted


def test_early_stopping():
    """EarlyStopping or patience ends a long fit and restores the best weights."""
    stopping = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    stopped = long_fit(stopping)
    assert stopped.n_iter_ == 3
    assert_array_equal(stopped.predict(X), long_fit(Stops(1)).predict(X))
    # With such a learning rate no epoch improves on the first.
    assert long_fit(learning_rate=1e-30, training=TrainingPlan(shuffle=False), patience=3).n_iter_ == 4


def test_learning_rate_scheduler():
    """LearningRateScheduler sets the learning rate of each epoch of a long fit; 0 stops learning."""
    model = long_fit(keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch < 2)))
    rates = pytest.approx([0.01] * 2 + [0.0] * (MANY - 2))
    assert [rate for _, rate in Seen.epochs] == model.history_["learning_rate"] == rates
    assert_array_equal(model.predict(X), long_fit(Stops(2), learning_rate=0.01).predict(X))


def test_logs_and_checkpoints(tmp_path):
    """In a long fit CSVLogger writes the values of history_, and ModelCheckpoint the weights of each epoch."""
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    model = long_fit(log, saved, validation=TimeTail(0.1, gap=0), epochs=2 * MANY)
    header, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert header == "epoch,loss,val_loss"
    columns = np.array([line.split(",") for line in lines], dtype=float).T
    assert_array_equal(columns, [np.arange(2 * MANY), model.history_["loss"], model.history_["val_loss"]])
    weights = model.model_.get_weights()
    model.model_.load_weights(tmp_path / f"{2 * MANY}.weights.h5")
    assert is_same(model.model_.get_weights(), weights)
    model.model_.load_weights(tmp_path / "1.weights.h5")
    assert not is_same(model.model_.get_weights(), weights)


def test_batch_hooks():
    """A callback with batch hooks sees each batch of a long fit with the mean loss so far, and changes no bit."""
    watched = long_fit(SeenBatches)
    assert [batch for batch, _ in SeenBatches.batches] == [*range(N_BATCHES)] * MANY
    assert [loss for batch, loss in SeenBatches.batches if batch == N_BATCHES - 1] == watched.history_["loss"]
    alone = lstm(epochs=MANY).fit(X, y)
    assert watched.history_ == alone.history_
    assert_array_equal(watched.predict(X), alone.predict(X))


def test_callbacks_of_keras_regressor():
    """Callbacks of KerasRegressor see the epochs and batches of a long fit."""
    stopped = long_fit(SeenBatches, Stops(3), model=regressor)
    assert stopped.n_iter_ == 3
    assert [batch for batch, _ in SeenBatches.batches] == [*range(N_BATCHES)] * 3
