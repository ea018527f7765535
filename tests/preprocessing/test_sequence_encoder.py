"""SequenceEncoder: categories of tables, labels and sequences as numbers."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sizes import EPOCHS, UNITS
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import LagFramer, LSTMClassifier, SequenceEncoder, SequencePadder

from .weather import DAYS, ENCODINGS, TOKENS, WEATHER

NAN = np.nan


EXPECTED_FAILURES = {
    "check_fit1d": "A 1D X holds labels, one feature, as users have them; it is not refused.",
    "check_transformer_data_not_an_array": "A list of lists holds sequences of tokens, and is no table.",
}


@parametrize_with_checks(
    [SequenceEncoder(), SequenceEncoder("onehot", unknown="encode")],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    """The encoder passes scikit-learn's checks, except those with a reason."""
    check(estimator)


# --- tables ---------------------------------------------------------------------------------------


def test_table():
    """Categories become codes in their place; numbers keep their dtype, and missing values stay."""
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
    """One-hot columns replace the columns of categories, and are NaN for missing ones."""
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
    """A column of numbers is encoded if columns= names it, else it passes."""
    stores = pd.DataFrame({"store": [30, 10, 30], "sales": [1, 2, 3]})
    assert SequenceEncoder(columns="store").fit_transform(stores)["store"].tolist() == [1, 0, 1]
    pd.testing.assert_frame_equal(SequenceEncoder().fit_transform(stores), stores)


def test_every_text_type():
    """Text is encoded alike in every dtype of pandas, also in another one than in fit."""
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
    """An object array is a table with columns by position."""
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
    """The output comes in the container of set_output."""
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
    """Labels are one feature: a 1D array of codes, or a 2D one-hot array."""
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
    """An encoder that was fitted on sequences encodes labels, and the other way round."""
    np.testing.assert_array_equal(SequenceEncoder().fit(TOKENS).transform(["dog", "cat"]), [1, 0])
    (codes,) = SequenceEncoder().fit(list("abc")).transform([["c", "a"]])
    np.testing.assert_array_equal(codes, [[2], [0]])


def test_nothing_to_encode():
    """Numbers of a fitted table of one numeric column pass unchanged, as labels and as sequences."""
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
    """Classifier that predicts the first class if code 0 is in the sequence."""

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
        SequenceEncoder("onehot"), SequencePadder(), LSTMClassifier(UNITS, epochs=EPOCHS, random_state=0)
    )
    assert set(pipe.fit(X, y).predict(["aba", "b"])) <= {"a", "b"}


CASES = {
    "table": (SequenceEncoder("onehot", columns=["city"], categories=["Oslo", "Rome"], unknown="nan"), WEATHER),
    "labels": (SequenceEncoder(unknown="encode"), WEATHER["city"]),
    "tokens": (SequenceEncoder("onehot", categories={0: sorted({*TOKENS[0], *TOKENS[1]})}), TOKENS),
    "strings": (SequenceEncoder(), ["cat", "dog"]),
}


@pytest.mark.parametrize(("encoder", "X"), CASES.values(), ids=CASES)
def test_clone_and_refit(encoder, X):
    """A clone has all parameters and nothing fitted; X is not changed; refitting gives the same."""
    encoder = clone(encoder)
    before = repr(X)
    expected = encoder.fit_transform(X)
    assert repr(X) == before
    twin = clone(encoder)
    assert twin.get_params() == encoder.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]
    assert repr(encoder.fit(X).transform(X)) == repr(expected)


@pytest.mark.parametrize(("encoder", "X"), CASES.values(), ids=CASES)
def test_pickles_encode_alike(encoder, X):
    """A pickle of a fitted encoder encodes and decodes alike."""
    encoder = clone(encoder).fit(X)
    again, encoded = pickle.loads(pickle.dumps(encoder)), encoder.transform(X)
    assert repr(again.transform(X)) == repr(encoded)
    assert repr(again.inverse_transform(encoded)) == repr(encoder.inverse_transform(encoded))
