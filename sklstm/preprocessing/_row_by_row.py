"""Fitted transformers for one row at a time: their arithmetic without their checks, and what they know of the past.

What each remembers between rows is in the hands of who asks: `begin` gives it, `apply` takes it and returns the next.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm._series import SeriesIndex, place_of
from sklstm._windows import Roles
from sklstm.preprocessing._differencer import Differencer
from sklstm.preprocessing._forward_fill import ForwardFill
from sklstm.preprocessing._group_scalers import in_group, refuse_unseen
from sklstm.preprocessing._observations import Observations
from sklstm.preprocessing._out_of_range import treat_out_of_range
from sklstm.preprocessing._series_scaler import SeriesScaler

SCALERS = (MinMaxScaler, StandardScaler, RobustScaler, MaxAbsScaler)


def row_by_row(who, step):
    """A fitted transformer for one row at a time; None for one that is not known here.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    step : transformer
        Fitted.

    Returns
    -------
    step : ScaledRow, FilledRow, DifferencedRow or None
    """
    if isinstance(step, SeriesScaler) or type(step) in SCALERS:
        return ScaledRow(step)
    if isinstance(step, ForwardFill):
        return FilledRow(who, step)
    return DifferencedRow(step) if isinstance(step, Differencer) else None


class ScaledRow:
    """Rows through a SeriesScaler, or a scaler of scikit-learn's."""

    looks_back = False

    def __init__(self, scaler):
        self.scaler = scaler
        self.places = {label: place for place, label in enumerate(getattr(scaler, "groups_", np.empty(0)).tolist())}

    def begin(self, label, *, warm):
        """What is remembered of a series before its first row: nothing."""

    def apply(self, values, memory, label, time, gap):
        """The row scaled, and what is remembered."""
        scaler = self.scaler
        if not isinstance(scaler, SeriesScaler):
            return _scaled(scaler, values), None
        index, place = None, -1
        if len(scaler.groups_):
            labels = pd.Index([label], tupleize_cols=False)
            if scaler.unseen_groups == "error":
                refuse_unseen(labels, scaler._labels)
            index, place = SeriesIndex(1, np.zeros(1, dtype=np.intp), labels), self.places.get(label, -1)
        if scaler.out_of_range != "allow":
            names, bounds = scaler._feature_names(), (scaler._lower[place], scaler._upper[place])
            rows, whose = Observations(values[None], None), partial(in_group, index, [place])
            shown = with_names(values[None], names)
            values = treat_out_of_range(scaler.out_of_range, rows, shown, bounds, names, whose)[0]
        return values if scaler.method is None else (values - scaler._center[place]) / scaler._scale[place], None


def _scaled(scaler, values):
    """What a fitted scaler of scikit-learn's makes of a row."""
    if isinstance(scaler, MinMaxScaler):
        values = values * scaler.scale_ + scaler.min_
        return np.clip(values, *scaler.feature_range) if scaler.clip else values
    if isinstance(scaler, MaxAbsScaler):
        values = values / scaler.scale_
        return np.clip(values, -1.0, 1.0) if getattr(scaler, "clip", False) else values
    centre = scaler.mean_ if isinstance(scaler, StandardScaler) else scaler.center_
    values = values - centre if centre is not None and getattr(scaler, "with_mean", True) else values
    return values / scaler.scale_ if scaler.scale_ is not None else values


class FilledRow:
    """Rows through a ForwardFill; it remembers the last observation of each feature, and how many rows ago it was."""

    looks_back = True

    def __init__(self, who, fill):
        self.fill = fill
        if isinstance(fill._limit, np.timedelta64):
            raise ValueError(
                f"{who} fills rows by their number, got ForwardFill(limit={fill.limit!r}), a duration. Give the limit "
                "as a number of rows."
            )

    def begin(self, label, *, warm):
        """The last observations of a series before its first row."""
        ends = self.fill._ends
        place = place_of(label, ends.labels) if warm else None
        if place is None:
            return np.full(self.fill.n_features_in_, np.nan), np.zeros(self.fill.n_features_in_, dtype=np.int64)
        return ends.values[place].astype(np.float64), ends.rows_since[place]

    def apply(self, values, memory, label, time, gap):
        """The row filled, and what is remembered."""
        last, rows_since = memory
        missing = np.isnan(values)
        rows_since = np.where(missing, rows_since + 1, 0)
        reached = missing if self.fill._limit is None else missing & (rows_since <= self.fill._limit)
        return np.where(reached, last, values), (np.where(missing, last, values), rows_since)


class LastRows(NamedTuple):
    """The last rows before a Differencer, as many as its lags reach back over.

    Attributes
    ----------
    observed : ndarray of shape (rows_back, n_features)
        As they came.
    level : ndarray of shape (rows_back, n_features)
        The same, and where nothing was observed what leaves no difference.
    """

    observed: np.ndarray
    level: np.ndarray


class DifferencedRow:
    """Rows through a Differencer; it remembers the last of them."""

    looks_back = True

    def __init__(self, differencer):
        self.differencer = differencer

    def begin(self, label, *, warm):
        """The LastRows of a series before its first one; NaN where there are none."""
        rows = np.full((self.differencer.rows_back, self.differencer.n_features_in_), np.nan)
        end = self.differencer._ends.end_of(label) if warm else None
        if end is not None and len(end.context):
            rows[len(rows) - len(end.context) :] = end.context
        return LastRows(rows, rows)

    def apply(self, values, memory, label, time, gap):
        """Its difference, and the last rows."""
        shown = with_names(values[None], getattr(self.differencer, "feature_names_in_", None))
        self.differencer._refuse_without_logarithm(values[None], shown)
        if gap > 1:
            between = np.full((min(gap - 1, len(memory.observed)), len(values)), np.nan)
            memory = LastRows(*(np.concatenate([rows[len(between) :], between]) for rows in memory))
        rows = np.concatenate([memory.observed, values[None]])
        level = np.concatenate([memory.level, self._without_gap(values, memory.level)[None]])
        return self.differencer._changed(rows)[-1], LastRows(rows[1:], level[1:])

    def _without_gap(self, values, level):
        gaps = [column for column in self.differencer._differenced if np.isnan(values[column])]
        if not gaps or len(level) == 0:
            return values
        filled = values.copy()
        # A column for each sample that is restored.
        filled[gaps] = self.differencer.restore(level.T[gaps], np.zeros((len(gaps), 1)))[:, 0]
        return filled


def series_end(framer, label):
    """Where a series ended in the fit of a LagFramer, a SeriesEnd; None for one that was not fitted."""
    return framer._ends.end_of(label)


def roles_of_windows(framer):
    """What the features of a fitted LagFramer's windows mean, as Roles."""
    first, n_known = framer.n_features_in_ + (framer.elapsed is not None), len(framer.known_ahead_)
    places = first + np.arange(framer.horizon * n_known).reshape(framer.horizon, n_known)
    return Roles(tuple(framer.static_), tuple(map(tuple, places.tolist())) if n_known else ())


def is_by_series(step):
    """Whether a transformer was fitted on the series of a panel."""
    return len(getattr(step, "groups_", ())) > 0


def with_names(values, names):
    """Values of shape (n_rows, n_features) as a DataFrame, where there are names."""
    return values if names is None else pd.DataFrame(values, columns=list(names))
