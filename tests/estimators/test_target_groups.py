"""LSTMRegressor(target_groups="auto"): y is scaled by series where X was."""

import numpy as np
import pandas as pd
import pytest
from builders import perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from sizes import N_TIMESTEPS, UNITS
from sklearn.pipeline import make_pipeline

from sklstm import (
    KerasRegressor,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    make_supervised,
)

KEYS = {"group": "store", "time": "date"}
LEVELS = {"A": 10.0, "B": 300.0, "C": 8000.0}


def stores(n_days=60):
    """Sales of three stores whose levels differ by a factor of 800."""
    t, parts = np.arange(n_days), []
    for seed, (store, level) in enumerate(LEVELS.items()):
        noise = np.random.default_rng(seed).normal(size=n_days)
        sales = level * (1 + 0.3 * np.sin(2 * np.pi * t / 7) + 0.1 * noise)
        parts.append(
            pd.DataFrame({"store": store, "date": pd.date_range("2026-01-01", periods=n_days), "sales": sales})
        )
    return pd.concat(parts).sort_values(["date", "store"]).reset_index(drop=True)


X, Y = make_supervised(stores(), target="sales", **KEYS)


def predictions(scaler, y=Y, X=X, **params):
    lstm = LSTMRegressor(units=UNITS, epochs=3, random_state=0, **params)
    return make_pipeline(scaler, LagFramer(N_TIMESTEPS, **KEYS), lstm).fit(X, y).predict(X)


def by_series(**params):
    return SeriesScaler("standard", **KEYS, **params)


def test_a_scaler_by_series_scales_y_likewise():
    """Without a parameter, y is scaled by series, and the level of each store is met."""
    found = predictions(by_series())
    assert_array_equal(found, predictions(by_series(), target_groups=True))
    for store, level in LEVELS.items():
        assert np.abs(found - Y)[X["store"] == store].mean() < 0.5 * level


@pytest.mark.parametrize("scaler", [by_series(pooled=True), "passthrough"], ids=["pooled", "none"])
def test_series_that_are_scaled_alike(scaler):
    """One scale of X goes with one scale of y."""
    assert_array_equal(predictions(scaler), predictions(scaler, target_groups=False))


def test_another_target():
    """A target that is no later value of a feature tells nothing of its units, and has one scale."""
    y = pd.Series(np.random.default_rng(0).normal(size=len(X)), X.index, name="visitors")
    assert_array_equal(predictions(by_series(), y), predictions(by_series(), y, target_groups=False))


def test_one_series_that_lies_on_no_line():
    """A store whose rows were changed afterwards does not hide the units of the others."""
    y = Y.copy()
    y[X["store"] == "B"] = np.random.default_rng(0).permutation(y[X["store"] == "B"])
    assert_array_equal(predictions(by_series(), y), predictions(by_series(), y, target_groups=True))


def test_a_scaler_with_a_group_in_a_forecaster():
    """A forecaster's own pipeline may name the group in its scaler."""
    lstm = LSTMRegressor(units=UNITS, epochs=3, random_state=0)
    named, short = (
        SeriesForecaster(make_pipeline(scaler, LagFramer(N_TIMESTEPS), lstm), target="sales", **KEYS)
        for scaler in (by_series(), SeriesScaler("standard"))
    )
    forecast = named.fit(stores()).forecast()
    pd.testing.assert_frame_equal(forecast, short.fit(stores()).forecast())


@pytest.mark.parametrize(
    "model",
    [LagRegressor(), KerasRegressor(perceptron, epochs=1, random_state=0)],
    ids=["LagRegressor", "KerasRegressor"],
)
def test_regressors_that_do_not_scale_y_by_series(model):
    """A regressor that cannot scale y by series warns, and names what scales all series alike."""
    framer = LagFramer(N_TIMESTEPS, **KEYS)
    with pytest.warns(UserWarning, match="scaled each by itself") as told:
        make_pipeline(by_series(), framer, SequencePadder(value=-9.0), model).fit(X, Y)
    assert str(told[0].message).replace(type(model).__name__, "MODEL") == snapshot(
        "MODEL got windows of series that are scaled each by itself, and y in the units of each series, to which nothing leads back. Pass SeriesScaler(pooled=True), which scales all series alike, or use LSTMRegressor, which scales y likewise."
    )
    assert len(told) == 1
    make_pipeline(by_series(pooled=True), framer, SequencePadder(value=-9.0), model).fit(X, Y)
