import copy

import keras
import numpy as np
from inline_snapshot import snapshot
from refusal import refused
from sizes import UNITS
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklstm import LSTMRegressor

X = np.random.default_rng(0).normal(size=(30, 5, 1))
Y = X[:, -1, 0]


class Counts(keras.callbacks.Callback):
    """Counts the epochs that it sees."""

    n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1


def test_fitted_copies_can_be_asked():
    """The callback that was given stays as it is; `callbacks_` holds the copy that saw the training."""
    given = Counts()
    model = LSTMRegressor(UNITS, epochs=3, callbacks=[given], patience=5).fit(X, Y)
    counted, stopping = model.callbacks_
    assert (given.n_epochs, counted.n_epochs) == (0, 3)
    assert isinstance(stopping, keras.callbacks.EarlyStopping)


def test_copies_of_an_estimator_have_none():
    """A fitted callback holds a Keras model, so neither clones nor pickles take it along."""
    model = LSTMRegressor(UNITS, epochs=1, callbacks=[Counts()]).fit(X, Y)
    assert not hasattr(copy.deepcopy(model), "callbacks_")
    assert not hasattr(clone(model), "callbacks_")


def test_parameters_of_plain_values():
    """An option of a value that has none is refused, with the way to pass it."""
    pipeline = Pipeline([("lstm", LSTMRegressor())])
    assert refused(pipeline.set_params, lstm__optimizer__learning_rate=0.1) == snapshot(
        "LSTMRegressor: optimizer__learning_rate sets 'learning_rate' of optimizer, which is 'adam' and has no parameters to set. Pass learning_rate=... of the estimator."
    )
