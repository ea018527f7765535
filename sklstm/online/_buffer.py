"""The last raw rows of each series, all series in one array."""

from itertools import repeat
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series import as_numbers, carry_forward, of_series, tells_time
from sklstm.online._rows import WHO


class Joined(NamedTuple):
    """New rows, behind those that are kept of their series; the rows of a series lie one below the other.

    Attributes
    ----------
    values : ndarray of shape (n_joined, n_features)
        Raw rows.
    times : pd.Index of shape (n_joined,), or None
        Time of each row; None if some row does not tell it.
    codes : ndarray of int of shape (n_joined,)
        Number of each row's series.
    labels : list of shape (n_series,)
        Names of the series.
    new : ndarray of int of shape (n_rows,)
        Positions of the new rows.
    order : ndarray of int of shape (n_rows,)
        Position of each new row in the table that was passed.
    come : ndarray of bool of shape (n_joined,)
        False for rows that lie ahead.
    """

    values: np.ndarray
    times: pd.Index | None
    codes: np.ndarray
    labels: list
    new: np.ndarray
    order: np.ndarray
    come: np.ndarray


class Buffer:
    """Keep the last rows of each series.

    Parameters
    ----------
    n_rows : int
        Number of rows to keep of each series.
    n_features : int
        Number of values of a row.
    carries : bool
        Whether the first of these rows holds the last observation of each feature before it, and the time of that.
    """

    def __init__(self, n_rows, n_features, *, carries):
        self.n_rows, self.carries = n_rows, carries
        # Room for one series; it doubles when it is full.
        self.values = np.zeros((1, n_rows, n_features))
        self.times = np.empty((1, n_rows), dtype=object)
        self.counts = np.zeros(1, dtype=np.intp)
        # Time of the last row of each series, where no row is kept that tells it.
        self.ends = np.empty(1, dtype=object)
        self.keeps_ends = n_rows <= carries
        self.places = {}

    def forget(self, label):
        """Forget the rows of a series."""
        self.counts[self.places.get(label, [])] = 0
        self.ends[self.places.get(label, [])] = None

    def join(self, rows, ahead=None):
        """Put new rows behind those that are kept, and behind these the rows that lie ahead.

        Parameters
        ----------
        rows : Rows
            New rows.
        ahead : Rows, optional
            Rows that follow them. Their labels are the positions of the new rows that they follow.

        Returns
        -------
        joined : Joined
        """
        codes, labels = _factorize(rows)
        places = self._find(labels)
        if rows.times is not None and self.keeps_ends:
            self._refuse_late(rows, codes, labels, places)
        n_kept = np.where(places < 0, 0, self.counts[places])
        kept = np.arange(self.n_rows) >= self.n_rows - n_kept[:, None]
        # Of series that are new no row is kept, so that it does not matter which place they have.
        past = self.values[places][kept], self.times[places][kept], np.repeat(np.arange(len(labels)), n_kept)
        parts = [past, (rows.values, rows.times, codes)]
        parts += [] if ahead is None else [(ahead.values, ahead.times, codes[ahead.labels])]
        values, times, codes = zip(*parts, strict=True)
        codes = np.concatenate(codes)
        order = np.argsort(codes, kind="stable")
        position = order - n_kept.sum()
        come = position < len(rows.values)
        new = np.flatnonzero(come & (position >= 0))
        if rows.times is not None:
            times = _as_index(np.concatenate([np.asarray(of, dtype=object) for of in times])[order], rows.times)
        joined = Joined(np.concatenate(values)[order], None, codes[order], labels, new, position[new], come)
        return joined if rows.times is None or times is None else _in_time(joined._replace(times=times))

    def keep(self, joined):
        """Keep the last rows of joined ones, without those that lie ahead."""
        places = self._find(joined.labels)
        if (places < 0).any():
            places = self._grow(joined.labels, places)
        values, codes = joined.values[joined.come], joined.codes[joined.come]
        times = None if joined.times is None else joined.times.astype(object).to_numpy()[joined.come]
        lengths = np.bincount(codes, minlength=len(places))
        ends = np.cumsum(lengths)
        if self.keeps_ends and times is not None:
            self.ends[places] = times[ends - 1]
        if self.n_rows == 0:
            return
        last = np.maximum(ends[:, None] + np.arange(-self.n_rows, 0), (ends - lengths)[:, None])
        self.values = self.values.astype(values.dtype, copy=False)
        self.values[places], self.counts[places] = values[last], np.minimum(lengths, self.n_rows)
        self.times[places] = None if times is None else times[last]
        dropped = lengths > self.n_rows
        if self.carries and dropped.any():
            _, sources = carry_forward(np.where(pd.isna(values), np.nan, 0.0), np.append(0, ends))
            sources = np.where(sources < 0, np.arange(len(values))[:, None], sources)[last[dropped, 0]]
            self.values[places[dropped], 0] = np.take_along_axis(values, sources, axis=0)
            if times is not None:
                self.times[places[dropped], 0] = times[sources.max(axis=1)]

    def _refuse_late(self, rows, codes, labels, places):
        """Raise if a row is not later than the last one of its series, which is not among those that are kept."""
        ends = np.where(places < 0, None, self.ends[places])[codes]
        told = np.flatnonzero(pd.notna(ends))
        if len(told) == 0:
            return
        times = _as_index(np.concatenate([ends[told], np.asarray(rows.times, dtype=object)[told]]), rows.times)
        if times is not None:
            before, own = np.split(as_numbers(times), 2)
            if (own <= before).any():
                late = int(np.argmax(own <= before))
                raise _late(rows.times[told[late]], ends[told[late]], labels[codes[told[late]]])

    def _find(self, labels):
        return np.fromiter(map(self.places.get, labels, repeat(-1)), np.intp, len(labels))

    def _grow(self, labels, places):
        """Make room for the series that have no place yet; the places of all."""
        new = [labels[k] for k in np.flatnonzero(places < 0)]
        self.places.update(zip(new, range(len(self.places), len(self.places) + len(new)), strict=True))
        n_more = len(self.places) - len(self.counts)
        if n_more > 0:
            for name in ("values", "times", "counts", "ends"):
                kept = getattr(self, name)
                room = np.zeros((max(n_more, len(kept)), *kept.shape[1:]), dtype=kept.dtype)
                setattr(self, name, np.concatenate([kept, room]))
        return self._find(labels)


def _factorize(rows):
    """Number of each row's series, in the order of their first rows, and their labels."""
    if rows.labels is None or len(rows.labels) == 1:
        return np.zeros(len(rows.values), dtype=np.intp), [None] if rows.labels is None else list(rows.labels)
    codes, distinct = pd.factorize(rows.labels, use_na_sentinel=False)
    return codes, distinct.tolist()


def _as_index(times, like):
    """Times as an index; None if some row does not tell it."""
    if pd.isna(times).any():
        return None
    index = pd.Index(times.tolist())
    if index.dtype == object and isinstance(times[0], pd.Period) and isinstance(like, pd.DatetimeIndex):
        index = pd.PeriodIndex(pd.DatetimeIndex([getattr(t, "start_time", t) for t in times]), freq=times[0].freq)
    return index if tells_time(index) else None


def _in_time(joined):
    """The same; raises if rows of a series are not in the order of time."""
    numbers = as_numbers(joined.times)
    late = (numbers[1:] <= numbers[:-1]) & (joined.codes[1:] == joined.codes[:-1])
    if late.any():
        row = 1 + int(np.argmax(late))
        raise _late(joined.times[row], joined.times[row - 1], joined.labels[joined.codes[row]])
    return joined


def _late(time, before, label):
    return ValueError(
        f"{WHO} expects rows in time order, got {time} after {before}{of_series(label)}. Pass each row once, in the "
        "order of time; reset() begins anew."
    )
