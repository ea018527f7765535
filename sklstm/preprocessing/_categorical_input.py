"""Categories of any kind of X as columns, and the way back to the kind they came in."""

from itertools import chain
from reprlib import repr as short_repr

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names, validate_data

from sklstm._validation import check_n_features, n_dims, place
from sklstm.preprocessing._observations import boxed, like_collection, like_series


class Table:
    """A DataFrame, or an array of two axes: a feature for each column."""

    kind = "table"
    dtype = np.float64
    one_feature = False

    def __init__(self, X, values=None):
        self.given = X
        named = isinstance(X, pd.DataFrame)
        self._frame = X if named else pd.DataFrame(X if values is None else values).infer_objects()
        self.features = list(self._frame.columns)

    def is_categorical(self, feature):
        """Whether a column holds text, objects, categories or truth values."""
        dtype, types = self._frame.dtypes.iloc[feature], pd.api.types
        return isinstance(dtype, pd.CategoricalDtype) or any(
            holds(dtype) for holds in (types.is_object_dtype, types.is_string_dtype, types.is_bool_dtype)
        )

    def column(self, feature):
        """All values of a feature, as a Series."""
        return self._frame.iloc[:, feature]

    def place(self, row, feature):
        """Where a value stands, in words."""
        return place((row, feature), self.given)

    def restore(self, blocks, names, contain=None):
        """The table with `blocks` of numbers, by feature, where its categories stood."""
        index = self._frame.index
        columns = [
            pd.DataFrame(blocks[feature], index=index) if feature in blocks else self._frame.iloc[:, [feature]]
            for feature in range(len(self.features))
        ]
        table = pd.concat(columns, axis=1)
        table.columns = names
        if contain is not None:
            return contain(table, self.given)
        return table if isinstance(self.given, pd.DataFrame) else table.to_numpy()


class Labels:
    """One feature: a Series, an array of one axis or a list of labels."""

    kind = "labels"
    dtype = np.float64
    one_feature = True

    def __init__(self, X):
        self.given = X
        self._labels = X if isinstance(X, pd.Series) else as_column(X)
        self.features = [0 if self._labels.name is None else self._labels.name]

    def column(self, _):
        """The labels, as a Series."""
        return self._labels

    def place(self, row, _):
        """Where a label stands, in words."""
        return place((row,), self.given)

    def restore(self, blocks, names, contain):
        """Codes as a Series or an array; of one-hot columns a table."""
        if not blocks:
            return self.given
        (block,) = blocks.values()
        if block.shape[1] == 1 and names == self.features:
            return like_series(self.given, block)
        table = pd.DataFrame(block, index=self._labels.index, columns=names)
        return contain(table, self.given)


class Sequences:
    """Sequences of one feature: token lists, arrays of one axis, strings as their characters."""

    dtype = np.float32
    one_feature = True
    features = [0]

    def __init__(self, X, sequences):
        self.given = X
        self.kind = next((kind for kind in (str, list) if isinstance(X[0], kind)), np.ndarray).__name__
        self._ends = np.cumsum([len(sequence) for sequence in sequences])
        kinds = {sequence.dtype.kind if isinstance(sequence, np.ndarray) else "O" for sequence in sequences}
        if len(kinds) == 1 and "O" not in kinds:
            self._labels = pd.Series(np.concatenate(sequences))
        else:
            self._labels = as_column(list(chain.from_iterable(sequences)))

    def column(self, _):
        """The labels of all sequences, end to end."""
        return self._labels

    def place(self, row, _):
        """Where a label stands, in words."""
        return "sequence {}, time step {}".format(*_sequence_and_step(self._ends, row))

    def restore(self, blocks, _names, _contain):
        """An array of shape (n_timesteps_i, n_columns) for each sequence."""
        if not blocks:
            return self.given
        (block,) = blocks.values()
        return like_collection(self.given, np.split(block, self._ends[:-1]))


class Tables:
    """Sequences that are tables of the same columns."""

    kind = "tables"
    dtype = np.float32
    one_feature = False

    def __init__(self, X, sequences):
        self.given = X
        self._tables = [Table(sequence) for sequence in sequences]
        self._ends = np.cumsum([len(sequence) for sequence in sequences])
        self.features = self._tables[0].features

    def is_categorical(self, feature):
        """Whether a column of any of the tables holds text, objects, categories or truth values."""
        return any(table.is_categorical(feature) for table in self._tables)

    def column(self, feature):
        """All values of a feature, end to end."""
        columns = [table.column(feature) for table in self._tables]
        if len({column.dtype for column in columns}) > 1:
            # pandas would look for a common type of text and numbers, and warn where a column is all NaN.
            return as_column(list(chain.from_iterable(columns)))
        return pd.concat(columns, ignore_index=True)

    def place(self, row, feature):
        """Where a value stands, in words."""
        sequence, step = _sequence_and_step(self._ends, row)
        return f"sequence {sequence}, time step {step}, column {self.features[feature]!r}"

    def restore(self, blocks, names, _contain):
        """A table for each sequence."""
        parts = {feature: np.split(block, self._ends[:-1]) for feature, block in blocks.items()}
        return like_collection(
            self.given,
            [
                table.restore({feature: part[k] for feature, part in parts.items()}, names)
                for k, table in enumerate(self._tables)
            ],
        )


def as_column(labels):
    """Labels as a Series, of the type that all of them have."""
    if isinstance(labels, np.ndarray) and labels.dtype != object:
        return pd.Series(labels)
    # Boxed first: NumPy and pandas would turn labels of mixed types into others.
    return pd.Series(boxed(labels), dtype=object).infer_objects()


def _sequence_and_step(ends, row):
    sequence = int(np.searchsorted(ends, row, side="right"))
    return sequence, int(row - (ends[sequence - 1] if sequence else 0))


# --- which kind of X it is ------------------------------------------------------------------------


def read_categories(estimator, X, *, reset, spelled=False):
    """X as a Table, Labels, Sequences or Tables, with the features that `fit` saw unless `reset`.

    In a list of strings, each is a sequence of characters where those that were fitted are (``spelled``).
    """
    if isinstance(X, (str, bytes)):
        raise ValueError(
            f"SequenceEncoder expects a list of sequences, got {short_repr(X)}, a single {type(X).__name__}. "
            "Wrap it: [text] is one sequence of characters; list(text) is a series of them."
        )
    if isinstance(X, pd.Index):
        X = X.to_series()
    if not hasattr(X, "shape") and not isinstance(X, (list, tuple)):
        X = np.asarray(X)
    if isinstance(X, pd.DataFrame):
        return _read_frame(estimator, X, reset)
    if len(getattr(X, "shape", (0,))) != 1:
        return _read_array(estimator, X, reset)
    if len(X) == 0:
        raise ValueError("SequenceEncoder got an empty X: it holds no labels and no sequences.")
    if _holds_sequences_or_strings(X, reset, spelled):
        return _read_sequences(estimator, list(X) if isinstance(X, pd.Series) else X, reset)
    if not reset and estimator.n_features_in_ > 1:
        raise ValueError(
            f"SequenceEncoder was fitted on {estimator.n_features_in_} features, got {len(X)} labels, which are one. "
            "Reshape your data: pass a table of all of them."
        )
    check_n_features(estimator, 1, f"{len(X)} labels", reset=reset)
    if isinstance(X, pd.Series):
        _check_feature_names(estimator, X.to_frame(), reset=reset)
    return Labels(X)


def _read_frame(estimator, X, reset):
    if not reset:
        _check_feature_names(estimator, X, reset=False)
    check_n_features(estimator, X.shape[1], f"X of shape {X.shape}", reset=reset)
    if reset:
        _check_feature_names(estimator, X, reset=True)
    if 0 in X.shape:
        raise ValueError(f"SequenceEncoder got an empty X: shape {X.shape} is (n_rows, n_features).")
    return Table(X)


def _read_array(estimator, X, reset):
    if n_dims(X) > 2:
        raise ValueError(
            f"SequenceEncoder expects a table, labels or a list of sequences, got X of shape {np.shape(X)}. "
            "Encode the series before it is framed."
        )
    return Table(X, validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False))


def _read_sequences(estimator, X, reset):
    sequences = [_read_sequence(k, sequence) for k, sequence in enumerate(X)]
    axes = [n_dims(sequence) for sequence in sequences]
    odd = next((k for k, n_axes in enumerate(axes) if n_axes != axes[0]), None)
    if odd is not None:
        kinds = {1: "labels", 2: "a table"}
        raise ValueError(
            f"SequenceEncoder expects sequences of one kind, got {kinds[axes[odd]]} in sequence {odd} and "
            f"{kinds[axes[0]]} in sequence 0. Pass all of them as tables, or all as labels."
        )
    if axes[0] == 1:
        source = Sequences(X, sequences)
    else:
        _refuse_other_columns(sequences)
        source = Tables(X, sequences)
    n_features = len(source.features)
    check_n_features(estimator, n_features, f"sequences of {n_features}", reset=reset)
    if not source.one_feature:
        _check_feature_names(estimator, X[0], reset=reset)
    return source


def _holds_sequences_or_strings(X, reset, spelled):
    if not is_collection(X):
        return False
    if holds_sequences(X):
        return True
    return _holds_strings(X) and (_are_strings_sequences(X) if reset else spelled)


def is_collection(X):
    """Whether X is a list, tuple, Series or array of one axis whose entries may be sequences themselves."""
    if isinstance(X, (list, tuple)):
        return True
    return isinstance(X, (pd.Series, np.ndarray)) and X.ndim == 1 and X.dtype.kind in "OUT"


def holds_sequences(X):
    """Whether any entry of a collection is a sequence of its own; strings aside."""
    return any(_is_sequence(entry) for entry in X)


def _holds_strings(X):
    """Whether a collection holds strings, missing ones aside."""
    return any(isinstance(entry, str) for entry in X) and all(
        isinstance(entry, str) or _is_missing(entry) for entry in X
    )


def _are_strings_sequences(X):
    """Whether strings in a collection are sequences of characters, each, and not labels.

    A list or an object array of strings holds sequences, unless all are single characters: then it is a
    text spelled out. A Series or an array of text holds labels.
    """
    if isinstance(X, pd.Series) or (isinstance(X, np.ndarray) and X.dtype != object):
        return False
    return not all(_is_missing(entry) or len(entry) == 1 for entry in X)


def _read_sequence(k, sequence):
    """A sequence as an array of labels, or as a DataFrame or array of two axes."""
    if not _is_sequence(sequence) and not isinstance(sequence, str):
        raise ValueError(
            "SequenceEncoder expects each sequence to be a list, an array, a string or a DataFrame, got "
            f"{sequence!r} for sequence {k}. Drop it, and its y, or wrap it: [{sequence!r}] has one time step."
        )
    if len(sequence) == 0:
        raise ValueError(f"SequenceEncoder got an empty sequence {k}: it has no time steps. Drop it, and its y.")
    if isinstance(sequence, str):
        return boxed(sequence)
    if isinstance(sequence, pd.Series):
        sequence = sequence.to_numpy()
    if isinstance(sequence, (list, tuple)):
        sequence = _read_list(k, sequence)
    if n_dims(sequence) > 2:
        raise ValueError(
            f"SequenceEncoder expects each sequence to have shape (n_timesteps,) or (n_timesteps, n_features), got "
            f"shape {sequence.shape} for sequence {k}. Encode before the series is framed."
        )
    return sequence


def _read_list(k, sequence):
    if not holds_sequences(sequence):
        return boxed(sequence)
    try:
        rows = [boxed(row) for row in sequence]
        return np.stack(rows)
    except (TypeError, ValueError):
        raise ValueError(
            "SequenceEncoder expects the same features at every time step, got time steps of different lengths in "
            f"sequence {k}. A token is a single label: sequences of tokens are a list of lists."
        ) from None


def _refuse_other_columns(sequences):
    columns = [
        list(sequence.columns) if isinstance(sequence, pd.DataFrame) else list(range(sequence.shape[1]))
        for sequence in sequences
    ]
    for k, got in enumerate(columns):
        if got != columns[0]:
            raise ValueError(
                f"SequenceEncoder expects the same columns in every sequence, got {got} in sequence {k} and "
                f"{columns[0]} in sequence 0."
            )


def _is_sequence(entry):
    return isinstance(entry, (list, tuple, pd.Series, pd.DataFrame)) or (
        isinstance(entry, np.ndarray) and entry.ndim > 0
    )


def _is_missing(entry):
    return entry is None or entry is pd.NA or entry is pd.NaT or (isinstance(entry, float) and np.isnan(entry))
