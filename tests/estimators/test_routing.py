"""Parameters with a prefix: known to scikit-learn, checked against whoever takes them."""

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, perceptron
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import KerasClassifier, KerasRegressor

X, y = TABLE, TARGETS[:, 0]
OWN = (
    "Its parameters are: batch_size, callbacks, epochs, loss, metrics, model, optimizer, random_state, shuffle, "
    "target_scaler, validation_gap, validation_split, verbose, warm_start"
)
PREFIXED = ", and any that begins with model__, optimizer__, loss__, metrics__, callbacks__, fit__, predict__."


def small(**params):
    return KerasRegressor(perceptron, **({"random_state": 0} | params))


# --- scikit-learn's side --------------------------------------------------------------------------


def test_routed_parameters_are_parameters():
    """get_params, set_params, clone and a pipeline know them."""
    model = small(model__units=2, optimizer__learning_rate=0.1)
    assert model.get_params()["model__units"] == 2
    assert clone(model).get_params() == model.get_params()
    assert "model__units=2" in repr(model)
    pipe = make_pipeline(StandardScaler(), model).set_params(kerasregressor__model__units=None)
    assert model.model__units is None
    pipe.set_params(kerasregressor__fit__epochs=3, kerasregressor__epochs=2)
    assert (model.fit__epochs, model.epochs) == (3, 2)


def test_a_grid_over_every_route():
    """Units, learning rate and epochs are tuned in one stock search, and reach the fits."""
    grid = {"model__units": [1, 4], "optimizer__learning_rate": [1e-30, 0.01], "epochs": [1, 3]}
    search = GridSearchCV(small(target_scaler="standard"), grid, cv=2).fit(X, y)
    assert np.unique(search.cv_results_["mean_test_score"]).size == 6
    best = search.best_estimator_
    assert best.n_iter_ == search.best_params_["epochs"]
    assert best.model_.layers[2].units == search.best_params_["model__units"]
    assert_array_equal(search.predict(X), best.predict(X))


@pytest.mark.parametrize("route", ["model", "optimizer", "loss", "metrics", "callbacks", "fit", "predict"])
def test_every_route_can_be_set_later(route):
    """set_params takes a routed parameter that __init__ did not name."""
    assert clone(small().set_params(**{f"{route}__x": 1})).get_params()[f"{route}__x"] == 1


def test_nothing_is_set_where_a_name_is_unknown():
    """set_params refuses an unknown name before it sets any other."""
    model = small(model__units=2)
    refused(model.set_params, model__units=3, epochs=9, epcohs=9)
    assert (model.model__units, model.epochs) == (2, 1)


# --- unknown names --------------------------------------------------------------------------------


def test_unknown_names_are_refused_at_once():
    """A plain name that is mistyped, or that a builder takes, is refused by __init__ and by set_params."""
    assert refused(small, epcohs=9, error=TypeError) == (
        f"KerasRegressor has no parameter 'epcohs'. Did you mean 'epochs'? {OWN}{PREFIXED}"
    )
    assert refused(small, units=9, error=TypeError) == (
        f"KerasRegressor has no parameter 'units'. For the model: model__units. {OWN}{PREFIXED}"
    )
    assert refused(small, modle__units=9, error=TypeError) == (
        f"KerasRegressor has no parameter 'modle__units'. For the model: model__modle__units. {OWN}{PREFIXED}"
    )
    assert refused(small().set_params, epcohs=9) == (
        f"KerasRegressor has no parameter 'epcohs'. Did you mean 'epochs'? {OWN}{PREFIXED}"
    )
    assert refused(small().set_params, modle__units=9) == (
        f"KerasRegressor has no parameter 'modle__units'. For the model: model__modle__units. {OWN}{PREFIXED}"
    )
    assert refused(KerasClassifier, clas_weight=None, error=TypeError).startswith(
        "KerasClassifier has no parameter 'clas_weight'. Did you mean 'class_weight'? "
    )


RMSPROP = (
    "learning_rate, rho, momentum, epsilon, centered, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, "
    "ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name"
)
FIT = "epochs, batch_size, verbose, steps_per_epoch, validation_steps, validation_freq"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model__uints": 3}, "'model__uints': perceptron takes meta, units. Did you mean 'model__units'?"),
        (
            {"optimizer__lerning_rate": 0.1},
            f"'optimizer__lerning_rate': RMSprop takes {RMSPROP}. Did you mean 'optimizer__learning_rate'?",
        ),
        (
            {"loss": "huber", "loss__dleta": 2},
            "'loss__dleta': Huber takes delta, reduction, name, dtype, fn. Did you mean 'loss__delta'?",
        ),
        (
            {"metrics": [keras.metrics.MeanAbsoluteError], "metrics__nmae": "mine"},
            "'metrics__nmae': the metrics take name, dtype, fn. Did you mean 'metrics__name'?",
        ),
        (
            {"callbacks": {"stop": keras.callbacks.TerminateOnNaN}, "callbacks__stop__patience": 2},
            "'callbacks__stop__patience': the callbacks take raise_error. Did you mean 'callbacks__stop__raise_error'?",
        ),
        ({"fit__epcohs": 3}, f"'fit__epcohs': fit takes {FIT}. Did you mean 'fit__epochs'?"),
        (
            {"predict__batchsize": 3},
            "'predict__batchsize': predict takes batch_size. Did you mean 'predict__batch_size'?",
        ),
    ],
)
def test_unknown_routed_names_are_refused_in_fit(params, message):
    """Each route knows what it may say, and offers the nearest."""
    assert refused(small(**params).fit, X, y) == f"No parameter {message}"


@pytest.mark.parametrize("name", ["fit__epochs", "fit__batch_size", "predict__batch_size"])
def test_routed_numbers_are_in_range(name):
    """What goes to Keras' fit and predict has the range of this estimator's own parameters."""
    words = "an int in the range [1, inf)" + (" or None" if "batch" in name else "")
    assert refused(small(**{name: -1}).fit, X, y, error=InvalidParameterError) == (
        f"The '{name}' parameter of KerasRegressor must be {words}. Got -1 instead."
    )


# --- where they go --------------------------------------------------------------------------------


def test_to_fit_and_predict(capsys):
    """fit__ and predict__ override the plain parameters, and predictions do not depend on their batches."""
    model = small(epochs=5, batch_size=3, fit__epochs=2, fit__batch_size=40).fit(X, y)
    assert model.n_iter_ == 2
    assert_array_equal(model.predict(X), small(epochs=2, batch_size=40).fit(X, y).predict(X))
    expected = model.predict(X)
    np.testing.assert_allclose(model.set_params(predict__batch_size=7).predict(X), expected, rtol=1e-6, atol=1e-7)
    small(fit__verbose=2).fit(X, y)
    assert "loss:" in capsys.readouterr().out


def test_to_the_loss():
    """loss__delta reaches the class that a loss's name stands for."""
    plain = small(loss="huber").fit(X, y).history_["loss"]
    assert small(loss="huber", loss__delta=1.0).fit(X, y).history_["loss"] == pytest.approx(plain)


def test_to_metrics():
    """A parameter goes to each metric that takes it, or to one by its place."""
    metrics = [keras.metrics.MeanAbsoluteError, "mse", keras.metrics.RootMeanSquaredError()]
    model = small(metrics=metrics, metrics__0__name="first", metrics__2__name="last", metrics__1__name="mid")
    assert set(model.fit(X, y).history_) == {"first", "mid", "last", "loss"}


@pytest.mark.parametrize(
    ("callbacks", "prefix"),
    [
        (keras.callbacks.EarlyStopping, ""),
        ([keras.callbacks.TerminateOnNaN, keras.callbacks.EarlyStopping], ""),
        ([keras.callbacks.TerminateOnNaN, keras.callbacks.EarlyStopping], "1__"),
        ({"stop": keras.callbacks.EarlyStopping}, "stop__"),
    ],
    ids=["one", "all", "by index", "by name"],
)
def test_to_callbacks(callbacks, prefix):
    """A parameter goes to each callback that takes it, or to one by its place or name."""
    params = {"monitor": "loss", "mode": "max", "patience": 0}
    model = small(callbacks=callbacks, epochs=5, **{f"callbacks__{prefix}{k}": v for k, v in params.items()})
    assert model.fit(X, y).n_iter_ == 2
