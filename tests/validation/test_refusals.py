"""Text, times, infinity and partly observed rows are refused, by their row and column."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import LagFramer, SeriesScaler

NAN, INF = np.nan, np.inf


def test_text():
    """Text is refused by its column and row."""
    texts = [
        pd.DataFrame({"a": [1, 2], "b": ["1", "wet"]}, index=[7, 8]),
        pd.DataFrame({"a": pd.Categorical(["dry", "wet"])}),
        pd.Series([1, "wet"], name="rain"),
        pd.Series([1, "wet"]),
        np.array([[1, "wet"]], dtype=object),
        np.array([b"wet"]),
        [1, "wet"],
        "wet",
    ]
    assert [refused(SeriesScaler().fit, X) for X in texts] == snapshot(
        [
            "SeriesScaler expects numbers, got text in column 'b' of X: 'wet' in row 8. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in column 'a' of X: 'dry' in row 0. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in 'rain' of X: 'wet' in row 1. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in the values of X: 'wet' in row 1. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in column 1 of X: 'wet' in row 0. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in column 0 of X: b'wet' in row 0. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in column 0 of X: 'wet' in row 1. Encode the column as numbers, or drop it.",
            "SeriesScaler expects numbers, got text in column 0 of X: 'wet' in row 0. Encode the column as numbers, or drop it.",
        ]
    )


def test_times():
    """Times among the values are refused, with the way to make them the index."""
    days = pd.date_range("2026-01-01", periods=2)
    times = [
        pd.DataFrame({"a": [1, 2], "when": days}),
        pd.DataFrame({"when": days.to_period("D")}),
        pd.DataFrame({"when": days - days[0]}),
        pd.Series(days, name="when"),
        days.to_numpy(),
        (days - days[0]).to_numpy(),
        [[1, dt.date(2026, 1, 1)]],
    ]
    assert [refused(SeriesScaler().fit, X) for X in times] == snapshot(
        [
            "SeriesScaler expects numbers, got times in column 'when' of X. Make them the index: X.set_index('when').",
            "SeriesScaler expects numbers, got times in column 'when' of X. Make them the index: X.set_index('when').",
            "SeriesScaler expects numbers, got times in column 'when' of X. Make them the index: X.set_index('when').",
            "SeriesScaler expects numbers, got times in 'when' of X. Make them the index of a DataFrame, or drop them.",
            "SeriesScaler expects numbers, got times in column 0 of X. Make them the index of a DataFrame, or drop them.",
            "SeriesScaler expects numbers, got times in column 0 of X. Make them the index of a DataFrame, or drop them.",
            "SeriesScaler expects numbers, got times in column 1 of X. Make them the index of a DataFrame, or drop them.",
        ]
    )


def test_infinity():
    """Infinity is refused by the labels of its place, or by its position."""
    table = pd.DataFrame({"a": [1.0, 2.0], "wind": [3.0, -INF]}, index=[10, 11])
    infinite = [table, table["wind"], table.to_numpy(), [[1], [2, INF]], [INF, -INF]]
    assert [refused(SeriesScaler().fit, X) for X in infinite] == snapshot(
        [
            "SeriesScaler got inf in X at row 11, column 'wind'. Replace it, or write NaN where nothing was observed.",
            "SeriesScaler got inf in X at row 11, column 'wind'. Replace it, or write NaN where nothing was observed.",
            "SeriesScaler got inf in X at row 1, column 1. Replace it, or write NaN where nothing was observed.",
            "SeriesScaler got inf in sequence 1 of X at row 1, column 0. Replace it, or write NaN where nothing was observed.",
            "SeriesScaler got inf in X at row 0, column 0. Replace it, or write NaN where nothing was observed.",
        ]
    )


@pytest.mark.parametrize(
    "X", [np.full(3, 3e38, np.float32), np.array([1.7e308, 1.7e308, NAN])], ids=["float32", "float64"]
)
def test_large_numbers_are_not_infinite(X):
    """Numbers whose sum overflows, and NaN, are no infinity."""
    np.testing.assert_array_equal(SeriesScaler(None).fit_transform(X), X)


def test_infinity_in_many_windows():
    """Infinity is refused by its sample, also in windows that are looked at in several parts."""
    series = np.zeros(3000)
    series[2500] = INF
    windows = np.lib.stride_tricks.sliding_window_view(series, 1000)[:, :, None]
    assert refused(SeriesScaler().fit, windows) == snapshot(
        "SeriesScaler got inf in X at sample 1501, time step 999, feature 0. Replace it, or write NaN where nothing was observed."
    )


def test_partly_observed_rows():
    """A row with some features missing is refused by its label, with the columns that it misses."""
    table = pd.DataFrame({"a": [1.0, NAN, 1.0], "b": [1.0, 2.0, NAN], "c": [1.0, NAN, 2.0]}, index=["x", "y", "z"])
    assert refused(LagFramer(1).fit, table) == snapshot(
        "LagFramer got a time step with some features missing: row y (and 1 more), NaN in column 'a', 'c'. A time step is either observed in every feature or NaN in all of them: impute first, for instance with sklearn.impute.SimpleImputer before this step."
    )
    assert refused(LagFramer(1).fit, table[:2].to_numpy()) == snapshot(
        "LagFramer got a time step with some features missing: row 1, NaN in column 0, 2. A time step is either observed in every feature or NaN in all of them: impute first, for instance with sklearn.impute.SimpleImputer before this step."
    )


def test_unobserved_rows_pass():
    """A row that is NaN in every feature was not observed, and passes."""
    rows = np.array([[NAN, NAN], [1.0, 2.0]])
    np.testing.assert_array_equal(LagFramer(1).fit_transform(rows)[:, 0], rows)
