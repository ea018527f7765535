"""SeriesForecaster with many columns and many series, and what is known ahead of them."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags, linear, panel_forecaster, small
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sizes import N_TIMESTEPS, UNITS
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import (
    LagFramer,
    LagRegressor,
    OnlinePredictor,
    SeriesForecaster,
    UnseenRangeWarning,
    make_forecast_pipeline,
)
from sklstm.datasets import load_airline


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"]


# --- many columns, many series --------------------------------------------------------------------


@pytest.fixture(scope="module")
def stores():
    """Two stores of different levels, with a holiday that is known ahead and adds to the sales."""
    t = np.arange(60)
    holiday = (t % 7 == 0).astype(float)
    parts = [
        pd.DataFrame(
            {"store": store, "day": pd.date_range("2026-01-01", periods=60), "sales": level * (3 + np.sin(t) + holiday)}
        ).assign(holiday=holiday, size=size)
        for store, level, size in [("A", 1.0, 10.0), ("B", 100.0, 30.0)]
    ]
    return pd.concat(parts).sample(frac=1, random_state=0).sort_values("day", kind="stable").reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted(stores):
    """A network that knows the rows before 25 February."""
    known = {"static": ["size"], "future": ["holiday"]}
    pipeline = make_forecast_pipeline(
        n_steps=N_TIMESTEPS, units=UNITS, epochs=20, learning_rate=0.02, random_state=0, **known
    )
    forecaster = SeriesForecaster(pipeline, horizon=3, target="sales", group="store", time="day")
    return forecaster.fit(stores[stores.day < "2026-02-25"])


def test_panel(stores, fitted):
    """Series of a panel are forecast side by side, each from its own end, with what is known ahead."""
    forecast = fitted.forecast(future=stores)
    assert forecast.columns.tolist() == ["store", "day", "sales"]
    for _, days in forecast.groupby("store")["day"]:
        assert days.tolist() == pd.date_range("2026-02-25", periods=3).tolist()
    means = forecast.groupby("store")["sales"].mean()
    assert 10 < means["B"] / means["A"] < 1000


def test_panel_rows_that_follow(stores, fitted):
    """Each series goes on from its own fitted rows."""
    late = stores[stores.day >= "2026-02-25"]
    with pytest.warns(UserWarning, match="forecasts 6 of .* rows with the last known value of 'holiday' repeated"):
        whole, following = fitted.predict(stores), fitted.predict(late)
    assert whole.shape == (len(stores), 3)
    np.testing.assert_allclose(following, whole.loc[late.index], rtol=1e-5)


AHEAD = {"static": ["size"], "future": ["holiday"], "horizon": 2}


def test_panel_with_levels(stores):
    """Group and time may be levels of the index, and stay there."""
    levels = stores.set_index(["store", "day"])
    forecaster = lags(3, horizon=2, target="sales", group="store", time="day", framer=AHEAD).fit(levels)
    later = stores.assign(day=stores.day + pd.Timedelta("59D")).set_index(["store", "day"])
    forecast = forecaster.forecast(future=later)
    assert forecast.index.names == ["store", "day"]
    assert forecast.columns.tolist() == ["sales"]
    assert len(forecast) == 4


@pytest.fixture(scope="module")
def one(stores):
    """The sales of a store by days, with its holidays: a forecaster of all but the last ten, and these ten."""
    table = stores[stores.store == "A"].set_index("day")[["sales", "holiday"]]
    forecaster = lags(4, target="sales", framer={"future": ["holiday"]}).fit(table[:-10])
    return forecaster, table[-10:].drop(columns="sales")


def test_what_is_known_ahead_counts(one):
    """A holiday adds to the sales of its own day, beyond the horizon, too."""
    forecaster, ahead = one
    usual, none = (forecaster.forecast(10, future=future)["sales"] for future in (ahead, 0 * ahead))
    assert ahead["holiday"].tolist().index(1) == 6
    np.testing.assert_allclose((usual - none)[:7], [0, 0, 0, 0, 0, 0, 1], atol=0.3)


def test_the_known_future_does_not_reach_back(one):
    """The first eight days do not depend on what is known of the ninth."""
    forecaster, ahead = one
    later = ahead.copy()
    later.iloc[8:] = 1 - later.iloc[8:]
    usual, other = (forecaster.forecast(10, future=future)["sales"] for future in (ahead, later))
    np.testing.assert_allclose(other[:8], usual[:8], rtol=1e-6)
    assert not np.isclose(other.iloc[8], usual.iloc[8])


def test_differences_beside_what_is_known_ahead(stores):
    """The calendar is known where the target has no difference, too: at the start, in a gap and at the end."""
    one = stores[stores.store == "B"].set_index("day")[["sales", "size", "holiday"]]
    one["sales"] += 5 * np.arange(60)
    known = one[:-3].copy()
    known.loc[known.index[[30, 31, 56]], "sales"] = np.nan
    forecaster = small(horizon=3, target="sales", static=["size"], future=["holiday"], difference=(1, 7))
    forecast = forecaster.fit(known).forecast(future=one)["sales"]
    assert forecaster.pipeline_["difference"].keep == ["size", "holiday"]
    # What is left after both differences is small: the last season and the trend say most.
    assert np.abs(forecast - one["sales"][-3:]).max() < 250
    online = OnlinePredictor(forecaster, warm=True)
    ahead = [*one["holiday"][-2:].tolist(), 0.0]
    updated = online.update(one.iloc[-3].to_dict(), ahead=ahead)
    plan = pd.DataFrame({"holiday": ahead}, index=pd.date_range(one.index[-2], periods=3))
    np.testing.assert_allclose(updated, forecaster.update(one[-3:-2]).forecast(future=plan)["sales"], rtol=1e-5)


def test_several_columns(airline):
    """Other columns are read, and the target is named."""
    table = airline.to_frame().assign(month=airline.index.month.astype(float))
    forecaster = SeriesForecaster(linear(), horizon=3, target="passengers").fit(table)
    assert forecaster.predict(table).shape == (144, 3)
    assert forecaster.forecast().shape == (3, 1)
    # In another order they are the same.
    np.testing.assert_allclose(forecaster.predict(table[["month", "passengers"]]), forecaster.predict(table))


def test_a_new_series(stores):
    """Where all series are in one scale a new one begins with update."""
    early = stores[stores.day < "2026-02-25"]
    known, new = early[early.store == "A"], early[early.store == "B"]
    forecaster = panel_forecaster(horizon=3, scaling=None).fit(known).update(new)
    with pytest.warns(UnseenRangeWarning, match="feature 'size' up to 30, and was trained on values from 10 to 10"):
        assert forecaster.forecast(future=stores)["store"].unique().tolist() == ["A", "B"]


# --- refusals -------------------------------------------------------------------------------------


def test_a_new_series_without_a_scale(stores, fitted):
    """A new series is refused where each is scaled by itself, and nothing is lost."""
    new = stores[stores.store == "B"].assign(store="C")
    before = fitted.forecast(future=stores)
    assert refused(fitted.update, new) == snapshot(
        "SeriesForecaster got the series 'C', which was not in fit: each series is scaled by itself, and the scale of this one is not known. Fit again with its rows, or pass scaling=None, which leaves all series in their own units."
    )
    pd.testing.assert_frame_equal(fitted.forecast(future=stores), before)


def test_refusals_of_the_future(stores, fitted):
    """What has to be known ahead is asked for by name and time."""
    assert refused(fitted.forecast) == snapshot(
        "SeriesForecaster.forecast needs what is known ahead of 'holiday': pass future=, a table with this column at the times to come."
    )
    assert refused(fitted.forecast, future=stores.drop(columns="holiday")) == snapshot(
        "SeriesForecaster.forecast expects future= to have the columns ['holiday'], got ['store', 'day', 'sales', 'size']. Add 'holiday'."
    )
    first = fitted.context_["store"].iloc[0]
    message = refused(fitted.forecast, 8, future=stores)
    assert message.replace(f"{first!r}", "STORE") == snapshot(
        "SeriesForecaster.forecast expects future= to hold 9 times after 2026-02-24 00:00:00 of STORE, because 3 steps are forecast at once, got 5. Add the missing rows, or forecast fewer steps."
    )


# --- short series, and pipelines without keys -----------------------------------------------------


def shop(name, level, n_rows, slope=0.0):
    """Daily sales with a week in them; all shops end on the same day."""
    days = pd.date_range(end="2024-12-31", periods=n_rows)
    noise = 0.05 * np.random.default_rng(n_rows).standard_normal(n_rows)
    sales = level * (1 + 0.2 * np.sin(2 * np.pi * days.day_of_week / 7) + noise) + slope * np.arange(n_rows)
    return pd.DataFrame({"shop": name, "day": days, "sales": sales})


def test_short_series_beside_long_ones():
    """A short series is forecast at its own level, better than by its last week; one without a target repeats its last value."""
    keys = {"group": "shop", "time": "day", "target": "sales"}
    few = pd.DataFrame({"shop": "few", "day": pd.date_range(end="2024-12-31", periods=3), "sales": [20.0, 21.0, 22.0]})
    panel = pd.concat([shop("a", 100, 500), shop("b", 300, 500), shop("c", 50, 400), shop("new", 100, 60), few])
    fitted = SeriesForecaster(horizon=7, n_steps=28, epochs=20, random_state=0, **keys).fit(panel)
    with pytest.warns(UserWarning, match=r"repeats the last value of 1 series \('few'\)"):
        forecast = fitted.forecast().set_index("shop")["sales"]
    ahead = pd.date_range("2025-01-01", periods=7)
    truth = 100 * (1 + 0.2 * np.sin(2 * np.pi * ahead.day_of_week / 7))
    last_week = panel.loc[panel["shop"] == "new", "sales"].to_numpy()[-7:]
    missed, missed_by_last_week = (np.sqrt(np.mean((values - truth) ** 2)) for values in (forecast["new"], last_week))
    assert missed < missed_by_last_week
    assert_array_equal(forecast["few"], 22)


def test_a_pipeline_without_keys():
    """A forecaster passes its group and time to the steps of a pipeline that name none."""
    panel = pd.concat([shop("a", 10, 40), shop("b", 1000, 40)]).assign(
        shop=lambda table: table["shop"].map({"a": 1, "b": 2})
    )
    keys = {"group": "shop", "time": "day", "target": "sales"}
    with_keys = make_pipeline(LagFramer(7, group="shop", time="day"), LagRegressor())
    expected = SeriesForecaster(with_keys, **keys).fit(panel).forecast()
    pd.testing.assert_frame_equal(
        SeriesForecaster(make_pipeline(LagFramer(7), LagRegressor()), **keys).fit(panel).forecast(), expected
    )


def test_pooled_scale():
    """With pooled=True all series share one scale, and series that were not fitted are forecast, from their level."""
    days = pd.date_range("2026-01-01", periods=60)
    weeks = np.tile([0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0], 10)
    week, following = weeks[:60], weeks[60:67]
    levels = {"a": 10.0, "b": 20.0, "new": 15.0}
    tables = {shop: pd.DataFrame({"shop": shop, "day": days, "y": level + week}) for shop, level in levels.items()}
    keys = {"group": "shop", "time": "day", "target": "y"}
    pipeline = make_forecast_pipeline(n_steps=7, units=4, epochs=60, learning_rate=0.02, pooled=True, random_state=0)
    forecaster = SeriesForecaster(pipeline, horizon=7, **keys)
    forecaster.fit(pd.concat([tables["a"], tables["b"]]))
    assert forecaster.pipeline_["scale"].groups_.size == 0
    forecast = forecaster.forecast(series=tables["new"])
    assert np.abs(forecast["y"].to_numpy() - 15 - following).max() < 1
    by_series = clone(forecaster).set_params(pipeline__scale__pooled=False).fit(pd.concat([tables["a"], tables["b"]]))
    assert "was not in fit" in refused(by_series.forecast, series=tables["new"])
