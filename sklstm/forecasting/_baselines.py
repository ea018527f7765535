"""What doing nothing forecasts: the baselines that a network has to beat."""

from numbers import Integral
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklstm._own_past import find_own_past, target_names
from sklstm._parameters import StrictParameters
from sklstm._past_values import last_season, last_value
from sklstm._validation import check_windows, read_target

TARGET_FEATURE = {"target_feature": [str, Interval(Integral, 0, None, closed="left"), list, tuple]}


class _OwnPastRegressor(StrictParameters, RegressorMixin, BaseEstimator):
    """Forecast a target by one of its own past values, wherever a scaler and a framer have put them."""

    def fit(self, X, y) -> Self:
        """Learn the units of the target's past.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, in time order, scaled or not. 2D X is one feature whose time steps are the columns.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            What follows each window.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        ValueError
            If nothing says which feature of X holds the past of y, or y does not lie on a line of it.
        """
        self._validate_params()
        windows = check_windows(self, X, reset=True)
        names, y = target_names(y), read_target(self, y, windows.shape)
        self._y_ndim = y.ndim
        y = y.reshape(len(y), -1)
        self.pasts_, _ = find_own_past(
            type(self).__name__,
            windows,
            y,
            names,
            self.target_feature,
            excluded=windows.roles.features,
            remedy="forecast something else",
        )
        self.level_ = np.nanmedian(y, axis=0)
        return self

    def predict(self, X) -> np.ndarray:
        """Forecast by the past.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y.
        """
        check_is_fitted(self)
        windows = check_windows(self, X, reset=False)
        y = np.empty((len(windows), len(self.pasts_)))
        for samples, chunk in windows.chunks():
            for output, past in enumerate(self.pasts_):
                y[samples, output] = self._forecast(chunk, past, windows.dilation)
        y = np.where(np.isnan(y), self.level_, y)
        return y[:, 0] if self._y_ndim == 1 else y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags


class Persistence(_OwnPastRegressor):
    """Forecast that nothing changes: the last observed value of the target.

    Parameters
    ----------
    target_feature : "auto", str, int or sequence of them, default="auto"
        Feature of X that holds the target's own past, by name or position. "auto" takes the feature that y is named
        after (``sales`` for y named ``sales(t+1)``), else the only feature that changes from step to step.

    Attributes
    ----------
    pasts_ : list of OwnPast
        For each output, the feature that holds its past, and its units.
    level_ : ndarray of shape (n_outputs,)
        Median of y, the forecast of windows in which nothing was observed.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.

    See Also
    --------
    SeasonalNaive : The same with a season.

    Examples
    --------
    >>> from sklstm import Persistence
    >>> from sklstm.datasets import load_airline
    >>> X, y = load_airline(return_X_y=True)
    >>> Persistence().fit(X, y).predict(X[:3])
    array([112., 118., 132.])
    """

    _parameter_constraints = TARGET_FEATURE

    def __init__(self, target_feature="auto"):
        self.target_feature = target_feature

    def _forecast(self, windows, past, dilation):
        return last_value(windows, past)


class SeasonalNaive(_OwnPastRegressor):
    """Forecast that the last season comes again: the value one season before the target.

    Where that was not observed, at the start of a series, the last observed value takes its place.

    Parameters
    ----------
    season : int
        Time steps in a season: 12 for months, 7 for days of the week. Windows must be as long.
    target_feature : "auto", str, int or sequence of them, default="auto"
        As for `Persistence`.

    Attributes
    ----------
    pasts_ : list of OwnPast
        For each output, the feature that holds its past, and its units.
    level_ : ndarray of shape (n_outputs,)
        Median of y, the forecast of windows in which nothing was observed.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.

    See Also
    --------
    Persistence : The last value, whatever the season.
    backtest : Holds a forecaster against both.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer, SeasonalNaive
    >>> from sklstm.datasets import load_airline
    >>> X, y = load_airline(return_X_y=True)
    >>> naive = make_pipeline(LagFramer(n_steps=12), SeasonalNaive(season=12)).fit(X, y)
    >>> naive.predict(X)[-1].round()  # December 1960 is forecast by December 1959
    np.float64(405.0)
    """

    _parameter_constraints = TARGET_FEATURE | {"season": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, season, target_feature="auto"):
        self.season = season
        self.target_feature = target_feature

    def _forecast(self, windows, past, dilation):
        who = f"SeasonalNaive(season={self.season})"
        return last_season(windows, past, self.season, dilation=dilation, who=who)
