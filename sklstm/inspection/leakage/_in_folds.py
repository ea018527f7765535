"""Folds: which there are, and what in them is out of order in time."""

import numpy as np
from sklearn.model_selection import TimeSeriesSplit, check_cv

from sklstm.inspection.leakage._leak import Leak
from sklstm.model_selection import PanelTimeSeriesSplit

# Transformers are fitted in so many of the folds, the first and the last among them.
MOST_FOLDS = 3


def make_folds(who, cv, rows, y, reach):
    """Training and test rows of each fold; by default three of them, cut by time, with the gap that y asks for."""
    if cv is None:
        return _usual_folds(rows, reach)
    try:
        splitter = check_cv(cv)
    except ValueError as error:
        raise ValueError(
            f"{who} expects cv to be a splitter, a number of folds, or an iterable of (train, test), got {cv!r}. Pass "
            "TimeSeriesSplit(...), or leave it out."
        ) from error
    folds = [(np.asarray(train), np.asarray(test)) for train, test in splitter.split(rows.X, y)]
    folds = [tuple(_positions(part) for part in fold) for fold in folds]
    folds = [fold for fold in folds if len(fold[0]) and len(fold[1])]
    if not folds:
        raise ValueError(f"{who} got cv={cv!r}, which has no fold with training and test rows. Pass another splitter.")
    return folds


def _positions(rows):
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)


def _usual_folds(rows, reach):
    n_splits, gap = MOST_FOLDS, max(0, (reach or 1) - 1)
    if not rows.is_panel:
        order = np.argsort(rows.ranks, kind="stable")
        return [(order[train], order[test]) for train, test in TimeSeriesSplit(n_splits, gap=gap).split(order)]
    if rows.comparable:
        return list(PanelTimeSeriesSplit(n_splits, gap=gap, **rows.keys).split(rows.X))
    # Each series by itself: its first two thirds, and the rest.
    sizes = np.bincount(rows.codes)[rows.codes]
    early = rows.ranks < sizes * 2 // 3
    return [(np.flatnonzero(early), np.flatnonzero(~early))]


def chosen(folds):
    """The first, the last, and what lies in the middle."""
    places = np.unique(np.linspace(0, len(folds) - 1, MOST_FOLDS).round().astype(int))
    return [folds[place] for place in places]


def find_leaks_in_folds(folds, rows, reach):
    """Training rows after test rows, and training targets that lie among them: at most one leak of each kind.

    Parameters
    ----------
    folds : list of tuple (train, test)
        Positions of rows.
    rows : SeriesRows
        When each row was.
    reach : int or None
        How many rows ahead y looks, where that is known.
    """
    if not rows.comparable:
        return []
    splitter = "PanelTimeSeriesSplit" if rows.is_panel else "TimeSeriesSplit"
    for number, (train, test) in enumerate(folds):
        first, last = test[np.argmin(rows.ranks[test])], train[np.argmax(rows.ranks[train])]
        if rows.ranks[last] > rows.ranks[first]:
            return [
                Leak(
                    "cv",
                    None,
                    "order",
                    f"in fold {number} training rows come after test rows: {rows.label(last)} is trained on, and "
                    f"{rows.label(first)} tested. Split by time: {splitter}.",
                )
            ]
    for number, (train, test) in enumerate(folds):
        first = rows.ranks[test].min()
        late = rows.ranks[train] > first - (reach or 1)
        if late.any():
            return [
                Leak(
                    "cv",
                    None,
                    "gap",
                    f"y looks {reach} rows ahead, and in fold {number} the targets of {int(late.sum())} training rows "
                    f"lie among the test rows. Leave a gap: {splitter}(gap={reach - 1}).",
                )
            ]
    return []
