"""Parameters that are passed to fit and predict of the estimators for any network, as with scikeras."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused

from sklstm import KerasClassifier, KerasRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
y = RNG.normal(size=40)


def linear(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return keras.Model(inputs, keras.layers.Dense(1)(inputs))


def small(**params):
    return KerasRegressor(linear, shuffle=False, random_state=0, **params)


def test_fit():
    """What is passed to fit holds for that call."""
    seen = []
    watcher = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    model = small().fit(X, y, epochs=3, batch_size=-1, callbacks=[watcher])
    assert model.n_iter_ == 3
    assert seen == [0, 1, 2]
    assert_allclose(model.predict(X), small(epochs=3, batch_size=40).fit(X, y).predict(X), rtol=1e-6)
    assert model.fit(X, y).n_iter_ == 1
    assert refused(model.fit, X, y, epoch=3) == snapshot(
        "No parameter 'fit__epoch': fit takes epochs, batch_size, verbose, callbacks, steps_per_epoch, validation_batch_size, validation_steps, validation_freq. Did you mean 'fit__epochs'?"
    )
    assert refused(model.fit, X, y, epochs=0) == snapshot(
        "The 'fit__epochs' parameter of KerasRegressor must be an int in the range [1, inf). Got 0 instead."
    )
    assert model.fit(X, y).n_iter_ == 1


def test_routed_to_fit():
    """Callbacks, and the size of batches of validation samples, may be routed to fit."""
    seen = []
    watcher = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    model = small(validation_split=0.2, fit__callbacks=[watcher], fit__validation_batch_size=3).fit(X, y)
    assert seen == [0]
    usual = small(validation_split=0.2).fit(X, y)
    assert model.history_["val_loss"] == pytest.approx(usual.history_["val_loss"], rel=1e-5)


def test_predict():
    """What is passed to predict holds for that call."""
    model = small().fit(X, y)
    assert_allclose(model.predict(X, batch_size=7), model.predict(X), rtol=1e-6)
    assert refused(model.predict, X, steps=3) == snapshot(
        "No parameter 'predict__steps': predict takes batch_size. Did you mean 'predict__batch_size'?"
    )
    classifier = KerasClassifier(sigmoid, random_state=0).fit(X, y > 0)
    assert_allclose(classifier.predict_proba(X, batch_size=7), classifier.predict_proba(X), rtol=1e-6)
    assert (classifier.predict(X, batch_size=7) == classifier.predict(X)).all()


def sigmoid(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(inputs))


def test_predictions_in_threads():
    """Threads may share an estimator, each with parameters of its own, and its own stay as they are."""
    model = small().fit(X, y)
    expected, before = model.predict(X), model.get_params()
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda size: model.predict(X, batch_size=size), [5, 7, 40, -1] * 10):
            assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert model.get_params() == before
