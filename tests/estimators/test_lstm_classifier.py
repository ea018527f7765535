import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score

from sklstm import Architecture, LSTMClassifier

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


@pytest.fixture(scope="module")
def padded(X):
    """Sequences, some without their first two time steps, and a label for each observed time step."""
    X, y = X.copy(), WORDS[np.stack([CODES, (CODES + 1) % 3, CODES, CODES], axis=1)].astype(object)
    X[:9, :2] = np.nan
    y[:9, :2] = None
    return X, y


# --- labels of any type ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (WORDS[CODES], ["low", "mid", "top"]),
        (WORDS[CODES].astype(object), ["low", "mid", "top"]),
        (WORDS[CODES].tolist(), ["low", "mid", "top"]),
        (pd.Series(pd.Categorical(WORDS[CODES])), ["low", "mid", "top"]),
        (pd.Series(WORDS[CODES], dtype="string", index=np.arange(N) + 7), ["low", "mid", "top"]),
        (pd.DataFrame({"level": WORDS[CODES]})["level"], ["low", "mid", "top"]),
        (10 * CODES - 5, [-5, 5, 15]),
        ((10 * CODES - 5).astype(object), [-5, 5, 15]),
        (pd.Series(CODES + 1, dtype="Int64"), [1, 2, 3]),
        ((CODES + 1).astype(np.float32), [1.0, 2.0, 3.0]),
        (CODES > 0, [False, True]),
        (WORDS[CODES // 2], ["low", "mid"]),
    ],
)
def test_labels_of_any_type(X, y, classes):
    """Predictions are the most probable labels, in the type of y."""
    model = small(epochs=1).fit(X, y)
    assert model.classes_.tolist() == classes
    assert model.n_classes_ == len(classes)
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == (N, len(classes))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(predicted, model.classes_[probabilities.argmax(axis=1)])
    right = [one == other for one, other in zip(predicted.tolist(), np.asarray(y).tolist(), strict=True)]
    assert model.score(X, y) == sum(right) / N


def test_learns_to_classify(X):
    """Forty epochs are enough to classify sequences of three levels."""
    model = LSTMClassifier(8, epochs=40, learning_rate=0.03, random_state=0).fit(X, WORDS[CODES])
    assert model.score(X, WORDS[CODES]) > 0.9
    assert is_classifier(model)


def test_weighted_score_is_that_of_scikit_learn(X, fitted):
    """Score with sample_weight equals scikit-learn's weighted accuracy."""
    y, weights = WORDS[CODES], np.linspace(0, 1, N)
    expected = accuracy_score(y, fitted.predict(X), sample_weight=weights)
    assert fitted.score(X, y, sample_weight=weights) == pytest.approx(expected)
    assert refused(fitted.score, X, y[:5]) == snapshot(
        "Found input variables with inconsistent numbers of samples: [5, 36]"
    )


# --- decisions ------------------------------------------------------------------------------------


def test_decision_function_agrees_with_predict(X, fitted):
    """decision_function has one column for two classes, and one per class for more; it agrees with predict."""
    scores = fitted.decision_function(X)
    assert_array_equal(fitted.classes_[scores.argmax(axis=1)], fitted.predict(X))
    assert_allclose(scores, np.log(fitted.predict_proba(X)))
    two = small().fit(X, CODES > 1)
    assert_array_equal(two.decision_function(X) > 0, two.predict(X))
    first, second = two.predict_proba(X).T
    assert_allclose(two.decision_function(X), np.log(second / first))


def test_several_labels_have_no_decision_function(X):
    """A multilabel classifier has no decision_function."""
    model = small(epochs=1).fit(X, np.stack([CODES > 0, CODES > 1], axis=1))
    assert not hasattr(model, "decision_function")
    with pytest.raises(AttributeError) as caught:
        model.decision_function(X)
    assert str(caught.value) == snapshot("This 'LSTMClassifier' has no attribute 'decision_function'")
    assert str(caught.value.__cause__) == snapshot(
        "LSTMClassifier has no decision_function where y has several labels to a sample. Use predict_proba."
    )


# --- several labels to a sample -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [int, bool, float])
def test_multi_label(X, dtype):
    """Each column of 0 and 1 has a probability; a sample counts as correct if all its labels are."""
    y = np.stack([CODES > 0, CODES < 2, CODES < 9], axis=1).astype(dtype)
    model = small().fit(X, y)
    assert model.classes_.tolist() == [0, 1, 2]
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == y.shape
    assert predicted.dtype == dtype
    assert_array_equal(predicted, probabilities > 0.5)
    right = [all(one == other) for one, other in zip(predicted, y, strict=True)]
    assert model.score(X, y) == sum(right) / N


@pytest.mark.parametrize("kind", [str, object, pd.DataFrame])
def test_columns_of_labels(X, kind):
    """Each column of labels has its own classes and probabilities; score is the share of correct labels."""
    y = np.stack([WORDS[CODES], np.array(["no", "yes"])[CODES % 2]], axis=1)
    y = pd.DataFrame({"level": y[:, 0], "answer": CODES % 2}) if kind is pd.DataFrame else y.astype(kind)
    model = small().fit(X, y)
    assert model.classes_[0].tolist() == ["low", "mid", "top"]
    assert model.n_classes_ == [3, 2]
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    for k, (labels, of_column) in enumerate(zip(model.classes_, probabilities, strict=True)):
        assert_allclose(of_column.sum(axis=1), 1, rtol=1e-12)
        assert predicted[:, k].tolist() == labels[of_column.argmax(axis=1)].tolist()
    right = [one == other for one, other in zip(predicted.ravel(), np.asarray(y).ravel(), strict=True)]
    assert model.score(X, y) == pytest.approx(sum(right) / (2 * N))


# --- a label for each time step -------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("weights", [None, "balanced"])
def test_labels_of_time_steps(padded, missing, weights):
    """Missing labels of time steps that were not observed count neither in training nor in the score."""
    X, y = padded
    y = np.where(y == None, missing, y)  # noqa: E711
    model = small(architecture="many_to_many", class_weight=weights).fit(X, y)
    assert model.classes_.tolist() == ["low", "mid", "top"]
    assert model.n_classes_ == 3
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == (N, 4, 3)
    assert_allclose(probabilities.sum(axis=2), 1, rtol=1e-12)
    observed = ~np.isnan(X[:, :, 0])
    assert_array_equal(predicted[observed], model.classes_[probabilities.argmax(axis=2)][observed])
    assert all(label is None for label in predicted[~observed])
    known = [(k, step) for k in range(N) for step in range(4) if y[k, step] in WORDS]
    right = [predicted[place] == y[place] for place in known]
    assert model.score(X, y) == pytest.approx(sum(right) / len(known))
    filled = np.where(pd.isna(y), "low", y)
    if weights is None:
        assert_array_equal(model.fit(X, filled).predict_proba(X), probabilities)


@pytest.mark.parametrize("pool", [np.array(["off", "on"]), np.array([0, 1]), np.array([4.0, 5.0])])
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_two_classes_of_time_steps(X, pool, activation):
    """Time steps of two classes work with sigmoid and with softmax."""
    y = pool[np.stack([CODES % 2] * 4, axis=1)]
    model = small(epochs=1, architecture="many_to_many", architecture=Architecture(output_activation=activation)).fit(
        X, y
    )
    assert model.predict_proba(X).shape == (N, 4, 2)
    assert_array_equal(model.predict(X), pool[model.predict_proba(X).argmax(axis=2)])
    assert model.predict(X).dtype == pool.dtype


def test_multi_label_time_steps(X):
    """Each label of 0 and 1 at each time step has a probability."""
    y = np.random.default_rng(0).integers(0, 2, size=(N, 4, 3))
    model = small(epochs=1, architecture="many_to_many").fit(X, y)
    assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    assert model.score(X, y) == pytest.approx((model.predict(X) == y).mean())


def test_another_number_of_time_steps(X):
    """encoder_decoder predicts labels for as many time steps as y has."""
    y = WORDS[np.stack([CODES, CODES[::-1]], axis=1)]
    model = small(epochs=1, architecture="encoder_decoder").fit(X, y)
    assert model.predict(X).shape == (N, 2)
    assert model.predict_proba(X).shape == (N, 2, 3)
    one = small(epochs=1, architecture="encoder_decoder").fit(X, WORDS[CODES])
    assert one.predict(X).shape == (N,)
    assert one.predict_proba(X).shape == (N, 3)
    assert one.decision_function(X).shape == (N, 3)


def test_time_steps_that_do_not_fit(X, padded):
    """Labels of time steps need an architecture with an output for each, and only unobserved ones may be missing."""
    steps = WORDS[np.stack([CODES] * 3, axis=1)]
    with pytest.raises(ValueError, match="an output at each of the 4 time steps of X, got y with 3"):
        small(architecture="many_to_many").fit(X, steps)
    flags = np.ones((N, 4, 2), dtype=int)
    flags[::2] = 0
    assert refused(small().fit, X, flags) == snapshot(
        "LSTMClassifier: y of shape (36, 4, 2) has labels for each of 4 time steps, got a network with one output for "
        "a sample. Use one with an output for each time step: 'many_to_many' or 'encoder_decoder'."
    )
    assert refused(small(architecture="many_to_many").fit, X, padded[1]) == snapshot(
        "LSTMClassifier got NaN in y at row 0, column 0: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )


# --- X --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_window_scaler_sees_no_level(X, method):
    """window_scaler removes the level of a sample, and "standard" its spread too."""
    model = small(window_scaler=method).fit(X, WORDS[CODES])
    expected = model.predict_proba(X)
    assert_allclose(model.predict_proba(X + 100), expected, rtol=1e-4)
    if method == "standard":
        assert_allclose(model.predict_proba(7 * X), expected, rtol=1e-4)


def test_time_steps_that_were_not_observed_are_masked(X, fitted):
    """NaN time steps before, between or after the observed ones change no probability."""
    nothing = np.full((N, 1, 2), np.nan)
    holes = np.concatenate([nothing, X[:, :2], nothing, X[:, 2:], nothing], axis=1)
    assert_allclose(fitted.predict_proba(holes), fitted.predict_proba(X), rtol=1e-5)


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            ["a"] * N,
            snapshot(
                "LSTMClassifier got one class in y, 'a': there is nothing to tell apart. Pass samples of at least two classes."
            ),
        ),
        (
            np.linspace(0, 1, N),
            snapshot(
                "LSTMClassifier expects labels in y. Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects discrete classes on a regression target with continuous values. For numbers there are LSTMRegressor and KerasRegressor."
            ),
        ),
        (
            [np.nan, *CODES[1:]],
            snapshot(
                "LSTMClassifier got NaN in y at row 0: Input y contains NaN, and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y."
            ),
        ),
        (
            [None, *WORDS[CODES[1:]]],
            snapshot(
                "LSTMClassifier got NaN in y at row 0: Input y contains NaN, and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y."
            ),
        ),
        (
            [*CODES[1:], np.inf],
            snapshot(
                "LSTMClassifier got inf in y at row 35: Input y contains inf, and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y."
            ),
        ),
        (
            WORDS[CODES[1:]],
            snapshot(
                "LSTMClassifier got X with 36 samples (shape (36, 4, 2) is n_samples, n_timesteps, n_features) and y with 35. Both need the same number of rows."
            ),
        ),
        (
            None,
            snapshot(
                "LSTMClassifier requires y to be passed, but the target y is None. For the next value of a series: X, y = make_supervised(series)."
            ),
        ),
        (
            np.ones((N, 1, 1, 1)),
            snapshot(
                "LSTMClassifier expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), got shape (36, 1, 1, 1)."
            ),
        ),
    ],
)
def test_wrong_labels(X, y, message):
    """Labels must be discrete, complete and finite, of two classes or more, and as many as samples."""
    assert refused(small().fit, X, y) == message


@pytest.mark.parametrize("n_timesteps", [4, 1])
def test_a_column_of_labels_is_flattened(X, n_timesteps):
    """A column of labels means one label per sample, with scikit-learn's warning."""
    X, y = X[:, :n_timesteps], WORDS[CODES]
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        model = small(epochs=1).fit(X, y[:, None])
    assert_array_equal(model.predict(X), small(epochs=1).fit(X, y).predict(X))


def test_one_time_step_may_have_its_own_axis(X):
    """For an architecture with an output per time step, a column of labels stays a column."""
    model = small(epochs=1, architecture="many_to_many").fit(X[:, :1], WORDS[CODES][:, None])
    assert model.predict(X[:, :1]).shape == (N, 1)
    assert model.predict_proba(X[:, :1]).shape == (N, 1, 3)
