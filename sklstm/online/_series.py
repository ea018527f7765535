"""What is remembered of a series between its rows: its last time steps, and when they were."""

from datetime import date

import numpy as np
import pandas as pd

from sklstm._series import find_clock, find_slots, of_series, tells_time
from sklstm.preprocessing._row_by_row import series_end

WHO = "OnlinePredictor"
# A gap that nothing reaches across.
ANEW = 2**31


class History:
    """The last time steps of a series, so that its newest window is always one view.

    Nothing is kept until `commit`: a row that is refused further on leaves no trace.

    Examples
    --------
    >>> history = History(n_steps=3, n_features=1)
    >>> for value in (1.0, 2.0):
    ...     window = history.place(np.array([value]))
    ...     history.commit()
    >>> window[:, 0]
    array([nan,  1.,  2.])
    >>> history.place(np.array([9.0]), gap=2)[:, 0]  # a time step later
    array([ 2., nan,  9.])
    """

    def __init__(self, n_steps, n_features):
        self.n_steps = n_steps
        # Room for many rows: moving the last ones to its front is rare.
        self._buffer = np.full((8 * n_steps + 64, n_features), np.nan)
        self._end = self._next = n_steps - 1

    def place(self, row, gap=1):
        """The window, (n_steps, n_features), that ends with a row which comes `gap` time steps after the last one."""
        gap = min(gap, self.n_steps)
        if self._end + gap > len(self._buffer):
            kept = self._buffer[self._end + 1 - self.n_steps : self._end].copy()
            self._buffer[: len(kept)] = kept
            self._end = len(kept)
        self._next = self._end + gap
        self._buffer[self._end : self._next - 1] = np.nan
        self._buffer[self._next - 1] = row
        return self._buffer[self._next - self.n_steps : self._next]

    def commit(self):
        """Keep the row that was placed last."""
        self._end = self._next

    def __getstate__(self):
        return {"n_steps": self.n_steps, "rows": self._buffer[self._end + 1 - self.n_steps : self._end].copy()} | {
            "n_features": self._buffer.shape[1]
        }

    def __setstate__(self, state):
        self.__init__(state["n_steps"], state["n_features"])
        self._buffer[: self.n_steps - 1] = state["rows"]


class Series:
    """All that is remembered of one series.

    Attributes
    ----------
    steps : list
        What each step before the windows remembers.
    history : History
        Its last time steps.
    clock : Clock
        When they were.
    carried : tuple (states, outputs) or None
        Where its state stands, and what the network said last; in the mode "state".
    """

    def __init__(self, steps, history, clock):
        self.steps, self.history, self.clock, self.carried = steps, history, clock, None


class Clock:
    """When the last rows of a series were, and how many time steps later the next one is.

    Parameters
    ----------
    framer : LagFramer or None
        What says which rows follow each other.
    label : object
        The series.
    warm : bool
        Whether the first row follows the end of the fitted series.
    """

    def __init__(self, framer, label, *, warm):
        end = None if framer is None else series_end(framer, label)
        self.timeline, self.step = (None, 0) if end is None else (end.timeline, end.step)
        self.last = end.time if warm and end is not None else None
        self.observed = end.observed if warm and end is not None else np.nan

    def gap(self, framer, time, label):
        """Time steps from the last row to one of this time: 1 where it follows, `ANEW` where nothing reaches back."""
        freq = None if framer is None else framer.freq
        if time is None or self.last is None:
            return 1
        times = _index(self.last, time)
        if times[1] <= times[0]:
            of = of_series(label)
            raise ValueError(
                f"{WHO} expects rows in time order, got {times[1]} after {times[0]}{of}. Pass each row once, in the "
                "order of time; reset() begins anew."
            )
        if framer is None or not tells_time(times):
            return 1
        if self._is_hole(times):
            return ANEW
        if freq is None:
            return 1
        before, now = find_slots(WHO, times, freq)
        if now == before:
            raise ValueError(
                f"{WHO} serves LagFramer(freq={freq!r}), which has one row at most for each step, got {times[0]} and "
                f"{times[1]} in one. Pass one row for each step."
            )
        return int(now - before) if now - before <= framer.rows_back else ANEW

    def _is_hole(self, times):
        """Whether the second of two times does not follow the first."""
        if self.timeline is None:
            return False
        bounds, steps = np.array([0, 2]), np.array([self.step])
        positions = self.timeline.positions(times)
        steps = steps if self.timeline.find_steps(positions, bounds)[0] else np.zeros(1, dtype=np.int64)
        return bool(self.timeline.begin_anew(positions, steps, bounds)[1])

    def elapsed(self, framer, time):
        """Time since the observation before, in the framer's unit; 0 without one."""
        now, length = find_clock(WHO, pd.Index([time]), framer.elapsed)
        return 0.0 if np.isnan(self.observed) else float((now[0] - self.observed) / length)

    def observe(self, time):
        """Remember that a row of this time was observed."""
        times = pd.Index([time])
        self.observed = find_clock(WHO, times)[0][0] if time is not None and tells_time(times) else np.nan


def as_time(time, framer):
    """A time as pandas has it, or None; a framer that needs it refuses None."""
    if time is None:
        for name in ("freq", "elapsed"):
            if framer is not None and getattr(framer, name) is not None:
                raise ValueError(
                    f"{WHO} serves LagFramer({name}={getattr(framer, name)!r}), which needs to know when each row was. "
                    "Pass time=."
                )
        return None
    if isinstance(time, np.integer):
        return int(time)
    return pd.Timestamp(time) if isinstance(time, (str, date, np.datetime64)) else time


def _index(before, now):
    """Two times as an index."""
    if isinstance(before, pd.Period) and isinstance(now, pd.Timestamp):
        now = now.to_period(before.freq)
    return pd.Index([before, now])
