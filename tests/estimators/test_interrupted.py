"""KeyboardInterrupt during a fit: the estimator keeps what it has learned, in a pipeline too."""

import pickle

import keras
import numpy as np
import pytest
from builders import TARGETS, WINDOWS, compiled, perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor, TrainingPlan

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")
# Epochs of a short fit, on TensorFlow's graph, and of a long one, compiled by XLA.
FEW, MANY = 5, 12


class Interrupts(keras.callbacks.Callback):
    """Raise KeyboardInterrupt in one epoch, counted from 1."""

    def __init__(self, epoch=3, hook="on_epoch_end"):
        super().__init__()
        self.at = hook, epoch - 1

    def on_epoch_begin(self, epoch, logs=None):
        self._interrupt("on_epoch_begin", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._interrupt("on_epoch_end", epoch)

    def _interrupt(self, *at):
        if at == self.at:
            raise KeyboardInterrupt


class StopsAfter(keras.callbacks.Callback):
    """End the training after a number of epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.n_epochs - 1


class InterruptsInABatch(keras.callbacks.Callback):
    """Raise KeyboardInterrupt in the first batch."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def lstm(**params):
    return LSTMRegressor(**({"units": 2, "batch_size": 4, "epochs": MANY, "random_state": 0} | params))


def regressor(model=perceptron, **params):
    return KerasRegressor(model, **({"batch_size": 4, "epochs": MANY, "random_state": 0} | params))


INTERRUPTED = {
    "graph": lstm(epochs=FEW),
    "xla": lstm(),
    "xla, validation": lstm(epochs=2 * MANY, validation=0.2),
    "keras": lstm(epochs=FEW, optimizer="nadam"),
    "LSTMClassifier": LSTMClassifier(units=2, batch_size=4, epochs=MANY, random_state=0),
    "KerasRegressor": regressor(),
    "KerasRegressor, compiled": regressor(compiled),
    "KerasClassifier": KerasClassifier(perceptron, batch_size=4, epochs=MANY, random_state=0),
}


PATHS = {"graph": "graph", "keras": "keras"}


def interrupted(call, *args):
    """Message of the KeyboardInterrupt that a call raises."""
    return refused(call, *args, error=KeyboardInterrupt)


def test_message():
    """The message names the estimator and the epoch."""
    assert interrupted(lstm(epochs=FEW, callbacks=Interrupts()).fit, X, y) == snapshot(
        "LSTMRegressor was interrupted in epoch 3; it is fitted as far as it came."
    )


@pytest.mark.parametrize("name", INTERRUPTED)
def test_interrupted_in_the_third_epoch(name):
    """The estimator keeps the current weights and the history of the two complete epochs, and pickles."""
    model = clone(INTERRUPTED[name])
    target = SIDES if name.endswith("Classifier") else y
    model.set_params(callbacks=Interrupts())
    assert "in epoch 3" in interrupted(model.fit, X, target)
    assert model.n_iter_ == 2
    assert {len(values) for values in model.history_.values()} == {2}
    assert ("val_loss" in model.history_) == ("validation" in name)
    stopped = clone(model).set_params(callbacks=StopsAfter(3)).fit(X, target)
    assert stopped.n_iter_ == 3
    assert model.history_["loss"] == stopped.history_["loss"][:2]
    assert model.training_path_ == stopped.training_path_ == PATHS.get(name, "xla")
    outputs = "predict_proba" if name.endswith("Classifier") else "predict"
    predicted = getattr(model, outputs)(X)
    assert_array_equal(predicted, getattr(stopped, outputs)(X))
    assert_array_equal(getattr(pickle.loads(pickle.dumps(model)), outputs)(X), predicted)


def test_interrupted_at_the_begin_of_an_epoch():
    """Between two epochs the weights are those after the first of them."""
    model = lstm(callbacks=Interrupts(hook="on_epoch_begin"))
    assert "in epoch 3" in interrupted(model.fit, X, y)
    assert_array_equal(model.predict(X), lstm(callbacks=StopsAfter(2)).fit(X, y).predict(X))


@pytest.mark.parametrize("name", ["graph", "xla", "keras"])
def test_interrupted_in_the_first_epoch(name):
    """Before the end of the first epoch there is no history, but the estimator predicts."""
    model = clone(INTERRUPTED[name]).set_params(callbacks=InterruptsInABatch)
    assert "in epoch 1" in interrupted(model.fit, X, y)
    assert model.history_ == {}
    assert model.n_iter_ == 0
    assert model.training_path_ == name
    predicted = model.predict(X)
    assert np.isfinite(predicted).all()
    assert not np.array_equal(predicted, clone(model).initialize(X, y).predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
def test_interrupted_in_partial_fit(optimizer):
    """The history keeps the epochs before, and another call continues the training."""
    model = regressor(optimizer=optimizer).partial_fit(X, y)
    two = pickle.loads(pickle.dumps(model))
    model.set_params(callbacks=Interrupts(epoch=1))
    assert "in epoch 2" in interrupted(model.partial_fit, X, y)
    assert model.n_iter_ == 1
    assert_array_equal(model.predict(X), two.partial_fit(X, y).predict(X))
    assert model.set_params(callbacks=None).partial_fit(X, y).n_iter_ == 2


class SeesTheEnd(keras.callbacks.Callback):
    """Record the begin and the end of the training."""

    seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("begin")

    def on_train_end(self, logs=None):
        self.seen.append("end")


@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
def test_callbacks_see_the_end(optimizer):
    """on_train_end of callbacks is called on each path, so that EarlyStopping restores the best weights."""
    SeesTheEnd.seen.clear()
    stopping = keras.callbacks.EarlyStopping("loss", mode="max", patience=9, restore_best_weights=True)
    model = regressor(optimizer=optimizer, callbacks=[Interrupts(), stopping, SeesTheEnd])
    assert "in epoch 3" in interrupted(model.fit, X, y)
    assert SeesTheEnd.seen == ["begin", "end"]
    assert_allclose(model.predict(X), regressor(optimizer=optimizer, epochs=1).fit(X, y).predict(X), rtol=1e-5)


def test_training_continues_with_warm_start():
    """warm_start continues an interrupted fit with the state of its optimizer and its history."""
    in_order = TrainingPlan(shuffle=False)
    model = lstm(warm_start=True, training=in_order, callbacks=Interrupts())
    assert "in epoch 3" in interrupted(model.fit, X, y)
    model.set_params(callbacks=None, epochs=MANY - 3).fit(X, y)
    assert model.n_iter_ == MANY - 1
    whole = lstm(training=in_order).fit(X, y)
    assert_allclose(model.predict(X), whole.predict(X), rtol=1e-4, atol=1e-6)


def test_interrupted_while_state_is_carried():
    """An interrupted fit resets the carried state, as any fit does."""
    model = lstm(stateful=True, warm_start=True, epochs=FEW).fit(X, y)
    model.predict(X)
    assert f"in epoch {FEW + 3}" in interrupted(model.set_params(callbacks=Interrupts()).fit, X, y)
    predicted = model.predict(X)
    assert_array_equal(model.reset_states().predict(X), predicted)


def test_interrupted_in_a_pipeline(pipeline, airline):
    """Every step of an interrupted pipeline is fitted; the pipeline predicts, scores and pickles."""
    features, target = airline
    model = clone(pipeline).set_params(lstm__epochs=FEW, lstm__callbacks=Interrupts())
    assert "in epoch 3" in interrupted(model.fit, features, target)
    stopped = clone(pipeline).set_params(lstm__epochs=3).fit(features, target)
    predicted = model.predict(features)
    assert_array_equal(predicted, stopped.predict(features))
    assert model.score(features, target) == stopped.score(features, target)
    assert_array_equal(model[:-1].transform(features), stopped[:-1].transform(features))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(features), predicted)


def test_search_stops(pipeline, airline):
    """A search ends with the interrupted fit, whatever its error_score."""
    begun = []

    class Counts(Interrupts):
        def on_train_begin(self, logs=None):
            begun.append(1)

    model = clone(pipeline).set_params(lstm__callbacks=Counts(epoch=1))
    search = GridSearchCV(model, {"frame__n_steps": [6, 12]}, cv=TimeSeriesSplit(2), error_score=0)
    assert "in epoch 1" in interrupted(search.fit, *airline)
    assert len(begun) == 1
    assert not hasattr(search, "cv_results_")


def test_scikit_learn_callbacks_see_the_end():
    """scikit-learn's callbacks see the complete epochs and the end of the fit."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    monitor = callback.ScoringMonitor(scoring="r2")
    model = lstm(epochs=FEW, callbacks=Interrupts()).set_callbacks(monitor)
    assert "in epoch 3" in interrupted(model.fit, X, y)
    assert sorted(row["task_name"] for row in monitor.get_logs().data) == ["epoch", "epoch", "fit"]
    assert np.isfinite(model.predict(X)).all()
