"""Series and pipelines that the tests of check_no_leakage look at."""

import numpy as np
import pandas as pd
import pytest
from refusal import refused
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, LSTMRegressor, make_supervised
from sklstm.datasets import load_airline, load_seattle_weather, load_sunspots
from sklstm.inspection import LeakageError, check_no_leakage

AIRLINE, PASSENGERS = load_airline(return_X_y=True)
SUNSPOTS, SPOTS = load_sunspots(return_X_y=True)
WEATHER, HIGHS = load_seattle_weather(return_X_y=True)
WEATHER = WEATHER[["temp_max", "wind"]]
DAYS = load_seattle_weather()
HOLES = AIRLINE.astype(float).mask(np.arange(143)[:, None] % 19 == 5)
QUARTER = make_supervised(load_airline().data, horizon=3)
PLACES = pd.concat(
    [pd.DataFrame({"place": k, "date": DAYS.data.index, "value": DAYS.data[k]})[:400] for k in ("temp_max", "wind")],
    ignore_index=True,
)
PANEL, FOLLOWING = make_supervised(PLACES, target="value", group="place", time="date")
KEYS = {"group": "place", "time": "date"}


def lstm(**params):
    return LSTMRegressor(units=2, epochs=1, **params)


def ending(*steps):
    """These steps, then windows and a network."""
    return make_pipeline(*steps, LagFramer(n_steps=5), lstm())


def table_of_lags(*steps):
    """Lags as columns, these steps, then Ridge."""
    return make_pipeline(LagFramer(n_steps=5, flatten=True), *steps, SimpleImputer(), Ridge())


def named(**steps):
    return Pipeline([*steps.items(), ("frame", LagFramer(n_steps=5)), ("lstm", lstm())])


def last_third(X):
    """One fold, which is tested on the last third of the rows: enough where folds are not the point."""
    cut = len(X) * 2 // 3
    return [(range(cut), range(cut, len(X)))]


def leaks_of(*args, **params):
    """Step, column and kind of what leaks."""
    with pytest.raises(LeakageError) as caught:
        check_no_leakage(*args, **params)
    return [leak[:3] for leak in caught.value.leaks]


def message_of(*args):
    """The whole message about what leaks."""
    return refused(check_no_leakage, *args, error=LeakageError)


def minmax(table):
    return (table - table.min()) / (table.max() - table.min())


def standardised(table, ddof=0):
    return (table - table.mean()) / table.std(ddof=ddof)


HOLIDAYS = WEATHER.assign(holiday=(np.arange(1460) % 7 == 0) * 1.0)
GAPS = WEATHER.copy()
GAPS.iloc[3::37] = np.nan
LOOKING_AHEAD = {
    "centred mean": (lambda X: X.rolling(3, center=True, min_periods=1).mean(), WEATHER),
    "bfill": (lambda X: X.bfill(), GAPS),
    "interpolation": (lambda X: X.interpolate(), GAPS),
    "mean of what came": (lambda X: X - X.mean(), WEATHER),
    "largest of what came": (lambda X: X / X.max(), WEATHER),
    "shifted": (lambda X: X.shift(-1).ffill(), WEATHER),
}
