import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight

from sklstm import KerasClassifier, LSTMClassifier

N = 36
CODES = np.arange(N) % 3
WORDS = np.array(["low", "mid", "top"])


def small(**params):
    return LSTMClassifier(**({"units": 3, "epochs": 2, "random_state": 0} | params))


@pytest.fixture(scope="module")
def X():
    """Sequences of shape (36, 4, 2), of three levels in turn."""
    return np.random.default_rng(0).normal(size=(N, 4, 2)) + CODES[:, None, None]


@pytest.fixture(scope="module")
def fitted(X):
    """Fitted on three words."""
    return small().fit(X, WORDS[CODES])


@pytest.fixture(scope="module")
def padded(X):
    """Sequences whose first two time steps were not all observed, and a label for each time step that was."""
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
    """Labels of any type come back as they were given, and as the most probable class."""
    model = small(epochs=1).fit(X, y)
    assert model.classes_.tolist() == classes
    assert model.n_classes_ == len(classes)
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == (N, len(classes))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(predicted, model.classes_[probabilities.argmax(axis=1)])
    right = [one == other for one, other in zip(predicted.tolist(), np.asarray(y).tolist(), strict=True)]
    assert model.score(X, y) == sum(right) / N


def test_learns_what_is_there_to_learn(X):
    """A few dozen epochs tell three levels apart."""
    model = LSTMClassifier(8, epochs=40, learning_rate=0.03, random_state=0).fit(X, WORDS[CODES])
    assert model.score(X, WORDS[CODES]) > 0.9
    assert is_classifier(model)


def test_same_seed_same_bits(X, fitted):
    """The same integer gives the same probabilities, in a pickle too."""
    again = clone(fitted).fit(X, WORDS[CODES])
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


def test_weighted_score_is_that_of_scikit_learn(X, fitted):
    """A weight of each sample counts in the score as in scikit-learn's accuracy."""
    y, weights = WORDS[CODES], np.linspace(0, 1, N)
    expected = accuracy_score(y, fitted.predict(X), sample_weight=weights)
    assert fitted.score(X, y, sample_weight=weights) == pytest.approx(expected)
    assert refused(fitted.score, X, y[:5]) == "Found input variables with inconsistent numbers of samples: [5, 36]"


# --- decisions ------------------------------------------------------------------------------------


def test_decision_function_agrees_with_predict(X, fitted):
    """Two classes have one score, positive for the second; more have a score each, the highest predicted."""
    scores = fitted.decision_function(X)
    assert_array_equal(fitted.classes_[scores.argmax(axis=1)], fitted.predict(X))
    assert_allclose(scores, np.log(fitted.predict_proba(X)))
    two = small().fit(X, CODES > 1)
    assert_array_equal(two.decision_function(X) > 0, two.predict(X))
    first, second = two.predict_proba(X).T
    assert_allclose(two.decision_function(X), np.log(second / first))


def test_several_labels_have_no_decision_function(X):
    """With several labels to a sample there is no one score."""
    model = small(epochs=1).fit(X, np.stack([CODES > 0, CODES > 1], axis=1))
    assert not hasattr(model, "decision_function")
    with pytest.raises(AttributeError) as caught:
        model.decision_function(X)
    assert str(caught.value) == "This 'LSTMClassifier' has no attribute 'decision_function'"
    assert str(caught.value.__cause__) == (
        "LSTMClassifier has no decision_function where y has several labels to a sample. Use predict_proba."
    )


# --- several labels to a sample -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [int, bool, float])
def test_multi_label(X, dtype):
    """Labels of 0 and 1 side by side have a probability each; a sample is right where all of them are."""
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
    """Several columns of labels have classes and probabilities each; each label counts for itself in the score."""
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
def test_a_label_for_each_time_step(padded, missing, weights):
    """Labels are missing where nothing was observed: there they are neither learned from nor counted."""
    X, y = padded
    y = np.where(y == None, missing, y)  # noqa: E711
    model = small(architecture="many_to_many", class_weight=weights).fit(X, y)
    assert model.classes_.tolist() == ["low", "mid", "top"]
    assert model.n_classes_ == 3
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == (N, 4, 3)
    assert_allclose(probabilities.sum(axis=2), 1, rtol=1e-12)
    assert_array_equal(predicted, model.classes_[probabilities.argmax(axis=2)])
    known = [(k, step) for k in range(N) for step in range(4) if y[k, step] in WORDS]
    right = [predicted[place] == y[place] for place in known]
    assert model.score(X, y) == pytest.approx(sum(right) / len(known))
    filled = np.where(pd.isna(y), "low", y)
    if weights is None:
        assert_array_equal(model.fit(X, filled).predict_proba(X), probabilities)


@pytest.mark.parametrize("pool", [np.array(["off", "on"]), np.array([0, 1]), np.array([4.0, 5.0])])
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_two_labels_at_each_time_step(X, pool, activation):
    """Two labels at each time step are told apart by sigmoid or by softmax."""
    y = pool[np.stack([CODES % 2] * 4, axis=1)]
    model = small(epochs=1, architecture="many_to_many", output_activation=activation).fit(X, y)
    assert model.predict_proba(X).shape == (N, 4, 2)
    assert_array_equal(model.predict(X), pool[model.predict_proba(X).argmax(axis=2)])
    assert model.predict(X).dtype == pool.dtype


def test_several_flags_at_each_time_step(X):
    """Labels of 0 and 1 side by side at each time step have a probability each."""
    y = np.random.default_rng(0).integers(0, 2, size=(N, 4, 3))
    model = small(epochs=1, architecture="many_to_many").fit(X, y)
    assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    assert model.score(X, y) == pytest.approx((model.predict(X) == y).mean())


def test_another_number_of_time_steps(X):
    """The encoder-decoder has a label for as many time steps as y has, be it one."""
    y = WORDS[np.stack([CODES, CODES[::-1]], axis=1)]
    model = small(epochs=1, architecture="encoder_decoder").fit(X, y)
    assert model.predict(X).shape == (N, 2)
    assert model.predict_proba(X).shape == (N, 2, 3)
    one = small(epochs=1, architecture="encoder_decoder").fit(X, WORDS[CODES])
    assert one.predict(X).shape == (N,)
    assert one.predict_proba(X).shape == (N, 3)
    assert one.decision_function(X).shape == (N, 3)


def test_time_steps_that_do_not_fit(X, padded):
    """Labels for time steps need an architecture with as many outputs, and are missing only as X is."""
    steps = WORDS[np.stack([CODES] * 3, axis=1)]
    assert refused(small(architecture="many_to_many").fit, X, steps) == (
        "many_to_many has an output at each of the 4 time steps of X, got y with 3. Pass "
        "architecture='encoder_decoder'."
    )
    flags = np.ones((N, 4, 2), dtype=int)
    flags[::2] = 0
    assert refused(small().fit, X, flags) == (
        "LSTMClassifier: y of shape (36, 4, 2) has labels for each of 4 time steps, got a network with one output for "
        "a sample. Use one with an output for each time step: 'many_to_many' or 'encoder_decoder'."
    )
    assert refused(small(architecture="many_to_many").fit, X, padded[1]) == (
        "LSTMClassifier got NaN in y at row 0, column 0: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )


# --- weights --------------------------------------------------------------------------------------


def test_balanced_is_scikit_learns_sample_weight(X):
    """Balanced classes and dicts of weights give the same bits as scikit-learn's weights of the samples."""
    y = WORDS[np.minimum(CODES, np.arange(N) % 2)]
    for weights in ("balanced", {"low": 1.0, "mid": 3.0}):
        by_class = small(class_weight=weights).fit(X, y)
        by_sample = small().fit(X, y, sample_weight=compute_sample_weight(weights, y))
        assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    both = small(class_weight="balanced").fit(X, y, sample_weight=np.arange(N))
    product = small().fit(X, y, sample_weight=compute_sample_weight("balanced", y) * np.arange(N))
    assert_allclose(both.predict_proba(X), product.predict_proba(X), rtol=1e-6)


def test_samples_without_weight_do_not_count(X):
    """A sample of weight 0 leaves no trace, be its label right or wrong."""
    y, weights = WORDS[CODES], (np.arange(N) % 4 > 0).astype(float)
    wrong = np.where(weights > 0, y, "low")
    right, other = (small().fit(X, labels, sample_weight=weights).predict_proba(X) for labels in (y, wrong))
    assert_array_equal(right, other)


def test_weights_of_labels_that_are_in_several_columns(X):
    """One dict holds the weights of the labels of all columns; a sample weighs their product."""
    y = np.stack([WORDS[CODES], np.array(["no", "yes"])[CODES % 2]], axis=1)
    by_class = small(class_weight={"low": 2.0, "yes": 3.0}).fit(X, y)
    product = [2.0 ** (first == "low") * 3.0 ** (second == "yes") for first, second in y]
    by_sample = small().fit(X, y, sample_weight=product)
    for one, other in zip(by_class.predict_proba(X), by_sample.predict_proba(X), strict=True):
        assert_array_equal(one, other)


def test_a_weight_of_no_class_is_refused(X):
    """A weight for a label that y does not hold is a slip."""
    assert refused(small(class_weight={"lwo": 2}).fit, X, WORDS[CODES]) == (
        "LSTMClassifier got a class_weight for 'lwo', which is no class of y: 'low', 'mid', 'top'. Name classes as "
        "they stand in y."
    )


# --- training on ----------------------------------------------------------------------------------


def test_partial_fit_takes_all_classes_at_first(X):
    """The first call names the classes that come later, however long their names are."""
    y = WORDS[CODES]
    model = small().partial_fit(X[y != "top"], np.where(y == "mid", "m", "l")[y != "top"], classes=["l", "m", "top"])
    assert model.classes_.tolist() == ["l", "m", "top"]
    for _ in range(30):
        model.partial_fit(X, np.where(y == "top", "top", "l"))
    assert "top" in model.predict(X)
    assert model.n_iter_ == 31
    assert refused(model.partial_fit, X, y) == (
        "LSTMClassifier got the label 'low' in y, which is none of its classes: 'l', 'm', 'top'. The first call of "
        "partial_fit takes all of them as classes=; fit begins anew."
    )
    assert refused(model.partial_fit, X[:2], ["l", "m"], classes=["l", "m", "n"]) == (
        "LSTMClassifier got the label 'n' in y, which is none of its classes: 'l', 'm', 'top'. The first call of "
        "partial_fit takes all of them as classes=; fit begins anew."
    )


def test_partial_fit_of_several_columns(X):
    """Columns have their own classes, given as a list of them; what comes back is never cut short."""
    y = np.stack([WORDS[CODES], np.array(["n", "yes"])[CODES % 2]], axis=1)
    short = np.isin(y, ["low", "mid", "n"]).all(axis=1)
    model = small().partial_fit(X[short], y[short], classes=[["low", "mid", "top"], ["n", "yes"]])
    for _ in range(15):
        model.partial_fit(X, np.where(y == "n", "yes", y))
    assert "yes" in model.predict(X)[:, 1]
    assert refused(model.partial_fit, X, y[:, ::-1]).startswith("LSTMClassifier got the label 'n' in y")


def test_balance_needs_every_class_to_train_on(X):
    """How often a class occurs cannot be told from a part of y that lacks it."""
    assert refused(small(class_weight="balanced").partial_fit, X[:1], ["low"], classes=["low", "mid"]) == (
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
    """Codes and indicators of the classes, each for the loss that takes it, are learned alike."""
    assert_allclose(small(loss=loss).fit(X, WORDS[CODES]).predict_proba(X), fitted.predict_proba(X), rtol=1e-5)


def test_two_classes_by_softmax(X):
    """Two classes may be two units with softmax; the loss follows."""
    model = small(output_activation="softmax").fit(X, CODES > 1)
    assert model.model_.output_shape == (None, 2)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.history_["loss"][0] == pytest.approx(
        small(output_activation="softmax", loss="categorical_crossentropy").fit(X, CODES > 1).history_["loss"][0]
    )


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
    """With from_logits the network's scores are made probabilities as the loss does it."""

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
    """Samples sorted by class are refused where the end is kept for validation, and what the message advises works."""
    y = np.sort(WORDS[CODES])
    model = small(epochs=1, validation_fraction=0.4)
    assert refused(model.fit, X, y) == (
        "LSTMClassifier(validation_fraction=0.4) keeps the samples at the end for validation, and they hold a class "
        "that no sample to train on is of: 'top'. Samples that share no time steps: shuffle them first, and pass "
        "validation_gap=0. Windows of a series: lower validation_fraction, or drop it."
    )
    order = np.random.default_rng(0).permutation(N)
    shuffled = small(epochs=1, validation_fraction=0.4, validation_gap=0).fit(X[order], y[order])
    assert "val_loss" in shuffled.history_
    assert "val_loss" in small(epochs=1, validation_fraction=0.1).fit(X, y).history_
    assert "val_loss" not in small(epochs=1).fit(X, y).history_


def test_a_class_between_training_and_validation_is_refused(X):
    """A class that is lost in the gap before the validation samples is one that is not trained on."""
    y = np.array(["low", "mid"])[CODES % 2]
    y[29:32] = "top"
    assert "of: 'top'." in refused(small(validation_fraction=0.1).fit, X, y)
    assert "val_loss" in small(epochs=1, validation_fraction=0.1, validation_gap=0).fit(X, y).history_


def test_training_may_go_on_without_a_class(X):
    """A network that goes on training knows the classes of before."""
    y = WORDS[CODES]
    model = small(validation_fraction=0.2).partial_fit(X, y)
    assert len(model.partial_fit(X, np.sort(y)).history_["val_loss"]) == 2


def test_balance_does_not_look_at_validation_samples(X):
    """Labels of the validation samples move no weight."""
    y = WORDS[CODES]
    changed = y.copy()
    changed[32:] = "low"
    model = small(class_weight="balanced", validation_fraction=0.1)
    assert_array_equal(model.fit(X, y).predict_proba(X), clone(model).fit(X, changed).predict_proba(X))


# --- X --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_window_scaler_sees_no_level(X, method):
    """With a window scaler the level of a sample does not count; with "standard" its spread neither."""
    model = small(window_scaler=method).fit(X, WORDS[CODES])
    expected = model.predict_proba(X)
    assert_allclose(model.predict_proba(X + 100), expected, rtol=1e-4)
    if method == "standard":
        assert_allclose(model.predict_proba(7 * X), expected, rtol=1e-4)


def test_time_steps_that_were_not_observed_are_masked(X, fitted):
    """NaN before, between or after the observed time steps changes no probability."""
    nothing = np.full((N, 1, 2), np.nan)
    holes = np.concatenate([nothing, X[:, :2], nothing, X[:, 2:], nothing], axis=1)
    assert_allclose(fitted.predict_proba(holes), fitted.predict_proba(X), rtol=1e-5)


# --- what is refused ------------------------------------------------------------------------------

NOTHING = "and there is nothing to learn from. Fill the gaps of the series first, or leave such rows out of X and y."


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            ["a"] * N,
            "LSTMClassifier got one class in y, 'a': there is nothing to tell apart. Pass samples of at least two "
            "classes.",
        ),
        (
            np.linspace(0, 1, N),
            "LSTMClassifier expects labels in y. Unknown label type: continuous. Maybe you are trying to fit a "
            "classifier, which expects discrete classes on a regression target with continuous values. For numbers "
            "there are LSTMRegressor and KerasRegressor.",
        ),
        ([np.nan, *CODES[1:]], f"LSTMClassifier got NaN in y at row 0: Input y contains NaN, {NOTHING}"),
        ([None, *WORDS[CODES[1:]]], f"LSTMClassifier got NaN in y at row 0: Input y contains NaN, {NOTHING}"),
        ([*CODES[1:], np.inf], f"LSTMClassifier got inf in y at row 35: Input y contains inf, {NOTHING}"),
        (
            WORDS[CODES[1:]],
            "LSTMClassifier got X with 36 samples (shape (36, 4, 2) is n_samples, n_timesteps, n_features) and y with "
            "35. Both need the same number of rows.",
        ),
        (
            None,
            "LSTMClassifier requires y to be passed, but the target y is None. For the next value of a series: X, y = "
            "make_supervised(series).",
        ),
        (
            np.ones((N, 1, 1, 1)),
            "LSTMClassifier expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, "
            "n_outputs), got shape (36, 1, 1, 1).",
        ),
    ],
)
def test_bad_labels_are_refused(X, y, message):
    """Labels are discrete, complete, finite, of two classes at least, and as many as there are samples."""
    assert refused(small().fit, X, y) == message


@pytest.mark.parametrize("n_timesteps", [4, 1])
def test_a_column_of_labels_is_flattened(X, n_timesteps):
    """A column of labels is taken for one label to a sample, with scikit-learn's warning."""
    X, y = X[:, :n_timesteps], WORDS[CODES]
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        model = small(epochs=1).fit(X, y[:, None])
    assert_array_equal(model.predict(X), small(epochs=1).fit(X, y).predict(X))


def test_one_time_step_may_have_its_own_axis(X):
    """With an architecture that has outputs for each time step, a column of labels stays one."""
    model = small(epochs=1, architecture="many_to_many").fit(X[:, :1], WORDS[CODES][:, None])
    assert model.predict(X[:, :1]).shape == (N, 1)
    assert model.predict_proba(X[:, :1]).shape == (N, 1, 3)
