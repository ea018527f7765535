"""When the rows to come are, and what is known of them."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags, small
from inline_snapshot import snapshot
from refusal import refused

from sklstm import LagFramer, backtest, make_supervised

DAYS = pd.date_range("2026-01-01", periods=40)
KEYS = {"target": "sales", "group": "store", "time": "day"}


def stores(**times):
    """A panel with a row for each time of each store."""
    parts = [pd.DataFrame({"store": store, "day": days, "sales": 1.0}) for store, days in times.items()]
    return pd.concat(parts, ignore_index=True)


def days_after(panel, n_steps=2):
    """The times of the forecasts of each store."""
    forecast = lags(**KEYS).fit(panel).forecast(n_steps)
    return {store: days.tolist() for store, days in forecast.groupby("store")["day"]}


# --- several series -------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [{"A": DAYS}, {"A": DAYS, "B": DAYS[5:]}, {"A": DAYS[::7]}], ids=len)
def test_a_single_row_has_the_step_of_the_others(others):
    """A series of one row goes on by the step that the others agree on."""
    step = others["A"][1] - others["A"][0]
    assert days_after(stores(**others, Z=DAYS[4:5]))["Z"] == [DAYS[4] + step, DAYS[4] + 2 * step]


HOURS = pd.DatetimeIndex(["2026-01-01 07:00", "2026-01-01 09:30", "2026-01-03 12:10"])


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (
            stores(A=DAYS, B=DAYS[::7], Z=DAYS[4:5]),
            snapshot(
                "SeriesForecaster cannot tell which times follow 2026-01-05 00:00:00 of 'Z': it has a single row, and other series have rows 1 day or 7 days apart. Add the row before it, or pass future=, a table whose index tells them."
            ),
        ),
        (
            stores(A=DAYS, Z=HOURS),
            snapshot(
                "SeriesForecaster cannot tell which times follow 2026-01-03 12:10:00 of 'Z': its rows are no regular steps apart, or too few. Bring the series to a regular step, series.resample('D').mean(), or pass future=, a table whose index tells them."
            ),
        ),
    ],
    ids=["others disagree", "off the step of the others"],
)
def test_a_step_that_nothing_tells(panel, message):
    """Of two steps of other series none is taken, nor one on which the own rows do not lie."""
    assert refused(lags(**KEYS).fit(panel).forecast) == message


@pytest.mark.parametrize("freq", ["B", "BME", "BQS", "WOM-1MON"])
def test_short_series_have_the_calendar_of_the_longest(freq):
    """A few rows of business days or business months, which tell only days or months, go on as those of the longest."""
    dates = pd.date_range("2026-01-01", periods=40, freq=freq)
    for begin in range(20, 30, 2):
        after = days_after(stores(Z=dates[begin:32], A=dates[:32], One=dates[31:32]), n_steps=6)
        assert after == dict.fromkeys(("Z", "A", "One"), dates[32:38].tolist())


def test_short_series_of_their_own():
    """A table has one calendar and a step for each series: weeks beside business days. Rows off it are refused."""
    days = pd.date_range("2026-01-05", periods=40, freq="B")
    after = days_after(stores(A=days, W=days[[0, 5]]), n_steps=1)
    assert after == {"A": [days[-1] + pd.offsets.BusinessDay()], "W": [pd.Timestamp("2026-01-19")]}
    with pytest.raises(ValueError, match="cannot tell which times follow 2026-03-08 00:00:00 of 'Z'"):
        days_after(stores(A=days, Z=pd.date_range("2026-03-02", periods=7)), n_steps=1)


def test_a_future_that_tells_times():
    """A series of a single row takes its place in a future that goes on day by day, and what is known there."""
    panel = stores(A=DAYS, Z=DAYS[-1:])
    panel["price"] = panel["sales"] = np.random.default_rng(0).normal(size=41)
    following = DAYS[-1] + pd.to_timedelta([1, 2], unit="D")
    future = stores(A=following, Z=following).assign(price=[1.0, 2.0, 3.0, 4.0])
    forecast = lags(framer={"future": ["price"]}, **KEYS).fit(panel).forecast(2, future=future)
    assert forecast["day"].tolist() == [*following, *following]
    np.testing.assert_allclose(forecast["sales"], [1, 2, 3, 4])


def test_a_new_store_has_a_single_row():
    """A store with one row is forecast with the others, whether it was fitted or is new."""
    forecaster = lags(**KEYS).fit(stores(A=DAYS, Z=DAYS[-1:]).assign(sales=np.arange(41.0)))
    forecaster.update(stores(New=DAYS[-2:-1]))
    days = forecaster.forecast().groupby("store")["day"].first()
    assert days.to_dict() == {
        store: pd.Timestamp(f"2026-02-{day}") for store, day in (("A", 10), ("Z", 10), ("New", 9))
    }


# --- update ---------------------------------------------------------------------------------------


def test_forecasts_of_business_months():
    """The dates of forecasts are business month ends, before an update and after it."""
    ends = pd.date_range("2020-01-01", periods=40, freq="BME")
    series = pd.Series(np.arange(40.0), ends, name="y")
    forecaster = lags(3).fit(series[:30])
    assert forecaster.forecast(3).index.tolist() == ends[30:33].tolist()
    assert forecaster.update(series[30:32]).forecast(3).index.tolist() == ends[32:35].tolist()


def test_update_with_another_step():
    """Rows of another step are no rows of this series, and change nothing."""
    forecaster = lags().fit(pd.Series(np.arange(40.0), DAYS, name="y"))
    hours = pd.date_range("2026-02-10 01:00", periods=3, freq="h")
    assert refused(forecaster.update, pd.Series(1.0, hours, name="y")) == snapshot(
        "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 01:00:00 apart, from 2026-02-10 01:00:00 on. Bring them to that step first, or fit them by themselves."
    )
    assert forecaster.forecast().index == [DAYS[-1] + pd.Timedelta("1D")]


def test_update_after_a_gap():
    """A gap is no other step, be it before the new rows or between them."""
    forecaster = lags().fit(pd.Series(np.arange(40.0), DAYS, name="y"))
    later = pd.DatetimeIndex(["2026-02-15", "2026-02-16", "2026-02-19"])
    assert forecaster.update(pd.Series(1.0, later, name="y")).forecast().index == [pd.Timestamp("2026-02-20")]


def test_update_of_many_irregular_series():
    """Among hundreds of series whose new rows have no step, the one with another step is found; the rest may stay."""
    rng = np.random.default_rng(0)
    labels = [f"S{k}" for k in range(300)]
    forecaster = lags(**KEYS).fit(stores(W=DAYS, **dict.fromkeys(labels, DAYS)))
    begin = pd.Timestamp("2026-03-01")
    irregular = {label: begin + pd.to_timedelta(rng.random(8).cumsum(), "D") for label in labels}
    weeks = pd.date_range(begin, periods=8, freq="7D")
    assert refused(forecaster.update, stores(**irregular, W=weeks)) == snapshot(
        "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows of 'W' 7 days apart, from 2026-03-01 00:00:00 on. Bring them to that step first, or fit them by themselves."
    )
    forecaster.update(stores(**irregular))


def test_update_of_a_panel_names_the_series():
    """Of several series the one with another step is named; one that is new may have any."""
    forecaster = lags(**KEYS).fit(stores(A=DAYS, B=DAYS))
    weeks = pd.date_range("2026-03-01", periods=3, freq="7D")
    assert refused(forecaster.update, stores(B=weeks)) == snapshot(
        "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows of 'B' 7 days apart, from 2026-03-01 00:00:00 on. Bring them to that step first, or fit them by themselves."
    )
    forecaster.update(stores(New=weeks))


# --- polars ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frames():
    """A table of pandas, and the same of polars."""
    polars = pytest.importorskip("polars", reason="needs polars, as the extra test has it")
    table = pd.DataFrame({"y": np.sin(np.arange(40.0)), "x": np.arange(40.0)[::-1]})
    return table, polars.DataFrame({name: table[name].tolist() for name in table})


def test_polars_by_name(frames):
    """A forecaster reads a polars table by its names, and counts its rows."""
    table, frame = frames
    forecaster = lags(3, target="y").fit(frame)
    assert forecaster.feature_names_in_.tolist() == ["y", "x"]
    pd.testing.assert_frame_equal(forecaster.forecast(), lags(3, target="y").fit(table).forecast())
    assert forecaster.update(frame[:3]).forecast().index.tolist() == [43]


def test_polars_with_times(frames):
    """A column that is named tells the time."""
    import polars

    table, frame = frames
    dated = lags(3, target="y", time="day").fit(frame.with_columns(day=polars.Series(DAYS.tolist())))
    assert dated.forecast()["day"].tolist() == [DAYS[-1] + pd.Timedelta("1D")]
    np.testing.assert_allclose(dated.forecast()["y"], lags(3, target="y").fit(table).forecast()["y"])


# --- weeks of other lengths, hours of trading -----------------------------------------------------

OPEN = {
    "Monday to Saturday": pd.date_range(
        "2023-01-02", periods=120, freq=pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat")
    ),
    "Sunday to Thursday": pd.date_range(
        "2023-01-01", periods=120, freq=pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu")
    ),
    "hours of trading": pd.DatetimeIndex(
        [
            day + pd.Timedelta(hours=hour)
            for day in pd.date_range("2023-01-02", periods=20, freq="B")
            for hour in range(9, 15)
        ]
    ),
}


@pytest.mark.parametrize("times", OPEN.values(), ids=OPEN)
def test_closed_times_are_no_holes(times):
    """Weekdays and hours that never have a row are no holes: no row is lost, and forecasts are for open times."""
    times = pd.DatetimeIndex(times, freq=None)
    series = pd.Series(np.arange(float(len(times))), times, name="sales")
    X, _ = make_supervised(series[:-8])
    assert len(X) == len(times) - 9
    windows = np.asarray(LagFramer(12).fit_transform(series.to_frame()))
    assert not np.isnan(windows[11:]).any()
    assert lags(target="sales").fit(series[:-8]).forecast(8).index.tolist() == times[-8:].tolist()


def test_season_of_a_six_day_week():
    """The seasonal naive baseline looks six rows back where a week has six days."""
    times = pd.DatetimeIndex(OPEN["Monday to Saturday"], freq=None)
    series = pd.Series(np.tile([1.0, 2, 3, 4, 5, 9], 20), times, name="sales")
    assert backtest(lags(), series, initial=60, metrics=["rmse"]).scores().loc["seasonal naive", "rmse"] == 0


@pytest.mark.parametrize("freq", [OPEN["Monday to Saturday"].freq, "D"], ids=["offset", "days"])
def test_a_step_that_is_told(freq):
    """With freq=, the dates of forecasts are those of the offset."""
    series = pd.Series(np.arange(30.0), pd.DatetimeIndex(OPEN["Monday to Saturday"][:30], freq=None), name="sales")
    forecast = small(horizon=2, freq=freq).fit(series).forecast()
    assert forecast.index.tolist() == pd.date_range(series.index[-1], periods=3, freq=freq)[1:].tolist()


def test_rows_off_the_step_that_is_told():
    """A row that does not lie on freq= raises an error that names its time."""
    series = pd.Series(np.arange(30.0), pd.DatetimeIndex(OPEN["Monday to Saturday"][:30], freq=None), name="sales")
    assert refused(small(freq="B").fit, series) == snapshot(
        "SeriesForecaster(freq='B') got 2023-01-07 00:00:00, which does not lie on it. Leave such rows out, or pass the freq that they have."
    )


# --- times that are given -------------------------------------------------------------------------


def test_irregular_times_are_those_after_the_last_row():
    """Of an irregular series, the times of future= after its last row count, whatever comes before them."""
    rng = np.random.default_rng(0)
    past = pd.DatetimeIndex(np.sort(rng.choice(pd.date_range("2023-01-01", "2024-06-30", freq="h"), 60, replace=False)))
    visits = pd.Series(np.sin(np.arange(60) / 5), index=past, name="sales")
    to_come = pd.DatetimeIndex(["2024-07-03 10:00", "2024-07-09 12:00"])
    fitted = lags(horizon=2).fit(visits)
    calendar = pd.DataFrame({"sales": np.nan}, index=past.append(to_come))
    assert fitted.forecast(future=calendar).index.tolist() == to_come.tolist()
    assert refused(fitted.forecast, future=calendar[:-1]) == snapshot(
        "SeriesForecaster.forecast expects future= to hold 2 times after 2024-06-28 06:00:00, got 1. Add the missing rows, or forecast fewer steps."
    )


def test_times_of_each_series_of_a_panel():
    """In a panel with an irregular series each series has the times of future= that follow its own last row."""
    panel = pd.concat([stores(A=DAYS, B=DAYS[:30]), stores(C=HOURS)], ignore_index=True)
    after = {"A": DAYS[-1:] + pd.Timedelta("1D"), "B": DAYS[30:31], "C": pd.DatetimeIndex(["2026-01-05 03:00"])}
    forecast = lags(**KEYS).fit(panel).forecast(1, future=stores(**after))
    assert dict(zip(forecast["store"], forecast["day"], strict=True)) == {name: day[0] for name, day in after.items()}


def test_given_times_that_contradict_the_calendar():
    """Times of future= that leave out a day of a daily series raise an error; business days may leave out holidays."""
    series = pd.Series(np.arange(40.0), DAYS, name="sales")
    given = pd.DataFrame({"sales": np.nan}, index=DAYS[-1:] + pd.Timedelta("2D"))
    assert refused(lags().fit(series).forecast, 1, future=given) == snapshot(
        "SeriesForecaster.forecast expects future= to go on from row to row by 1 day, got 2026-02-11 00:00:00 where 2026-02-10 00:00:00 follows. Add the missing rows, or fit with freq=, the offset of pandas whose times these are."
    )
    business = pd.Series(np.arange(40.0), pd.date_range("2026-01-01", periods=40, freq="B"), name="sales")
    after_a_holiday = business.index[-1:] + 2 * pd.offsets.BusinessDay()
    given = pd.DataFrame({"sales": np.nan}, index=after_a_holiday)
    assert lags().fit(business).forecast(1, future=given).index.tolist() == after_a_holiday.tolist()
