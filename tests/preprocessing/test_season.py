"""Rows in a season, by the step of an index."""

import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import make_pipeline

from sklstm import SeriesForecaster, backtest

from .times import series_of


def season_of(index):
    """Rows that the seasonal baseline of a backtest looks back; None where there is no such baseline."""
    forecaster = SeriesForecaster(make_pipeline(DummyRegressor()))
    result = backtest(forecaster, series_of(index), initial=len(index) - 1, metrics=["mae"])
    (forecast,) = result.forecasts.to_dict("records")
    return forecast["observed"] - forecast["seasonal naive"] if "seasonal naive" in forecast else None


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        *[("MS", 12), ("ME", 12), ("QS", 4), ("D", 7), ("B", 5), ("h", 24), ("30min", 48), ("W", 52), ("YS", None)],
        *[("BME", 12), ("BMS", 12), ("WOM-3FRI", 12), ("BQE", 4), ("BYE", None), ("SME", 24), ("C", 5)],
    ],
)
def test_seasons(freq, season):
    """The season of months is a year, that of days a week, that of hours a day."""
    assert season_of(pd.date_range("2026-01-01", periods=60, freq=freq)) == season


@pytest.mark.parametrize(("holidays", "season"), [(pd.offsets.CustomBusinessDay, 5), (pd.offsets.CBMonthEnd, 12)])
def test_seasons_of_a_calendar_with_holidays(holidays, season):
    """Holidays change no season."""
    freq = holidays(holidays=["2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01"])
    assert season_of(pd.date_range("2026-01-02", periods=60, freq=freq)) == season


@pytest.mark.parametrize(
    "index",
    [pd.RangeIndex(60), pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-09", "2026-01-11"])],
    ids=["numbers", "irregular"],
)
@pytest.mark.filterwarnings("ignore:SeriesForecaster leaves out:UserWarning")
def test_no_season(index):
    """Numbers and irregular times have no season."""
    assert season_of(index) is None


@pytest.mark.parametrize(("freq", "season"), [("M", 12), ("Q", 4), ("W", 52), ("D", 7), ("h", 24), ("Y", None)])
def test_seasons_of_periods(freq, season):
    """Periods have the seasons of their length."""
    assert season_of(pd.period_range("2026-01-01", periods=60, freq=freq)) == season
