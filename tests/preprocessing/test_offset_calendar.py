"""Calendars that only an offset of pandas describes: what follows is where pandas has it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pandas import offsets

from sklstm import LagFramer

from .conftest import BERLIN
from .times import follows, holes, series_of, times_ahead

# Windows that begin in the midst of fitted rows are framed on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")

PLAIN = ["ME", "MS", "2ME", "QE", "QS-FEB", "YE", "YS", "W", "2W-WED", "D", "2D", "h", "15min", "B"]
OF_MONTHS = ["BME", "BMS", "2BME", "BQE", "BQS", "BQE-FEB", "BYE", "WOM-3FRI", "WOM-1MON", "SME", "SMS"]
HOLIDAYS = ["2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01"]
CUSTOM = {
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
EVERY = [*PLAIN, *OF_MONTHS, *CUSTOM.values()]
NAMES = [*PLAIN, *OF_MONTHS, *CUSTOM]


def dates(freq, n_rows, tz=None):
    return pd.date_range("2026-01-02 10:00", periods=n_rows, freq=freq, tz=tz)


@pytest.mark.parametrize(("tz", "cuts"), [(None, (3, 14, 27)), (BERLIN, (8,))], ids=["naive", "local"])
@pytest.mark.parametrize("freq", EVERY, ids=NAMES)
def test_times_ahead_of_a_freq(freq, tz, cuts):
    """Wherever an index with a freq is cut, the times of a forecast are those of pandas."""
    index = dates(freq, 40, tz)
    for cut in cuts:
        assert times_ahead(index[:cut], 10) == index[cut : cut + 10].tolist(), cut


@pytest.mark.parametrize("freq", [*PLAIN, *OF_MONTHS])
def test_times_ahead_of_a_lost_freq(freq):
    """Rows that were put together carry no freq, and are followed by the same times."""
    index = dates(freq, 60)
    for cut in (30, 44):
        joined = pd.DatetimeIndex(index[:10].append(index[10:cut]), freq=None)
        assert times_ahead(joined, 10) == index[cut : cut + 10].tolist(), cut


@pytest.mark.parametrize("freq", CUSTOM.values(), ids=CUSTOM)
def test_rows_of_an_offset(freq):
    """The next time of an offset follows; an earlier one, a later one and one between do not."""
    index = dates(freq, 40)
    fitted = index[:30]
    assert holes(fitted) == []
    assert follows(fitted, index[30:])
    assert not follows(fitted, index[20:])
    assert not follows(fitted, index[30:] + pd.Timedelta("1min"))
    assert not follows(fitted, index[36:])


def test_a_missing_month_is_a_hole():
    """A month that is missing among third Fridays is a hole."""
    assert holes(dates("WOM-3FRI", 40).delete(20)) == [20]


def test_holidays_move_the_last_trading_day():
    """Business month ends with a few holidays among them are followed by business month ends."""
    index = dates("BME", 40)
    moved = index.where(index.month != 12, index - pd.Timedelta(days=1))
    assert holes(moved) == []
    december = moved[:36]
    assert december[-1] != index[35]
    assert times_ahead(december, 4) == index[36:].tolist()


def test_any_day_of_a_month():
    """Rows on no offset, one a month, are followed by the same day of the next month."""
    days = [3, 9, 5, 20, 4, 12]
    index = pd.DatetimeIndex([f"2026-{month}-{day}" for month, day in enumerate(days, 1)])
    assert times_ahead(index, 2) == [pd.Timestamp("2026-07-12"), pd.Timestamp("2026-08-12")]


def test_two_kinds_of_28th():
    """The 28th of each month is followed by the 28th, the last days of Februaries by last days."""
    monthly = pd.DatetimeIndex(["2025-12-28", "2026-01-28", "2026-02-28"])
    assert times_ahead(monthly, 1) == [pd.Timestamp("2026-03-28")]
    yearly = pd.DatetimeIndex(["2025-02-28", "2026-02-28", "2027-02-28"])
    assert times_ahead(yearly, 1) == [pd.Timestamp("2028-02-29")]


def test_clock_change():
    """A time that summer time leaves out is moved on."""
    ends = pd.DatetimeIndex(pd.date_range("2023-06-01 02:30", periods=9, freq="ME", tz=BERLIN), freq=None)
    # The last of March 2024 is the day on which two o'clock is followed by three.
    assert times_ahead(ends, 1) == [pd.Timestamp("2024-03-31 03:00", tz=BERLIN)]


def test_two_rows_with_a_freq():
    """Two rows are enough where the index carries its offset."""
    index = dates("BME", 9)
    assert times_ahead(index[:2], 3) == index[2:5].tolist()


def test_most_rows_are_enough():
    """Three of four days on an offset are enough to find it, and half of them are not."""
    ends = pd.DatetimeIndex(dates("BME", 10), freq=None).normalize()
    most = ends[:8] - pd.to_timedelta(3 * (np.arange(8) % 4 == 1), unit="D")
    assert times_ahead(most, 2) == ends[8:].tolist()
    half = ends[:8] - pd.to_timedelta(np.arange(8) % 4, unit="D")
    assert times_ahead(half, 1) == [half[-1] + pd.DateOffset(months=1)]


@pytest.mark.parametrize("freq", CUSTOM.values(), ids=CUSTOM)
def test_pickled_calendar(freq):
    """A pickle of a framer that was fitted on an offset knows which row follows."""
    series = series_of(dates(freq, 10))
    again = pickle.loads(pickle.dumps(LagFramer(2).fit(series[:9])))
    np.testing.assert_array_equal(again.transform(series[9:])[0, :, 0], [8, 9])
