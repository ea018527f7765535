"""SequenceEncoder: categories in series and sequences to numbers, and back."""

from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._parameters import suggest
from sklstm._series import find_position
from sklstm._validation import n_dims
from sklstm.preprocessing._base import SeriesTransformer, require_fitted
from sklstm.preprocessing._categorical_input import holds_sequences, is_collection, read_categories
from sklstm.preprocessing._category_codes import (
    as_categories,
    as_series,
    check_given,
    decode,
    encode,
    learn_categories,
    read_codes,
    refuse_unknown,
    spell,
    to_one_hot,
    unknown_name,
)
from sklstm.preprocessing._observations import like_collection


class SequenceEncoder(SeriesTransformer):
    """Encode categories as numbers: columns of a table, labels, tokens or characters of sequences.

    What is missing (None, NaN) stays NaN, "not observed": padding never becomes a category.

    Parameters
    ----------
    encoding : {"integer", "onehot"}, default="integer"
        A code for each category, from 0 on, or a column for each: ``city`` becomes ``city=Oslo`` and
        ``city=Rome``, where it stood.
    columns : str, int or list of them, optional
        Columns of a table to encode, by name or position; by default those of text, objects, categories or
        truth values. All others pass untouched.
    categories : list, str or dict, optional
        What the categories are, in the order of their codes: a list for one feature (for characters a string
        of them), or a dict of lists by column. What is not given is learned: sorted; those of a pandas
        categorical in its own order.
    unknown : {"error", "encode", "nan"}, default="error"
        What to do with a category that is none of these: refuse it; give it a code of its own, one above the
        last, and a column ``city=?``; or take it for not observed.

    Attributes
    ----------
    categories_ : list of ndarray
        The categories of each encoded column, in the order of their codes.
    columns_ : list
        Names of the encoded columns, or their positions where they have none; ``[0]`` for a single feature.
    n_features_in_ : int
        Number of features; 1 for labels, and for sequences of tokens or characters.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    See Also
    --------
    SequencePadder : Makes one array of the sequences that come out.
    sklstm.preprocessing.split_sequences : A long table as sequences.

    Notes
    -----
    A list (or an object array) of strings holds sequences of characters; where all strings are single
    characters, as in ``list(text)``, it is one text, spelled out. A Series of strings holds labels, and so
    does an array of text, such as ``np.array(words)``. `transform` reads strings the way that `fit` did.

    A network sees a time step as a whole: where a category is missing and other features of its time step are
    not, fill it first, with sklearn.impute.SimpleImputer for instance.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklstm import SequenceEncoder
    >>> weather = pd.DataFrame({"city": ["Rome", "Oslo", "Rome"], "temp": [21.5, 9.0, 23.0]})
    >>> SequenceEncoder().fit_transform(weather)
       city  temp
    0   1.0  21.5
    1   0.0   9.0
    2   1.0  23.0
    >>> encoder = SequenceEncoder("onehot").fit(weather)
    >>> encoder.transform(weather)
       city=Oslo  city=Rome  temp
    0        0.0        1.0  21.5
    1        1.0        0.0   9.0
    2        0.0        1.0  23.0
    >>> encoder.inverse_transform(np.array([[0.3, 0.7]]), column="city")  # what a softmax gave
    array(['Rome'], dtype=object)

    Strings are sequences of characters:

    >>> from sklstm import SequencePadder
    >>> spelling = SequenceEncoder(categories="ACGT", unknown="encode")
    >>> padded = SequencePadder().fit_transform(spelling.fit_transform(["GATTACA", "CAN"]))
    >>> padded[..., 0]
    array([[ 2.,  0.,  3.,  3.,  0.,  1.,  0.],
           [nan, nan, nan, nan,  1.,  0.,  4.]], dtype=float32)
    >>> spelling.inverse_transform(padded)[0]
    'GATTACA'

    >>> encoder.transform(pd.DataFrame({"city": ["Paris"], "temp": [18.0]}))
    Traceback (most recent call last):
        ...
    ValueError: SequenceEncoder got 'Paris' at row 0, column 'city', which is none of the 2 categories that it knows:
    'Oslo', 'Rome'. Fit on data that has it, give it in categories=, or set unknown='encode' or unknown='nan'.
    """

    _parameter_constraints = {
        "encoding": [StrOptions({"integer", "onehot"})],
        "columns": [str, Integral, "array-like", None],
        "categories": [str, dict, "array-like", None],
        "unknown": [StrOptions({"error", "encode", "nan"})],
    }

    def __init__(self, encoding="integer", *, columns=None, categories=None, unknown="error"):
        self.encoding = encoding
        self.columns = columns
        self.categories = categories
        self.unknown = unknown

    @as_task
    def fit(self, X, y=None) -> Self:
        """Learn the categories.

        Parameters
        ----------
        X : DataFrame, Series, array-like, or list of sequences
            A table (n_rows, n_features); labels (n_rows,); or sequences: lists of tokens, arrays, strings,
            DataFrames.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a column to encode does not exist or holds nothing, its values cannot be sorted, or one of them
            is not among the categories given.
        """
        self._validate_params()
        source = read_categories(self, X, reset=True)
        self._features, self._one_feature, self._kind = source.features, source.one_feature, source.kind
        self._positions = self._choose_columns(source)
        self.columns_ = [self._features[position] for position in self._positions]
        given = self._given_categories()
        self.categories_ = [
            as_categories(given[column]) if column in given else self._learn(source, position)
            for position, column in zip(self._positions, self.columns_, strict=True)
        ]
        self._dtypes = [source.column(position).dtype for position in self._positions]
        self._refuse_equal_names()
        if given and self.unknown == "error":
            self._encode(source)
        return self

    def transform(self, X):
        """Encode the categories of X.

        Parameters
        ----------
        X : DataFrame, Series, array-like, or list of sequences
            As in `fit`, with the same features.

        Returns
        -------
        X_encoded : DataFrame, Series, ndarray, or list of them
            The same kind as X. Of sequences of tokens or characters a list (or an object array) of float32 arrays of
            shape (n_timesteps_i, 1), or (n_timesteps_i, n_categories) where one-hot.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a category is unknown and ``unknown="error"``.
        """
        require_fitted(self)
        source = read_categories(self, X, reset=False, spelled=self._kind == "str")
        blocks = self._encode(source)
        return source.restore(blocks, self._names(source.features), self._contain)

    def inverse_transform(self, X, column=None):
        """Bring codes, one-hot columns or probabilities back to categories.

        Parameters
        ----------
        X : array-like, or list of them
            What `transform` returns. For one feature also what a network predicts: codes of shape (n_samples,) or
            (..., 1), or probabilities of shape (n_samples, n_categories) or (n_samples, n_timesteps, n_categories), of
            which the largest counts.
        column : str or int, optional
            The encoded column that X holds, by name or position, where a table was fitted.

        Returns
        -------
        X_original : DataFrame, Series, ndarray, str, or list of them
            Categories, in the kind that was fitted: where strings went in, each sequence comes back as a string. What
            was not observed is None, or NaN among numbers, and left out of strings; there an unknown character is the
            Unicode replacement character.

        Raises
        ------
        ValueError
            If X has another shape, or holds a number that is no code.

        Examples
        --------
        >>> from sklstm import SequenceEncoder
        >>> encoder = SequenceEncoder("onehot").fit([["left", "wait"], ["right"]])
        >>> encoder.inverse_transform(encoder.transform([["right", "left"]]))
        [['right', 'left']]
        >>> encoder.inverse_transform([0.0, 2.0])
        array(['left', 'wait'], dtype=object)
        """
        check_is_fitted(self)
        if column is not None:
            return self._labels(X, self._which(column))
        if self._one_feature:
            return self._labels(X, 0)
        if is_collection(X) and any(n_dims(table) == 2 for table in X):
            return like_collection(X, [self._restore_table(table) for table in X])
        return self._restore_table(X)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the columns that come out.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
            Such as ``city=Rome`` where one-hot, else the names that came in.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.encoding == "integer":
            return names
        expanded = []
        for position, name in enumerate(names):
            if position not in self._positions:
                expanded.append(name)
                continue
            labels = [str(category) for category in self.categories_[self._positions.index(position)]]
            if self.unknown == "encode":
                labels.append(unknown_name(labels))
            expanded += [f"{name}={label}" for label in labels]
        return np.array(expanded, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    # --- which columns, which categories ----------------------------------------------------------

    def _choose_columns(self, source):
        """Positions of the columns to encode."""
        if self.columns is None:
            positions = range(len(source.features))
            return [position for position in positions if source.one_feature or source.is_categorical(position)]
        if source.one_feature:
            raise ValueError(
                f"SequenceEncoder(columns={self.columns!r}) names columns of a table, got an X of one feature. "
                "Leave columns out."
            )
        columns = [self.columns] if np.isscalar(self.columns) else self.columns
        return sorted({self._position(column, "columns") for column in columns})

    def _position(self, column, parameter):
        """Position of a column of the table, by its name or its position."""
        position = find_position(column, self._features)
        if position is None:
            names = [str(name) for name in self._features]
            raise ValueError(
                f"SequenceEncoder({parameter}={getattr(self, parameter)!r}) names {column!r}, which is no column of X."
                f"{suggest(str(column), names)} Its columns are: {', '.join(names)}."
            )
        return position

    def _given_categories(self):
        """The categories that the parameter gives, by column."""
        given = self.categories
        if given is None:
            return {}
        if isinstance(given, dict):
            given = {self._features[self._position(column, "categories")]: known for column, known in given.items()}
        elif len(self.columns_) == 1:
            given = {self.columns_[0]: given}
        else:
            raise ValueError(
                f"SequenceEncoder got one list of categories for {len(self.columns_)} columns to encode: "
                f"{self.columns_}. Pass a dict of lists by column."
            )
        for column, known in given.items():
            if column not in self.columns_:
                raise ValueError(
                    f"SequenceEncoder got categories for column {column!r}, which it does not encode. "
                    "Name it in columns=, or leave it out."
                )
            check_given("" if self._one_feature else f" of column {column!r}", known)
        return given

    def _learn(self, source, position):
        where = "" if source.one_feature else f" in column {source.features[position]!r}"
        return learn_categories(source.column(position), where)

    def _refuse_equal_names(self):
        names = self.get_feature_names_out().tolist()
        if self.encoding == "onehot" and len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"SequenceEncoder(encoding='onehot') would name two columns {twice!r}. Rename a column, or a category."
            )

    # --- there ------------------------------------------------------------------------------------

    def _encode(self, source):
        """Blocks of numbers, of shape (n_rows, n_columns), by the position of the column that they encode."""
        blocks = {}
        for position, categories in zip(self._positions, self.categories_, strict=True):
            codes = encode(source.column(position), categories)
            unknown = codes < 0
            if self.unknown == "error" and unknown.any():
                row = int(np.argmax(unknown))
                refuse_unknown(source.column(position).iloc[row], source.place(row, position), categories)
            codes[unknown] = len(categories) if self.unknown == "encode" else np.nan
            if self.encoding == "onehot":
                blocks[position] = to_one_hot(codes, self._n_codes(categories), source.dtype)
            else:
                blocks[position] = codes.astype(source.dtype)[:, None]
        return blocks

    def _names(self, features):
        """What columns are called that come out: labels that are no strings are kept where columns stay the same."""
        return features if self.encoding == "integer" else self.get_feature_names_out().tolist()

    def _n_codes(self, categories):
        return len(categories) + (self.unknown == "encode")

    def _contain(self, table, X):
        """A table of several types in the container that is asked for, else in that of X."""
        adapter = _get_container_adapter("transform", self)
        if adapter is not None:
            return adapter.create_container(table, X, columns=self.get_feature_names_out)
        return table if isinstance(X, (pd.DataFrame, pd.Series)) else table.to_numpy()

    # --- and back ---------------------------------------------------------------------------------

    def _which(self, column):
        """Number of an encoded column among those that are encoded."""
        known = self.columns_
        if column in known:
            return known.index(column)
        if isinstance(column, Integral) and column in self._positions:
            return self._positions.index(column)
        raise ValueError(
            f"SequenceEncoder encoded no column {column!r}.{suggest(str(column), [str(name) for name in known])} "
            f"It encoded: {', '.join(str(name) for name in known) or 'none'}."
        )

    def _restore_table(self, X):
        """A table of all columns that come out, brought back."""
        table = X if isinstance(X, pd.DataFrame) else np.asarray(X)
        widths = [1] * len(self._features)
        for position, categories in zip(self._positions, self.categories_, strict=True):
            widths[position] = self._n_codes(categories) if self.encoding == "onehot" else 1
        if table.ndim != 2 or table.shape[1] != sum(widths):
            raise ValueError(
                f"SequenceEncoder.inverse_transform expects a table of {sum(widths)} columns, got shape {table.shape}. "
                "If X holds a single encoded column, name it: inverse_transform(X, column=...)."
            )
        named = isinstance(X, pd.DataFrame)
        if named and list(X.columns) != self._names(self._features):
            raise ValueError(
                f"SequenceEncoder.inverse_transform expects the columns {self._names(self._features)}, got "
                f"{list(X.columns)}. Bring them into this order, or pass an array."
            )
        frame = X if named else pd.DataFrame(table)
        columns = []
        for position, end in enumerate(np.cumsum(widths)):
            part = frame.iloc[:, end - widths[position] : end]
            if position in self._positions:
                part = self._labels(part, self._positions.index(position))
            columns.append(part)
        restored = pd.concat(columns, axis=1)
        restored.columns = self._features
        return restored if named else restored.to_numpy()

    def _labels(self, X, which):
        """Categories of what holds one encoded column, in the kind that was fitted."""
        categories = self.categories_[which]
        if is_collection(X) and holds_sequences(X):
            return like_collection(X, [self._label_sequence(sequence, categories) for sequence in X])
        codes = self._read_codes(X, categories)
        if codes.ndim == 2 and self._kind == "str":
            return [spell(sequence, categories) for sequence in codes]
        labels = decode(codes, categories)
        if not isinstance(X, (pd.Series, pd.DataFrame)):
            return labels
        return as_series(labels, X.index, self.columns_[which] if self._features != [0] else None, self._dtypes[which])

    def _label_sequence(self, sequence, categories):
        codes = self._read_codes(sequence, categories)
        if self._kind == "str":
            return spell(codes, categories)
        labels = decode(codes, categories)
        return labels.tolist() if self._kind == "list" else labels

    def _read_codes(self, X, categories):
        return read_codes(X, len(categories), self._n_codes(categories), one_hot=self.encoding == "onehot")
