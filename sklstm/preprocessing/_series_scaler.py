"""SeriesScaler: one set of coefficients per feature, over all samples and time steps."""

import warnings
from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._parameters import suggest
from sklstm._validation import is_ragged, n_dims, place, read_numbers, refuse_text
from sklstm._windows import Windows
from sklstm.preprocessing._base import SeriesTransformer
from sklstm.preprocessing._observations import like_collection, read_observations
from sklstm.preprocessing._scaling_methods import METHODS


class SeriesScaler(OneToOneFeatureMixin, SeriesTransformer):
    """Scale the features of series: a table, windows, or ragged sequences.

    Every feature has one set of coefficients over all samples and time steps. NaN, "not observed", is
    left out of them and stays NaN. The arithmetic is scikit-learn's (MinMaxScaler, StandardScaler,
    RobustScaler, MaxAbsScaler).

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

    Attributes
    ----------
    min_, max_ : ndarray of shape (n_features,)
        Learned or given, in the units of X (``method="minmax"``).
    mean_, std_ : ndarray of shape (n_features,)
        The same for ``"standard"``; a feature with a standard deviation of 0 is divided by 1.
    median_, iqr_ : ndarray of shape (n_features,)
        The same for ``"robust"``.
    max_abs_ : ndarray of shape (n_features,)
        The same for ``"maxabs"``.
    lower_, upper_ : ndarray of shape (n_features,)
        Bounds that `out_of_range` goes by, in the units of X: the fitted data's own, or those given.
    scaler_ : scikit-learn scaler or None
        What does the arithmetic.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    Notes
    -----
    Put it before LagFramer: then every lag of a feature has the same scale, and framing copies nothing.

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

    >>> SeriesScaler(coefficients={"mean": 10}).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: SeriesScaler(method='minmax') has no coefficient 'mean'. Its coefficients are: 'min', 'max'.
    """

    _parameter_constraints = {
        "method": [StrOptions(set(METHODS)), None],
        "feature_range": [tuple, list],
        "coefficients": [dict, None],
        "out_of_range": [StrOptions({"allow", "clip", "warn", "error", "nan"})],
    }

    def __init__(self, method="minmax", *, feature_range=(0, 1), coefficients=None, out_of_range="allow"):
        self.method = method
        self.feature_range = feature_range
        self.coefficients = coefficients
        self.out_of_range = out_of_range

    @as_task
    def fit(self, X, y=None):
        """Learn the coefficients.

        Parameters
        ----------
        X : array-like
            A series table (n_rows, n_features), a series (n_rows,), windows (n_samples, n_timesteps,
            n_features), or a list of sequences (n_timesteps_i, n_features).
        y : None
            Ignored.

        Returns
        -------
        self : SeriesScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X holds text, infinity, or a feature with no observation, or `coefficients` do not fit it.
        """
        return self._learn(X, chunk=False)

    def partial_fit(self, X, y=None):
        """Learn from one more chunk of a series that does not fit into memory.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        y : None
            Ignored.

        Returns
        -------
        self : SeriesScaler
            The scaler, fitted on all chunks so far.

        Raises
        ------
        ValueError
            If ``method="robust"``: a median needs all rows at once.
        """
        if self.method == "robust":
            raise ValueError(
                "SeriesScaler(method='robust') cannot learn from chunks: a median needs all rows at once. "
                "Use fit, or method='standard'."
            )
        return self._learn(X, chunk=hasattr(self, "lower_"))

    def transform(self, X):
        """Scale X.

        Parameters
        ----------
        X : array-like
            As in `fit`, with the same features; any number of samples and time steps.

        Returns
        -------
        X_scaled : array-like
            The same kind as X: a DataFrame with its index, an array of the same shape, windows, or a list.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or values out of range are to be refused.
        """
        check_is_fitted(self)
        observations = read_observations(self, X, reset=False)
        values = self._bound(observations, X)
        if self.scaler_ is not None:
            values = self.scaler_.transform(values)
        return observations.restore(values, self._contain)

    def inverse_transform(self, X, columns=None):
        """Bring scaled values back to the units that the scaler was fitted in.

        Parameters
        ----------
        X : array-like
            Scaled values: any kind that `transform` returns. A DataFrame may hold some of the features.
            Predictions of different lengths may come as a list.
        columns : str, int or list of them, optional
            Which features X holds, by name or position. A single one is taken to fill all of X, whatever
            its shape: predictions of one target, for one or many horizons.

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
        if columns is None and (is_ragged(X) or isinstance(X, Windows)):
            observations = read_observations(self, X, reset=False)
            return observations.restore(self._unscale(observations.values), self._contain)
        if is_ragged(X):
            return like_collection(X, [self.inverse_transform(sequence, columns) for sequence in X])
        positions = self._positions(self._columns_of(X) if columns is None else columns)
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
        # scikit-learn's scalers want every feature: the others are filled in, and dropped again.
        full = np.zeros((values.size // n_columns, self.n_features_in_), dtype=values.dtype)
        full[:, positions] = values.reshape(-1, n_columns)
        restored = self._unscale(full)[:, positions].reshape(values.shape)
        if isinstance(X, pd.DataFrame):
            return pd.DataFrame(restored, index=X.index, columns=X.columns)
        return pd.Series(restored, index=X.index, name=X.name) if isinstance(X, pd.Series) else restored

    def _columns_of(self, X):
        named = isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_")
        return list(X.columns) if named else range(self.n_features_in_)

    def _learn(self, X, *, chunk):
        self._validate_params()
        method = METHODS[self.method]
        self._refuse_unknown_coefficients(method)
        values = read_observations(self, X, reset=not chunk, expand=True).values
        names = self.get_feature_names_out()
        unseen = np.isnan(values).all(axis=0)
        if unseen.any() and not chunk:
            raise ValueError(
                f"SeriesScaler got nothing observed (only NaN) in column {names[np.argmax(unseen)]!r}. "
                "Drop the column, or fill it first."
            )
        lower, upper = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
        if chunk:
            lower, upper = np.fmin(lower, self.lower_), np.fmax(upper, self.upper_)
        else:
            self._learner = method.build(self.feature_range)
        if self._learner is not None:
            # It scales matrices, whatever container scikit-learn's global configuration asks for.
            self._learner.set_output(transform="default")
            method.learn(self._learner, values)
        self._settle(method, lower, upper)
        return self

    def _settle(self, method, lower, upper):
        """Put what the domain knows in the place of what was learned, and publish both."""
        learned = method.read(self._learner)
        settled = {
            name: self._per_feature(name, (self.coefficients or {}).get(name), value) for name, value in learned.items()
        }
        method.check(settled, self.get_feature_names_out())
        self.scaler_ = self._learner
        if self.coefficients:
            # The learner goes on learning in partial_fit, so it must not be told.
            self.scaler_ = deepcopy(self._learner)
            method.write(self.scaler_, settled)
        for name, value in settled.items():
            setattr(self, f"{name}_", value)
        bounds = method.bounds(settled)
        self.lower_, self.upper_ = (lower, upper) if bounds is None else bounds

    def _per_feature(self, name, given, learned):
        if given is None:
            return learned
        by_column = isinstance(given, (Mapping, pd.Series))
        numbers = np.asarray(list(given.values()) if isinstance(given, Mapping) else given)
        if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
            raise ValueError(f"SeriesScaler expects finite numbers for the coefficient {name!r}, got {given!r}.")
        if not by_column and numbers.ndim and len(numbers) != self.n_features_in_:
            raise ValueError(
                f"SeriesScaler expects one {name!r} per feature, got {len(numbers)} for {self.n_features_in_} features."
            )
        value = np.array(learned, dtype=np.float64)
        value[self._positions(given.keys()) if by_column else slice(None)] = numbers
        return value

    def _refuse_unknown_coefficients(self, method):
        for name in self.coefficients or {}:
            if name not in method.names:
                known = ", ".join(repr(known) for known in method.names) or "none"
                raise ValueError(
                    f"SeriesScaler(method={self.method!r}) has no coefficient {name!r}."
                    f"{suggest(str(name), method.names)} Its coefficients are: {known}."
                )

    def _positions(self, columns):
        names = list(self.get_feature_names_out())
        positions = []
        for column in [columns] if np.isscalar(columns) else columns:
            position = names.index(column) if column in names else column
            if not isinstance(position, (int, np.integer)) or not 0 <= position < len(names):
                raise ValueError(
                    f"SeriesScaler was not fitted on a column {column!r}."
                    f"{suggest(str(column), names)} Its columns are: {', '.join(names)}."
                )
            positions.append(position)
        return positions

    def _unscale(self, values):
        return values if self.scaler_ is None else self.scaler_.inverse_transform(values)

    def _bound(self, observations, X):
        values = observations.values
        if self.out_of_range == "allow":
            return values
        if self.out_of_range == "clip":
            return np.clip(values, self.lower_, self.upper_).astype(values.dtype, copy=False)
        outside = (values < self.lower_) | (values > self.upper_)
        if self.out_of_range == "nan":
            return np.where(outside, values.dtype.type(np.nan), values)
        outside &= np.reshape(observations.shown, (-1, 1))
        if not outside.any():
            return values
        row, column = first = np.argwhere(outside)[0]
        where = f"column {self.get_feature_names_out()[column]!r}"
        if not is_ragged(X) and n_dims(X) == 2:
            where = place(first, X)
        message = (
            f"SeriesScaler got values outside the range it knows: {outside.sum()} in all, first "
            f"{values[row, column]:g} in {where}, which ranges from {self.lower_[column]:g} to {self.upper_[column]:g}."
        )
        if self.out_of_range == "error":
            raise ValueError(f"{message} Fit on data that covers it, give its bounds as coefficients, or clip.")
        warnings.warn(message, UserWarning, stacklevel=3)
        return values
