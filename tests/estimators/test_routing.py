"""Parameters with a prefix: known to scikit-learn, and checked against the function or class that takes them."""

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import KerasClassifier, KerasRegressor

X, y = TABLE, TARGETS[:, 0]


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
    """A stock search tunes units, learning rate and epochs together."""
    grid = {"model__units": [1, 4], "optimizer__learning_rate": [1e-30, 0.01], "epochs": [1, 3]}
    search = GridSearchCV(small(target_scaler="standard"), grid, cv=2).fit(X, y)
    # With a learning rate of 0, epochs change nothing.
    assert np.unique(search.cv_results_["mean_test_score"]).size == 6
    best = search.best_estimator_
    assert best.n_iter_ == search.best_params_["epochs"]
    assert best.model_.layers[2].units == search.best_params_["model__units"]
    assert_array_equal(search.predict(X), best.predict(X))


@pytest.mark.parametrize("route", ["model", "optimizer", "loss", "metrics", "callbacks", "fit", "predict"])
def test_every_route_can_be_set_later(route):
    """set_params takes a routed parameter that __init__ did not name."""
    assert clone(small().set_params(**{f"{route}__x": 1})).get_params()[f"{route}__x"] == 1


def test_an_unknown_name_sets_nothing():
    """set_params checks all names before it sets any."""
    model = small(model__units=2)
    with pytest.raises(ValueError, match="no parameter 'epcohs'"):
        model.set_params(model__units=3, epochs=9, epcohs=9)
    assert (model.model__units, model.epochs) == (2, 1)


# --- unknown names --------------------------------------------------------------------------------


def test_unknown_names():
    """An unknown plain name, or a name that only a builder takes, raises an error in __init__ and in set_params."""
    unknown = [{"epcohs": 9}, {"units": 9}, {"modle__units": 9}]
    messages = [refused(small, **params, error=TypeError) for params in unknown]
    assert messages[0] == snapshot(
        "KerasRegressor has no parameter 'epcohs'. Did you mean 'epochs'? Its parameters are: batch_size, callbacks, epochs, loss, metrics, model, n_members, optimizer, random_state, shuffle, target_scaler, validation_gap, validation_split, verbose, warm_start, and any that begins with model__, optimizer__, loss__, metrics__, callbacks__, fit__, predict__."
    )
    assert [message.partition(" Its parameters")[0] for message in messages[1:]] == snapshot(
        [
            "KerasRegressor has no parameter 'units'. For the model: model__units.",
            "KerasRegressor has no parameter 'modle__units'. For the model: model__modle__units.",
        ]
    )
    assert [refused(small().set_params, **params) for params in unknown] == messages
    with pytest.raises(TypeError, match=r"KerasClassifier has no parameter 'clas_weight'. Did you mean 'class_weight'"):
        KerasClassifier(clas_weight=None)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"model__uints": 3},
            snapshot("No parameter 'model__uints': perceptron takes meta, units. Did you mean 'model__units'?"),
        ),
        (
            {"optimizer__lerning_rate": 0.1},
            snapshot(
                "No parameter 'optimizer__lerning_rate': RMSprop takes learning_rate, rho, momentum, epsilon, "
                "centered, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, "
                "ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name. Did you mean "
                "'optimizer__learning_rate'?"
            ),
        ),
        (
            {"loss": "huber", "loss__dleta": 2},
            snapshot(
                "No parameter 'loss__dleta': Huber takes delta, reduction, name, dtype, fn. Did you mean 'loss__delta'?"
            ),
        ),
        (
            {"metrics": [keras.metrics.MeanAbsoluteError], "metrics__nmae": "mine"},
            snapshot("No parameter 'metrics__nmae': the metrics take name, dtype, fn. Did you mean 'metrics__name'?"),
        ),
        (
            {"callbacks": {"stop": keras.callbacks.TerminateOnNaN}, "callbacks__stop__patience": 2},
            snapshot(
                "No parameter 'callbacks__stop__patience': the callbacks take raise_error. Did you mean "
                "'callbacks__stop__raise_error'?"
            ),
        ),
        (
            {"fit__epcohs": 3},
            snapshot(
                "No parameter 'fit__epcohs': fit takes epochs, batch_size, verbose, callbacks, steps_per_epoch, validation_batch_size, validation_steps, validation_freq. Did you mean 'fit__epochs'?"
            ),
        ),
        (
            {"predict__batchsize": 3},
            snapshot(
                "No parameter 'predict__batchsize': predict takes batch_size. Did you mean 'predict__batch_size'?"
            ),
        ),
    ],
    ids=["model", "optimizer", "loss", "metrics", "callbacks", "fit", "predict"],
)
def test_unknown_routed_names(params, message):
    """An unknown name behind a prefix raises an error in fit, which names the known ones and the nearest."""
    assert refused(small(**params).fit, X, y) == message


def test_ranges_of_routed_numbers():
    """Parameters of Keras' fit and predict have the ranges of the estimator's own parameters."""
    names = ["fit__epochs", "fit__batch_size", "predict__batch_size"]
    messages = [refused(small(**{name: -2}).fit, X, y) for name in names]
    assert messages == snapshot(
        [
            "The 'fit__epochs' parameter of KerasRegressor must be an int in the range [1, inf). Got -2 instead.",
            "The 'fit__batch_size' parameter of KerasRegressor must be an int in the range [1, inf), a int among {-1} or None. Got -2 instead.",
            "The 'predict__batch_size' parameter of KerasRegressor must be an int in the range [1, inf), a int among {-1} or None. Got -2 instead.",
        ]
    )


# --- destinations --------------------------------------------------------------------------------


def test_to_fit_and_predict(capsys):
    """Parameters with fit__ and predict__ override the plain ones, and predictions do not depend on their batches."""
    model = small(epochs=5, batch_size=3, fit__epochs=2, fit__batch_size=40).fit(X, y)
    assert model.n_iter_ == 2
    assert_array_equal(model.predict(X), small(epochs=2, batch_size=40).fit(X, y).predict(X))
    expected = model.predict(X)
    np.testing.assert_allclose(model.set_params(predict__batch_size=7).predict(X), expected, rtol=1e-6, atol=1e-7)
    small(fit__verbose=2).fit(X, y)
    assert "loss:" in capsys.readouterr().out


def test_to_the_loss():
    """The name of a loss with parameters stands for the class of that name."""
    plain = small(loss="huber").fit(X, y).history_["loss"]
    assert small(loss="huber", loss__delta=1.0).fit(X, y).history_["loss"] == pytest.approx(plain)


def test_to_metrics():
    """A parameter goes to each metric that takes it, or to one by its position."""
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
    """A parameter goes to each callback that takes it, or to one by its position or name."""
    params = {"monitor": "loss", "mode": "max", "patience": 0}
    model = small(callbacks=callbacks, epochs=5, **{f"callbacks__{prefix}{k}": v for k, v in params.items()})
    assert model.fit(X, y).n_iter_ == 2
