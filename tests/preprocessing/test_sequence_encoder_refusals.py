"""Errors of SequenceEncoder."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.exceptions import NotFittedError

from sklstm import SequenceEncoder

from .weather import TOKENS, WEATHER

# --- errors ---------------------------------------------------------------------------------------

FAULTY = {
    "str": (
        "hello world",
        {},
        snapshot(
            "SequenceEncoder expects a list of sequences, got 'hello world', a single str. "
            "Wrap it: [text] is one sequence of characters; list(text) is a series of them."
        ),
    ),
    "empty list": ([], {}, snapshot("SequenceEncoder got an empty X: it holds no labels and no sequences.")),
    "empty table": (WEATHER[:0], {}, snapshot("SequenceEncoder got an empty X: shape (0, 5) is (n_rows, n_features).")),
    "windows": (
        np.ones((2, 3, 1)),
        {},
        snapshot(
            "SequenceEncoder expects a table, labels or a list of sequences, got X of shape (2, 3, 1). "
            "Encode the series before it is framed."
        ),
    ),
    "empty sequence": (
        ["ab", ""],
        {},
        snapshot("SequenceEncoder got an empty sequence 1: it has no time steps. Drop it, and its y."),
    ),
    "no sequence": (
        [["a"], 3],
        {},
        snapshot(
            "SequenceEncoder expects each sequence to be a list, an array, a string or a DataFrame, got 3 for sequence 1. "
            "Drop it, and its y, or wrap it: [3] has one time step."
        ),
    ),
    "missing string": (
        ["ab", None],
        {},
        snapshot(
            "SequenceEncoder expects each sequence to be a list, an array, a string or a DataFrame, got None for sequence "
            "1. Drop it, and its y, or wrap it: [None] has one time step."
        ),
    ),
    "kinds": (
        [["a"], WEATHER],
        {},
        snapshot(
            "SequenceEncoder expects sequences of one kind, got a table in sequence 1 and labels in sequence 0. "
            "Pass all of them as tables, or all as labels."
        ),
    ),
    "other columns": (
        [WEATHER[["city"]], WEATHER[["level"]]],
        {},
        snapshot(
            "SequenceEncoder expects the same columns in every sequence, got ['level'] in sequence 1 and ['city'] in "
            "sequence 0."
        ),
    ),
    "uneven rows": (
        [[["a", 1], ["b"]]],
        {},
        snapshot(
            "SequenceEncoder expects the same features at every time step, got time steps of different lengths in "
            "sequence 0. A token is a single label: sequences of tokens are a list of lists."
        ),
    ),
    "cubes": (
        [np.ones((2, 2, 2))],
        {},
        snapshot(
            "SequenceEncoder expects each sequence to have shape (n_timesteps,) or (n_timesteps, n_features), got shape "
            "(2, 2, 2) for sequence 0. Encode before the series is framed."
        ),
    ),
    "mixed types": (
        WEATHER.assign(city=["Oslo", 3, None, 1.5]),
        {},
        snapshot(
            "SequenceEncoder expects labels that can be sorted in column 'city', got float and int and str. "
            "Turn all of them into text, or give their order as categories=."
        ),
    ),
    "mixed labels": (
        [1, "one"],
        {},
        snapshot(
            "SequenceEncoder expects labels that can be sorted, got int and str. "
            "Turn all of them into text, or give their order as categories=."
        ),
    ),
    "nothing observed": (
        WEATHER.assign(city=None),
        {},
        snapshot(
            "SequenceEncoder got nothing observed (only missing values) in column 'city'. Drop it, or give its categories."
        ),
    ),
    "no label observed": (
        [[None]],
        {},
        snapshot("SequenceEncoder got nothing observed (only missing values) in X. Drop it, or give its categories."),
    ),
    "unknown column": (
        WEATHER,
        {"columns": ["citi"]},
        snapshot(
            "SequenceEncoder(columns=['citi']) names 'citi', which is no column of X. Did you mean 'city'? "
            "Its columns are: temp, city, level, wind, dry."
        ),
    ),
    "columns of labels": (
        list("ab"),
        {"columns": "city"},
        snapshot(
            "SequenceEncoder(columns='city') names columns of a table, got an X of one feature. Leave columns out."
        ),
    ),
    "one list": (
        WEATHER,
        {"categories": ["Oslo", "Rome"]},
        snapshot(
            "SequenceEncoder got one list of categories for 3 columns to encode: ['city', 'level', 'dry']. "
            "Pass a dict of lists by column."
        ),
    ),
    "not encoded": (
        WEATHER,
        {"categories": {"temp": [8, 9]}},
        snapshot(
            "SequenceEncoder got categories for column 'temp', which it does not encode. Name it in columns=, or leave it "
            "out."
        ),
    ),
    "unknown in dict": (
        WEATHER,
        {"categories": {"citi": ["Oslo"]}},
        snapshot(
            "SequenceEncoder(categories={'citi': ['Oslo']}) names 'citi', which is no column of X. Did you mean 'city'? "
            "Its columns are: temp, city, level, wind, dry."
        ),
    ),
    "twice": (
        ["ab"],
        {"categories": "aba"},
        snapshot("SequenceEncoder got 'a' twice among the categories. Give each once."),
    ),
    "missing category": (
        WEATHER,
        {"categories": {"city": ["Oslo", None]}},
        snapshot(
            "SequenceEncoder got a missing value among the categories of column 'city'. "
            "Leave it out: what is missing stays NaN."
        ),
    ),
    "no category": (
        ["ab"],
        {"categories": []},
        snapshot("SequenceEncoder got an empty list for the categories. Leave it out to learn them."),
    ),
    "not given": (
        ["abc"],
        {"categories": "ab"},
        snapshot(
            "SequenceEncoder got 'c' at sequence 0, time step 2, which is none of the 2 categories that it knows: 'a', "
            "'b'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'."
        ),
    ),
    "equal names": (
        pd.DataFrame({"a": ["b=c"], "a=b": ["c"]}),
        {"encoding": "onehot"},
        snapshot("SequenceEncoder(encoding='onehot') would name two columns 'a=b=c'. Rename a column, or a category."),
    ),
}


@pytest.mark.parametrize(("X", "params", "message"), FAULTY.values(), ids=FAULTY)
def test_refused_by_fit(X, params, message):
    """Invalid parameters and data raise an error with a remedy."""
    assert refused(SequenceEncoder(**params).fit, X) == message


def test_refused_by_transform():
    """Data of other features, or a single string, raise an error."""
    encoder = SequenceEncoder().fit(WEATHER)
    assert refused(encoder.transform, ["Oslo", "Rome"]) == snapshot(
        "SequenceEncoder was fitted on 5 features, got 2 labels, which are one. "
        "Reshape your data: pass a table of all of them."
    )
    assert refused(encoder.transform, TOKENS) == snapshot(
        "X has 1 features, but SequenceEncoder is expecting 5 features as input: got sequences of 1."
    )
    with pytest.raises(ValueError, match="now missing:\n- city"):
        encoder.transform(WEATHER.drop(columns="city"))
    assert refused(SequenceEncoder().fit(["ab"]).transform, "ab") == snapshot(
        "SequenceEncoder expects a list of sequences, got 'ab', a single str. "
        "Wrap it: [text] is one sequence of characters; list(text) is a series of them."
    )
    with pytest.raises(NotFittedError, match="SequenceEncoder"):
        SequenceEncoder().transform(["ab"])


FAULTY_CODES = {
    "other width": (
        ["abc"],
        np.ones((4, 2)),
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects codes of shape (n_samples,) or (..., 1), or probabilities of shape (..., 3), got shape (4, 2)."
        ),
    ),
    "number": (
        ["abc"],
        1.0,
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects codes of shape (n_samples,) or (..., 1), or probabilities of shape (..., 3), got shape ()."
        ),
    ),
    "no code": (
        ["abc"],
        [0.0, 1.5],
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects codes, whole numbers from 0 to 2, got 1.5. "
            "Round what a network predicts, or pass its probabilities, of shape (..., 3)."
        ),
    ),
    "too large": (
        ["abc"],
        [3],
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects codes, whole numbers from 0 to 2, got 3. "
            "Round what a network predicts, or pass its probabilities, of shape (..., 3)."
        ),
    ),
    "some columns": (
        WEATHER,
        np.ones((4, 2)),
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects a table of 5 columns, got shape (4, 2). "
            "If X holds a single encoded column, name it: inverse_transform(X, column=...)."
        ),
    ),
    "other order": (
        WEATHER[["city", "temp"]],
        pd.DataFrame({"temp": [1.0], "city": [1.0]}),
        {},
        snapshot(
            "SequenceEncoder.inverse_transform expects the columns ['city', 'temp'], got ['temp', 'city']. "
            "Bring them into this order, or pass an array."
        ),
    ),
    "unknown column": (
        WEATHER,
        [0],
        {"column": "citi"},
        snapshot("SequenceEncoder encoded no column 'citi'. Did you mean 'city'? It encoded: city, level, dry."),
    ),
    "numbers": (
        WEATHER[["temp"]],
        [0],
        {"column": "temp"},
        snapshot("SequenceEncoder encoded no column 'temp'. It encoded: none."),
    ),
}


@pytest.mark.parametrize(("X", "codes", "params", "message"), FAULTY_CODES.values(), ids=FAULTY_CODES)
def test_refused_by_inverse_transform(X, codes, params, message):
    """Arrays that are no codes raise an error with a remedy."""
    assert refused(SequenceEncoder().fit(X).inverse_transform, codes, **params) == message
