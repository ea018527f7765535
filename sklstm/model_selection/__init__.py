"""Splitters for scikit-learn's searches, and for training. They load no Keras."""

from sklstm.model_selection._panel_split import PanelTimeSeriesSplit
from sklstm.model_selection._time_tail import TimeTail

__all__ = ["PanelTimeSeriesSplit", "TimeTail"]
