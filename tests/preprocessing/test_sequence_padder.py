"""SequencePadder: pads like Keras, but with NaN, with floats, and without needless copies."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused, with_sorted_choices
from sklearn.exceptions import NotFittedError

from sklstm import LagFramer, LSTMRegressor, SequencePadder, TrainingPlan, Windows

NAN = np.nan
CLASSIC = [[1, 2, 3, 4], [1, 2, 3], [1]]


# --- padding and cutting --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"padding": "pre"}, [[1, 2, 3, 4], [0, 1, 2, 3], [0, 0, 0, 1]]),
        ({"padding": "post"}, [[1, 2, 3, 4], [1, 2, 3, 0], [1, 0, 0, 0]]),
        ({"max_len": 2, "truncating": "pre"}, [[3, 4], [2, 3], [0, 1]]),
        ({"max_len": 2, "truncating": "post"}, [[1, 2], [1, 2], [0, 1]]),
    ],
)
def test_classic(params, expected):
    """Sequences are padded and cut like in the textbook."""
    np.testing.assert_array_equal(SequencePadder(value=0, **params).fit_transform(CLASSIC)[..., 0], expected)


SIDES = st.sampled_from(["pre", "post"])


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    n_features=st.integers(1, 3),
    max_len=st.none() | st.integers(1, 8),
    padding=SIDES,
    truncating=SIDES,
    value=st.sampled_from([0.0, -1.0, 0.5, NAN]),
)
def test_equals_keras(lengths, n_features, max_len, padding, truncating, value):
    """Sequences are padded and cut like by keras.utils.pad_sequences."""
    import keras

    ends = np.cumsum(lengths)
    rows = 0.25 + np.arange(float(ends[-1] * n_features)).reshape(-1, n_features)
    sequences = np.split(rows, ends[:-1])
    padder = SequencePadder(max_len, padding=padding, truncating=truncating, value=value)
    expected = keras.utils.pad_sequences(sequences, max_len, "float64", padding, truncating, value)
    np.testing.assert_array_equal(padder.fit_transform(sequences), expected)


def test_length_is_learned():
    """New sequences get the length of the longest fitted one."""
    padder = SequencePadder().fit(CLASSIC)
    assert padder.max_len_ == 4
    np.testing.assert_array_equal(padder.transform([[1, 2], [1, 2, 3, 4, 5]])[..., 0], [[NAN, NAN, 1, 2], [2, 3, 4, 5]])


def test_short_windows():
    """Windows that are too short are padded like sequences, in new memory."""
    X = np.ones((2, 3, 1))
    padded = SequencePadder(5, padding="post").fit_transform(X)
    np.testing.assert_array_equal(padded[..., 0], [[1, 1, 1, NAN, NAN]] * 2)
    assert not np.shares_memory(padded, X)


# --- no copies ------------------------------------------------------------------------------------


def test_windows_of_the_right_length():
    """Windows of the right length are returned themselves."""
    framed = LagFramer(3).fit_transform(np.arange(9.0))
    holed = LagFramer(3).fit_transform(pd.Series(range(6), index=[0, 1, 2, 8, 9, 10]))
    assert isinstance(holed, Windows)
    for X in (framed, holed, np.ones((4, 3, 2), np.float32)):
        assert SequencePadder().fit_transform(X) is X
        assert SequencePadder(3).fit_transform(X) is X


@pytest.mark.parametrize(("truncating", "kept"), [("pre", slice(-2, None)), ("post", slice(2))])
def test_cuts_are_views(truncating, kept):
    """Windows that are too long are cut without a copy."""
    X = np.arange(24.0).reshape(4, 3, 2)
    cut = SequencePadder(2, truncating=truncating).fit_transform(X)
    np.testing.assert_array_equal(cut, X[:, kept])
    assert np.shares_memory(cut, X)


def test_cut_windows_stay_windows():
    """Windows over a series with a hole are cut to Windows over the same rows."""
    holed = LagFramer(3).fit_transform(pd.Series(range(6), index=[0, 1, 2, 8, 9, 10]))
    cut = SequencePadder(2).fit_transform(holed)
    assert cut.buffer is holed.buffer
    np.testing.assert_array_equal(cut, np.asarray(holed)[:, 1:])


# --- kinds of X -----------------------------------------------------------------------------------

KINDS = {
    "lists": CLASSIC,
    "tuple": tuple(CLASSIC),
    "arrays": [np.array(sequence) for sequence in CLASSIC],
    "columns": [np.array(sequence)[:, None] for sequence in CLASSIC],
    "Series": [pd.Series(sequence) for sequence in CLASSIC],
    "DataFrames": [pd.DataFrame({"a": sequence}) for sequence in CLASSIC],
    "object array": np.array([np.array(sequence) for sequence in CLASSIC], dtype=object),
}


@pytest.mark.parametrize("X", KINDS.values(), ids=KINDS)
def test_kinds(X):
    """Sequences of every kind are padded alike."""
    padded = SequencePadder().fit_transform(X)
    np.testing.assert_array_equal(padded, SequencePadder().fit_transform(CLASSIC))
    assert padded.dtype == np.float64


@pytest.mark.parametrize("make", [list, np.array, pd.DataFrame])
def test_rows_are_sequences(make):
    """The rows of a table are sequences of one feature and one length."""
    X = make([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(SequencePadder().fit_transform(X)[..., 0], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(SequencePadder(2).fit_transform(X)[..., 0], [[2, 3], [5, 6]])
    assert SequencePadder().fit(X).n_features_in_ == 1


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64")])
def test_dtype(dtype, expected):
    """float32 stays float32, and integers become float64."""
    assert SequencePadder(4).fit_transform([np.ones(2, dtype), np.ones(3, dtype)]).dtype == expected
    assert SequencePadder(4).fit_transform(np.ones((2, 3, 1), dtype)).dtype == expected
    assert SequencePadder(2).fit_transform(np.ones((2, 3, 1), dtype)).dtype == expected


def test_unobserved_steps_stay():
    """A time step that was not observed stays NaN, like the padding."""
    padded = SequencePadder().fit_transform([[[1, 2], [NAN, NAN]], [[3, 4]]])
    np.testing.assert_array_equal(padded, [[[1, 2], [NAN, NAN]], [[NAN, NAN], [3, 4]]])


def test_names():
    """The names of the features are those that came in."""
    padder = SequencePadder().fit([pd.DataFrame({"f0": [1], "f1": [2]})])
    assert list(padder.get_feature_names_out()) == ["f0", "f1"]
    assert list(SequencePadder().fit(CLASSIC).get_feature_names_out()) == ["x0"]


# --- errors ---------------------------------------------------------------------------------------

FAULTY = [
    (
        [],
        snapshot(
            "SequencePadder expects a list of sequences, or X of shape (n_samples, n_timesteps, n_features), "
            "got shape (0,). Reshape your data: [X] is one sequence."
        ),
    ),
    (
        [1, 2, 3],
        snapshot(
            "SequencePadder expects a list of sequences, or X of shape (n_samples, n_timesteps, n_features), "
            "got shape (3,). Reshape your data: [X] is one sequence."
        ),
    ),
    ([[1], []], snapshot("SequencePadder got an empty sequence 1: it has no time steps. Drop it, and its y.")),
    (
        [[1], [2, np.inf]],
        snapshot(
            "SequencePadder got inf in sequence 1 of X at row 1, column 0. "
            "Replace it, or write NaN where nothing was observed."
        ),
    ),
    (
        [[1], [2, "wet"]],
        snapshot(
            "SequencePadder expects numbers, got text in column 0 of sequence 1 of X: 'wet' in row 1. "
            "Encode the column as numbers, or drop it."
        ),
    ),
    (
        [np.ones((2, 1)), np.ones((2, 3))],
        snapshot(
            "SequencePadder expects the same features in every sequence, got 3 in sequence 1 and 1 in sequence 0."
        ),
    ),
    (
        [[[1, 2]], [[1, NAN], [2, 3]]],
        snapshot(
            "SequencePadder got a time step with some features missing: row 0 of sequence 1, NaN in column 1. A time step is either observed in every feature or NaN in all of them: impute first, for instance with sklearn.impute.SimpleImputer before this step."
        ),
    ),
    (
        np.array([[[1, 2], [1, NAN]]]),
        snapshot(
            "SequencePadder got a time step with some features missing: sample 0, time step 1, NaN in feature 1. A time step is either observed in every feature or NaN in all of them: impute first, before the windows are framed."
        ),
    ),
    (
        np.ones((2, 0, 1)),
        snapshot(
            "SequencePadder got an empty X: shape (2, 0, 1) is (n_samples, n_timesteps, n_features) "
            "and none of them may be 0."
        ),
    ),
]


@pytest.mark.parametrize(("X", "message"), FAULTY)
def test_faulty_sequences(X, message):
    """Sequences that are empty, infinite, text, of other features or partly observed raise an error."""
    assert refused(SequencePadder().fit_transform, X) == message


def test_other_features():
    """New sequences with other features raise an error."""
    padder = SequencePadder().fit([np.ones((2, 2))])
    assert refused(padder.transform, [np.ones((2, 3))]) == snapshot(
        "X has 3 features, but SequencePadder is expecting 2 features as input: "
        "got sequences of shape (n_timesteps, 3)."
    )
    assert refused(padder.transform, np.ones((4, 2, 3))) == snapshot(
        "X has 3 features, but SequencePadder is expecting 2 features as input: got X of shape (4, 2, 3)."
    )
    assert refused(padder.transform, np.ones((4, 2))) == snapshot(
        "X has 1 features, but SequencePadder is expecting 2 features as input: "
        "got X of shape (4, 2), rows that are sequences of one feature."
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"max_len": 0},
            snapshot(
                "The 'max_len' parameter of SequencePadder must be an int in the range [1, inf) or None. Got 0 instead."
            ),
        ),
        (
            {"value": None},
            snapshot("The 'value' parameter of SequencePadder must be an instance of 'float'. Got None instead."),
        ),
    ],
)
def test_faulty_parameters(params, message):
    """Parameters are checked when fit is called."""
    assert refused(SequencePadder(**params).fit, CLASSIC) == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "padding",
            snapshot(
                "The 'padding' parameter of SequencePadder must be a str among {'post', 'pre'}. Got 'left' instead."
            ),
        ),
        (
            "truncating",
            snapshot(
                "The 'truncating' parameter of SequencePadder must be a str among {'post', 'pre'}. Got 'left' instead."
            ),
        ),
    ],
)
def test_unknown_side(name, message):
    """An unknown side raises an error with the known ones."""
    assert with_sorted_choices(refused(SequencePadder(**{name: "left"}).fit, CLASSIC)) == message


def test_not_fitted():
    """`transform` and get_feature_names_out need fit."""
    message = snapshot(
        "This SequencePadder instance is not fitted yet. "
        "Call 'fit' with appropriate arguments before using this estimator."
    )
    assert refused(SequencePadder().transform, CLASSIC, error=NotFittedError) == message
    assert refused(SequencePadder().get_feature_names_out, error=NotFittedError) == message


def test_value():
    """A number as value replaces NaN: the padding, and unobserved time steps."""
    windows = LagFramer(n_steps=3).fit_transform(np.arange(1.0, 6))
    filled = SequencePadder(value=-1.0).fit_transform(windows)
    np.testing.assert_array_equal(filled, np.nan_to_num(windows, nan=-1.0))
    assert np.isnan(windows).any()
    ragged = [[1.0, np.nan, 3.0], [4.0]]
    np.testing.assert_array_equal(SequencePadder(value=0).fit_transform(ragged)[..., 0], [[1, 0, 3], [0, 0, 4]])


def test_padded_windows_keep_groups_and_times():
    """Padded windows keep the groups, the times and the roles of their features."""
    table = pd.DataFrame({"a": np.arange(4.0), "size": [5.0, 5, 7, 7], "of": list("AABB")}, index=[3, 4, 5, 6])
    windows = LagFramer(2, group="of", static=["size"]).fit_transform(table)
    padded = SequencePadder(max_len=3).fit_transform(windows)
    assert padded.shape == (4, 3, 2)
    assert padded.roles == windows.roles
    np.testing.assert_array_equal(padded.groups, ["A", "A", "B", "B"])
    np.testing.assert_array_equal(padded.times, [3, 4, 5, 6])


# --- static and known-future features -------------------------------------------------------------

STORE = np.repeat(["A", "B"], 20)
STORES = pd.DataFrame(
    {"sales": np.sin(np.arange(40.0)), "size": np.repeat([2.0, 5.0], 20), "promo": np.arange(40.0) % 3, "store": STORE}
)


def framed(n_steps):
    """Windows with the static feature 1, and the known-future features 3 and 4 of two steps."""
    return LagFramer(n_steps, group="store", static=["size"], future=["promo"], horizon=2).fit_transform(STORES)


@pytest.mark.parametrize("value", [NAN, 0.0, -1.0])
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_padding_of_roles(padding, value):
    """Padding after a sample repeats the static and known-future features of its last time step."""
    windows = framed(3)
    features = windows.roles.features
    padded = np.asarray(SequencePadder(5, padding=padding, value=value).fit_transform(windows))
    kept, added = (slice(3), slice(3, None)) if padding == "post" else (slice(2, None), slice(2))
    np.testing.assert_array_equal(padded[:, kept], np.nan_to_num(windows, nan=value))
    expected = np.full((len(STORES), 2, windows.shape[2]), value)
    if padding == "post":
        expected[:, :, features] = np.asarray(windows)[:, -1:, features]
    np.testing.assert_array_equal(padded[:, added], expected)


@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_cutting_of_roles(truncating):
    """The last time step that is kept has the static and known-future features of the sample's last one."""
    windows = framed(5)
    features = windows.roles.features
    cut = SequencePadder(3, truncating=truncating).fit_transform(windows)
    expected = np.asarray(windows)[:, -3:] if truncating == "pre" else np.asarray(windows)[:, :3]
    expected[:, -1, features] = np.asarray(windows)[:, -1, features]
    np.testing.assert_array_equal(cut, expected)
    assert cut.roles == windows.roles
    np.testing.assert_array_equal(windows, framed(5))


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_networks_read_roles_of_padded_windows(padding):
    """A network forecasts padded windows as it does windows without padding."""
    windows, y = framed(3), STORES["sales"].to_numpy()
    padded = SequencePadder(5, padding=padding).fit_transform(windows)
    whole, longer = (
        LSTMRegressor(units=2, epochs=2, training=TrainingPlan(shuffle=False), random_state=0).fit(X, y).predict(X)
        for X in (windows, padded)
    )
    np.testing.assert_allclose(longer, whole, rtol=1e-4)


def test_names_of_windows():
    """Windows keep the names of their features; sequences that are DataFrames name them."""
    windows = Windows(np.arange(12.0).reshape(6, 2), np.arange(3), 4, names=["sales", "price"])
    for max_len in (None, 2, 6):
        assert SequencePadder(max_len=max_len).fit_transform(windows).names == windows.names
        assert SequencePadder(max_len=max_len, value=0.0).fit_transform(windows).names == windows.names
    sequences = [
        pd.DataFrame({"sales": [1.0], "price": [2.0]}),
        pd.DataFrame({"sales": [1.0, 2.0], "price": [3.0, 4.0]}),
    ]
    for value in (np.nan, 0.0):
        assert SequencePadder(value=value).fit_transform(sequences).names == windows.names
    assert isinstance(SequencePadder().fit_transform([s.to_numpy() for s in sequences]), np.ndarray)
