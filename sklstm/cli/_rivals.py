"""What a tuned LSTM has to beat: no change at all, the last season once more, and Ridge on the same windows."""

import numpy as np
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline

from sklstm import LagFramer, Persistence, SeasonalNaive, SeriesScaler


class Rival:
    """A model with a name, and its RMSE on each fold.

    Parameters
    ----------
    name : str
        What it is called in tables.
    model : Pipeline
        Not fitted.
    """

    def __init__(self, name, model):
        self.name = name
        self.model = model

    def cross_validate(self, X, y, cv):
        """Fit and score on each fold; the scores stay with the rival as `fold_scores`."""
        self.fold_scores = np.array(
            [
                root_mean_squared_error(y.iloc[test], self.fit(X.iloc[train], y.iloc[train]).predict(X.iloc[test]))
                for train, test in cv.split(X)
            ]
        )
        return self

    def fit(self, X, y):
        """A fitted copy of the model."""
        model = clone(self.model)
        if "ridge" not in model.named_steps:
            return model.fit(X, y)
        # Lags before the start of the series are filled in, so that no row is lost, but teach Ridge nothing.
        lags = clone(model["frame"]).fit_transform(X)
        return model.fit(X, y, ridge__sample_weight=lags.notna().all(axis=1).astype(float))


def find_rivals(X, y, cv, *, time_steps, season):
    """All rivals, cross-validated; of Ridge the one with the best look-back, as of the LSTM.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)
        Series table to train on.
    y : Series of shape (n_rows,)
        What follows each row.
    cv : splitter
        The folds that the LSTM is tuned on.
    time_steps : list of int
        Look-backs for Ridge.
    season : int or None
        Rows in a season, where there is one.

    Returns
    -------
    rivals : list of Rival
        The last is persistence.
    """
    ridges = [
        Rival(f"Ridge on {n_steps} time steps", _ridge(n_steps)).cross_validate(X, y, cv) for n_steps in time_steps
    ]
    rivals = [min(ridges, key=lambda ridge: ridge.fold_scores.mean())]
    shortest = min(len(train) for train, _ in cv.split(X))
    if season and season <= shortest:
        naive = Pipeline([("frame", LagFramer(n_steps=season)), ("naive", SeasonalNaive(season))])
        rivals.append(Rival(f"seasonal naive ({season})", naive).cross_validate(X, y, cv))
    persistence = Pipeline([("frame", LagFramer(n_steps=1)), ("naive", Persistence())])
    return [*rivals, Rival("persistence", persistence).cross_validate(X, y, cv)]


def _ridge(n_steps):
    return Pipeline(
        [
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps=n_steps, flatten=True)),
            ("fill", SimpleImputer()),
            ("ridge", RidgeCV(alphas=np.logspace(-3, 3, 13))),
        ]
    )
