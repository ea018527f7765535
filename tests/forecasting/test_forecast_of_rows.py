"""SeriesForecaster.forecast(series=): what follows rows that are passed in."""

from copy import deepcopy

import forecasters
import numpy as np
import pandas as pd
import pytest
from forecasters import lags, small
from inline_snapshot import snapshot
from refusal import refused

from sklstm import SeriesForecaster
from sklstm.datasets import load_airline

KEYS = {"group": "shop", "time": "day", "target": "y"}
LEVELS = {"a": 10.0, "b": 100.0, "c": 1000.0}


def shops(n_rows=60, labels=("a", "b", "c"), start="2026-01-01"):
    rng, parts = np.random.default_rng(0), []
    for label in labels:
        y = LEVELS.get(label, 50.0) * (1 + 0.1 * np.sin(np.arange(n_rows)) + 0.02 * rng.normal(size=n_rows))
        days = pd.date_range(start, periods=n_rows)
        parts.append(pd.DataFrame({"shop": label, "day": days, "y": y, "holiday": (days.day_of_week == 6) * 1.0}))
    return pd.concat(parts, ignore_index=True)


def before(table, day):
    return table[table["day"] < day]


def since(table, day):
    return table[table["day"] >= day]


def of(table, *labels):
    return table[table["shop"].isin(labels)].reset_index(drop=True)


@pytest.mark.parametrize(
    ("make", "interval"),
    [
        (lambda: lags(3, horizon=2, **KEYS, framer={"future": ["holiday"], "horizon": 2}), None),
        (lambda: small(horizon=2, **KEYS, future=["holiday"], difference=7), None),
        # An update is not told what is known ahead of its rows, and so measures other residuals.
        (lambda: small(horizon=2, **KEYS, calibration=0.3), 0.5),
    ],
    ids=["lags", "differences", "intervals"],
)
def test_is_update_and_forecast(make, interval):
    """It is what a copy forecasts after an update by these rows; the forecaster stays as it is."""
    table, day = shops(), "2026-02-20"
    ahead = shops(2, start=table["day"].max() + pd.Timedelta(days=1))
    if interval:
        table, ahead = table.drop(columns="holiday"), None
    known, new = before(table, day), since(table, day)
    forecaster = make().fit(known)
    state = deepcopy(forecaster.__dict__)
    found = forecaster.forecast(2, series=of(new, "c", "a"), future=ahead, interval=interval)
    pd.testing.assert_frame_equal(forecaster.context_, state["context_"])
    assert forecaster._steps.steps.tolist() == state["_steps"].steps.tolist()
    if interval:
        np.testing.assert_equal(forecaster.residuals_.scores, state["residuals_"].scores)
    expected = of(deepcopy(forecaster).update(new).forecast(2, future=ahead, interval=interval), "a", "c")
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected, rtol=1e-5)


def test_order_of_series():
    """Series come in the order in which their rows are passed, with those that were not fitted among them."""
    forecaster = lags(2, horizon=2, **KEYS).fit(shops().drop(columns="holiday"))
    rows = shops(10, labels=["new", "c", "a"], start="2026-03-02").drop(columns="holiday")
    found = forecaster.forecast(series=rows)
    assert found["shop"].tolist() == ["new", "new", "c", "c", "a", "a"]
    alone = [forecaster.forecast(series=of(rows, shop)) for shop in ("new", "c", "a")]
    np.testing.assert_allclose(found["y"], pd.concat(alone)["y"])
    assert found["day"].unique().tolist() == list(pd.date_range("2026-03-12", periods=2))


@pytest.mark.parametrize("as_array", [False, True])
def test_single_series(as_array):
    """Rows of one series are enough: all that is known of it is in them."""
    passengers = load_airline().data["passengers"]
    series = passengers.to_numpy() if as_array else passengers
    forecaster = SeriesForecaster(forecasters.linear(12), horizon=3).fit(series[:100])
    found = forecaster.forecast(3, series=series[60:130])
    np.testing.assert_allclose(found.to_numpy()[:, 0], np.asarray(forecaster.predict(series[60:130]))[-1])
    if not as_array:
        assert found.index.tolist() == passengers.index[130:133].tolist()


def test_rows_of_another_step():
    """Rows further apart than those that were fitted raise an error that names this method."""
    forecaster = lags(2, horizon=2, **KEYS).fit(shops().drop(columns="holiday"))
    weekly = of(shops(), "b").drop(columns="holiday").iloc[::7]
    assert refused(forecaster.forecast, series=weekly) == snapshot(
        "SeriesForecaster.forecast expects rows as far apart as those that were fitted, 1 day, got rows of 'b' 7 days apart, from 2026-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves."
    )


def test_levels_in_another_order():
    """The levels of the index may come in another order than in fit."""
    table = shops().drop(columns="holiday").set_index(["shop", "day"])
    known, new = (rows(table.reset_index(), "2026-02-20").set_index(["shop", "day"]) for rows in (before, since))
    forecaster = lags(2, horizon=2, **KEYS).fit(known)
    swapped = new.swaplevel()
    pd.testing.assert_frame_equal(forecaster.forecast(series=swapped).swaplevel(), forecaster.forecast(series=new))
    pd.testing.assert_frame_equal(forecaster.predict(swapped).swaplevel(), forecaster.predict(new))
    pd.testing.assert_frame_equal(
        deepcopy(forecaster).update(swapped).forecast(), deepcopy(forecaster).update(new).forecast()
    )


def test_columns_that_are_numbers():
    """A column that is called by a number keeps its name."""
    table = pd.DataFrame({7: np.arange(30.0), 8: np.arange(30.0) % 5})
    forecast = lags(2, horizon=2, target=7).fit(table).forecast()
    assert forecast.columns.tolist() == [7]
