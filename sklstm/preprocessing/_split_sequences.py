"""split_sequences: a long table as one sequence for each id."""

from itertools import pairwise

import numpy as np
import pandas as pd

from sklstm._parameters import suggest
from sklstm._series import read_series_index, tells_time


def split_sequences(
    table: pd.DataFrame, by: str, *, time: str | None = None, columns: list[str] | None = None
) -> tuple[list[pd.DataFrame], pd.Index]:
    """Split a long table into sequences of different lengths, one for each id.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        A row for each time step of each sequence. Rows of an id need not stand together.
    by : str
        Column, or level of the index, that tells sequences apart.
    time : str, optional
        Column, or level of the index, that tells when; by default what the index has beside `by`.
    columns : list of str, optional
        Features to keep; by default all columns but `by` and `time`.

    Returns
    -------
    sequences : list of DataFrames of shape (n_timesteps_i, n_features)
        In the order in which their ids first appear, each with its times as its index.
    ids : Index
        The id of each sequence, named `by`: ``y = labels.loc[ids]``.

    Raises
    ------
    ValueError
        If `by`, `time` or a column does not exist, a row has no id or no time, or the rows of a sequence are not in
        the order of their times, each of them once.

    See Also
    --------
    sklstm.SequenceEncoder : Encodes the categories of sequences.
    sklstm.SequencePadder : Makes one array of sequences.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm.preprocessing import split_sequences
    >>> visits = pd.DataFrame({"patient": ["b", "a", "b"], "day": [1, 1, 4], "pulse": [71, 64, 75]})
    >>> sequences, ids = split_sequences(visits, by="patient", time="day")
    >>> list(ids)
    ['b', 'a']
    >>> sequences[0]
         pulse
    day
    1       71
    4       75
    >>> recovered = pd.Series({"a": True, "b": False})
    >>> recovered.loc[ids].tolist()
    [False, True]

    >>> split_sequences(visits, by="patients")
    Traceback (most recent call last):
        ...
    ValueError: split_sequences(by='patients') is neither a column nor a level of the index of the table. Did you mean
    'patient'? Its columns are: ['patient', 'day', 'pulse'], its levels: [None].
    """
    _check_table(table, by, time)
    features, index = read_series_index("split_sequences", table, by, time)
    if columns is not None:
        features = features[_checked(features, [columns] if isinstance(columns, str) else list(columns))]
    # Rows are moved once; each sequence is a slice of them.
    moved = features.iloc[index.order]
    if index.times is not None:
        moved.index = index.ordered_times
        _check_times(index, time)
    sequences = [moved.iloc[start:end] for start, end in pairwise(index.bounds)]
    if index.times is None:
        sequences = [sequence.reset_index(drop=True) for sequence in sequences]
    return sequences, index.labels.rename(by)


def _check_table(table, by, time):
    """Refuse what has no names, no rows, or no place where `by` could be."""
    if not isinstance(table, pd.DataFrame):
        raise ValueError(
            f"split_sequences expects a DataFrame with a row for each time step, got {type(table).__name__}. "
            "Pass pd.DataFrame(...) with a column that tells sequences apart."
        )
    columns, levels = list(table.columns), list(table.index.names)
    if by is None or by not in [*columns, *levels]:
        known = [str(name) for name in [*columns, *levels] if name is not None]
        raise ValueError(
            f"split_sequences(by={by!r}) is neither a column nor a level of the index of the table."
            f"{suggest(str(by), known)} Its columns are: {columns}, its levels: {levels}."
        )
    if by == time:
        raise ValueError(f"split_sequences got {by!r} for by and for time. One tells sequences apart, the other when.")
    if len(table) == 0:
        raise ValueError(f"split_sequences got an empty table: shape {table.shape} is (n_rows, n_columns).")
    others = [level for level in levels if level != by or by in columns]
    if time is None and isinstance(table.index, pd.MultiIndex) and len(others) != 1:
        raise ValueError(
            f"split_sequences cannot tell which level of the index is the time, got {levels}. "
            "Name it: time=...; or take the index away: table.reset_index(drop=True)."
        )


def _checked(features, columns):
    """The columns to keep, each a feature."""
    known = list(features.columns)
    for column in columns:
        if column not in known:
            raise ValueError(
                f"split_sequences got {column!r} in columns, which is no feature of the table."
                f"{suggest(str(column), [str(name) for name in known])} Its features are: {known}."
            )
    return columns


def _check_times(index, time):
    """Raise, naming the first offender, if times do not ascend within each sequence."""
    times, codes, rows = index.ordered_times, index.ordered_codes, index.rows(np.arange(index.n_rows))
    if not tells_time(times) and not pd.api.types.is_float_dtype(times):
        if time is None:
            # An index of names tells no time: rows are taken as they stand.
            return
        raise ValueError(
            f"split_sequences(time={time!r}) expects times or numbers, got {index.times[0]!r} in row 0 of the table. "
            f"Convert them first: pd.to_datetime(table[{time!r}])."
        )
    if times.hasnans:
        missing = int(np.argmax(times.isna()))
        raise ValueError(
            f"split_sequences got no time for row {rows[missing]} of the table, in sequence "
            f"{index.label(codes[missing])!r}. Drop the row, or give it its time."
        )
    wrong = np.asarray(times[1:] <= times[:-1], dtype=bool) & (codes[1:] == codes[:-1])
    if not wrong.any():
        return
    before = int(np.argmax(wrong))
    after, sequence = before + 1, repr(index.label(codes[before]))
    if times[before] == times[after]:
        raise ValueError(
            f"split_sequences expects each time once in a sequence, got {times[after]} in rows {rows[before]} and "
            f"{rows[after]} of the table, both of sequence {sequence}. Keep one of them, or their mean."
        )
    remedy = "table.sort_index()" if time is None else f"table.sort_values({time!r})"
    raise ValueError(
        f"split_sequences expects the rows of a sequence in time order, got {times[after]} (row {rows[after]} of the "
        f"table) after {times[before]} (row {rows[before]}) in sequence {sequence}. Sort them: {remedy}."
    )
