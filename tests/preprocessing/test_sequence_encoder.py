"""SequenceEncoder: categories of tables, labels and sequences to numbers, and back."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusal import refused
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import LagFramer, LSTMClassifier, SequenceEncoder, SequencePadder

NAN = np.nan
DAYS = pd.date_range("2026-01-01", periods=4)
WEATHER = pd.DataFrame(
    {
        "temp": np.array([9, 21, 8, 23], dtype=np.int16),
        "city": ["Oslo", "Rome", None, "Rome"],
        "level": pd.Categorical(["low", "high", "low", None], ["low", "middle", "high"], ordered=True),
        "wind": np.array([1.5, 2.5, NAN, 3.5], dtype=np.float32),
        "dry": [True, False, False, True],
    },
    index=DAYS,
)
ENCODINGS = pytest.mark.parametrize("encoding", ["integer", "onehot"])


EXPECTED_FAILURES = {
    "check_fit1d": "A 1D X holds labels, one feature, as users have them; it is not refused.",
    "check_transformer_data_not_an_array": "A list of lists holds sequences of tokens, and is no table.",
}


@parametrize_with_checks(
    [SequenceEncoder(), SequenceEncoder("onehot", unknown="encode")],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    """The encoder passes scikit-learn's checks, but for those whose reason is given."""
    check(estimator)


# --- tables ---------------------------------------------------------------------------------------


def test_table():
    """Categories become codes where they stand; numbers keep their type, and missing values stay."""
    encoder = SequenceEncoder()
    expected = WEATHER.assign(city=[0.0, 1, NAN, 1], level=[0.0, 2, 0, NAN], dry=[1.0, 0, 0, 1])
    pd.testing.assert_frame_equal(encoder.fit_transform(WEATHER), expected)
    assert encoder.columns_ == ["city", "level", "dry"]
    assert [list(known) for known in encoder.categories_] == [
        ["Oslo", "Rome"],
        ["low", "middle", "high"],
        [False, True],
    ]
    assert list(encoder.get_feature_names_out()) == list(WEATHER.columns) == list(encoder.feature_names_in_)
    assert encoder.n_features_in_ == 5


def test_one_hot_table():
    """One-hot columns stand where the categories stood, and are NaN where these are missing."""
    encoder = SequenceEncoder("onehot", columns=["city", "dry"])
    encoded = encoder.fit_transform(WEATHER)
    assert list(encoded) == ["temp", "city=Oslo", "city=Rome", "level", "wind", "dry=False", "dry=True"]
    assert list(encoder.get_feature_names_out()) == list(encoded)
    np.testing.assert_array_equal(encoded[["city=Oslo", "city=Rome"]], [[1, 0], [0, 1], [NAN, NAN], [0, 1]])
    pd.testing.assert_frame_equal(encoded[["temp", "level", "wind"]], WEATHER[["temp", "level", "wind"]])
    assert encoded["dry=True"].dtype == np.float64


@pytest.mark.parametrize("columns", ["city", 1, ["city"], [1, "city"]], ids=["name", "position", "list", "both"])
def test_columns(columns):
    """Columns are chosen by name or by position."""
    encoded = SequenceEncoder(columns=columns).fit_transform(WEATHER)
    pd.testing.assert_frame_equal(encoded.drop(columns="city"), WEATHER.drop(columns="city"))
    np.testing.assert_array_equal(encoded["city"], [0, 1, NAN, 1])


def test_numbers_may_be_encoded():
    """A column of numbers is encoded where it is named, and else passes."""
    stores = pd.DataFrame({"store": [30, 10, 30], "sales": [1, 2, 3]})
    assert SequenceEncoder(columns="store").fit_transform(stores)["store"].tolist() == [1, 0, 1]
    pd.testing.assert_frame_equal(SequenceEncoder().fit_transform(stores), stores)


def test_every_text_type():
    """Text of every type that pandas has is encoded alike, also where it was learned from another."""
    words = ["b", "a", None, "b"]
    encoder = SequenceEncoder().fit(pd.DataFrame({"word": words}))
    for dtype in ["object", "string", "category"]:
        encoded = encoder.transform(pd.DataFrame({"word": pd.Series(words, dtype=dtype)}))
        np.testing.assert_array_equal(encoded["word"], [1, 0, NAN, 1])


@ENCODINGS
def test_equals_scikit_learn(encoding):
    """Codes and columns are those of scikit-learn's own encoders."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.choice(list("xyz"), 50), "b": rng.choice([4, 2, 9], 50).astype(str)})
    peer = OrdinalEncoder() if encoding == "integer" else OneHotEncoder(sparse_output=False)
    encoder = SequenceEncoder(encoding)
    np.testing.assert_array_equal(encoder.fit_transform(table), peer.fit_transform(table))
    for ours, theirs in zip(encoder.categories_, peer.categories_, strict=True):
        assert list(ours) == list(theirs)


@ENCODINGS
def test_array(encoding):
    """An array of objects is a table too, whose columns go by their positions."""
    X = WEATHER[["temp", "city"]].to_numpy(object)
    encoder = SequenceEncoder(encoding)
    encoded = encoder.fit_transform(X)
    assert encoded.dtype == np.float64
    codes = [[0], [1], [NAN], [1]] if encoding == "integer" else [[1, 0], [0, 1], [NAN, NAN], [0, 1]]
    np.testing.assert_array_equal(encoded, np.column_stack([WEATHER["temp"], codes]))
    assert encoder.columns_ == [1]
    assert (
        list(encoder.get_feature_names_out()) == ["x0", "x1"] if encoding == "integer" else ["x0", "x1=Oslo", "x1=Rome"]
    )
    assert encoder.inverse_transform(encoded).tolist() == X.tolist()


def test_numbered_columns():
    """Columns without names keep their numbers; one-hot ones get names."""
    table = pd.DataFrame([["a", 1.5], ["b", 2.5]])
    assert list(SequenceEncoder().fit_transform(table)) == [0, 1]
    assert list(SequenceEncoder("onehot").fit_transform(table)) == ["x0=a", "x0=b", "x1"]
    encoder = SequenceEncoder("onehot").fit(table)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)


def test_set_output():
    """A container of one's own choice holds what comes out."""
    X = np.array([["a", 1.5], ["b", 2.5]], dtype=object)
    encoded = SequenceEncoder("onehot").set_output(transform="pandas").fit_transform(X)
    expected = pd.DataFrame({"x0=a": [1.0, 0], "x0=b": [0.0, 1], "x1": [1.5, 2.5]})
    pd.testing.assert_frame_equal(encoded, expected)


# --- labels ---------------------------------------------------------------------------------------

LABELS = {
    "list of characters": (list("hello"), list("hello")),
    "array": (np.array(["wet", "dry", "wet"]), ["wet", "dry", "wet"]),
    "array of objects": (np.array([3, None, 1], dtype=object), [3, None, 1]),
    "numbers": ([30, 10, 30], [30, 10, 30]),
    "truth": (np.array([True, False]), [True, False]),
    "missing": (["b", None, "a"], ["b", None, "a"]),
}


@pytest.mark.parametrize(("X", "labels"), LABELS.values(), ids=LABELS)
def test_labels(X, labels):
    """Labels are one feature: of one axis as codes, of two one-hot."""
    known = sorted({label for label in labels if label is not None})
    codes = [NAN if label is None else known.index(label) for label in labels]
    encoded = SequenceEncoder().fit_transform(X)
    np.testing.assert_array_equal(encoded, codes)
    assert encoded.dtype == np.float64
    one_hot = SequenceEncoder("onehot").fit_transform(X)
    expected = np.array([np.full(len(known), NAN) if np.isnan(k) else np.eye(len(known))[int(k)] for k in codes])
    np.testing.assert_array_equal(one_hot, expected)


def test_series():
    """A Series keeps its index and its name."""
    cities = WEATHER["city"]
    encoder = SequenceEncoder().fit(cities)
    pd.testing.assert_series_equal(encoder.transform(cities), pd.Series([0.0, 1, NAN, 1], index=DAYS, name="city"))
    one_hot = SequenceEncoder("onehot").fit(cities).transform(cities)
    pd.testing.assert_frame_equal(one_hot, SequenceEncoder("onehot").fit_transform(cities.to_frame()))
    words = pd.Series(["wet", "dry"])
    assert list(SequenceEncoder("onehot").fit_transform(words)) == ["x0=dry", "x0=wet"]
    np.testing.assert_array_equal(SequenceEncoder().fit_transform(pd.Index(words)), [1, 0])


# --- sequences ------------------------------------------------------------------------------------

TOKENS = [["the", "cat", "sat"], ["the", "dog"]]
CODES = [[3, 0, 2], [3, 1]]
SEQUENCES = {
    "lists": TOKENS,
    "tuple": tuple(TOKENS),
    "arrays": [np.array(tokens) for tokens in TOKENS],
    "Series": [pd.Series(tokens) for tokens in TOKENS],
    "Series of lists": pd.Series(TOKENS),
    "object array": np.array([np.array(tokens) for tokens in TOKENS], dtype=object),
}


@pytest.mark.parametrize("X", SEQUENCES.values(), ids=SEQUENCES)
def test_sequences(X):
    """Tokens of sequences of every kind are encoded alike, as float32 arrays with a column."""
    encoded = SequenceEncoder().fit_transform(X)
    assert type(encoded) is (np.ndarray if isinstance(X, np.ndarray) else list)
    one_hot = SequenceEncoder("onehot").fit_transform(X)
    for codes, got, columns in zip(CODES, encoded, one_hot, strict=True):
        np.testing.assert_array_equal(got, np.reshape(codes, (-1, 1)))
        np.testing.assert_array_equal(columns, np.eye(4)[codes])
        assert got.dtype == columns.dtype == np.float32


@pytest.mark.parametrize("make", [list, tuple, lambda X: np.array(X, dtype=object)], ids=["list", "tuple", "array"])
def test_strings_are_sequences(make):
    """A string in a list is a sequence of its characters."""
    encoder = SequenceEncoder()
    encoded = encoder.fit_transform(make(["GATTACA", "CAT"]))
    assert list(encoder.categories_[0]) == ["A", "C", "G", "T"]
    assert [codes[:, 0].tolist() for codes in encoded] == [[2, 0, 3, 3, 0, 1, 0], [1, 0, 3]]
    assert list(encoder.get_feature_names_out()) == ["x0"]


def test_fit_decides_on_strings():
    """Strings are read in transform as in fit: as sequences, or as labels."""
    spelling = SequenceEncoder().fit(["ab", "c"])
    for X in (["a"], np.array(["a"]), pd.Series(["a"])):
        assert [codes.tolist() for codes in spelling.transform(X)] == [[[0]]]
    words = SequenceEncoder().fit(np.array(["ab", "c"]))
    for X in (["ab"], np.array(["ab"], dtype=object), pd.Series(["ab"])):
        np.testing.assert_array_equal(words.transform(X), [0])


def test_one_feature_in_any_kind():
    """What was learned from sequences encodes labels, and the other way round."""
    np.testing.assert_array_equal(SequenceEncoder().fit(TOKENS).transform(["dog", "cat"]), [1, 0])
    (codes,) = SequenceEncoder().fit(list("abc")).transform([["c", "a"]])
    np.testing.assert_array_equal(codes, [[2], [0]])


def test_nothing_to_encode():
    """Where a fitted table of one column has only numbers, labels and sequences of it pass untouched."""
    encoder = SequenceEncoder().fit(np.array([[1.5], [2.5]]))
    for X in ([1.5, 3.5], [[1.5], [2.5, 3.5]]):
        assert encoder.transform(X) is X


def test_missing_tokens_and_padding():
    """A missing token is not observed, like the padding, and neither becomes a category."""
    for encoding, n_columns in (("integer", 1), ("onehot", 2)):
        encoded = SequenceEncoder(encoding).fit_transform([["a", None, "b"], ["b"]])
        padded = SequencePadder().fit_transform(encoded)
        assert padded.shape == (2, 3, n_columns)
        assert padded.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(padded).all(axis=2), [[False, True, False], [True, True, False]])


@ENCODINGS
@pytest.mark.parametrize("boxed", [False, True], ids=["list", "object array"])
def test_sequences_of_tables(encoding, boxed):
    """Each DataFrame of a list is encoded as a table, by the categories of all."""
    tables = [WEATHER[:3], WEATHER[3:]]
    X = tables
    if boxed:
        X = np.empty(2, dtype=object)
        X[:] = tables
    encoder = SequenceEncoder(encoding)
    encoded = encoder.fit_transform(X)
    assert type(encoded) is type(X)
    whole = SequenceEncoder(encoding).fit_transform(WEATHER)
    pd.testing.assert_frame_equal(pd.concat(list(encoded)), whole, check_dtype=False)
    assert encoded[0].iloc[:, 1].dtype == np.float32
    assert encoded[0]["temp"].dtype == np.int16
    restored = encoder.inverse_transform(encoded)
    assert type(restored) is type(X)
    for got, table in zip(restored, tables, strict=True):
        pd.testing.assert_frame_equal(got, table)


def test_columns_that_are_text_in_one_table():
    """A column is encoded where it holds text in any of the tables."""
    tables = [pd.DataFrame({"a": [None, None]}, dtype=float), pd.DataFrame({"a": ["x", "y"]})]
    first, second = SequenceEncoder().fit_transform(tables)
    np.testing.assert_array_equal(first, [[NAN], [NAN]])
    np.testing.assert_array_equal(second, [[0], [1]])


def test_sequences_of_arrays():
    """Arrays of two axes, or lists of rows, are tables by position."""
    sequences = [[["a", 1.5], ["b", 2.5]], np.array([["b", 3.5]], dtype=object)]
    first, second = SequenceEncoder("onehot").fit_transform(sequences)
    np.testing.assert_array_equal(first, [[1, 0, 1.5], [0, 1, 2.5]])
    np.testing.assert_array_equal(second, [[0, 1, 3.5]])


# --- unknown categories ---------------------------------------------------------------------------


def test_unknown_encoded():
    """What is unknown gets the code after the last, and a column of its own."""
    table, new = pd.DataFrame({"city": ["Oslo", "Rome"]}), pd.DataFrame({"city": ["Paris", None, "Rome"]})
    encoder = SequenceEncoder(unknown="encode").fit(table)
    np.testing.assert_array_equal(encoder.transform(new)["city"], [2, NAN, 1])
    encoder = SequenceEncoder("onehot", unknown="encode").fit(table)
    encoded = encoder.transform(new)
    assert list(encoded) == ["city=Oslo", "city=Rome", "city=?"]
    np.testing.assert_array_equal(encoded, [[0, 0, 1], [NAN, NAN, NAN], [0, 1, 0]])
    assert encoder.inverse_transform(encoded)["city"].isna().tolist() == [True, True, False]


def test_unknown_name():
    """The column of the unknown has a name of its own, also where ? is a category."""
    encoder = SequenceEncoder("onehot", unknown="encode").fit(list("?!"))
    assert list(encoder.get_feature_names_out()) == ["x0=!", "x0=?", "x0=??"]


@ENCODINGS
def test_unknown_not_observed(encoding):
    """What is unknown may be taken for not observed."""
    (codes,) = SequenceEncoder(encoding, unknown="nan").fit(["ab"]).transform(["ax"])
    np.testing.assert_array_equal(np.isnan(codes).all(axis=1), [False, True])


UNKNOWN = {
    "table": (
        WEATHER,
        WEATHER.replace({"city": {"Rome": "Paris"}}),
        "'Paris' at row 2026-01-02 00:00:00, column 'city', which is none of the 2 categories that it knows: "
        "'Oslo', 'Rome'.",
    ),
    "array": (
        np.array([["a", 1], ["b", 2]], dtype=object),
        np.array([["a", 1], ["c", 2]], dtype=object),
        "'c' at row 1, column 0, which is none of the 2 categories that it knows: 'a', 'b'.",
    ),
    "labels": (
        list("abc"),
        list("abd"),
        "'d' at row 2, which is none of the 3 categories that it knows: 'a', 'b', 'c'.",
    ),
    "tokens": (
        TOKENS,
        [["the"], ["dog", "ran"]],
        "'ran' at sequence 1, time step 1, which is none of the 4 categories that it knows: "
        "'cat', 'dog', 'sat', 'the'.",
    ),
    "tables": (
        [WEATHER],
        [WEATHER[:1], WEATHER.replace({"city": {"Rome": "Paris"}})],
        "'Paris' at sequence 1, time step 1, column 'city', which is none of the 2 categories that it knows: "
        "'Oslo', 'Rome'.",
    ),
    "many": (
        [list(range(100))],
        [[100]],
        "100 at sequence 0, time step 0, which is none of the 100 categories that it knows: 0, 1, 2, 3, 4, ...",
    ),
}


@pytest.mark.parametrize(("X", "new", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_refused(X, new, message):
    """The first unknown category is named, with its place and what is known."""
    assert refused(SequenceEncoder().fit(X).transform, new) == (
        f"SequenceEncoder got {message} Fit on data that has it, give it in categories=, or set unknown='encode' or "
        "unknown='nan'."
    )


# --- given categories -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["TGCA", list("TGCA"), np.array(list("TGCA")), {0: "TGCA"}], ids=["str", "list", "array", "dict"]
)
def test_given_categories(given):
    """Codes follow the order that is given, and what was not seen has one too."""
    (codes,) = SequenceEncoder(categories=given).fit_transform(["CAT"])
    np.testing.assert_array_equal(codes, [[2], [3], [0]])
    # Plain text, whatever it was given as: what comes back prints as such.
    assert {type(label) for label in SequenceEncoder(categories=given).fit(["CAT"]).categories_[0]} == {str}


def test_given_by_column():
    """Columns that are not named learn theirs; a single column needs no name."""
    table = pd.DataFrame({"a": ["x", "y"], "b": ["x", "y"]})
    encoded = SequenceEncoder(categories={"b": ["z", "y", "x"]}).fit_transform(table)
    np.testing.assert_array_equal(encoded, [[0, 2], [1, 1]])
    np.testing.assert_array_equal(SequenceEncoder(categories=["y", "x"]).fit_transform(table[["a"]]), [[1], [0]])
    assert SequenceEncoder(columns="a", categories=["y", "x"]).fit(table).columns_ == ["a"]


def test_given_categories_of_mixed_types():
    """Categories that could not be sorted may be given, and keep their types."""
    encoder = SequenceEncoder(categories=[1, "one"]).fit(["one", 1])
    np.testing.assert_array_equal(encoder.transform([1, "one"]), [0, 1])
    assert encoder.inverse_transform([0, 1]).tolist() == [1, "one"]


# --- and back -------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="ascii"), min_size=1, max_size=8)
TOKEN = st.sampled_from(["cat", "dog", "a", "", None])


@ENCODINGS
@settings(max_examples=50, deadline=None)
@given(X=st.lists(WORDS, min_size=1, max_size=6).filter(lambda X: any(len(word) > 1 for word in X)))
def test_there_and_back_strings(encoding, X):
    """Strings come back as they were, padded or not."""
    encoder = SequenceEncoder(encoding)
    encoded = encoder.fit_transform(X)
    assert encoder.inverse_transform(encoded) == X
    assert encoder.inverse_transform(SequencePadder().fit_transform(encoded)) == X


@ENCODINGS
@settings(max_examples=50, deadline=None)
@given(
    X=st.lists(st.lists(TOKEN, min_size=1, max_size=5), min_size=1, max_size=5),
    unknown=st.sampled_from(["error", "encode"]),
)
def test_there_and_back_tokens(encoding, X, unknown):
    """Lists of tokens come back as lists, missing tokens as None."""
    encoder = SequenceEncoder(encoding, categories=["cat", "dog", "a", ""], unknown=unknown)
    assert encoder.inverse_transform(encoder.fit_transform(X)) == X


@ENCODINGS
@settings(max_examples=50, deadline=None)
@given(
    labels=st.lists(st.integers(-3, 3), min_size=1, max_size=8),
    texts=st.lists(st.sampled_from(["x", "y", None]), min_size=8, max_size=8).filter(any),
)
def test_there_and_back_tables(encoding, labels, texts):
    """Tables come back with the types of their columns."""
    n_rows = len(labels)
    table = pd.DataFrame({"number": labels, "text": ["z", *texts][:n_rows], "flag": np.arange(n_rows) % 2 == 0})
    encoder = SequenceEncoder(encoding, columns=["number", "text", "flag"])
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.fit_transform(table)), table)


@ENCODINGS
def test_there_and_back_weather(encoding):
    """Missing values and types of columns come back, and what passed is left alone."""
    encoder = SequenceEncoder(encoding)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.fit_transform(WEATHER)), WEATHER)
    cities = WEATHER["city"]
    pd.testing.assert_series_equal(encoder.inverse_transform(encoder.fit_transform(cities)), cities)


def test_missing_numbers_and_truth():
    """Where nothing was observed, numbers come back as NaN, and truth values as None."""
    encoder = SequenceEncoder().fit([30, 10])
    np.testing.assert_array_equal(encoder.inverse_transform([1, NAN]), [30, NAN])
    assert SequenceEncoder().fit([True, False]).inverse_transform([1, NAN]).tolist() == [True, None]
    table = pd.DataFrame({"flag": [True, False]})
    encoder = SequenceEncoder().fit(table)
    assert encoder.inverse_transform(pd.DataFrame({"flag": [1, NAN]}))["flag"].tolist() == [True, None]


@ENCODINGS
def test_probabilities(encoding):
    """What a softmax gives comes back as labels, of samples and of time steps, whatever the encoding."""
    encoder = SequenceEncoder(encoding).fit([["left", "right"], ["wait"]])
    shares = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [NAN, NAN, NAN], [0, 0, 0]])
    assert encoder.inverse_transform(shares).tolist() == ["right", "left", None, None]
    steps = encoder.inverse_transform(shares.reshape(2, 2, 3))
    assert steps.tolist() == [["right", "left"], [None, None]]
    assert encoder.inverse_transform([shares[:2], shares[2:]]) == [["right", "left"], [None, None]]


@ENCODINGS
def test_codes(encoding):
    """Codes of every shape come back as labels, whatever the encoding."""
    encoder = SequenceEncoder(encoding).fit([["left", "right"], ["wait"]])
    assert encoder.inverse_transform([2, 0]).tolist() == ["wait", "left"]
    assert encoder.inverse_transform(np.array([[2], [0]])).tolist() == ["wait", "left"]
    assert encoder.inverse_transform(np.array([[[2], [0]]])).tolist() == [["wait", "left"]]
    assert encoder.inverse_transform([np.array([2, 0]), np.array([1])]) == [["wait", "left"], ["right"]]


def test_predicted_strings():
    """Time steps come back as a string, a sample as a character; an unknown one as a replacement character."""
    encoder = SequenceEncoder("onehot", unknown="encode").fit(["abc"])
    shares = np.eye(4)[[[0, 3, 2], [1, 1, 0]]]
    assert encoder.inverse_transform(shares) == ["a\N{REPLACEMENT CHARACTER}c", "bba"]
    assert encoder.inverse_transform(shares[..., :3] + 0.1)[1] == "bba"
    assert encoder.inverse_transform(shares[:, 0]).tolist() == ["a", "b"]


def test_single_category():
    """A single category has the code 0, and a column of ones."""
    for encoding in ("integer", "onehot"):
        encoder = SequenceEncoder(encoding)
        assert encoder.inverse_transform(encoder.fit_transform(["aa", "a"])) == ["aa", "a"]


def test_one_column_of_a_table():
    """A column by itself is brought back by its name or position."""
    encoder = SequenceEncoder("onehot").fit(WEATHER)
    shares = pd.DataFrame([[0.4, 0.6], [NAN, NAN]], index=DAYS[:2])
    expected = pd.Series(["Rome", None], index=DAYS[:2], name="city", dtype=WEATHER["city"].dtype)
    pd.testing.assert_series_equal(encoder.inverse_transform(shares, column="city"), expected)
    assert encoder.inverse_transform(np.ones((1, 2, 1)), column=1).tolist() == [["Rome", "Rome"]]
    level = encoder.inverse_transform(pd.Series([2.0, 0.0]), column="level")
    assert level.dtype == WEATHER["level"].dtype
    assert list(level) == ["high", "low"]


# --- in pipelines ---------------------------------------------------------------------------------


def test_before_lag_framer():
    """A table of mixed types is framed, and new rows look back by their index."""
    table = pd.DataFrame({"city": ["Oslo", "Rome", "Oslo"], "temp": [9.0, 21, 8]}, index=DAYS[:3])
    pipe = make_pipeline(SequenceEncoder("onehot"), LagFramer(2))
    windows = pipe.fit_transform(table)
    np.testing.assert_array_equal(windows[1], [[1, 0, 9], [0, 1, 21]])
    new = pipe.transform(pd.DataFrame({"city": ["Rome"], "temp": [7.0]}, index=DAYS[3:]))
    np.testing.assert_array_equal(new, [[[1, 0, 8], [0, 1, 7]]])


class HasCodeZero(ClassifierMixin, BaseEstimator):
    """Predicts the first class where code 0 is in the sequence; stands for a network."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.where((X == 0).any(axis=(1, 2)), *self.classes_)


def test_grid_search_over_strings():
    """Strings go through a stock grid search, and the encoding is tuned like any other parameter."""
    X = ["aab", "bcb", "aaaa", "cb", "ca", "bbc", "aba", "ccc"]
    y = np.array(["much", "none"] * 4)
    pipe = Pipeline([("encode", SequenceEncoder()), ("pad", SequencePadder()), ("model", HasCodeZero())])
    search = GridSearchCV(pipe, {"encode__unknown": ["encode", "nan"], "pad__padding": ["pre", "post"]}, cv=2)
    search.fit(X, y)
    np.testing.assert_array_equal(search.predict(X), y)
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_lstm_on_strings():
    """An LSTM learns from strings of different lengths."""
    X, y = ["ab", "ba", "abab", "bab"] * 4, ["a", "b"] * 8
    pipe = make_pipeline(
        SequenceEncoder("onehot"), SequencePadder(), LSTMClassifier(units=4, epochs=2, batch_size=8, random_state=0)
    )
    assert set(pipe.fit(X, y).predict(["aba", "b"])) <= {"a", "b"}


CASES = {
    "table": (SequenceEncoder("onehot", columns=["city"], categories=["Oslo", "Rome"], unknown="nan"), WEATHER),
    "labels": (SequenceEncoder(unknown="encode"), WEATHER["city"]),
    "tokens": (SequenceEncoder("onehot", categories={0: sorted({*TOKENS[0], *TOKENS[1]})}), TOKENS),
    "strings": (SequenceEncoder(), ["cat", "dog"]),
}


@pytest.mark.parametrize(("encoder", "X"), CASES.values(), ids=CASES)
def test_owed_to_scikit_learn(encoder, X):
    """A clone has all parameters and nothing fitted; X is not changed; refitting gives the same."""
    encoder = clone(encoder)
    before = pickle.dumps(X)
    expected = encoder.fit_transform(X)
    assert pickle.dumps(X) == before
    twin = clone(encoder)
    assert twin.get_params() == encoder.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]
    assert pickle.dumps(encoder.fit(X).transform(X)) == pickle.dumps(expected)


FRESH = """
import pickle
import sys

cases = pickle.load(sys.stdin.buffer)
pickle.dump([(e.transform(X), e.inverse_transform(e.transform(X))) for e, X in cases], sys.stdout.buffer)
assert not {"keras", "tensorflow"} & set(sys.modules)
"""


def test_fresh_process():
    """Pickles of fitted encoders work in a fresh process, which they make load no Keras."""
    cases = [(clone(encoder).fit(X), X) for encoder, X in CASES.values()]
    done = subprocess.run([sys.executable, "-c", FRESH], input=pickle.dumps(cases), capture_output=True, check=False)
    assert done.stderr == b""
    for (encoder, X), (encoded, restored) in zip(cases, pickle.loads(done.stdout), strict=True):
        expected = encoder.transform(X)
        for got, wanted in [(encoded, expected), (restored, encoder.inverse_transform(expected))]:
            if isinstance(X, list):
                assert [list(map(np.ndarray.tolist, map(np.asarray, got)))] == [
                    list(map(np.ndarray.tolist, map(np.asarray, wanted)))
                ]
            else:
                (pd.testing.assert_frame_equal if wanted.ndim == 2 else pd.testing.assert_series_equal)(got, wanted)


# --- what is refused ------------------------------------------------------------------------------

FAULTY = {
    "str": (
        "hello world",
        {},
        "SequenceEncoder expects a list of sequences, got 'hello world', a single str. "
        "Wrap it: [text] is one sequence of characters; list(text) is a series of them.",
    ),
    "empty list": ([], {}, "SequenceEncoder got an empty X: it holds no labels and no sequences."),
    "empty table": (WEATHER[:0], {}, "SequenceEncoder got an empty X: shape (0, 5) is (n_rows, n_features)."),
    "windows": (
        np.ones((2, 3, 1)),
        {},
        "SequenceEncoder expects a table, labels or a list of sequences, got X of shape (2, 3, 1). "
        "Encode the series before it is framed.",
    ),
    "empty sequence": (
        ["ab", ""],
        {},
        "SequenceEncoder got an empty sequence 1: it has no time steps. Drop it, and its y.",
    ),
    "no sequence": (
        [["a"], 3],
        {},
        "SequenceEncoder expects each sequence to be a list, an array, a string or a DataFrame, got 3 for sequence 1. "
        "Drop it, and its y, or wrap it: [3] has one time step.",
    ),
    "missing string": (
        ["ab", None],
        {},
        "SequenceEncoder expects each sequence to be a list, an array, a string or a DataFrame, got None for sequence "
        "1. Drop it, and its y, or wrap it: [None] has one time step.",
    ),
    "kinds": (
        [["a"], WEATHER],
        {},
        "SequenceEncoder expects sequences of one kind, got a table in sequence 1 and labels in sequence 0. "
        "Pass all of them as tables, or all as labels.",
    ),
    "other columns": (
        [WEATHER[["city"]], WEATHER[["level"]]],
        {},
        "SequenceEncoder expects the same columns in every sequence, got ['level'] in sequence 1 and ['city'] in "
        "sequence 0.",
    ),
    "uneven rows": (
        [[["a", 1], ["b"]]],
        {},
        "SequenceEncoder expects the same features at every time step, got time steps of different lengths in "
        "sequence 0. A token is a single label: sequences of tokens are a list of lists.",
    ),
    "cubes": (
        [np.ones((2, 2, 2))],
        {},
        "SequenceEncoder expects each sequence to have shape (n_timesteps,) or (n_timesteps, n_features), got shape "
        "(2, 2, 2) for sequence 0. Encode before the series is framed.",
    ),
    "mixed types": (
        WEATHER.assign(city=["Oslo", 3, None, 1.5]),
        {},
        "SequenceEncoder expects labels that can be sorted in column 'city', got float and int and str. "
        "Turn all of them into text, or give their order as categories=.",
    ),
    "mixed labels": (
        [1, "one"],
        {},
        "SequenceEncoder expects labels that can be sorted, got int and str. "
        "Turn all of them into text, or give their order as categories=.",
    ),
    "nothing observed": (
        WEATHER.assign(city=None),
        {},
        "SequenceEncoder got nothing observed (only missing values) in column 'city'. Drop it, or give its categories.",
    ),
    "no label observed": (
        [[None]],
        {},
        "SequenceEncoder got nothing observed (only missing values) in X. Drop it, or give its categories.",
    ),
    "unknown column": (
        WEATHER,
        {"columns": ["citi"]},
        "SequenceEncoder(columns=['citi']) names 'citi', which is no column of X. Did you mean 'city'? "
        "Its columns are: temp, city, level, wind, dry.",
    ),
    "columns of labels": (
        list("ab"),
        {"columns": "city"},
        "SequenceEncoder(columns='city') names columns of a table, got an X of one feature. Leave columns out.",
    ),
    "one list": (
        WEATHER,
        {"categories": ["Oslo", "Rome"]},
        "SequenceEncoder got one list of categories for 3 columns to encode: ['city', 'level', 'dry']. "
        "Pass a dict of lists by column.",
    ),
    "not encoded": (
        WEATHER,
        {"categories": {"temp": [8, 9]}},
        "SequenceEncoder got categories for column 'temp', which it does not encode. Name it in columns=, or leave it "
        "out.",
    ),
    "unknown in dict": (
        WEATHER,
        {"categories": {"citi": ["Oslo"]}},
        "SequenceEncoder(categories={'citi': ['Oslo']}) names 'citi', which is no column of X. Did you mean 'city'? "
        "Its columns are: temp, city, level, wind, dry.",
    ),
    "twice": (["ab"], {"categories": "aba"}, "SequenceEncoder got 'a' twice among the categories. Give each once."),
    "missing category": (
        WEATHER,
        {"categories": {"city": ["Oslo", None]}},
        "SequenceEncoder got a missing value among the categories of column 'city'. "
        "Leave it out: what is missing stays NaN.",
    ),
    "no category": (
        ["ab"],
        {"categories": []},
        "SequenceEncoder got an empty list for the categories. Leave it out to learn them.",
    ),
    "not given": (
        ["abc"],
        {"categories": "ab"},
        "SequenceEncoder got 'c' at sequence 0, time step 2, which is none of the 2 categories that it knows: 'a', "
        "'b'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'.",
    ),
    "equal names": (
        pd.DataFrame({"a": ["b=c"], "a=b": ["c"]}),
        {"encoding": "onehot"},
        "SequenceEncoder(encoding='onehot') would name two columns 'a=b=c'. Rename a column, or a category.",
    ),
}


@pytest.mark.parametrize(("X", "params", "message"), FAULTY.values(), ids=FAULTY)
def test_refused_by_fit(X, params, message):
    """What cannot be encoded is refused, with a remedy."""
    assert refused(SequenceEncoder(**params).fit, X) == message


def test_refused_by_transform():
    """X of other features, or a single string, is refused."""
    encoder = SequenceEncoder().fit(WEATHER)
    assert refused(encoder.transform, ["Oslo", "Rome"]) == (
        "SequenceEncoder was fitted on 5 features, got 2 labels, which are one. "
        "Reshape your data: pass a table of all of them."
    )
    assert refused(encoder.transform, TOKENS) == (
        "X has 1 features, but SequenceEncoder is expecting 5 features as input: got sequences of 1."
    )
    assert "now missing:\n- city" in refused(encoder.transform, WEATHER.drop(columns="city"))
    assert refused(SequenceEncoder().fit(["ab"]).transform, "ab") == (
        "SequenceEncoder expects a list of sequences, got 'ab', a single str. "
        "Wrap it: [text] is one sequence of characters; list(text) is a series of them."
    )
    with pytest.raises(NotFittedError, match="SequenceEncoder"):
        SequenceEncoder().transform(["ab"])


CODES_EXPECTED = (
    "SequenceEncoder.inverse_transform expects codes of shape (n_samples,) or (..., 1), or probabilities of shape "
    "(..., 3), got shape"
)
FAULTY_CODES = {
    "other width": (["abc"], np.ones((4, 2)), {}, f"{CODES_EXPECTED} (4, 2)."),
    "number": (["abc"], 1.0, {}, f"{CODES_EXPECTED} ()."),
    "no code": (
        ["abc"],
        [0.0, 1.5],
        {},
        "SequenceEncoder.inverse_transform expects codes, whole numbers from 0 to 2, got 1.5. "
        "Round what a network predicts, or pass its probabilities, of shape (..., 3).",
    ),
    "too large": (
        ["abc"],
        [3],
        {},
        "SequenceEncoder.inverse_transform expects codes, whole numbers from 0 to 2, got 3. "
        "Round what a network predicts, or pass its probabilities, of shape (..., 3).",
    ),
    "some columns": (
        WEATHER,
        np.ones((4, 2)),
        {},
        "SequenceEncoder.inverse_transform expects a table of 5 columns, got shape (4, 2). "
        "If X holds a single encoded column, name it: inverse_transform(X, column=...).",
    ),
    "other order": (
        WEATHER[["city", "temp"]],
        pd.DataFrame({"temp": [1.0], "city": [1.0]}),
        {},
        "SequenceEncoder.inverse_transform expects the columns ['city', 'temp'], got ['temp', 'city']. "
        "Bring them into this order, or pass an array.",
    ),
    "unknown column": (
        WEATHER,
        [0],
        {"column": "citi"},
        "SequenceEncoder encoded no column 'citi'. Did you mean 'city'? It encoded: city, level, dry.",
    ),
    "numbers": (
        WEATHER[["temp"]],
        [0],
        {"column": "temp"},
        "SequenceEncoder encoded no column 'temp'. It encoded: none.",
    ),
}


@pytest.mark.parametrize(("X", "codes", "params", "message"), FAULTY_CODES.values(), ids=FAULTY_CODES)
def test_refused_by_inverse_transform(X, codes, params, message):
    """What is no code is refused, with a remedy."""
    assert refused(SequenceEncoder().fit(X).inverse_transform, codes, **params) == message
