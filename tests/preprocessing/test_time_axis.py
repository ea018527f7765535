"""Which rows follow each other in time: calendars, holes, and steps."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import ForwardFill, LagFramer
from sklstm.inspection import suggest_time_steps

from .conftest import BERLIN, REGULAR
from .times import fitted_forecaster, follows, holes, series_of, times_ahead

# Windows that begin in the midst of fitted rows are framed on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")

ONE_OF_EACH_KIND = {name: REGULAR[name] for name in ("range", "days", "local hours", "periods of months", "durations")}


def test_holes(regular):
    """A regular index has no hole, not even at weekends, holidays, leap days and clock changes; missing rows are one."""
    assert holes(regular) == []
    assert holes(regular.delete(range(20, 27))) == [20]


def test_next_row_follows(regular):
    """The next row follows; a later one, the last one and the first one do not."""
    for cut in (23, 32):
        framer = LagFramer(2).fit(series_of(regular[:cut]))
        windows = [framer.transform(series_of(regular[first:])) for first in (cut, cut + 6, cut - 1, 0)]
        assert [not np.isnan(of_rows[0, 0, 0]) for of_rows in windows] == [True, False, False, False], cut


@pytest.mark.parametrize("index", ONE_OF_EACH_KIND.values(), ids=ONE_OF_EACH_KIND)
def test_other_kinds_of_index(index):
    """An index of another kind does not follow."""
    others = [pd.Index(["a", "b"]), pd.Index([40.0, 41.0]), pd.period_range("2026-02-10", periods=2, freq="D")]
    others += [other for other in ONE_OF_EACH_KIND.values() if type(other) is not type(index)]
    assert not any(follows(index, other) for other in others)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "Int64", None])
def test_integers_of_any_width(dtype):
    """Integers that come next follow a RangeIndex, whatever their type."""
    new = pd.RangeIndex(5, 7) if dtype is None else pd.Index([5, 6], dtype=dtype)
    assert follows(pd.RangeIndex(5), new)
    assert not follows(pd.RangeIndex(5), new + 1)


def test_days_across_clock_changes():
    """The first day of winter time follows the days of summer time, 25 hours later."""
    days = pd.date_range("2026-10-01", periods=60, freq="D", tz=BERLIN)
    clocks_change = days.get_loc("2026-10-26")
    assert days[clocks_change] - days[clocks_change - 1] == pd.Timedelta("25h")
    assert follows(days[:clocks_change], days[clocks_change:])


def test_other_time_zones():
    """The same moments in another time zone follow; local times without a zone do not."""
    hours = pd.date_range("2026-01-01", periods=9, freq="h", tz=BERLIN)
    assert follows(hours[:5], hours[5:].tz_convert("UTC"))
    assert not follows(hours[:5], hours[5:].tz_localize(None))


@pytest.mark.parametrize("freq", ["Q", "M", "h"])
def test_periods_of_another_length(freq):
    """Periods of another length than the fitted ones do not follow."""
    fitted = pd.period_range("2026-01-01", periods=5, freq="D")
    assert not follows(fitted, pd.period_range("2026-01-06", periods=5, freq=freq))


def test_long_holidays():
    """On business days four missing days in a row are holidays, five are a hole."""
    days = pd.date_range("2026-01-01", periods=40, freq="B")
    assert holes(days.delete(range(20, 24))) == []
    assert holes(days.delete(range(20, 25))) == [20]
    assert follows(days[:20], days[24:])
    assert not follows(days[:20], days[25:])


@pytest.mark.parametrize(
    ("index", "later"),
    [
        (pd.Index([1.0, 2.0, 3.0]), pd.Index([4.0])),
        (pd.Index(["a", "b", "c"]), pd.Index(["d"])),
        (pd.Index([False, True]), pd.Index([True])),
        (pd.Index([1, 2, 5, 11, 23]), pd.Index([24])),
        (
            pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-13", "2026-02-01"]),
            pd.DatetimeIndex(["2026-02-02"]),
        ),
        (
            pd.DatetimeIndex(["2026-01-01 00:00", "2026-01-01 00:07", "2026-01-01 01:00"]),
            pd.DatetimeIndex(["2026-01-01 01:07"]),
        ),
    ],
    ids=["floats", "text", "truth values", "integers", "days", "minutes"],
)
def test_irregular_index(index, later):
    """Text, floats and irregular steps have no hole, and no row follows them."""
    assert holes(index) == []
    assert not follows(index, later)


def test_no_step_after_one_row():
    """A single row has no step, so no row follows it."""
    fill = ForwardFill().fit(pd.Series([1.0], pd.RangeIndex(1)))
    assert fill.transform(pd.Series([np.nan], [1])).isna().all()


@pytest.mark.parametrize("freq", ["BMS", "BME"])
def test_one_row_a_month(freq):
    """First and last business days of months follow each other, and a missing month is a hole."""
    index = pd.DatetimeIndex(pd.date_range("2026-01-01", periods=40, freq=freq), freq=None)
    assert all(follows(index[:cut], index[cut:]) for cut in range(3, 40, 4))
    assert holes(index) == []
    assert holes(index.delete(20)) == [20]


# --- max_gap --------------------------------------------------------------------------------------


def test_max_gap_bridges_nights_and_weekends():
    """Trading hours follow each other over nights and weekends, and not over a longer hole."""
    hours = pd.date_range("2026-01-05", "2026-02-06", freq="h")
    trading = hours[(hours.hour >= 9) & (hours.hour < 16)]
    trading = trading[trading.day_of_week < 5]
    assert holes(trading, max_gap="4D") == []
    assert follows(trading[:21], trading[21:], max_gap="4D")
    assert holes(trading[:35].append(trading[70:]), max_gap="4D") == [35]


@pytest.mark.parametrize(
    ("index", "max_gap"),
    [
        (pd.Index([1, 2, 5, 9]), 3),
        (pd.PeriodIndex(["2026-01", "2026-02", "2026-05", "2026-09"], freq="M"), 3),
        (pd.to_timedelta([1, 2, 5, 9], unit="h"), "3h"),
        (pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-09"]), pd.Timedelta(days=3)),
    ],
    ids=["integers", "periods", "durations", "times"],
)
def test_max_gap_of_every_kind_of_index(index, max_gap):
    """Steps up to max_gap are no holes, longer ones are."""
    assert holes(index, max_gap) == [3]
    assert follows(index[:2], index[2:], max_gap)
    assert not follows(index[:3], index[3:], max_gap)


def test_max_gap_of_another_kind():
    """Times need a duration for max_gap, other indexes a whole number."""
    assert refused(LagFramer(1, max_gap="4D").fit, series_of(pd.RangeIndex(3))) == snapshot(
        "LagFramer expects max_gap to be a whole number for this index, got '4D'."
    )
    assert refused(LagFramer(1, max_gap="long").fit, series_of(pd.date_range("2026-01-01", periods=3))) == snapshot(
        "LagFramer expects max_gap to be a duration, such as '3D', for this index, got 'long'."
    )


# --- order ----------------------------------------------------------------------------------------


def test_missing_times():
    """A row without a time is refused, whatever kind of index it is."""
    index = pd.Index([1, None], dtype="Int64")
    assert refused(LagFramer(1).fit, series_of(index)) == snapshot(
        "LagFramer got no time (NaT) for row 1. Drop the row, or give it its time."
    )


def test_index_of_several_levels():
    """A function that takes one series refuses an index of several levels."""
    index = pd.MultiIndex.from_product([["Oslo"], range(40)], names=["city", "day"])
    assert refused(suggest_time_steps, series_of(index)) == snapshot(
        "suggest_time_steps expects one series, got a MultiIndex of ['city', 'day']. Name the level that tells series apart, group=, where a step has that parameter; else take each series by itself."
    )


@pytest.mark.parametrize("index", [pd.Index(["b", "a", "a"]), pd.Index([2.0, 1.0, 1.0])], ids=["text", "floats"])
def test_index_without_order(index):
    """Text and floats may come in any order: rows follow each other as they stand."""
    assert holes(index) == []


# --- forecasts ------------------------------------------------------------------------------------


def test_times_ahead(regular):
    """The times of a forecast are the next times of a regular index."""
    assert times_ahead(regular[:-3], 3) == regular[-3:].tolist()


# --- another step ---------------------------------------------------------------------------------

DAYS = pd.date_range("2026-01-05", periods=40)
MONTHS = pd.date_range("2026-01-01", periods=40, freq="MS")


def test_step_in_words():
    """A message names a step by its unit, where it has one."""
    indexes = [
        *(pd.date_range("2026-01-01", periods=60, freq=freq) for freq in ("D", "QS", "B", "BQE", "SMS", "15min")),
        pd.timedelta_range(0, periods=60, freq="36h"),
        pd.period_range("2026-01", periods=120, freq="M")[::2],
        pd.RangeIndex(0, 120, 2),
    ]
    parts = [(index[:20], index[20::10]) for index in indexes]
    assert [refused(fitted_forecaster(fitted).update, series_of(new)) for fitted, new in parts] == snapshot(
        [
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 10 days apart, from 2026-01-21 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 3 months, got rows 30 months apart, from 2031-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 business day, got rows 10 business days apart, from 2026-01-29 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 3 months, got rows 30 months apart, from 2031-03-31 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, SMS-15, got rows 10SMS-15 apart, from 2026-11-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 00:15:00, got rows 02:30:00 apart, from 2026-01-01 05:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 days 12:00:00, got rows 15 days 00:00:00 apart, from 30 days 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 2 periods of M, got rows 20 periods of M apart, from 2029-05 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 2, got rows 20 apart, from 40 on. Bring them to that step first, or fit them by themselves.",
        ]
    )


def test_rows_of_the_fitted_step(regular):
    """Rows that lie on the step of a regular index are taken, with gaps before and between them."""
    forecaster = fitted_forecaster(regular[:20])
    for rows in (regular[20:24], regular[28:29], regular[[31, 38]]):
        forecaster.update(series_of(rows))
    assert forecaster.context_.index[-1] == regular[38]


def test_rows_of_another_step():
    """Rows between the steps of the fitted index are refused, and so are three that all lie further apart."""
    later = pd.date_range("2030-01-01", periods=40)
    rows = [
        (DAYS, pd.date_range("2026-03-01", periods=3, freq="h")),
        (DAYS, pd.date_range("2026-03-01", periods=2, freq="12h")),
        (DAYS, later[::7]),
        (DAYS[::7], later),
        (MONTHS, later),
        (MONTHS, pd.date_range("2030-01-01", periods=9, freq="QS")),
        (MONTHS[::3], pd.date_range("2036-01-01", periods=9, freq="MS")),
        (pd.RangeIndex(0, 40, 2), pd.RangeIndex(40, 50)),
        (DAYS, pd.RangeIndex(9)),
    ]
    assert [refused(fitted_forecaster(fitted).update, series_of(new)) for fitted, new in rows] == snapshot(
        [
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 01:00:00 apart, from 2026-03-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 12:00:00 apart, from 2026-03-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 7 days apart, from 2030-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 7 days, got rows 1 day apart, from 2030-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 month, got rows 1 day apart, from 2030-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 month, got rows 3 months apart, from 2030-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 3 months, got rows 1 month apart, from 2036-01-01 00:00:00 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 2, got rows 1 apart, from 40 on. Bring them to that step first, or fit them by themselves.",
            "SeriesForecaster.update expects rows as far apart as those that were fitted, 1 day, got rows 1 apart, from 0 on. Bring them to that step first, or fit them by themselves.",
        ]
    )


@pytest.mark.parametrize(
    ("fitted", "new"),
    [
        (pd.date_range("2026-01-01", periods=40, freq="B"), pd.date_range("2026-03-02", periods=5)),
        (
            pd.date_range("2026-03-20", periods=9, freq="12h").tz_localize(BERLIN),
            pd.date_range("2026-03-24 12:00", periods=31, freq="12h").tz_localize(BERLIN),
        ),
        (MONTHS, pd.date_range("2030-01-01", periods=9, freq="BME")),
        (DAYS, pd.DatetimeIndex(["2026-03-01 07:00", "2026-03-01 09:30", "2026-03-03 12:10"])),
    ],
    ids=["a week of business days", "half days by the local clock", "business months", "irregular"],
)
def test_rows_of_a_step_that_may_be_the_same(fitted, new):
    """Rows whose own step is the fitted one on another calendar, or irregular, are taken."""
    assert fitted_forecaster(fitted).update(series_of(new)).context_.index[-1] == new[-1]
