"""The target's own series on its way through differences, and forecasts on their way back."""

import numpy as np

from sklstm._series import rows_by_code


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
    """The level with values that leave no difference where it was not observed; NaN where earlier rows are lacking.

    Passes go through the missing rows of all clusters side by side. In a cluster, each row needs the one before it.
    """
    n_before = differencer.rows_back
    missing = np.flatnonzero(np.isnan(level[data.index.order]))
    if len(missing) == 0 or n_before == 0:
        return level
    level, rows = level.copy(), data.index.rows(missing)
    before = data.values_around(np.arange(len(level)), range(-n_before, 0), **layout)[rows]
    lacking = np.isnan(before).any(axis=1)
    # Where rows are lacking, and where all rows before are observed, nothing depends on the missing row before.
    begins = lacking | (np.diff(missing, prepend=-n_before - 1) > n_before)
    clusters = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)[clusters]
    fillable = ~lacking[first]
    passes = (np.arange(len(missing)) - first)[fillable]
    rows, before = rows[fillable], before[fillable].astype(np.intp)
    for part in rows_by_code(passes, passes.max() + 1) if len(passes) else ():
        level[rows[part]] = differencer.restore(level[before[part]], np.zeros((len(part), 1)), column=column)[:, 0]
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
