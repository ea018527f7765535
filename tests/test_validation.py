"""The one door for arrays: what passes, as what, and every word that it says to what does not."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from refusal import refused
from sklearn.base import BaseEstimator

from sklstm import Windows
from sklstm._validation import (
    check_3d,
    check_n_features,
    check_rows_as_sequences,
    check_sequences,
    check_series_table,
    check_target,
    check_windows,
    has_infinity,
    is_ragged,
    n_dims,
    place,
    read_numbers,
    refuse_infinity,
    refuse_partly_observed,
    refuse_text,
    stack_sequences,
)

NAN, INF = np.nan, np.inf


class Net(BaseEstimator):
    """Whoever stands at the door."""


# --- what kind of X is it? ------------------------------------------------------------------------

RAGGED = [
    [[1, 2], [3]],
    [[1], 2],
    ([1, 2], (3,)),
    [np.ones(2), np.ones(3)],
    [np.ones((2, 1)), np.ones((2, 1))],
    [pd.DataFrame({"a": [1]})],
    [pd.Series([1, 2]), pd.Series([1])],
    [[[1], [2]], [[3]]],
    [[[1, 2], [3]]],
    np.array([np.ones(2), None], dtype=object),
]
NOT_RAGGED = [
    [],
    [1, 2],
    ["a", "bc"],
    [[1, 2], [3, 4]],
    [np.ones(2), np.ones(2)],
    np.ones((2, 3)),
    np.array([1.0, None], dtype=object),
    np.array(["a", "bc"], dtype=object),
    np.array([], dtype=object),
    pd.DataFrame({"a": [1]}),
    pd.Series([1, 2]),
    "text",
    3.0,
    None,
    Windows(np.ones((3, 1)), [0, 1], 2),
]


@pytest.mark.parametrize("X", RAGGED, ids=repr)
def test_ragged(X):
    """Sequences of different lengths, or tables one by one, are ragged."""
    assert is_ragged(X)


@pytest.mark.parametrize("X", NOT_RAGGED, ids=repr)
def test_not_ragged(X):
    """Numbers, text, tables, and rows of one length are not ragged."""
    assert not is_ragged(X)


def test_dimensions():
    """The dimensions of X are those of its shape, or of the array that it makes."""
    assert n_dims([[1, 2]]) == 2
    assert n_dims(pd.Series([1])) == 1
    assert n_dims(Windows(np.ones((3, 1)), [0, 1], 2)) == 3


def test_reading():
    """What has a shape passes untouched, lists become arrays."""
    table = pd.DataFrame({"a": [1]})
    assert read_numbers(table) is table
    np.testing.assert_array_equal(read_numbers([1, 2]), [1, 2])


def test_stacking():
    """Sequences of one length become one array, of different lengths they are refused."""
    assert stack_sequences("Net", [np.ones((2, 3)), np.ones((2, 3))]).shape == (2, 2, 3)
    assert stack_sequences("Net", [[1, 2], [3, 4]]).shape == (2, 2)
    assert refused(stack_sequences, "Net", [[1, 2], [3]]) == (
        "Net expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
        "Put a SequencePadder before it."
    )


# --- series tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("X", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), [[1], [2]], pd.DataFrame({"a": [1, 2]})])
def test_series_table(X):
    """Lists, arrays, Series and tables of whole numbers become a float64 table."""
    values = check_series_table(Net(), X, reset=True)
    np.testing.assert_array_equal(values, [[1.0], [2.0]])
    assert values.dtype == np.float64


def test_float32_and_nan_pass():
    """float32 stays float32, and NaN passes."""
    values = check_series_table(Net(), np.array([1, NAN], dtype=np.float32), reset=True)
    assert values.dtype == np.float32
    assert np.isnan(values[1, 0])


def test_names_are_remembered():
    """Feature names are those of a DataFrame, or the name of a Series."""
    net = Net()
    check_series_table(net, pd.Series([1.0], name="sales"), reset=True)
    assert list(net.feature_names_in_) == ["sales"]
    assert refused(check_series_table, net, pd.Series([1.0], name="snow"), reset=False) == (
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- snow\nFeature names seen at fit time, yet now missing:\n- sales\n"
    )


def test_series_where_a_table_was():
    """A 1D X for several features is refused, with the way to make it a row."""
    net = Net()
    check_series_table(net, np.ones((4, 3)), reset=True)
    assert refused(check_series_table, net, np.ones(3), reset=False) == (
        "Net was fitted on 3 features, got a 1D X of 3 values, which is one feature. "
        "Reshape your data: X.reshape(1, -1) if it is one row of 3 features."
    )


def test_not_a_series_table():
    """Windows and sequences are no series table."""
    assert refused(check_series_table, Net(), np.ones((2, 3, 1)), reset=True) == (
        "Net expects a series table of shape (n_rows, n_features), got X of shape (2, 3, 1). "
        "Pass the series, not windows of it, and bring further axes into its features."
    )
    assert refused(check_series_table, Net(), [[1, 2], [3]], reset=True) == (
        "Net expects one series table of shape (n_rows, n_features), got 2 sequences. Pass each by itself."
    )


TEXTS = [
    (pd.DataFrame({"a": [1, 2], "b": ["1", "wet"]}, index=[7, 8]), "column 'b' of X: 'wet' in row 8"),
    (pd.DataFrame({"a": pd.Categorical(["dry", "wet"])}), "column 'a' of X: 'dry' in row 0"),
    (pd.Series([1, "wet"], name="rain"), "'rain' of X: 'wet' in row 1"),
    (pd.Series([1, "wet"]), "the values of X: 'wet' in row 1"),
    (np.array([[1, "wet"]], dtype=object), "column 1 of X: 'wet' in row 0"),
    (np.array([b"wet"]), "column 0 of X: b'wet' in row 0"),
    ([1, "wet"], "column 0 of X: 'wet' in row 1"),
    ("wet", "column 0 of X: 'wet' in row 0"),
]


@pytest.mark.parametrize(("X", "where"), TEXTS)
def test_text(X, where):
    """Text is refused by its column and row."""
    assert refused(check_series_table, Net(), X, reset=True) == (
        f"Net expects numbers, got text in {where}. Encode the column as numbers, or drop it."
    )


DAYS = pd.date_range("2026-01-01", periods=2)
TIMES = [
    (pd.DataFrame({"a": [1, 2], "when": DAYS}), "column 'when'", "Make them the index: X.set_index('when')."),
    (pd.DataFrame({"when": DAYS.to_period("D")}), "column 'when'", "Make them the index: X.set_index('when')."),
    (pd.DataFrame({"when": DAYS - DAYS[0]}), "column 'when'", "Make them the index: X.set_index('when')."),
    (pd.Series(DAYS, name="when"), "'when'", "Make them the index of a DataFrame, or drop them."),
    (DAYS.to_numpy(), "column 0", "Make them the index of a DataFrame, or drop them."),
    ((DAYS - DAYS[0]).to_numpy(), "column 0", "Make them the index of a DataFrame, or drop them."),
    ([[1, dt.date(2026, 1, 1)]], "column 1", "Make them the index of a DataFrame, or drop them."),
]


@pytest.mark.parametrize(("X", "where", "remedy"), TIMES)
def test_times(X, where, remedy):
    """Times among the values are refused, with the way to make them the index."""
    assert refused(check_series_table, Net(), X, reset=True) == (
        f"Net expects numbers, got times in {where} of X. {remedy}"
    )


def test_text_in_numbers_passes():
    """Numbers written as text, and tables without a row, hold no text."""
    refuse_text("Net", np.array(["1.5", "nan"]))
    refuse_text("Net", np.empty((0, 2), dtype=object))
    np.testing.assert_array_equal(check_series_table(Net(), ["1.5", "2"], reset=True), [[1.5], [2.0]])


def test_infinity():
    """Infinity is refused by the labels of its place."""
    table = pd.DataFrame({"a": [1.0, 2.0], "wind": [3.0, -INF]}, index=[10, 11])
    assert refused(check_series_table, Net(), table, reset=True) == (
        "Net got inf in X at row 11, column 'wind'. Replace it, or write NaN where nothing was observed."
    )


def test_infinity_is_told_from_large_numbers():
    """Sums that overflow, and NaN, are no infinity."""
    assert not has_infinity(np.full(3, 3e38, np.float32))
    assert not has_infinity(np.array([1.7e308, 1.7e308, NAN]))
    assert has_infinity(np.array([INF, -INF]))
    assert refused(refuse_infinity, "Net", np.array([[[1.0]], [[INF]]]), None, first_sample=5) == (
        "Net got inf in X at sample 6, time step 0, feature 0. Replace it, or write NaN where nothing was observed."
    )


def test_partly_observed_rows():
    """A row with some features missing is refused by its label, with the columns that it misses."""
    table = pd.DataFrame({"a": [1.0, NAN, 1.0], "b": [1.0, 2.0, NAN], "c": [1.0, NAN, 2.0]}, index=["x", "y", "z"])
    remedy = (
        "A time step is either observed in every feature or NaN in all of them: "
        "impute first, for instance with sklearn.impute.SimpleImputer before this step."
    )
    assert refused(refuse_partly_observed, "Net", table.to_numpy(), table) == (
        f"Net got a time step with some features missing: row y (and 1 more), NaN in column 'a', 'c'. {remedy}"
    )
    assert refused(refuse_partly_observed, "Net", table.to_numpy()[:2], None, of=" of sequence 4") == (
        f"Net got a time step with some features missing: row 1 of sequence 4, NaN in column 0, 2. {remedy}"
    )


def test_unobserved_rows_pass():
    """A row that is NaN in every feature is not observed, and passes."""
    refuse_partly_observed("Net", np.array([[NAN, NAN], [1.0, 2.0]]), None)


def test_place():
    """A place is told in the words of X: labels, or positions on named axes."""
    series = pd.Series([1.0], index=["jan"])
    assert place((0,), series) == "row jan"
    assert place((0, 0), series.to_frame("a")) == "row jan, column 'a'"
    assert place((1, 2), None) == "row 1, column 2"
    assert place((1, 2, 3), None) == "sample 1, time step 2, feature 3"


# --- ragged sequences -----------------------------------------------------------------------------


def test_sequences():
    """Sequences of every kind become float arrays of two axes."""
    net = Net()
    sequences = check_sequences(net, [[1, 2], np.array([3.0]), pd.Series([4]), pd.DataFrame({"a": [5]})], reset=True)
    assert [sequence.tolist() for sequence in sequences] == [[[1.0], [2.0]], [[3.0]], [[4.0]], [[5.0]]]
    assert net.n_features_in_ == 1


def test_dtype_of_sequences():
    """Sequences are float32 where all of them are, else float64."""
    single, double = np.ones(2, np.float32), np.ones(3)
    assert {sequence.dtype for sequence in check_sequences(Net(), [single, single[:1]], reset=True)} == {single.dtype}
    assert {sequence.dtype for sequence in check_sequences(Net(), [single, double], reset=True)} == {double.dtype}


def test_names_of_sequences():
    """The columns of DataFrames are the feature names."""
    net = Net()
    check_sequences(net, [pd.DataFrame({"a": [1], "b": [2]})], reset=True)
    assert list(net.feature_names_in_) == ["a", "b"]


SEQUENCES = [
    ([], "Net got an empty X: it holds no sequences."),
    (
        [np.ones((2, 1)), np.ones((2, 3))],
        "Net expects the same features in every sequence, got 3 in sequence 1 and 1 in sequence 0.",
    ),
    (
        [pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]})],
        "Net expects the same columns in every sequence, got ['b', 'a'] in sequence 1 and ['a', 'b'] in sequence 0.",
    ),
    (
        [[1, 2], 3],
        "Net expects an array of shape (n_timesteps, n_features) for each sequence, got the number 3 for sequence 1.",
    ),
    (
        [[[1, 2], [3, 4]], [[1, 2], [3]]],
        "Net expects the same features at every time step, got time steps of different lengths in sequence 1.",
    ),
    (
        [np.ones((2, 3, 4))],
        "Net expects each sequence to have shape (n_timesteps, n_features), got shape (2, 3, 4) for sequence 0.",
    ),
    ([[1], []], "Net got an empty sequence 1: it has no time steps. Drop it, and its y."),
    (
        [[1], [2, INF]],
        "Net got inf in sequence 1 of X at row 1, column 0. Replace it, or write NaN where nothing was observed.",
    ),
    (
        [[1], [2, "wet"]],
        "Net expects numbers, got text in column 0 of sequence 1 of X: 'wet' in row 1. "
        "Encode the column as numbers, or drop it.",
    ),
]


@pytest.mark.parametrize(("X", "message"), SEQUENCES)
def test_faulty_sequences(X, message):
    """A faulty sequence is refused by its number."""
    assert refused(check_sequences, Net(), X, reset=True) == message


def test_number_of_features():
    """The number of features is remembered at fit, and compared from then on."""
    net = Net()
    net.feature_names_in_ = ["a"]
    check_n_features(net, 2, "X of shape (4, 5, 2)", reset=True)
    assert net.n_features_in_ == 2
    assert not hasattr(net, "feature_names_in_")
    assert refused(check_n_features, net, 3, "X of shape (4, 5, 3)", reset=False) == (
        "X has 3 features, but Net is expecting 2 features as input: got X of shape (4, 5, 3)."
    )


def test_rows_as_sequences():
    """The rows of a table are sequences of one feature."""
    net = Net()
    windows = check_rows_as_sequences(net, np.ones((4, 5)), reset=True)
    assert windows.shape == (4, 5, 1)
    assert net.n_features_in_ == 1
    assert refused(check_rows_as_sequences, net, np.array([["1", "wet"]]), reset=True) == (
        "Net expects numbers, got text in column 1 of X: 'wet' in row 0. Encode the column as numbers, or drop it."
    )
    assert refused(check_rows_as_sequences, net, np.array([[1, INF]]), reset=True) == (
        "Net got inf in X at row 0, column 1. Replace it, or write NaN where nothing was observed."
    )


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "shape"),
    [
        (np.ones((4, 3, 2)), (4, 3, 2)),
        (np.ones((4, 3, 2)).tolist(), (4, 3, 2)),
        ([np.ones((3, 2))] * 4, (4, 3, 2)),
        ([pd.DataFrame({"a": [1, 2]})] * 4, (4, 2, 1)),
        (np.ones((4, 3)), (4, 3, 1)),
        (pd.DataFrame({"a": [1, 2]}), (2, 1, 1)),
        (Windows(np.ones((6, 2)), [0, 1], 3), (2, 3, 2)),
    ],
)
def test_windows(X, shape):
    """Whatever has windows of one length becomes Windows; a table is one feature, its columns are time steps."""
    windows = check_windows(Net(), X, reset=True)
    assert isinstance(windows, Windows)
    assert windows.shape == shape
    assert windows.dtype == np.float64


def test_windows_are_views():
    """Float windows are looked at where they are."""
    X = np.ones((4, 3, 2), np.float32)
    assert np.shares_memory(check_windows(Net(), X, reset=True).buffer, X)


WINDOWS = [
    (
        [[1, 2], [3]],
        "Net expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
        "Put a SequencePadder before it.",
    ),
    (
        np.ones(5),
        "Net expects X of shape (n_samples, n_timesteps, n_features), got shape (5,). "
        "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
    ),
    (
        np.ones((1, 2, 3, 4)),
        "Net expects X of shape (n_samples, n_timesteps, n_features), got shape (1, 2, 3, 4). "
        "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
    ),
    (
        np.ones((4, 0, 2)),
        "Net got an empty X: shape (4, 0, 2) is (n_samples, n_timesteps, n_features) and none of them may be 0.",
    ),
    (
        np.array([[["wet"], ["dry"]]]),
        "Net expects numbers, got text in column 0 of X: 'wet' in row 0. Encode the column as numbers, or drop it.",
    ),
    (
        [[[1.0], [2.0]], [[3.0], [INF]]],
        "Net got inf in X at sample 1, time step 1, feature 0. Replace it, or write NaN where nothing was observed.",
    ),
    (
        [[[1.0, 2.0, 3.0]], [[NAN, 2.0, NAN]]],
        "Net got a time step with some features missing: sample 1, time step 0, NaN in feature 0, 2. A time step is "
        "either observed in every feature or NaN in all of them: impute first, before the windows are framed.",
    ),
]


@pytest.mark.parametrize(("X", "message"), WINDOWS)
def test_faulty_windows(X, message):
    """Faulty windows are refused by the names of their axes."""
    assert refused(check_windows, Net(), X, reset=True) == message


@pytest.mark.parametrize("bad", [INF, NAN])
def test_rows_that_no_window_shows(bad):
    """What lies in the buffer but in no window is nobody's business."""
    buffer = np.array([[1.0, 1.0], [2.0, 2.0], [bad, 3.0], [4.0, 4.0]])
    assert len(check_windows(Net(), Windows(buffer, [0], 2), reset=True)) == 1
    assert "sample 1, time step 0" in refused(check_windows, Net(), Windows(buffer, [0, 2], 2), reset=True)


def test_partly_observed_windows_pass_for_scalers():
    """For 3D input alone, a time step may miss some features."""
    assert check_3d(Net(), np.array([[[1.0, NAN]]]), reset=True).shape == (1, 1, 2)


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), [[1, 3], [2, 4]], ["1", "2"]])
def test_target(y):
    """A target of one or two axes passes as floats."""
    checked = check_target(Net(), y, (2, 3, 1))
    assert checked.dtype == np.float64
    np.testing.assert_array_equal(checked, np.asarray(y, dtype=float))


TARGETS = [
    (
        None,
        "Net requires y to be passed, but the target y is None. "
        "For the next value of a series: X, y = make_supervised(series).",
    ),
    (
        np.ones((4, 1, 1)),
        "Net expects y of shape (n_samples,) or (n_samples, n_outputs), got shape (4, 1, 1).",
    ),
    (
        pd.Series([1, 2, NAN, 3], index=list("abcd")),
        "Net got NaN in y at row c: Input y contains NaN, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (
        [[1, 2], [1, INF], [1, 2], [1, 2]],
        "Net got inf in y at row 1, column 1: Input y contains inf, and there is nothing to learn from. "
        "Fill the gaps of the series first, or leave such rows out of X and y.",
    ),
    (
        ["dry", "wet", "wet", "dry"],
        "Net expects numbers, got text in column 0 of y: 'dry' in row 0. Encode the column as numbers, or drop it.",
    ),
    (
        [1, 2, 3],
        "Net got X with 4 samples (shape (4, 3, 1) is n_samples, n_timesteps, n_features) and y with 3. "
        "Both need the same number of rows.",
    ),
]


@pytest.mark.parametrize(("y", "message"), TARGETS)
def test_faulty_target(y, message):
    """A target that is missing, misshapen, not finite or of another length is refused."""
    assert refused(check_target, Net(), y, (4, 3, 1)) == message


def test_samples_on_the_wrong_axis():
    """A target as long as the only sample tells that the axes of X are swapped."""
    assert refused(check_target, Net(), [1, 2, 3], (1, 3, 2)) == (
        "Net got X with 1 samples (shape (1, 3, 2) is n_samples, n_timesteps, n_features) and y with 3. "
        "The 3 samples lie on the axis of time steps: X.reshape(3, 1, -1) makes them samples of one time step, "
        "LagFramer makes windows of them. Both need the same number of rows."
    )
