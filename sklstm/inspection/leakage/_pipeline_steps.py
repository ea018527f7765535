"""What a Pipeline consists of, however deep it is nested, and its transformers run one by one."""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from sklstm._windows import Windows


class Steps(NamedTuple):
    """The parts of a Pipeline, by the names that ``set_params`` knows.

    Attributes
    ----------
    transformers : list of tuple (name, transformer)
        In the order in which X passes them.
    target_scalers : list of tuple (name, transformer)
        What scales y, where it is more than a word.
    """

    transformers: list
    target_scalers: list


def unroll(model, name=""):
    """Steps of a Pipeline, of Pipelines in it, and of what it ends in.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.preprocessing import StandardScaler
    >>> inner = Pipeline([("scale", StandardScaler())])
    >>> unroll(Pipeline([("prepare", inner), ("ridge", Ridge())])).transformers
    [('prepare__scale', StandardScaler())]
    """
    if isinstance(model, Pipeline):
        *before, (last, final) = model.steps
        transformers = [leaf for label, step in before for leaf in _leaves(step, _join(name, label))]
        rest = unroll(final, _join(name, last))
        return Steps(transformers + rest.transformers, rest.target_scalers)
    if isinstance(model, TransformedTargetRegressor):
        rest = unroll(model.regressor, _join(name, "regressor"))
        own = [(_join(name, "transformer"), model.transformer)]
        return Steps(rest.transformers, own + rest.target_scalers)
    return Steps([], [(_join(name, "target_scaler"), getattr(model, "target_scaler", None))])


def _leaves(step, name):
    """The transformers of a step, which may be a Pipeline itself, or nothing."""
    if isinstance(step, Pipeline):
        return [leaf for label, inner in step.steps for leaf in _leaves(inner, _join(name, label))]
    return [] if step is None or step == "passthrough" else [(name, step)]


def _join(outer, inner):
    return f"{outer}__{inner}" if outer else inner


def fit_transformers(transformers, X, y):
    """Clones of named transformers, each fitted on what the one before it makes of X."""
    fitted = []
    for _, transformer in transformers:
        # One that clone returns as it is stays the user's own: only a copy of it is fitted.
        transformer = deepcopy(clone(transformer))
        if hasattr(transformer, "fit_transform"):
            X = transformer.fit_transform(copied(X), y)
        else:
            X = transformer.fit(copied(X), y).transform(copied(X))
        fitted.append(transformer)
    return fitted


def copied(X):
    """X for a transformer that might write on it."""
    return X.copy() if isinstance(X, (pd.DataFrame, pd.Series, np.ndarray)) and not _is_view(X) else X


def _is_view(X):
    """Whether X is an array of windows that share memory: written out they take more, and none may write on them."""
    return isinstance(X, np.ndarray) and not X.flags.writeable


def as_values(output):
    """What a transformer returns as an array of shape (n_rows, ..., n_columns); None where it is no such thing."""
    if isinstance(output, (pd.DataFrame, pd.Series, Windows)):
        output = np.asarray(output)
    elif sparse.issparse(output):
        output = output.toarray()
    if not isinstance(output, np.ndarray) or output.ndim == 0:
        return None
    return output[:, None] if output.ndim == 1 else output


def output_names(transformer, names, output):
    """Names of the columns that a fitted transformer returns, or of the features of its windows."""
    if isinstance(output, pd.DataFrame):
        return list(output.columns)
    values = as_values(output)
    if values is None:
        return names
    n_columns = values.shape[-1]
    try:
        known = list(transformer.get_feature_names_out([str(name) for name in names]))
    except (AttributeError, ValueError, TypeError):
        known = names
    return known if len(known) == n_columns else [f"x{k}" for k in range(n_columns)]
