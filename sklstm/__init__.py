"""LSTMs for scikit-learn users: stock Pipeline, stock GridSearchCV, original units.

The main names are here, and each is loaded when it is first asked for: importing sklstm loads neither
TensorFlow nor Keras.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

_HOMES = {
    "SeriesScaler": "sklstm.preprocessing",
    "Differencer": "sklstm.preprocessing",
    "ForwardFill": "sklstm.preprocessing",
    "LagFramer": "sklstm.preprocessing",
    "SequenceEncoder": "sklstm.preprocessing",
    "SequencePadder": "sklstm.preprocessing",
    "To3D": "sklstm.preprocessing",
    "series_to_supervised": "sklstm.preprocessing",
    "make_supervised": "sklstm.preprocessing",
    "Architecture": "sklstm.estimators",
    "CNNLSTM": "sklstm.estimators",
    "LSTMFCN": "sklstm.estimators",
    "KerasClassifier": "sklstm.estimators",
    "KerasRegressor": "sklstm.estimators",
    "LSTMAutoencoder": "sklstm.estimators",
    "LSTMClassifier": "sklstm.estimators",
    "LSTMRegressor": "sklstm.estimators",
    "TrainingPlan": "sklstm.estimators",
    "ForecastDisplay": "sklstm.inspection",
    "ResidualDisplay": "sklstm.inspection",
    "SearchDisplay": "sklstm.inspection",
    "TrainingHistoryDisplay": "sklstm.inspection",
    "check_no_leakage": "sklstm.inspection",
    "describe_series": "sklstm.inspection",
    "suggest_time_steps": "sklstm.inspection",
    "PanelTimeSeriesSplit": "sklstm.model_selection",
    "TimeTail": "sklstm.model_selection",
    "OnlinePredictor": "sklstm.online",
    "load": "sklstm.persistence",
    "save": "sklstm.persistence",
    "LagRegressor": "sklstm.forecasting",
    "Persistence": "sklstm.forecasting",
    "SeasonalNaive": "sklstm.forecasting",
    "SeriesForecaster": "sklstm.forecasting",
    "backtest": "sklstm.forecasting",
    "coverage_score": "sklstm.forecasting",
    "forecast_scorer": "sklstm.forecasting",
    "interval_score": "sklstm.forecasting",
    "make_forecast_pipeline": "sklstm.forecasting",
    "mean_absolute_scaled_error": "sklstm.forecasting",
    "pinball_loss": "sklstm.forecasting",
    "Windows": "sklstm._windows",
    "ColdStartWarning": "sklstm._warnings",
    "UnseenRangeWarning": "sklstm._warnings",
}

__all__ = sorted(_HOMES)
__version__ = version("sklstm")

if TYPE_CHECKING:
    from sklstm._warnings import ColdStartWarning as ColdStartWarning
    from sklstm._warnings import UnseenRangeWarning as UnseenRangeWarning
    from sklstm._windows import Windows as Windows
    from sklstm.estimators import CNNLSTM as CNNLSTM
    from sklstm.estimators import LSTMFCN as LSTMFCN
    from sklstm.estimators import Architecture as Architecture
    from sklstm.estimators import KerasClassifier as KerasClassifier
    from sklstm.estimators import KerasRegressor as KerasRegressor
    from sklstm.estimators import LSTMAutoencoder as LSTMAutoencoder
    from sklstm.estimators import LSTMClassifier as LSTMClassifier
    from sklstm.estimators import LSTMRegressor as LSTMRegressor
    from sklstm.estimators import TrainingPlan as TrainingPlan
    from sklstm.forecasting import LagRegressor as LagRegressor
    from sklstm.forecasting import Persistence as Persistence
    from sklstm.forecasting import SeasonalNaive as SeasonalNaive
    from sklstm.forecasting import SeriesForecaster as SeriesForecaster
    from sklstm.forecasting import backtest as backtest
    from sklstm.forecasting import coverage_score as coverage_score
    from sklstm.forecasting import forecast_scorer as forecast_scorer
    from sklstm.forecasting import interval_score as interval_score
    from sklstm.forecasting import make_forecast_pipeline as make_forecast_pipeline
    from sklstm.forecasting import mean_absolute_scaled_error as mean_absolute_scaled_error
    from sklstm.forecasting import pinball_loss as pinball_loss
    from sklstm.inspection import ForecastDisplay as ForecastDisplay
    from sklstm.inspection import ResidualDisplay as ResidualDisplay
    from sklstm.inspection import SearchDisplay as SearchDisplay
    from sklstm.inspection import TrainingHistoryDisplay as TrainingHistoryDisplay
    from sklstm.inspection import check_no_leakage as check_no_leakage
    from sklstm.inspection import describe_series as describe_series
    from sklstm.inspection import suggest_time_steps as suggest_time_steps
    from sklstm.model_selection import PanelTimeSeriesSplit as PanelTimeSeriesSplit
    from sklstm.model_selection import TimeTail as TimeTail
    from sklstm.online import OnlinePredictor as OnlinePredictor
    from sklstm.persistence import load as load
    from sklstm.persistence import save as save
    from sklstm.preprocessing import Differencer as Differencer
    from sklstm.preprocessing import ForwardFill as ForwardFill
    from sklstm.preprocessing import LagFramer as LagFramer
    from sklstm.preprocessing import SequenceEncoder as SequenceEncoder
    from sklstm.preprocessing import SequencePadder as SequencePadder
    from sklstm.preprocessing import SeriesScaler as SeriesScaler
    from sklstm.preprocessing import To3D as To3D
    from sklstm.preprocessing import make_supervised as make_supervised
    from sklstm.preprocessing import series_to_supervised as series_to_supervised
else:
    # Unseen by type checkers, which would else believe in any name.
    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'sklstm' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return [*globals(), *__all__]
