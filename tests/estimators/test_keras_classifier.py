"""KerasClassifier: labels of any kind, with any builder."""

import pickle

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiling, perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
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


# --- what y may be --------------------------------------------------------------------------------


def test_learns_to_tell_classes_apart():
    """A few dozen epochs tell three classes apart, better than the most frequent one does."""
    model = small(optimizer="adam", optimizer__learning_rate=0.1, epochs=30).fit(X, COLOURS)
    assert model.score(X, COLOURS) == accuracy_score(COLOURS, model.predict(X)) > 0.9
    assert is_classifier(model)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (SIDES, {"target_type_": "binary", "classes_": ["left", "right"], "n_classes_": 2}),
        (COLOURS, {"target_type_": "multiclass", "classes_": ["blue", "green", "red"], "n_classes_": 3}),
        (FLAGS, {"target_type_": "multilabel-indicator", "classes_": [0, 1, 2], "n_classes_": 3, "n_outputs_": 3}),
    ],
    ids=["binary", "multiclass", "multilabel"],
)
def test_meta_speaks_as_scikeras_does(target, said):
    """A builder is told of labels in the words of scikeras."""
    told = {}

    def build(meta):
        told.update(meta)
        return perceptron(meta)

    small(build).initialize(X, target)
    usual = {"X_shape_": (40, 3), "n_features_in_": 3, "n_outputs_": 1, "n_outputs_expected_": 1}
    expected = usual | said | {"y_dtype_": target.dtype, "y_ndim_": target.ndim}
    assert {name: told[name] for name in expected if name != "classes_"} | {
        "classes_": list(told["classes_"])
    } == expected


def test_meta_of_several_columns():
    """Of columns of labels a builder is told the labels of each."""
    told = {}

    def build(meta):
        told.update(meta)
        return perceptron(meta)

    small(build).initialize(X, COLUMNS)
    assert told["target_type_"] == "multiclass-multioutput"
    assert [list(labels) for labels in told["classes_"]] == [["blue", "green", "red"], ["blue", "white"]]
    assert (told["n_classes_"], told["n_outputs_"], told["n_outputs_expected_"]) == ([3, 2], 2, 2)


@pytest.mark.parametrize("builder", [perceptron, compiling])
@pytest.mark.parametrize(
    ("target", "shape"), [(SIDES, (40, 2)), (COLOURS, (40, 3)), (FLAGS, (40, 3))], ids=["binary", "classes", "flags"]
)
def test_one_output(target, shape, builder):
    """Predictions are labels of the kind that was given, and probabilities follow classes_."""
    model = small(builder, epochs=1).fit(X, target)
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
    """Of several columns of labels each has its own output and its own labels."""
    model = small(epochs=1).fit(X, COLUMNS)
    assert model.predict(X).shape == (40, 2)
    assert [p.shape for p in model.predict_proba(X)] == [(40, 3), (40, 2)]
    assert set(model.predict(X)[:, 1]) <= {"blue", "white"}


def test_windows():
    """Windows are told apart by a network of sklstm."""
    model = small(networks.vanilla, model__units=2, epochs=1).fit(WINDOWS, COLOURS)
    assert model.predict(WINDOWS[:, 1:]).shape == (40,)


def test_an_output_that_cannot_tell_the_classes_apart():
    """The units of the last layer are as many as there are classes."""

    def two_units():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])

    assert refused(small(two_units).fit, X, COLOURS) == snapshot(
        "KerasClassifier: y has 3 classes, got a network with an output of 2 units. Use 3 units with softmax."
    )


# --- losses and weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["categorical_crossentropy", keras.losses.CategoricalCrossentropy])
def test_losses_of_indicators_and_of_codes(fitted, loss):
    """The loss decides whether the network sees codes or indicators: both teach the same."""
    assert_allclose(small(loss=loss).fit(X, COLOURS).predict_proba(X), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_scores_in_place_of_probabilities(fitted):
    """A linear output with loss__from_logits=True gives probabilities all the same."""

    def scores(meta):
        model = perceptron(meta)
        model.layers[-1].activation = keras.activations.linear
        return model

    loss = {"loss": "sparse_categorical_crossentropy", "loss__from_logits": True}
    model = small(scores, **loss).fit(X, COLOURS)
    assert_allclose(model.predict_proba(X), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_metrics(fitted):
    """Metrics are watched in the terms of labels."""
    model = small(metrics=["accuracy"], epochs=1).fit(X, COLOURS)
    assert 0 <= model.history_["accuracy"][0] <= 1
    columns = small(metrics=["accuracy"], epochs=1).fit(X, COLUMNS)
    assert sum("accuracy" in name for name in columns.history_) == 2


def test_class_weight():
    """Weights of classes are weights of their samples, and "balanced" those of scikit-learn."""
    rare = np.where(TARGETS[:, 1] > 1, "rare", "usual")
    plain = small().fit(X, rare)
    weights = compute_sample_weight("balanced", rare)
    by_hand = {name: weights[rare == name][0] for name in ("rare", "usual")}
    expected = small().fit(X, rare, sample_weight=weights).predict_proba(X)
    assert not np.allclose(expected, plain.predict_proba(X))
    for class_weight in ("balanced", by_hand):
        model = small(class_weight=class_weight).fit(X, rare)
        assert_allclose(model.predict_proba(X), expected, rtol=1e-4, atol=1e-6)


# --- going on -------------------------------------------------------------------------------------


def test_partial_fit_takes_all_classes_at_first():
    """The first call names all classes, where its samples do not show each of them."""
    some = COLOURS != "red"
    model = small().partial_fit(X[some], COLOURS[some], classes=np.unique(COLOURS))
    assert model.partial_fit(X, COLOURS).n_iter_ == 2
    assert model.predict_proba(X).shape == (40, 3)


def test_copies(fitted):
    """A clone refits to the same bits, and a pickle predicts them."""
    expected = fitted.predict_proba(X)
    assert_array_equal(clone(fitted).fit(X, COLOURS).predict_proba(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected)
