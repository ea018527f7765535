"""Checks that every estimator passes: scikit-learn's, and our own."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from sklstm import KerasClassifier, KerasRegressor, LSTMAutoencoder, LSTMClassifier, LSTMRegressor


def perceptron(meta):
    """Small network for a table, with the output that y needs."""
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.Dense(16, activation="tanh")(inputs)
    kinds = {"binary": (1, "sigmoid"), "multiclass": (meta.get("n_classes_"), "softmax")}
    kinds["multilabel-indicator"] = (meta["n_outputs_"], "sigmoid")
    size, activation = kinds.get(meta["target_type_"], (meta["n_outputs_"], "linear"))
    return keras.Model(inputs, keras.layers.Dense(size, activation=activation)(state))


ROUNDED = "some processors round float32 differently beside other samples: see test_samples_are_independent"
EXPECTED_FAILURES = {
    "check_methods_sample_order_invariance": ROUNDED,
    "check_methods_subset_invariance": ROUNDED,
    "check_sample_weight_equivalence_on_dense_data": (
        "a sample that is given twice falls into other batches than one of weight two"
    ),
}
ROUTED = {
    "check_do_not_raise_errors_in_init_or_set_params": "it passes the name of **routed as if it were a parameter",
}
ESTIMATORS = [
    LSTMRegressor(8, learning_rate=0.03, random_state=0),
    LSTMClassifier(8, learning_rate=0.03, random_state=0),
    LSTMAutoencoder(8, latent_dim=2, random_state=0),
    KerasRegressor(perceptron, optimizer=keras.optimizers.Adam(0.03), target_scaler="standard", random_state=0),
    KerasClassifier(perceptron, optimizer=keras.optimizers.Adam(0.03), random_state=0),
]
# Together they meet all code that the five share: a built-in network and any network, numbers and labels.
IN_THE_GATE = (LSTMRegressor, KerasClassifier)
# Checks that ask how well an estimator has learned, and the epochs that they need. One epoch is enough for the others.
EPOCHS = {
    "check_classifiers_train": 30,
    "check_regressors_train": 30,
    "check_class_weight_classifiers": 30,
}


def cases():
    """Yield estimators and checks, with marks for the failures that are expected and for nightly runs."""
    for estimator in ESTIMATORS:
        routed = isinstance(estimator, (KerasRegressor, KerasClassifier))
        failures = EXPECTED_FAILURES | (ROUTED if routed else {})
        nightly = [] if isinstance(estimator, IN_THE_GATE) else [pytest.mark.nightly]
        for case in estimator_checks_generator(estimator, expected_failed_checks=failures, mark="xfail"):
            expected = getattr(case, "marks", ())
            yield pytest.param(*getattr(case, "values", case), marks=[*expected, *nightly])


def name(value):
    """Name of an estimator or a check, the same in every process."""
    if not hasattr(value, "func"):
        return type(value).__name__
    given = ",".join(f"{key}={value}" for key, value in value.keywords.items())
    return f"{value.func.__name__}({given})"


@pytest.mark.parametrize(("estimator", "check"), list(cases()), ids=name)
def test_scikit_learn_checks(estimator, check):
    """Each estimator passes scikit-learn's checks, except the failures that are expected."""
    check(clone(estimator).set_params(epochs=EPOCHS.get(check.func.__name__, 1)))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name)
def test_samples_are_independent(estimator):
    """A sample gets the same output alone, among others and in any order, up to the last digits of float32."""
    X = np.random.default_rng(0).normal(size=(30, 3))
    fitted = clone(estimator).set_params(epochs=2).fit(X, (X[:, 0] > 0).astype(int))
    order = np.random.default_rng(1).permutation(30)
    for method in ("predict", "transform", "decision_function", "score_samples", "predict_proba"):
        if hasattr(fitted, method):
            ask = getattr(fitted, method)
            together, one_by_one = ask(X), np.concatenate([ask(X[k : k + 1]) for k in range(30)])
            np.testing.assert_allclose(one_by_one, together, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(ask(X[order]), together[order], rtol=1e-5, atol=1e-6)
