"""The index of a forecast: series and times as they are in the rows that were fitted."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags

N, HORIZON = 20, 2
DAYS = pd.date_range("2026-01-01", periods=N)
SALES = pd.concat(
    [
        pd.DataFrame({"store": store, "day": DAYS, "sales": level + np.sin(np.arange(N))})
        for store, level in (("A", 1.0), ("B", 5.0))
    ]
)
STORES, TO_COME = ["A", "A", "B", "B"], [*pd.date_range("2026-01-21", periods=HORIZON)] * 2


def forecast(table, **params):
    return lags(3, horizon=HORIZON, target="sales", group="store", **params).fit(table).forecast()


@pytest.mark.parametrize("index", [SALES.index, pd.RangeIndex(2 * N, name="row"), [*"abcdefghij" * 4]], ids=str)
def test_columns(index):
    """With series and times in columns, rows are counted from 0, under the name that the index has."""
    table = SALES.set_axis(pd.Index(index))
    found = forecast(table, time="day")
    assert found.index.tolist() == [0, 1, 2, 3]
    assert found.index.name == table.index.name
    assert found["store"].tolist() == STORES
    assert found["day"].tolist() == TO_COME


def test_levels():
    """With series and times as levels, the index is (series, time), and each label is there once."""
    found = forecast(SALES.set_index(["store", "day"]), time="day")
    assert found.index.tolist() == [*zip(STORES, TO_COME, strict=True)]
    assert found.index.names == ["store", "day"]
    swapped = forecast(SALES.set_index(["day", "store"]), time="day")
    assert swapped.index.names == ["day", "store"]
    assert found.index.is_unique
    assert swapped.index.is_unique


@pytest.mark.parametrize("time", ["day", None])
def test_times_in_the_index(time):
    """With times in the index and series in a column, the times of each series are unique."""
    found = forecast(SALES.set_index("day"), time=time)
    assert found.index.tolist() == TO_COME
    assert found.index.name == "day"
    assert found["store"].tolist() == STORES


def test_series_in_the_index():
    """With series in the index and times in a column, both stay where they are."""
    found = forecast(SALES.set_index("store"), time="day")
    assert found.index.tolist() == STORES
    assert found["day"].tolist() == TO_COME


def test_one_series_with_a_time_column():
    """A single series whose times are in a column has them there."""
    found = lags(3, horizon=HORIZON, target="sales", time="day").fit(SALES[:N][["day", "sales"]]).forecast()
    assert found.index.tolist() == [0, 1]
    assert found["day"].tolist() == TO_COME[:2]
