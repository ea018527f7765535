"""Coefficients that are given to SeriesScaler: which there are, and one number of each for every feature."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sklstm._parameters import suggest
from sklstm._series import find_position


def refuse_unknown_coefficients(name, coefficients, known):
    """Raise where a coefficient is none of those that the method of this name has."""
    for coefficient in coefficients or {}:
        if coefficient not in known:
            listed = ", ".join(map(repr, known)) or "none"
            raise ValueError(
                f"SeriesScaler(method={name!r}) has no coefficient {coefficient!r}."
                f"{suggest(str(coefficient), known)} Its coefficients are: {listed}."
            )


def per_feature(name, given, learned, names):
    """A coefficient of shape (..., n_features): the given value, and where there is none, the learned one."""
    if given is None:
        return learned
    by_column = isinstance(given, (Mapping, pd.Series))
    numbers = np.asarray(list(given.values()) if isinstance(given, Mapping) else given)
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise ValueError(f"SeriesScaler expects finite numbers for the coefficient {name!r}, got {given!r}.")
    if not by_column and numbers.ndim and len(numbers) != len(names):
        raise ValueError(
            f"SeriesScaler expects one {name!r} per feature, got {len(numbers)} for {len(names)} features."
        )
    value = np.array(learned, dtype=np.float64)
    value[..., positions_of(given.keys(), names) if by_column else slice(None)] = numbers
    return value


def positions_of(columns, names):
    """Positions of the features that `columns` names, or gives by position."""
    names = list(names)
    positions = []
    for column in [columns] if np.isscalar(columns) else columns:
        position = find_position(column, names)
        if position is None:
            raise ValueError(
                f"SeriesScaler was not fitted on a column {column!r}."
                f"{suggest(str(column), names)} Its columns are: {', '.join(names)}."
            )
        positions.append(position)
    return positions
