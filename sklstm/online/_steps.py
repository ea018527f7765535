"""The steps of a fitted model: where windows begin, how far each looks back, and how it takes arrays."""

from copy import copy, deepcopy
from datetime import timedelta

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm._warnings import ColdStartWarning, without
from sklstm.online._rows import WHO
from sklstm.preprocessing import (
    Differencer,
    ForwardFill,
    LagFramer,
    SequenceEncoder,
    SequencePadder,
    SeriesScaler,
    To3D,
)

# They look back, take groups beside arrays, and have a parameter context.
LOOKING_BACK = (ForwardFill, Differencer, LagFramer)
OWN = (SeriesScaler, *LOOKING_BACK)
# They take numbers, and leave each feature in its place.
NUMERIC = (*OWN, MinMaxScaler, StandardScaler, RobustScaler, MaxAbsScaler)


def flat_steps(fitted):
    """Names and steps of a Pipeline, and of Pipelines in it, that do something."""
    if not isinstance(fitted, Pipeline):
        return [(type(fitted).__name__.lower(), fitted)]
    steps = [(name, step) for name, step in fitted.steps if not (step is None or isinstance(step, str))]
    parts = [flat_steps(step) if isinstance(step, Pipeline) else [(name, step)] for name, step in steps]
    return [step for part in parts for step in part]


def split(steps, *, is_network):
    """Steps before the windows, the LagFramer or None, and steps after it."""
    for cut, (_, step) in enumerate(steps):
        if isinstance(step, LagFramer):
            return steps[:cut], step, steps[cut + 1 :]
        if is_network and isinstance(step, (SequencePadder, To3D)):
            # Rows are time steps up to what takes samples.
            return steps[:cut], None, steps[cut:]
    return steps, None, []


def rows_back(name, step, lookback):
    """Number of rows before a row that a step looks at; observations that ForwardFill carries on do not count."""
    if isinstance(step, ForwardFill):
        if isinstance(step.limit, (str, timedelta, np.timedelta64)):
            raise ValueError(
                f"{WHO} fills rows by their number, got ForwardFill(limit={step.limit!r}), a duration. Give the limit "
                "as a number of rows."
            )
        return step.limit or 0
    if isinstance(step, Differencer) or is_row_wise(step):
        return getattr(step, "rows_back", 0)
    if lookback is None:
        raise ValueError(
            f"{WHO} cannot tell how many rows the step {name!r} ({type(step).__name__}) looks at to transform one. "
            "Pass lookback=, how many rows before it; 0 for none."
        )
    return lookback


def is_row_wise(step):
    """Whether a step is known to transform each row by itself.

    >>> from sklearn.preprocessing import FunctionTransformer, QuantileTransformer
    >>> is_row_wise(QuantileTransformer()), is_row_wise(FunctionTransformer(np.log1p))
    (True, True)
    >>> is_row_wise(FunctionTransformer(np.cumsum))
    False
    """
    if isinstance(step, (ColumnTransformer, FeatureUnion)):
        parts = getattr(step, "transformers_", None) or step.transformer_list
        return all(is_row_wise(part[1]) for part in parts)
    if hasattr(step, "steps"):
        return all(is_row_wise(part) for _, part in step.steps)
    if isinstance(step, FunctionTransformer):
        return step.func is None or isinstance(step.func, np.ufunc)
    known = step is None or isinstance(step, (str, SequenceEncoder, SeriesScaler))
    return known or type(step).__module__.split(".")[0] == "sklearn"


def find_n_steps(given, framer, after, final, who):
    """Number of time steps of a window, as the steps say it or as it is given."""
    known = [getattr(framer, "n_steps", None), *(getattr(step, "max_len_", None) for _, step in after)]
    known += [step.shape_[0] for _, step in after if isinstance(step, To3D)] + [getattr(final, "linear_steps_", None)]
    known = next((n_steps for n_steps in known if n_steps), None)
    if known is None and given is None:
        raise ValueError(
            f"{WHO} cannot tell from {who} how many time steps its windows have. Pass n_steps=, or a Pipeline with a "
            "LagFramer."
        )
    if None not in (known, given) and known != given:
        raise ValueError(
            f"{WHO}(n_steps={given}) got a model whose windows have {known} time steps. Leave n_steps out."
        )
    return known or given


def find_n_features(final, first):
    """Number of features of the time steps of a network, whose model begins with the step `first`."""
    shape, n_features = final.network_.input_shape, final.n_features_in_
    if len(shape) != 3 or (shape[-1] != n_features and not isinstance(first, To3D)):
        fitted_on = f"a table of {n_features} columns" if len(shape) == 3 else f"samples of shape {shape[1:]}"
        raise ValueError(
            f"{WHO} takes rows for time steps, but {type(final).__name__} was fitted on {fitted_on}. Fit it on X of "
            "shape (n_samples, n_timesteps, n_features), or behind a LagFramer."
        )
    return shape[-1]


def without_keys(step):
    """A copy of a step, to be told of series beside its rows, and of times by their index."""
    return copy(step).set_params(group=None, time=None) if isinstance(step, OWN) else step


def without_names(step):
    """A copy of a step, to take and to give arrays; it shares what was fitted, where the step is one of sklstm's."""
    step = copy(step) if isinstance(step, OWN) else deepcopy(step)
    if isinstance(step, LagFramer):
        step.set_params(static=step.static_ or None, future=step.known_ahead_ or None)
    if isinstance(step, OWN) and hasattr(step, "feature_names_in_"):
        del step.feature_names_in_
    return step.set_output(transform="default") if hasattr(step, "set_output") else step


def transform(step, X, groups):
    """What a step makes of rows, whose series are `groups` if there are several."""
    takes_groups = isinstance(step, LOOKING_BACK) or (isinstance(step, SeriesScaler) and len(step.groups_))
    # The rows that are kept of the past come first.
    with without(ColdStartWarning):
        return step.transform(X, groups=groups) if takes_groups and groups is not None else step.transform(X)


def take(X, rows):
    """Some samples of an array, DataFrame or Windows."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
