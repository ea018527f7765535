"""When a row follows another: the calendar that an index lies on, its step, and the holes in it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BusinessDay

from sklstm.preprocessing._offset_calendar import (
    BUSINESS_MONTHS,
    HALVES_OF_MONTHS,
    OffsetCalendar,
    carried_calendar,
    find_calendar_of_months,
)

# On a business-day index up to four missing days in a row are holidays, and no hole.
LONGEST_HOLIDAY = 4
BUSINESS_DAYS = "business days"
# One of the last days of a month, which is not meant as its end: the 28th, also in February.
DAY_OF_MONTHS = "a day of months"
SECONDS_PER_DAY = 24 * 60 * 60


class TimeAxis(NamedTuple):
    """What an index says about time: its calendar, the step from row to row, and where it ended.

    The calendar has a name, or is an OffsetCalendar, where it takes an offset of pandas to tell it.
    """

    calendar: str | OffsetCalendar
    step: int
    last: object

    @property
    def longest_step(self):
        """The longest way, in units of the calendar, from one row to the row that follows it."""
        on_business_days = self.calendar == BUSINESS_DAYS or getattr(self.calendar, "of_business_days", False)
        return self.step + (LONGEST_HOLIDAY if on_business_days else 0)


def tells_time(index):
    """Whether an index orders rows in time: integers, timestamps, periods or durations."""
    return isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)) or (
        pd.api.types.is_integer_dtype(index) and not isinstance(index, pd.MultiIndex)
    )


def as_numbers(times):
    """Times as numbers that ascend with them; what is no time as it is."""
    return times.asi8 if hasattr(times, "asi8") else times.to_numpy()


def check_time_order(who, index, rows=None, of=""):
    """Raise, naming the first offender, where an index is not strictly ascending.

    `rows` are the positions of its times in the table, and `of` says which series they are, where it holds several.
    """
    rows = np.arange(len(index)) if rows is None else rows
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            f"{who} expects one series, got a MultiIndex of {list(index.names)}. "
            "Name the level that tells series apart, group=, where a step has that parameter; else take each series "
            "by itself."
        )
    if not tells_time(index) or (index.is_monotonic_increasing and index.is_unique):
        return
    if index.hasnans:
        row = rows[int(np.argmax(index.isna()))]
        raise ValueError(f"{who} got no time (NaT) for row {row}{of}. Drop the row, or give it its time.")
    row = 1 + int(np.argmax(index[1:] <= index[:-1]))
    time, before = index[row], index[row - 1]
    if time == before:
        remedy = "X[~X.index.duplicated()]; or name what tells series apart, group=, if the table holds several."
        raise ValueError(
            f"{who} expects each time once, got {time} in rows {rows[row - 1]} and {rows[row]}{of}. Keep one of them"
            + (": " + remedy if not of else ".")
        )
    remedy = "X.sort_index()" if not of else "X.sort_values(...)"
    raise ValueError(
        f"{who} expects rows in time order, got {time} (row {rows[row]}) after {before} (row {rows[row - 1]}){of}. "
        f"Sort them, and y with them: {remedy}; and split without shuffling."
    )


def learn_time_axis(index, max_gap=None):
    """The TimeAxis of an index, or None where rows follow no regular step, and none is set by `max_gap`.

    What an index carries as its freq is believed, where rows alone would not tell it for sure. Else regular means: at
    least half of the steps from row to row are the same, and all others are whole multiples of it, counted on the first
    calendar that fits: whole months, first or last business days of months, business days, days at one local time of
    day, plain durations, durations by the local clock, months with a row each (on their third Friday, say), or halves
    of months; for integers and periods, their own count.
    """
    if not tells_time(index):
        return None
    if max_gap is not None:
        return _axis_of_gap(index, max_gap)
    carried = carried_calendar(index)
    if carried is not None:
        calendar, step = carried
        return TimeAxis(BUSINESS_DAYS if type(calendar.offset) is BusinessDay else calendar, step, index[-1])
    if len(index) < 2:
        return None
    for calendar in _calendars(index):
        positions = _positions(index, calendar)
        if positions is None:
            continue
        steps = np.diff(positions)
        lengths, counts = np.unique(steps, return_counts=True)
        step = int(lengths[np.argmax(counts)])
        if counts.max() * 2 < len(steps) or np.any(lengths % step):
            continue
        if calendar == BUSINESS_DAYS and not _skips_a_weekend(index, step):
            continue
        return TimeAxis(calendar, step, index[-1])
    return None


def _axis_of_gap(index, max_gap):
    """The TimeAxis on which any step up to `max_gap` leads from a row to the row that follows it."""
    counted = not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex))
    try:
        longest = int(max_gap) if counted else pd.Timedelta(max_gap)
    except (TypeError, ValueError):
        expected = "a whole number" if counted else "a duration, such as '3D',"
        raise ValueError(f"LagFramer expects max_gap to be {expected} for this index, got {max_gap!r}.") from None
    if counted:
        return TimeAxis(_calendars(index)[0], longest, index[-1])
    unit = "us" if isinstance(index, pd.DatetimeIndex) else "ns"
    return TimeAxis("durations", longest // pd.Timedelta(1, unit), index[-1])


def find_breaks(axis, index):
    """Positions of the rows that do not follow the row before them."""
    if axis is None or carried_calendar(index) == (axis.calendar, axis.step):
        return []
    positions = _positions(index, axis.calendar)
    if positions is None:
        return []
    return (1 + np.flatnonzero(np.diff(positions) > axis.longest_step)).tolist()


def continues(axis, index):
    """Whether the first row of `index` is the one that follows the last row that `axis` saw."""
    if axis is None or not tells_time(index):
        return False
    positions = _positions(index[:1].insert(0, axis.last), axis.calendar)
    return positions is not None and 0 < positions[1] - positions[0] <= axis.longest_step


def following_times(axis, n_times):
    """The times that follow the last one of a TimeAxis, a step apart: on the first of months, from Friday to Monday.

    >>> months = pd.DatetimeIndex(["2026-01-31", "2026-02-28", "2026-03-31"])
    >>> following_times(learn_time_axis(months), 2)
    DatetimeIndex(['2026-04-30', '2026-05-31'], dtype='datetime64[us]', freq=None)
    """
    steps, last = axis.step * np.arange(1, n_times + 1), axis.last
    if axis.calendar == "integers" or isinstance(last, pd.Period):
        return pd.Index([last + int(step) for step in steps])
    if axis.calendar == "durations":
        unit = "us" if isinstance(last, pd.Timestamp) else "ns"
        return pd.Index([last + pd.Timedelta(int(step), unit) for step in steps])
    # By the local clock, which a change to summer time does not move.
    times = pd.DatetimeIndex(_local_times(axis.calendar, last.tz_localize(None), steps), freq=None)
    return times.tz_localize(last.tz, ambiguous=True, nonexistent="shift_forward")


def _local_times(calendar, last, steps):
    """The times so many steps on a calendar after a local one."""
    if isinstance(calendar, OffsetCalendar):
        return calendar.times_after(last, steps)
    if calendar == "months" and last.is_month_end:
        return [last + pd.offsets.MonthEnd(int(step)) for step in steps]
    if calendar in ("months", DAY_OF_MONTHS, "one row a month"):
        return [last + pd.DateOffset(months=int(step)) for step in steps]
    if calendar == BUSINESS_DAYS:
        return [last + BusinessDay(int(step)) for step in steps]
    unit = {"days": "D", "local durations": "us"}[calendar]
    return [last + pd.Timedelta(int(step), unit) for step in steps]


def describe_step(axis):
    """The step of a TimeAxis in words.

    >>> describe_step(learn_time_axis(pd.date_range("2026-01-01", periods=9, freq="QS")))
    '3 months'
    """
    calendar, step, _ = axis
    if isinstance(calendar, OffsetCalendar) and not calendar.of_months:
        return (calendar.offset * step).freqstr
    if calendar in ("durations", "local durations"):
        unit = "us" if isinstance(axis.last, pd.Timestamp) else "ns"
        return str(pd.Timedelta(step, unit)).removeprefix("0 days ")
    unit, of = {"days": "day", BUSINESS_DAYS: "business day", "integers": ""}.get(calendar, "month"), ""
    if str(calendar).startswith("periods"):
        unit, of = "period", calendar.removeprefix("periods")
    return f"{step} {unit}{'s' if step > 1 and unit else ''}{of}".strip()


def lies_on_step(axis, index):
    """Whether all rows lie whole steps of a TimeAxis apart."""
    positions = _positions(index, axis.calendar)
    return positions is not None and not np.any(np.diff(positions) % axis.step)


def has_step(axis, index):
    """Whether rows may have the step of a TimeAxis: all lie whole steps apart, and of three some no further."""
    if not lies_on_step(axis, index):
        # By the local clock, or on another day of months, they may all the same.
        own = learn_time_axis(index)
        return own is None or describe_step(own) == describe_step(axis)
    return len(index) < 3 or int(np.diff(_positions(index, axis.calendar)).min()) <= axis.longest_step


def told_by_longer(axis, own, index):
    """Whether few rows, days or months by themselves, are business days or business months of a longer series."""
    if own.calendar not in ("days", "months", DAY_OF_MONTHS) or not lies_on_step(axis, index):
        return False
    told = axis.calendar
    on_calendar = told.of_months and told.holds(index) if isinstance(told, OffsetCalendar) else told == BUSINESS_DAYS
    return on_calendar and int(np.diff(_positions(index, axis.calendar)).min()) == axis.step


def slots_of(who, index, freq, rows, of=""):
    """The time step of a regular grid that each row lies in, as a whole number; each holds one row at most.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    index : pd.Index
        Ascending times.
    freq : str, timedelta or int
        Step of the grid: a frequency of pandas for times, a number for integers.
    rows, of
        As for `check_time_order`.

    Returns
    -------
    slots : ndarray of int of shape (n_rows,)
        Ascending.
    """
    slots = find_slots(who, index, freq)
    crowded = np.flatnonzero(np.diff(slots) < 1)
    if len(crowded):
        row = crowded[0]
        raise ValueError(
            f"{who}(freq={freq!r}) expects one row at most for each step, got {index[row]} and {index[row + 1]} (rows "
            f"{rows[row]} and {rows[row + 1]}){of} in one. Pass a shorter freq, or bring them together first: "
            f"X.resample({freq!r}).mean()."
        )
    return slots


def find_slots(who, index, freq):
    """The same without a check: any times, in any order."""
    try:
        if isinstance(index, pd.DatetimeIndex):
            return index.tz_localize(None).to_period(freq).asi8
        if isinstance(index, pd.PeriodIndex):
            return index.asfreq(freq).asi8
        if isinstance(index, pd.TimedeltaIndex):
            return (index // to_duration(freq)).to_numpy()
        return index.to_numpy() // int(freq)
    except (TypeError, ValueError):
        expected = "a number" if pd.api.types.is_integer_dtype(index) else "a step in time"
        raise ValueError(
            f"{who} expects freq to be {expected} that suits the index of X, got {freq!r} for {index[0]}."
        ) from None


def to_duration(unit):
    """A duration from what pandas takes for one, and from a unit alone: "h" is an hour."""
    return pd.Timedelta(f"1{unit}" if isinstance(unit, str) and unit[:1].isalpha() else unit)


def elapsed_between(who, times, unit):
    """Time between neighbours, as a number of units."""
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if pd.api.types.is_integer_dtype(times):
        return np.diff(times.to_numpy()) / float(unit)
    try:
        return np.diff(times.to_numpy()) / to_duration(unit).to_timedelta64()
    except ValueError:
        raise ValueError(f"{who} expects elapsed to be a duration, such as 'h' or '15min', got {unit!r}.") from None


def _calendars(index):
    if isinstance(index, pd.PeriodIndex):
        return [f"periods of {index.freqstr}"]
    if isinstance(index, pd.DatetimeIndex):
        return _calendars_of_timestamps(index)
    if isinstance(index, pd.TimedeltaIndex):
        return ["durations"]
    return ["integers"]


def _calendars_of_timestamps(index):
    """Yield the calendars that may be that of an index, the likeliest first."""
    yield "months"
    yield DAY_OF_MONTHS
    of_months = find_calendar_of_months(_local_days(index))
    # First: business month ends may be 31 days apart for a while. Third Fridays are 28 days apart for as long as weeks.
    if of_months is not None and isinstance(of_months.offset, BUSINESS_MONTHS):
        yield of_months
    yield from (BUSINESS_DAYS, "days", "durations", "local durations")
    yield of_months or "one row a month"
    yield from (halves for halves in HALVES_OF_MONTHS if halves.holds(index[:1]))


def _local_days(index):
    # Without its freq: pandas would count business month ends as ends of months.
    return pd.DatetimeIndex(index.tz_localize(None).normalize(), freq=None)


def _positions(index, calendar):
    """Each row's whole-numbered place on a calendar, or None where the index does not lie on it."""
    if isinstance(index, pd.PeriodIndex):
        return index.asi8 if calendar == f"periods of {index.freqstr}" else None
    if isinstance(index, pd.DatetimeIndex):
        return _timestamp_positions(index, calendar)
    if isinstance(index, pd.TimedeltaIndex):
        return index.as_unit("ns").asi8 if calendar == "durations" else None
    return index.to_numpy().astype(np.int64) if calendar == "integers" and tells_time(index) else None


def _timestamp_positions(index, calendar):
    if calendar == "durations":
        return index.as_unit("us").asi8
    local = index.tz_localize(None)
    if calendar == "local durations":
        return local.as_unit("us").asi8
    if isinstance(calendar, OffsetCalendar):
        return calendar.positions(local)
    days = _local_days(index)
    if len((local - days).unique()) > 1:
        return None
    if calendar == "days":
        return days.as_unit("s").asi8 // SECONDS_PER_DAY
    months = (days.year * 12 + days.month).to_numpy().astype(np.int64)
    on_one_day = len(days.day.unique()) == 1
    if calendar == "months" and (days.is_month_end.all() or (on_one_day and days[0].day < 28)):
        return months
    if calendar == DAY_OF_MONTHS and on_one_day:
        return months
    if calendar == "one row a month" and np.all(np.diff(months) > 0):
        return months
    if calendar == BUSINESS_DAYS and days.day_of_week.max() < 5:
        return np.busday_count("1970-01-01", days.to_numpy().astype("datetime64[D]"))
    return None


def _skips_a_weekend(index, step):
    """Whether business days explain the index: from Friday to Monday it takes a single step."""
    return step == 1 and bool(np.any(np.diff(index.day_of_week) < 0))
