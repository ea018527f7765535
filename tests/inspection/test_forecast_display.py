import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from matplotlib import dates as mdates
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LagRegressor, SeriesForecaster, backtest
from sklstm.inspection import ForecastDisplay

INDEXES = {
    "months": pd.date_range("2024-01-01", periods=40, freq="MS"),
    "periods": pd.period_range("2024-01", periods=40, freq="M"),
    "numbers": pd.RangeIndex(100, 140),
    "durations": pd.timedelta_range("0h", periods=40, freq="30min"),
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def wave(index, name="sales"):
    return pd.Series(10 + np.sin(np.arange(len(index))), index=index, name=name)


class Forecaster:
    """The interface of SeriesForecaster: it forecasts that the last value stays."""

    group = time = None
    target_ = "sales"

    def __init__(self, series):
        self.context_ = series.to_frame("sales").tail(5)

    def forecast(self, steps=None, *, future=None, interval=None):
        steps = 3 if steps is None else steps
        last = self.context_.index[-1]
        index = pd.Index([last + k * self.context_.index.freq for k in range(1, steps + 1)])
        forecast = pd.DataFrame({"sales": self.context_["sales"].iloc[-1]}, index=index)
        return forecast if interval is None else forecast.assign(lower=9.0, upper=12.0)


@pytest.mark.parametrize("kind", ["months", "periods", "numbers", "durations"])
def test_data_drawn(kind):
    """Lines hold the values that were passed, at their own times."""
    series = wave(INDEXES[kind])
    forecast = series[-6:] + 1
    display = ForecastDisplay.from_predictions(series[-6:], forecast, y_history=series[:-6])
    places = {
        "months": series.index.to_numpy(),
        "periods": INDEXES["months"].to_numpy(),
        "numbers": np.arange(100, 140),
        "durations": np.arange(40) * 30.0,
    }[kind]
    (observed,), (forecasts,) = display.observed_lines_, display.forecast_lines_
    assert_array_equal(observed.get_xdata(orig=True), places)
    assert_array_equal(observed.get_ydata(), series)
    assert_array_equal(forecasts["forecast"].get_xdata(orig=True), places[-6:])
    assert_array_equal(forecasts["forecast"].get_ydata(), forecast)
    display.figure_.canvas.draw()


@pytest.mark.parametrize("kind", ["months", "periods"])
def test_dates_below(kind):
    """Dates are written below the axes, whatever tells them."""
    display = ForecastDisplay.from_predictions(None, wave(INDEXES[kind]))
    display.figure_.canvas.draw()
    assert [label.get_text() for label in display.ax_.get_xticklabels()][:3] == ["2024", "Jul", "2025"]
    assert display.ax_.get_xlabel() == "time"


def test_time_zone():
    """Dates with a time zone are drawn at their instant, also where clocks are put back, and labelled by local time."""
    index = pd.date_range("2025-10-25 12:00", periods=36, freq="h", tz="Europe/Berlin", name="hour")
    display = ForecastDisplay.from_predictions(wave(index), wave(index)[-5:])
    drawn = display.observed_lines_[0].get_xdata(orig=True)
    assert_array_equal(np.diff(drawn), np.timedelta64(1, "h"))
    instants = mdates.num2date(display.observed_lines_[0].get_xdata(orig=False), tz=index.tz)
    assert [instant.hour for instant in instants] == index.hour.tolist()
    display.figure_.canvas.draw()
    # 00:00 in Berlin is 22:00 or 23:00 of the day before in UTC.
    midnights = [
        place
        for place, label in zip(display.ax_.get_xticks(), display.ax_.get_xticklabels(), strict=True)
        if label.get_text() == "Oct-26"
    ]
    assert [mdates.num2date(place).hour for place in midnights] == [22]
    assert display.ax_.get_xlabel() == "hour (Europe/Berlin)"


def test_arrays():
    """Arrays number their rows, forecasts on from the history."""
    display = ForecastDisplay.from_predictions([4.0, 5.0], np.array([[4.5], [5.5]]), y_history=[1.0, 2.0, 3.0])
    assert_array_equal(display.observed_lines_[0].get_xdata(), [0, 1, 2, 3, 4])
    assert_array_equal(display.forecast_lines_[0]["forecast"].get_xdata(), [3, 4])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("row", "value")
    unknown = ForecastDisplay.from_predictions(None, [4.5], y_history=[1.0, 2.0, 3.0])
    assert_array_equal(unknown.forecast_lines_[0]["forecast"].get_xdata(), [3])
    alone = ForecastDisplay.from_predictions(None, [4.5, 3])
    assert alone.observed_lines_ == [None]


@pytest.mark.parametrize("kind", [dict, pd.DataFrame])
def test_several_forecasts(kind):
    """Forecasts are drawn by their names, each in a colour and a line of its own."""
    series = wave(INDEXES["months"])
    forecasts = kind({"LSTM": series[-5:] + 1, "seasonal naive": series[-5:] - 1})
    display = ForecastDisplay.from_predictions(series, forecasts)
    (lines,) = display.forecast_lines_
    assert list(lines) == ["LSTM", "seasonal naive"]
    assert_array_equal(lines["seasonal naive"].get_ydata(), series[-5:] - 1)
    assert len({(line.get_color(), line.get_linestyle()) for line in lines.values()}) == 2
    assert display.ax_.get_legend_handles_labels()[1] == ["observed", "LSTM", "seasonal naive"]


def test_interval():
    """An interval reaches from its lower to its upper bound, and is named by its coverage."""
    series = wave(INDEXES["numbers"])
    lower, upper = series[-5:] - 2, series[-5:] + 3
    display = ForecastDisplay.from_predictions(series, series[-5:], lower=lower, upper=upper, coverage=0.9)
    corners = display.intervals_[0]["forecast"].get_paths()[0].vertices
    for row, low, high in zip(lower.index, lower, upper, strict=True):
        at = corners[corners[:, 0] == row, 1]
        assert_allclose([at.min(), at.max()], [low, high])
    assert display.ax_.get_legend_handles_labels()[1][-1] == "90 % interval"


def test_intervals_by_name():
    """Each forecast may have an interval; that of a single time step is a bar."""
    forecasts = {"LSTM": [1.0], "naive": [2.0]}
    bounds = {"lower": {"naive": [0.0]}, "upper": {"naive": [4.0]}}
    display = ForecastDisplay.from_predictions([1.5], forecasts, **bounds)
    (intervals,) = display.intervals_
    assert list(intervals) == ["naive"]
    assert_array_equal(intervals["naive"].get_segments(), [[[0, 0], [0, 4]]])


@pytest.mark.parametrize(
    ("splits", "expected"),
    [(None, ["2027-02"]), (["2026-01", "2026-12"], ["2026-01", "2026-12"]), ("2026-01", ["2026-01"])],
    ids=["the start of the forecast", "two", "one"],
)
def test_splits(splits, expected):
    """A line stands where the forecast starts, or where it is said."""
    series = wave(INDEXES["months"])
    if splits is not None:
        splits = pd.to_datetime(splits)
    display = ForecastDisplay.from_predictions(series, series[-3:], splits=splits)
    verticals = [line for line in display.ax_.lines if len(set(line.get_xdata())) == 1]
    drawn = [mdates.num2date(display.ax_.convert_xunits(line.get_xdata()[0])) for line in verticals]
    assert [date.strftime("%Y-%m") for date in drawn] == expected


def test_how_much_of_the_past():
    """Of a long past as much is drawn as shows where the forecasts come from, or as is asked for."""
    series = wave(pd.RangeIndex(500))
    for n_history, expected in ((None, 48 + 5), (400, 405), (0, 5)):
        display = ForecastDisplay.from_predictions(series, series[-5:], n_history=n_history)
        assert len(display.observed_lines_[0].get_xdata()) == expected
    assert len(ForecastDisplay.from_predictions(series, series[-50:]).observed_lines_[0].get_xdata()) == 250


@given(n_past=st.integers(0, 30), n_future=st.integers(1, 30), n_known=st.integers(0, 30))
def test_any_lengths(n_past, n_future, n_known):
    """Whatever the lengths are, all values are drawn once."""
    series = wave(pd.RangeIndex(n_past + max(n_future, n_known)))
    past = series[:n_past] if n_past else None
    known = series[n_past : n_past + n_known] if n_known else None
    display = ForecastDisplay.from_predictions(known, series[n_past : n_past + n_future], y_history=past)
    (line,) = display.observed_lines_
    assert (0 if line is None else len(line.get_xdata())) == n_past + n_known
    assert len(display.forecast_lines_[0]["forecast"].get_xdata()) == n_future
    plt.close(display.figure_)


def panel(n_series, order=("store", "month")):
    """Series one below the other, of different levels."""
    index = pd.MultiIndex.from_product([[f"store {k}" for k in range(n_series)], INDEXES["periods"]])
    series = pd.Series(np.arange(len(index), dtype=float), index=index.set_names(["store", "month"]), name="sales")
    return series.reorder_levels(list(order))


@pytest.mark.parametrize("order", [("store", "month"), ("month", "store")])
def test_panel(order):
    """Each series has axes of its own, with its name above."""
    series = panel(3, order)
    tail = series[series.index.get_level_values("month") >= pd.Period("2027-01")]
    display = ForecastDisplay.from_predictions(series, {"naive": tail})
    assert [axes.get_title(loc="left") for axes in display.axes_] == ["store 0", "store 1", "store 2"]
    for k, (observed, forecasts) in enumerate(zip(display.observed_lines_, display.forecast_lines_, strict=True)):
        assert_array_equal(observed.get_ydata(), np.arange(40 * k, 40 * (k + 1)))
        assert_array_equal(forecasts["naive"].get_ydata(), np.arange(40 * k + 36, 40 * (k + 1)))


def test_a_series_without_a_forecast():
    """A series that one of the forecasts leaves out is drawn without it; the others keep their colours."""
    series = panel(2).sort_index(ascending=False)
    display = ForecastDisplay.from_predictions(series, {"LSTM": series, "naive": series[40:], "Ridge": series})
    with_all, without = display.forecast_lines_[1], display.forecast_lines_[0]
    assert (list(with_all), list(without)) == (["LSTM", "naive", "Ridge"], ["LSTM", "Ridge"])
    assert with_all["Ridge"].get_color() == without["Ridge"].get_color()
    assert_array_equal(without["LSTM"].get_ydata(), np.arange(40, 80))


def test_more_series_than_panels():
    """Six series are drawn at most, and it is said how many are not."""
    series = panel(9)
    display = ForecastDisplay.from_predictions(series, series)
    assert len(display.axes_) == 6
    assert display.axes_[-1].get_title(loc="left") == "store 5 (3 more series are not drawn)"
    display = ForecastDisplay.from_predictions(series, series, n_panels=8)
    assert display.axes_[-1].get_title(loc="left") == "store 7 (1 more series is not drawn)"
    assert repr(display) == "ForecastDisplay(360 forecasts of sales in 9 series: forecast)"


def test_where_to_draw():
    """The axes that are passed are drawn on."""
    _, (_, ax) = plt.subplots(1, 2)
    assert ForecastDisplay.from_predictions([1.0], [1.0], ax=ax).ax_ is ax
    _, axes = plt.subplots(2)
    assert ForecastDisplay.from_predictions(None, panel(2), ax=axes).axes_.tolist() == axes.tolist()


def test_from_estimator():
    """The forecast of a forecaster is drawn behind its past, and beside the truth where that is known."""
    series = wave(INDEXES["months"])
    forecaster = Forecaster(series[:-8])
    display = ForecastDisplay.from_estimator(forecaster, series, steps=4, interval=0.8)
    expected = forecaster.forecast(4, interval=0.8)
    same = ForecastDisplay.from_predictions(
        series[-8:-4],
        expected["sales"],
        lower=expected["lower"],
        upper=expected["upper"],
        y_history=series[:-8],
        coverage=0.8,
    )
    for name in ("y_true", "y_history"):
        pd.testing.assert_series_equal(getattr(display, name), getattr(same, name), check_freq=False)
    for lines in (display, same):
        assert_array_equal(lines.observed_lines_[0].get_ydata(), series[:-4])
        assert_array_equal(lines.forecast_lines_[0]["forecast"].get_xdata(), expected.index.to_numpy())
        assert lines.ax_.get_legend_handles_labels()[1] == ["observed", "forecast", "80 % interval"]
    alone = ForecastDisplay.from_estimator(forecaster)
    assert_array_equal(alone.observed_lines_[0].get_ydata(), series[-13:-8])
    assert alone.y_true is None
    search = BaseEstimator()
    search.best_estimator_ = forecaster
    assert repr(ForecastDisplay.from_estimator(search, steps=2)) == "ForecastDisplay(2 forecasts of sales: forecast)"


@pytest.fixture(scope="module")
def stores():
    """A panel in a table, and a real forecaster fitted on all but its last two months."""
    rows = panel(2).reset_index()
    rows["sales"] += np.random.default_rng(0).normal(size=len(rows))
    known = rows[rows["month"] < pd.Period("2027-03")]
    keys = {"group": "store", "time": "month"}
    pipeline = make_pipeline(LagFramer(4, **keys), LagRegressor())
    return rows, SeriesForecaster(pipeline, horizon=2, target="sales", **keys).fit(known)


def test_series_forecaster(stores):
    """A real SeriesForecaster of a panel: a panel for each series, the truth beside the forecast."""
    rows, forecaster = stores
    display = ForecastDisplay.from_estimator(forecaster, rows)
    assert [axes.get_title(loc="left") for axes in display.axes_] == ["store 0", "store 1"]
    forecast = forecaster.forecast().set_index("store")["sales"]
    for store, observed, lines in zip(
        ("store 0", "store 1"), display.observed_lines_, display.forecast_lines_, strict=True
    ):
        assert_array_equal(observed.get_ydata(), rows.loc[rows["store"] == store, "sales"])
        assert_array_equal(lines["forecast"].get_ydata(), forecast[store])
        assert_array_equal(lines["forecast"].get_xdata(), np.array(["2027-03", "2027-04"], "datetime64[ns]"))


def test_backtest(stores):
    """A panel for each series, with what was forecast so many steps ahead beside what came."""
    rows, forecaster = stores
    result = backtest(forecaster, rows, initial=0.5)
    display = ForecastDisplay.from_backtest(result, step=2)
    shown = result.forecasts[result.forecasts["step"] == 2]
    assert [axes.get_title(loc="left") for axes in display.axes_] == shown["series"].astype(str).unique().tolist()
    for label, lines in zip(shown["series"].unique(), display.forecast_lines_, strict=True):
        assert list(lines) == ["SeriesForecaster", "persistence", "seasonal naive"]
        rows = shown[shown["series"] == label].sort_values("time")
        np.testing.assert_allclose(lines["SeriesForecaster"].get_ydata(), rows["forecast"])
        np.testing.assert_allclose(lines["persistence"].get_ydata(), rows["persistence"])
    assert refused(ForecastDisplay.from_backtest, result, step=3) == snapshot(
        "ForecastDisplay.from_backtest got step=3 and a backtest of up to 2 steps ahead. Pass one of these."
    )


def test_series_forecaster_on_an_array():
    """Rows of an array are counted from its first one."""
    series = 10 + np.sin(np.arange(40.0))
    forecaster = SeriesForecaster(make_pipeline(LagFramer(4), LagRegressor()), horizon=3).fit(series[:37])
    display = ForecastDisplay.from_estimator(forecaster, series)
    assert_array_equal(display.observed_lines_[0].get_ydata(), series)
    assert_array_equal(display.forecast_lines_[0]["forecast"].get_xdata(), [37, 38, 39])


def test_repr():
    """The representation tells what is forecast, and by what."""
    assert repr(ForecastDisplay.from_predictions(None, [1.0])) == "ForecastDisplay(1 forecast of value: forecast)"


SERIES = wave(pd.RangeIndex(6))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"y_true": [1.0, 2.0], "y_pred": [1.0]},
            snapshot(
                "ForecastDisplay.from_predictions got 1 values without an index in y_pred['forecast'], and 2 in y_true. Pass as many, or a Series whose index tells the time of each."
            ),
        ),
        (
            {"y_true": [1.0, 2.0], "y_pred": np.ones((2, 3))},
            snapshot(
                "ForecastDisplay.from_predictions expects y_pred['forecast'] of shape (n_times,), got shape (2, 3). Pass one column; several forecasts go into a DataFrame or a dict, by their names."
            ),
        ),
        (
            {"y_true": pd.DataFrame({"A": [1.0], "B": [2.0]}), "y_pred": [1.0]},
            snapshot(
                "ForecastDisplay.from_predictions expects y_true to be one series, got the columns ['A', 'B']. Pass one of them, or several series one below the other, with an index of series and time: table.T.stack()."
            ),
        ),
        (
            {"y_true": None, "y_pred": {"LSTM": []}},
            snapshot("ForecastDisplay.from_predictions got no forecast: y_pred is empty."),
        ),
        (
            {"y_true": SERIES, "y_pred": SERIES, "lower": SERIES},
            snapshot(
                "ForecastDisplay.from_predictions needs both bounds of an interval, got lower for 'forecast' and upper for none."
            ),
        ),
        (
            {"y_true": SERIES, "y_pred": {"LSTM": SERIES}, "lower": {"LSMT": SERIES}, "upper": {"LSTM": SERIES}},
            snapshot(
                "ForecastDisplay.from_predictions got lower for 'LSMT', which is no forecast. Did you mean 'LSTM'? The forecasts are: 'LSTM'."
            ),
        ),
        (
            {"y_true": SERIES, "y_pred": SERIES, "lower": SERIES[1:], "upper": SERIES},
            snapshot(
                "ForecastDisplay.from_predictions expects lower at the times of y_pred['forecast'], 6 from 0 to 5, got 5 from 1 to 5."
            ),
        ),
        (
            {"y_true": SERIES, "y_pred": wave(INDEXES["months"])},
            snapshot(
                "ForecastDisplay draws on one axis of time, got numbers and dates without a time zone. Give all of them an index of one kind."
            ),
        ),
        (
            {"y_true": wave(INDEXES["months"].tz_localize("UTC")), "y_pred": wave(INDEXES["months"])},
            snapshot(
                "ForecastDisplay draws on one axis of time, got dates in UTC and dates without a time zone. Give all of them an index of one kind."
            ),
        ),
        (
            {"y_true": None, "y_pred": wave(["2026-01", "2026-02"])},
            snapshot(
                "ForecastDisplay expects an index of times or numbers, got one that begins with '2026-01'. Convert it: pd.to_datetime(index)."
            ),
        ),
    ],
    ids=["lengths", "columns", "two series", "nothing", "one bound", "unknown", "times", "kinds", "zones", "text"],
)
def test_refused(arguments, message):
    """What does not fit is refused, and it is said what would."""
    assert refused(ForecastDisplay.from_predictions, **arguments) == message


def test_another_kind_of_series():
    """A series without the dates of fit cannot be laid beside its forecast."""
    series = wave(INDEXES["months"])
    assert refused(ForecastDisplay.from_estimator, Forecaster(series), series.reset_index(drop=True)) == snapshot(
        "ForecastDisplay.from_estimator forecasts Timestamp('2027-05-01 00:00:00'), and got a series whose rows are at "
        "times such as 0. Pass the series with the index that it had in fit."
    )


def test_no_matplotlib(monkeypatch):
    """Without matplotlib it is said how to get it."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert refused(ForecastDisplay.from_predictions, [1.0], [1.0], error=ImportError) == snapshot(
        "ForecastDisplay.from_predictions needs matplotlib: pip install 'sklstm[plot]'"
    )
    assert refused(ForecastDisplay.from_estimator, Forecaster(SERIES), error=ImportError) == snapshot(
        "ForecastDisplay.from_estimator needs matplotlib: pip install 'sklstm[plot]'"
    )
