"""Tables that carry keys beside their features: the keys are taken off, and put back in their place."""

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import _check_feature_names_in

from sklstm._series import read_series_index
from sklstm._validation import is_ragged, n_dims, read_numbers
from sklstm._windows import Windows
from sklstm.preprocessing._observations import like_series


class KeyedTableMixin(OneToOneFeatureMixin):
    """Mixin for transformers that change features, and leave the columns `group` and `time` as they are.

    It stands left of ``SeriesTransformer``, and puts keys into its containers.
    """

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the columns that come out: the features, and the columns of `group` and `time` in their place.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns that go in.

        Returns
        -------
        names : ndarray of str
            The same names.

        Raises
        ------
        ValueError
            If other columns were fitted.
        """
        fitted = getattr(self, "_names_with_keys", None)
        if fitted is None:
            return super().get_feature_names_out(input_features)
        if input_features is not None and list(input_features) != list(fitted):
            raise ValueError(
                f"{type(self).__name__} was fitted on the columns {list(fitted)}, got input_features "
                f"{list(input_features)}. Pass the same names, or none."
            )
        return fitted.copy()

    def _feature_names(self):
        return _check_feature_names_in(self)

    def _remember_columns(self, X):
        keys = self._key_columns(X)
        self._names_with_keys = _with_key_names(self._feature_names(), X, keys) if keys else None

    def _split(self, X, groups, *, predictions=False):
        """Features of X, and the SeriesIndex of its rows or sequences; None for a single series.

        Predictions need not have the column `time`, and have any number of axes.
        """
        time = None if predictions and not _has_key(X, self.time) else self.time
        if self.group is None and time is None and groups is None:
            return X, None
        # Groups beside an X that has no such column stand for it.
        group = None if groups is not None and not _has_key(X, self.group) else self.group
        who, ragged = type(self).__name__, is_ragged(X)
        if ragged and group is not None:
            raise ValueError(
                f"{who}(group={group!r}) looks for a column or a level of the index, got {len(X)} sequences. "
                "Pass groups=, one for each sequence."
            )
        if not ragged and n_dims(X) > 2 and (isinstance(X, Windows) or not predictions):
            raise ValueError(
                f"{who} takes the series of a panel as a table, got windows of shape {np.shape(X)}. "
                f"Put {who} before LagFramer."
            )
        is_number = not ragged and n_dims(X) == 0
        table = np.reshape(X, 1) if is_number else X
        features, index = read_series_index(who, table, group, time, groups, timed=False)
        if isinstance(X, pd.DataFrame) and features.shape[1] == 0:
            raise ValueError(
                f"{who} got no features, only the columns {list(X.columns)}, which are keys. "
                "Pass a table with columns beside them."
            )
        return features if isinstance(X, pd.DataFrame) else X, index if index.is_panel else None

    def _contain(self, table, X):
        """Features in the container that is asked for, else as `_like`; no container applies to what has one axis."""
        adapter, keys = _get_container_adapter("transform", self), self._key_columns(X)
        if adapter is None or n_dims(read_numbers(X)) == 1:
            return self._like(table, X)
        names = _with_key_names(self._feature_names(), X, keys)
        return adapter.create_container(self._like(table, X) if keys else table, X, columns=names)

    def _like(self, values, X):
        """Features as the kind that X is, and the columns of X that are keys among them, by the labels that X has."""
        if isinstance(X, pd.DataFrame):
            return _with_key_columns(values, X, self._key_columns(X))
        return like_series(X, values)

    def _key_columns(self, X):
        """Those of `group` and `time` that are columns of X."""
        names = [name for name in (self.group, self.time) if name is not None]
        return [name for name in names if isinstance(X, pd.DataFrame) and name in X.columns]


def of_observations(index, X):
    """SeriesIndex of every observation of X: all time steps of a sequence are of its series."""
    if index is None or not is_ragged(X):
        return index
    return index.with_codes(np.repeat(index.codes, [len(sequence) for sequence in X]))


def _with_key_columns(features, X, keys):
    """Features in a DataFrame like X, and in between its columns that are keys, as they are and where they are."""
    if not keys:
        return pd.DataFrame(features, index=X.index, columns=X.columns)
    columns = X.columns[[column not in keys for column in X.columns]]
    table = pd.DataFrame(features, index=X.index, columns=columns)
    for position, name in enumerate(X.columns):
        if name in keys:
            table.insert(position, name, X[name])
    return table


def _with_key_names(names, X, keys):
    """Names of features, and in between those of the columns of X that are keys."""
    if not keys:
        return names
    names = iter(names)
    return np.array([column if column in keys else next(names) for column in X.columns], dtype=object)


def _has_key(X, name):
    if name is None or not isinstance(X, (pd.DataFrame, pd.Series)):
        return False
    return name in X.index.names or (isinstance(X, pd.DataFrame) and name in X.columns)
