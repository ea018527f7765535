"""Which way a fit is computed: told by training_path_, the same bits each time, and open to any callback."""

import copy

import keras
import numpy as np
import pytest
from builders import TARGETS, WINDOWS, compiled, compiling, is_same, perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklstm import KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor
from sklstm.training import clear_programs
from sklstm.training._paths import LONG

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")
BATCH_SIZE = 4
N_BATCHES, N_TIMESTEPS = len(X) // BATCH_SIZE, X.shape[1]
# The first number of epochs that makes a fit long.
MANY = -(-LONG // (N_BATCHES * N_TIMESTEPS))


def lstm(**params):
    return LSTMRegressor(**({"units": 2, "batch_size": BATCH_SIZE, "epochs": 1, "random_state": 0} | params))


def regressor(model=perceptron, **params):
    return KerasRegressor(model, **({"batch_size": BATCH_SIZE, "random_state": 0} | params))


ESTIMATORS = {
    "LSTMRegressor": lstm(),
    "LSTMClassifier": LSTMClassifier(units=2, batch_size=BATCH_SIZE, random_state=0),
    "KerasRegressor": regressor(),
    "KerasRegressor, compile_kwargs": regressor(compiling),
    "KerasRegressor, compiled": regressor(compiled),
    "KerasClassifier": KerasClassifier(perceptron, batch_size=BATCH_SIZE, random_state=0),
}


def compiled_with_nadam(meta):
    """A network that is compiled with an optimizer whose updates only Keras knows."""
    model = perceptron(meta)
    model.compile("nadam", "mse")
    return model


class OwnStep(keras.Model):
    """A network with a training step of its own."""

    def train_step(self, data):
        return super().train_step(data)


def own_step(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return OwnStep(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))


# --- which way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_short_and_long_fits(name):
    """A short fit is computed by TensorFlow's graph, and from LONG on by XLA, whichever estimator it is of."""
    model = clone(ESTIMATORS[name])
    target = SIDES if name.endswith("Classifier") else y
    paths = [model.set_params(epochs=epochs).fit(X, target).training_path_ for epochs in (MANY - 1, MANY)]
    assert paths == ["graph", "xla"]


@pytest.mark.parametrize(
    "model",
    [
        lstm(tbptt=(2, 4)),
        lstm(stateful=True),
        lstm(optimizer="nadam"),
        regressor(optimizer="nadam"),
        regressor(compiled_with_nadam),
        regressor(own_step),
        regressor(fit__steps_per_epoch=2),
        KerasClassifier(perceptron, optimizer="nadam", batch_size=BATCH_SIZE),
    ],
)
def test_what_only_keras_fit_can_train(model):
    """Truncated or carried state, other optimizers, own training steps and options of Keras' fit go to Keras' fit."""
    target = SIDES if isinstance(model, KerasClassifier) else y
    assert model.fit(X, target).training_path_ == "keras"


def test_partial_fit_has_a_path_of_its_own():
    """training_path_ is that of the last training, whatever the one before it was."""
    model = lstm(epochs=MANY).fit(X, y)
    assert model.training_path_ == "xla"
    assert model.partial_fit(X, y).training_path_ == "graph"


class Fails(keras.callbacks.Callback):
    """A callback that fails in the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise RuntimeError("The disk is full.")


@pytest.mark.parametrize(
    ("params", "target", "error", "message"),
    [
        ({"callbacks": Fails}, y, RuntimeError, "The disk is full."),
        ({"callbacks": Fails, "optimizer": "nadam"}, y, RuntimeError, "The disk is full."),
        (
            {},
            y[:-1],
            ValueError,
            "LSTMRegressor got X with 40 samples (shape (40, 5, 2) is n_samples, n_timesteps, n_features) and y with "
            "39. Both need the same number of rows.",
        ),
    ],
    ids=["within a long fit", "within Keras' fit", "before any training"],
)
def test_a_failed_fit_changes_nothing(params, target, error, message):
    """After a fit that fails all is as after the fit before it; after a first one that fails nothing is fitted."""
    model = lstm().fit(X, y)
    fitted, predicted = vars(model).copy(), model.predict(X)
    model.set_params(epochs=MANY, **params)
    assert refused(model.fit, X, target, error=error) == message
    assert vars(model) == fitted | {"epochs": MANY} | params
    assert model.training_path_ == "graph"
    assert model.n_iter_ == 1
    assert_array_equal(model.predict(X), predicted)
    first = lstm(epochs=MANY, **params)
    assert refused(first.fit, X, target, error=error) == message
    assert vars(first) == vars(lstm(epochs=MANY, **params))


def test_a_failed_epoch_more_changes_nothing():
    """Where warnings are errors, a partial_fit that diverges leaves history and weights as they were, too."""
    model = lstm(optimizer="sgd").fit(X, y)
    history, predicted = copy.deepcopy(model.history_), model.predict(X)
    assert refused(model.set_params(learning_rate=1e38).partial_fit, X, y, error=ConvergenceWarning) == snapshot(
        "LSTMRegressor did not converge: its loss became NaN or infinite. Lower the optimizer's learning rate, or "
        "scale X."
    )
    assert_array_equal(model.predict(X), predicted)
    assert model.history_ == history


# --- the same bits --------------------------------------------------------------------------------


@pytest.fixture
def small_shares(monkeypatch):
    """Any work is much, and two samples are a share, on a machine of two cores."""
    monkeypatch.setattr("sklstm.training._paths.MUCH_WORK", 0)
    monkeypatch.setattr("sklstm.training._paths.SMALLEST_SHARE", 2)
    monkeypatch.setattr("sklstm.training._paths.joblib.cpu_count", lambda: 2)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("graph", {"epochs": 2}),
        ("xla", {"epochs": 2 * MANY}),
        ("xla-shards", {"epochs": 2 * MANY}),
    ],
)
def test_same_seed_same_bits(path, params, request):
    """On each path the same seed gives the same bits, after other fits, and after all programs are forgotten."""
    if path == "xla-shards":
        request.getfixturevalue("small_shares")
    model = lstm(dropout=0.3, validation_fraction=0.2, **params).fit(X, y)
    assert model.training_path_ == path
    other = clone(model).set_params(random_state=1).fit(X, -y)
    assert not np.array_equal(other.predict(X), model.predict(X))
    for forget in (lambda: None, clear_programs):
        forget()
        again = clone(model).fit(X, y)
        assert again.history_ == model.history_
        assert_array_equal(again.predict(X), model.predict(X))


# --- callbacks ------------------------------------------------------------------------------------


class Seen(keras.callbacks.Callback):
    """A callback of one's own that keeps outside of itself what it was told after each epoch."""

    epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((logs["loss"], float(self.model.optimizer.learning_rate)))


class SeenBatches(keras.callbacks.Callback):
    """The same after each batch."""

    batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append((batch, logs["loss"]))


class Stops(keras.callbacks.Callback):
    """A callback that ends the training after so many epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.n_epochs - 1


def long_fit(*callbacks, model=lstm, **params):
    """A fit that is planned to be long; its callbacks may stop it."""
    Seen.epochs.clear()
    SeenBatches.batches.clear()
    fitted = model(**{"epochs": MANY} | params, callbacks=[*callbacks, Seen]).fit(X, y)
    assert fitted.training_path_ == "xla"
    assert [loss for loss, _ in Seen.epochs] == fitted.history_["loss"]
    return fitted


def test_early_stopping():
    """Early stopping, by a callback or by patience, ends a long fit and brings its best weights back."""
    stopping = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    stopped = long_fit(stopping)
    assert stopped.n_iter_ == 3
    assert_array_equal(stopped.predict(X), long_fit(Stops(1)).predict(X))
    # Nothing is learned, so no epoch is better than the first.
    assert long_fit(learning_rate=1e-30, shuffle=False, patience=3).n_iter_ == 4


def test_learning_rate_scheduler():
    """A schedule sets the learning rate of each epoch of a long fit: at 0 nothing is learned any more."""
    model = long_fit(keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch < 2)))
    rates = pytest.approx([0.01] * 2 + [0.0] * (MANY - 2))
    assert [rate for _, rate in Seen.epochs] == model.history_["learning_rate"] == rates
    assert_array_equal(model.predict(X), long_fit(Stops(2), learning_rate=0.01).predict(X))


def test_logs_and_checkpoints(tmp_path):
    """CSVLogger writes the numbers of history_ after each epoch of a long fit, and ModelCheckpoint its weights."""
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    model = long_fit(log, saved, validation_fraction=0.1, validation_gap=0, epochs=2 * MANY)
    header, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert header == "epoch,loss,val_loss"
    columns = np.array([line.split(",") for line in lines], dtype=float).T
    assert_array_equal(columns, [np.arange(2 * MANY), model.history_["loss"], model.history_["val_loss"]])
    weights = model.model_.get_weights()
    model.model_.load_weights(tmp_path / f"{2 * MANY}.weights.h5")
    assert is_same(model.model_.get_weights(), weights)
    model.model_.load_weights(tmp_path / "1.weights.h5")
    assert not is_same(model.model_.get_weights(), weights)


def test_every_batch_is_seen():
    """A callback that looks at batches sees each batch of a long fit, with the loss so far, and changes no bit."""
    watched = long_fit(SeenBatches)
    assert [batch for batch, _ in SeenBatches.batches] == [*range(N_BATCHES)] * MANY
    assert [loss for batch, loss in SeenBatches.batches if batch == N_BATCHES - 1] == watched.history_["loss"]
    alone = lstm(epochs=MANY).fit(X, y)
    assert watched.history_ == alone.history_
    assert_array_equal(watched.predict(X), alone.predict(X))


def test_callbacks_of_any_network():
    """Callbacks of KerasRegressor see the epochs and batches of a long fit, too."""
    stopped = long_fit(SeenBatches, Stops(3), model=regressor)
    assert stopped.n_iter_ == 3
    assert [batch for batch, _ in SeenBatches.batches] == [*range(N_BATCHES)] * 3
