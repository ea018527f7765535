"""The target's own series on its way through differences, and forecasts on their way back."""

import numpy as np


def difference(differencers, data, target, *, fit=False):
    """Run a table through transformers one by one, and keep the target as it was before each, and after all.

    Parameters
    ----------
    differencers : list of Differencer
        In their order.
    data : SeriesTable
        Rows of the series.
    target : int
        Position of the column that is forecast.
    fit : bool, default=False
        Whether to fit them on these rows.

    Returns
    -------
    table : DataFrame
        After the last of them.
    levels : list of ndarray of shape (n_rows,)
        The target before the first, before the second and so on, and after the last.
    """
    table, levels = data.table, []
    for differencer in differencers:
        levels.append(_column(table, target))
        table = differencer.fit_transform(table) if fit else differencer.transform(table)
    return table, [*levels, _column(table, target)]


def restore(differencers, data, target, levels, rows, forecasts, **layout):
    """Forecasts of what is left after all differences, in the units of the series.

    Parameters
    ----------
    differencers : list of Differencer
        In their order.
    data : SeriesTable
        The series.
    target : str
        The column that is forecast.
    levels : list of ndarray of shape (n_rows,)
        As `difference` returned them.
    rows : ndarray of int of shape (n_forecasts,)
        After which of the rows each forecast begins.
    forecasts : ndarray of shape (n_forecasts, n_steps)
        Differences.
    **layout
        What follows what: see `SeriesTable.values_around`.

    Returns
    -------
    forecasts : ndarray of shape (n_forecasts, n_steps)
    """
    for differencer, level in reversed(list(zip(differencers, levels[:-1], strict=True))):
        level = _without_gaps(differencer, data, level, [target], **layout)
        past = data.values_around(level, range(1 - differencer.rows_back, 1), **layout)[rows]
        usual = np.nan if np.isnan(level).all() else np.nanmedian(level)
        forecasts = differencer.restore(fill_unobserved(past, usual), forecasts, column=[target])
    return forecasts


def _without_gaps(differencer, data, level, column, **layout):
    """The level, and where it was not observed what leaves no difference; NaN where the rows before do not tell."""
    missing = np.flatnonzero(np.isnan(level))
    if len(missing) == 0 or differencer.rows_back == 0:
        return level
    level = level.copy()
    rows_before = data.values_around(np.arange(len(level)), range(-differencer.rows_back, 0), **layout)[missing]
    # One after the other: rows of a gap follow each other.
    for row, before in zip(missing, rows_before, strict=True):
        past = level[before.astype(np.intp)] if not np.isnan(before).any() else before
        if not np.isnan(past).any():
            level[row] = differencer.restore(past[None], [[0.0]], column=column)[0, 0]
    return level


def fill_unobserved(past, usual):
    """Values where nothing was observed: of the observation that comes next, else of the one before, else the usual."""
    past = past.copy()
    for step in reversed(range(past.shape[1] - 1)):
        past[:, step] = np.where(np.isnan(past[:, step]), past[:, step + 1], past[:, step])
    for step in range(1, past.shape[1]):
        past[:, step] = np.where(np.isnan(past[:, step]), past[:, step - 1], past[:, step])
    return np.where(np.isnan(past), usual, past)


def _column(table, position):
    return np.asarray(table.iloc[:, position], dtype=np.float64)
