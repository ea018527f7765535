"""Times that an offset of pandas tells: those that follow are pandas' own."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pandas import offsets

from sklstm.preprocessing._offset_calendar import OffsetCalendar, carried_calendar, find_calendar_of_months
from sklstm.preprocessing._season import season_of
from sklstm.preprocessing._time_axis import continues, find_breaks, following_times, learn_time_axis

from .conftest import BERLIN

PLAIN = ["ME", "MS", "2ME", "QE", "QS-FEB", "YE", "YS", "W", "2W-WED", "D", "2D", "h", "15min", "B"]
OF_MONTHS = ["BME", "BMS", "2BME", "BQE", "BQS", "BQE-FEB", "BYE", "WOM-3FRI", "WOM-1MON", "SME", "SMS"]
HOLIDAYS = ["2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01"]
OF_ONES_OWN = {
    "holidays": offsets.CustomBusinessDay(holidays=HOLIDAYS),
    "Monday, Wednesday, Friday": offsets.CustomBusinessDay(weekmask="Mon Wed Fri"),
    "month ends with holidays": offsets.CustomBusinessMonthEnd(holidays=HOLIDAYS),
    "month starts with holidays": offsets.CustomBusinessMonthBegin(holidays=HOLIDAYS),
    "last Thursdays": offsets.LastWeekOfMonth(weekday=3),
    "every other business day": offsets.BusinessDay(2),
    "business hours": offsets.BusinessHour(),
    "the 1st and the 20th": offsets.SemiMonthBegin(day_of_month=20),
    "Easter": offsets.Easter(),
    "52 weeks": offsets.FY5253(weekday=5, startingMonth=12, variation="last"),
}
EVERY = [*PLAIN, *OF_MONTHS, *OF_ONES_OWN.values()]
NAMES = [*PLAIN, *OF_MONTHS, *OF_ONES_OWN]


def dates(freq, n_rows, tz=None):
    return pd.date_range("2026-01-02 10:00", periods=n_rows, freq=freq, tz=tz)


def following(index, n_times):
    return following_times(learn_time_axis(index), n_times).tolist()


@pytest.mark.parametrize("tz", [None, BERLIN])
@pytest.mark.parametrize("freq", EVERY, ids=NAMES)
def test_what_follows_is_what_pandas_says(freq, tz):
    """Wherever an index with a freq is cut, the times that follow are those of pandas."""
    index = dates(freq, 40, tz)
    for cut in range(3, 30, 4):
        assert following(index[:cut], 10) == index[cut : cut + 10].tolist(), cut


@pytest.mark.parametrize("freq", [*PLAIN, *OF_MONTHS])
def test_a_freq_that_is_lost(freq):
    """Rows that were put together carry no freq, and are followed by the same times."""
    index = dates(freq, 60)
    for cut in range(30, 50, 3):
        joined = pd.DatetimeIndex(index[:10].append(index[10:cut]), freq=None)
        assert following(joined, 10) == index[cut : cut + 10].tolist(), cut


@pytest.mark.parametrize("freq", OF_ONES_OWN.values(), ids=OF_ONES_OWN)
def test_rows_of_an_offset_continue(freq):
    """The row that pandas says comes next continues; an earlier one and one on another day do not."""
    index = dates(freq, 40)
    axis = learn_time_axis(index[:30])
    assert find_breaks(axis, index) == []
    assert continues(axis, index[30:])
    assert not continues(axis, index[20:])
    assert not continues(axis, index[30:] + pd.Timedelta("1min"))
    assert not continues(axis, index[36:])


def test_a_missing_month_is_a_hole():
    """A month that is missing among third Fridays is a hole."""
    index = dates("WOM-3FRI", 40).delete(20)
    assert find_breaks(learn_time_axis(index), index) == [20]


def test_holidays_move_the_last_trading_day():
    """Business month ends with a few holidays among them are followed by business month ends."""
    index = dates("BME", 40)
    moved = index.where(index.month != 12, index - pd.Timedelta(days=1))
    axis = learn_time_axis(moved[:30])
    assert axis.calendar == OffsetCalendar(offsets.BusinessMonthEnd())
    assert find_breaks(axis, moved) == []
    december = moved[:36]
    assert december[-1] != index[35]
    assert following(december, 4) == index[36:].tolist()


def test_any_day_of_a_month():
    """Rows on no offset, one a month, are followed by the same day of the next month."""
    days = [3, 9, 5, 20, 4, 12]
    index = pd.DatetimeIndex([f"2026-{month}-{day}" for month, day in enumerate(days, 1)])
    assert learn_time_axis(index) == ("one row a month", 1, index[-1])
    assert following(index, 2) == [pd.Timestamp("2026-07-12"), pd.Timestamp("2026-08-12")]


def test_two_kinds_of_28th():
    """The 28th of each month is followed by the 28th, the last days of Februaries by last days."""
    monthly = pd.DatetimeIndex(["2025-12-28", "2026-01-28", "2026-02-28"])
    assert following(monthly, 1) == [pd.Timestamp("2026-03-28")]
    yearly = pd.DatetimeIndex(["2025-02-28", "2026-02-28", "2027-02-28"])
    assert following(yearly, 1) == [pd.Timestamp("2028-02-29")]


def test_clocks_change():
    """A time that summer time leaves out is moved on."""
    ends = pd.date_range("2023-06-01 02:30", periods=9, freq="ME", tz=BERLIN)
    # The last of March 2024 is the day on which two o'clock is followed by three.
    assert following(ends, 1) == [pd.Timestamp("2024-03-31 03:00", tz=BERLIN)]


@pytest.mark.parametrize("n_rows", [1, 2])
def test_a_freq_tells_of_few_rows(n_rows):
    """A row or two are enough where the index carries its offset."""
    index = dates("BME", 9)
    assert following(index[:n_rows], 3) == index[n_rows : n_rows + 3].tolist()


def test_what_carries_nothing():
    """Plain offsets, those that go back, and other kinds of index are left to what rows tell."""
    for index in (dates("ME", 9), dates("BME", 9)[::-1], pd.RangeIndex(9), pd.period_range("2026-01", periods=9)):
        assert carried_calendar(index) is None
    assert carried_calendar(pd.date_range("2026-01-31", periods=9, freq=pd.DateOffset(months=1))) is None


def test_most_rows_are_enough():
    """Three of four days on an offset tell it, and half of them do not."""
    ends = pd.DatetimeIndex(dates("BME", 8), freq=None)
    odd = ends - pd.to_timedelta(3 * (np.arange(8) % 4 == 1), unit="D")
    assert find_calendar_of_months(odd.normalize()) == OffsetCalendar(offsets.BusinessMonthEnd())
    assert find_calendar_of_months((ends - pd.to_timedelta(np.arange(8) % 4, unit="D")).normalize()) is None


@pytest.mark.parametrize("freq", OF_ONES_OWN.values(), ids=OF_ONES_OWN)
def test_pickled(freq):
    """A TimeAxis with an offset goes to a pickle and back."""
    axis = learn_time_axis(dates(freq, 9))
    again = pickle.loads(pickle.dumps(axis))
    assert again == axis
    assert hash(again) == hash(axis)


def test_seasons_of_holidays():
    """Business days have a season of a week, with holidays or without."""
    assert season_of(dates(OF_ONES_OWN["holidays"], 40)) == 5
    assert season_of(dates(OF_ONES_OWN["month ends with holidays"], 40)) == 12
