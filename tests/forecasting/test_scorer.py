"""Scorers for searches over forecasters."""

import pickle

import numpy as np
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, SeriesForecaster, forecast_scorer


@pytest.fixture(scope="module")
def forecaster():
    return SeriesForecaster(make_pipeline(LagFramer(1, flatten=True), LinearRegression()), horizon=2)


@pytest.fixture(scope="module")
def series():
    return np.random.default_rng(0).normal(size=80).cumsum() + 50


@pytest.mark.parametrize("error", ["rmse", "mae", "mape"])
def test_minus_the_error(forecaster, series, error):
    """The score is minus the error of all forecasts whose truth is in the series."""
    fitted = forecaster.fit(series[:60])
    truth, forecasts, _ = fitted.compare(series[60:])
    missed = (truth - forecasts)[~np.isnan(truth)]
    truth = truth[~np.isnan(truth)]
    expected = {
        "rmse": np.sqrt(np.mean(missed**2)),
        "mae": np.mean(np.abs(missed)),
        "mape": 100 * np.mean(np.abs(missed / truth)),
    }
    assert forecast_scorer(error)(fitted, series[60:]) == pytest.approx(-expected[error])


def test_further_than_the_horizon(forecaster, series):
    """steps= looks further ahead, and less far."""
    fitted = forecaster.fit(series[:60])
    near, far = (forecast_scorer("mae", steps=steps)(fitted, series[60:]) for steps in (1, 8))
    assert far < near < 0


def test_in_several_processes(forecaster, series):
    """A scorer can be pickled; in cross-validation it does without y."""
    scorer = pickle.loads(pickle.dumps(forecast_scorer("rmse")))
    assert np.isfinite(cross_val_score(forecaster, series, cv=TimeSeriesSplit(3), scoring=scorer)).all()
    assert repr(scorer) == "forecast_scorer('rmse')"


def test_unknown_error():
    """A mistyped error is offered the right one."""
    assert refused(forecast_scorer, "rsme") == snapshot(
        "forecast_scorer knows no error 'rsme'. Did you mean 'rmse'? It knows 'rmse', 'mae', 'mape', and takes functions of (y_true, y_pred)."
    )
