"""What labels y holds, column by column, and whether they are those that are known."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sklstm._validation import check_labels


def check_shape(estimator, y, samples, may_be_by_step):
    """Labels as an array; a column of them is one label to a sample, unless there may be outputs for time steps."""
    y = check_labels(estimator, y, samples.shape)
    if y.shape[1:] == (1,) and not may_be_by_step:
        return column_or_1d(y, warn=True)
    return y


def labels_by_column(who, y):
    """Labels of each column of y, sorted and without gaps, in a list."""
    columns = [y] if y.ndim == 1 else y.reshape(-1, y.shape[-1]).T
    known = [_plain(who, column[~pd.isna(column)]) for column in columns]
    for values in [np.concatenate(known)] if is_uniform(known) else known:
        _refuse_numbers(who, values)
    return [np.unique(values) for values in known]


def _plain(who, values):
    """Labels of an object array in a type of their own."""
    if values.dtype != object or not len(values):
        return values
    if all(isinstance(value, str) for value in values):
        return values
    plain = pd.Series(values).infer_objects().to_numpy()
    types = sorted({type(value).__name__ for value in values})
    if plain.dtype == object and len(types) > 1:
        raise TypeError(f"{who} got labels of several types in y: {', '.join(types)}. Make them one: y.astype(str).")
    return plain


def is_uniform(columns):
    """Whether columns hold text only, or numbers only."""
    return len({column.dtype.kind in "biuf" for column in columns if len(column)}) < 2


def _refuse_numbers(who, values):
    try:
        check_classification_targets(values)
    except ValueError as error:
        raise ValueError(
            f"{who} expects labels in y. {error} For numbers there are LSTMRegressor and KerasRegressor."
        ) from None


def given_labels(who, classes, n_columns):
    """Labels of each column, from one set for all of them or from a list of sets."""
    if not any(np.ndim(labels) for labels in classes):
        return [np.unique(classes)] * n_columns
    if len(classes) != n_columns:
        raise ValueError(
            f"{who} got classes for {len(classes)} columns, and y with {n_columns}. Pass the labels of each column of "
            "y, or one list of labels for all."
        )
    return [np.unique(labels) for labels in classes]


def refuse_strange(who, found, known):
    """Raise where a column holds a label that is none of its classes."""
    for column, labels in zip(found, known, strict=True):
        classes = set(labels.tolist())
        strange = [label for label in column.tolist() if label not in classes]
        if strange:
            raise ValueError(
                f"{who} got the label {strange[0]!r} in y, which is none of its classes: {shown(labels)}. The first "
                "call of partial_fit takes all of them as classes=; fit begins anew."
            )


def refuse_strange_weights(who, class_weight, labels):
    """Raise where a class that y does not have is given a weight, or a weight is none."""
    for label, weight in class_weight.items():
        if not isinstance(weight, Real) or not 0 <= weight < np.inf:
            raise ValueError(
                f"{who} got the class_weight {weight!r} for {label!r}. Weights are numbers of 0 or more; 0 leaves a "
                "class out."
            )
    known = np.concatenate([own.astype(object) for own in labels])
    strange = [label for label in class_weight if label not in set(known.tolist())]
    if strange:
        raise ValueError(
            f"{who} got a class_weight for {strange[0]!r}, which is no class of y: "
            f"{', '.join(map(repr, dict.fromkeys(known.tolist())))}. Name classes as they stand in y."
        )


def shown(labels):
    """Labels as they are written in Python."""
    return ", ".join(map(repr, labels.tolist()))
