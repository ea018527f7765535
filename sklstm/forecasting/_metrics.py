"""How good forecasts are, in numbers that scikit-learn does not have: against a naive forecast, and of intervals."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import mean_pinball_loss

from sklstm._validation import read_numbers, refuse_text
from sklstm.estimators._quantiles import read_quantiles


def mean_absolute_scaled_error(y_true: ArrayLike, y_pred: ArrayLike, *, y_train: ArrayLike, season: int = 1) -> float:
    """Mean absolute error, in units of what the naive forecast errs by on the training series (MASE).

    The naive forecast says that the value of one season before comes again. Less than 1 is better than it was.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True values. NaN, what is not known, is left out.
    y_pred : array-like of the shape of y_true
        Forecasts.
    y_train : array-like of shape (n_rows,) or (n_rows, n_outputs)
        The series that was trained on, in time order; one for all outputs (steps ahead, say), or a column for each.
        NaN is left out.
    season : int, default=1
        Rows in a season; 1 for the last value.

    Returns
    -------
    error : float
        0 at best. With a scale for each output the mean over all known values, each in units of its own.

    Raises
    ------
    ValueError
        If shapes do not fit, no value is known, a forecast is NaN, or the training series never changes: it has no
        scale then.

    See Also
    --------
    backtest : Reports it of many origins, as "mase".

    References
    ----------
    Hyndman and Koehler, 2006, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22(4).

    Examples
    --------
    >>> from sklstm.forecasting import mean_absolute_scaled_error
    >>> mean_absolute_scaled_error([5.0, 7.0], [6.0, 6.0], y_train=[1.0, 3.0, 5.0])
    0.5

    A constant series has no scale:

    >>> mean_absolute_scaled_error([5.0], [6.0], y_train=[2.0, 2.0, 2.0])
    Traceback (most recent call last):
        ...
    ValueError: mean_absolute_scaled_error divides by what the naive forecast errs by on y_train (season=1), and that
    is 0: the series never changes. Take sklearn.metrics.mean_absolute_error, or a longer y_train.
    """
    who = "mean_absolute_scaled_error"
    y_true = _read_true(who, y_true)
    y_pred = _read_predicted(who, "y_pred", y_pred, y_true.shape)
    scale = _naive_error(who, y_train, season, y_true.shape)
    return float(np.nanmean(np.abs(y_true - y_pred) / scale))


def coverage_score(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of the true values that lie inside their intervals, bounds included.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True values. NaN, what is not known, is left out.
    lower, upper : array-like of the shape of y_true
        Bounds of the intervals.

    Returns
    -------
    coverage : float
        From 0 to 1; near 0.9 for good intervals of 90 %.

    Raises
    ------
    ValueError
        If shapes do not fit, no value is known, a bound is NaN, or a lower bound is above its upper one.

    See Also
    --------
    interval_score : Coverage and width in one number.
    pinball_loss : How good the bounds are as quantiles.

    Examples
    --------
    >>> from sklstm.forecasting import coverage_score
    >>> coverage_score([1.0, 2.0, 3.0, 4.0], lower=[1.0, 1.0, 1.0, 1.0], upper=[3.0, 3.0, 3.0, 3.0])
    0.75
    """
    y_true, lower, upper = _read_intervals("coverage_score", y_true, lower, upper)
    known = ~np.isnan(y_true)
    return float(((lower <= y_true) & (y_true <= upper))[known].mean())


def interval_score(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, coverage: float = 0.9) -> float:
    """Mean interval score: the width of the intervals, plus a penalty for true values outside of them.

    The penalty is the distance from the true value to the interval, times ``2 / (1 - coverage)``. On average the score
    is lowest for the intervals between the true quantiles: intervals that are too narrow pay for what they miss, and
    those that are too wide for their width.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True values. NaN, what is not known, is left out.
    lower, upper : array-like of the shape of y_true
        Bounds of the intervals.
    coverage : float, default=0.9
        Share of the true values that the intervals are to hold.

    Returns
    -------
    score : float
        In the units of y; 0 at best.

    Raises
    ------
    ValueError
        If shapes do not fit, no value is known, a bound is NaN, a lower bound is above its upper one, or the coverage
        is not between 0 and 1.

    See Also
    --------
    coverage_score : Share of values inside their intervals.
    pinball_loss : The same for several quantiles.

    References
    ----------
    Gneiting and Raftery, 2007, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of the American
    Statistical Association 102(477), equation 43.

    Examples
    --------
    Two intervals of width 2, one of which misses its value by 1:

    >>> from sklstm.forecasting import interval_score
    >>> interval_score([2.0, 4.0], lower=[1.0, 1.0], upper=[3.0, 3.0], coverage=0.75)
    6.0
    """
    who = "interval_score"
    if not isinstance(coverage, Real) or not 0 < coverage < 1:
        raise ValueError(f"{who} expects coverage to be a number between 0 and 1, got {coverage!r}. Pass 0.9 for 90 %.")
    y_true, lower, upper = _read_intervals(who, y_true, lower, upper)
    outside = np.maximum(np.maximum(lower - y_true, y_true - upper), 0)
    scores = upper - lower + 2 / (1 - coverage) * outside
    return float(scores[~np.isnan(y_true)].mean())


def pinball_loss(y_true: ArrayLike, y_quantiles: ArrayLike, *, quantiles: ArrayLike) -> float:
    """Mean pinball loss over several quantiles: how good they are together.

    The arithmetic of each quantile is that of `sklearn.metrics.mean_pinball_loss`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True values. NaN, what is not known, is left out.
    y_quantiles : array-like of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
        Predicted quantiles, as `LSTMRegressor.predict_quantiles` gives them.
    quantiles : array-like of shape (n_quantiles,)
        Their levels, strictly between 0 and 1, ascending.

    Returns
    -------
    loss : float
        In the units of y; 0 at best. Of the median alone it is half the mean absolute error.

    Raises
    ------
    ValueError
        If shapes do not fit, no value is known, a quantile is NaN, or the levels are none.

    See Also
    --------
    coverage_score : Share of values inside their intervals.
    LSTMRegressor : Learns quantiles.

    References
    ----------
    Koenker and Bassett, 1978, "Regression Quantiles", Econometrica 46(1).

    Examples
    --------
    >>> from sklstm.forecasting import pinball_loss
    >>> pinball_loss([10.0, 12.0], [[8.0, 10.0], [8.0, 10.0]], quantiles=[0.1, 0.5])
    0.4
    """
    who = "pinball_loss"
    levels = read_quantiles(who, quantiles)
    y_true = _read_true(who, y_true)
    y_quantiles = _read_predicted(who, "y_quantiles", y_quantiles, (*y_true.shape, len(levels)))
    known = ~np.isnan(y_true)
    losses = [mean_pinball_loss(y_true[known], y_quantiles[known][:, k], alpha=q) for k, q in enumerate(levels)]
    return float(np.mean(losses))


def _read_intervals(who, y_true, lower, upper):
    """True values and bounds of their intervals, float64; raises if a lower bound is above its upper one."""
    y_true = _read_true(who, y_true)
    lower = _read_predicted(who, "lower", lower, y_true.shape)
    upper = _read_predicted(who, "upper", upper, y_true.shape)
    above = np.argwhere(lower > upper)
    if len(above):
        first = tuple(above[0])
        raise ValueError(
            f"{who} got a lower bound above its upper one at {_place(first)}: {lower[first]:.6g} and "
            f"{upper[first]:.6g}. Pass the bounds as {who}(y_true, lower, upper)."
        )
    return y_true, lower, upper


def _read_true(who, y_true):
    """True values, float64, of one or two axes; a single column is one value for each sample."""
    y_true = _read(who, "y_true", y_true)
    if y_true.ndim == 2 and y_true.shape[1] == 1:
        y_true = y_true[:, 0]
    if y_true.ndim not in (1, 2):
        raise ValueError(
            f"{who} expects y_true of shape (n_samples,) or (n_samples, n_outputs), got shape {y_true.shape}."
        )
    if np.isnan(y_true).all():
        raise ValueError(
            f"{who} got no known value in y_true of shape {y_true.shape}. Pass rows whose future is known."
        )
    return y_true


def _read_predicted(who, name, predicted, shape):
    """What was predicted, float64, of the shape of what is true."""
    predicted = _read(who, name, predicted)
    given = predicted.shape
    # One column is one value for each sample, whatever axis says so.
    if len(given) == len(shape) + 1 and given[1] == 1:
        predicted = predicted[:, 0]
    if predicted.shape != shape:
        raise ValueError(f"{who} expects {name} of shape {shape} beside this y_true, got shape {given}.")
    missing = np.argwhere(np.isnan(predicted))
    if len(missing):
        raise ValueError(
            f"{who} got NaN in {name} at {_place(missing[0])}. Only y_true may hold NaN, for what is not known: "
            "leave out rows without a forecast."
        )
    return predicted


def _read(who, name, values):
    values = read_numbers(values)
    refuse_text(who, values, name)
    values = np.asarray(values, dtype=np.float64)
    if np.isinf(values).any():
        raise ValueError(f"{who} got inf in {name} at {_place(np.argwhere(np.isinf(values))[0])}.")
    return values


def _naive_error(who, y_train, season, shape):
    """Mean absolute error of the naive forecast on the training series, of each column."""
    if not isinstance(season, Integral) or isinstance(season, bool) or season < 1:
        raise ValueError(f"{who} expects season to be an int of 1 or more, rows in a season, got season={season!r}.")
    y_train = _read(who, "y_train", y_train)
    if y_train.ndim == 2 and y_train.shape[1] == 1:
        y_train = y_train[:, 0]
    if y_train.ndim != 1 and (y_train.ndim != 2 or shape[1:] != y_train.shape[1:]):
        raise ValueError(
            f"{who} expects y_train of shape (n_rows,), one series for all outputs, or with a column for each output "
            f"of y_true of shape {shape}, got shape {y_train.shape}."
        )
    steps = np.abs(y_train[season:] - y_train[:-season])
    if not (~np.isnan(steps)).any(axis=0).all():
        raise ValueError(
            f"{who} needs two known values of y_train that lie season={season} rows apart, in each column, got y_train "
            f"of shape {y_train.shape}. Pass a longer series."
        )
    scale = np.nanmean(steps, axis=0)
    if not np.all(scale > 0):
        raise ValueError(
            f"{who} divides by what the naive forecast errs by on y_train (season={season}), and that is 0: the series "
            "never changes. Take sklearn.metrics.mean_absolute_error, or a longer y_train."
        )
    return scale


def _place(position):
    names = ("row", "column", "quantile")
    return ", ".join(f"{name} {k}" for name, k in zip(names, position, strict=False))
