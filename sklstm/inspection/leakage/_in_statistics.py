"""Steps that come fitted: statistics of rows that are no training rows."""

from copy import deepcopy

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklstm.inspection.leakage._in_data import CENTRED, line_share, scale_of_all
from sklstm.inspection.leakage._leak import Leak
from sklstm.inspection.leakage._pipeline_steps import as_values, copied


def find_statistics_of_all(passage, training, y, exempt):
    """Leaks of kind "statistics": steps that were fitted on all rows, or hold statistics of them.

    Parameters
    ----------
    passage : Passage
        Of all rows of X, through transformers fitted on the training rows of a fold.
    training : ndarray of int
        Positions of these.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
        What transformers are fitted with.
    exempt : set
        Names of columns that are known ahead.
    """
    leaks = []
    for k, (name, transformer) in enumerate(passage.transformers):
        columns = fitted_on_everything(transformer, passage.inputs[k], y, training, passage.names[k])
        leaks += [_kept(name, column) for column in columns if column not in exempt]
    for name, before, after, names, names_out in passage:
        if before.ndim != 2 or after.ndim != 2 or len(before) != len(after) or after.dtype.kind not in "fi":
            continue
        for column in range(after.shape[1]):
            source = names.index(names_out[column]) if names_out[column] in names else None
            scale = _scale_of_step(before, after[:, column].astype(np.float64), source, training)
            if scale is not None and names_out[column] not in exempt:
                leaks.append(_scaled(name, names_out[column], scale))
    return leaks


def find_target_scalers(scalers, y, training, column):
    """Leaks of kind "statistics": target scalers that came fitted on all of y.

    Parameters
    ----------
    scalers : list of tuple (name, transformer)
        Of the final estimator.
    y : ndarray of shape (n_rows, n_outputs)
        What is forecast.
    training : ndarray of int
        Training rows of a fold.
    column : object
        What y is called.
    """
    leaks = []
    for name, scaler in scalers:
        if not _is_kept(scaler):
            continue
        # Scalers see the outputs of each row, or one after the other, where they are the steps of one future.
        by_output = (training[:, None] * y.shape[1] + np.arange(y.shape[1])).ravel()
        for target, rows in ((y, training), (y.reshape(-1, 1), by_output)):
            names = [column] * target.shape[1]
            if fitted_on_everything(scaler, target, None, rows, names) or _scales_all(scaler, target, rows):
                leaks.append(_kept(name, column))
                break
    return leaks


def _scales_all(scaler, target, training):
    """Whether a scaler that came fitted brings all of y, and not the training rows, to its scale."""
    try:
        scaled = as_values(deepcopy(clone(scaler)).fit(target[training], None).transform(target.copy()))
    except Exception:
        # It was fitted on something of another shape.
        return False
    return scaled.shape == target.shape and any(scale_of_all(values, [training]) is not None for values in scaled.T)


# --- what comes fitted ----------------------------------------------------------------------------


def fitted_on_everything(transformer, X, y, training, names):
    """Columns that a transformer, which comes fitted, treats as one that was fitted on all rows does.

    It is fitted anew, on all rows and on the training rows: it leaks where it returns what the former does, and the
    latter returns something else.

    Parameters
    ----------
    transformer : transformer
        As it came, or as it was fitted.
    X : DataFrame, Series or ndarray of shape (n_rows, n_columns)
        What goes into it.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
        What it is fitted with.
    training : ndarray of int
        Positions of the training rows.
    names : list
        What to call its columns.
    """
    if not _is_kept(transformer):
        return []
    part, y_part = _rows_of(X, training), _rows_of(y, training)
    try:
        # As an estimator does, which clones and fits it: whether it stays as it came is up to it.
        kept = deepcopy(clone(transformer)).fit(copied(part), y_part)
        of_all = _fresh(transformer).fit(copied(X), y)
        of_training = _fresh(transformer).fit(copied(part), y_part)
        told, by_all, by_training = (as_values(step.transform(copied(X))) for step in (kept, of_all, of_training))
    except Exception:
        # It takes something else than what it gets here: what it was fitted on cannot be told.
        return []
    if _differing(told, by_all) != []:
        return []
    columns = _differing(told, by_training) or []
    return [names[k] for k in columns] if told.shape[-1] == len(names) else names[:1] * bool(columns)


def _is_kept(transformer):
    """Whether a transformer still knows something after it was cloned."""
    if not hasattr(transformer, "get_params") or not hasattr(transformer, "transform"):
        return False
    kept = clone(transformer)
    parts = [kept, *kept.get_params(deep=True).values()]
    known = any(name.endswith("_") and not name.startswith("_") for name in vars(kept))
    return known or any(isinstance(part, FrozenEstimator) for part in parts)


def _fresh(transformer):
    """The same transformer, as it was before any fit."""
    if isinstance(transformer, FrozenEstimator):
        return clone(transformer.estimator)
    params = transformer.get_params(deep=False)
    return type(transformer)(**{name: clone(value, safe=False) for name, value in params.items()})


def _rows_of(values, rows):
    if values is None:
        return None
    return values.iloc[rows] if isinstance(values, (pd.DataFrame, pd.Series)) else values[rows]


def _differing(some, others):
    """Columns in which two outputs differ; None where they cannot be compared."""
    if some is None or others is None or some.shape != others.shape or some.dtype.kind not in "fiu":
        return None
    differs = ~np.isclose(some, others, rtol=1e-9, atol=1e-12, equal_nan=True)
    return np.flatnonzero(differs.reshape(-1, differs.shape[-1]).any(axis=0)).tolist()


# --- what comes out scaled ------------------------------------------------------------------------


def _scale_of_step(before, after, source, training):
    """The scale of all rows that a step, fitted on training rows, brings a column to, where it had none before."""
    inputs = before.astype(np.float64) if before.dtype.kind in "fiub" else np.empty((len(before), 0))
    columns = inputs.T if source is None or inputs.shape[1] == 0 else inputs[:, [source]].T
    if any(scale_of_all(values, [training]) is not None for values in columns):
        return None
    scale = scale_of_all(after, [training], centred=True)
    if scale == CENTRED and not any(line_share(values, after) == 1.0 for values in columns):
        # A sine of the calendar has a mean of 0, too.
        return None
    return scale


def _kept(name, column):
    return Leak(
        name,
        column,
        "statistics",
        "it comes fitted on all rows, test rows included, and no fold fits it anew. Pass it as it is before fit, so "
        "that each fold fits it on its training rows.",
    )


def _scaled(name, column, scale):
    return Leak(
        name,
        column,
        "statistics",
        f"what it returns has {scale} over all rows, test rows included, and not over the training rows that it was "
        "fitted on: it knows statistics of all rows. Learn them in fit: SeriesScaler.",
    )
