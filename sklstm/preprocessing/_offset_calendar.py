"""Calendars that only an offset of pandas tells: business month ends, third Fridays, a year with its holidays."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas import offsets

# What an index that carries one of these holds, is plain from its rows.
PLAIN = (
    *(offsets.Tick, offsets.Day, offsets.Week, offsets.MonthBegin, offsets.MonthEnd),
    *(offsets.QuarterBegin, offsets.QuarterEnd, offsets.YearBegin, offsets.YearEnd),
)
ONE_A_MONTH = (
    *(offsets.BusinessMonthBegin, offsets.BusinessMonthEnd),
    *(offsets.CustomBusinessMonthBegin, offsets.CustomBusinessMonthEnd),
    *(offsets.WeekOfMonth, offsets.LastWeekOfMonth),
)
EVERY_FEW_MONTHS = {
    offsets.BQuarterBegin: (offsets.BusinessMonthBegin(), 3),
    offsets.BQuarterEnd: (offsets.BusinessMonthEnd(), 3),
    offsets.BYearBegin: (offsets.BusinessMonthBegin(), 12),
    offsets.BYearEnd: (offsets.BusinessMonthEnd(), 12),
}
BUSINESS_MONTHS = (offsets.BusinessMonthBegin, offsets.BusinessMonthEnd)
# Holidays move the last trading day of a month, or the first one, in a few months of a year.
SHARE_ON_OFFSET = 0.75


class OffsetCalendar(NamedTuple):
    """The times of an offset of pandas, which stands inside: compared with a name it would be read as one."""

    offset: offsets.BaseOffset

    @property
    def of_months(self):
        """Whether it has a time in each month."""
        return isinstance(self.offset, ONE_A_MONTH)

    @property
    def of_business_days(self):
        """Whether holidays that it does not know may be missing."""
        return isinstance(self.offset, offsets.BusinessDay)

    def holds(self, index):
        """Whether all rows are exactly on the offset."""
        return all(self.offset.is_on_offset(time) for time in index)

    def positions(self, local):
        """Each row's whole-numbered place among the times of the offset, or None where a row is on none of them."""
        at_one_time = len((local - local.normalize()).unique()) == 1
        if isinstance(self.offset, offsets.CustomBusinessDay):
            days, calendar = local.to_numpy().astype("datetime64[D]"), self.offset.calendar
            open_days = at_one_time and np.is_busday(days, busdaycal=calendar).all()
            return np.busday_count("1970-01-01", days, busdaycal=calendar) if open_days else None
        if self.of_months:
            # Whatever the day: holidays move it.
            months = _months(local)
            return months if at_one_time and np.all(np.diff(months) > 0) else None
        places = pd.date_range(local[0], local[-1], freq=self.offset).get_indexer(local)
        return None if np.any(places < 0) else places

    def times_after(self, last, steps):
        """The times so many steps after a local one."""
        # Of months, the last one may lie before or after the day that the offset says, but in its month.
        begin = last - pd.Timedelta(days=last.day - 1) if self.of_months else last
        return pd.date_range(begin, periods=1 + steps[-1], freq=self.offset)[steps]


HALVES_OF_MONTHS = OffsetCalendar(offsets.SemiMonthEnd()), OffsetCalendar(offsets.SemiMonthBegin())


def carried_calendar(index):
    """The calendar that an index carries as its freq, and how many of it make a step; None where it is a plain one.

    >>> carried_calendar(pd.date_range("2026-01-30", periods=9, freq="BQE-DEC"))
    (OffsetCalendar(offset=<BusinessMonthEnd>), 3)
    """
    freq = getattr(index, "freq", None)
    if not isinstance(index, pd.DatetimeIndex) or freq is None or freq.n < 1:
        return None
    if isinstance(freq, PLAIN) or type(freq) is pd.DateOffset:
        return None
    offset, n_months = EVERY_FEW_MONTHS.get(type(freq), (freq.base, 1))
    return OffsetCalendar(offset), n_months * freq.n


def find_calendar_of_months(days, share=SHARE_ON_OFFSET):
    """The calendar with one day a month on which most of the days lie, or None.

    >>> find_calendar_of_months(pd.DatetimeIndex(["2026-01-16", "2026-02-20", "2026-03-20"]))
    OffsetCalendar(offset=<WeekOfMonth: week=2, weekday=4>)
    """
    last, months = days[-1], _months(days)
    if np.any(np.diff(months) < 1):
        return None
    candidates = [offsets.BusinessMonthEnd(), offsets.BusinessMonthBegin()]
    if last.day <= 28:
        candidates.append(offsets.WeekOfMonth(week=(last.day - 1) // 7, weekday=last.weekday()))
    candidates.append(offsets.LastWeekOfMonth(weekday=last.weekday()))
    span = days[0].replace(day=1), last + offsets.MonthEnd(0)
    shares = {}
    for offset in candidates:
        shares[offset] = days.isin(pd.date_range(*span, freq=offset)).mean()
        if shares[offset] == 1:
            break
    likeliest = max(shares, key=shares.get)
    return OffsetCalendar(likeliest) if shares[likeliest] >= share else None


def _months(days):
    return (days.year * 12 + days.month).to_numpy().astype(np.int64)
