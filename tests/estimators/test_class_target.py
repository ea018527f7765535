import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.utils.class_weight import compute_sample_weight

from sklstm import LSTMClassifier
from sklstm._windows import Windows
from sklstm.estimators._class_target import ClassTarget
from sklstm.estimators._samples import Samples

N_STEPS = 3
POOLS = {
    "text": np.array(["a", "bb", "ccc"]),
    "objects": np.array(["a", "bb", "ccc"], dtype=object),
    "integers": np.array([-4, 7, 90]),
    "integers as objects": np.array([-4, 7, 90], dtype=object),
    "floats": np.array([1.0, 2.0, 5.0], dtype=np.float32),
    "booleans": np.array([False, True]),
}
# What y has for a sample, and whether the network has outputs for each time step.
LAYOUTS = {(): False, (2,): False, (N_STEPS,): True, (N_STEPS, 1): True}


def samples_of(n, observed=None):
    """Samples of three time steps, of which only some were observed."""
    X = np.ones((n, N_STEPS, 1))
    if observed is not None:
        X[~observed] = np.nan
    return Samples(Windows.from_array(X))


def read(y, classes=None, by_step=False):
    """A target that has read y, and y as it read it."""
    target = ClassTarget()
    estimator = LSTMClassifier(architecture="many_to_many" if by_step else "vanilla")
    return target, target.read(estimator, y, samples_of(len(y)), classes)


def see(target, by_step, one_unit=False):
    """Let a target see a network with the outputs that it asks for."""
    axes = (None, N_STEPS) if by_step else (None,)
    if target.kind == "multilabel-indicator" and (not by_step or target.shape[1:] not in ((), (1,))):
        units = [target.shape[-1]]
    elif by_step or not target.shape:
        units = [1 if one_unit else len(target.labels)]
    else:
        units = [len(labels) for labels in target.columns]
    target.see([(*axes, n) for n in units])
    return target


def labels_of_any_shape(draw):
    """Labels of any type, in any layout, with at least two of them in each column."""
    pool = POOLS[draw(st.sampled_from(sorted(POOLS)))]
    shape = draw(st.sampled_from(sorted(LAYOUTS)))
    n = draw(st.integers(len(pool), 9))
    codes = draw(st.lists(st.integers(0, len(pool) - 1), min_size=n * 9, max_size=n * 9))
    codes = np.array(codes)[: n * int(np.prod(shape))].reshape(n, *shape)
    codes[: len(pool)] = np.arange(len(pool)).reshape(-1, *(1,) * len(shape))
    return pool[codes], LAYOUTS[shape]


# --- there and back -------------------------------------------------------------------------------


@given(st.composite(labels_of_any_shape)(), st.booleans())
def test_there_and_back(labels, one_unit):
    """What is learned as certain comes back as the labels that were given, of their own type."""
    y, by_step = labels
    target, read_y = read(y, by_step=by_step)
    see(target, by_step, one_unit=one_unit and len(np.unique(y)) == 2)
    targets = target.encode(target.arrange(read_y), one_hot=True)
    chosen = target.choose(target.probabilities(targets))
    assert_array_equal(chosen, y)
    # Numbers that came as objects come back as numbers.
    assert chosen.dtype.kind == np.array(y.tolist()).dtype.kind or chosen.dtype == y.dtype


@pytest.mark.parametrize(("pool", "dtype"), [("text", "<U3"), ("integers", np.int64), ("floats", np.float32)])
def test_labels_keep_their_type(pool, dtype):
    """Text stays text, integers stay integers, and float32 stays float32."""
    target, _ = read(POOLS[pool])
    see(target, False)
    assert target.choose(np.eye(3)).dtype == dtype


@pytest.mark.parametrize("flags", [np.int64, np.float32, bool])
def test_flags_there_and_back(flags):
    """Labels of 0 and 1 side by side are their own targets, and come back in their own type."""
    y = np.array([[0, 1, 1], [1, 0, 0]]).astype(flags)
    target, read_y = read(y)
    (targets,) = see(target, False).encode(target.arrange(read_y), one_hot=True)
    assert_array_equal(targets, y.astype(np.float32))
    chosen = target.choose(target.probabilities([targets]))
    assert_array_equal(chosen, y)
    assert chosen.dtype == flags


def test_flags_of_each_time_step_there_and_back():
    """Several labels of 0 and 1 at each time step come back in three dimensions."""
    y = np.random.default_rng(0).integers(0, 2, size=(4, N_STEPS, 2))
    target, _ = read(y, by_step=True)
    (targets,) = see(target, True).encode(target.arrange(y), one_hot=False)
    assert targets.shape == (4, N_STEPS, 2)
    assert_array_equal(target.choose(target.probabilities([targets])), y)


def test_columns_of_text_and_of_numbers():
    """Columns of a table keep their own types side by side."""
    y = pd.DataFrame({"word": ["a", "b", "a"], "number": [5, 5, 6], "answer": [True, False, True]})
    target, read_y = read(y)
    assert target.labels is None
    assert target.meta["n_classes_"] == [2, 2, 2]
    targets = see(target, False).encode(target.arrange(read_y), one_hot=True)
    chosen = target.choose(target.probabilities(targets))
    assert chosen.tolist() == y.to_numpy().tolist()
    assert [type(value) for value in chosen[0]] == [str, int, bool]


# --- against plain loops --------------------------------------------------------------------------


def test_codes_and_indicators_against_loops():
    """A code is the place of a label among the sorted ones; an indicator is 1 at that place."""
    y = np.array(["c", "a", "b", "c"])
    target, _ = read(y)
    see(target, False)
    codes = target.arrange(y)
    assert codes.tolist() == [sorted(set(y)).index(label) for label in y]
    (numbers,) = target.encode(codes, one_hot=False)
    assert numbers.tolist() == codes.tolist()
    (indicators,) = target.encode(codes, one_hot=True)
    assert indicators.tolist() == [[float(label == one) for one in "abc"] for label in y]


@pytest.mark.parametrize("missing", [None, np.nan])
def test_what_is_not_known_has_no_code(missing):
    """A label that is missing at a time step is coded -1, weighs nothing, and is taught as the first."""
    y = np.array([["a", "b", missing], ["b", missing, "a"]], dtype=object)
    target, _ = read(y, by_step=True)
    codes = see(target, True).arrange(y)
    assert codes.tolist() == [[0, 1, -1], [1, -1, 0]]
    assert target.encode(codes, one_hot=False)[0].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert target.weigh("LSTMClassifier", {"a": 2, "b": 3}, codes, np.arange(2)).tolist() == [[2, 3, 0], [3, 0, 2]]


@pytest.mark.parametrize("weights", ["balanced", {"a": 2.0, "b": 0.5}])
@pytest.mark.parametrize("pool", ["aab", "abc"])
def test_weights_of_classes_are_those_of_scikit_learn(weights, pool):
    """Each sample weighs what scikit-learn's compute_sample_weight says, bit by bit."""
    y = np.array(list(pool * 3 + "a"))
    target, _ = read(y)
    see(target, False)
    if isinstance(weights, dict):
        expected = [weights.get(label, 1.0) for label in y]
    else:
        expected = compute_sample_weight(weights, y)
    assert_array_equal(target.weigh("LSTMClassifier", weights, target.arrange(y), np.arange(len(y))), expected)


@pytest.mark.parametrize("columns", [[list("aab"), list("xyy")], [[0, 1, 1], [0, 0, 0]]])
def test_weights_of_several_columns_are_those_of_scikit_learn(columns):
    """A sample weighs the product over its columns, one that never changes among them."""
    y = np.array(columns).T
    target, _ = read(y)
    see(target, False)
    weights = target.weigh("LSTMClassifier", "balanced", target.arrange(y), np.arange(len(y)))
    assert_array_equal(weights, compute_sample_weight("balanced", y))


def test_balance_is_learned_from_the_samples_to_train_on():
    """How often a class occurs among other samples does not count."""
    y = np.array(list("aabbbb"))
    target, _ = read(y)
    see(target, False)
    weights = target.weigh("LSTMClassifier", "balanced", target.arrange(y), np.arange(3))
    assert weights.tolist() == [0.75, 0.75, 1.5, 1.5, 1.5, 1.5]
    assert refused(target.weigh, "LSTMClassifier", "balanced", target.arrange(y), np.arange(2)) == snapshot(
        "LSTMClassifier(class_weight='balanced') weighs classes by how often they occur, got no sample to train on of "
        "'b'. Pass class_weight as a dict of labels and weights."
    )


def test_probabilities_against_loops():
    """Probabilities add up to 1 in double precision, whether they come from one unit, several or scores."""
    scores = np.random.default_rng(0).normal(scale=50, size=(6, 3)).astype(np.float32)
    target, _ = read(np.array(list("abc")))
    probabilities = see(target, False).probabilities([scores], logits=True)
    for row, given_scores in zip(probabilities, scores.astype(float), strict=True):
        exponents = [np.exp(score - given_scores.max()) for score in given_scores]
        assert_allclose(row, np.array(exponents) / sum(exponents))
    assert_allclose(target.probabilities([probabilities.astype(np.float32)]).sum(axis=1), 1, rtol=1e-15)
    binary, _ = read(np.array(list("ab")))
    see(binary, False, one_unit=True)
    far = np.array([[-1000.0], [0.0], [1000.0]], dtype=np.float32)
    assert binary.probabilities([far], logits=True).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]


def test_scores_of_flags_are_judged_one_by_one():
    """Scores of labels of 0 and 1 side by side do not compete."""
    target, _ = read(np.array([[0, 1], [1, 1]]))
    assert_allclose(see(target, False).probabilities([np.zeros((1, 2))], logits=True), [[0.5, 0.5]])


def test_decisions_against_loops():
    """Two classes have log-odds, more have logarithms; what is impossible stays finite."""
    target = ClassTarget()
    assert_allclose(target.decisions(np.array([[0.2, 0.8]])), [np.log(0.8 / 0.2)])
    assert_allclose(target.decisions(np.array([[0.2, 0.5, 0.3]])), [[np.log(p) for p in (0.2, 0.5, 0.3)]])
    assert np.isfinite(target.decisions(np.array([[0.0, 1.0]]))).all()


# --- what is told of y ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "kind", "n_classes"),
    [
        (["b", "a"], "binary", 2),
        ([3, 1, 2], "multiclass", 3),
        ([[0, 1], [1, 1]], "multilabel-indicator", 2),
        ([["a", "x"], ["b", "y"], ["c", "x"]], "multiclass-multioutput", [3, 2]),
    ],
)
def test_kinds_are_those_of_scikit_learn(y, kind, n_classes):
    """A builder is told the kind of y and its classes in scikit-learn's words."""
    target, _ = read(np.array(y))
    assert (target.meta["target_type_"], target.meta["n_classes_"]) == (kind, n_classes)
    assert target.meta["n_outputs_"] == (2 if np.ndim(y) == 2 else 1)


def test_classes_may_be_known_before_their_samples():
    """Classes that y does not hold yet count, one set for all columns or one for each."""
    target, _ = read(np.array(["a", "b"]), classes=["c", "b", "a"])
    assert target.labels.tolist() == ["a", "b", "c"]
    assert target.kind == "multiclass"
    y = np.array([["a", "x"], ["a", "y"]])
    assert [labels.tolist() for labels in read(y, classes=[["a", "b"], ["x", "y"]])[0].columns] == [
        ["a", "b"],
        ["x", "y"],
    ]
    assert [len(labels) for labels in read(y, classes=list("abxy"))[0].columns] == [4, 4]
    assert refused(read, y, classes=[["a", "b"]]) == snapshot(
        "LSTMClassifier got classes for 1 columns, and y with 2. Pass the labels of each column of y, or one list of "
        "labels for all."
    )


# --- what comes later -----------------------------------------------------------------------------


def later(target, y, classes=None):
    return target.read_more(LSTMClassifier(), np.array(y), samples_of(len(y)), classes)


def test_labels_of_other_columns_are_strange():
    """A label that is known in another column only is refused in its own."""
    target, _ = read(np.array([["a", "x"], ["b", "y"]]))
    see(target, False)
    assert later(target, [["b", "x"]]).tolist() == [["b", "x"]]
    assert refused(later, target, [["x", "x"]]) == snapshot(
        "LSTMClassifier got the label 'x' in y, which is none of its classes: 'a', 'b'. The first call of partial_fit "
        "takes all of them as classes=; fit begins anew."
    )


def test_time_steps_share_their_labels():
    """A label that was seen at one time step may come later at another."""
    target, _ = read(np.array([["a", "b", "a"], ["a", "b", "c"]]), by_step=True)
    see(target, True)
    assert later(target, [["c", "c", "b"]]).tolist() == [["c", "c", "b"]]


def test_another_shape_is_refused():
    """What comes later has as many columns as before."""
    target, _ = read(np.array([["a", "x"], ["b", "y"]]))
    assert refused(later, target, ["a", "b"]) == snapshot(
        "LSTMClassifier was fitted on y of shape ('n_samples', 2), got shape (2,). Pass y of the same shape, or call "
        "fit to begin anew."
    )


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (
            np.array(["a", 1], dtype=object),
            TypeError,
            "LSTMClassifier got labels of several types in y: int, str. Make them one: y.astype(str).",
        ),
        (
            np.array([True, True]),
            ValueError,
            "LSTMClassifier got one class in y, True: there is nothing to tell apart. Pass samples of at least two "
            "classes.",
        ),
        (
            np.array([0.5, 0.1]),
            ValueError,
            "LSTMClassifier expects labels in y. Unknown label type: continuous. Maybe you are trying to fit a "
            "classifier, which expects discrete classes on a regression target with continuous values. For numbers "
            "there are LSTMRegressor and KerasRegressor.",
        ),
    ],
)
def test_no_labels(y, error, message):
    """Labels are of one type, of two classes at least, and no measurements."""
    assert refused(read, y, error=error) == message


def settle(y, shapes, observed=None, **network):
    """Read y, see a network with outputs of these shapes, and settle."""
    target, y = read(y, **network)
    target.see(shapes)
    target.settle("LSTMClassifier", y, samples_of(len(y), observed))


def test_y_and_outputs_must_have_the_same_time_steps():
    """A network with outputs for each time step takes a label for each, of one type; another network takes none."""
    words = np.array([["a", "b"], ["b", "a"]])
    assert refused(settle, words, [(None, N_STEPS, 2)], by_step=True) == snapshot(
        "LSTMClassifier: the network has an output for each of 3 time steps, got y of shape (2, 2). Pass y of shape "
        "(n_samples, 3), a label for each time step."
    )
    assert refused(settle, np.stack([words, words], axis=2), [(None, 2, 2)], by_step=True) == snapshot(
        "LSTMClassifier: the network chooses one label for each time step, got y of shape (2, 2, 2) with 2 for each. "
        "Fit an estimator for each of them."
    )
    assert refused(settle, np.stack([words, words], axis=2), [(None, 2)]) == snapshot(
        "LSTMClassifier: y of shape (2, 2, 2) has labels for each of 2 time steps, got a network with one output for a "
        "sample. Use one with an output for each time step: 'many_to_many' or 'encoder_decoder'."
    )
    mixed = pd.DataFrame({"first": ["a", "b"], "second": [1, 2]})
    assert refused(settle, mixed, [(None, 2, 2)], by_step=True, error=TypeError) == snapshot(
        "LSTMClassifier: the time steps of y share their labels, got text and numbers. Make them one type: "
        "y.astype(str)."
    )


def test_a_column_of_one_class_is_refused():
    """A column in which nothing is told apart is named."""
    assert refused(settle, np.array([["a", "x"], ["b", "x"]]), [(None, 2), (None, 1)]) == snapshot(
        "LSTMClassifier got one class in column 1 of y, 'x': there is nothing to tell apart. Drop the column."
    )


def test_labels_may_be_missing_where_nothing_was_observed():
    """A label is missing only where the network's input was not observed either."""
    y = np.array([["a", "b", None], ["b", "a", "a"], ["a", "a", "b"]], dtype=object)
    observed = np.ones((3, N_STEPS), dtype=bool)
    observed[0, 2] = False
    settle(y, [(None, None, 2)], observed, by_step=True)
    message = (
        "LSTMClassifier got NaN in y at row 0, column 2: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y."
    )
    assert refused(settle, y, [(None, None, 2)], by_step=True) == message
    assert refused(settle, y, [(None, 2), (None, 2), (None, 2)], observed) == message
