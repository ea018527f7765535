"""KerasRegressor: any builder, any model, and all that Keras' fit knows."""

import pickle
from functools import partial

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiled, compiling, is_same, perceptron, table_model
from conftest import run_fresh
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone

from sklstm import KerasRegressor, networks

X, y = TABLE, TARGETS[:, 0]


def small(model=perceptron, **params):
    return KerasRegressor(model, **({"epochs": 2, "random_state": 0} | params))


def quartic(target, output):
    return keras.ops.mean((target - output) ** 4)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, y)


# --- builders -------------------------------------------------------------------------------------


class Perceptron:
    """A builder that is an object."""

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
    """Whatever can be called is a builder, and is given what it asks for by name."""
    expected = small().initialize(X, y).predict(X)
    assert_array_equal(small(builder).initialize(X, y).predict(X), expected)


def test_a_builder_takes_parameters_of_its_own():
    """model__units goes to the builder, also through functools.partial and a callable object."""
    for builder in (perceptron, partial(perceptron, units=9), Perceptron(), compiling):
        assert small(builder, model__units=4).initialize(X, y).model_.layers[2].units == 4


def test_meta_speaks_as_scikeras_does():
    """A builder is told of X and y in the words of scikeras."""
    told = {}

    def build(meta):
        told.update(meta)
        return perceptron(meta)

    small(build).initialize(WINDOWS, TARGETS[:, :2].astype(np.float32))
    assert told == {
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
    assert told["X_shape_"] == (40, 3)
    assert told["target_type_"] == "continuous"
    assert (told["n_outputs_"], told["y_ndim_"]) == (1, 1)


def test_a_builder_of_sklstm():
    """The networks of sklstm are builders, and take windows of any length."""
    model = small(networks.vanilla, model__units=2, epochs=1).fit(WINDOWS, y)
    assert model.model_.get_layer("lstm").units == 2
    assert model.predict(WINDOWS[:, 2:]).shape == (40,)


@pytest.mark.parametrize("builder", [compiling, compiled])
def test_a_compiled_network_keeps_what_it_was_compiled_with(builder):
    """compile_kwargs hold the estimator's settings; a builder may choose its own instead."""
    given = {"optimizer": "sgd", "optimizer__learning_rate": 0.01, "loss": "mae", "shuffle": False}
    ours = small(**given).fit(X, y)
    theirs = small(builder, **(given if builder is compiling else {"shuffle": False})).fit(X, y)
    assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-4)
    assert_allclose(theirs.history_["loss"], ours.history_["loss"], rtol=1e-4)


def test_a_network_without_an_input_layer():
    """A Sequential model that waits for its first input is built for X."""
    model = small(lambda: keras.Sequential([keras.layers.Dense(1)]), epochs=1).fit(X, y)
    assert model.model_.input_shape == (None, 3)


def test_what_is_no_builder_is_refused():
    """A builder must be there, be given what it asks for, and return a model."""
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
def test_a_model_is_copied_for_each_fit(settings):
    """Training starts from the weights of the model that is given, which stays as it was."""
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


def test_an_estimator_with_a_model_pickles():
    """The model that is given travels as plain data, and is trained again from the same weights."""
    given = table_model()
    given.compile("sgd", "mae")
    again = pickle.loads(pickle.dumps(small(given)))
    expected = small(given).fit(X, y).predict(X)
    assert_array_equal(again.fit(X, y).predict(X), expected)
    assert_array_equal(clone(again).fit(X, y).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(again)).predict(X), expected)


def test_a_model_has_no_parameters():
    """Parameters of a builder are refused where there is none."""
    assert refused(small(table_model(), model__units=3).fit, X, y) == snapshot(
        "KerasRegressor: model__units goes to a builder, but model is a keras.Model, which is built. Pass the function "
        "that builds it."
    )


def test_a_model_that_keras_cannot_copy_is_refused():
    """A model with a function of one's own is refused, as Keras has no copy of the function."""
    given = table_model()
    given.compile("sgd", quartic)
    assert refused(small(given).fit, X, y) == snapshot(
        "KerasRegressor takes a keras.Model that Keras can copy, and this one holds a class or a function that it does "
        "not know. Pass the function that builds the model, or register what is your own with "
        "keras.saving.register_keras_serializable."
    )


@pytest.mark.parametrize(
    ("params", "unused"),
    [
        ({"optimizer__learning_rate": 0.1}, "optimizer__learning_rate"),
        ({"loss": "mse"}, "loss"),
        ({"optimizer": "adam"}, "optimizer"),
    ],
)
def test_settings_without_effect_are_refused(params, unused):
    """A search over the settings of a network that is compiled already would search nothing."""
    assert refused(small(compiled, **params).fit, X, y) == (
        f"KerasRegressor: {unused} has no effect, as the model is compiled already, with SGD and mean_absolute_error. "
        "Let the builder take compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not "
        "compiled."
    )
    same = {"loss": "mean_absolute_error", "optimizer": "sgd"}
    assert small(compiled, **same).initialize(X, y).predict(X).shape == (40,)


# --- shapes and precision -------------------------------------------------------------------------


@pytest.mark.parametrize("n_axes", [2, 3, 4])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (3, 2)])
def test_shapes(n_axes, shape):
    """X has two axes or more, y one to three; predictions have the shape of y."""

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
    """X in single or double precision is the same to the network; predictions have the precision of y."""
    assert_allclose(fitted.predict(X.astype(np.float32)), fitted.predict(X), rtol=1e-6, atol=1e-6)
    single = small().fit(X.astype(np.float32), y.astype(np.float32)).predict(X)
    assert single.dtype == np.float32
    assert fitted.predict(X.astype(np.float32)).dtype == np.float64
    assert_allclose(single, fitted.predict(X), rtol=1e-5, atol=1e-6)


def test_another_number_of_axes_is_refused(fitted):
    """What was fitted on rows predicts no windows, and is told so."""
    assert refused(fitted.predict, WINDOWS[:, :, :1].repeat(3, axis=2)) == snapshot(
        "KerasRegressor was fitted on samples of 1 axes, got X of shape (40, 5, 3). Pass X with as many axes as in fit."
    )


def test_nan_needs_a_network_that_looks_for_it():
    """Time steps that were not observed are masked by the networks of sklstm, and refused for any other."""
    gaps = WINDOWS.copy()
    gaps[:3, :2] = np.nan
    message = (
        "KerasRegressor got NaN in X, time steps that were not observed, and the network does not look for NaN: its "
        "loss would be NaN. Begin the network with keras.ops.isnan and keras.ops.where, use one of sklstm.networks, "
        "put a number in their place that keras.layers.Masking masks, SequencePadder(value=-9.0), or drop the samples "
        "that hold NaN."
    )
    assert refused(small().fit, gaps, y) == message
    model = small(epochs=1).fit(WINDOWS, y)
    assert refused(model.predict, gaps) == message
    assert refused(model.partial_fit, gaps, y) == message
    masked = small(networks.vanilla, model__units=2, epochs=1).fit(gaps, y)
    assert_allclose(masked.predict(gaps)[0], masked.predict(gaps[:1, 2:])[0], rtol=1e-5)


def test_the_target_is_scaled_and_brought_back():
    """With target_scaler the network sees scaled targets, and predictions are in the units of y."""
    far = 1000 + y
    assert np.abs(small(target_scaler="standard").fit(X, far).predict(X) - 1000).max() < 20
    assert np.abs(small().fit(X, far).predict(X)).max() < 20


# --- classes of one's own -------------------------------------------------------------------------


class Doubling(keras.layers.Layer):
    """A layer whose configuration does not describe it."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs


def own_layer(compile_kwargs):
    model = keras.Sequential([keras.Input((3,)), Doubling(2.0), keras.layers.Dense(1)])
    model.compile(**compile_kwargs)
    return model


def lambda_layer():
    return keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda inputs: 2 * inputs), keras.layers.Dense(1)])


@pytest.mark.parametrize("builder", [own_layer, lambda_layer])
def test_layers_that_their_configuration_does_not_describe(builder):
    """A network of layers of one's own fits, refits, goes on, clones and pickles, by its builder."""
    model = small(builder, epochs=1).fit(X, y)
    predicted = model.predict(X)
    assert_array_equal(clone(model).fit(X, y).predict(X), predicted)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), predicted)
    assert_array_equal(again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))


def test_a_loss_and_a_metric_of_ones_own():
    """A loss and a metric may be any functions."""
    model = small(loss=quartic, metrics=[quartic], epochs=1).fit(X, y)
    assert set(model.history_) == {"loss", "quartic"}
    assert_array_equal(pickle.loads(pickle.dumps(model)).fit(X, y).predict(X), model.predict(X))


# --- afterwards -----------------------------------------------------------------------------------


def test_model_is_plain_keras(fitted, tmp_path):
    """model_ saves, and loads in a process that knows nothing of sklstm."""
    fitted.model_.save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    run_fresh(f"""
        import sys
        import keras, numpy as np
        model = keras.models.load_model({str(tmp_path / "model.keras")!r})
        np.save({str(tmp_path / "outputs.npy")!r}, model(np.load({str(tmp_path / "X.npy")!r})))
        assert "sklstm" not in sys.modules
    """)
    assert_allclose(np.load(tmp_path / "outputs.npy")[:, 0], fitted.predict(X), rtol=1e-5, atol=1e-6)
