"""SeriesForecaster on panels: what follows a row, what lies before it, and how each series goes on."""

import warnings

import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused

KEYS = {"target": "y", "group": "of", "time": "t"}


def panel(n_rows, seed=0):
    """Three series in any order, each in time order."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"of": rng.choice(["a", "b", "c"], n_rows), "y": rng.normal(size=n_rows)})
    table["t"] = table.groupby("of").cumcount()
    return table


@pytest.fixture(scope="module")
def forecaster():
    return lags(horizon=4, **KEYS).fit(panel(60))


@given(n_rows=st.integers(4, 40), seed=st.integers(0, 9), steps=st.integers(1, 4))
def test_truth_is_a_shift(forecaster, n_rows, seed, steps):
    """What a forecast is compared with is pandas' shift within its series."""
    table = panel(n_rows, seed)
    truth, forecasts, labels = forecaster.compare(table, steps)
    expected = np.column_stack([table.groupby("of")["y"].shift(-step) for step in range(1, steps + 1)])
    np.testing.assert_array_equal(truth, expected)
    assert labels.tolist() == table["of"].tolist()
    assert np.isfinite(forecasts).all()


@pytest.mark.parametrize(("max_gap", "following"), [(None, np.nan), (3, 4.0)], ids=["a hole", "max_gap"])
def test_nothing_follows_across_a_hole(max_gap, following):
    """Where the index is regular, nothing lies on the other side of a hole; with max_gap it does."""
    series = pd.Series(np.arange(8.0), [0, 1, 2, 3, 6, 7, 8, 9], name="y")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forecaster = lags(framer={"max_gap": max_gap}).fit(series)
    truth, _, _ = forecaster.compare(series)
    np.testing.assert_array_equal(truth[:, 0], [1, 2, 3, following, 5, 6, 7, np.nan])
    told = [] if max_gap else ["SeriesForecaster leaves out 1 of 8 rows, which a hole in the times follows within 1"]
    assert [str(warning.message).partition(" step")[0] for warning in caught] == told


def test_rows_that_a_shorter_step_leaves_out():
    """Hours that become quarters of an hour: a warning says how many rows are not trained on."""
    hours, quarters = (
        pd.date_range("2026-01-01", periods=40, freq="h"),
        pd.date_range("2026-01-03", periods=80, freq="15min"),
    )
    series = pd.Series(np.arange(120.0), hours.append(quarters), name="load")
    with pytest.warns(
        UserWarning, match="SeriesForecaster leaves out 40 of 120 rows, which a hole in the times follows"
    ):
        lags(target="load").fit(series)


@pytest.mark.filterwarnings("ignore:.*further than 10 times the range:UserWarning")
@given(n_rows=st.integers(24, 40), seed=st.integers(0, 9), cut=st.integers(3, 8))
def test_past_of_each_series(n_rows, seed, cut):
    """Rows that follow have the fitted rows of their own series for their past; a series without any starts cold."""
    table = panel(n_rows, seed)
    table = table[(table["of"] != "c") | (table["t"] >= cut)]
    early, late = table[table["t"] < cut], table[table["t"] >= cut]
    forecaster = lags(3, **KEYS).fit(early)
    if len(late):
        np.testing.assert_allclose(forecaster.predict(late), forecaster.predict(table).loc[late.index], rtol=1e-8)


def test_labels_tell_no_past():
    """Rows whose index orders nothing start cold."""
    series = pd.Series([1.0, 3.0, 2.0, 5.0, 4.0], list("vwxyz"), name="y")
    forecaster = lags(2).fit(series)
    numbered = series.set_axis(range(-9, -4))
    np.testing.assert_array_equal(forecaster.predict(series), forecaster.predict(numbered))


@pytest.mark.parametrize("keys", [[], ["of", "t"], ["t"]], ids=["columns", "levels", "index"])
def test_rows_to_come(keys):
    """Forecasts have the series and the times of the rows before, wherever these stand."""
    table = panel(20)
    forecast = lags(**KEYS).fit(table.set_index(keys) if keys else table).forecast(2)
    assert forecast.columns.tolist() == [name for name in ("of", "t") if name not in keys] + ["y"]
    ends = table.groupby("of")["t"].max().to_dict()
    pairs = forecast.reset_index()[["of", "t"]].itertuples(index=False, name=None)
    assert sorted(pairs) == sorted((label, end + step) for label, end in ends.items() for step in (1, 2))


@pytest.mark.parametrize("freq", ["BME", "BQS", "WOM-3FRI", "SMS", "C"])
def test_times_of_the_freq(freq):
    """What follows a table whose index carries a freq is where pandas has it."""
    index = pd.date_range("2026-01-02", periods=9, freq=freq, name="day")
    forecaster = lags().fit(pd.Series(np.arange(4.0), index[:4], name="y"))
    assert forecaster.forecast(5).index.tolist() == index[4:].tolist()


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (
            pd.DataFrame({"y": ["a"]}),
            snapshot(
                "SeriesForecaster expects numbers, got text in column 'y' of the series: 'a' in row 0. Encode the column as numbers, or drop it."
            ),
        ),
        (
            pd.Series([1.0, 2.0], [1, 0]),
            snapshot(
                "SeriesForecaster expects rows in time order, got 0 (row 1) after 1 (row 0). Sort them, and y with them: X.sort_index(); and split without shuffling."
            ),
        ),
        (pd.Series([], dtype=float, name="y"), snapshot("SeriesForecaster got an empty series of shape (0, 1).")),
    ],
    ids=["text", "order", "nothing"],
)
def test_rows_that_are_no_series(series, message):
    """A series holds numbers, in time order."""
    assert refused(lags().fit, series) == message
