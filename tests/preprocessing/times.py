"""Helpers that see in windows and forecasts which rows follow each other."""

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, SeriesForecaster


def series_of(index):
    """Return a series whose values count its rows."""
    return pd.Series(np.arange(float(len(index))), index, name="y")


def holes(index, max_gap=None):
    """Return positions of the rows whose window does not reach back to the row before them."""
    lags = LagFramer(2, flatten=True, max_gap=max_gap).fit_transform(series_of(index))
    return (1 + np.flatnonzero(lags["y(t-1)"].iloc[1:].isna())).tolist()


def follows(fitted, new, max_gap=None):
    """Return whether the window of the first new row reaches back into the fitted rows."""
    framer = LagFramer(2, flatten=True, max_gap=max_gap).fit(series_of(fitted))
    return bool(framer.transform(series_of(new))["y(t-1)"].notna().iloc[0])


def fitted_forecaster(index):
    """Return a fast forecaster that has learned the times of the rows."""
    return SeriesForecaster(make_pipeline(DummyRegressor())).fit(series_of(index))


def times_ahead(index, n_times):
    """Return the times of a forecast after the last row."""
    return fitted_forecaster(index).forecast(n_times).index.tolist()
