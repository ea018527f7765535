"""Calendars that only an offset of pandas tells: business month ends, third Fridays, a year with its holidays."""

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
HALVES_OF_MONTHS = (offsets.SemiMonthEnd(), offsets.SemiMonthBegin())
# Holidays move the last trading day of a month, or the first one, in a few months of a year.
SHARE_ON_OFFSET = 0.75


def carried_offset(index):
    """The offset that an index carries as its freq, and how many of it make a step; None where it is a plain one.

    >>> carried_offset(pd.date_range("2026-01-30", periods=9, freq="BQE-DEC"))
    (<BusinessMonthEnd>, 3)
    """
    freq = getattr(index, "freq", None)
    if not isinstance(index, pd.DatetimeIndex) or freq is None or freq.n < 1:
        return None
    if isinstance(freq, PLAIN) or type(freq) is pd.DateOffset:
        return None
    offset, n_months = EVERY_FEW_MONTHS.get(type(freq), (freq.base, 1))
    return offset, n_months * freq.n


def find_offset_of_months(days, share=SHARE_ON_OFFSET):
    """The offset with one day a month on which most of the days lie, or None.

    >>> find_offset_of_months(pd.DatetimeIndex(["2026-01-16", "2026-02-20", "2026-03-20"]))
    <WeekOfMonth: week=2, weekday=4>
    """
    last, months = days[-1], _months(days)
    if np.any(np.diff(months) < 1):
        return None
    candidates = [offsets.BusinessMonthEnd(), offsets.BusinessMonthBegin()]
    if last.day <= 28:
        candidates.append(offsets.WeekOfMonth(week=(last.day - 1) // 7, weekday=last.weekday()))
    candidates.append(offsets.LastWeekOfMonth(weekday=last.weekday()))
    span = days[0].replace(day=1), last + offsets.MonthEnd(0)
    found = {}
    for offset in candidates:
        found[offset] = days.isin(pd.date_range(*span, freq=offset)).mean()
        if found[offset] == 1:
            return offset
    likeliest = max(found, key=found.get)
    return likeliest if found[likeliest] >= share else None


def offset_positions(local, offset):
    """Each row's whole-numbered place among the times of an offset, or None where a row is on none of them."""
    at_one_time = len((local - local.normalize()).unique()) == 1
    if isinstance(offset, offsets.CustomBusinessDay):
        days, calendar = local.to_numpy().astype("datetime64[D]"), offset.calendar
        open_days = at_one_time and np.is_busday(days, busdaycal=calendar).all()
        return np.busday_count("1970-01-01", days, busdaycal=calendar) if open_days else None
    if isinstance(offset, ONE_A_MONTH):
        # Whatever the day: holidays move it.
        months = _months(local)
        return months if at_one_time and np.all(np.diff(months) > 0) else None
    places = pd.date_range(local[0], local[-1], freq=offset).get_indexer(local)
    return None if np.any(places < 0) else places


def times_by_offset(last, offset, steps):
    """The times so many steps of an offset after a local one."""
    begin = last
    if isinstance(offset, ONE_A_MONTH):
        # The last one may lie before or after the day that the offset says, but in its month.
        begin = last - pd.Timedelta(days=last.day - 1)
    return pd.date_range(begin, periods=1 + steps[-1], freq=offset)[steps]


def _months(days):
    return (days.year * 12 + days.month).to_numpy().astype(np.int64)
