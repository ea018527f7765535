"""When a row follows another: calendars, holes, and what continues what."""

import pandas as pd
import pytest
from inline_snapshot import snapshot

from sklstm.preprocessing._time_axis import (
    check_time_order,
    continues,
    describe_step,
    find_breaks,
    following_times,
    has_step,
    learn_time_axis,
    lies_on_step,
    tells_time,
)

from .conftest import BERLIN, REGULAR


def test_calendar(regular):
    """A regular index lies on the first calendar that fits."""
    index, calendar, step = regular
    assert learn_time_axis(index) == (calendar, step, index[-1])


def test_no_breaks(regular):
    """A regular index has no holes: weekends, holidays, leap days and clock changes are none."""
    index, _, _ = regular
    assert find_breaks(learn_time_axis(index), index) == []


def test_hole(regular):
    """Where rows are missing, the row that comes next does not follow."""
    index, _, _ = regular
    holed = index.delete(range(20, 27))
    assert find_breaks(learn_time_axis(holed), holed) == [20]


def test_continues(regular):
    """The next row continues, wherever the cut is; a later one, the same one, and an earlier one do not."""
    index, _, _ = regular
    for cut in range(22, 33):
        axis = learn_time_axis(index[:cut])
        assert continues(axis, index[cut:]), cut
        assert not continues(axis, index[cut + 6 :])
        assert not continues(axis, index[cut - 1 :])
        assert not continues(axis, index[:cut])


def test_other_kinds_do_not_continue(regular):
    """An index of another kind continues nothing."""
    index, _, _ = regular
    axis = learn_time_axis(index)
    for other in (pd.Index(["a", "b"]), pd.Index([0.5, 1.5]), pd.PeriodIndex(["2026-01-01"], freq="h")):
        assert not continues(axis, other)
    for other, _, _ in REGULAR.values():
        if type(other) is not type(index) and axis.calendar != "integers":
            assert not continues(axis, other)


def test_integers_of_any_width_continue():
    """A RangeIndex is continued by the integers that come next, of whatever type."""
    axis = learn_time_axis(pd.RangeIndex(5))
    for dtype in ("int64", "int32", "uint8", "Int64"):
        assert continues(axis, pd.Index([5, 6], dtype=dtype))
    assert continues(axis, pd.RangeIndex(5, 9))
    assert not continues(axis, pd.RangeIndex(6, 9))


def test_days_continue_across_clock_changes():
    """Days learned in summer are continued by the first day of winter time, 25 hours later."""
    days = pd.date_range("2026-10-01", periods=60, freq="D", tz=BERLIN)
    clocks_change = days.get_loc("2026-10-26")
    assert days[clocks_change] - days[clocks_change - 1] == pd.Timedelta("25h")
    assert continues(learn_time_axis(days[:clocks_change]), days[clocks_change:])


def test_other_time_zones():
    """The same moments in another time zone continue; local times without a zone do not."""
    hours = pd.date_range("2026-01-01", periods=9, freq="h", tz=BERLIN)
    axis = learn_time_axis(hours[:5])
    assert continues(axis, hours[5:].tz_convert("UTC"))
    assert not continues(axis, hours[5:].tz_localize(None))


@pytest.mark.parametrize("freq", ["QS", "MS", "h"])
def test_periods_of_another_length(freq):
    """Periods of another length than the fitted ones do not continue them."""
    axis = learn_time_axis(pd.period_range("2026-01-01", periods=5, freq="D"))
    assert not continues(axis, pd.period_range("2026-01-06", periods=5, freq=freq.removesuffix("S")))


def test_long_holidays():
    """On business days four missing days in a row are holidays, five are a hole."""
    days = pd.date_range("2026-01-01", periods=40, freq="B")
    axis = learn_time_axis(days)
    assert find_breaks(axis, days.delete(range(20, 24))) == []
    assert find_breaks(axis, days.delete(range(20, 25))) == [20]
    assert continues(learn_time_axis(days[:20]), days[24:])
    assert not continues(learn_time_axis(days[:20]), days[25:])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(1),
        pd.Index([1.0, 2.0, 3.0]),
        pd.Index(["a", "b", "c"]),
        pd.Index([1, 2, 5, 11, 23]),
        pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-13", "2026-02-01"]),
        pd.DatetimeIndex(["2026-01-01 00:00", "2026-01-01 00:07", "2026-01-01 01:00"]),
    ],
    ids=str,
)
def test_irregular(index):
    """One row, text, floats and irregular steps make no time axis: nothing breaks, nothing continues."""
    axis = learn_time_axis(index)
    assert axis is None
    assert find_breaks(axis, index) == []
    assert not continues(axis, index)


def test_breaks_on_another_calendar():
    """An index that does not lie on the fitted calendar has no breaks on it."""
    axis = learn_time_axis(pd.date_range("2026-01-01", periods=9, freq="MS"))
    assert find_breaks(axis, pd.date_range("2026-01-01", periods=9, freq="h")) == []


def test_tells_time():
    """Integers, timestamps, periods and durations tell time; text, floats and pairs do not."""
    assert all(tells_time(index) for index, _, _ in REGULAR.values())
    pairs = pd.MultiIndex.from_product([[1], [2]])
    assert not any(tells_time(index) for index in (pd.Index(["a"]), pd.Index([1.0]), pd.Index([True]), pairs))


# --- order ----------------------------------------------------------------------------------------

DAY_1, DAY_2 = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")
FAULTY = [
    (
        pd.Index([1, 3, 2]),
        "LagFramer expects rows in time order, got 2 (row 2) after 3 (row 1). "
        "Sort them, and y with them: X.sort_index(); and split without shuffling.",
    ),
    (
        pd.Index([DAY_2, DAY_1]),
        "LagFramer expects rows in time order, got 2026-01-01 00:00:00 (row 1) after 2026-01-02 00:00:00 (row 0). "
        "Sort them, and y with them: X.sort_index(); and split without shuffling.",
    ),
    (
        pd.Index([DAY_1, DAY_2, DAY_2]),
        "LagFramer expects each time once, got 2026-01-02 00:00:00 in rows 1 and 2. Keep one of them: "
        "X[~X.index.duplicated()]; or name what tells series apart, group=, if the table holds several.",
    ),
    (
        pd.Index([DAY_1, pd.NaT, DAY_2]),
        "LagFramer got no time (NaT) for row 1. Drop the row, or give it its time.",
    ),
    (
        pd.Index([1, None], dtype="Int64"),
        "LagFramer got no time (NaT) for row 1. Drop the row, or give it its time.",
    ),
    (
        pd.MultiIndex.from_product([["Oslo"], [1, 2]], names=["city", "day"]),
        "LagFramer expects one series, got a MultiIndex of ['city', 'day']. "
        "Name the level that tells series apart, group=, where a step has that parameter; else take each series by "
        "itself.",
    ),
]


@pytest.mark.parametrize(("index", "message"), FAULTY)
def test_faulty_order(index, message):
    """An index that is not strictly ascending is refused by its first offender."""
    with pytest.raises(ValueError, match=r"^LagFramer") as error:
        check_time_order("LagFramer", index)
    assert str(error.value) == message


def test_what_tells_no_time_has_no_order():
    """Text and floats may come in any order."""
    check_time_order("LagFramer", pd.Index(["b", "a", "a"]))
    check_time_order("LagFramer", pd.Index([2.0, 1.0]))


@pytest.mark.parametrize("freq", ["BMS", "BME"])
def test_one_row_a_month(freq):
    """First and last business days of months follow each other, and a month that is missing is a hole."""
    index = pd.DatetimeIndex(pd.date_range("2026-01-01", periods=40, freq=freq), freq=None)
    for cut in range(3, 40):
        assert continues(learn_time_axis(index[:cut]), index[cut:]) == (cut < 40)
    axis = learn_time_axis(index)
    assert find_breaks(axis, index) == []
    assert find_breaks(axis, index.delete(20)) == [20]


def test_max_gap_bridges_nights_and_weekends():
    """Trading hours follow each other over nights and weekends, and not over a longer hole."""
    hours = pd.date_range("2026-01-05", "2026-02-06", freq="h")
    trading = hours[(hours.hour >= 9) & (hours.hour < 16)]
    trading = trading[trading.day_of_week < 5]
    axis = learn_time_axis(trading[:21], max_gap="4D")
    assert find_breaks(axis, trading) == []
    assert continues(axis, trading[21:])
    without_a_week = trading[:35].append(trading[70:])
    assert find_breaks(axis, without_a_week) == [35]


@pytest.mark.parametrize(
    ("index", "max_gap"),
    [
        (pd.Index([1, 2, 5, 9]), 3),
        (pd.PeriodIndex(["2026-01", "2026-02", "2026-05", "2026-09"], freq="M"), 3),
        (pd.to_timedelta([1, 2, 5, 9], unit="h"), "3h"),
        (pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-09"]), pd.Timedelta(days=3)),
    ],
)
def test_max_gap_of_every_kind_of_index(index, max_gap):
    """Steps up to max_gap are no holes, longer ones are."""
    assert find_breaks(learn_time_axis(index, max_gap), index) == [3]


def test_max_gap_that_does_not_fit_the_index():
    """A duration is wanted for times, a whole number for the rest."""
    with pytest.raises(ValueError, match="max_gap") as error:
        learn_time_axis(pd.RangeIndex(3), "4D")
    assert str(error.value) == snapshot("LagFramer expects max_gap to be a whole number for this index, got '4D'.")
    with pytest.raises(ValueError, match="max_gap") as error:
        learn_time_axis(pd.date_range("2026-01-01", periods=3), "long")
    assert str(error.value) == snapshot(
        "LagFramer expects max_gap to be a duration, such as '3D', for this index, got 'long'."
    )


def test_following_times(regular):
    """What follows the first part of a regular index is its second part."""
    index, calendar, _ = regular
    kept = index[:-3]
    following = following_times(learn_time_axis(kept)._replace(last=kept[-1]), 3)
    if calendar == "business days":
        # A calendar of one's own has holidays, which nothing announces.
        assert following[0] > kept[-1]
    else:
        assert following.tolist() == index[-3:].tolist()


# --- another step ---------------------------------------------------------------------------------

DAYS = pd.date_range("2026-01-05", periods=40)
MONTHS = pd.date_range("2026-01-01", periods=40, freq="MS")


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (DAYS, "1 day"),
        (DAYS[::7], "7 days"),
        (MONTHS[::3], "3 months"),
        (pd.date_range("2026-01-01", periods=40, freq="B"), "1 business day"),
        (pd.date_range("2026-01-01", periods=40, freq="BQE"), "3 months"),
        (pd.date_range("2026-01-01", periods=40, freq="SMS"), "SMS-15"),
        (pd.date_range("2026-01-01", periods=40, freq="15min"), "00:15:00"),
        (pd.timedelta_range(0, periods=40, freq="36h"), "1 days 12:00:00"),
        (pd.period_range("2026-01", periods=40, freq="M")[::2], "2 periods of M"),
        (pd.RangeIndex(0, 40, 2), "2"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_step_in_words(index, words):
    """A step is told by its unit, where it has one."""
    assert describe_step(learn_time_axis(index)) == words


def test_rows_have_the_step_of_their_axis(regular):
    """The rows of a regular index lie on its step, all of them or with gaps, and so does each by itself."""
    index, _, _ = regular
    axis = learn_time_axis(index)
    for rows in (index, index.delete(range(3, 20)), index[:1], index[::9][:2]):
        assert lies_on_step(axis, rows)
        assert has_step(axis, rows)


@pytest.mark.parametrize(
    ("fitted", "other", "lies_on"),
    [
        (DAYS, pd.date_range("2026-03-01", periods=3, freq="h"), False),
        (DAYS, pd.date_range("2026-03-01", periods=2, freq="12h"), False),
        (DAYS, DAYS[::7], True),
        (DAYS[::7], DAYS, False),
        (MONTHS, DAYS, False),
        (MONTHS, MONTHS[::3], True),
        (MONTHS[::3], MONTHS, False),
        (pd.RangeIndex(0, 40, 2), pd.RangeIndex(40, 50), False),
        (DAYS, pd.RangeIndex(9), False),
    ],
    ids=str,
)
def test_rows_of_another_step(fitted, other, lies_on):
    """Rows that lie between the steps of an axis have another one, and so have three that all lie further apart."""
    axis = learn_time_axis(fitted)
    assert lies_on_step(axis, other) == lies_on
    assert not has_step(axis, other)


def test_a_week_of_business_days_has_their_step():
    """Monday to Friday looks like days, and lies on business days."""
    axis = learn_time_axis(pd.date_range("2026-01-01", periods=40, freq="B"))
    assert has_step(axis, pd.date_range("2026-03-02", periods=5))


def test_the_same_step_on_another_calendar():
    """Half days by the local clock are half days, and business month ends are months."""
    half_days = pd.date_range("2026-03-20", periods=40, freq="12h").tz_localize(BERLIN)
    assert has_step(learn_time_axis(half_days[:9]), half_days[9:])
    assert has_step(learn_time_axis(MONTHS), pd.date_range("2026-01-01", periods=9, freq="BME"))


def test_irregular_rows_have_no_other_step():
    """Rows that tell no step of their own contradict none."""
    assert has_step(
        learn_time_axis(DAYS), pd.DatetimeIndex(["2026-03-01 07:00", "2026-03-01 09:30", "2026-03-03 12:10"])
    )
