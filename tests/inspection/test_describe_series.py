import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused
from scipy import stats
from statsmodels.tsa.seasonal import STL

from sklstm.datasets import load_airline, load_seattle_weather
from sklstm.inspection import describe_series

ROWS = np.arange(300)


@pytest.fixture(scope="module")
def planted():
    """A report on columns, each with one property."""
    random = np.random.default_rng(0)
    wave = np.sin(ROWS / 12 * 2 * np.pi)
    table = pd.DataFrame(
        {
            "normal": random.normal(size=300),
            "uniform": random.uniform(size=300),
            "outliers": random.normal(size=300) + 30 * np.isin(ROWS, [20, 111, 250]),
            "trend": 0.05 * ROWS + random.normal(size=300),
            "walk": random.normal(size=300).cumsum(),
            "season": 5 * wave + random.normal(size=300),
            "growing": np.exp(0.01 * ROWS) * (3 + wave + 0.1 * random.normal(size=300)),
            "growing around 0": np.exp(0.01 * ROWS) * (wave + 0.1 * random.normal(size=300) + 0.8),
            "constant": 3.0,
            "gaps": np.where(ROWS % 50 == 7, np.nan, random.normal(size=300)),
            "name": "a",
        },
        index=pd.date_range("2026-01-01", periods=300, name="day"),
    )
    return describe_series(table)


def advice_on(report, column):
    return report.advice.set_index("column").loc[[column], "advice"].tolist()


@pytest.mark.parametrize(
    ("column", "advice"),
    [
        ("normal", ["standard"]),
        ("uniform", ["minmax"]),
        ("outliers", ["robust"]),
        ("trend", ["standard", "difference"]),
        ("walk", ["minmax", "difference"]),
        ("season", ["minmax", "time steps"]),
        ("growing", ["minmax", "log", "difference", "time steps"]),
        ("constant", ["drop"]),
        ("gaps", ["standard", "fill"]),
    ],
)
def test_planted(planted, column, advice):
    """What was planted in a column is found, and nothing else."""
    assert advice_on(planted, column) == advice


def test_no_logarithm_of_what_is_not_positive(planted):
    """Where the spread grows with the level, but values are below 0, each window is scaled by itself."""
    assert "window scale" in advice_on(planted, "growing around 0")
    assert "log" not in advice_on(planted, "growing around 0")


def test_reasons(planted):
    """Each piece of advice has its reason in words and numbers, and a call."""
    rows = planted.advice.set_index("column").loc[["outliers", "constant", "gaps"]]
    assert rows["reason"].tolist()[0] == (
        "3 of 300 values (1.0%), without the trend, lie more than three interquartile ranges outside the quartiles: "
        "they would set the scale of all others"
    )
    assert rows["reason"].tolist()[1] == "all 300 values are 3: there is nothing to learn from them"
    assert rows["reason"].tolist()[3] == (
        "6 of 300 values are missing: a row is taken for not observed where all of its values are, and refused where "
        "some are"
    )
    assert rows["call"].tolist() == [
        'SeriesScaler("robust")',
        "series.drop(columns='constant')",
        'SeriesScaler("standard")',
        "ForwardFill()",
    ]


def test_airline():
    """Growth, months of a year, and a trend."""
    report = describe_series(load_airline().data)
    advice = report.advice.set_index("advice")
    assert advice.index.tolist() == ["standard", "log", "difference", "time steps"]
    assert advice.loc["log", "call"] == "Differencer((1, 12), log=True) or SeriesForecaster(log=True)"
    assert advice.loc["difference", "call"] == (
        'Differencer((1, 12), log=True) or LSTMRegressor(window_scaler="standard") or LSTMRegressor(window_scaler="last")'
    )
    assert advice.loc["difference", "reason"].startswith("a trend (Mann-Kendall test, p = ")
    assert advice.loc["time steps", "call"] == '{"frame__n_steps": [12, 24]}'
    assert report.table.loc["passengers", ["season", "spread_grows", "n"]].tolist() == [12, True, 144]


def test_calls_can_be_made():
    """The calls that are advised are calls of sklstm."""
    import sklstm

    report = describe_series(load_airline().data)
    for calls in report.advice["call"]:
        for call in calls.split(" or "):
            assert eval(call, dict.fromkeys(()) | {name: getattr(sklstm, name) for name in sklstm.__all__})


def test_statistics(planted):
    """The numbers of the table are those of numpy and scipy."""
    values, row = planted.data["normal"].to_numpy(), planted.table.loc["normal"]
    rests = values - np.polyval(np.polyfit(ROWS, values, 1), ROWS)
    assert row["std"] == pytest.approx(values.std(ddof=1))
    assert row["skewness"] == pytest.approx(stats.skew(rests))
    assert row["normal_p"] == pytest.approx(stats.normaltest(rests).pvalue)
    assert row["slope"] == pytest.approx(stats.theilslopes(values)[0])
    season = STL(planted.data["season"].to_numpy(), period=12).fit()
    strength = 1 - np.var(season.resid) / np.var(season.resid + season.seasonal)
    assert planted.table.loc["season", "season_strength"] == pytest.approx(strength)
    assert planted.table.loc["gaps", ["n", "missing"]].tolist() == [294, 6]


def test_mann_kendall_without_memory():
    """Without memory the test is Kendall's, and the slope Theil and Sen's."""
    values = np.random.default_rng(1).permutation(100.0 + np.arange(60))
    row = describe_series(values).table.loc["var1"]
    assert row["trend_p"] == pytest.approx(stats.kendalltau(np.arange(60), values).pvalue, rel=0.01)
    assert row["slope"] == pytest.approx(stats.theilslopes(values)[0])


def test_mann_kendall_with_memory():
    """A memory that wanders is not taken for a trend, as the test of Kendall does."""
    wandering = np.random.default_rng(0).normal(size=(150, 20))
    for row in range(1, 150):
        wandering[row] += 0.8 * wandering[row - 1]
    plain = [stats.kendalltau(np.arange(150), column).pvalue < 0.05 for column in wandering.T]
    mended = describe_series(wandering).table["trend_p"] < 0.05
    assert np.mean(mended) < 0.2 < np.mean(plain)


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0, 2.0])
def test_spread_by_level(power):
    """The power of the level that the spread grows with is found; a low one is no growth."""
    level = np.linspace(10, 100, 600)
    values = level + 0.01 * level**power * np.random.default_rng(0).normal(size=600)
    row = describe_series(values).table.loc["var1"]
    assert row["spread_exponent"] == pytest.approx(power, abs=0.25)
    assert row["spread_grows"] == (power > 0.5)


def test_season_that_is_known():
    """A season that is given is taken, and none is looked for."""
    report = describe_series(np.random.default_rng(0).normal(size=60), season=12)
    assert report.table.loc["var1", "season"] == 12
    assert report.time_steps["var1"] == [12]


def test_text_is_left_out(planted):
    """Columns of text are left out, and the report says which."""
    assert planted.left_out == ["name"]
    assert "<p>left out, as it holds text: name</p>" in planted._repr_html_()


def test_series_unchanged():
    """The series stays as it was."""
    table = load_seattle_weather().data[:200]
    before = table.copy()
    describe_series(table)
    pd.testing.assert_frame_equal(table, before)


def test_report_is_legible():
    """A report prints a column for each column, then the advice, in lines that fit."""
    report = describe_series(pd.Series(np.random.default_rng(0).normal(20, 2, size=100), name="sold"))
    lines = repr(report).split("\n")
    assert lines[:3] == ["                     sold", "n                     100", "missing                 0"]
    assert lines[-5:-3] == ["", "sold"]
    assert lines[-3].startswith("  standard  near normal without the trend (p = ")
    assert lines[-1] == '            SeriesScaler("standard")'
    assert max(map(len, lines)) <= 120
    assert '<td>SeriesScaler("standard")</td>' in report._repr_html_()
    assert repr(pickle.loads(pickle.dumps(report))) == repr(report)


def test_plot(planted):
    """Each column is drawn over its dates, with its histogram; six at most, unless others are named."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    assert planted.plot() is planted
    assert len(planted.axes_) == 12
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in planted.axes_[:2]]
    assert labels == [("day", "normal"), ("normal", "rows")]
    assert planted.axes_[0].get_title(loc="left") == "the first 6 of 10 columns; others by columns="
    assert len(planted.plot(columns=["gaps", "constant"]).axes_) == 4
    assert refused(planted.plot, columns=["gap"]) == snapshot(
        "SeriesReport.plot got the column 'gap', which is not in the report. Did you mean 'gaps'? Its columns are: ['normal', 'uniform', 'outliers', 'trend', 'walk', 'season', 'growing', 'growing around 0', 'constant', 'gaps']."
    )
    for number in pyplot.get_fignums():
        pyplot.close(number)


@pytest.mark.parametrize(
    ("series", "params", "message"),
    [
        (
            pd.DataFrame({"a": ["x"] * 30, "b": ["y"] * 30}),
            {},
            snapshot(
                "describe_series expects a column of numbers at least, got only text, in the columns ['a', 'b']. Convert them, by pd.to_numeric for instance."
            ),
        ),
        (
            pd.DataFrame(np.ones((30, 2)), columns=["a", "a"]),
            {},
            snapshot("describe_series expects columns of different names, got 'a' twice. Rename one of them."),
        ),
        (
            np.ones(10),
            {},
            snapshot(
                "describe_series needs at least 20 values to see how they are related, got 10 in column 'var1'. Pass a longer series."
            ),
        ),
        (
            np.arange(30.0),
            {"season": 16},
            snapshot(
                "describe_series expects season to be an int from 2 to 15, got 16. Two seasons must be in the series."
            ),
        ),
        (
            pd.DataFrame({"a": range(30), "b": [*range(29), "?"]}),
            {},
            snapshot(
                "describe_series expects numbers, got text in column 'b' of the series: '?' in row 29. Encode the column as numbers, or drop it."
            ),
        ),
    ],
    ids=["text", "twice", "short", "season", "a word"],
)
def test_refused(series, params, message):
    """Each refusal says who, expected, got and what to do."""
    assert refused(describe_series, series, **params) == message


def test_no_statsmodels(monkeypatch):
    """Without statsmodels it is said how to get it."""
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.stattools", None)
    assert refused(describe_series, load_airline().data, error=ImportError) == snapshot(
        "describe_series needs statsmodels: pip install 'sklstm[stats]'"
    )
