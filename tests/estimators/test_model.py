"""model_: the Keras model of a fitted estimator, and what a user changes in it."""

import pickle

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import UNITS

from sklstm import KerasRegressor, LSTMAutoencoder, LSTMClassifier, LSTMRegressor
from sklstm.networks import vanilla

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3, 1))
y = X[:, -1, 0] + 3


def small(**params):
    return LSTMRegressor(UNITS, epochs=1, random_state=0, **params)


def compiled(meta):
    network = vanilla(meta, units=UNITS)
    network.compile(optimizer="sgd", loss=keras.losses.Huber(0.1))
    return network


@pytest.mark.parametrize(
    "model",
    [small(), LSTMClassifier(UNITS, epochs=1), KerasRegressor(compiled)],
    ids=lambda model: type(model).__name__,
)
def test_is_compiled(model):
    """It evaluates the loss that was trained."""
    is_classifier = isinstance(model, LSTMClassifier)
    target = (y > 3).astype(float) if is_classifier else y
    fitted = model.fit(X, target)
    encoded = target if is_classifier or model.target_scaler is None else fitted.target_scaler_.transform(y[:, None])
    expected = keras.losses.get(fitted.model_.loss)
    outputs = fitted.model_.predict(X, verbose=0)
    found = fitted.model_.evaluate(X, np.reshape(encoded, (-1, 1)), verbose=0)
    assert found == pytest.approx(float(np.mean(expected(np.reshape(encoded, (-1, 1)), outputs))), rel=1e-4)


def test_weights_that_are_set():
    """Weights that are set in it are those that predictions, pickles and further training go by."""
    model = small().fit(X, y)
    before = model.predict(X)
    model.model_.set_weights([0 * weight for weight in model.model_.get_weights()])
    mean = model.target_scaler_.inverse_transform([[0.0]])[0, 0]
    assert_allclose(model.predict(X), mean)
    assert not np.allclose(before, mean)
    assert_allclose(pickle.loads(pickle.dumps(model)).predict(X), mean)
    model.set_params(learning_rate=1e-6).partial_fit(X, y)
    assert_allclose(np.concatenate([weight.ravel() for weight in model.network_.weights]), 0, atol=1e-5)


def test_layers_that_are_not_trained():
    """Layers whose trainable is False keep their weights."""
    model = small().fit(X, y)
    model.model_.layers[-1].trainable = False
    before = [weight.copy() for weight in model.network_.weights]
    model.partial_fit(X, y)
    assert_array_equal(model.network_.weights[-1], before[-1])
    assert not np.array_equal(model.network_.weights[0], before[0])


@pytest.mark.parametrize("model", [small(), LSTMAutoencoder(UNITS, epochs=1)], ids=lambda model: type(model).__name__)
def test_another_precision(model):
    """Keras' double precision raises an error before anything is trained."""
    keras.config.set_floatx("float64")
    try:
        message = refused(model.fit, X, y)
    finally:
        keras.config.set_floatx("float32")
    assert message.partition(" ")[2] == snapshot(
        "computes in float32, got keras.config.floatx() == 'float64'. Call keras.config.set_floatx('float32')."
    )


def test_several_inputs():
    """Inputs side by side, as Keras takes them, raise an error that says how to join them."""
    assert [refused(small().fit, given, y) for given in ({"a": X, "b": X}, [X, X])] == snapshot(
        [
            "LSTMRegressor has one X, got a dict of inputs (['a', 'b']). Join them along the features, np.concatenate([...], axis=-1), and take them apart inside the network: keras.ops.split.",
            "LSTMRegressor has one X, got a list of inputs (2). Join them along the features, np.concatenate([...], axis=-1), and take them apart inside the network: keras.ops.split.",
        ]
    )


def test_metrics_without_a_list():
    """A metric may stand alone."""
    for metric in ("mae", keras.metrics.MeanAbsoluteError(name="mae")):
        assert "mae" in small(metrics=metric).fit(X, y).history_


def test_builder_for_scikeras_params():
    """A builder that asks for scikeras' params gets to know what to ask for."""
    assert refused(KerasRegressor(lambda params: None).fit, X, y) == snapshot(
        "KerasRegressor: the builder <lambda> asks for 'params', all parameters of the estimator, as scikeras passes them. Ask for those that it needs by name, and set them as model__units=32."
    )
