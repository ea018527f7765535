"""Calendars: times as whole numbers, so that arithmetic says what follows what, and numbers as times again."""

import numpy as np
import pandas as pd
from pandas import offsets

# Position of a time that does not lie on a calendar.
NOWHERE = np.iinfo(np.int64).min
DAY = 24 * 60 * 60 * 10**6  # in microseconds
# Days are counted from here. NumPy's business days count forward only.
FIRST_DAY = np.datetime64("1700-01-01", "D")
# On a calendar with closed days up to four missing days in a row are holidays, and no hole.
LONGEST_HOLIDAY = 4
EVERY_DAY = "1111111"
# Hours without rows are closed, and no hole, if they are so on that many days.
FEW_DAYS = np.timedelta64(5, "D")


class Counts:
    """Integers, durations in nanoseconds, or periods of one length: times that are numbers already.

    Parameters
    ----------
    kind : str
        "integers", "durations", or the freq of periods.
    """

    # How many positions in a row may be missing without a hole.
    allowance = 0
    SEASONS = {"M": 12, "Q": 4, "W": 52, "B": 5, "D": 7, "h": 24}

    def __init__(self, kind):
        self.kind = kind

    def positions(self, times):
        """Position of each time, an ndarray of int64; NOWHERE for a time that is not on the calendar."""
        if kind_of_counts(times) != self.kind:
            return _nowhere(times)
        if self.kind == "integers":
            return times.to_numpy().astype(np.int64)
        return (times.as_unit("ns") if self.kind == "durations" else times).asi8

    def times(self, positions):
        """Times at these positions, a pd.Index."""
        if self.kind == "integers":
            return pd.Index(positions)
        if self.kind == "durations":
            return pd.to_timedelta(positions, unit="ns")
        return pd.PeriodIndex.from_ordinals(positions, freq=self.kind)

    def describe(self, step):
        """A step in words, for messages."""
        if self.kind == "integers":
            return str(step)
        if self.kind == "durations":
            return str(pd.Timedelta(step, "ns")).removeprefix("0 days ")
        return f"{step} period{'s' if step > 1 else ''} of {self.kind}"

    def season(self, step):
        """Number of rows in the season that a calendar suggests; None if it suggests none."""
        return _season(self.SEASONS.get(self.kind.split("-")[0], 0), step)


def kind_of_counts(times):
    """The kind of `Counts` that times are; None for timestamps and for what tells no time."""
    if isinstance(times, pd.PeriodIndex):
        return times.freqstr
    if isinstance(times, pd.TimedeltaIndex):
        return "durations"
    return "integers" if pd.api.types.is_integer_dtype(times) and not isinstance(times, pd.MultiIndex) else None


class Timestamps:
    """Timestamps in microseconds, by the local clock of their zone or by universal time. Methods as in `Counts`."""

    allowance = 0

    def __init__(self, zone=None, local=True):
        self.zone, self.local = zone, local

    def positions(self, times):
        clock = self._clock(times, self.zone if self.local else "UTC")
        return _nowhere(times) if clock is None else clock.as_unit("us").asi8

    def times(self, positions):
        times = pd.DatetimeIndex(np.asarray(positions, dtype="datetime64[us]"))
        return self._with_zone(times) if self.local else times.tz_localize("UTC").tz_convert(self.zone)

    def describe(self, step):
        if self.local and step % DAY == 0:
            return f"{step // DAY} day{'s' if step > DAY else ''}"
        return str(pd.Timedelta(step, "us")).removeprefix("0 days ")

    def season(self, step):
        if step in (DAY, 7 * DAY):
            return {DAY: 7, 7 * DAY: 52}[step]
        return _season(DAY, step)

    def _clock(self, times, zone=None):
        """Times by the clock of a zone, by default that of the calendar; None if they are of another kind."""
        if not isinstance(times, pd.DatetimeIndex) or (times.tz is None) != (self.zone is None):
            return None
        return times if self.zone is None else times.tz_convert(zone or self.zone).tz_localize(None)

    def _with_zone(self, clock):
        # A time that summer time leaves out is moved on, one that comes twice is the first.
        return clock.tz_localize(self.zone, ambiguous=np.ones(len(clock), dtype=bool), nonexistent="shift_forward")


class OpenDays(Timestamps):
    """Certain days of the week, without holidays, at certain times of day: business days, trading hours."""

    def __init__(self, zone, times_of_day, weekmask, holidays=()):
        super().__init__(zone)
        self.times_of_day = np.asarray(times_of_day, dtype=np.int64)
        self.weekmask, self.holidays = weekmask, np.asarray(holidays, dtype="datetime64[D]")

    @property
    def allowance(self):
        return LONGEST_HOLIDAY * len(self.times_of_day) if self.weekmask != EVERY_DAY else 0

    def positions(self, times):
        clock = self._clock(times)
        if clock is None:
            return _nowhere(times)
        days, time_of_day = _split_days(clock)
        slots = np.searchsorted(self.times_of_day, time_of_day)
        slots = np.minimum(slots, len(self.times_of_day) - 1)
        open_days = np.is_busday(days, busdaycal=self._busdays())
        positions = np.busday_count(FIRST_DAY, days, busdaycal=self._busdays()) * len(self.times_of_day) + slots
        return np.where(open_days & (self.times_of_day[slots] == time_of_day), positions, NOWHERE)

    def times(self, positions):
        days, slots = np.divmod(positions, len(self.times_of_day))
        days = np.busday_offset(FIRST_DAY, days, roll="forward", busdaycal=self._busdays())
        return self._with_zone(_join_days(days, self.times_of_day[slots]))

    def describe(self, step):
        if len(self.times_of_day) > 1:
            return f"{step} row{'s' if step > 1 else ''} of {len(self.times_of_day)} a day"
        name = "business day" if self.weekmask == "1111100" else f"day of {_weekdays(self.weekmask)}"
        return f"{step} {name}{'s' if step > 1 else ''}"

    def season(self, step):
        return _season(self.weekmask.count("1") if len(self.times_of_day) == 1 else len(self.times_of_day), step)

    def _busdays(self):
        return np.busdaycalendar(self.weekmask, self.holidays)


class Months(Timestamps):
    """Months with a row each, on a numbered day, on the last day ("end"), or on the day of an offset of pandas."""

    def __init__(self, zone, time_of_day, day):
        super().__init__(zone)
        self.time_of_day, self.day = time_of_day, day

    def positions(self, times):
        clock = self._clock(times)
        if clock is None:
            return _nowhere(times)
        months = (clock.year * 12 + clock.month - 1).to_numpy().astype(np.int64)
        # On any day: holidays move it.
        return np.where(_split_days(clock)[1] == self.time_of_day, months, NOWHERE)

    def times(self, positions):
        begins = (np.asarray(positions) - 1970 * 12).astype("datetime64[M]")
        last = (begins + 1).astype("datetime64[D]") - 1
        days = begins.astype("datetime64[D]")
        if self.day == "end":
            days = last
        elif isinstance(self.day, int):
            days = np.minimum(days + (self.day - 1), last)
        elif len(days):
            of_offset = pd.date_range(days.min(), last.max(), freq=self.day).normalize().to_numpy()
            found = np.searchsorted(of_offset.astype("datetime64[M]"), begins)
            days = of_offset.astype("datetime64[D]")[found]
        return self._with_zone(_join_days(days, self.time_of_day))

    def describe(self, step):
        return f"{step} month{'s' if step > 1 else ''}"

    def season(self, step):
        return _season(12, step)


class OfOffset(Timestamps):
    """The times of an offset of pandas, counted from one of them."""

    def __init__(self, zone, offset, anchor):
        super().__init__(zone)
        self.offset, self.anchor = offset, anchor

    def positions(self, times):
        clock = self._clock(times)
        if clock is None or not len(clock):
            return _nowhere(times)
        first, last = min(clock.min(), self.anchor), max(clock.max(), self.anchor)
        grid = pd.date_range(first, last, freq=self.offset)
        # A range begins at the first time that is on the offset: of an earlier one it knows nothing.
        places = grid.get_indexer(clock)
        origin = grid.get_indexer([self.anchor])[0]
        return np.where(places < 0, NOWHERE, places - origin)

    def times(self, positions):
        positions = np.asarray(positions)
        back, on = max(0, -positions.min(initial=0)), max(0, positions.max(initial=0))
        grid = pd.date_range(self.anchor, periods=on + 1, freq=self.offset)
        if back:
            grid = pd.date_range(end=self.anchor, periods=back + 1, freq=self.offset)[:-1].append(grid)
        return self._with_zone(pd.DatetimeIndex(grid[positions + back], freq=None))

    def describe(self, step):
        return (self.offset * step).freqstr

    def season(self, step):
        return _season(24 if isinstance(self.offset, (offsets.SemiMonthBegin, offsets.SemiMonthEnd)) else 0, step)


# --- choosing one ---------------------------------------------------------------------------------

ONE_A_MONTH = (
    *(offsets.MonthBegin, offsets.MonthEnd, offsets.BusinessMonthBegin, offsets.BusinessMonthEnd),
    *(offsets.CustomBusinessMonthBegin, offsets.CustomBusinessMonthEnd, offsets.WeekOfMonth, offsets.LastWeekOfMonth),
)
EVERY_FEW_MONTHS = {
    **{offsets.QuarterBegin: (offsets.MonthBegin(), 3), offsets.QuarterEnd: (offsets.MonthEnd(), 3)},
    **{offsets.YearBegin: (offsets.MonthBegin(), 12), offsets.YearEnd: (offsets.MonthEnd(), 12)},
    **{offsets.BQuarterBegin: (offsets.BusinessMonthBegin(), 3), offsets.BQuarterEnd: (offsets.BusinessMonthEnd(), 3)},
    **{offsets.BYearBegin: (offsets.BusinessMonthBegin(), 12), offsets.BYearEnd: (offsets.BusinessMonthEnd(), 12)},
}
# Holidays move the last trading day of a month, or the first one, in a few months of a year.
SHARE_ON_OFFSET = 0.75


def calendar_of_offset(offset, times, anchor=None):
    """The calendar of an offset of pandas for timestamps, and the number of its positions in a step.

    An offset that only pandas can count is counted from its first time after `anchor`, by default from the first time.
    """
    zone, clock = times.tz, times if times.tz is None else times.tz_localize(None)
    if isinstance(offset, (offsets.Tick, offsets.Day, offsets.Week)):
        n_days = {offsets.Week: 7, offsets.Day: 1}.get(type(offset))
        step = n_days * DAY * offset.n if n_days else pd.Timedelta(offset) // pd.Timedelta("1us")
        return Timestamps(zone, local=n_days is not None or zone is None), step
    _, time_of_day = _split_days(clock[:1])
    if isinstance(offset, offsets.BusinessDay) and not getattr(offset, "offset", None):
        busdays = getattr(offset, "calendar", None)
        weekmask = "1111100" if busdays is None else "".join(str(int(day)) for day in busdays.weekmask)
        return OpenDays(zone, time_of_day, weekmask, () if busdays is None else busdays.holidays), offset.n
    base, n_months = EVERY_FEW_MONTHS.get(type(offset), (offset.base, 1))
    if isinstance(base, ONE_A_MONTH):
        day = {offsets.MonthBegin: 1, offsets.MonthEnd: "end"}.get(type(base), base)
        return Months(zone, time_of_day[0], day), n_months * offset.n
    if anchor is not None:
        anchor = offset.rollforward(anchor + pd.Timedelta(time_of_day[0], "us"))
    return OfOffset(zone, offset.base, clock[0] if anchor is None else anchor), offset.n


def candidate_calendars(times):
    """Yield the calendars that may be that of a long series of timestamps; where two fit alike, the first one does."""
    zone, clock = times.tz, times if times.tz is None else times.tz_localize(None)
    # Without its freq: pandas would count business month ends as ends of months.
    days = pd.DatetimeIndex(clock.normalize(), freq=None)
    _, time_of_day = _split_days(clock)
    daily = np.all(time_of_day == time_of_day[0])
    months = (days.year * 12 + days.month).to_numpy()
    by_month = bool(daily and np.all(np.diff(months) > 0))
    if by_month:
        day = _day_of_months(days)
        if day is not None:
            yield Months(zone, time_of_day[0], day)
    if zone is None or daily:
        yield Timestamps(zone)
    if zone is not None:
        yield Timestamps(zone, local=False)
        if not daily:
            yield Timestamps(zone)
    open_days = _open_days(days, time_of_day)
    if open_days:
        yield OpenDays(zone, *open_days)
    if by_month:
        yield Months(zone, time_of_day[0], _week_of_months(days) or int(days[-1].day))
    if daily:
        for offset in (offsets.SemiMonthEnd(), offsets.SemiMonthBegin()):
            if offset.is_on_offset(days[0]):
                yield OfOffset(zone, offset, clock[0])


def _open_days(days, time_of_day):
    """The times of day and the weekdays with rows; None if too few days have passed to call the others closed."""
    times_of_day, weekdays = np.unique(time_of_day), np.bincount(days.day_of_week, minlength=7) > 0
    weekmask = "".join(str(int(seen)) for seen in weekdays)
    first, stop = days[0].to_datetime64().astype("datetime64[D]"), days[-1].to_datetime64().astype("datetime64[D]") + 1
    passed = [np.busday_count(first, stop, "0" * k + "1" + "0" * (6 - k)) for k in range(7)]
    least = 1 if weekmask == "1111100" else 2
    told = all(passed[k] >= least for k in range(7) if not weekdays[k])
    return (times_of_day, weekmask) if told and (len(times_of_day) == 1 or stop - first >= FEW_DAYS) else None


def _day_of_months(days):
    """The day of months on which days lie: its number, "end", or the offset of business months; None if on neither."""
    if days.is_month_end.all():
        return "end"
    if len(days.day.unique()) == 1:
        return int(days[0].day)
    return _likeliest(days, [offsets.BusinessMonthEnd(), offsets.BusinessMonthBegin()])


def _week_of_months(days):
    """The offset of the same weekday in a week of each month, or None."""
    last = days[-1]
    candidates = [offsets.WeekOfMonth(week=(last.day - 1) // 7, weekday=last.weekday())] if last.day <= 28 else []
    return _likeliest(days, [*candidates, offsets.LastWeekOfMonth(weekday=last.weekday())])


def _likeliest(days, candidates):
    span = days[0].replace(day=1), days[-1] + offsets.MonthEnd(0)
    shares = [days.isin(pd.date_range(*span, freq=offset)).mean() for offset in candidates]
    best = int(np.argmax(shares))
    return candidates[best] if shares[best] >= SHARE_ON_OFFSET else None


# --- days -----------------------------------------------------------------------------------------


def _split_days(clock):
    """Days as datetime64[D], and the time of day in microseconds."""
    days, time_of_day = np.divmod(clock.as_unit("us").asi8, DAY)
    return days.astype("datetime64[D]"), time_of_day


def _join_days(days, time_of_day):
    return pd.DatetimeIndex(days.astype("datetime64[us]") + np.asarray(time_of_day).astype("timedelta64[us]"))


def _weekdays(weekmask):
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return " ".join(name for name, is_open in zip(names, weekmask, strict=True) if is_open == "1")


def _season(whole, step):
    return whole // step if whole > step and whole % step == 0 else None


def _nowhere(times):
    return np.full(len(times), NOWHERE)
