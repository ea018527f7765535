"""How many rows make a season."""

import pandas as pd
import pytest

from sklstm.preprocessing._season import season_of


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        *[("MS", 12), ("ME", 12), ("QS", 4), ("D", 7), ("B", 5), ("h", 24), ("30min", 48), ("W", 52), ("YS", None)],
        *[("BME", 12), ("BMS", 12), ("WOM-3FRI", 12), ("BQE", 4), ("BYE", None), ("SME", 24), ("C", 5), ("bh", None)],
    ],
)
def test_seasons(freq, season):
    """A frequency suggests a season: months of a year, days of a week, hours of a day."""
    assert season_of(pd.date_range("2026-01-01", periods=40, freq=freq)) == season


def test_no_season():
    """Rows without a regular time suggest none."""
    assert season_of(pd.RangeIndex(9)) is None
    assert season_of(pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-09", "2026-01-11"])) is None


@pytest.mark.parametrize(("freq", "season"), [("M", 12), ("Q", 4), ("D", 7), ("h", 24), ("Y", None)])
def test_seasons_of_periods(freq, season):
    """Periods suggest the same."""
    assert season_of(pd.period_range("2026-01-01", periods=40, freq=freq)) == season
