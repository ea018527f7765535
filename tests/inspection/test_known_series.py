"""describe_series on generated series whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot

from sklstm import describe_series


def rng(seed=0):
    return np.random.default_rng(seed)


def dated(values, freq="D"):
    return pd.Series(values, pd.date_range("2020-01-01", periods=len(values), freq=freq), name="y")


def waves(n, season, spread=0.2):
    t = np.arange(n)
    return np.sin(2 * np.pi * t / season) + 0.5 * np.cos(4 * np.pi * t / season) + spread * rng().normal(size=n)


def growth(n):
    return np.exp(np.linspace(0, 2, n))


YEARS = np.arange(1461) * 2 * np.pi / 365.25
SERIES = {
    # name: (series, advice that is given, advice that is not, season)
    "promotions": (dated((rng().random(700) < 0.1) * 1.0), {"flag"}, {"minmax", "robust", "time steps"}, None),
    "holidays": (dated((np.arange(700) % 7 == 0) * 1.0), {"flag"}, {"minmax", "standard", "time steps"}, None),
    "a flag of 64 rows": (dated((np.arange(700) // 32 % 2) * 1.0), {"flag"}, {"time steps", "difference"}, None),
    "noise": (dated(rng().normal(size=400)), {"standard"}, {"log", "difference"}, None),
    "much noise": (dated(rng().normal(size=20_000), "h"), {"standard"}, {"log", "difference"}, None),
    "uniform noise": (dated(rng().random(400)), {"minmax"}, {"log", "difference"}, None),
    "outliers": (dated(np.where(np.arange(400) % 97 == 5, 30, rng().normal(size=400))), {"robust"}, {"log"}, "any"),
    "a trend": (dated(0.1 * np.arange(300) + rng().normal(size=300)), {"standard", "difference"}, {"log"}, None),
    "a random walk": (dated(np.cumsum(rng().normal(size=400))), {"difference"}, {"log"}, None),
    "days of a week": (dated(waves(300, 7)), {"time steps"}, {"log", "difference"}, 7),
    "hours": (dated(waves(600, 24), "h"), {"time steps"}, {"log"}, 24),
    "half hours": (dated(waves(48 * 30, 48, 0.8), "30min"), {"time steps"}, {"log"}, 48),
    "quarter hours": (dated(waves(96 * 12, 96, 0.8), "15min"), {"time steps"}, {"log"}, 96),
    "months": (dated(waves(120, 12), "MS"), {"time steps"}, {"log"}, 12),
    "months that grow": (dated(growth(180) * (3 + waves(180, 12)), "MS"), {"log", "difference"}, set(), 12),
    "quarters": (dated(5 + waves(60, 4), "QS"), {"time steps"}, {"log"}, 4),
    "rows without times": (pd.Series(waves(300, 11)), {"time steps"}, {"log"}, 11),
    "temperatures": (
        dated(np.maximum(0.5, 15 + 9 * np.sin(YEARS) + (2 + 0.8 * np.sin(YEARS)) * rng().normal(size=1461))),
        set(),
        {"log"},
        "any",
    ),
    "temperatures that are hot in summer": (
        dated(285 + 10 * np.sin(YEARS) + (3 + 2 * np.sin(YEARS)) * rng().normal(size=1461)),
        set(),
        {"log"},
        "any",
    ),
    "one value": (dated(np.full(60, 3.0)), {"drop"}, {"minmax", "flag"}, None),
    "always zero": (dated(np.zeros(60)), {"drop"}, {"flag"}, None),
}


@pytest.mark.parametrize("name", SERIES)
def test_known_series(name):
    """The advice and the season are those that the series was made with."""
    series, given, not_given, season = SERIES[name]
    report = describe_series(series)
    found = set(report.advice["advice"])
    assert given <= found
    assert not not_given & found
    if season != "any":
        assert report.table["season"].fillna(0).item() == (season or 0)


def test_reason_of_a_normal_shape():
    """A test of many values is no reason: the message tells the moments that it goes by."""
    values = rng().standard_t(30, size=50_000)
    reason = describe_series(dated(values, "h")).advice["reason"][0]
    assert reason == snapshot(
        "skewness and kurtosis near those of a normal distribution without the trend (skewness 0.02, kurtosis 0.19), without outliers: mean and standard deviation say all about its scale"
    )


def test_a_flag_beside_its_series():
    """A table of sales and promotions describes both, and the flag says where it belongs."""
    table = pd.DataFrame({"sales": waves(200, 7) + 5, "promo": (rng().random(200) < 0.2) * 1.0})
    report = describe_series(table)
    assert report.time_steps["promo"] is None
    assert "flag" in repr(report)
    calls = report.advice.set_index("advice")["call"]
    assert calls["flag"] == "SeriesForecaster(future=['promo']), where it is known ahead"
