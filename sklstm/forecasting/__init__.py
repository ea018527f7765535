"""Forecasts of a series, and what they have to beat."""

from sklstm.forecasting._backtest import Backtest, backtest
from sklstm.forecasting._baselines import Persistence, SeasonalNaive
from sklstm.forecasting._forecaster import SeriesForecaster
from sklstm.forecasting._lag_regressor import LagRegressor
from sklstm.forecasting._make_forecast_pipeline import make_forecast_pipeline
from sklstm.forecasting._metrics import (
    coverage_score,
    interval_score,
    mean_absolute_scaled_error,
    pinball_loss,
)
from sklstm.forecasting._scorer import forecast_scorer

__all__ = [
    "Backtest",
    "LagRegressor",
    "Persistence",
    "SeasonalNaive",
    "SeriesForecaster",
    "backtest",
    "coverage_score",
    "forecast_scorer",
    "interval_score",
    "make_forecast_pipeline",
    "mean_absolute_scaled_error",
    "pinball_loss",
]
