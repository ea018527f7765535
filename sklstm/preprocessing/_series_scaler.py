"""SeriesScaler: one set of coefficients per feature, over all samples and time steps."""

from functools import partial
from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._availability import available_if
from sklstm._fit_callbacks import as_task
from sklstm._series import labels_as_array
from sklstm._validation import is_ragged, read_numbers, refuse_text
from sklstm._windows import Windows
from sklstm.preprocessing._base import SeriesTransformer, require_fitted
from sklstm.preprocessing._group_scalers import in_group, merge_by_group, refuse_other_kind, refuse_unseen
from sklstm.preprocessing._keyed_tables import KeyedTableMixin, of_observations
from sklstm.preprocessing._observations import like_collection, read_observations
from sklstm.preprocessing._out_of_range import treat_out_of_range
from sklstm.preprocessing._scaler_coefficients import per_feature, positions_of, refuse_unknown_coefficients
from sklstm.preprocessing._scaling_methods import METHODS


def _learns_from_chunks(scaler):
    """Whether the statistics of two chunks tell those of both together."""
    if scaler.method == "robust":
        raise AttributeError(
            "SeriesScaler(method='robust') cannot learn from chunks: a median needs all rows at once. "
            "Use fit, or method='standard'."
        )
    return True


class SeriesScaler(KeyedTableMixin, SeriesTransformer):
    """Scale the features of series: a table, windows, or ragged sequences.

    Every feature has one set of coefficients over all samples and time steps. NaN, "not observed", is
    left out of them and stays NaN. The arithmetic is scikit-learn's (MinMaxScaler, StandardScaler,
    RobustScaler, MaxAbsScaler). In a panel, a table of several series, each of them has its own.

    Parameters
    ----------
    method : {"minmax", "standard", "robust", "maxabs"} or None, default="minmax"
        Normalise to `feature_range`; standardise to mean 0 and standard deviation 1; centre on the median
        and divide by the interquartile range; divide by the largest absolute value; or leave as it is.
    feature_range : tuple (low, high), default=(0, 1)
        Where ``"minmax"`` puts the smallest and the largest value.
    coefficients : dict, optional
        What is known of the domain, instead of what the data show: ``{"min": -10, "max": 30}`` for
        ``"minmax"``, ``{"mean": 10, "std": 5}`` for ``"standard"``, ``"median"`` and ``"iqr"`` for
        ``"robust"``, ``"max_abs"`` for ``"maxabs"``. Each a number, one number per feature, or a mapping
        (or Series) from feature names. What is not given is learned.
    out_of_range : {"allow", "clip", "warn", "error", "nan"}, default="allow"
        What `transform` does with values below the smallest or above the largest that the scaler knows
        of: scale them like all others, move them to the bound, warn, refuse, or declare them not observed.
    group : str, optional
        Column or index level that tells the series of a panel apart. It is no feature, and comes out as it went in.
        Beside arrays, series come as metadata: ``groups``.
    time : str, optional
        Column or index level that tells when. It is no feature, and comes out as it went in.
    pooled : bool, default=False
        Whether all series of a panel share the coefficients of all rows. Then `group` only names the column. For
        levels that tell series apart, such as those of patients whose label is sought.
    unseen_groups : {"pooled", "error"}, default="pooled"
        A series that was not fitted takes the coefficients of all rows, or is refused.

    Attributes
    ----------
    min_, max_ : ndarray of shape (n_features,)
        Learned or given, in the units of X (``method="minmax"``); of all rows, also in a panel.
    mean_, std_ : ndarray of shape (n_features,)
        The same for ``"standard"``; a feature with a standard deviation of 0 is divided by 1.
    median_, iqr_ : ndarray of shape (n_features,)
        The same for ``"robust"``.
    max_abs_ : ndarray of shape (n_features,)
        The same for ``"maxabs"``.
    lower_, upper_ : ndarray of shape (n_features,)
        Bounds that `out_of_range` goes by, in the units of X: the fitted data's own, or those given.
    groups_ : ndarray of shape (n_groups,)
        Labels of the series of a panel, in the order of their first rows. Empty without groups.
    group_coefficients_ : dict of str to ndarray of shape (n_groups, n_features)
        Coefficients of each series, learned from its rows alone: ``group_coefficients_["min"]``. A feature that a
        series never shows, or that changes in no series, has the coefficients of all rows.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    See Also
    --------
    LagFramer : What comes next in a Pipeline.
    Differencer : Takes out a trend or a season, which no scale does.

    Notes
    -----
    Put it before LagFramer: then every lag of a feature has the same scale, and framing copies nothing. In a panel
    both take the same `group` and `time`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import SeriesScaler
    >>> table = pd.DataFrame({"temperature": [15.0, 20.0, 25.0]})
    >>> SeriesScaler().fit_transform(table)
       temperature
    0          0.0
    1          0.5
    2          1.0

    A sensor's limits are known, so new data need not go beyond them:

    >>> scaler = SeriesScaler(coefficients={"min": -10, "max": 30}, out_of_range="clip").fit(table)
    >>> scaler.transform(pd.DataFrame({"temperature": [18.8, 50.0]}))
       temperature
    0         0.72
    1         1.00
    >>> scaler.inverse_transform([0.72])
    array([18.8])

    Each series of a panel has its own coefficients:

    >>> panel = pd.DataFrame({"store": ["A", "B", "A", "B"], "sales": [1.0, 100.0, 3.0, 500.0]})
    >>> scaler = SeriesScaler(group="store").fit(panel)
    >>> scaler.transform(panel)
      store  sales
    0     A    0.0
    1     B    0.0
    2     A    1.0
    3     B    1.0
    >>> scaler.inverse_transform([0.5, 0.5], columns="sales", groups=["A", "B"])
    array([  2., 300.])

    >>> SeriesScaler(coefficients={"mean": 10}).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: SeriesScaler(method='minmax') has no coefficient 'mean'. Its coefficients are: 'min', 'max'.
    """

    _parameter_constraints = {
        "method": [StrOptions(set(METHODS) - {None}), None],
        "feature_range": [tuple, list],
        "coefficients": [dict, None],
        "out_of_range": [StrOptions({"allow", "clip", "warn", "error", "nan"})],
        "group": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
        "pooled": ["boolean"],
        "unseen_groups": [StrOptions({"pooled", "error"})],
    }

    def __init__(
        self,
        method="minmax",
        *,
        feature_range=(0, 1),
        coefficients=None,
        out_of_range="allow",
        group=None,
        time=None,
        pooled=False,
        unseen_groups="pooled",
    ):
        self.method = method
        self.feature_range = feature_range
        self.coefficients = coefficients
        self.out_of_range = out_of_range
        self.group = group
        self.time = time
        self.pooled = pooled
        self.unseen_groups = unseen_groups

    @as_task
    def fit(self, X, y=None, groups=None) -> Self:
        """Learn the coefficients.

        Parameters
        ----------
        X : array-like
            A series table (n_rows, n_features), a series (n_rows,), windows (n_samples, n_timesteps,
            n_features), or a list of sequences (n_timesteps_i, n_features). A panel is a table, or a list.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), optional
            The series of each row, or of each sequence of a list, where no column tells.

        Returns
        -------
        self : SeriesScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X holds text, infinity, or a feature with no observation, or `coefficients` do not fit it.
        """
        return self._learn(X, groups, chunk=False)

    @available_if(_learns_from_chunks)
    def partial_fit(self, X, y=None, groups=None) -> Self:
        """Learn from one more chunk of a series that does not fit into memory.

        Parameters
        ----------
        X : array-like
            As in `fit`. It may hold series that no chunk before it held.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        self : SeriesScaler
            The scaler, fitted on all chunks so far.

        Raises
        ------
        AttributeError
            If ``method="robust"``: a median needs all rows at once, and there is no such method.
        ValueError
            If X is refused by `fit`.
        """
        return self._learn(X, groups, chunk=hasattr(self, "groups_"))

    def fit_transform(self, X, y=None, groups=None):
        """Learn the coefficients, and scale X.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        X_scaled : array-like
            As from `transform`.
        """
        return self.fit(X, y, groups=groups).transform(X, groups=groups)

    def transform(self, X, groups=None):
        """Scale X.

        Parameters
        ----------
        X : array-like
            As in `fit`, with the same features; any number of samples and time steps.
        groups : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        X_scaled : array-like
            The same kind as X: a DataFrame with its index, an array of the same shape, windows, or a list.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or values out of range, or unseen groups, are to be refused.
        """
        require_fitted(self)
        features, index = self._split_known(X, groups)
        observations = read_observations(self, features, reset=False)
        index = of_observations(index, X)
        values = self._compute("transform", self._bound(observations, features, index), index)
        return observations.restore(values, lambda table, _: self._contain(table, X))

    def inverse_transform(self, X, columns=None, groups=None):
        """Bring scaled values back to the units that the scaler was fitted in.

        Parameters
        ----------
        X : array-like
            Scaled values: any kind that `transform` returns. A DataFrame may hold some of the features, and
            those of a panel beside its group. Predictions of different lengths may come as a list.
        columns : str, int or list of them, optional
            Which features X holds, by name or position. A single one is taken to fill all of X, whatever
            its shape: predictions of one target, for one or many horizons.
        groups : array-like of shape (n_samples,), optional
            The series of each sample of X, whatever its shape, where no column tells.

        Returns
        -------
        X_original : array-like
            The same kind and shape as X.

        Raises
        ------
        ValueError
            If a column is unknown, or X has not as many columns as are named.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import SeriesScaler
        >>> weather = pd.DataFrame({"rain": [0.0, 20.0], "temp": [10.0, 30.0]})
        >>> SeriesScaler().fit(weather).inverse_transform([0.0, 0.25, 1.0], columns="temp")
        array([10., 15., 30.])
        """
        check_is_fitted(self)
        features, index = self._split_known(X, groups, predictions=True)
        if columns is None and (is_ragged(X) or isinstance(X, Windows)):
            observations = read_observations(self, features, reset=False)
            values = self._compute("inverse_transform", observations.values, of_observations(index, X))
            return observations.restore(values, self._contain)
        if is_ragged(X):
            each = [None] * len(X)
            if index is not None:
                each = [[label] * len(part) for label, part in zip(index.labels_of_rows(), X, strict=True)]
            parts = [self.inverse_transform(part, columns, of) for part, of in zip(X, each, strict=True)]
            return like_collection(X, parts)
        positions = positions_of(self._columns_of(features) if columns is None else columns, self._feature_names())
        return self._like(self._restore_columns(features, positions, index), X)

    # --- learning ---------------------------------------------------------------------------------

    def _learn(self, X, groups, *, chunk):
        self._validate_params()
        method = METHODS[self.method]
        refuse_unknown_coefficients(self.method, self.coefficients, method.names)
        if len(self.feature_range) != 2 or not self.feature_range[0] < self.feature_range[1]:
            raise ValueError(
                f"SeriesScaler expects feature_range=(low, high) with low < high, got {self.feature_range}."
            )
        features, index = self._split(X, groups)
        if chunk:
            refuse_other_kind(index, self.groups_)
        values = read_observations(self, features, reset=not chunk, expand=True).values
        unseen = np.isnan(values).all(axis=0)
        if unseen.any() and not chunk:
            raise ValueError(
                f"SeriesScaler got nothing observed (only NaN) in column {self._feature_names()[np.argmax(unseen)]!r}. "
                "Drop the column, or fill it first."
            )
        statistics, labels = self._find_statistics(values, of_observations(index, X))
        if chunk:
            labels, statistics = merge_by_group(method, (self._labels, self._statistics), (labels, statistics))
        else:
            self._remember_columns(X)
        self._labels, self._statistics = labels, statistics
        self.groups_ = labels_as_array(labels)
        self._settle()
        return self

    def _find_statistics(self, values, index):
        """Statistics of the groups in their order, and at the end those of all rows; and the labels of the groups."""
        method = METHODS[self.method]
        pooled = method.learn(values, np.array([0, len(values)]))
        if index is None:
            return pooled, pd.Index([], dtype=object)
        by_group = method.learn(values[index.order], index.bounds)
        statistics = {name: np.concatenate([by_group[name], pooled[name]]) for name in pooled}
        return statistics, index.labels

    def _settle(self):
        """Put given coefficients in the place of learned ones, and publish centres, scales and bounds.

        A group takes from all rows what it shows nothing of. A feature that changes in no group takes all coefficients
        from all rows: it tells groups apart, and in their own scales it would be the same for all of them.
        """
        method, names = METHODS[self.method], self._feature_names()
        lower, upper = self._statistics["lower"], self._statistics["upper"]
        pooled = np.isnan(lower)
        pooled[:-1] |= ~(lower[:-1] < upper[:-1]).any(axis=0)
        learned = method.find_coefficients(self._statistics)
        given = self.coefficients or {}
        settled = {
            name: per_feature(name, given.get(name), np.where(pooled, value[-1], value), names)
            for name, value in learned.items()
        }
        method.check(settled, names, self._of_set)
        bounds = method.bounds(settled) or (np.where(pooled, lower[-1], lower), np.where(pooled, upper[-1], upper))
        self._center, self._scale = method.center_and_scale(settled, self.feature_range) or (None, None)
        self.group_coefficients_ = {name: value[:-1] for name, value in settled.items()}
        for name, value in settled.items():
            setattr(self, f"{name}_", value[-1])
        self._lower, self._upper = bounds
        self.lower_, self.upper_ = self._lower[-1], self._upper[-1]

    def _of_set(self, k):
        """The group of a set of coefficients, for messages; the last set is that of all rows."""
        return "" if k in (-1, len(self._labels)) else f" of group {self._labels[k]!r}"

    # --- groups -----------------------------------------------------------------------------------

    def _split(self, X, groups, *, predictions=False):
        """Features of X, and the SeriesIndex of its rows or sequences; None if all share their coefficients."""
        features, index = super()._split(X, groups, predictions=predictions)
        return features, None if self.pooled else index

    def _split_known(self, X, groups, *, predictions=False):
        """Features and SeriesIndex of X, whose groups, or none, are those of `fit`."""
        features, index = self._split(X, groups, predictions=predictions)
        refuse_other_kind(index, self.groups_)
        if index is not None and self.unseen_groups == "error":
            refuse_unseen(index.labels, self._labels)
        return features, index

    def _sets(self, index):
        """The set of coefficients of each row, an ndarray of int; -1, the set of all rows, for an unseen group."""
        if index is None:
            return [-1]
        return self._labels.get_indexer(index.labels)[index.codes]

    # --- arithmetic -------------------------------------------------------------------------------

    def _compute(self, direction, values, index):
        """Scale values of shape (n_observations, n_features), or bring them back: `direction` names the method."""
        if self.method is None:
            return values
        sets = self._sets(index)
        center, scale = self._center[sets], self._scale[sets]
        computed = (values - center) / scale if direction == "transform" else values * scale + center
        return computed.astype(values.dtype, copy=False)

    def _restore_columns(self, X, positions, index):
        """Values of the features at these positions, or of a single one in any shape, in the shape of X."""
        values = read_numbers(X)
        refuse_text("SeriesScaler", values)
        values = np.asarray(values)
        values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64, copy=False)
        n_columns = values.shape[-1] if values.ndim and len(positions) > 1 else 1
        if n_columns != len(positions):
            raise ValueError(
                f"SeriesScaler.inverse_transform expects X with {len(positions)} columns, got shape {values.shape}. "
                "If X holds some of the features, name them: inverse_transform(X, columns=[...])."
            )
        # Other features are filled in, and dropped again.
        full = np.zeros((values.size // n_columns, self.n_features_in_), dtype=values.dtype)
        full[:, positions] = values.reshape(-1, n_columns)
        if index is not None:
            index = index.with_codes(np.repeat(index.codes, len(full) // max(1, index.n_rows)))
        return self._compute("inverse_transform", full, index)[:, positions].reshape(values.shape)

    def _bound(self, observations, X, index):
        if self.out_of_range == "allow":
            return observations.values
        sets = self._sets(index)
        bounds, names = (self._lower[sets], self._upper[sets]), self._feature_names()
        return treat_out_of_range(self.out_of_range, observations, X, bounds, names, partial(in_group, index, sets))

    def _columns_of(self, X):
        named = isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_")
        return list(X.columns) if named else range(self.n_features_in_)
