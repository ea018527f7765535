"""SeriesForecaster with many columns and many series, and what is known ahead of them."""

import numpy as np
import pandas as pd
import pytest
from forecasters import linear, panel_forecaster, small
from inline_snapshot import snapshot
from refusal import refusing

from sklstm import OnlinePredictor, SeriesForecaster
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


def test_panel(stores):
    """Series of a panel are forecast side by side, each from its own end, with what is known ahead."""
    known = stores[stores.day < "2026-02-25"]
    forecaster = panel_forecaster(horizon=3).fit(known)
    forecast = forecaster.forecast(future=stores)
    assert forecast.columns.tolist() == ["store", "day", "sales"]
    for _, days in forecast.groupby("store")["day"]:
        assert days.tolist() == pd.date_range("2026-02-25", periods=3).tolist()
    means = forecast.groupby("store")["sales"].mean()
    assert 10 < means["B"] / means["A"] < 1000
    last = forecaster.predict(stores[stores.day < "2026-02-26"]).shape
    assert last == (len(stores[stores.day < "2026-02-26"]), 3)


def test_panel_rows_that_follow(stores):
    """Each series goes on from its own fitted rows."""
    early, late = stores[stores.day < "2026-02-10"], stores[stores.day >= "2026-02-10"]
    forecaster = panel_forecaster(horizon=2).fit(early)
    whole = forecaster.predict(stores)
    np.testing.assert_allclose(forecaster.predict(late), whole.loc[late.index], rtol=1e-5)


def test_panel_with_levels(stores):
    """Group and time may be levels of the index, and stay there."""
    levels = stores.set_index(["store", "day"])
    forecast = (
        panel_forecaster(horizon=2)
        .fit(levels)
        .forecast(future=stores.assign(day=stores.day + pd.Timedelta("59D")).set_index(["store", "day"]))
    )
    assert forecast.index.names == ["store", "day"]
    assert forecast.columns.tolist() == ["sales"]
    assert len(forecast) == 4


def test_what_is_known_ahead_counts(stores):
    """Beyond the horizon, too, forecasts follow what is said of the future."""
    one = stores[stores.store == "A"].set_index("day")[["sales", "holiday"]]
    known, ahead = one[:-10], one[-10:].drop(columns="sales")
    forecaster = small(horizon=1, future=["holiday"], strategy="recursive").set_params(epochs=30).fit(known)
    usual = forecaster.forecast(10, future=ahead)["sales"]
    other = forecaster.forecast(10, future=1 - ahead)["sales"]
    assert forecaster.target_ == "sales"
    # At the first step the network sees the holiday of that day; it learned that they add 1.
    assert np.sign(usual.iloc[0] - other.iloc[0]) == np.sign(ahead.holiday.iloc[0] - 0.5)
    # The first seven days do not depend on what is said of the eighth.
    later = ahead.copy()
    later.iloc[8:] = 1 - later.iloc[8:]
    np.testing.assert_allclose(forecaster.forecast(10, future=later)["sales"][:8], usual[:8], rtol=1e-6)


def test_differences_beside_what_is_known_ahead(stores):
    """The calendar is known where the target has no difference, too: at the start, in a gap and at the end."""
    one = stores[stores.store == "B"].set_index("day")[["sales", "size", "holiday"]]
    one["sales"] += 5 * np.arange(60)
    known = one[:-3].copy()
    known.loc[known.index[[30, 31, 56]], "sales"] = np.nan
    forecaster = SeriesForecaster(
        horizon=3, n_steps=7, target="sales", static=["size"], future=["holiday"], difference=(1, 7), epochs=2
    )
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
    """Where all series are in one scale a new one begins with update; else it is refused, and nothing is lost."""
    known, new = stores[stores.store == "A"], stores[stores.store == "B"]
    columns = {"target": "sales", "group": "store", "time": "day", "static": ["size"]}
    alike = small(scaling=None, **columns).fit(known).update(new)
    assert alike.forecast()["store"].tolist() == ["A", "B"]
    both = pd.concat([known, new.assign(store="C")])
    forecaster = small(**columns).fit(both)
    before = forecaster.forecast()
    with refusing(
        snapshot(
            "SeriesForecaster got the series 'B', which was not in fit: each series is scaled by itself, and the scale of "
            "this one is not known. Fit again with its rows, or pass scaling=None, which leaves all series in their own "
            "units."
        )
    ):
        forecaster.update(new)
    pd.testing.assert_frame_equal(forecaster.forecast(), before)


# --- refusals -------------------------------------------------------------------------------------


def test_refusals_of_the_future(stores):
    """What has to be known ahead is asked for by name and time."""
    known = stores[stores.day < "2026-02-25"]
    forecaster = panel_forecaster(horizon=3).fit(known)
    with refusing(
        snapshot(
            "SeriesForecaster.forecast needs what is known ahead of 'holiday': pass future=, a table with this column at "
            "the "
            "times to come."
        )
    ):
        forecaster.forecast()
    with refusing(
        snapshot(
            "SeriesForecaster.forecast expects future= to have the columns ['holiday'], got ['store', 'day', 'sales', "
            "'size']. Add 'holiday'."
        )
    ):
        forecaster.forecast(future=stores.drop(columns="holiday"))
    with refusing(
        "SeriesForecaster.forecast expects future= to hold every time to come, got no 2026-03-02 00:00:00 of "
        f"{forecaster.context_.store.iloc[0]!r}. Add the row, or forecast fewer steps."
    ):
        forecaster.forecast(8, future=stores)
