"""A fit that the user interrupts: what was learned by then is kept, in a pipeline too."""

import pickle

import keras
import numpy as np
import pytest
from builders import TARGETS, WINDOWS, compiled, perceptron
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor
from sklstm.training._paths import LONG

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")
# Epochs of a short fit, and of a long one: 10 batches, 5 time steps.
FEW, MANY = 5, -(-LONG // 50)


class Interrupts(keras.callbacks.Callback):
    """A user who presses Ctrl+C in one epoch, which they count from 1."""

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
    """A callback that ends the training after so many epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.n_epochs - 1


class InterruptsInABatch(keras.callbacks.Callback):
    """A user who presses Ctrl+C in the first batch."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def lstm(**params):
    return LSTMRegressor(**({"units": 2, "batch_size": 4, "epochs": MANY, "random_state": 0} | params))


def regressor(model=perceptron, **params):
    return KerasRegressor(model, **({"batch_size": 4, "epochs": MANY, "random_state": 0} | params))


INTERRUPTED = {
    "graph": lstm(epochs=FEW),
    "xla": lstm(),
    "xla, watched": lstm(epochs=2 * MANY, validation_fraction=0.2),
    "keras": lstm(epochs=FEW, optimizer="nadam"),
    "LSTMClassifier": LSTMClassifier(units=2, batch_size=4, epochs=MANY, random_state=0),
    "KerasRegressor": regressor(),
    "KerasRegressor, compiled": regressor(compiled),
    "KerasClassifier": KerasClassifier(perceptron, batch_size=4, epochs=MANY, random_state=0),
}


def interrupted(call, *args):
    """The whole message of the KeyboardInterrupt that a call raises."""
    return refused(call, *args, error=KeyboardInterrupt)


def in_epoch(epoch, who="LSTMRegressor"):
    """What that message is."""
    return f"{who} was interrupted in epoch {epoch}; it is fitted as far as it came."


@pytest.mark.parametrize("name", INTERRUPTED)
def test_interrupted_in_the_third_epoch(name):
    """The estimator has the weights of that moment and the history of two whole epochs, and pickles."""
    model = clone(INTERRUPTED[name])
    target = SIDES if name.endswith("Classifier") else y
    model.set_params(callbacks=Interrupts())
    assert interrupted(model.fit, X, target) == in_epoch(3, type(model).__name__)
    assert model.n_iter_ == 2
    assert {len(values) for values in model.history_.values()} == {2}
    assert ("val_loss" in model.history_) == ("watched" in name)
    stopped = clone(model).set_params(callbacks=StopsAfter(3)).fit(X, target)
    assert stopped.n_iter_ == 3
    assert model.history_["loss"] == stopped.history_["loss"][:2]
    assert model.training_path_ == stopped.training_path_
    outputs = "predict_proba" if name.endswith("Classifier") else "predict"
    predicted = getattr(model, outputs)(X)
    assert_array_equal(predicted, getattr(stopped, outputs)(X))
    assert_array_equal(getattr(pickle.loads(pickle.dumps(model)), outputs)(X), predicted)


def test_interrupted_as_an_epoch_begins():
    """Between two epochs the weights are those after the last one."""
    model = lstm(callbacks=Interrupts(hook="on_epoch_begin"))
    assert interrupted(model.fit, X, y) == in_epoch(3)
    assert_array_equal(model.predict(X), lstm(callbacks=StopsAfter(2)).fit(X, y).predict(X))


@pytest.mark.parametrize("name", ["graph", "xla", "keras"])
def test_interrupted_in_the_first_epoch(name):
    """Without one whole epoch there is no history, and the estimator predicts all the same."""
    model = clone(INTERRUPTED[name]).set_params(callbacks=InterruptsInABatch)
    assert interrupted(model.fit, X, y) == in_epoch(1)
    assert model.history_ == {}
    assert model.n_iter_ == 0
    assert model.training_path_ == name
    predicted = model.predict(X)
    assert np.isfinite(predicted).all()
    assert not np.array_equal(predicted, clone(model).initialize(X, y).predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
def test_interrupted_in_partial_fit(optimizer):
    """The epochs before it stay in the history; with another call the training goes on."""
    model, two = (regressor(optimizer=optimizer).partial_fit(X, y) for _ in range(2))
    model.set_params(callbacks=Interrupts(epoch=1))
    assert interrupted(model.partial_fit, X, y) == in_epoch(2, "KerasRegressor")
    assert model.n_iter_ == 1
    assert_array_equal(model.predict(X), two.partial_fit(X, y).predict(X))
    assert model.set_params(callbacks=None).partial_fit(X, y).n_iter_ == 2


class SeesTheEnd(keras.callbacks.Callback):
    """A callback that has something to close."""

    seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("begin")

    def on_train_end(self, logs=None):
        self.seen.append("end")


@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
def test_callbacks_see_the_end(optimizer):
    """Callbacks are told that the training has ended, on each path: best weights come back, files are closed."""
    SeesTheEnd.seen.clear()
    stopping = keras.callbacks.EarlyStopping("loss", mode="max", patience=9, restore_best_weights=True)
    model = regressor(optimizer=optimizer, callbacks=[Interrupts(), stopping, SeesTheEnd])
    assert interrupted(model.fit, X, y) == in_epoch(3, "KerasRegressor")
    assert SeesTheEnd.seen == ["begin", "end"]
    assert_allclose(model.predict(X), regressor(optimizer=optimizer, epochs=1).fit(X, y).predict(X), rtol=1e-5)


def test_training_goes_on_with_warm_start():
    """A fit that was interrupted is taken up again, optimizer and all, and the history goes on."""
    model = lstm(warm_start=True, shuffle=False, callbacks=Interrupts())
    assert interrupted(model.fit, X, y) == in_epoch(3)
    model.set_params(callbacks=None, epochs=MANY - 3).fit(X, y)
    assert model.n_iter_ == MANY - 1
    whole = lstm(shuffle=False).fit(X, y)
    assert_allclose(model.predict(X), whole.predict(X), rtol=1e-4, atol=1e-6)


def test_interrupted_while_state_is_carried():
    """State that was carried before is forgotten, as after any fit."""
    model = lstm(stateful=True, warm_start=True, epochs=FEW).fit(X, y)
    model.predict(X)
    assert interrupted(model.set_params(callbacks=Interrupts()).fit, X, y) == (
        f"LSTMRegressor was interrupted in epoch {FEW + 3}; it is fitted as far as it came."
    )
    predicted = model.predict(X)
    assert_array_equal(model.reset_states().predict(X), predicted)


def test_interrupted_in_a_pipeline(pipeline, airline):
    """Each step of a stock pipeline is fitted, and the pipeline predicts, scores and pickles."""
    features, target = airline
    model = clone(pipeline).set_params(lstm__epochs=FEW, lstm__callbacks=Interrupts())
    assert interrupted(model.fit, features, target) == in_epoch(3)
    stopped = clone(pipeline).set_params(lstm__epochs=3).fit(features, target)
    predicted = model.predict(features)
    assert_array_equal(predicted, stopped.predict(features))
    assert model.score(features, target) == stopped.score(features, target)
    assert_array_equal(model[:-1].transform(features), stopped[:-1].transform(features))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(features), predicted)


def test_a_search_stops(pipeline, airline):
    """A search ends with the fit that is interrupted, whatever its error_score."""
    begun = []

    class Counts(Interrupts):
        def on_train_begin(self, logs=None):
            begun.append(1)

    model = clone(pipeline).set_params(lstm__callbacks=Counts(epoch=1))
    search = GridSearchCV(model, {"frame__n_steps": [6, 12]}, cv=TimeSeriesSplit(2), error_score=0)
    assert interrupted(search.fit, *airline) == in_epoch(1)
    assert len(begun) == 1
    assert not hasattr(search, "cv_results_")


def test_scikit_learn_callbacks_see_the_end():
    """scikit-learn's callbacks are told of the epochs that were whole, and of the end of the fit."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    monitor = callback.ScoringMonitor(scoring="r2")
    model = lstm(epochs=FEW, callbacks=Interrupts()).set_callbacks(monitor)
    assert interrupted(model.fit, X, y) == in_epoch(3)
    assert sorted(row["task_name"] for row in monitor.get_logs().data) == ["epoch", "epoch", "fit"]
    assert np.isfinite(model.predict(X)).all()
