"""LSTMClassifier: weights, losses, validation and partial_fit."""

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from sklstm import Architecture, KerasClassifier, LSTMClassifier
from sklstm.model_selection import TimeTail

N = 36
CODES = np.arange(N) % 3
WORDS = np.array(["low", "mid", "top"])


def small(**params):
    return LSTMClassifier(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


@pytest.fixture(scope="module")
def X():
    """Sequences of shape (36, 4, 2), whose level is their class."""
    return np.random.default_rng(0).normal(size=(N, 4, 2)) + CODES[:, None, None]


@pytest.fixture(scope="module")
def fitted(X):
    """Classifier fitted on three words."""
    return small().fit(X, WORDS[CODES])


# --- weights --------------------------------------------------------------------------------------


def test_balanced_is_scikit_learns_sample_weight(X):
    """class_weight gives the same bits as sample_weight from scikit-learn's compute_sample_weight."""
    y = WORDS[np.minimum(CODES, np.arange(N) % 2)]
    for weights in ("balanced", {"low": 1.0, "mid": 3.0}):
        by_class = small(class_weight=weights).fit(X, y)
        by_sample = small().fit(X, y, sample_weight=compute_sample_weight(weights, y))
        assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    both = small(class_weight="balanced").fit(X, y, sample_weight=np.arange(1, N + 1))
    product = small().fit(X, y, sample_weight=compute_sample_weight("balanced", y) * np.arange(1, N + 1))
    assert_allclose(both.predict_proba(X), product.predict_proba(X), rtol=1e-6)


def test_samples_without_weight_do_not_count(X):
    """The label of a sample with weight 0 changes no bit."""
    y, weights = WORDS[CODES], (np.arange(N) % 4 > 0).astype(float)
    wrong = np.where(weights > 0, y, "low")
    right, other = (small().fit(X, labels, sample_weight=weights).predict_proba(X) for labels in (y, wrong))
    assert_array_equal(right, other)


def test_class_weight_of_several_columns(X):
    """One dict holds the weights of the labels of all columns; a sample has their product."""
    y = np.stack([WORDS[CODES], np.array(["no", "yes"])[CODES % 2]], axis=1)
    by_class = small(class_weight={"low": 2.0, "yes": 3.0}).fit(X, y)
    product = [2.0 ** (first == "low") * 3.0 ** (second == "yes") for first, second in y]
    by_sample = small().fit(X, y, sample_weight=product)
    for one, other in zip(by_class.predict_proba(X), by_sample.predict_proba(X), strict=True):
        assert_array_equal(one, other)


def test_class_weight_of_an_unknown_label(X):
    """class_weight raises an error for a label that is not in y."""
    assert refused(small(class_weight={"lwo": 2}).fit, X, WORDS[CODES]) == snapshot(
        "LSTMClassifier got a class_weight for 'lwo', which is no class of y: 'low', 'mid', 'top'. Name classes as "
        "they stand in y."
    )


# --- partial_fit ----------------------------------------------------------------------------------


def test_partial_fit_takes_all_classes_at_first(X):
    """The first call takes all classes, whatever the length of their names."""
    y = WORDS[CODES]
    model = small(learning_rate=0.1)
    model.partial_fit(X[y != "top"], np.where(y == "mid", "m", "l")[y != "top"], classes=["l", "m", "top"])
    assert model.classes_.tolist() == ["l", "m", "top"]
    for _ in range(10):
        model.partial_fit(X, np.where(y == "top", "top", "l"))
    assert "top" in model.predict(X)
    assert model.n_iter_ == 11
    assert refused(model.partial_fit, X, y) == snapshot(
        "LSTMClassifier got the label 'low' in y, which is none of its classes: 'l', 'm', 'top'. The first call of "
        "partial_fit takes all of them as classes=; fit begins anew."
    )
    assert refused(model.partial_fit, X[:2], ["l", "m"], classes=["l", "m", "n"]) == snapshot(
        "LSTMClassifier got the label 'n' in y, which is none of its classes: 'l', 'm', 'top'. The first call of "
        "partial_fit takes all of them as classes=; fit begins anew."
    )


def test_partial_fit_of_several_columns(X):
    """Classes is a list with the classes of each column, and predicted labels keep their whole length."""
    y = np.stack([WORDS[CODES], np.array(["n", "yes"])[CODES % 2]], axis=1)
    short = np.isin(y, ["low", "mid", "n"]).all(axis=1)
    model = small(learning_rate=0.1).partial_fit(X[short], y[short], classes=[["low", "mid", "top"], ["n", "yes"]])
    for _ in range(10):
        model.partial_fit(X, np.where(y == "n", "yes", y))
    assert "yes" in model.predict(X)[:, 1]
    with pytest.raises(ValueError, match="LSTMClassifier got the label 'n' in y"):
        model.partial_fit(X, y[:, ::-1])


def test_balance_needs_every_class_to_train_on(X):
    """class_weight="balanced" needs samples of each class."""
    assert refused(small(class_weight="balanced").partial_fit, X[:1], ["low"], classes=["low", "mid"]) == snapshot(
        "LSTMClassifier(class_weight='balanced') weighs classes by how often they occur, got no sample to train on of "
        "'mid'. Pass class_weight as a dict of labels and weights."
    )


# --- losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(name="mine"),
        keras.losses.SparseCategoricalCrossentropy(name="mine"),
    ],
)
def test_cross_entropies_are_one(X, fitted, loss):
    """Dense and sparse categorical cross-entropy train the same network."""
    assert_allclose(small(loss=loss).fit(X, WORDS[CODES]).predict_proba(X), fitted.predict_proba(X), rtol=1e-5)


def test_two_classes_by_softmax(X):
    """Two classes may have two units with softmax, and the loss follows."""
    softmax = Architecture(output_activation="softmax")
    model = small(architecture=softmax).fit(X, CODES > 1)
    assert model.model_.output_shape == (None, 2)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    dense = small(architecture=softmax, loss="categorical_crossentropy").fit(X, CODES > 1)
    assert model.history_["loss"][0] == pytest.approx(dense.history_["loss"][0])


@pytest.mark.parametrize(
    ("y", "units", "activation", "loss"),
    [
        (CODES > 1, 1, "sigmoid", keras.losses.BinaryCrossentropy),
        (CODES > 1, 2, "softmax", keras.losses.SparseCategoricalCrossentropy),
        (WORDS[CODES], 3, "softmax", keras.losses.CategoricalCrossentropy),
        (np.stack([CODES > 0, CODES > 1, CODES > 0], axis=1), 3, "sigmoid", keras.losses.BinaryCrossentropy),
    ],
)
def test_scores_in_place_of_probabilities(X, y, units, activation, loss):
    """With loss__from_logits predict_proba converts the scores of the network as the loss does."""

    def build(last):
        layers = [keras.Input((4, 2)), keras.layers.Flatten(), keras.layers.Dense(units, activation=last)]
        return keras.Sequential(layers)

    params = {"model": build, "loss": loss, "random_state": 0, "epochs": 3}
    usual = KerasClassifier(**params, model__last=activation)
    scores = KerasClassifier(**params, model__last="linear", loss__from_logits=True)
    expected, probabilities = (model.fit(X, y).predict_proba(X) for model in (usual, scores))
    assert_allclose(probabilities, expected, rtol=1e-4)
    assert_array_equal(usual.predict(X), scores.predict(X))


# --- validation -----------------------------------------------------------------------------------


def test_validation_samples_of_a_class_that_is_not_trained_on(X):
    """A class that is in the validation samples only is an error, and the remedies of its message work."""
    y = np.sort(WORDS[CODES])
    model = small(epochs=1, validation=TimeTail(0.4, gap=0))
    assert refused(model.fit, X, y) == snapshot(
        "LSTMClassifier(validation=0.4) keeps the samples at the end for validation, and they hold a class that no sample to train on is of: 'top'. Lower validation or drop it; shuffle samples that are no windows of a series."
    )
    order = np.random.default_rng(0).permutation(N)
    shuffled = small(epochs=1, validation=TimeTail(0.4, gap=0)).fit(X[order], y[order])
    assert "val_loss" in shuffled.history_
    assert "val_loss" in small(epochs=1, validation=TimeTail(0.1, gap=0)).fit(X, y).history_
    assert "val_loss" not in small(epochs=1).fit(X, y).history_


def test_class_in_the_validation_gap(X):
    """A class whose training samples all lie in the validation gap is an error too."""
    y = np.array(["low", "mid"])[CODES % 2]
    y[29:32] = "top"
    with pytest.raises(ValueError, match=r"they hold a class that no sample to train on is of: 'top'\."):
        small(validation=TimeTail(0.1, gap=3)).fit(X, y)
    assert "val_loss" in small(epochs=1, validation=TimeTail(0.1, gap=0)).fit(X, y).history_


def test_partial_fit_without_a_class(X):
    """partial_fit takes samples that lack a class of earlier calls."""
    y = WORDS[CODES]
    model = small(validation=0.2).partial_fit(X, y)
    assert len(model.partial_fit(X, np.sort(y)).history_["val_loss"]) == 2


def test_balance_does_not_look_at_validation_samples(X):
    """class_weight="balanced" does not depend on labels of validation samples."""
    y = WORDS[CODES]
    changed = y.copy()
    changed[32:] = "low"
    model = small(class_weight="balanced", validation=TimeTail(0.1, gap=0))
    assert_array_equal(model.fit(X, y).predict_proba(X), clone(model).fit(X, changed).predict_proba(X))
