import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit

from sklstm import series_to_supervised
from sklstm.cli._rivals import find_rivals


def test_one_of_each(airline):
    """The best Ridge, the last season and persistence are scored on every fold."""
    X, y = airline
    rivals = find_rivals(X, y, TimeSeriesSplit(3), time_steps=[2, 12], season=12)
    assert [rival.name for rival in rivals] == ["Ridge on 12 time steps", "seasonal naive (12)", "persistence"]
    assert all(rival.fold_scores.shape == (3,) for rival in rivals)


def test_no_season_where_folds_are_shorter(airline):
    """A season longer than the shortest fold, or none, leaves seasonal naive out."""
    X, y = airline
    for season in (None, 100):
        rivals = find_rivals(X, y, TimeSeriesSplit(3), time_steps=[2], season=season)
        assert [rival.name for rival in rivals] == ["Ridge on 2 time steps", "persistence"]


def test_ridge_learns_from_complete_rows_only(airline):
    """Ridge forecasts what it forecasts when it is fitted on a lag table without its incomplete rows."""
    X, y = airline
    (ridge, _) = find_rivals(X[:95], y[:95], TimeSeriesSplit(3), time_steps=[12], season=None)
    forecast = ridge.fit(X[:95], y[:95]).predict(X[95:])

    table = series_to_supervised(X.assign(passengers=X["passengers"].astype(float)), n_in=11)
    table = (table - X[:95].mean().item()) / X[:95].std(ddof=0).item()
    fitted = ridge.fit(X[:95], y[:95])["ridge"]
    # Rows of weight zero move the choice of alpha a little; for the alpha chosen they move nothing.
    classic = Ridge(fitted.alpha_).fit(table[:84], y[11:95])
    np.testing.assert_allclose(forecast, classic.predict(table[84:]), rtol=1e-6)
