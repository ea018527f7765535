"""LSTMs for scikit-learn users: stock Pipeline, stock GridSearchCV, original units.

The main names are here, and each is loaded when it is first asked for: importing sklstm loads neither
TensorFlow nor Keras.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

_HOMES = {
    "SeriesScaler": "sklstm.preprocessing",
    "ForwardFill": "sklstm.preprocessing",
    "LagFramer": "sklstm.preprocessing",
    "SequenceEncoder": "sklstm.preprocessing",
    "SequencePadder": "sklstm.preprocessing",
    "To3D": "sklstm.preprocessing",
    "series_to_supervised": "sklstm.preprocessing",
    "make_supervised": "sklstm.preprocessing",
    "KerasClassifier": "sklstm.estimators",
    "KerasRegressor": "sklstm.estimators",
    "LSTMClassifier": "sklstm.estimators",
    "LSTMRegressor": "sklstm.estimators",
    "PanelTimeSeriesSplit": "sklstm.model_selection",
    "Persistence": "sklstm.forecasting",
    "SeasonalNaive": "sklstm.forecasting",
    "Windows": "sklstm._windows",
}

__all__ = sorted(_HOMES)
__version__ = version("sklstm")

if TYPE_CHECKING:
    from sklstm._windows import Windows as Windows
    from sklstm.estimators import KerasClassifier as KerasClassifier
    from sklstm.estimators import KerasRegressor as KerasRegressor
    from sklstm.estimators import LSTMClassifier as LSTMClassifier
    from sklstm.estimators import LSTMRegressor as LSTMRegressor
    from sklstm.forecasting import Persistence as Persistence
    from sklstm.forecasting import SeasonalNaive as SeasonalNaive
    from sklstm.model_selection import PanelTimeSeriesSplit as PanelTimeSeriesSplit
    from sklstm.preprocessing import ForwardFill as ForwardFill
    from sklstm.preprocessing import LagFramer as LagFramer
    from sklstm.preprocessing import SequenceEncoder as SequenceEncoder
    from sklstm.preprocessing import SequencePadder as SequencePadder
    from sklstm.preprocessing import SeriesScaler as SeriesScaler
    from sklstm.preprocessing import To3D as To3D
    from sklstm.preprocessing import make_supervised as make_supervised
    from sklstm.preprocessing import series_to_supervised as series_to_supervised


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'sklstm' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return [*globals(), *__all__]
