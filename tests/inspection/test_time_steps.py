import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from statsmodels.tsa.stattools import acf, pacf

from sklstm import Persistence
from sklstm.datasets import load_airline, load_seattle_weather, load_sunspots
from sklstm.inspection import TimeSteps, suggest_time_steps

WEEK = np.array([3.0, 4, 4, 5, 8, 11, 9])


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=200)


def weeks(n, seed=0, scale=1.0):
    return np.resize(WEEK, n) + scale * np.random.default_rng(seed).normal(size=n)


def autoregression(coefficient, n, seed):
    values = np.random.default_rng(seed).normal(size=n + 100)
    for row in range(1, n + 100):
        values[row] += coefficient * values[row - 1]
    return values[100:]


def test_airline():
    """Months of a year, beyond a trend that would hide them."""
    steps = suggest_time_steps(load_airline().data)
    assert steps == [12, 24]
    assert (steps.season, steps.differenced) == (12, True)
    assert steps.reasons == ["12: the season, autocorrelation 0.83 where chance reaches 0.27", "24: two seasons"]


def test_sunspots():
    """Cycles of about 11 years, which are no exact season."""
    steps = suggest_time_steps(load_sunspots().data)
    assert 10 <= steps.season <= 12
    assert steps == [steps.season, 2 * steps.season]


def test_longer_than_a_look_back():
    """A year of days is found, and too long for a window unless the user says otherwise."""
    days = load_seattle_weather().data
    steps = suggest_time_steps(days, target="temp_max")
    assert 345 < steps.season < 385
    assert max(steps) < 30
    assert steps.season in suggest_time_steps(days, target="temp_max", max_steps=400)


@pytest.mark.parametrize("n", [70, 700])
@pytest.mark.parametrize("trend", ["none", "line", "walk", "curve"])
def test_weeks(n, trend):
    """A week is found in short and long series, with a trend or without."""
    rows = np.arange(n)
    trends = {
        "none": 0,
        "line": 2.0 * rows,
        "walk": np.random.default_rng(1).normal(size=n).cumsum(),
        "curve": (rows / 20.0) ** 2,
    }
    steps = suggest_time_steps(weeks(n) + trends[trend])
    assert steps.season == 7
    assert {7, 14} <= set(steps)


def test_hours():
    """Days in hours are the season, not the weeks that are there as well."""
    hours = np.arange(24 * 7 * 8)
    weekend = hours // 24 % 7 > 4
    values = np.sin(hours / 24 * 2 * np.pi) + 0.3 * weekend + 0.2 * np.random.default_rng(0).normal(size=len(hours))
    assert suggest_time_steps(values).season == 24


def test_noise(noise):
    """White noise has nothing to look back on."""
    steps = suggest_time_steps(noise)
    assert (steps, steps.season) == ([1], None)
    assert steps.reasons == ["1: nothing is correlated beyond chance, noise"]
    walk = suggest_time_steps(noise.cumsum())
    assert (walk, walk.differenced) == ([1], True)
    assert walk.reasons == ["1: nothing is correlated beyond chance, the steps from row to row are random"]


@pytest.mark.parametrize("coefficient", [0, 0.5, 0.9, 1])
def test_no_season_where_there_is_none(coefficient):
    """Memory that fades, or never does, is not taken for a season."""
    found = [suggest_time_steps(autoregression(coefficient, 150, seed)).season for seed in range(20)]
    assert found.count(None) >= 19


def test_memory():
    """Where the memory reaches back two rows, so does the look-back."""
    values = np.random.default_rng(0).normal(size=500)
    for row in range(2, 500):
        values[row] += 0.5 * values[row - 1] + 0.3 * values[row - 2]
    steps = suggest_time_steps(values)
    assert steps == [2]
    assert steps.reasons[0].startswith(
        "2: the memory, the last significant lag of the partial autocorrelation is 2 (0.3"
    )


def test_outliers(noise):
    """Two outliers make no season of their distance."""
    noise[[20, 65, 110]] += 30
    assert suggest_time_steps(noise) == [1]


def test_line():
    """A straight line needs its last value only."""
    steps = suggest_time_steps(np.arange(50.0))
    assert steps == [1]
    assert steps.reasons == ["1: the series is a straight line, and its last value tells the next one"]


def test_correlations_are_those_of_statsmodels(noise):
    """Without gaps the correlograms are what statsmodels computes of the rests around the line."""
    steps = suggest_time_steps(noise)
    rows = np.arange(200)
    rests = noise - np.polyval(np.polyfit(rows, noise, 1), rows)
    lags = len(steps.autocorrelation) - 1
    np.testing.assert_allclose(steps.autocorrelation, acf(rests, nlags=lags), atol=1e-12)
    np.testing.assert_allclose(steps.partial_autocorrelation, pacf(rests, nlags=lags, method="ldb"), atol=1e-12)


def test_missing_values():
    """Pairs that were not observed are left out; a hole in the index is a row of them."""
    days = pd.date_range("2026-01-01", periods=280)
    series = pd.Series(weeks(280), index=days)
    gaps = np.random.default_rng(2).choice(280, 60, replace=False)
    with_nan = series.copy()
    with_nan.iloc[gaps] = np.nan
    assert suggest_time_steps(with_nan) == [7, 14]
    # Where rows are left out, lags go on counting days.
    holes = series.drop(days[100:110]).drop(days[201:204])
    not_observed = series.copy()
    not_observed[days[100:110].union(days[201:204])] = np.nan
    found, expected = suggest_time_steps(holes, max_steps=80), suggest_time_steps(not_observed, max_steps=80)
    assert found == expected
    np.testing.assert_allclose(found.autocorrelation, expected.autocorrelation)


def test_limits(noise):
    """The user's limits hold, and a season that is known is taken."""
    airline = load_airline().data
    assert suggest_time_steps(airline, n_suggestions=1) == [12]
    assert suggest_time_steps(airline, max_steps=20) == [12]
    assert suggest_time_steps(airline, max_steps=6).season == 12
    steps = suggest_time_steps(noise, season=30)
    assert (steps, steps.season) == ([30, 60], 30)
    assert steps.reasons == ["30: the season, as given", "60: two seasons"]


@given(
    st.integers(20, 90),
    st.integers(0, 10**6),
    st.sampled_from(["noise", "walk", "weeks", "steps"]),
    st.floats(0, 0.3),
    st.integers(1, 5),
)
def test_always_a_grid(n, seed, kind, missing, n_suggestions):
    """Whatever the series is like, there are a few distinct, ascending, plain ints that fit into it."""
    random = np.random.default_rng(seed)
    values = {
        "noise": random.normal(size=n),
        "walk": random.normal(size=n).cumsum(),
        "weeks": np.resize(WEEK, n),
        "steps": random.integers(2, size=n).astype(float),
    }[kind]
    values[random.random(n) < missing] = np.nan
    observed = values[~np.isnan(values)]
    if len(observed) < 20 or np.ptp(observed) == 0:
        return
    steps = suggest_time_steps(values, n_suggestions=n_suggestions)
    assert 1 <= len(steps) == len(steps.reasons) <= n_suggestions
    assert steps == sorted(set(steps))
    assert all(type(step) is int and 1 <= step <= len(observed) // 3 for step in steps)
    assert steps.season is None or type(steps.season) is int


@pytest.mark.parametrize("dtype", ["float32", "int64", "Int64", "Float64"])
def test_dtypes(dtype):
    """Numbers of any type are read."""
    assert suggest_time_steps(load_airline().data.astype(dtype)) == [12, 24]


def test_time_steps_are_a_list():
    """They sort, slice, pickle and print as a list does, and go into a grid as they are."""
    steps = suggest_time_steps(load_airline().data)
    assert isinstance(steps, TimeSteps)
    assert (repr(steps), steps[:1], [6, *steps]) == ("[12, 24]", [12], [6, 12, 24])
    again = pickle.loads(pickle.dumps(steps))
    assert (again, again.season, again.reasons) == (steps, steps.season, steps.reasons)
    search = clone(GridSearchCV(Persistence(), {"frame__n_steps": steps}))
    assert search.param_grid == {"frame__n_steps": [12, 24]}


def test_plot():
    """Both correlograms are drawn by lag, with the bound and the suggestions marked."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    steps = suggest_time_steps(load_airline().data)
    assert steps.plot() is steps
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in steps.axes_]
    assert labels == [
        ("lag, in rows", "autocorrelation\nof the steps"),
        ("lag, in rows", "partial autocorr.\nof the steps"),
    ]
    assert [text.get_text() for text in steps.axes_[0].texts] == [" 12", " 24"]
    figure, axes = pyplot.subplots(2)
    assert steps.plot(axes).figure_ is figure
    for number in pyplot.get_fignums():
        pyplot.close(number)


@pytest.mark.parametrize(
    ("series", "params", "message"),
    [
        (
            pd.DataFrame({"sold": [1.0], "visits": [2.0]}),
            {},
            snapshot(
                "suggest_time_steps needs to know which of the columns ['sold', 'visits'] to forecast: pass target='sold'."
            ),
        ),
        (
            pd.DataFrame({"sold": [1.0], "visits": [2.0]}),
            {"target": "visit"},
            snapshot(
                "suggest_time_steps got target='visit', which is no column. Did you mean 'visits'? The columns are: ['sold', 'visits']."
            ),
        ),
        (
            np.full(30, 3.0),
            {},
            snapshot(
                "suggest_time_steps looks for what repeats, got 3 in every row of column 'var1'. Pass a series that changes, or drop it."
            ),
        ),
        (
            np.append(np.arange(19.0), [np.nan] * 9),
            {},
            snapshot(
                "suggest_time_steps needs at least 20 values to see how they are related, got 19 in column 'var1'. Pass a longer series."
            ),
        ),
        (
            pd.Series(["a", *"1" * 30], name="sold"),
            {},
            snapshot(
                "suggest_time_steps expects numbers, got text in column 'sold' of the series: 'a' in row 0. Encode the column as numbers, or drop it."
            ),
        ),
        (
            pd.Series([1.0, 2, np.inf, *range(30)], name="sold"),
            {},
            snapshot(
                "suggest_time_steps got inf in the series at row 2, column 'sold'. Replace it, or write NaN where nothing was observed."
            ),
        ),
        (
            pd.Series([1.0, 2, 3], index=[0, 2, 1]),
            {},
            snapshot(
                "suggest_time_steps expects rows in time order, got 1 (row 2) after 2 (row 1). Sort them, and y with them: X.sort_index(); and split without shuffling."
            ),
        ),
        (
            weeks(40),
            {"max_steps": 21},
            snapshot(
                "suggest_time_steps expects max_steps to be an int from 1 to 20, got 21. A window must be seen at least twice."
            ),
        ),
        (
            weeks(40),
            {"season": 1},
            snapshot(
                "suggest_time_steps expects season to be an int from 2 to 20, got 1. Two seasons must be in the series."
            ),
        ),
        (
            weeks(40),
            {"n_suggestions": True},
            snapshot("suggest_time_steps expects n_suggestions to be an int of 1 or more, got True."),
        ),
    ],
    ids=["columns", "target", "constant", "short", "text", "inf", "order", "max_steps", "season", "n_suggestions"],
)
def test_refused(series, params, message):
    """Each refusal says who, expected, got and what to do."""
    assert refused(suggest_time_steps, series, **params) == message


def test_no_statsmodels(monkeypatch):
    """Without statsmodels it is said how to get it."""
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.stattools", None)
    assert refused(suggest_time_steps, weeks(70), error=ImportError) == snapshot(
        "suggest_time_steps needs statsmodels: pip install 'sklstm[stats]'"
    )
