"""The one door for arrays: what comes in is checked here, once, and every shape message is written here.

A message says who complains, what was expected, what came, and what to do about it. Axes are named:
(n_samples, n_timesteps, n_features) for windows, (n_rows, n_features) for a series table.
"""

from sklstm._validation._features import FLOATS, check_n_features
from sklstm._validation._kinds import is_ragged, n_dims, read_numbers
from sklstm._validation._refusals import has_infinity, place, refuse_infinity, refuse_partly_observed, refuse_text
from sklstm._validation._samples import (
    check_3d,
    check_codes,
    check_frames,
    check_windows,
    refuse_partly_observed_windows,
    sequence_features,
)
from sklstm._validation._sequences import check_sequences, stack_sequences
from sklstm._validation._tables import check_rows, check_rows_as_sequences, check_series_table
from sklstm._validation._targets import check_labels, read_target, refuse_in_target

__all__ = [
    "FLOATS",
    "check_3d",
    "check_codes",
    "check_frames",
    "check_labels",
    "check_n_features",
    "check_rows",
    "check_rows_as_sequences",
    "check_sequences",
    "check_series_table",
    "check_windows",
    "has_infinity",
    "is_ragged",
    "n_dims",
    "place",
    "read_numbers",
    "read_target",
    "refuse_in_target",
    "refuse_infinity",
    "refuse_partly_observed",
    "refuse_partly_observed_windows",
    "refuse_text",
    "sequence_features",
    "stack_sequences",
]
