"""Look at a series, a pipeline and what came out of them: checks, choices and pictures. Nothing here loads Keras."""

from sklstm.inspection._describe_series import SeriesReport, describe_series
from sklstm.inspection._forecast_display import ForecastDisplay
from sklstm.inspection._leakage import LeakageError, check_no_leakage
from sklstm.inspection._residual_display import ResidualDisplay
from sklstm.inspection._search_display import SearchDisplay
from sklstm.inspection._time_steps import TimeSteps, suggest_time_steps
from sklstm.inspection._training_history_display import TrainingHistoryDisplay

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
