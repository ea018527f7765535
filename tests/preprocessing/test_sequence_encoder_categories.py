"""SequenceEncoder: given categories, unknown categories, and inverse_transform."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused

from sklstm import SequenceEncoder, SequencePadder

from .weather import DAYS, ENCODINGS, TOKENS, WEATHER

NAN = np.nan


# --- given categories -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["TGCA", list("TGCA"), np.array(list("TGCA")), {0: "TGCA"}], ids=["str", "list", "array", "dict"]
)
def test_given_categories(given):
    """Codes follow the order of the given categories, also of those that fit does not see."""
    (codes,) = SequenceEncoder(categories=given).fit_transform(["CAT"])
    np.testing.assert_array_equal(codes, [[2], [3], [0]])
    # Plain text, whatever it was given as: what comes back prints as such.
    assert {type(label) for label in SequenceEncoder(categories=given).fit(["CAT"]).categories_[0]} == {str}


def test_given_by_column():
    """Columns that are not named learn their categories; a single column needs no name."""
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


# --- unknown categories ---------------------------------------------------------------------------


def test_unknown_encoded():
    """An unknown category gets the code after the last one, or a column of its own."""
    table, new = pd.DataFrame({"city": ["Oslo", "Rome"]}), pd.DataFrame({"city": ["Paris", None, "Rome"]})
    encoder = SequenceEncoder(unknown="encode").fit(table)
    np.testing.assert_array_equal(encoder.transform(new)["city"], [2, NAN, 1])
    encoder = SequenceEncoder("onehot", unknown="encode").fit(table)
    encoded = encoder.transform(new)
    assert list(encoded) == ["city=Oslo", "city=Rome", "city=?"]
    np.testing.assert_array_equal(encoded, [[0, 0, 1], [NAN, NAN, NAN], [0, 1, 0]])
    assert encoder.inverse_transform(encoded)["city"].isna().tolist() == [True, True, False]


def test_unknown_name():
    """The column of unknown categories has a name of its own, also if ? is a category."""
    encoder = SequenceEncoder("onehot", unknown="encode").fit(list("?!"))
    assert list(encoder.get_feature_names_out()) == ["x0=!", "x0=?", "x0=??"]


@ENCODINGS
def test_unknown_not_observed(encoding):
    """Unknown categories may become NaN."""
    (codes,) = SequenceEncoder(encoding, unknown="nan").fit(["ab"]).transform(["ax"])
    np.testing.assert_array_equal(np.isnan(codes).all(axis=1), [False, True])


UNKNOWN = {
    "table": (
        WEATHER,
        WEATHER.replace({"city": {"Rome": "Paris"}}),
        snapshot(
            "SequenceEncoder got 'Paris' at row 2026-01-02 00:00:00, column 'city', which is none of the 2 categories that it knows: 'Oslo', 'Rome'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "array": (
        np.array([["a", 1], ["b", 2]], dtype=object),
        np.array([["a", 1], ["c", 2]], dtype=object),
        snapshot(
            "SequenceEncoder got 'c' at row 1, column 0, which is none of the 2 categories that it knows: 'a', 'b'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "labels": (
        list("abc"),
        list("abd"),
        snapshot(
            "SequenceEncoder got 'd' at row 2, which is none of the 3 categories that it knows: 'a', 'b', 'c'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "tokens": (
        TOKENS,
        [["the"], ["dog", "ran"]],
        snapshot(
            "SequenceEncoder got 'ran' at sequence 1, time step 1, which is none of the 4 categories that it knows: 'cat', 'dog', 'sat', 'the'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "tables": (
        [WEATHER],
        [WEATHER[:1], WEATHER.replace({"city": {"Rome": "Paris"}})],
        snapshot(
            "SequenceEncoder got 'Paris' at sequence 1, time step 1, column 'city', which is none of the 2 categories that it knows: 'Oslo', 'Rome'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "many": (
        [list(range(100))],
        [[100]],
        snapshot(
            "SequenceEncoder got 100 at sequence 0, time step 0, which is none of the 100 categories that it knows: 0, 1, 2, 3, 4, ... Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
}


@pytest.mark.parametrize(("X", "new", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_refused(X, new, message):
    """The error names the first unknown category, its place and the known ones."""
    assert refused(SequenceEncoder().fit(X).transform, new) == message


# --- inverse_transform ----------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="ascii"), min_size=1, max_size=8)
TOKEN = st.sampled_from(["cat", "dog", "a", "", None])


@ENCODINGS
@given(X=st.lists(WORDS, min_size=1, max_size=6).filter(lambda X: any(len(word) > 1 for word in X)))
def test_there_and_back_strings(encoding, X):
    """inverse_transform restores strings, padded or not."""
    encoder = SequenceEncoder(encoding)
    encoded = encoder.fit_transform(X)
    assert encoder.inverse_transform(encoded) == X
    assert encoder.inverse_transform(SequencePadder().fit_transform(encoded)) == X


@ENCODINGS
@given(
    X=st.lists(st.lists(TOKEN, min_size=1, max_size=5), min_size=1, max_size=5),
    unknown=st.sampled_from(["error", "encode"]),
)
def test_there_and_back_tokens(encoding, X, unknown):
    """inverse_transform restores lists of tokens, missing tokens as None."""
    encoder = SequenceEncoder(encoding, categories=["cat", "dog", "a", ""], unknown=unknown)
    assert encoder.inverse_transform(encoder.fit_transform(X)) == X


@ENCODINGS
@given(
    labels=st.lists(st.integers(-3, 3), min_size=1, max_size=8),
    texts=st.lists(st.sampled_from(["x", "y", None]), min_size=8, max_size=8).filter(any),
)
def test_there_and_back_tables(encoding, labels, texts):
    """inverse_transform restores tables with the dtypes of their columns."""
    n_rows = len(labels)
    table = pd.DataFrame({"number": labels, "text": ["z", *texts][:n_rows], "flag": np.arange(n_rows) % 2 == 0})
    encoder = SequenceEncoder(encoding, columns=["number", "text", "flag"])
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.fit_transform(table)), table)


@ENCODINGS
def test_there_and_back_weather(encoding):
    """inverse_transform restores missing values and dtypes, and leaves numbers alone."""
    encoder = SequenceEncoder(encoding)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.fit_transform(WEATHER)), WEATHER)
    cities = WEATHER["city"]
    pd.testing.assert_series_equal(encoder.inverse_transform(encoder.fit_transform(cities)), cities)


def test_missing_numbers_and_truth():
    """inverse_transform gives NaN for missing numbers, and None for missing booleans."""
    encoder = SequenceEncoder().fit([30, 10])
    np.testing.assert_array_equal(encoder.inverse_transform([1, NAN]), [30, NAN])
    assert SequenceEncoder().fit([True, False]).inverse_transform([1, NAN]).tolist() == [True, None]
    table = pd.DataFrame({"flag": [True, False]})
    encoder = SequenceEncoder().fit(table)
    assert encoder.inverse_transform(pd.DataFrame({"flag": [1, NAN]}))["flag"].tolist() == [True, None]


@ENCODINGS
def test_probabilities(encoding):
    """Softmax outputs become labels, of samples and of time steps, for both encodings."""
    encoder = SequenceEncoder(encoding).fit([["left", "right"], ["wait"]])
    shares = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [NAN, NAN, NAN], [0, 0, 0]])
    assert encoder.inverse_transform(shares).tolist() == ["right", "left", None, None]
    steps = encoder.inverse_transform(shares.reshape(2, 2, 3))
    assert steps.tolist() == [["right", "left"], [None, None]]
    assert encoder.inverse_transform([shares[:2], shares[2:]]) == [["right", "left"], [None, None]]


@ENCODINGS
def test_codes(encoding):
    """Codes of every shape become labels, for both encodings."""
    encoder = SequenceEncoder(encoding).fit([["left", "right"], ["wait"]])
    assert encoder.inverse_transform([2, 0]).tolist() == ["wait", "left"]
    assert encoder.inverse_transform(np.array([[2], [0]])).tolist() == ["wait", "left"]
    assert encoder.inverse_transform(np.array([[[2], [0]]])).tolist() == [["wait", "left"]]
    assert encoder.inverse_transform([np.array([2, 0]), np.array([1])]) == [["wait", "left"], ["right"]]


def test_predicted_strings():
    """Time steps become a string, a sample a character, an unknown code a replacement character."""
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
    """inverse_transform takes one column by its name or position."""
    encoder = SequenceEncoder("onehot").fit(WEATHER)
    shares = pd.DataFrame([[0.4, 0.6], [NAN, NAN]], index=DAYS[:2])
    expected = pd.Series(["Rome", None], index=DAYS[:2], name="city", dtype=WEATHER["city"].dtype)
    pd.testing.assert_series_equal(encoder.inverse_transform(shares, column="city"), expected)
    assert encoder.inverse_transform(np.ones((1, 2, 1)), column=1).tolist() == [["Rome", "Rome"]]
    level = encoder.inverse_transform(pd.Series([2.0, 0.0]), column="level")
    assert level.dtype == WEATHER["level"].dtype
    assert list(level) == ["high", "low"]
