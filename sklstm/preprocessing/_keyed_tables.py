"""Tables that carry keys beside their features: the keys are taken off, and put back in their place."""

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import _check_feature_names_in

from sklstm._validation import is_ragged, n_dims
from sklstm._windows import Windows
from sklstm.preprocessing._panel import read_keys


class KeyedTableMixin(OneToOneFeatureMixin):
    """Mixin for transformers that change features, and leave the columns `group` and `time` as they are.

    It stands left of ``SeriesTransformer``, whose containers it extends.
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
        keys = key_columns(X, self.group, self.time)
        self._names_with_keys = with_key_names(self._feature_names(), X, keys) if keys else None

    def _split(self, X, groups, *, predictions=False):
        """Features of X, and the Keys of its rows or sequences; None where neither says that it holds several series.

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
        features, keys = read_keys(who, np.reshape(X, 1) if is_number else X, group, time, groups, timed=False)
        if isinstance(X, pd.DataFrame) and features.shape[1] == 0:
            raise ValueError(
                f"{who} got no features, only the columns {list(X.columns)}, which are keys. "
                "Pass a table with columns beside them."
            )
        panel = group is not None or groups is not None
        return features if isinstance(X, pd.DataFrame) else X, keys if panel else None

    def _contain(self, table, X):
        """Features in the container that is asked for, and the columns of X that are keys among them."""
        adapter, keys = _get_container_adapter("transform", self), key_columns(X, self.group, self.time)
        if keys:
            columns = [column for column in X.columns if column not in keys]
            table = with_key_columns(pd.DataFrame(table, index=X.index, columns=columns), X, keys)
        if adapter is not None:
            return adapter.create_container(table, X, columns=with_key_names(self._feature_names(), X, keys))
        return table if keys else super()._contain(table, X)


def of_observations(keys, X):
    """Keys of every observation of X: a sequence of a list has one for all of its time steps."""
    if keys is None or not is_ragged(X):
        return keys
    return keys._replace(codes=np.repeat(keys.codes, [len(sequence) for sequence in X]))


def key_columns(X, *names):
    """Those of the names that are columns of X."""
    return [name for name in names if name is not None and isinstance(X, pd.DataFrame) and name in X.columns]


def with_key_columns(features, X, keys):
    """A table of features, and in between the columns of X that are keys, as they are and where they are."""
    for position, name in enumerate(X.columns):
        if name in keys:
            features.insert(position, name, X[name])
    return features


def with_key_names(names, X, keys):
    """Names of features, and in between those of the columns of X that are keys."""
    if not keys:
        return names
    names = iter(names)
    return np.array([column if column in keys else next(names) for column in X.columns], dtype=object)


def _has_key(X, name):
    if name is None or not isinstance(X, (pd.DataFrame, pd.Series)):
        return False
    return name in X.index.names or (isinstance(X, pd.DataFrame) and name in X.columns)
