"""Forecasters that learn in no time, for the tests of SeriesForecaster."""

from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from sklstm import LagFramer, SeriesForecaster, SeriesScaler


def linear(n_steps=3, **framer):
    """A pipeline that learns in no time: lags, and least squares."""
    return Pipeline(
        [
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps, flatten=True, **framer)),
            ("fill", SimpleImputer(keep_empty_features=True).set_output(transform="pandas")),
            ("regress", LinearRegression()),
        ]
    )


def small(**params):
    return SeriesForecaster(n_steps=4, units=4, epochs=2, random_state=0, **params)


def panel_forecaster(**params):
    return small(target="sales", group="store", time="day", static=["size"], future=["holiday"], **params)
