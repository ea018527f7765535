"""Weather of two cities in one panel, and a loop that scales it."""

import numpy as np
import pandas as pd
from sklearn.base import clone

from sklstm import SeriesScaler

NAN = np.nan
DAYS = pd.date_range("2026-01-01", periods=3)
# Rows of two series, mixed, with their keys between the features.
PANEL = pd.DataFrame(
    {
        "rain": [0.0, 5.0, 20.0, 100.0, 10.0, 150.0],
        "city": ["Rome", "Rome", "Rome", "Oslo", "Rome", "Oslo"],
        "day": [*DAYS, *DAYS],
        "temp": [10.0, 20.0, 30.0, -10.0, 40.0, 10.0],
    },
    index=[5, 3, 8, 1, 0, 7],
)
FEATURES, CITIES = PANEL[["rain", "temp"]], PANEL["city"]
KEYS = {"group": "city", "time": "day"}


def by_itself(scaler, features, groups, fitted=None, fitted_groups=None):
    """Naive loop: scale the rows of each group with a scaler that was fitted on that group alone."""
    fitted, fitted_groups = (features, groups) if fitted is None else (fitted, fitted_groups)
    scaled = np.full(np.shape(features), NAN)
    for group in set(groups):
        own = np.array([other == group for other in fitted_groups])
        plain = clone(scaler).fit(np.asarray(fitted)[own])
        rows = np.array([other == group for other in groups])
        scaled[rows] = plain.transform(np.asarray(features)[rows])
    return scaled


SCALER = SeriesScaler(**KEYS).fit(PANEL)
BEYOND = PANEL.assign(temp=[10.0, 20.0, 30.0, 20.0, 40.0, 10.0])
