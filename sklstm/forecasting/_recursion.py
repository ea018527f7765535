"""Forecasts of forecasts: windows that go on by what was forecast for the time steps ahead."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._lag_names import read_lag_columns
from sklstm._own_past import TOLERANCE, fit_own_line, fit_own_lines
from sklstm._series import fit_lines
from sklstm._windows import Roles, Windows


class Recursion(NamedTuple):
    """How windows go on beyond what the network forecasts at once.

    Attributes
    ----------
    feature : int
        The feature that holds the target's own series.
    labels : pd.Index of shape (n_series,), or None
        Series that have a line each; None if one line holds for all.
    slopes, offsets : ndarray of shape (n_series + 1,)
        ``feature = slope * target + offset`` in each series, and at the end for all others.
    known : list of int
        Features whose next values are known.
    leads : list of list of int
        The features that hold these, for each time step ahead the nearest first.
    """

    feature: int
    labels: pd.Index | None
    slopes: np.ndarray
    offsets: np.ndarray
    known: list
    leads: list

    def line(self, labels):
        """Slope and offset for each of some samples, two arrays of shape (n_samples,)."""
        places = -1 if self.labels is None else self.labels.get_indexer(pd.Index(labels, tupleize_cols=False))
        return self.slopes[places], self.offsets[places]

    def go_on(self, windows, forecasts, labels, rows_ahead):
        """Windows that end later, by as many time steps as there are forecasts.

        Parameters
        ----------
        windows : ndarray of shape (n_samples, n_rows, n_features)
            All rows that the windows span. They end where the forecasts begin.
        forecasts : ndarray of shape (n_samples, n_steps)
            Of the target, in the units of the series.
        labels : ndarray of shape (n_samples,)
            The series of each sample.
        rows_ahead : ndarray of shape (n_samples, n_steps, n_features)
            The rows that follow, of which all is read that is known ahead.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_rows, n_features)
        """
        slope, offset = self.line(labels)
        last, added = windows[:, -1], []
        for step in range(forecasts.shape[1]):
            new = last.copy()
            new[:, self.feature] = slope * forecasts[:, step] + offset
            if self.leads:
                new[:, self.known] = last[:, self.leads[0]]
                for lead in self.leads:
                    new[:, lead] = rows_ahead[:, step, lead]
            added.append(new)
            last = new
        return np.concatenate([windows, np.stack(added, axis=1)], axis=1)[:, -windows.shape[1] :]


def learn_recursion(windows, target, index, framer):
    """How windows go on by forecasts of the target; None where something else in them has to be known, too.

    Parameters
    ----------
    windows : FramedSamples
        What the network sees of each row.
    target : ndarray of shape (n_rows,)
        The target's own series at these rows.
    index : SeriesIndex
        The series of each row.
    framer : LagFramer or None
        What framed them.

    Returns
    -------
    recursion : Recursion or None
    """
    if windows.lack_rows_between(framer):
        return None
    roles, newest = windows.roles, windows.newest()
    elapsed = [framer.n_features_in_] if framer is not None and framer.elapsed is not None else []
    known = framer.known_ahead_ if framer is not None else []
    usual = [k for k in range(newest.shape[1]) if k not in {*roles.features, *known, *elapsed}]
    if len(usual) != 1:
        return None
    lines = _find_lines(newest[:, usual[0]].astype(np.float64), target, index)
    return None if lines is None else Recursion(usual[0], *lines, known, [list(step) for step in roles.future])


def _find_lines(feature, target, index):
    """Labels, slopes and offsets of lines from the target to a feature: one for all, or one a series; None if bent."""
    feature, target, codes = feature[index.order], target[index.order], index.codes[index.order]
    seen = np.flatnonzero(~(np.isnan(feature) | np.isnan(target)))
    if len(seen) == 0:
        return None
    x, y = feature[seen], target[seen]
    line = fit_own_line(x, y)
    if line is not None:
        strays = np.abs(line[0] * x + line[1] - y) > TOLERANCE * np.std(y)
        if not index.is_panel or not strays.any():
            return None, *_inverse(np.array(line[:1]), np.array(line[1:]))
    slopes, offsets, bent = fit_own_lines(feature, target, seen, seen, codes)
    if not index.is_panel or bent.any():
        return None
    # A series that was not fitted has the line that comes nearest to all of them.
    usual = fit_lines(x, y, np.array([0, len(seen)]))
    return index.labels, *_inverse(np.append(slopes, usual[0]), np.append(offsets, usual[1]))


def _inverse(slopes, offsets):
    return 1 / slopes, -offsets / slopes


class FramedSamples:
    """What a Pipeline's transformers make of the rows of a series: windows, a table of lags, or a plain table.

    Parameters
    ----------
    samples : Windows, ndarray or DataFrame
        A sample for each row.
    """

    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    @property
    def roles(self):
        """Which features are static, and which are known ahead."""
        return getattr(self.samples, "roles", Roles())

    def lack_rows_between(self, framer):
        """Whether a framer leaves rows out between time steps that a table of lags, or a copy, cannot give back."""
        if framer is None or framer.rows_back < framer.n_steps:
            return False
        return getattr(self.samples, "dilation", 1) != framer.dilation

    def take(self, rows):
        """The samples of some rows, as the estimator takes them; views stay views where rows follow each other."""
        if hasattr(self.samples, "iloc"):
            return self.samples.iloc[rows]
        rows = np.asarray(rows)
        if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            return self.samples[rows[0] : rows[0] + len(rows)]
        if np.ndim(self.samples) == 3 and not isinstance(self.samples, Windows):
            return Windows.from_array(self.samples)[rows]
        return self.samples[rows]

    def newest(self):
        """The last time step of each sample, (n_rows, n_features)."""
        if isinstance(self.samples, Windows):
            return np.asarray(self.samples.last(1))[:, 0]
        if np.ndim(self.samples) == 3:
            return np.asarray(self.samples[:, -1])
        return self._in_three_axes(np.asarray(self.samples))[:, -1]

    def gather(self, rows):
        """All rows that the samples of some rows span, an array of shape (n_samples, n_rows, n_features)."""
        chosen = self.take(rows)
        chosen = np.asarray(chosen.without_dilation() if isinstance(chosen, Windows) else chosen)
        return chosen if chosen.ndim == 3 else self._in_three_axes(chosen)

    def like(self, windows, rows):
        """An array as `gather` returns it, in place of the samples of some rows, as the estimator takes them."""
        if isinstance(self.samples, Windows):
            return self.samples[rows].with_values(windows).every(self.samples.dilation)
        if np.ndim(self.samples) == 3:
            return windows
        order = self._order()
        table = np.empty((len(windows), windows.shape[1] * windows.shape[2]), dtype=windows.dtype)
        table[:, order] = windows.reshape(len(windows), -1)
        if hasattr(self.samples, "iloc"):
            return type(self.samples)(table, columns=self.samples.columns)
        return table

    def _order(self):
        """Columns of a table of lags, by time step and feature."""
        lags = self._lags()
        return np.arange(np.shape(self.samples)[1]) if lags is None else lags[0]

    def _lags(self):
        names = [str(name) for name in getattr(self.samples, "columns", ())]
        return read_lag_columns("SeriesForecaster", names)

    def _in_three_axes(self, table):
        lags = self._lags()
        n_features = 1 if lags is None else len(lags[1])
        return table[:, self._order()].reshape(len(table), -1, n_features)
