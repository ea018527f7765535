"""Which series each row is of: rows by series, and what is said of one or of many."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused

from sklstm.preprocessing._panel import by_label, of_series, read_keys, refuse_short, refuse_without_groups


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_rows_by_series(groups):
    """Rows of each series are those of a loop over the table, by whichever way they are asked for."""
    _, keys = read_keys("who", np.zeros((len(groups), 1)), groups=groups)
    expected = {label: [row for row, group in enumerate(groups) if group == label] for label in dict.fromkeys(groups)}
    assert {label: list(rows) for label, rows in keys.rows()} == expected
    order, bounds = keys.by_series()
    assert keys.labels == list(expected)
    assert [part.tolist() for part in np.split(order, bounds[1:-1])] == list(expected.values())
    assert bounds[-1] == len(groups)
    assert keys.longest == max(map(len, expected.values()))


def test_one_series():
    """A table without groups is one series, which has no name."""
    _, keys = read_keys("who", pd.DataFrame({"a": range(3)}))
    assert [(label, list(rows)) for label, rows in keys.rows()] == [(None, [0, 1, 2])]
    order, bounds = keys.by_series()
    assert order.tolist() == [0, 1, 2]
    assert bounds.tolist() == [0, 3]
    assert keys.longest == 3


def test_one_or_many():
    """What is known of a single series stands for itself, and messages do not name it."""
    assert by_label({None: 1}) == 1
    assert by_label({"a": 1}) == {"a": 1}
    assert of_series(None) == ""
    assert of_series("a") == " of 'a'"


@pytest.mark.parametrize(
    ("groups", "shape", "least", "got"),
    [
        (None, (2, 1), 3, "(2, 1)"),
        (None, (1, 2), 3, "(1, 2) (n_samples=1)"),
        (list("abb"), (3, 1), 3, "(3, 1), whose longest series has 2 rows"),
    ],
)
def test_short(groups, shape, least, got):
    """A table without a series that is long enough is refused; one that has one passes."""
    _, keys = read_keys("who", np.zeros(shape), groups=groups)
    assert refused(refuse_short, "Who(n=3)", least, keys, shape, "Pass more.") == (
        f"Who(n=3) needs at least {least} rows, got X of shape {got}. Pass more."
    )
    refuse_short("Who(n=3)", keys.longest, keys, shape, "Pass more.")


def test_without_groups():
    """Rows without a series are refused where series were fitted, and nowhere else."""
    _, single = read_keys("who", np.zeros((2, 1)))
    _, several = read_keys("who", np.zeros((2, 1)), groups=["a", "c"])
    assert refused(refuse_without_groups, "Who", single, {"a": 0, "b": 0}) == snapshot(
        "Who was fitted on 2 series, got X without groups. Pass groups=, the series of each row, here too (in a "
        "Pipeline: set_transform_request(groups=True))."
    )
    refuse_without_groups("Who", single, {None: 0})
    refuse_without_groups("Who", several, {"a": 0, "b": 0})
