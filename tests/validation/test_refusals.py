"""What no array may hold."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from net import Net
from refusal import refused

from sklstm._validation import (
    check_series_table,
    has_infinity,
    place,
    refuse_infinity,
    refuse_partly_observed,
    refuse_text,
)

NAN, INF = np.nan, np.inf


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
    assert refused(check_series_table, Net(), table, reset=True) == snapshot(
        "Net got inf in X at row 11, column 'wind'. Replace it, or write NaN where nothing was observed."
    )


def test_infinity_is_told_from_large_numbers():
    """Sums that overflow, and NaN, are no infinity."""
    assert not has_infinity(np.full(3, 3e38, np.float32))
    assert not has_infinity(np.array([1.7e308, 1.7e308, NAN]))
    assert has_infinity(np.array([INF, -INF]))
    assert refused(refuse_infinity, "Net", np.array([[[1.0]], [[INF]]]), None, first_sample=5) == snapshot(
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
