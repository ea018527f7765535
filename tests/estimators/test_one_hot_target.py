"""Classes in columns: rows of 0 and 1 that hold one 1 each."""

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS

from sklstm import Architecture, KerasClassifier, LSTMClassifier

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3, 1))
CODES = RNG.integers(0, 3, N)
Y = np.eye(3)[CODES]


def small(**params):
    return LSTMClassifier(UNITS, epochs=EPOCHS, random_state=0, **params)


def dense(meta, activation="softmax"):
    inputs = keras.Input(meta["X_shape_"][1:])
    units = meta["n_classes_"] if meta["target_type_"] == "multiclass-onehot" else meta["n_outputs_"]
    return keras.Model(inputs, keras.layers.Dense(units, activation=activation)(keras.layers.Flatten()(inputs)))


def test_is_the_same_as_labels():
    """Classes in columns are learned as their positions are, and predicted as columns."""
    by_columns, by_label = small().fit(X, Y), small().fit(X, CODES)
    assert_array_equal(by_columns.classes_, [0, 1, 2])
    assert by_columns.n_classes_ == 3
    assert_allclose(by_columns.predict_proba(X), by_label.predict_proba(X), rtol=1e-6)
    predicted = by_columns.predict(X)
    assert predicted.dtype == Y.dtype
    assert_array_equal(predicted, np.eye(3)[by_label.predict(X)])
    assert by_columns.score(X, Y) == pytest.approx(by_label.score(X, CODES))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy", None])
def test_any_network(loss):
    """A network that ends in softmax learns classes in columns, by either crossentropy."""
    model = KerasClassifier(dense, loss=loss, random_state=0).fit(X, Y)
    assert_array_equal(model.predict(X).sum(axis=1), 1)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_sigmoid_means_labels_side_by_side():
    """With sigmoid, each column is a label by itself, whatever the rows of fit hold."""
    builder = KerasClassifier(dense, model__activation="sigmoid", random_state=0).fit(X, Y)
    assert builder.predict_proba(X).sum(axis=1).std() > 0
    built_in = small(architecture=Architecture(output_activation="sigmoid")).fit(X, Y)
    assert (built_in.predict(X).sum(axis=1) != 1).any() or built_in.predict_proba(X).sum(axis=1).std() > 0
    both = np.where(np.arange(N)[:, None] == 0, 1.0, Y)
    assert small().fit(X, both).predict_proba(X).sum(axis=1).std() > 0


def test_a_class_that_is_absent():
    """A column without a 1 is a class that no sample is of."""
    absent = np.column_stack([Y, np.zeros(N)])
    assert small().fit(X, absent).predict_proba(X).shape == (N, 4)


def test_class_weight():
    """Weights of classes go by the position of their column."""
    weights = {0: 3.0, 2: 0.5}
    by_columns = small(class_weight=weights).fit(X, Y).predict_proba(X)
    assert_allclose(by_columns, small(class_weight=weights).fit(X, CODES).predict_proba(X), rtol=1e-6)


def test_other_rows_later():
    """Rows with several 1s later raise an error that names the sample."""
    model = small().fit(X, Y)
    several = Y.copy()
    several[3] = [1, 1, 0]
    assert refused(model.partial_fit, X, several) == snapshot(
        "LSTMClassifier was fitted on rows of y with one 1 each, its class, got [1.0, 1.0, 0.0] for sample 3. For labels side by side pass Architecture(output_activation='sigmoid'), or a network that ends in sigmoid, and call fit."
    )
