import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.base import clone, is_regressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sklstm import LagFramer, Persistence, SeasonalNaive, SeriesScaler, To3D
from sklstm.preprocessing import make_supervised


def test_airline_figures(airline):
    """On the last third of the airline series, persistence errs by 48.0 and seasonal naive by 41.9."""
    X, y = airline
    naive = make_pipeline(LagFramer(n_steps=12), SeasonalNaive(season=12))
    for model, expected in ((Persistence(), 48.0), (naive, 41.9)):
        predicted = model.fit(X[:-48], y[:-48]).predict(X[-48:])
        assert_allclose(root_mean_squared_error(y[-48:], predicted), expected, atol=0.06)


@pytest.mark.parametrize("scaler", [SeriesScaler("minmax"), SeriesScaler("standard"), "passthrough"])
def test_at_the_end_of_any_pipeline(airline, scaler):
    """Whatever scales and frames X, the forecast is in the units of y."""
    X, y = airline
    model = make_pipeline(scaler, LagFramer(n_steps=12), To3D(), Persistence()).fit(X, y)
    assert_allclose(model.predict(X), X["passengers"])
    model = make_pipeline(scaler, LagFramer(n_steps=24), SeasonalNaive(12)).fit(X, y)
    assert_allclose(model.predict(X)[11:], X["passengers"][:-11])


@pytest.mark.parametrize("season", [1, 3, 4])
def test_seasonal_naive_against_pandas_shift(season):
    """Each horizon is forecast by the newest value that lies whole seasons before it."""
    series = pd.Series(np.random.default_rng(0).normal(size=60))
    X, y = make_supervised(series, horizon=5)
    predicted = make_pipeline(LagFramer(season), SeasonalNaive(season)).fit(X, y).predict(X)
    for k in range(5):
        seasons_back = -(-(k + 1) // season) * season
        expected = series.shift(seasons_back - (k + 1))[: len(X)]
        assert_allclose(predicted[season:, k], expected[season:])


def test_where_there_is_no_season_yet(airline):
    """The last observed value takes the place of a season that was not observed."""
    X, y = airline
    predicted = make_pipeline(LagFramer(12), SeasonalNaive(12)).fit(X, y).predict(X)
    assert_allclose(predicted[:11], X["passengers"][:11])


def test_a_window_that_shows_nothing():
    """Where nothing was observed the usual level is forecast, in the units of y; a constant series by itself."""
    series = np.random.default_rng(0).normal(550, 9, size=40)
    gap = series.copy()
    gap[20] = np.nan
    model = make_pipeline(SeriesScaler("standard"), LagFramer(1), Persistence()).fit(gap[:-1, None], series[1:])
    assert_allclose(model.predict(gap[:-1, None])[20], np.median(series[1:]))
    constant = np.full(20, 7.0)
    assert_allclose(Persistence().fit(constant[:-1, None], constant[1:]).predict(constant[:3, None]), 7)


def test_several_features(waves):
    """Of several features target_feature says which one holds the target's past."""
    X, y = waves
    assert_allclose(Persistence(target_feature=0).fit(X, y).predict(X)[1:], y[:-1])


def test_scikit_learn_citizens(airline):
    """A baseline is a regressor, clones, and scores in cross-validation."""
    X, y = airline
    naive = make_pipeline(LagFramer(12), SeasonalNaive(12))
    assert is_regressor(naive)
    assert clone(SeasonalNaive(7)).season == 7
    assert np.isfinite(cross_val_score(naive, X, y, cv=TimeSeriesSplit(3))).all()


def test_windows_shorter_than_the_season(airline):
    """Windows that do not reach back a season are refused."""
    X, y = airline
    model = make_pipeline(LagFramer(6), SeasonalNaive(12)).fit(X, y)
    assert refused(model.predict, X) == snapshot(
        "SeasonalNaive(season=12) needs windows of at least 12 time steps, got 6. Put LagFramer(n_steps=12) before it."
    )


def test_no_own_past():
    """A target that does not lie on a line of its feature is refused."""
    rng = np.random.default_rng(0)
    assert refused(Persistence(0).fit, rng.normal(size=(30, 4, 2)), rng.normal(size=30)) == snapshot(
        "Persistence needs the target's own past, but y does not lie on a line of feature 0 at any of 1 to 400 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or forecast something else."
    )


def test_scikit_learn_checks_that_need_no_own_past():
    """Of scikit-learn's checks only those fail that draw X and y at random, for the reason just tested."""
    for result in check_estimator(Persistence(), on_fail=None, on_skip=None):
        if result["status"] == "failed":
            cause = result["exception"]
            told = f"{cause} {cause.__cause__} {cause.__context__}"
            assert "needs the target's own past" in told, (result["check_name"], cause)
