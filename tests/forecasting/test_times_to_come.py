"""When the rows to come are, and what is known of them."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refusing

from sklstm import SeriesForecaster
from sklstm.forecasting._series_table import SeriesTable
from sklstm.forecasting._times_to_come import rows_to_come

DAYS = pd.date_range("2026-01-01", periods=40)


def stores(**times):
    """A panel with a row for each time of each store."""
    parts = [pd.DataFrame({"store": store, "day": days, "sales": 1.0}) for store, days in times.items()]
    return pd.concat(parts, ignore_index=True)


def rows_after(panel, n_steps=2, known=(), **params):
    context = SeriesTable("SeriesForecaster", panel, "store", "day")
    params = {"future": None, "static": []} | params
    return rows_to_come(context, context.time_axes(), n_steps, known=list(known), **params)


@pytest.mark.parametrize("others", [{"A": DAYS}, {"A": DAYS, "B": DAYS[5:]}, {"A": DAYS[::7]}], ids=len)
def test_a_single_row_has_the_step_of_the_others(others):
    """A series of one row goes on by the step that the others agree on."""
    ahead = rows_after(stores(**others, Z=DAYS[4:5]))
    step = others["A"][1] - others["A"][0]
    assert ahead["day"][ahead["store"] == "Z"].tolist() == [DAYS[4] + step, DAYS[4] + 2 * step]


def test_a_single_row_where_others_disagree():
    """Which of two steps a single row has, nothing tells."""
    with refusing(
        snapshot(
            "SeriesForecaster cannot tell which times follow 2026-01-05 00:00:00 of 'Z': it has a single row, and other "
            "series have rows 1 day or 7 days apart. Add the row before it, or pass future=, a table whose index tells "
            "them."
        )
    ):
        rows_after(stores(A=DAYS, B=DAYS[::7], Z=DAYS[4:5]))


def test_rows_off_the_step_of_the_others():
    """An irregular series has not the step of the others, where its rows do not lie on it."""
    hours = pd.DatetimeIndex(["2026-01-01 07:00", "2026-01-01 09:30", "2026-01-03 12:10"])
    with refusing(
        snapshot(
            "SeriesForecaster cannot tell which times follow 2026-01-03 12:10:00 of 'Z': its rows are no regular steps "
            "apart, or too few. Bring the series to a regular step, series.resample('D').mean(), or pass future=, a table "
            "whose index tells them."
        )
    ):
        rows_after(stores(A=DAYS, Z=hours))


def test_the_future_tells_the_times_of_none_but_irregular_series():
    """A series of a single row takes its place in a future that goes on day by day."""
    panel = stores(A=DAYS, Z=DAYS[-1:]).assign(price=1.0)
    following = DAYS[-1] + pd.to_timedelta([1, 2], unit="D")
    future = stores(A=following, Z=following).assign(price=[1.0, 2.0, 3.0, 4.0])
    ahead = rows_after(panel, known=["price"], future=future)
    assert ahead["day"].tolist() == [*following, *following]
    assert ahead["price"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("freq", ["B", "BME", "BQS", "WOM-1MON"])
def test_short_series_have_the_calendar_of_the_longest(freq):
    """A few rows of business days or business months, which tell only days or months, go on as those of the longest."""
    dates = pd.date_range("2026-01-01", periods=40, freq=freq)
    for begin in range(20, 30):
        ahead = rows_after(stores(Z=dates[begin:32], A=dates[:32], One=dates[31:32]), n_steps=6)
        for store in ("Z", "A", "One"):
            assert ahead["day"][ahead["store"] == store].tolist() == dates[32:38].tolist()


def test_short_series_of_their_own():
    """Days are no business days where a weekend is among them, and weeks are weeks beside days."""
    days = pd.date_range("2026-01-05", periods=40, freq="B")
    ahead = rows_after(stores(A=days, Z=pd.date_range("2026-03-02", periods=7), W=pd.to_datetime(days[[0, 5]])))
    following = ahead.groupby("store")["day"].first()
    assert following["Z"] == pd.Timestamp("2026-03-09")
    assert following["W"] == pd.Timestamp("2026-01-19")
    assert following["A"] == days[-1] + pd.offsets.BusinessDay()


def test_text_in_the_future():
    """Dates of a future that are text are no times to come."""
    future = pd.DataFrame({"price": [1.0]}, index=["2026-02-10"])
    context = SeriesTable("SeriesForecaster", pd.DataFrame({"sales": 1.0, "price": 1.0}, index=DAYS))
    with refusing(
        snapshot(
            "SeriesForecaster.forecast expects times that order rows, got an index of text such as '2026-02-10'. Make them "
            "timestamps: future.index = pd.to_datetime(future.index)."
        )
    ):
        rows_to_come(context, context.time_axes(), 1, future=future, known=["price"], static=[])


# --- in a forecaster ------------------------------------------------------------------------------


def lazy(**params):
    return SeriesForecaster(n_steps=3, units=2, epochs=1, random_state=0, **params)


def test_forecasts_of_business_months():
    """The dates of forecasts are business month ends, before an update and after it."""
    ends = pd.date_range("2020-01-01", periods=40, freq="BME")
    series = pd.Series(np.arange(40.0), ends, name="y")
    forecaster = lazy().fit(series[:30])
    assert forecaster.forecast(3).index.tolist() == ends[30:33].tolist()
    assert forecaster.update(series[30:32]).forecast(3).index.tolist() == ends[32:35].tolist()


def test_a_new_store_has_a_single_row():
    """A store with one row is forecast with the others, whether it was fitted or is new."""
    panel = stores(A=DAYS, Z=DAYS[-1:]).assign(sales=np.arange(41.0))
    forecaster = lazy(group="store", time="day", scaling=None).fit(panel)
    forecaster.update(stores(A=[DAYS[-1] + pd.Timedelta("1D")], Z=[DAYS[-1] + pd.Timedelta("1D")], New=[DAYS[-1]]))
    days = forecaster.forecast().groupby("store")["day"].first()
    assert days.to_dict() == {
        store: pd.Timestamp(f"2026-02-{day}") for store, day in (("A", 11), ("Z", 11), ("New", 10))
    }


def test_polars_by_name():
    """A forecaster reads a polars table by its names; a column that is named tells the time, else rows are counted."""
    pl = pytest.importorskip("polars", reason="needs polars, as the extra test has it")
    table = pd.DataFrame({"y": np.arange(40.0), "x": np.arange(40.0)[::-1]})
    frame = pl.DataFrame({name: table[name].tolist() for name in table})
    of_pandas, of_polars = lazy(target="y").fit(table), lazy(target="y").fit(frame)
    assert of_polars.feature_names_in_.tolist() == ["y", "x"]
    pd.testing.assert_frame_equal(of_polars.forecast(), of_pandas.forecast())
    assert of_polars.update(frame[:3]).forecast().index.tolist() == [43]
    dated = lazy(target="y", time="day").fit(frame.with_columns(day=pl.Series(DAYS.tolist())))
    assert dated.forecast()["day"].tolist() == [DAYS[-1] + pd.Timedelta("1D")]
    np.testing.assert_array_equal(dated.forecast()["y"], of_pandas.forecast()["y"])


def test_update_with_another_step():
    """Rows of another step are no rows of this series; a gap is none, be it before them or between them."""
    forecaster = lazy().fit(pd.Series(np.arange(40.0), DAYS, name="y"))
    hours = pd.date_range("2026-02-10 01:00", periods=3, freq="h")
    with refusing(
        snapshot(
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 01:00:00 apart, "
            "from 2026-02-10 01:00:00 on. Bring them to that step first, or fit them by themselves."
        )
    ):
        forecaster.update(pd.Series(1.0, hours, name="y"))
    assert forecaster.context_.index[-1] == DAYS[-1]
    later = pd.DatetimeIndex(["2026-02-15", "2026-02-16", "2026-02-19"])
    assert forecaster.update(pd.Series(1.0, later, name="y")).forecast().index == [pd.Timestamp("2026-02-20")]


def test_update_of_a_panel_names_the_series():
    """Of several series the one with another step is named; one that is new may have any."""
    forecaster = lazy(group="store", time="day", scaling=None).fit(stores(A=DAYS, B=DAYS))
    weeks = pd.date_range("2026-03-01", periods=3, freq="7D")
    with refusing(
        snapshot(
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows of 'B' 7 days "
            "apart, from 2026-03-01 00:00:00 on. Bring them to that step first, or fit them by themselves."
        )
    ):
        forecaster.update(stores(B=weeks))
    forecaster.update(stores(New=weeks))
