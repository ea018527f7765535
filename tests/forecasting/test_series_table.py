"""Rows of a series, what lies around them, and how they go on."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refusing

from sklstm.forecasting._series_table import SeriesTable


def panel(n_rows, seed=0):
    """Three series in any order, each in time order."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"of": rng.choice(["a", "b", "c"], n_rows), "y": rng.normal(size=n_rows)})
    table["t"] = table.groupby("of").cumcount()
    return table


@given(n_rows=st.integers(1, 40), seed=st.integers(0, 9), offsets=st.lists(st.integers(-6, 6), min_size=1, max_size=4))
def test_values_around_are_shifts(n_rows, seed, offsets):
    """What lies around a row is pandas' shift within its series."""
    table = panel(n_rows, seed)
    around = SeriesTable("test", table, "of", "t").values_around(table["y"].to_numpy(), offsets)
    expected = np.column_stack([table.groupby("of")["y"].shift(-offset) for offset in offsets])
    np.testing.assert_array_equal(around, expected)


def test_no_values_across_a_hole():
    """Where the index is regular, nothing lies on the other side of a hole; with max_gap it does."""
    series = pd.Series(np.arange(8.0), [0, 1, 2, 3, 6, 7, 8, 9], name="y")
    data = SeriesTable("test", series)
    before = data.values_around(series.to_numpy(), [-1])[:, 0]
    assert before.tolist()[:4] == pytest.approx([np.nan, 0, 1, 2], nan_ok=True)
    assert np.isnan(before[4])
    assert data.values_around(series.to_numpy(), [-1], max_gap=3)[4, 0] == 3


def test_nothing_around():
    """No offsets, no columns."""
    assert SeriesTable("test", [1.0, 2.0]).values_around(np.ones(2), []).shape == (2, 0)


@given(n_rows=st.integers(2, 30), seed=st.integers(0, 9), cut=st.integers(0, 15))
def test_context_comes_before(n_rows, seed, cut):
    """Of the rows before, those are put first that are earlier than the first one of their series."""
    table = panel(n_rows, seed)
    early, late = table[table["t"] < cut], table[table["t"] >= cut]
    if not (len(early) and len(late)):
        return
    whole, n_context = SeriesTable("test", late, "of", "t").after(SeriesTable("test", early, "of", "t"))
    kept = early[early["of"].isin(late["of"])]
    assert n_context == len(kept)
    assert sorted(whole.table.index[:n_context]) == sorted(kept.index)
    assert whole.table.index[n_context:].tolist() == late.index.tolist()


def test_what_tells_no_time_has_no_context():
    """Labels order nothing."""
    named = SeriesTable("test", pd.Series([1.0, 2.0], ["x", "y"], name="y"))
    assert named.after(named)[1] == 0
    dated = SeriesTable("test", pd.Series([1.0], pd.DatetimeIndex(["2026-01-01"]), name="y"))
    assert dated.after(SeriesTable("test", pd.Series([1.0], name="y")))[1] == 0


@pytest.mark.parametrize("how", ["columns", "levels", "index"])
def test_rows_ahead(how):
    """Rows to come have the series and the times of those before, wherever these stand."""
    table = panel(20).assign(size=lambda t: t["of"].map(ord).astype(float))
    table = {"columns": table, "levels": table.set_index(["of", "t"]), "index": table.set_index("t")}[how]
    data = SeriesTable("test", table, "of", "t")
    ahead = data.like(data.ahead(2, data.time_axes(), constant=["size"]))
    last = panel(20).groupby("of")["t"].max()
    for label, rows in ahead.keys.rows():
        assert ahead.keys.times[np.asarray(rows)].tolist() == [last[label] + 1, last[label] + 2]
    assert (ahead.table["size"].to_numpy() == [ord(label) for label in ahead.labels()]).all()
    assert ahead.table["y"].isna().all()


def test_text_and_disorder_are_refused():
    """A series holds numbers, in time order."""
    with refusing(
        snapshot(
            "test expects numbers, got text in column 'y' of the series: 'a' in row 0. Encode the column as numbers, or "
            "drop it."
        )
    ):
        SeriesTable("test", pd.DataFrame({"y": ["a"]}))
    with refusing(
        snapshot(
            "test expects rows in time order, got 0 (row 1) after 1 (row 0). Sort them, and y with them: X.sort_index(); "
            "and split without shuffling."
        )
    ):
        SeriesTable("test", pd.Series([1.0, 2.0], [1, 0]))
    with refusing(snapshot("test got an empty series of shape (0, 1).")):
        SeriesTable("test", pd.Series([], dtype=float, name="y"))


@pytest.mark.parametrize("freq", ["BME", "BQS", "WOM-3FRI", "SMS", "C"])
def test_rows_ahead_are_at_the_times_of_the_freq(freq):
    """What follows a table whose index carries a freq is where pandas has it."""
    index = pd.date_range("2026-01-02", periods=9, freq=freq, name="day")
    data = SeriesTable("test", pd.Series(np.arange(4.0), index[:4], name="y"))
    assert data.ahead(5, data.time_axes()).index.tolist() == index[4:].tolist()
