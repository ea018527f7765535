"""Timelines: the calendar of a table, the step of each series on it, and the holes between rows."""

from contextlib import suppress
from numbers import Integral

import numpy as np
import pandas as pd

from sklstm._series._calendars import (
    NOWHERE,
    Counts,
    Timestamps,
    calendar_of_offset,
    candidate_calendars,
    kind_of_counts,
)
from sklstm._series._index import SeriesIndex, of_series


def tells_time(times):
    """Whether times order rows: integers, timestamps, periods or durations."""
    return isinstance(times, pd.DatetimeIndex) or (times is not None and kind_of_counts(times) is not None)


def refuse_disorder(who, index):
    """Raise, naming the first offender, if the rows of a series are not in strictly ascending time order."""
    if isinstance(index.times, pd.MultiIndex):
        raise ValueError(
            f"{who} expects one series, got a MultiIndex of {list(index.times.names)}. "
            "Name the level that tells series apart, group=, where a step has that parameter; else take each series "
            "by itself."
        )
    if not tells_time(index.times):
        return
    if not index.is_panel and index.times.is_monotonic_increasing and index.times.is_unique:
        return
    times = index.ordered_times
    if times.hasnans:
        row = int(np.argmax(times.isna()))
        of = of_series(index.label(index.ordered_codes[row]))
        raise ValueError(f"{who} got no time (NaT) for row {index.rows(row)}{of}. Drop the row, or give it its time.")
    numbers = as_numbers(times)
    late = numbers[1:] <= numbers[:-1]
    late[index.bounds[1:-1] - 1] = False
    if not late.any():
        return
    row = 1 + int(np.argmax(late))
    of = of_series(index.label(index.ordered_codes[row]))
    rows = index.rows(np.array([row - 1, row]))
    if times[row] == times[row - 1]:
        remedy = "X[~X.index.duplicated()]; or name what tells series apart, group=, if the table holds several."
        raise ValueError(
            f"{who} expects each time once, got {times[row]} in rows {rows[0]} and {rows[1]}{of}. Keep one of them"
            + (": " + remedy if not of else ".")
        )
    remedy = "X.sort_index()" if not of else "X.sort_values(...)"
    raise ValueError(
        f"{who} expects rows in time order, got {times[row]} (row {rows[1]}) after {times[row - 1]} (row {rows[0]})"
        f"{of}. Sort them, and y with them: {remedy}; and split without shuffling."
    )


def as_numbers(times):
    """Times as numbers that ascend with them; anything else as it is."""
    return times.asi8 if hasattr(times, "asi8") else times.to_numpy()


def lie_off(positions, bounds):
    """Mask of the series of which a row lies on no position of a calendar."""
    off = positions == NOWHERE
    return np.logical_or.reduceat(off, bounds[:-1]) if off.any() else np.zeros(len(bounds) - 1, dtype=bool)


def hops_within(positions, bounds):
    """Positions from each row to the next one of its series, of shape (n_rows - n_series,)."""
    within = np.ones(max(0, bounds[-1] - 1), dtype=bool)
    within[bounds[1:-1] - 1] = False
    return np.diff(positions)[within]


class Timeline:
    """What follows what: positions on one calendar, and the step of each series.

    Parameters
    ----------
    calendar : Counts or Timestamps, or None
        None if nothing regular tells the time: then rows follow each other as they come.
    step : int, optional
        The step of every series, where it is told: by the freq of an index, or as the longest gap. By default each
        series has the step that its rows show.
    """

    def __init__(self, calendar, step=None):
        self.calendar, self.step = calendar, step

    def positions(self, times):
        """Position of each row, an ndarray of int64; NOWHERE if it is not on the calendar."""
        if self.calendar is None or times is None:
            return np.full(0 if times is None else len(times), NOWHERE)
        if isinstance(self.calendar, Counts) or type(self.calendar) is Timestamps:
            return self.calendar.positions(times)
        # Panels repeat their times, and other calendars take longer than a look-up.
        codes, distinct = pd.factorize(times)
        return self.calendar.positions(pd.DatetimeIndex(distinct))[codes] if len(times) else np.empty(0, np.int64)

    def find_steps(self, positions, bounds):
        """The step of each series, an ndarray of int64 of shape (n_series,): 0 if it has none.

        At least half of the steps from row to row are the same, and all others are whole multiples of it.
        """
        n_series = len(bounds) - 1
        steps = np.zeros(n_series, dtype=np.int64)
        if self.calendar is None:
            return steps
        lost = lie_off(positions, bounds)
        if self.step is not None:
            return np.where(lost, 0, self.step)
        hops, counts = hops_within(positions, bounds), np.diff(bounds) - 1
        if len(hops) == 0:
            return steps
        if hops[0] > 0 and np.all(hops == hops[0]):
            return np.where((counts > 0) & ~lost, hops[0], 0)
        codes = np.repeat(np.arange(n_series), counts)
        for step in _middle_values(hops, codes, n_series):
            own = step[codes]
            same = np.bincount(codes[hops == own], minlength=n_series)
            odd = np.bincount(codes[(hops % np.maximum(own, 1) != 0) | (hops < 1)], minlength=n_series)
            steps = np.where((same * 2 >= counts) & (odd == 0) & (counts > 0) & ~lost, step, steps)
        return steps

    def longest_steps(self, steps):
        """The longest way from one row to the row that follows it, for series with these steps."""
        return np.where(steps > 0, steps + (self.calendar.allowance if self.calendar else 0), steps)

    def begin_anew(self, positions, steps, bounds):
        """Mask of the rows that follow no other row: the first of a series, and those after a hole."""
        anew = np.zeros(bounds[-1], dtype=bool)
        if self.calendar is not None:
            longest = self.longest_steps(steps)
            longest = longest[0] if np.all(longest == longest[0]) else np.repeat(longest, np.diff(bounds))[1:]
            anew[1:] = (np.diff(positions) > longest) & (longest > 0)
        anew[bounds[:-1]] = True
        return anew

    def follow(self, last, now, steps):
        """Mask of the positions `now` that follow the positions `last` of series with these steps."""
        apart = np.where((last == NOWHERE) | (now == NOWHERE), 0, now - last)
        return (apart > 0) & (apart <= self.longest_steps(steps)) & (steps > 0)

    def describe(self, step):
        """A step in words."""
        return self.calendar.describe(int(step))

    def describe_commonest(self, steps):
        """The commonest of the steps of series in words; None if no series has a step."""
        values, counts = np.unique(steps[steps > 0], return_counts=True)
        return self.describe(values[np.argmax(counts)]) if len(values) else None


def _middle_values(values, codes, n_series):
    """Upper and lower median of each series, of shape (2, n_series): a value that is half of all is one of the two."""
    ordered = values[np.lexsort((values, codes))]
    counts = np.bincount(codes, minlength=n_series)
    first = np.cumsum(counts) - counts
    places = first + np.stack([counts // 2, np.maximum(counts - 1, 0) // 2])
    return np.where(counts > 0, ordered[np.minimum(places, len(ordered) - 1)], 0)


def learn_timeline(index, max_gap=None, freq=None):
    """The Timeline of a table: one calendar for all its series.

    Parameters
    ----------
    index : SeriesIndex
        The rows.
    max_gap : int, str or Timedelta, optional
        The longest step from a row to the row that follows it.
    freq : str, offset of pandas or int, optional
        The step of all series, where it is told. By default it is found.

    Notes
    -----
    The freq of a time index is believed. Otherwise the longest series decides: of the calendars on which its rows have
    a step, the one on which they have the fewest holes. These are months (by days, ends, business days, weekdays),
    timestamps, open days (days of the week and times of day that are there, others never), and halves of months.
    """
    times = index.times
    if not tells_time(times):
        return Timeline(None)
    if max_gap is not None:
        return _timeline_of_gap(times, max_gap)
    if not isinstance(times, pd.DatetimeIndex):
        return Timeline(Counts(kind_of_counts(times)), freq if isinstance(freq, Integral) else None)
    if freq is not None:
        return Timeline(*calendar_of_offset(pd.tseries.frequencies.to_offset(freq), times))
    if times.freq is not None and times.freq.n > 0 and not index.is_panel:
        return Timeline(*calendar_of_offset(times.freq, times))
    longest = int(np.argmax(index.lengths))
    times = index.ordered_times[index.bounds[longest] : index.bounds[longest + 1]]
    bounds, best, fewest = np.array([0, len(times)]), None, None
    for calendar in candidate_calendars(times) if len(times) > 1 else ():
        timeline = Timeline(calendar)
        positions = timeline.positions(times)
        (step,) = timeline.find_steps(positions, bounds)
        if step:
            holes = np.count_nonzero(np.diff(positions) > step)
            if fewest is None or holes < fewest:
                best, fewest = timeline, holes
            if holes == 0:
                break
    return best or Timeline(None)


def _timeline_of_gap(times, max_gap):
    """The Timeline on which any step up to `max_gap` leads from a row to the row that follows it."""
    counted = not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex))
    try:
        longest = int(max_gap) if counted else pd.Timedelta(max_gap)
    except (TypeError, ValueError):
        expected = "a whole number" if counted else "a duration, such as '3D',"
        raise ValueError(f"LagFramer expects max_gap to be {expected} for this index, got {max_gap!r}.") from None
    if counted:
        return Timeline(Counts(kind_of_counts(times)), longest)
    if isinstance(times, pd.TimedeltaIndex):
        return Timeline(Counts("durations"), longest // pd.Timedelta(1, "ns"))
    return Timeline(Timestamps(times.tz, local=times.tz is None), longest // pd.Timedelta(1, "us"))


# --- grids, and clocks ----------------------------------------------------------------------------


def find_slots(who, times, freq):
    """The time step of a regular grid in which each time lies, an ndarray of int64.

    Parameters
    ----------
    who : str
        Name of the transformer, for messages.
    times : pd.Index
        Integers, timestamps, periods or durations, in any order.
    freq : str, timedelta, offset of pandas, or int
        Step of the grid: a frequency of pandas for times, a number for integers.
    """
    try:
        if isinstance(times, pd.DatetimeIndex):
            slots = _slots_of_timestamps(times, freq)
        elif isinstance(times, pd.PeriodIndex):
            slots = times.asfreq(freq).asi8
        elif isinstance(times, pd.TimedeltaIndex):
            slots = (times // to_duration(freq)).to_numpy()
        else:
            slots = times.to_numpy() // int(freq)
    except (TypeError, ValueError):
        expected = "a number" if pd.api.types.is_integer_dtype(times) else "a step in time"
        raise ValueError(
            f"{who} expects freq to be {expected} that suits the index of X, got {freq!r} for {times[0]}."
        ) from None
    lost = slots == NOWHERE
    if lost.any():
        _refuse_off_calendar(who, freq, times[int(np.argmax(lost))])
    return slots


def _slots_of_timestamps(times, freq):
    if isinstance(freq, Integral):
        raise TypeError
    offset = pd.tseries.frequencies.to_offset(freq)
    if not isinstance(offset, pd.offsets.BusinessDay):
        with suppress(TypeError, ValueError):
            return times.tz_localize(None).to_period(freq).asi8
    # An offset that has no periods, such as the days of a six-day week: times lie on it.
    calendar, step = calendar_of_offset(offset, times, anchor=pd.Timestamp("2000-01-01"))
    positions = calendar.positions(times)
    return np.where(positions == NOWHERE, NOWHERE, positions // step)


def refuse_off_calendar(who, index, timeline, freq):
    """Raise if a row does not lie on a timeline that was told by `freq`, naming the first series with such a row."""
    lost = np.flatnonzero(timeline.positions(index.ordered_times) == NOWHERE)
    if len(lost):
        of = of_series(index.label(index.ordered_codes[lost[0]]))
        _refuse_off_calendar(who, freq, index.ordered_times[lost[0]], of)


def _refuse_off_calendar(who, freq, time, of=""):
    raise ValueError(
        f"{who}(freq={freq!r}) got {time}{of}, which does not lie on it. Leave such rows out, or pass the freq that "
        "they have."
    )


def refuse_shared_slots(who, index, slots, freq):
    """Raise if two rows of a series lie in one time step."""
    crowded = np.diff(slots) < 1
    crowded[index.bounds[1:-1] - 1] = False
    if not crowded.any():
        return
    row = int(np.argmax(crowded))
    times, rows = index.ordered_times, index.rows(np.array([row, row + 1]))
    of = of_series(index.label(index.ordered_codes[row]))
    raise ValueError(
        f"{who}(freq={freq!r}) expects one row at most for each step, got {times[row]} and {times[row + 1]} (rows "
        f"{rows[0]} and {rows[1]}){of} in one. Pass a shorter freq, or bring them together first: "
        f"X.resample({freq!r}).mean()."
    )


def to_duration(unit):
    """A duration from anything that pandas takes for one, and from a unit alone: "h" is an hour."""
    return pd.Timedelta(f"1{unit}" if isinstance(unit, str) and unit[:1].isalpha() else unit)


def find_clock(who, times, unit=None):
    """Times as float64, integers as they are and other times in microseconds; and the length of `unit` in the same."""
    if pd.api.types.is_integer_dtype(times):
        return times.to_numpy().astype(np.float64), None if unit is None else float(unit)
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    try:
        length = None if unit is None else to_duration(unit) / pd.Timedelta(1, "us")
    except ValueError:
        raise ValueError(f"{who} expects elapsed to be a duration, such as 'h' or '15min', got {unit!r}.") from None
    return times.as_unit("us").asi8.astype(np.float64), length


# --- a single series ------------------------------------------------------------------------------


def find_holes(times):
    """Rows of a single series that come after a hole, and how many rows are missing before each.

    Returns
    -------
    rows, n_missing : ndarray of int of shape (n_holes,), or None
        None if the series has no regular step.

    Examples
    --------
    >>> find_holes(pd.DatetimeIndex(["2026-01-09", "2026-01-10", "2026-01-13", "2026-01-14"]))
    (array([2]), array([2]))
    """
    index = SeriesIndex(len(times), times=times)
    timeline = learn_timeline(index)
    positions = timeline.positions(times)
    steps = timeline.find_steps(positions, index.bounds)
    if not steps[0]:
        return None
    rows = np.flatnonzero(timeline.begin_anew(positions, steps, index.bounds))[1:]
    return rows, np.diff(positions)[rows - 1] // steps[0] - 1


def find_season(times):
    """Number of rows in a season that the step of a single series suggests; None if it suggests none.

    Months or quarters of a year, halves of its months, business days or days of a week, weeks of a year, shorter steps
    of a day.

    >>> find_season(pd.date_range("2026-01-01", periods=24, freq="MS"))
    12
    """
    index = SeriesIndex(len(times), times=times)
    timeline = learn_timeline(index)
    (step,) = timeline.find_steps(timeline.positions(times), index.bounds)
    return timeline.calendar.season(int(step)) if step else None
