import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sklstm import LagFramer, LagRegressor, OnlinePredictor, SeriesForecaster, series_to_supervised
from sklstm.datasets import load_airline
from sklstm.preprocessing import make_supervised


@pytest.fixture(scope="module")
def lags():
    """The airline's lags as pandas shifts them, the first ones missing, and what follows."""
    table = series_to_supervised(load_airline().data["passengers"], n_in=12, dropnan=False)
    return table.iloc[:, :-1], table.iloc[:, -1]


def test_ridge_on_the_lags_that_pandas_makes(airline, lags):
    """It is scikit-learn's ridge regression on the complete windows."""
    X, y = airline
    table, following = lags
    classic = RidgeCV(alphas=np.logspace(-3, 3, 13)).fit(table[12:].to_numpy(), following[12:])
    model = make_pipeline(LagFramer(12), LagRegressor()).fit(X, y)
    assert_allclose(model.predict(X)[11:], classic.predict(table[12:].to_numpy()))
    assert_allclose(LagRegressor().fit(table, following).predict(table[12:]), model.predict(X)[11:])


def test_airline_figures(airline):
    """On the last third of the airline series it errs by far less than persistence."""
    X, y = airline
    predicted = make_pipeline(LagFramer(12), LagRegressor()).fit(X[:-48], y[:-48]).predict(X[-48:])
    assert_allclose(root_mean_squared_error(y[-48:], predicted), 21.2, atol=0.06)


def test_what_was_not_observed_is_at_its_mean(lags):
    """A window that shows nothing is predicted as the one of all means."""
    table, following = lags
    model = LagRegressor().fit(table, following)
    nothing, usual = table[:1] * np.nan, table.mean().to_frame().T
    assert_allclose(model.predict(nothing), model.predict(usual))


def test_too_few_complete_windows(lags):
    """Where nearly all windows are incomplete, these are learned from."""
    table, following = lags
    assert np.isfinite(LagRegressor().fit(table[1:5], following[1:5]).predict(table[1:5])).all()


@pytest.mark.parametrize("horizon", [1, 3])
def test_any_regressor(airline, horizon):
    """Its parameters are searched, and y may hold several values."""
    X, y = make_supervised(airline[0], horizon=horizon)
    model = make_pipeline(LagFramer(12), LagRegressor(Ridge()))
    search = GridSearchCV(model, {"lagregressor__regressor__alpha": [1e-3, 1e6]}, cv=TimeSeriesSplit(3)).fit(X, y)
    assert search.best_params_ == {"lagregressor__regressor__alpha": 1e-3}
    assert search.predict(X).shape == np.shape(y)


def test_targets_of_three_axes(waves):
    """Outputs for time steps come back as they went in."""
    X, _ = waves
    predicted = LagRegressor(LinearRegression()).fit(X, np.nan_to_num(X)).predict(X)
    assert predicted.shape == X.shape
    assert_allclose(predicted[5:], X[5:], atol=1e-9)


def test_static_and_known_ahead():
    """A feature that has one value for a sample has one column, that of its last time step."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sales": rng.normal(size=60), "size": 3.0, "holiday": rng.integers(0, 2, 60)})
    framer = LagFramer(4, static=["size"], future=["holiday"], horizon=2)
    windows, in_two_rows = framer.fit_transform(table)[:-2], table["holiday"][2:]
    model = LagRegressor(LinearRegression()).fit(windows, in_two_rows)
    assert model.regressor_.n_features_in_ == 4 * 2 + 1 + 2
    assert_allclose(model.predict(windows)[3:], in_two_rows[3:], atol=1e-9)


def test_weights(lags):
    """A weight of two is a sample that is there twice."""
    table, following = (part[12:] for part in lags)
    weights = np.r_[np.ones(60), np.full(len(table) - 60, 2.0)]
    weighed = LagRegressor(Ridge()).fit(table, following, sample_weight=weights)
    twice = LagRegressor(Ridge()).fit(pd.concat([table, table[60:]]), pd.concat([following, following[60:]]))
    assert_allclose(weighed.predict(table), twice.predict(table))


def test_in_a_forecaster_and_online(airline):
    """It forecasts, beyond its horizon too, and one observation at a time."""
    X, y = airline
    model = make_pipeline(LagFramer(12), LagRegressor())
    forecaster = SeriesForecaster(model, horizon=2).fit(X)
    assert np.isfinite(forecaster.forecast(6)).all(axis=None)
    fitted = model.fit(X[:100], y[:100])
    online = OnlinePredictor(fitted, warm=True)
    assert_allclose(online.update_many(X[100:105]), fitted.predict(X[100:105]))


def test_other_windows(waves):
    """Windows of another length are refused."""
    X, y = waves
    assert refused(LagRegressor().fit(X, y).predict, X[:, 1:]) == snapshot(
        "LagRegressor was fitted on windows of 6 time steps, and has a column for each; got 5. Pass windows of the "
        "same length."
    )


def test_scikit_learn_checks():
    """A good citizen; RidgeCV, its default, takes a weight of two for another thing than a sample twice."""
    check_estimator(
        LagRegressor(),
        expected_failed_checks={
            "check_sample_weight_equivalence_on_dense_data": "RidgeCV leaves out weighed samples one at a time"
        },
        on_skip=None,
    )
