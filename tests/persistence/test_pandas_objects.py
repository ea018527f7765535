"""pandas objects, arrays and other values come back from an archive as they were."""

import collections
import datetime

import numpy as np
import pandas as pd
import pytest
from pandas import offsets
from sklearn.utils import Bunch

import sklstm

ROME = pd.date_range("2026-10-25", periods=5, freq="h", tz="Europe/Rome")
EXCHANGE = offsets.CustomBusinessDay(holidays=["2026-01-06"], weekmask="Sun Mon Tue")


@pytest.fixture
def back(tmp_path):
    """A function that saves a value and loads it."""

    def save_and_load(value):
        sklstm.save({"value": value}, tmp_path / "value.sklstm")
        return sklstm.load(tmp_path / "value.sklstm")["value"]

    return save_and_load


def objects(*items, shape=-1):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(2, 9, 3, name="row"),
        pd.Index([3, 1, 2], dtype="int32"),
        pd.Index([0.5, np.nan]),
        pd.Index(["a", "b"], name=("two", "names")),
        pd.Index(["a", None, 3], dtype=object),
        pd.Index([(1, 2), (3, 4)], tupleize_cols=False),
        pd.Index([True, False]),
        ROME,
        ROME[[0, 3]],
        ROME.tz_convert(None).as_unit("s"),
        ROME.tz_convert("UTC"),
        ROME.tz_convert(datetime.timezone(datetime.timedelta(hours=1))),
        pd.DatetimeIndex([pd.NaT, "2026-01-01"]),
        pd.date_range("2026-01-04", periods=4, freq=EXCHANGE),
        pd.period_range("2026-01", periods=3, freq="Q-NOV"),
        pd.timedelta_range("1h", periods=3),
        pd.CategoricalIndex(["a", "b", "a"], categories=["b", "a"], ordered=True),
        pd.IntervalIndex.from_breaks([0.0, 1.0, 2.0], closed="left"),
        pd.MultiIndex.from_product([["a", "b"], ROME[:2]], names=["store", None]),
    ],
    ids=repr,
)
def test_indexes(back, index):
    """An index keeps its type, unit, zone, freq and name."""
    loaded = back(index)
    pd.testing.assert_index_equal(loaded, index, exact=True)
    assert getattr(loaded, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1.5, np.nan], "b": [2.0, 3.0]}, index=ROME[:2]),
        pd.DataFrame({"a": [1, 2], 3: ["x", None], None: pd.to_datetime(["2026", "2027"])}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int8"), "b": pd.array([True, None], dtype="boolean")}),
        pd.DataFrame({"a": pd.array([0.5, None], dtype="Float32"), "b": pd.array(["x", None], dtype="string")}),
        pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": pd.period_range("2026", periods=2, freq="M")}),
        pd.DataFrame({"a": [[1, 2], [3, 4]], "b": pd.to_timedelta(["1h", None])}),
        pd.DataFrame(np.ones((2, 2)), columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
        pd.DataFrame([[1, 2]], columns=["twice", "twice"], dtype="float32"),
        pd.DataFrame(index=["a"]),
        pd.DataFrame(columns=["a"]),
    ],
)
def test_tables(back, table):
    """A table keeps types, labels and values."""
    table.attrs["unit"] = "kW"
    loaded = back(table)
    pd.testing.assert_frame_equal(loaded, table)
    assert loaded.attrs == {"unit": "kW"}
    loaded.loc["new"] = loaded.iloc[0] if len(loaded) else None


@pytest.mark.parametrize(
    "offset",
    [
        offsets.Hour(3),
        offsets.Week(weekday=2),
        offsets.WeekOfMonth(week=2, weekday=4),
        offsets.QuarterEnd(startingMonth=1),
        offsets.BusinessHour(start="08:00"),
        offsets.CustomBusinessHour(holidays=["2026-01-06"]),
        offsets.DateOffset(months=2, days=1),
        offsets.CustomBusinessMonthEnd(holidays=["2026-01-30"]),
        EXCHANGE * 2,
    ],
    ids=repr,
)
def test_offsets(back, offset):
    """An offset gives the same times."""
    assert back(offset) == offset
    at = pd.Timestamp("2026-01-05 10:00")
    assert at + back(offset) == at + offset


@pytest.mark.parametrize(
    "value",
    [
        ROME[2],
        ROME[3],
        pd.Timestamp("2026-01-01").as_unit("s"),
        pd.Timedelta("90s"),
        pd.Period("2026Q1"),
        pd.Interval(0, 1, closed="both"),
        datetime.datetime(2026, 1, 1, 3, tzinfo=datetime.UTC),
        datetime.date(2026, 1, 1),
        datetime.timedelta(hours=3),
        np.datetime64("2026-01-01", "D"),
        np.timedelta64(3, "h"),
        np.float32(0.1),
        np.str_("text"),
        np.True_,
        2**70,
        0.1 + 0.2,
        b"bytes",
        range(3),
        slice(1, None),
        frozenset({1, 2}),
        np.float32,
        collections.OrderedDict([("b", 1), (2, None)]),
        Bunch(a=1, b=[2]),
        {None: 1, ("a", 1): 2, 3: {True: "x"}},
        {str(k): k / 3 for k in range(20)},
        [None, 1, 0.1, "text", True, float("inf"), -0.0, "", 5, 6],
        [{"a": (1, [2, {3}])}],
    ],
    ids=repr,
)
def test_values(back, value):
    """A value keeps its type, too."""
    loaded = back(value)
    assert type(loaded) is type(value)
    assert loaded == value
    assert repr(loaded) == repr(value)


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
@pytest.mark.parametrize("missing", [pd.NA, np.nan], ids=repr)
def test_text(back, storage, missing):
    """Text keeps its storage and what it has for missing values, in a column and in an index."""
    column = pd.Series(pd.array(["a", None], dtype=pd.StringDtype(storage, na_value=missing)))
    assert back(column).dtype == column.dtype
    pd.testing.assert_series_equal(back(column), column)
    pd.testing.assert_index_equal(back(pd.Index(column)), pd.Index(column), exact=True)


def test_generators(back):
    """Generators of random numbers go on where they were."""
    for generator in (np.random.RandomState(3), np.random.default_rng(3)):
        generator.normal(size=3)
        np.testing.assert_array_equal(back(generator).normal(size=3), generator.normal(size=3))


@pytest.mark.parametrize("missing", [pd.NaT, pd.NA, None, np.nan], ids=repr)
def test_missing(back, missing):
    """What is missing stays the same kind of missing."""
    assert back(missing) is missing or np.isnan(missing)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.broadcast_to(np.intp(3), 4),
        np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
        np.array(["a", "bcd"]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.empty((0, 3)),
        objects("a", None, 0.5),
        objects([1, 2], [3, 4]),
        objects(*"abcdefghij", shape=(5, 2)),
        objects(ROME[0], None, ROME[1]),
        objects(ROME[0], pd.Timestamp("2026-01-01")),
        objects(pd.Period("2026-01"), None, shape=(1, 2)),
        np.array(5, dtype=object),
        np.ma.MaskedArray([1.0, 2.0], [True, False]),
        np.ma.MaskedArray(objects("a", (1, 2)), [True, False]),
    ],
    ids=repr,
)
def test_arrays(back, array):
    """An array keeps dtype, shape and values, a mask included."""
    loaded = back(array)
    assert (type(loaded), loaded.dtype, loaded.shape) == (type(array), array.dtype, array.shape)
    assert repr(loaded) == repr(array)
    assert list(map(type, loaded.ravel())) == list(map(type, array.ravel()))


def test_zones_without_a_name(tmp_path):
    """A zone from a file of its own has no name by which it is found again."""
    from dateutil.tz import tzfile

    paris = pd.Timestamp("2026-01-01", tz="dateutil/Europe/Paris")
    assert isinstance(paris.tz, tzfile)
    with pytest.raises(TypeError, match="which has no name"):
        sklstm.save({"at": paris}, tmp_path / "value.sklstm")
