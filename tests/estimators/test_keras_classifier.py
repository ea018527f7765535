"""KerasClassifier: labels of any type, with any builder."""

import pickle

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiling, perceptron
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight

from sklstm import KerasClassifier, networks

X = TABLE
CODES = np.digitize(TARGETS[:, 1], [-0.5, 0.5])
SIDES = np.array(["left", "right"])[(TARGETS[:, 1] > 0.4).astype(int)]
COLOURS = np.array(["blue", "green", "red"])[CODES]
FLAGS = (TARGETS > 0).astype(int)
COLUMNS = np.stack([COLOURS, np.where(SIDES == "left", "blue", "white")], axis=1)


def small(model=perceptron, **params):
    return KerasClassifier(model, **({"epochs": 2, "random_state": 0} | params))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, COLOURS)


# --- types of y ---------------------------------------------------------------------------------


def test_learns_to_tell_classes_apart():
    """A few dozen epochs tell three classes apart."""
    model = small(optimizer="adam", optimizer__learning_rate=0.1, epochs=30).fit(X, COLOURS)
    assert model.score(X, COLOURS) == accuracy_score(COLOURS, model.predict(X)) > 0.9
    assert is_classifier(model)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (SIDES, {"target_type_": "binary", "classes_": ["left", "right"], "n_classes_": 2}),
        (COLOURS, {"target_type_": "multiclass", "classes_": ["blue", "green", "red"], "n_classes_": 3}),
        (FLAGS, {"target_type_": "multilabel-indicator", "classes_": [0, 1, 2], "n_classes_": 3, "n_outputs_": 3}),
        (
            COLUMNS,
            {
                "target_type_": "multiclass-multioutput",
                "classes_": [["blue", "green", "red"], ["blue", "white"]],
                "n_classes_": [3, 2],
                "n_outputs_": 2,
                "n_outputs_expected_": 2,
            },
        ),
    ],
    ids=["binary", "multiclass", "multilabel", "columns"],
)
def test_meta_has_the_keys_of_scikeras(target, expected):
    """The meta of a builder describes labels by the keys of scikeras."""
    seen = {}

    def build(meta):
        seen.update(meta)
        return perceptron(meta)

    small(build).initialize(X, target)
    usual = {"X_shape_": (40, 3), "n_features_in_": 3, "n_outputs_": 1, "n_outputs_expected_": 1}
    expected = usual | {"y_dtype_": target.dtype, "y_ndim_": target.ndim} | expected
    seen["classes_"] = [np.ndarray.tolist(labels) if np.ndim(labels) else labels for labels in seen["classes_"]]
    assert {name: seen[name] for name in expected} == expected


@pytest.mark.parametrize("builder", [perceptron, compiling])
@pytest.mark.parametrize(
    ("target", "shape"), [(SIDES, (40, 2)), (COLOURS, (40, 3)), (FLAGS, (40, 3))], ids=["binary", "classes", "flags"]
)
def test_one_output(target, shape, builder):
    """Predictions are labels of the type of y, and probabilities are in the order of classes_."""
    model = small(builder, epochs=1)
    # What a builder compiles depends on the kind of y.
    model = model.fit(X, target) if builder is compiling else model.initialize(X, target)
    predicted, probabilities = model.predict(X), model.predict_proba(X)
    assert predicted.shape == target.shape
    assert predicted.dtype == target.dtype
    assert set(np.unique(predicted)) <= set(np.unique(target))
    assert probabilities.shape == shape
    assert len(model.classes_) == shape[1]
    if target.ndim == 1:
        assert_allclose(probabilities.sum(axis=1), 1)
        assert_array_equal(model.classes_[probabilities.argmax(axis=1)], predicted)
    else:
        assert_array_equal(probabilities > 0.5, predicted)


def test_several_outputs():
    """Each column of labels has its own output and its own labels."""
    model = small().initialize(X, COLUMNS)
    assert model.predict(X).shape == (40, 2)
    assert [p.shape for p in model.predict_proba(X)] == [(40, 3), (40, 2)]
    assert set(model.predict(X)[:, 1]) <= {"blue", "white"}


def test_windows():
    """Windows are classified by a network of sklstm."""
    model = small(networks.vanilla, model__units=2).initialize(WINDOWS, COLOURS)
    assert model.predict(WINDOWS[:, 1:]).shape == (40,)


# --- losses and weights ---------------------------------------------------------------------------


def test_losses_of_indicators_and_of_codes(fitted):
    """Losses of class codes and of indicators train the same weights."""
    model = small(loss=keras.losses.CategoricalCrossentropy).fit(X, COLOURS)
    assert_allclose(model.predict_proba(X), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_metrics():
    """Metrics compare labels."""
    model = small(metrics=["accuracy"], epochs=1).fit(X, COLOURS)
    assert 0 <= model.history_["accuracy"][0] <= 1
    columns = small(metrics=["accuracy"], epochs=1).fit(X, COLUMNS)
    assert sum("accuracy" in name for name in columns.history_) == 2


def test_class_weight():
    """Class weights are weights of the samples of a class, "balanced" those of scikit-learn."""
    rare = np.where(TARGETS[:, 1] > 1, "rare", "usual")
    plain = small().fit(X, rare)
    weights = compute_sample_weight("balanced", rare)
    by_hand = {name: weights[rare == name][0] for name in ("rare", "usual")}
    expected = small().fit(X, rare, sample_weight=weights).predict_proba(X)
    assert not np.allclose(expected, plain.predict_proba(X))
    for class_weight in ("balanced", by_hand):
        model = small(class_weight=class_weight).fit(X, rare)
        assert_allclose(model.predict_proba(X), expected, rtol=1e-4, atol=1e-6)


# --- further training ------------------------------------------------------------------------------------


def test_partial_fit_takes_all_classes_at_first():
    """The first call names all classes, also those that its samples do not hold."""
    some = COLOURS != "red"
    model = small().partial_fit(X[some], COLOURS[some], classes=np.unique(COLOURS))
    assert model.partial_fit(X, COLOURS).n_iter_ == 2
    assert model.predict_proba(X).shape == (40, 3)


def test_copies(fitted):
    """A clone refits to the same bits, and a pickle predicts them."""
    expected = fitted.predict_proba(X)
    assert_array_equal(clone(fitted).fit(X, COLOURS).predict_proba(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected)
