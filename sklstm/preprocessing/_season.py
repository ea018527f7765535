"""How many rows make a season, as far as the times of rows tell."""

import pandas as pd
from pandas import offsets

from sklstm.preprocessing._offset_calendar import ONE_A_MONTH, OffsetCalendar
from sklstm.preprocessing._time_axis import BUSINESS_DAYS, DAY_OF_MONTHS, learn_time_axis

DAY = 24 * 60 * 60 * 10**6  # in microseconds, as a TimeAxis counts durations
OF_CALENDARS = {"months": 12, DAY_OF_MONTHS: 12, BUSINESS_DAYS: 5, "durations": DAY}
OF_OFFSETS = {
    ONE_A_MONTH: 12,
    (offsets.SemiMonthBegin, offsets.SemiMonthEnd): 24,
    offsets.CustomBusinessDay: 5,
}
OF_PERIODS = {"M": 12, "Q": 4, "W": 52, "B": 5, "D": 7, "h": 24}


def season_of(index):
    """Rows in a season, as the step of an index suggests; None where it suggests none.

    Months or quarters of a year, halves of its months, business days or days of a week, weeks of a year, shorter steps
    of a day.

    >>> season_of(pd.date_range("2026-01-01", periods=24, freq="MS"))
    12
    """
    axis = learn_time_axis(index)
    if axis is None:
        return None
    if isinstance(index, pd.PeriodIndex):
        whole = OF_PERIODS.get(index.freqstr.split("-")[0], 0)
    elif axis.calendar == "days":
        return {1: 7, 7: 52}.get(axis.step)
    elif isinstance(axis.calendar, OffsetCalendar):
        whole = next((whole for kinds, whole in OF_OFFSETS.items() if isinstance(axis.calendar.offset, kinds)), 0)
    else:
        whole = OF_CALENDARS.get(axis.calendar, 0)
    return whole // axis.step if whole > axis.step and whole % axis.step == 0 else None
