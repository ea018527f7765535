"""Ragged sequences: a list of tables."""

import numbers

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names

from sklstm._validation._features import FLOATS, check_n_features
from sklstm._validation._kinds import is_ragged, read_numbers
from sklstm._validation._refusals import refuse_infinity, refuse_text


def stack_sequences(who, X):
    """Sequences of one length as an array (n_samples, n_timesteps, n_features); all else as in `read_numbers`."""
    if not is_ragged(X):
        return read_numbers(X)
    sequences = [_read_sequence(who, k, sequence) for k, sequence in enumerate(X)]
    if len({sequence.shape for sequence in sequences}) > 1:
        raise ValueError(
            f"{who} expects X of shape (n_samples, n_timesteps, n_features), got {len(X)} sequences of "
            "different lengths. Put a SequencePadder before it."
        )
    return np.stack(sequences)


def check_sequences(estimator, X, *, reset):
    """Ragged sequences as a list of float arrays of shape (n_timesteps_i, n_features)."""
    who = type(estimator).__name__
    if len(X) == 0:
        raise ValueError(f"{who} got an empty X: it holds no sequences.")
    sequences = [_check_sequence(who, k, sequence) for k, sequence in enumerate(X)]
    widths = [sequence.shape[1] for sequence in sequences]
    odd = next((k for k, width in enumerate(widths) if width != widths[0]), None)
    if odd is not None:
        raise ValueError(
            f"{who} expects the same features in every sequence, got {widths[odd]} in sequence {odd} "
            f"and {widths[0]} in sequence 0."
        )
    _refuse_other_columns(who, X)
    check_n_features(estimator, widths[0], f"sequences of shape (n_timesteps, {widths[0]})", reset=reset)
    _check_feature_names(estimator, X[0], reset=reset)
    dtype = np.result_type(*{sequence.dtype for sequence in sequences})
    return [sequence.astype(dtype, copy=False) for sequence in sequences]


def _refuse_other_columns(who, X):
    tables = [(k, list(sequence.columns)) for k, sequence in enumerate(X) if isinstance(sequence, pd.DataFrame)]
    for k, columns in tables:
        if columns != tables[0][1]:
            raise ValueError(
                f"{who} expects the same columns in every sequence, got {columns} in sequence {k} "
                f"and {tables[0][1]} in sequence {tables[0][0]}."
            )


def _check_sequence(who, k, sequence):
    name = f"sequence {k} of X"
    values = _read_sequence(who, k, sequence)
    refuse_text(who, sequence if hasattr(sequence, "shape") else values, name)
    values = values.astype(values.dtype if values.dtype in FLOATS else np.float64, copy=False)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(
            f"{who} expects each sequence to have shape (n_timesteps, n_features), got shape {values.shape} "
            f"for sequence {k}."
        )
    if len(values) == 0:
        raise ValueError(f"{who} got an empty sequence {k}: it has no time steps. Drop it, and its y.")
    refuse_infinity(who, values, sequence, name)
    return values


def _read_sequence(who, k, sequence):
    if isinstance(sequence, numbers.Number):
        raise ValueError(
            f"{who} expects an array of shape (n_timesteps, n_features) for each sequence, got the number "
            f"{sequence} for sequence {k}."
        )
    try:
        return np.asarray(sequence)
    except ValueError:
        raise ValueError(
            f"{who} expects the same features at every time step, got time steps of different lengths in sequence {k}."
        ) from None
