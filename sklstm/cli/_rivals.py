"""What a tuned LSTM has to beat: no change at all, the last season once more, and Ridge on the same windows."""

from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline

from sklstm import (
    Differencer,
    LagFramer,
    LagRegressor,
    Persistence,
    SeasonalNaive,
    SeriesForecaster,
    SeriesScaler,
    forecast_scorer,
)


class Rival:
    """A forecaster with a name, and its RMSE on each fold.

    Parameters
    ----------
    name : str
        What it is called in tables.
    forecaster : SeriesForecaster
        Not fitted.
    """

    def __init__(self, name, forecaster, **choices):
        self.name = name
        self.forecaster = forecaster
        self.choices = choices

    def cross_validate(self, series, cv):
        """Fit and score on each fold; the scores stay with the rival as `fold_scores`."""
        scoring = forecast_scorer("rmse")
        self.fold_scores = -cross_val_score(self.forecaster, series, cv=cv, scoring=scoring, error_score="raise")
        return self


def find_rivals(series, target, cv, *, horizon, time_steps, differences, season, future=None):
    """All rivals, cross-validated; of Ridge the one with the best look-back and differences, as of the LSTM.

    Parameters
    ----------
    series : DataFrame of shape (n_rows, n_columns)
        Rows to train on.
    target : str
        The column to forecast.
    cv : splitter
        The folds that the LSTM is tuned on.
    horizon : int
        How many steps ahead.
    time_steps : list of int
        Look-backs for Ridge.
    differences : list of (lags, log)
        What to take from the target first.
    season : int or None
        Rows in a season, where there is one.
    future : list of str, optional
        Columns that are known ahead. Doing nothing takes no notice of them.

    Returns
    -------
    rivals : list of Rival
        The last is persistence.
    """

    def rival(name, *steps, **choices):
        forecaster = SeriesForecaster(Pipeline(list(steps)), horizon=horizon, target=target)
        return Rival(name, forecaster, **choices).cross_validate(series, cv)

    ridges = [
        rival(
            "Ridge",
            ("difference", Differencer(lags, log=log, keep=future)),
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps=n_steps, future=future)),
            ("ridge", LagRegressor()),
            n_steps=n_steps,
            difference=lags,
            log=log,
        )
        for n_steps in time_steps
        for lags, log in differences
    ]
    rivals = [min(ridges, key=lambda ridge: ridge.fold_scores.mean())]
    shortest = min(len(train) for train, _ in cv.split(series))
    if season and season <= shortest - horizon:
        frame = ("frame", LagFramer(n_steps=season))
        rivals.append(rival(f"seasonal naive ({season})", frame, ("naive", SeasonalNaive(season))))
    return [*rivals, rival("persistence", ("frame", LagFramer(n_steps=1)), ("naive", Persistence()))]
