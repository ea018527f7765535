"""Forecasters that learn in no time, for the tests of SeriesForecaster."""

from sizes import EPOCHS, N_TIMESTEPS, UNITS
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, LagRegressor, SeriesForecaster, SeriesScaler


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


def lags(n_steps=1, *, framer=None, **params):
    """A forecaster by least squares on windows, which are framed by the same group and time."""
    framing = {"group": params.get("group"), "time": params.get("time")} | (framer or {})
    return SeriesForecaster(make_pipeline(LagFramer(n_steps, **framing), LagRegressor(LinearRegression())), **params)


def small(**params):
    return SeriesForecaster(n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0, **params)


def panel_forecaster(**params):
    return small(target="sales", group="store", time="day", static=["size"], future=["holiday"], **params)
