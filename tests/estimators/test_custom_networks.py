"""Custom networks, activations, losses and optimizers in fit, clone and pickle."""

import pickle

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiled, perceptron, table_model
from numpy.testing import assert_array_equal
from sizes import EPOCHS, UNITS
from sklearn.base import clone

from sklstm import KerasClassifier, KerasRegressor, LSTMRegressor

X, y = TABLE, TARGETS[:, 0]


def small(model=perceptron, **params):
    return KerasRegressor(model, **({"epochs": EPOCHS, "random_state": 0} | params))


def halved(inputs):
    return inputs / 2


def custom_activation():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation=halved)])


def test_custom_activation():
    """A network with a custom activation function fits, clones and pickles, by its builder."""
    model = small(custom_activation, epochs=1).fit(X, y)
    assert_array_equal(clone(model).fit(X, y).predict(X), model.predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


class Subclassed(keras.Model):
    """Subclassed model that its first input builds."""

    def __init__(self, units=4):
        super().__init__()
        self.hidden = keras.layers.Dense(units)
        self.out = keras.layers.Dense(1)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


@pytest.mark.parametrize("builder", [Subclassed, lambda: Subclassed()], ids=["class", "function"])
def test_subclassed_model(builder):
    """A subclassed model fits, clones, predicts and continues with partial_fit."""
    model = small(builder, epochs=1).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (40,)
    assert_array_equal(clone(model).fit(X, y).predict(X), predicted)
    assert model.partial_fit(X, y).n_iter_ == 2
    if builder is Subclassed:
        assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
        assert small(Subclassed, model__units=5).initialize(X, y).model_.hidden.units == 5


def quadratic(target, output):
    return keras.ops.mean((target - output) ** 2)


def custom_loss():
    model = table_model()
    model.compile("sgd", quadratic)
    return model


def frozen():
    model = table_model()
    model.compile(keras.optimizers.SGD(0.0), "mae")
    return model


def test_partial_fit_of_a_compiled_network():
    """partial_fit keeps the optimizer and the loss that the builder compiled."""
    model = small(frozen).fit(X, y)
    predicted = model.predict(X)
    assert_array_equal(model.partial_fit(X, y).predict(X), predicted)
    assert_array_equal(pickle.loads(pickle.dumps(model)).partial_fit(X, y).predict(X), predicted)
    assert np.ptp(model.history_["loss"]) < 1e-5
    for builder in (compiled, custom_loss, frozen()):
        assert small(builder, epochs=1).fit(X, y).partial_fit(X, y).n_iter_ == 2


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        (small(optimizer="sgd", warm_start=True), {"optimizer__learning_rate": 1e-30}),
        (LSTMRegressor(UNITS, epochs=1, optimizer="sgd", warm_start=True, random_state=0), {"learning_rate": 1e-30}),
    ],
    ids=["any", "lstm"],
)
def test_warm_start_with_another_learning_rate(model, changed):
    """warm_start uses a learning rate that was changed after the first fit."""
    predicted = model.fit(WINDOWS, y).predict(WINDOWS)
    assert_array_equal(model.set_params(**changed).fit(WINDOWS, y).predict(WINDOWS), predicted)


def test_warm_start_with_another_optimizer():
    """warm_start with another optimizer continues from the weights, with a new optimizer state."""
    model = small(optimizer="sgd", warm_start=True).fit(X, y)
    assert model.set_params(optimizer="adam").fit(X, y).n_iter_ == 4


def test_parameters_of_losses_are_kept_apart():
    """Fits whose losses differ in a parameter that is not in Keras' config do not share a compiled program."""
    (usual,) = small(loss="huber", loss__delta=1.0, epochs=1).fit(X, y).history_["loss"]
    (smaller,) = small(loss="huber", loss__delta=0.1, epochs=1).fit(X, y).history_["loss"]
    assert smaller < usual / 2


class Weighted(keras.losses.Loss):
    """Custom loss with a parameter."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def call(self, target, output):
        return self.weight * keras.ops.mean((target - output) ** 2, axis=-1)


@pytest.mark.parametrize(
    ("model", "loss"),
    [(small(epochs=1), Weighted(3.0)), (LSTMRegressor(UNITS, epochs=1, random_state=0), keras.losses.Huber(0.1))],
    ids=["any-custom", "lstm-keras"],
)
def test_copies_keep_the_parameters_of_a_loss(model, loss):
    """Clones and pickles keep the parameters of a loss that Keras cannot copy."""
    model = clone(model).set_params(loss=loss).fit(WINDOWS, y)
    expected = model.history_
    for copied in (clone(model), pickle.loads(pickle.dumps(model))):
        assert copied.fit(WINDOWS, y).history_ == expected


def test_terminate_on_nan():
    """TerminateOnNaN ends the training after the batch that diverged, as in Keras' fit."""
    seen = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    stop = keras.callbacks.TerminateOnNaN()
    model = small(callbacks=[stop], epochs=9, batch_size=1, optimizer="sgd", optimizer__learning_rate=1e30)
    with pytest.warns(UserWarning, match="did not converge"):
        model.set_params(callbacks=[stop, count]).fit(X, y)
    assert model.n_iter_ == 1
    assert len(seen) < 40


def test_subclassed_classifier():
    """KerasClassifier takes a subclassed model."""

    class Sigmoid(Subclassed):
        def call(self, inputs):
            return keras.ops.sigmoid(super().call(inputs))

    assert set(KerasClassifier(Sigmoid, random_state=0).fit(X, y > 0).predict(X)) <= {False, True}
