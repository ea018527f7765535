"""KerasRegressor: builders, models, shapes and custom layers."""

import pickle
from functools import partial

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiled, compiling, is_same, perceptron, table_model
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS
from sklearn.base import clone

from sklstm import KerasRegressor, networks

X, y = TABLE, TARGETS[:, 0]


def small(model=perceptron, **params):
    return KerasRegressor(model, **({"epochs": EPOCHS, "random_state": 0} | params))


def squashed(values):
    return values / (1 + keras.ops.abs(values))


def quartic(target, output):
    return keras.ops.mean((target - output) ** 4)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, y)


# --- builders -------------------------------------------------------------------------------------


class Perceptron:
    """Builder that is a callable object."""

    def __call__(self, meta, units=3):
        return perceptron(meta, units)


@pytest.mark.parametrize(
    "builder",
    [
        lambda meta: perceptron(meta),
        partial(perceptron, units=3),
        Perceptron(),
        lambda **given: perceptron(given["meta"]),
        compiling,
        lambda: perceptron({"X_shape_": (40, 3), "target_type_": "continuous", "n_outputs_": 1}),
    ],
    ids=["lambda", "partial", "object", "kwargs", "compile_kwargs", "asks for nothing"],
)
def test_builders(builder):
    """Any callable is a builder, and gets the arguments that its signature names."""
    expected = small().initialize(X, y).predict(X)
    assert_array_equal(small(builder).initialize(X, y).predict(X), expected)


def test_parameters_of_a_builder():
    """model__units goes to a builder that is a function, a functools.partial or a callable object."""
    for builder in (perceptron, partial(perceptron, units=9), Perceptron(), compiling):
        assert small(builder, model__units=4).initialize(X, y).model_.layers[2].units == 4


def test_meta_has_the_keys_of_scikeras():
    """Meta describes X and y by the keys of scikeras."""
    given = {}

    def build(meta):
        given.update(meta)
        return perceptron(meta)

    small(build).initialize(WINDOWS, TARGETS[:, :2].astype(np.float32))
    assert given == {
        "X_shape_": (40, 5, 2),
        "X_dtype_": np.float32,
        "n_features_in_": 2,
        "target_type_": "continuous-multioutput",
        "n_outputs_": 2,
        "n_outputs_expected_": 1,
        "n_output_steps_": 2,
        "y_ndim_": 2,
        "y_dtype_": np.float32,
    }
    small(build).initialize(X, y)
    assert given["X_shape_"] == (40, 3)
    assert given["target_type_"] == "continuous"
    assert (given["n_outputs_"], given["y_ndim_"]) == (1, 1)


def test_builder_from_sklstm_networks():
    """The functions of sklstm.networks are builders, and their networks take windows of any length."""
    model = small(networks.vanilla, model__units=2, epochs=1).fit(WINDOWS, y)
    assert model.model_.get_layer("lstm").units == 2
    assert model.predict(WINDOWS[:, 2:]).shape == (40,)


@pytest.mark.parametrize("builder", [compiling, compiled])
def test_compiled_network_keeps_its_settings(builder):
    """compile_kwargs holds the optimizer and loss of the estimator; a builder may compile with its own."""
    given = {"optimizer": "sgd", "optimizer__learning_rate": 0.01, "loss": "mae", "shuffle": False}
    ours = small(**given).fit(X, y)
    theirs = small(builder, **(given if builder is compiling else {"shuffle": False})).fit(X, y)
    assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-4)
    assert_allclose(theirs.history_["loss"], ours.history_["loss"], rtol=1e-4)


def test_network_without_an_input_layer():
    """A Sequential model without an input layer is built for the shape of X."""
    model = small(lambda: keras.Sequential([keras.layers.Dense(1)]), epochs=1).fit(X, y)
    assert model.model_.input_shape == (None, 3)


def test_wrong_builders():
    """Model must be a builder that returns a keras.Model and whose arguments are given."""
    assert refused(small(None).fit, X, y) == snapshot(
        "KerasRegressor needs a model: pass model=, a function that returns a keras.Model, or a keras.Model."
    )
    assert refused(small(lambda meta: None).fit, X, y, error=TypeError) == snapshot(
        "KerasRegressor: the builder <lambda> returned NoneType, expected a keras.Model. End it in 'return model'."
    )
    assert refused(small(lambda meta, units: perceptron(meta)).fit, X, y) == snapshot(
        "KerasRegressor: the builder <lambda> asks for 'units'. Pass model__units=, or give it a default."
    )
    assert refused(small("perceptron").fit, X, y) == snapshot(
        "The 'model' parameter of KerasRegressor must be a callable, an object implementing 'build' or None. "
        "Got 'perceptron' instead."
    )


# --- models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [None, {"optimizer": "adam", "loss": "mae"}], ids=["plain", "compiled"])
def test_model_is_copied_for_each_fit(settings):
    """Each fit starts from the weights of the given model, which does not change."""
    given = table_model()
    if settings is not None:
        given.compile(**settings)
    weights = given.get_weights()
    model = small(given).initialize(X, y)
    assert is_same(model.model_.get_weights(), weights)
    first = model.fit(X, y).predict(X)
    assert not is_same(model.model_.get_weights(), weights)
    assert_array_equal(model.fit(X, y).predict(X), first)
    assert_array_equal(clone(model).fit(X, y).predict(X), first)
    assert is_same(given.get_weights(), weights)
    assert given.compiled is (settings is not None)
    assert model.model is given
    if settings is not None:
        assert given.optimizer.iterations == 0


def test_estimator_with_a_model_pickles():
    """A pickle keeps the given model, and fits it again from the same weights."""
    given = table_model()
    given.compile("sgd", "mae")
    again = pickle.loads(pickle.dumps(small(given)))
    expected = small(given).fit(X, y).predict(X)
    assert_array_equal(again.fit(X, y).predict(X), expected)
    assert_array_equal(clone(again).fit(X, y).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(again)).predict(X), expected)


def test_parameters_for_a_model():
    """model__units raises an error if model is a keras.Model and not a builder."""
    assert refused(small(table_model(), model__units=3).fit, X, y) == snapshot(
        "KerasRegressor: model__units goes to a builder, but model is a keras.Model, which is built. Pass the function "
        "that builds it."
    )


def test_model_that_keras_cannot_copy():
    """A layer with an unregistered function of one's own raises an error, because Keras cannot copy it."""
    inputs = keras.Input(X.shape[1:])
    given = keras.Model(inputs, keras.layers.Dense(1, activation=squashed)(inputs))
    assert refused(small(given).fit, X, y) == snapshot(
        "KerasRegressor takes a keras.Model that Keras can copy, and this one holds a class or a function that it does "
        "not know. Pass the function that builds the model, or register what is your own with "
        "keras.saving.register_keras_serializable."
    )


def test_settings_without_effect():
    """An optimizer or loss other than that of an already compiled model raises an error."""
    settings = [{"optimizer__learning_rate": 0.1}, {"loss": "mse"}, {"optimizer": "adam"}]
    assert [refused(small(compiled, **params).fit, X, y) for params in settings] == snapshot(
        [
            "KerasRegressor: optimizer__learning_rate has no effect, as the model is compiled already, with SGD and mean_absolute_error. Let the builder take compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not compiled.",
            "KerasRegressor: loss has no effect, as the model is compiled already, with SGD and mean_absolute_error. Let the builder take compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not compiled.",
            "KerasRegressor: optimizer has no effect, as the model is compiled already, with SGD and mean_absolute_error. Let the builder take compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not compiled.",
        ]
    )
    same = {"loss": "mean_absolute_error", "optimizer": "sgd"}
    assert small(compiled, **same).initialize(X, y).predict(X).shape == (40,)


# --- shapes and precision -------------------------------------------------------------------------


@pytest.mark.parametrize("n_axes", [2, 3, 4])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (3, 2)])
def test_shapes(n_axes, shape):
    """X may have two to four axes and y one to three; predictions have the shape of y."""

    def build(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        outputs = keras.layers.Dense(meta["n_outputs_"])(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, keras.layers.Reshape(shape)(outputs) if len(shape) == 2 else outputs)

    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(12, 4, 2, 3)[:n_axes])
    target = rng.normal(size=(12, *shape))
    model = small(build, epochs=1, target_scaler="standard").fit(inputs, target)
    assert model.predict(inputs).shape == target.shape
    assert np.isfinite(model.score(inputs, target))
    assert model.n_features_in_ == (4, 2, 6)[n_axes - 2]
    assert model.n_outputs_ == np.prod(shape, dtype=int)


def test_precision(fitted):
    """float32 and float64 X give the same predictions, in the dtype of y."""
    assert_allclose(fitted.predict(X.astype(np.float32)), fitted.predict(X), rtol=1e-6, atol=1e-6)
    single = small().fit(X.astype(np.float32), y.astype(np.float32)).predict(X)
    assert single.dtype == np.float32
    assert fitted.predict(X.astype(np.float32)).dtype == np.float64
    assert_allclose(single, fitted.predict(X), rtol=1e-5, atol=1e-6)


def test_another_number_of_axes(fitted):
    """Predict raises an error for X with another number of axes than in fit."""
    assert refused(fitted.predict, WINDOWS[:, :, :1].repeat(3, axis=2)) == snapshot(
        "KerasRegressor was fitted on samples of 1 axes, got X of shape (40, 5, 3). Pass X with as many axes as in fit."
    )


def test_nan_needs_a_network_that_masks_it():
    """NaN time steps are masked by the networks of sklstm, and raise an error for other networks."""
    gaps = WINDOWS.copy()
    gaps[:3, :2] = np.nan
    message = refused(small().fit, gaps, y)
    assert message == snapshot(
        "KerasRegressor got NaN in X, time steps that were not observed, and the network does not look for NaN: its loss would be NaN. Begin the network with keras.ops.isnan and keras.ops.where, use one of sklstm.networks, put a number in their place that keras.layers.Masking masks, SequencePadder(value=-9.0), or drop the samples that hold NaN."
    )
    model = small(epochs=1).fit(WINDOWS, y)
    assert refused(model.predict, gaps) == message
    assert refused(model.partial_fit, gaps, y) == message
    masked = small(networks.vanilla, model__units=2, epochs=1).fit(gaps, y)
    assert_allclose(masked.predict(gaps)[0], masked.predict(gaps[:1, 2:])[0], rtol=1e-5)


def test_target_scaler():
    """With target_scaler the network learns scaled targets, and predictions are in units of y."""
    far = 1000 + y
    assert np.abs(small(target_scaler="standard").fit(X, far).predict(X) - 1000).max() < 20
    assert np.abs(small().fit(X, far).predict(X)).max() < 20


# --- custom layers, losses and metrics ------------------------------------------------------------


class Doubling(keras.layers.Layer):
    """Layer without get_config, so that Keras cannot rebuild it."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs


def custom_layer(compile_kwargs):
    model = keras.Sequential([keras.Input((3,)), Doubling(2.0), keras.layers.Dense(1)])
    model.compile(**compile_kwargs)
    return model


def lambda_layer():
    return keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda inputs: 2 * inputs), keras.layers.Dense(1)])


@pytest.mark.parametrize("builder", [custom_layer, lambda_layer])
def test_layers_without_a_config(builder):
    """A network with layers that Keras cannot rebuild fits, clones, pickles and continues, by its builder."""
    model = small(builder, epochs=1).fit(X, y)
    predicted = model.predict(X)
    assert_array_equal(clone(model).fit(X, y).predict(X), predicted)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), predicted)
    assert_array_equal(again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))


def test_custom_loss_and_metric():
    """Loss and metrics take any functions."""
    model = small(loss=quartic, metrics=[quartic], epochs=1).fit(X, y)
    assert set(model.history_) == {"loss", "quartic"}
    assert_array_equal(pickle.loads(pickle.dumps(model)).fit(X, y).predict(X), model.predict(X))
