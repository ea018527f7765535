"""Columns that were first observed later than the target of their series, or last observed before it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series import find_moments
from sklstm._warnings import warn_user


class LateColumns(NamedTuple):
    """What stands for values before the first and after the last observation of a column.

    Before the first and after the last observation of the target nothing is observed: a product is not on the market.
    In between, a column that was not observed yet, or is not any more, has its mean; so has, where the target is not
    observed, a column that is known ahead, which must have a value everywhere.

    Attributes
    ----------
    target : hashable
        The column to forecast.
    past, known : list
        The columns beside it whose next values are not known, and those whose next values are.
    labels : pd.Index of shape (n_series,), or None
        Names of the fitted series; None for a single one without a name.
    means : ndarray of shape (n_series + 1, n_past + n_known)
        Mean of each column in each series, that of all series where one never observed it; and at the end that of
        all series, for new ones.
    """

    target: object
    past: list
    known: list
    labels: pd.Index | None
    means: np.ndarray

    def complete(self, table, index):
        """A table without time steps that are observed in part, as far as the ends of series go.

        Parameters
        ----------
        table : DataFrame
            Rows with the columns that were fitted.
        index : SeriesIndex
            Of these rows.

        Returns
        -------
        table : DataFrame
            The same table, or a copy with other values in `past` and `known`.
        n_hidden, n_means : ndarray of int of shape (n_past + n_known,)
            How many observations of each column were taken out, and how many means were put in.
        """
        columns, n_past = [*self.past, *self.known], len(self.past)
        if not columns or not table[[self.target, *columns]].isna().to_numpy().any():
            return table, *np.zeros((2, len(columns)), dtype=np.intp)
        values = table[columns].to_numpy(dtype=np.float64)[index.order]
        target = table[[self.target]].notna().to_numpy()[index.order]
        live, seen = _between_ends(target, index), ~np.isnan(values)
        hidden, late = seen & ~live, target & ~seen & ~_between_ends(seen, index)
        hidden[:, n_past:], late[:, n_past:] = False, (~live & ~seen)[:, n_past:]
        means = self.means[index.find(self.labels)][index.ordered_codes]
        completed = index.in_table_order(np.where(late, means, np.where(hidden, np.nan, values)))
        table = table.copy()
        for position in np.flatnonzero((hidden | late).any(axis=0)):
            column = columns[position]
            dtype = np.float32 if table[column].dtype == np.float32 else np.float64
            table[column] = completed[:, position].astype(dtype)
        return table, hidden.sum(axis=0), late.sum(axis=0)


def learn_late_columns(who, table, target, past, known, index):
    """LateColumns of a table that is fitted, and that table completed; a warning says what was left out or put in."""
    values = table[[*past, *known]].to_numpy(dtype=np.float64)[index.order]
    _, shared, _ = find_moments(values, np.array([0, len(values)]))
    _, means, _ = find_moments(values, index.bounds)
    means = np.where(np.isnan(means), shared, means)
    late = LateColumns(target, past, known, index.labels, np.concatenate([means, shared]))
    completed, n_hidden, n_means = late.complete(table, index)
    for column, hidden, filled in zip([*past, *known], n_hidden, n_means, strict=True):
        parts = []
        if hidden:
            parts.append(f"leaves out {hidden} values before the first or after the last observation of {target!r}")
        if filled:
            parts.append(f"puts the mean of its series in the place of {filled} values that were not observed")
        if parts:
            warn_user(
                f"{who}(target={target!r}) {' and '.join(parts)}, in column {column!r}. Fill or drop them first for "
                "anything else.",
                UserWarning,
            )
    return late, completed


def _between_ends(seen, index):
    """Mask of the rows by series that lie between the first and the last one seen of each column."""
    rows = np.arange(len(seen))[:, None]
    first = np.minimum.reduceat(np.where(seen, rows, len(seen)), index.bounds[:-1], axis=0)
    last = np.maximum.reduceat(np.where(seen, rows, -1), index.bounds[:-1], axis=0)
    codes = index.ordered_codes
    return (rows >= first[codes]) & (rows <= last[codes])
