"""A scorer for searches over forecasters, in the units of the series."""

from collections.abc import Callable

import numpy as np

from sklstm.forecasting._errors import find_errors


class _ForecastScorer:
    """Minus an error of all forecasts whose truth is in the series; picklable, for searches in several processes."""

    def __init__(self, error, steps):
        self.error = error
        self.steps = steps

    def __call__(self, forecaster, series, y=None):
        ((_, error),) = find_errors("forecast_scorer", [self.error]).items()
        truth, forecasts, _ = forecaster.compare(series, self.steps)
        known = ~np.isnan(truth)
        return -float(error(truth[known], forecasts[known]))

    def __repr__(self):
        return f"forecast_scorer({self.error!r})"


def forecast_scorer(error: str | Callable = "rmse", *, steps: int | None = None) -> Callable:
    """What to pass as ``scoring=`` where a search is over forecasters: scikit-learn's own scorers ask for y.

    Parameters
    ----------
    error : {"rmse", "mae", "mape"} or callable, default="rmse"
        What to minimise, in the units of the series; a function takes (y_true, y_pred), two arrays of one axis.
    steps : int, optional
        How many steps ahead to look; by default as many as the forecaster's horizon.

    Returns
    -------
    scorer : callable
        ``scorer(forecaster, series)`` returns minus the error: higher is better.

    Raises
    ------
    ValueError
        If the name is unknown.

    See Also
    --------
    backtest : Several errors of one forecaster, beside those of the baselines.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    >>> from sklstm import SeriesForecaster, forecast_scorer
    >>> from sklstm.datasets import load_airline
    >>> search = GridSearchCV(
    ...     SeriesForecaster(horizon=3, epochs=2, random_state=0),
    ...     {"n_steps": [12, 24], "difference": [None, (1, 12)]},
    ...     cv=TimeSeriesSplit(2),
    ...     scoring=forecast_scorer("rmse"),
    ... ).fit(load_airline().data)
    >>> search.best_params_["difference"]
    (1, 12)
    """
    find_errors("forecast_scorer", [error])
    return _ForecastScorer(error, steps)
