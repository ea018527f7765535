"""Leaks in the steps of a Pipeline: rows that move with later ones, and lags that are scaled each by itself."""

import itertools

import numpy as np
import pandas as pd

from sklstm._lag_names import LAG_COLUMN
from sklstm._windows import Windows
from sklstm.inspection.leakage._leak import Leak
from sklstm.inspection.leakage._pipeline_steps import as_values, copied, output_names

# Rows around the end of the training rows that are looked at; more only take time.
MOST_ROWS = 4000
# Rows that were not observed show whether they are filled from later ones: so many of them are asked.
MOST_MISSING = 3
# Share of the largest value of a column by which it may differ, for sums in another order.
SAME = 1e-6


class Passage:
    """X on its way through fitted transformers: what goes into each, what comes out, and what it is called.

    Parameters
    ----------
    transformers : list of tuple (name, transformer)
        Fitted.
    X : DataFrame, Series or ndarray of shape (n_rows, n_columns)
        What goes into the first.
    names : list
        Of its columns.
    """

    def __init__(self, transformers, X, names):
        self.transformers = transformers
        self.inputs, self.outputs, self.names = [], [], [names]
        for _, transformer in transformers:
            self.inputs.append(X)
            X = transformer.transform(copied(X))
            self.outputs.append(X)
            self.names.append(output_names(transformer, self.names[-1], X))

    def __iter__(self):
        """Yield for each step its name, values in and out, and the names of their columns; while these are arrays."""
        for name, _, *values_and_names in self.with_dilation():
            yield name, *values_and_names

    def with_dilation(self):
        """Yield the same, with the rows from one time step of the windows that go in to the next after the name."""
        for k, (name, _) in enumerate(self.transformers):
            before, after = as_values(self.inputs[k]), as_values(self.outputs[k])
            if before is None or after is None:
                return
            yield name, getattr(self.inputs[k], "dilation", 1), before, after, self.names[k], self.names[k + 1]


# --- rows that move with later ones ---------------------------------------------------------------


def rows_around(rows, train, test):
    """The rows that are looked at: training and test rows, in the order of X, those near the end of training."""
    both = np.union1d(train, test)
    if len(both) > MOST_ROWS:
        distance = np.abs(rows.ranks[both] - rows.ranks[train].max())
        both = np.sort(both[np.argsort(distance, kind="stable")[:MOST_ROWS]])
    return both


def find_lookahead(transformers, rows, around, train, columns):
    """Leaks of kind "look-ahead": columns whose values move when only later rows of X change.

    Parameters
    ----------
    transformers : list of tuple (name, transformer)
        Fitted on training rows.
    rows : SeriesRows
        X.
    around : ndarray of int
        Positions of the rows to transform.
    train : ndarray of int
        Positions of the training rows.
    columns : list of int
        Columns of X that nobody knows ahead.
    """
    passage = Passage(transformers, rows.take(around), rows.names)
    leaks, ranks, steady = [], rows.ranks[around], _steady(passage, len(around))
    for cut in _cuts(rows, around, train, columns):
        later = ranks > cut
        for how in ("up", "down", "again"):
            other = rows.with_other_future(around, later, columns, how)
            leaks += _moving(passage, steady, other, ~later, rows, around)
    return leaks


def _cuts(rows, around, train, columns):
    """Ranks after which the future may be another: the end of training, one amid the test rows, and holes."""
    ranks = rows.ranks[around]
    distinct = np.unique(ranks)
    end_of_training = int(np.clip(rows.ranks[train].max(), distinct[0], distinct[-2]))
    cuts = {int(distinct[len(distinct) // 2 - 1]), int(distinct[len(distinct) * 3 // 4 - 1]), end_of_training}
    for column in columns:
        missing = rows.table.iloc[around, column].isna().to_numpy()
        inner = np.unique(ranks[missing & (ranks < distinct[-1])])
        cuts |= set(inner[np.linspace(0, len(inner) - 1, min(MOST_MISSING, len(inner))).astype(int)].tolist())
    return sorted(cuts)[: 2 * MOST_MISSING + 3]


def _moving(passage, steady, X, earlier, rows, around):
    """Leaks of each step by itself, as X with another future passes."""
    leaks, known_ahead, n_columns = [], [], None
    for k, (name, transformer) in enumerate(passage.transformers[:steady]):
        usual = passage.outputs[k]
        before = as_values(usual)
        try:
            other = transformer.transform(copied(X))
        except Exception:
            # The step refuses such values: what it does with them cannot be told.
            return leaks
        after = as_values(other)
        if after is None or after.shape != before.shape:
            return leaks
        if before.shape[-1] != n_columns:
            known_ahead, n_columns = [], before.shape[-1]
        if isinstance(usual, Windows):
            known_ahead = [feature for step in usual.roles.future for feature in step]
        moved = _moved(before, after) & earlier[:, None]
        moved[:, known_ahead] = False
        for column in np.flatnonzero(moved.any(axis=0)):
            row = around[np.argmax(moved[:, column])]
            leaks.append(_lookahead(name, passage.names[k + 1][column], rows.label(row)))
        X = _spliced(usual, other, earlier) if moved.any() else other
        if X is None:
            return leaks
    return leaks


def _steady(passage, n_rows):
    """How many steps, from the first on, return a row for each, and the same for the same X."""
    for k, (_, transformer) in enumerate(passage.transformers):
        before = as_values(passage.outputs[k])
        if before is None or len(before) != n_rows:
            return k
        again = as_values(transformer.transform(copied(passage.inputs[k])))
        if again.shape != before.shape or _moved(before, again).any():
            return k
    return len(passage.transformers)


def _moved(before, after):
    """Mask of shape (n_rows, n_columns): where two outputs differ, at any time step of windows."""
    if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
        before, after = before.astype(np.float64), after.astype(np.float64)
        finite = np.where(np.isfinite(before), np.abs(before), 0.0)
        scale = finite.max(axis=tuple(range(before.ndim - 1)), initial=0.0)
        with np.errstate(invalid="ignore"):
            same = (before == after) | (np.abs(before - after) <= SAME * scale)
    else:
        same = before == after
    differs = ~(same | (pd.isna(before) & pd.isna(after)))
    return differs.reshape(len(differs), -1, differs.shape[-1]).any(axis=1)


def _spliced(usual, other, earlier):
    """What a step returns for another future, without what it did to earlier rows; None where that cannot be had."""
    if isinstance(usual, (pd.DataFrame, pd.Series)):
        return usual.where(earlier, other) if isinstance(usual, pd.Series) else _spliced_table(usual, other, earlier)
    if isinstance(usual, np.ndarray):
        return np.where(earlier.reshape(-1, *[1] * (usual.ndim - 1)), usual, other)
    return None


def _spliced_table(usual, other, earlier):
    spliced = other.copy()
    for k in range(usual.shape[1]):
        spliced.isetitem(k, usual.iloc[:, k].where(earlier, other.iloc[:, k]))
    return spliced


def _lookahead(name, column, row):
    return Leak(
        name,
        column,
        "look-ahead",
        f"what it returns moves with rows that come later ({row}, for one). Let it look back only: ForwardFill for "
        "bfill or interpolation, rolling(...) without center; and learn statistics in fit: SeriesScaler.",
    )


# --- lags that are scaled each by itself ----------------------------------------------------------


def find_scaled_lags(passage, follows):
    """Leaks of kind "scaled lags": steps that give the same value another one at each lag of its feature.

    Parameters
    ----------
    passage : Passage
        Of rows in order.
    follows : ndarray of int of shape (n_rows,)
        Place of the row that follows each in its series, -1 where none does.
    """
    leaks, given = [], set(passage.names[0])
    for name, dilation, before, after, names, _ in passage.with_dilation():
        numeric = before.dtype.kind in "fiu" and after.dtype.kind in "fiu"
        if not numeric or before.ndim > 3 or before.shape != after.shape or len(before) != len(follows):
            continue
        told_apart = set()
        for feature, newer, older, n_rows in _neighbouring_lags(before, names, given, dilation):
            x, z = _values_at(before, after, newer), _values_at(before, after, older)
            if feature not in told_apart and _told_apart(x, z, *_rows_apart(follows, n_rows)):
                told_apart.add(feature)
                leaks.append(_scaled_lags(name, feature))
    return leaks


def _neighbouring_lags(values, names, given, dilation):
    """Yield a feature, where it stands at a lag and at the lag before it, and the rows between these.

    Columns that came as X are no lags.
    """
    if values.ndim == 3:
        _, n_timesteps, n_features = values.shape
        for k in range(n_features):
            for step in range(1, n_timesteps):
                yield names[k], (step, k), (step - 1, k), dilation
        return
    lags = {}
    for k, column in enumerate(names):
        match = LAG_COLUMN.fullmatch(str(column))
        if match and column not in given:
            lags.setdefault(match["feature"], {})[int(match["lag"] or 0)] = k
    for feature, columns in lags.items():
        for older, newer in itertools.pairwise(sorted(columns)):
            yield feature, (columns[newer],), (columns[older],), newer - older


def _rows_apart(follows, n_rows):
    """Positions of rows, and of those that come so many rows later in the same series."""
    later = np.arange(len(follows))
    for _ in range(n_rows):
        later = np.where(later >= 0, follows[later], -1)
    earlier = np.flatnonzero(later >= 0)
    return earlier, later[earlier]


def _values_at(before, after, place):
    return before[(slice(None), *place)], after[(slice(None), *place)]


def _told_apart(newer, older, rows, following):
    """Whether a value comes out as another one when it is a time step older, by a map of each lag's values."""
    same = newer[0][rows] == older[0][following]
    rows, following = rows[same], following[same]
    if len(rows) < 8:
        return False
    one, other = newer[1][rows], older[1][following]
    spread = np.ptp(one[np.isfinite(one)]) if np.isfinite(one).any() else 0.0
    apart = np.abs(one - other) > SAME * spread
    # What is not one map for all rows, a window's own level taken out of it, is no scaling.
    return spread > 0 and apart.mean() > 0.5 and _is_map(*newer) and _is_map(*older)


def _is_map(x, z):
    """Whether z rises with x throughout."""
    known = np.isfinite(x) & np.isfinite(z)
    order = np.argsort(x[known], kind="stable")
    x, z = x[known][order], z[known][order]
    tie = np.diff(x) == 0
    tolerance = SAME * np.ptp(z) if len(z) else 0.0
    steps = np.diff(z)
    return bool(np.all(steps >= -tolerance) and np.all(np.abs(steps[tie]) <= tolerance))


def _scaled_lags(name, column):
    return Leak(
        name,
        column,
        "scaled lags",
        "it scales each lag of a feature by itself, so that one value is told by several numbers, and each window "
        "tells where in the series it lies. Put SeriesScaler before LagFramer.",
    )
