"""LagRegressor: any regressor of scikit-learn's in the place of the LSTM, on the same windows."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from sklstm._lost_times import warn_lost_times
from sklstm._own_past import target_names, warn_scaled_by_series
from sklstm._parameters import StrictParameters
from sklstm._validation import check_windows, read_target, sequence_features

# Of fewer complete windows nothing can be learned: then incomplete ones are learned from, too.
FEWEST_COMPLETE = 2


class LagRegressor(StrictParameters, MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Any regressor of scikit-learn's on windows: the model that an LSTM has to beat, in its place.

    Each window becomes a row of lags, a column for each feature and time step. The regressor learns from the windows
    in which everything was observed, so the first ones, which begin before the series does, teach it nothing; where it
    predicts, what was not observed is at its mean. Predictions are in the units of y, which is not scaled.

    Parameters
    ----------
    regressor : regressor, optional
        Takes tables; cloned for each fit. By default ridge regression whose penalty is chosen by cross-validation,
        ``RidgeCV(alphas=np.logspace(-3, 3, 13))``.

    Attributes
    ----------
    regressor_ : regressor
        Fitted on rows of lags: oldest time step first, all features of one time step side by side; after these, once
        each, the features that are static or known ahead.
    imputer_ : SimpleImputer
        The mean of each lag.
    n_timesteps_ : int
        Time steps of a window.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.

    See Also
    --------
    Persistence : What needs no learning at all.
    LagFramer : Makes windows of a series.

    Notes
    -----
    Windows are written out: a row of lags takes `n_timesteps_` times the memory of a row of the series.

    Examples
    --------
    One changed line tells whether the LSTM is worth it:

    >>> from sklearn.pipeline import Pipeline
    >>> from sklstm import LagFramer, LagRegressor, LSTMRegressor, SeriesScaler
    >>> from sklstm.datasets import load_airline
    >>> X, y = load_airline(return_X_y=True)
    >>> pipe = Pipeline([("scale", SeriesScaler()), ("frame", LagFramer(n_steps=12)), ("lstm", LSTMRegressor())])
    >>> ridge = pipe.set_params(lstm=LagRegressor()).fit(X[:100], y[:100])
    >>> round(ridge.score(X[100:], y[100:]), 2)
    0.93

    >>> from sklearn.ensemble import RandomForestRegressor
    >>> forest = pipe.set_params(lstm=LagRegressor(RandomForestRegressor(random_state=0)))
    >>> forest.set_params(lstm__regressor__n_estimators=10).fit(X, y).predict(X).shape
    (143,)
    """

    _parameter_constraints = {"regressor": [HasMethods(["fit", "predict"]), None]}

    def __init__(self, regressor=None):
        self.regressor = regressor

    def fit(self, X, y, sample_weight=None) -> Self:
        """Learn from the windows in which everything was observed.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows. NaN in all features of a time step: not observed. 2D X is one feature whose time steps are the
            columns; lags of several features, where the columns are named so (``A(t-1)``, ``A(t)``).
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            What follows each window. Samples of which y is NaN, not known, are left out; of several values all have to
            be known.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts, where the regressor takes weights.

        Returns
        -------
        self : LagRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If X and y do not fit each other, no y is known, or a time step is observed only in part.
        """
        self._validate_params()
        windows, names = check_windows(self, X, reset=True), target_names(y)
        warn_lost_times("LagRegressor", windows, y)
        y = read_target(self, y, windows.shape)
        warn_scaled_by_series("LagRegressor", windows, y, names)
        self.n_timesteps_, self._target_shape = windows.n_timesteps, y.shape[1:]
        lags = _as_lags(windows)
        self.imputer_ = SimpleImputer(keep_empty_features=True).fit(lags)
        targets = y if y.ndim == 1 else y.reshape(len(y), -1)
        known = ~np.isnan(targets) if y.ndim == 1 else ~np.isnan(targets).any(axis=1)
        self.n_samples_left_out_ = len(y) - np.count_nonzero(known)
        missing = np.isnan(lags)
        rows = known & ~missing.any(axis=1)
        if rows.sum() < FEWEST_COMPLETE:
            rows = known & ~missing.all(axis=1)
        if not rows.any():
            raise ValueError(
                f"LagRegressor has nothing to learn from: of {len(y)} samples, {self.n_samples_left_out_} have a y "
                "that is NaN, not known, at least in part, and in the windows of the others nothing was observed. Pass "
                "more samples."
            )
        self.n_samples_trained_ = np.count_nonzero(rows)
        usual = RidgeCV(alphas=np.logspace(-3, 3, 13))
        regressor = usual if self.regressor is None else clone(self.regressor)
        weights = {}
        if sample_weight is not None:
            weights = {"sample_weight": _check_sample_weight(sample_weight, lags)[rows]}
        self.regressor_ = regressor.fit(self.imputer_.transform(lags[rows]), targets[rows], **weights)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features and the number of time steps of `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Of the dimensions that y had in `fit`.

        Raises
        ------
        ValueError
            If the features or the number of time steps are not those of `fit`.
        """
        check_is_fitted(self)
        windows = check_windows(self, X, reset=False)
        if windows.n_timesteps != self.n_timesteps_:
            raise ValueError(
                f"LagRegressor was fitted on windows of {self.n_timesteps_} time steps, and has a column for each; got "
                f"{windows.n_timesteps}. Pass windows of the same length."
            )
        predicted = self.regressor_.predict(self.imputer_.transform(_as_lags(windows)))
        return np.asarray(predicted).reshape(len(windows), *self._target_shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags


def _as_lags(windows):
    """Rows of lags, (n_samples, n_columns); what has one value for a sample has one column."""
    values = np.asarray(windows)
    if not windows.roles.features:
        return values.reshape(len(values), -1)
    changing = values[:, :, sequence_features(windows)].reshape(len(values), -1)
    return np.concatenate([changing, values[:, -1, windows.roles.features]], axis=1)
