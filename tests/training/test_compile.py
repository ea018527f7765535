"""Optimizers, losses, metrics and callbacks, from whatever form they are given in."""

import keras
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.training import (
    build_callbacks,
    build_loss,
    build_metrics,
    build_optimizer,
    check_parameters,
    early_stopping,
)

# --- optimizers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["adam", "Adam", keras.optimizers.Adam, keras.optimizers.Adam(0.5)])
def test_optimizers(given):
    """A name, a class or an instance gives a fresh optimizer, with the parameters that are set."""
    built = build_optimizer(given, learning_rate=0.25)
    assert type(built) is keras.optimizers.Adam
    assert built is not given
    assert_allclose(float(built.learning_rate), 0.25)


def test_an_optimizer_is_copied_with_its_settings():
    """An instance keeps what it was made with, and stays as it is; schedules come along."""
    given = keras.optimizers.Adam(0.5, beta_1=0.7)
    built = build_optimizer(given, learning_rate=0.25)
    assert built.beta_1 == 0.7
    assert_allclose(float(given.learning_rate), 0.5)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert_allclose(float(build_optimizer(keras.optimizers.SGD(schedule)).learning_rate), 0.1)


# --- losses ---------------------------------------------------------------------------------------


def test_losses_without_parameters():
    """A name is looked up in Keras, an instance copied, a function left as it is."""
    assert build_loss("mse") is keras.losses.mean_squared_error
    assert type(build_loss(keras.losses.Huber)) is keras.losses.Huber
    assert build_loss(len) is len


@pytest.mark.parametrize(
    ("name", "cls"),
    [("huber", keras.losses.Huber), ("Huber", keras.losses.Huber), ("mse", keras.losses.MeanSquaredError)],
)
def test_a_name_with_parameters_is_of_a_class(name, cls):
    """Names of functions, of classes and short ones lead to the class that takes parameters."""
    built = build_loss(name, name="mine")
    assert type(built) is cls
    assert built.name == "mine"


@pytest.mark.parametrize("given", [keras.losses.Huber, keras.losses.Huber(0.5)])
def test_parameters_of_a_loss(given):
    """Parameters go to a class, and override those of an instance."""
    assert float(build_loss(given, delta=2.0)([0.0], [9.0])) == 16.0


def test_parameters_that_keras_does_not_write_are_kept():
    """An instance keeps the parameters that its configuration leaves out."""
    assert "delta" not in keras.losses.Huber(0.5).get_config()
    for built in (build_loss(keras.losses.Huber(0.5)), build_loss(keras.losses.Huber(0.5), name="mine")):
        assert float(built([0.0], [9.0])) == 0.5 * (9.0 - 0.25)
    (metric,) = build_metrics([keras.metrics.CosineSimilarity(axis=1)])
    assert metric._fn_kwargs == {"axis": 1}


def test_a_function_takes_no_parameters():
    """Parameters of a loss that is a function are refused."""

    def mine(target, output):
        return 0.0

    assert refused(build_loss, mine, delta=2) == snapshot(
        "No parameter 'loss__delta': mine is a function. Pass the class, or functools.partial of the function."
    )


# --- metrics --------------------------------------------------------------------------------------


def test_metrics():
    """Names are left for Keras, which chooses by the loss; classes are called, instances copied."""
    given = keras.metrics.AUC(num_thresholds=7)
    name, function, made, copied = build_metrics(["accuracy", len, keras.metrics.AUC, given])
    assert (name, function) == ("accuracy", len)
    assert type(made) is type(copied) is keras.metrics.AUC
    assert copied is not given
    assert copied.num_thresholds == 7
    assert build_metrics(None) == []


def test_parameters_of_metrics():
    """A parameter for one metric replaces that for all; a name that is given some becomes the metric it stands for."""
    first, second = build_metrics(["mae", keras.metrics.AUC], **{"1__name": "mine", "name": "all"})
    assert type(first) is keras.metrics.MeanAbsoluteError
    assert (first.name, second.name) == ("all", "mine")
    assert refused(build_metrics, ["accuracy"], name="mine") == snapshot(
        "No parameter 'metrics__name': there are no metrics that take parameters."
    )


# --- callbacks ------------------------------------------------------------------------------------


def test_callbacks():
    """Classes are called, instances copied; none, one, a list or a dict of them becomes a list."""
    given = keras.callbacks.EarlyStopping(patience=7)
    assert build_callbacks(None) == []
    (copied,) = build_callbacks(given)
    assert copied is not given
    assert copied.patience == 7
    kinds = [keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau]
    assert [type(callback) for callback in build_callbacks(tuple(kinds))] == kinds


def test_parameters_of_callbacks():
    """A parameter goes to all classes that take it; one for a single callback replaces it there."""
    callbacks = {"stop": keras.callbacks.EarlyStopping, "slow": keras.callbacks.ReduceLROnPlateau}
    stop, slow = build_callbacks(callbacks, stop__patience=1, patience=5, factor=0.2)
    assert (stop.patience, slow.patience, slow.factor) == (1, 5, 0.2)


def test_an_instance_has_its_parameters_already():
    """Parameters for callbacks that are instances are refused."""
    assert refused(build_callbacks, [keras.callbacks.EarlyStopping()], patience=2) == snapshot(
        "No parameter 'callbacks__patience': there are no callbacks that take parameters."
    )
    assert refused(build_callbacks, {"b": keras.callbacks.RemoteMonitor}, b__rot="x") == snapshot(
        "No parameter 'callbacks__b__rot': the callbacks take root, path, field, headers, send_as_json. "
        "Did you mean 'callbacks__b__root'?"
    )


def test_other_objects_are_refused():
    """A callback is an instance or a class of keras.callbacks.Callback."""
    assert refused(build_callbacks, ["EarlyStopping"], error=TypeError) == snapshot(
        "callbacks hold 'EarlyStopping', expected keras.callbacks.Callback, instances or classes of it."
    )


def test_early_stopping():
    """Patience stops, and brings the best weights back."""
    stop = early_stopping("val_loss", 3)
    assert (stop.monitor, stop.patience, stop.restore_best_weights) == ("val_loss", 3, True)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "given", "message"),
    [
        (build_optimizer, "rmspop", snapshot("Keras has no optimizer 'rmspop'. Did you mean 'rmsprop'?")),
        (build_loss, "hubber", snapshot("Keras has no loss 'hubber'. Did you mean 'huber'?")),
        (build_loss, "mape2", snapshot("Keras has no loss 'mape2'. Did you mean 'mape'?")),
        (build_metrics, ["acuracy"], snapshot("Keras has no metric 'acuracy'. Did you mean 'Accuracy'?")),
        (build_metrics, ["meae"], snapshot("Keras has no metric 'meae'. Did you mean 'mae'?")),
    ],
)
def test_unknown_names(build, given, message):
    """A mistyped optimizer, loss or metric is answered with the nearest one."""
    assert refused(build, given) == message


def test_check_parameters():
    """Names that a function does not take are refused, unless it takes any."""
    check_parameters("model", {"units": 1}, lambda **any_name: None)
    check_parameters("model", {"units": 1}, lambda meta, units: None)

    def builder():
        pass

    assert refused(check_parameters, "model", {"units": 1}, builder) == snapshot(
        "No parameter 'model__units': builder takes no parameters."
    )
