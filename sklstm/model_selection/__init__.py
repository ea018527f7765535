"""Splitters for scikit-learn's searches. They load no Keras."""

from sklstm.model_selection._panel_split import PanelTimeSeriesSplit

__all__ = ["PanelTimeSeriesSplit"]
