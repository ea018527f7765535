"""Forecasts of a series, and what they have to beat."""

from sklstm.forecasting._baselines import Persistence, SeasonalNaive

__all__ = ["Persistence", "SeasonalNaive"]
