"""split_sequences: a long table as one sequence per id, in order of appearance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.pipeline import make_pipeline

from sklstm import SequenceEncoder, SequencePadder
from sklstm.preprocessing import split_sequences

VISITS = pd.DataFrame(
    {
        "patient": ["b", "a", "b", "c", "a"],
        "day": [1, 1, 4, 2, 3],
        "pulse": [71.0, 64.0, 75.0, 80.0, 62.0],
        "ward": ["x", "y", "x", "y", "y"],
    }
)


def naive(table, by, time):
    """Naive loop over the ids."""
    ids = list(dict.fromkeys(table[by]))
    return [table[table[by] == one].drop(columns=by).set_index(time) for one in ids], ids


@given(owners=st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_equals_loop(owners):
    """Sequences and ids are those of a loop over the ids, in any order of rows."""
    n_rows = len(owners)
    table = pd.DataFrame({"id": owners, "when": np.arange(n_rows) * 2, "a": np.arange(n_rows) / 4})
    sequences, ids = split_sequences(table, "id", time="when")
    expected, expected_ids = naive(table, "id", "when")
    assert ids.tolist() == expected_ids
    assert ids.name == "id"
    for one, other in zip(sequences, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


BY_DAY = VISITS.set_index("day")
BY_BOTH = VISITS.set_index(["patient", "day"])
PLACES = {
    "columns": (VISITS, "day"),
    "index tells": (BY_DAY, None),
    "named index": (BY_DAY, "day"),
    "levels": (BY_BOTH, None),
    "named levels": (BY_BOTH, "day"),
    "level and column": (VISITS.set_index("patient"), "day"),
    "category": (VISITS.astype({"patient": "category"}), "day"),
}


@pytest.mark.parametrize(("table", "time"), PLACES.values(), ids=PLACES)
def test_keys_in_columns_and_levels(table, time):
    """Id and time may be columns or levels of the index."""
    before = table.copy()
    sequences, ids = split_sequences(table, "patient", time=time)
    assert ids.tolist() == ["b", "a", "c"]
    pd.testing.assert_frame_equal(
        sequences[0], pd.DataFrame({"pulse": [71.0, 75.0], "ward": ["x", "x"]}, index=pd.Index([1, 4], name="day"))
    )
    assert [len(sequence) for sequence in sequences] == [2, 2, 1]
    pd.testing.assert_frame_equal(table, before)


def test_no_time():
    """Without a time, rows are taken in their order, and counted in each sequence."""
    sequences, _ = split_sequences(VISITS.drop(columns="day").set_index("patient"), "patient")
    assert [list(sequence.index) for sequence in sequences] == [[0, 1], [0, 1], [0]]


def test_index_of_names():
    """An index of text is no time, and is kept."""
    sequences, _ = split_sequences(VISITS.set_index(pd.Index(list("zyxwv"))), "patient")
    assert list(sequences[0].index) == ["z", "x"]


@pytest.mark.parametrize("columns", ["pulse", ["pulse"]], ids=["name", "list"])
def test_columns(columns):
    """Some of the features may be asked for."""
    sequences, _ = split_sequences(VISITS, "patient", time="day", columns=columns)
    assert list(sequences[0].columns) == ["pulse"]


@pytest.mark.parametrize("kind", ["datetime", "period", "timedelta", "float", "Int64"])
def test_times(kind):
    """Times are timestamps, periods, durations or numbers."""
    days = VISITS["day"]
    times = {
        "datetime": lambda: pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D"),
        "period": lambda: pd.PeriodIndex.from_ordinals(days, freq="D"),
        "timedelta": lambda: pd.to_timedelta(days, unit="D"),
        "float": lambda: days / 10,
        "Int64": lambda: days.astype("Int64"),
    }[kind]()
    sequences, _ = split_sequences(VISITS.assign(day=times), "patient", time="day")
    assert list(sequences[0].index) == list(pd.Index(times)[[0, 2]])


def test_pipeline():
    """The sequences are encoded and padded, and their labels found by id."""
    sequences, ids = split_sequences(VISITS, "patient", time="day")
    padded = make_pipeline(SequenceEncoder("onehot"), SequencePadder()).fit_transform(sequences)
    np.testing.assert_array_equal(padded[2], [[np.nan] * 3, [80, 0, 1]])
    recovered = pd.Series({"a": 1, "b": 0, "c": 1})
    assert recovered.loc[ids].tolist() == [0, 1, 1]


# --- errors ---------------------------------------------------------------------------------------

FAULTY = {
    "no table": (
        VISITS.to_numpy(),
        {"by": 0},
        snapshot(
            "split_sequences expects a DataFrame with a row for each time step, got ndarray. "
            "Pass pd.DataFrame(...) with a column that tells sequences apart."
        ),
    ),
    "no rows": (
        VISITS[:0],
        {"by": "patient"},
        snapshot("split_sequences got an empty table: shape (0, 4) is (n_rows, n_columns)."),
    ),
    "unknown id": (
        VISITS,
        {"by": "patients"},
        snapshot(
            "split_sequences(by='patients') is neither a column nor a level of the index of the table. Did you mean 'patient'? Its columns are: ['patient', 'day', 'pulse', 'ward'], its levels: [None]."
        ),
    ),
    "several ids": (
        VISITS,
        {"by": ["patient", "ward"]},
        snapshot(
            "split_sequences(by=['patient', 'ward']) is neither a column nor a level of the index of the table. Its columns are: ['patient', 'day', 'pulse', 'ward'], its levels: [None]."
        ),
    ),
    "unknown time": (
        VISITS,
        {"by": "patient", "time": "days"},
        snapshot(
            "split_sequences(time='days') is neither a column nor a level of the index of X. Did you mean 'day'? Its columns are: ['patient', 'day', 'pulse', 'ward'], its levels: [None]."
        ),
    ),
    "same": (
        VISITS,
        {"by": "patient", "time": "patient"},
        snapshot("split_sequences got 'patient' for by and for time. One tells sequences apart, the other when."),
    ),
    "unknown column": (
        VISITS,
        {"by": "patient", "time": "day", "columns": ["puls"]},
        snapshot(
            "split_sequences got 'puls' in columns, which is no feature of the table. Did you mean 'pulse'? "
            "Its features are: ['pulse', 'ward']."
        ),
    ),
    "three levels": (
        VISITS.set_index(["patient", "ward", "day"]),
        {"by": "patient"},
        snapshot(
            "split_sequences cannot tell which level of the index is the time, got ['patient', 'ward', 'day']. "
            "Name it: time=...; or take the index away: table.reset_index(drop=True)."
        ),
    ),
    "no id": (
        VISITS.assign(patient=["b", "a", "b", None, "a"]),
        {"by": "patient"},
        snapshot("split_sequences got no group (NaN) for row 3. Drop the row, or say which series it is of."),
    ),
    "no time": (
        VISITS.assign(day=[1, 1, 4, 2, None]),
        {"by": "patient", "time": "day"},
        snapshot(
            "split_sequences got no time for row 4 of the table, in sequence 'a'. Drop the row, or give it its time."
        ),
    ),
    "text for time": (
        VISITS,
        {"by": "patient", "time": "ward"},
        snapshot(
            "split_sequences(time='ward') expects times or numbers, got 'x' in row 0 of the table. "
            "Convert them first: pd.to_datetime(table['ward'])."
        ),
    ),
    "unsorted": (
        VISITS.assign(day=[1, 3, 4, 2, 1]),
        {"by": "patient", "time": "day"},
        snapshot(
            "split_sequences expects the rows of a sequence in time order, got 1 (row 4 of the table) after 3 (row 1) in "
            "sequence 'a'. Sort them: table.sort_values('day')."
        ),
    ),
    "unsorted index": (
        VISITS.set_index(pd.Index([5, 4, 3, 2, 1])),
        {"by": "patient"},
        snapshot(
            "split_sequences expects the rows of a sequence in time order, got 3 (row 2 of the table) after 5 (row 0) in "
            "sequence 'b'. Sort them: table.sort_index()."
        ),
    ),
    "twice": (
        VISITS.assign(day=[1, 3, 4, 2, 3]),
        {"by": "patient", "time": "day"},
        snapshot(
            "split_sequences expects each time once in a sequence, got 3 in rows 1 and 4 of the table, both of sequence "
            "'a'. Keep one of them, or their mean."
        ),
    ),
}


@pytest.mark.parametrize(("table", "params", "message"), FAULTY.values(), ids=FAULTY)
def test_refused(table, params, message):
    """Tables that cannot be split raise an error with the first offender and a remedy."""
    assert refused(split_sequences, table, **params) == message


def test_sorted_remedy():
    """The remedies for unsorted rows help."""
    unsorted = VISITS.assign(day=[1, 3, 4, 2, 1])
    split_sequences(unsorted.sort_values("day"), "patient", time="day")
    split_sequences(unsorted.set_index("day").sort_index(), "patient")
