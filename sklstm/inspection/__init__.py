"""Look at a series, a pipeline and what came out of them: checks, choices and pictures. Nothing here loads Keras."""

from sklstm.inspection.displays._forecast_display import ForecastDisplay
from sklstm.inspection.displays._residual_display import ResidualDisplay
from sklstm.inspection.displays._search_display import SearchDisplay
from sklstm.inspection.displays._training_history_display import TrainingHistoryDisplay
from sklstm.inspection.leakage._check import LeakageError, check_no_leakage
from sklstm.inspection.series._describe_series import SeriesReport, describe_series
from sklstm.inspection.series._time_steps import TimeSteps, suggest_time_steps

__all__ = [
    "ForecastDisplay",
    "LeakageError",
    "ResidualDisplay",
    "SearchDisplay",
    "SeriesReport",
    "TimeSteps",
    "TrainingHistoryDisplay",
    "check_no_leakage",
    "describe_series",
    "suggest_time_steps",
]
