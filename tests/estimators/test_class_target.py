"""Labels of a classifier become targets, and outputs become labels, shown by networks that need no training."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from known_networks import certain
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.utils.class_weight import compute_sample_weight

from sklstm import KerasClassifier, LSTMClassifier
from sklstm.networks import vanilla

N_STEPS = 3
POOLS = {
    "text": np.array(["a", "bb", "ccc"]),
    "objects": np.array(["a", "bb", "ccc"], dtype=object),
    "integers": np.array([-4, 7, 90]),
    "integers as objects": np.array([-4, 7, 90], dtype=object),
    "floats": np.array([1.0, 2.0, 5.0], dtype=np.float32),
    "booleans": np.array([False, True]),
}
# Axes of y behind the samples; a label for each of three time steps has an output for each.
SHAPES = [(), (2,), (N_STEPS,), (N_STEPS, 1)]
CODES = np.array([2, 0, 1, 1, 2, 0, 0, 1, 2] * 3)
TEXT_AND_NUMBERS = pd.DataFrame({"word": ["a", "b", "a"], "number": [5, 5, 6], "answer": [True, False, True]})


def classifier(units, activation="softmax", **params):
    """A classifier whose network is certain of what X indicates."""
    params = {"model": certain, "model__units": units, "model__activation": activation, "random_state": 0} | params
    return KerasClassifier(**params)


def indicators(y):
    """One-hot X of the labels of y; columns of labels stand side by side."""
    labels = sorted(set(y.ravel().tolist()))
    codes = np.array([labels.index(label) for label in y.ravel().tolist()]).reshape(y.shape)
    X = np.eye(len(labels))[codes]
    if y.shape[1:] == (2,):
        return X.reshape(len(y), -1)
    return X.reshape(*y.shape[:2], -1) if y.ndim == 3 else X


# --- there and back -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_there_and_back(shape):
    """A network that is certain of the labels predicts them, in their own type and shape."""
    for name, labels in POOLS.items():
        y = labels[CODES[: 9 * int(np.prod(shape))] % len(labels)].reshape(9, *shape)
        if name == "booleans" and shape == (2,):
            # Two labels of 0 and 1 side by side.
            predicted = classifier([2], "sigmoid").initialize(2.0 * y - 1, y).predict(2.0 * y - 1)
        else:
            X, n_columns = indicators(y), 2 if shape == (2,) else 1
            predicted = classifier(n_columns * [len(labels)]).initialize(X, y).predict(X)
        assert_array_equal(predicted, y)
        # Numbers that came as objects come back as numbers.
        assert predicted.dtype == y.dtype or predicted.dtype.kind == np.array(y.tolist()).dtype.kind


@pytest.mark.parametrize("shape", [(), (2,), (N_STEPS,)], ids=str)
def test_targets_are_what_comes_back(shape):
    """Targets are what the network predicts: a network that is certain of the labels has no loss."""
    y = POOLS["text"][CODES[: 9 * int(np.prod(shape))]].reshape(9, *shape)
    model = classifier((2 if shape == (2,) else 1) * [3])
    assert model.fit(indicators(y), y).history_["loss"][0] < 1e-5
    if not shape:
        # A loss may take indicators of the classes.
        model.set_params(loss="categorical_crossentropy").fit(indicators(y), y)
        assert model.history_["loss"][0] < 1e-5


@pytest.mark.parametrize("shape", [(), (N_STEPS,)], ids=str)
def test_two_classes_by_one_unit(shape):
    """One unit is the probability of the second of two classes."""
    y = np.array(["no", "yes"])[CODES[: 9 * int(np.prod(shape))] % 2].reshape(9, *shape)
    X = (2.0 * (y == "yes") - 1)[..., None]
    model = classifier([1], "sigmoid").fit(X, y)
    assert model.history_["loss"][0] < 1e-5
    assert_array_equal(model.predict(X), y)
    if not shape:
        # The logarithm of what is impossible stays finite.
        assert np.isfinite(model.decision_function(X)).all()


@pytest.mark.parametrize("shape", [(9, 3), (3, N_STEPS, 3)], ids=str)
def test_flags_there_and_back(shape):
    """Labels of 0 and 1 side by side come back in their own type, also those of each time step."""
    for flags in (np.int64, np.float32, bool):
        y = (CODES > 0).reshape(shape).astype(flags)
        model = classifier([3], "sigmoid").initialize(2.0 * y - 1, y)
        predicted = model.predict(2.0 * y - 1)
        assert_array_equal(predicted, y)
        assert predicted.dtype == flags
    assert model.fit(2.0 * y - 1, y).history_["loss"][0] < 1e-5


def test_columns_of_text_and_of_numbers():
    """Columns of a table keep their own types side by side."""
    y = TEXT_AND_NUMBERS
    X = np.concatenate([indicators(y[name].to_numpy()) for name in y], axis=1)
    predicted = classifier([2, 2, 2]).initialize(X, y).predict(X)
    assert predicted.tolist() == y.to_numpy().tolist()
    assert [type(value) for value in predicted[0]] == [str, int, bool]


# --- weights and probabilities --------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_labels_weigh_nothing(missing):
    """Where classes have weights, a label that is missing at a time step has none."""
    y = np.array([["a", "b", missing], ["b", missing, "a"]], dtype=object)
    X = np.eye(2)[(y == "b").astype(int)]
    X[y == missing] = np.nan
    X[0, 2] = X[1, 1] = np.nan
    model = classifier([2], class_weight={"a": 2, "b": 3}).fit(X, y)
    # The network is not certain of these: at log(2), they would be seen.
    assert model.history_["loss"][0] < 1e-5


@pytest.mark.parametrize("columns", [[list("aab"), list("xyy")], [[0, 1, 1], [0, 0, 0]]], ids=["text", "flags"])
def test_weights_of_several_columns_are_those_of_scikit_learn(columns):
    """A sample weighs the product over its columns, one that never changes among them."""
    y = np.array(columns).T
    X = np.random.default_rng(0).normal(size=(3, 4 if y.dtype.kind == "U" else 2))
    model = classifier([2, 2] if y.dtype.kind == "U" else [2], "softmax" if y.dtype.kind == "U" else "sigmoid")
    expected = model.fit(X, y, sample_weight=compute_sample_weight("balanced", y)).network_.weights
    for one, other in zip(model.set_params(class_weight="balanced").fit(X, y).network_.weights, expected, strict=True):
        assert_array_equal(one, other)


def test_probabilities_against_loops():
    """Probabilities of scores add up to 1 in double precision, and those of flags do not compete."""
    scores = np.random.default_rng(0).normal(scale=1000, size=(6, 3)).astype(np.float32)
    loss = {"model__gain": 1.0, "loss__from_logits": True}
    model = classifier([3], "linear", loss="sparse_categorical_crossentropy", **loss).initialize(scores, list("abcabc"))
    probabilities = model.predict_proba(scores)
    for row, given in zip(probabilities, scores.astype(float), strict=True):
        exponents = [np.exp(score - given.max()) for score in given]
        assert_allclose(row, np.array(exponents) / sum(exponents))
    rounded = classifier([3], model__gain=0.002).initialize(scores, list("abcabc")).predict_proba(scores)
    assert_allclose(rounded.sum(axis=1), 1, rtol=1e-15)
    far = np.array([[-1000.0], [0.0], [1000.0]])
    binary = classifier([1], "linear", loss="binary_crossentropy", **loss).initialize(far, list("aba"))
    assert binary.predict_proba(far).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    flags = classifier([2], "linear", loss="binary_crossentropy", **loss).initialize(np.zeros((2, 2)), [[0, 1], [1, 1]])
    assert_allclose(flags.predict_proba(np.zeros((1, 2))), [[0.5, 0.5]])


# --- kinds and classes ----------------------------------------------------------------------------


def test_kinds_are_those_of_scikit_learn():
    """The builder of an LSTMClassifier gets the kind of y and its classes in scikit-learn's words."""
    seen = []

    def build(meta):
        seen.append((meta["target_type_"], meta["n_classes_"], meta["n_outputs_"]))
        return vanilla(meta, units=1)

    for y in (["b", "a", "a"], [3, 1, 2], [[0, 1], [1, 1], [0, 0]], [["a", "x"], ["b", "y"], ["c", "x"]]):
        LSTMClassifier(architecture=build).initialize(np.ones((3, N_STEPS, 1)), np.array(y))
    assert seen == [
        ("binary", 2, 1),
        ("multiclass", 3, 1),
        ("multilabel-indicator", 2, 2),
        ("multiclass-multioutput", [3, 2], 2),
    ]


def test_one_set_of_classes_for_all_columns():
    """`classes` is one set for all columns, or a list of one for each."""
    y = np.array([["a", "b"], ["a", "c"]])
    model = classifier([3, 3]).partial_fit(np.zeros((2, 6)), y, classes=list("abc"))
    assert [labels.tolist() for labels in model.classes_] == [list("abc"), list("abc")]
    assert refused(classifier([3, 3]).partial_fit, np.zeros((2, 6)), y, classes=[["a", "b"]]) == snapshot(
        "KerasClassifier got classes for 1 columns, and y with 2. Pass the labels of each column of y, or one list of "
        "labels for all."
    )


# --- further training -----------------------------------------------------------------------------


def test_labels_of_other_columns_are_unknown():
    """A label of another column raises an error."""
    y = np.array([["a", "x"], ["b", "y"], ["c", "z"]])
    model = classifier([3, 3]).initialize(np.zeros((3, 6)), y)
    assert model.partial_fit(np.zeros((1, 6)), np.array([["b", "x"]])).n_iter_ == 1
    with pytest.raises(ValueError, match="got the label 'x' in y, which is none of its classes: 'a', 'b', 'c'"):
        model.partial_fit(np.zeros((1, 6)), np.array([["x", "x"]]))


def test_time_steps_share_their_labels():
    """A label of one time step may occur at another one in further training."""
    y = np.array([["a", "b", "a"], ["a", "b", "c"]])
    model = classifier([3]).initialize(indicators(y), y)
    later = np.array([["c", "c", "b"]])
    X = np.eye(3)[[[2, 2, 1]]]
    assert model.partial_fit(X, later).history_["loss"][0] < 1e-5
    assert_array_equal(model.predict(X), later)


def test_another_shape_in_further_training():
    """Further training with another number of columns raises an error."""
    model = classifier([2, 2]).initialize(np.zeros((2, 4)), np.array([["a", "x"], ["b", "y"]]))
    assert refused(model.partial_fit, np.zeros((2, 4)), ["a", "b"]) == snapshot(
        "KerasClassifier was fitted on y of shape ('n_samples', 2), got shape (2,). Pass y of the same shape, or call "
        "fit to begin anew."
    )


# --- errors ---------------------------------------------------------------------------------------


def test_labels_of_several_types():
    """Labels of several types raise an error."""
    y = np.array(["a", 1], dtype=object)
    assert refused(classifier([2]).fit, np.eye(2), y, error=TypeError) == snapshot(
        "KerasClassifier got labels of several types in y: int, str. Make them one: y.astype(str)."
    )


def test_y_and_outputs_must_have_the_same_time_steps():
    """A network with outputs for each time step takes a label for each, of one type."""
    words, X = np.array([["a", "b"], ["b", "a"]]), np.zeros((2, N_STEPS, 2))
    assert refused(classifier([2]).fit, X, words) == snapshot(
        "KerasClassifier: the network has an output for each of 3 time steps, got y of shape (2, 2). Pass y of shape "
        "(n_samples, 3), a label for each time step."
    )
    assert refused(classifier([2]).fit, X[:, :2], np.stack([words, words], axis=2)) == snapshot(
        "KerasClassifier: the network chooses one label for each time step, got y of shape (2, 2, 2) with 2 for each. "
        "Fit an estimator for each of them."
    )
    mixed = pd.DataFrame({"first": ["a", "b"], "second": [1, 2]})
    assert refused(classifier([2]).fit, X[:, :2], mixed, error=TypeError) == snapshot(
        "KerasClassifier: the time steps of y share their labels, got text and numbers. Make them one type: "
        "y.astype(str)."
    )


def test_a_column_of_one_class():
    """A column of one class raises an error that names it."""
    assert refused(classifier([2, 1]).fit, np.zeros((2, 3)), np.array([["a", "x"], ["b", "x"]])) == snapshot(
        "KerasClassifier got one class in column 1 of y, 'x': there is nothing to tell apart. Drop the column."
    )


def test_labels_may_be_missing_where_nothing_was_observed():
    """A label is missing only where the network has an output for a time step that was not observed."""
    y = np.array([["a", "b", None], ["b", "a", "a"], ["a", "a", "b"]], dtype=object)
    X = np.ones((3, N_STEPS, 2))
    X[0, 2] = np.nan
    assert classifier([2]).initialize(X, y).classes_.tolist() == ["a", "b"]
    assert refused(classifier([2]).initialize, np.ones((3, N_STEPS, 2)), y) == snapshot(
        "KerasClassifier got NaN in y at row 0, column 2: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )
    # Here labels are columns of a sample.
    with pytest.raises(ValueError, match="got NaN in y at row 0, column 2"):
        LSTMClassifier(1).initialize(X, y)
