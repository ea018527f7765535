"""series_to_supervised and make_supervised: lag tables, X and y."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused

from sklstm import make_supervised, series_to_supervised

MONTHS = pd.period_range("2026-01", periods=4, freq="M")
WEATHER = pd.DataFrame({"temp": [1, 2, 3, 4], "wind": [10, 20, 30, 40]}, index=MONTHS)


# --- the lag table --------------------------------------------------------------------------------


def test_classic_table():
    """Two variables with one lag and one lead give the table of the textbook."""
    supervised = series_to_supervised([[0, 50], [1, 51], [2, 52], [3, 53]])
    expected = pd.DataFrame(
        {
            "var1(t-1)": [0.0, 1.0, 2.0],
            "var2(t-1)": [50.0, 51.0, 52.0],
            "var1(t)": [1, 2, 3],
            "var2(t)": [51, 52, 53],
        },
        index=[1, 2, 3],
    )
    pd.testing.assert_frame_equal(supervised, expected)


def test_multi_step_table():
    """Lags count down to t-1, leads count up from t."""
    supervised = series_to_supervised(range(10), n_in=3, n_out=2)
    assert list(supervised) == ["var1(t-3)", "var1(t-2)", "var1(t-1)", "var1(t)", "var1(t+1)"]
    np.testing.assert_array_equal(supervised, [np.arange(t, t + 5) for t in range(6)])


@given(st.integers(0, 4), st.integers(1, 4), st.booleans())
def test_equals_pandas_shift(n_in, n_out, dropnan):
    """Every column is the shifted series."""
    supervised = series_to_supervised(WEATHER, n_in, n_out, dropnan)
    names = {0: "(t)"}
    expected = {
        f"{column}{names.get(lag, f'(t{lag:+d})')}": WEATHER[column].shift(-lag)
        for lag in range(-n_in, n_out)
        for column in WEATHER
    }
    expected = pd.DataFrame(expected)
    pd.testing.assert_frame_equal(supervised, expected.dropna() if dropnan else expected)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (pd.Series([1, 2], name="sales"), ["sales(t-1)", "sales(t)"]),
        (pd.Series([1, 2]), ["var1(t-1)", "var1(t)"]),
        (pd.DataFrame({7: [1, 2]}), ["7(t-1)", "7(t)"]),
        (np.array([1, 2]), ["var1(t-1)", "var1(t)"]),
        ([1, 2], ["var1(t-1)", "var1(t)"]),
    ],
)
def test_column_names(data, names):
    """Columns have the names of the data, else numbers from one."""
    assert list(series_to_supervised(data)) == names


# --- X and y --------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_arrays(horizon):
    """For an array X and y are arrays: each row, and the values that follow it."""
    series = np.arange(5.0)
    X, y = make_supervised(series, horizon)
    np.testing.assert_array_equal(X, series[: 5 - horizon, None])
    future = np.stack([series[step : 5 - horizon + step] for step in range(1, horizon + 1)], axis=1)
    np.testing.assert_array_equal(y, future[:, 0] if horizon == 1 else future)


def test_list():
    """A list of numbers is an array."""
    X, y = make_supervised([1, 2, 3])
    assert isinstance(X, np.ndarray)
    np.testing.assert_array_equal(y, [2, 3])


def test_series():
    """For a Series X is a table of one column, and y a Series, both with the index of the rows."""
    X, y = make_supervised(WEATHER["temp"])
    pd.testing.assert_frame_equal(X, WEATHER[["temp"]][:3])
    pd.testing.assert_series_equal(y, pd.Series([2, 3, 4], index=MONTHS[:3], name="temp(t+1)"))


@pytest.mark.parametrize("target", ["wind", 1, np.int64(1)])
def test_target(target):
    """The target is given by name or position, and stays a feature."""
    X, y = make_supervised(WEATHER, horizon=2, target=target)
    pd.testing.assert_frame_equal(X, WEATHER[:2])
    expected = pd.DataFrame({"wind(t+1)": [20, 30], "wind(t+2)": [30, 40]}, index=MONTHS[:2])
    pd.testing.assert_frame_equal(y, expected)


def test_target_of_arrays():
    """The columns of an array are called var1, var2 and so on, or counted from 0."""
    for target in (1, "var2"):
        _, y = make_supervised(WEATHER.to_numpy(), target=target)
        np.testing.assert_array_equal(y, [20, 30, 40])


def test_labels_come_before_positions():
    """An integer label of a column counts before a position."""
    _, y = make_supervised(WEATHER.set_axis([1, 0], axis=1), target=1)
    np.testing.assert_array_equal(y, [2, 3, 4])


def test_nothing_is_shared():
    """Changing y does not change the series."""
    series = np.arange(5.0)
    _, y = make_supervised(series, horizon=2)
    y[:] = 99
    np.testing.assert_array_equal(series, np.arange(5))


# --- polars ---------------------------------------------------------------------------------------


def test_polars():
    """A polars DataFrame gives the result of a pandas DataFrame with a RangeIndex."""
    pl = pytest.importorskip("polars", reason="needs polars, as the extra test has it")
    table = WEATHER.reset_index(drop=True)
    frame = pl.DataFrame({name: table[name].tolist() for name in table})
    for of_polars, of_pandas in zip(make_supervised(frame, 2, "wind"), make_supervised(table, 2, "wind"), strict=True):
        pd.testing.assert_frame_equal(of_polars, of_pandas)
    pd.testing.assert_frame_equal(series_to_supervised(frame), series_to_supervised(table))
    pd.testing.assert_frame_equal(series_to_supervised(frame["temp"]), series_to_supervised(table["temp"]))


def test_panels_of_polars():
    """Group and time may be columns of a polars DataFrame."""
    pl = pytest.importorskip("polars", reason="needs polars, as the extra test has it")
    days = pd.date_range("2026-01-01", periods=3)
    panel = pd.DataFrame({"store": list("AAABBB"), "day": [*days, *days], "sales": np.arange(6.0)})
    frame = pl.DataFrame({name: panel[name].tolist() for name in panel})
    X, y = make_supervised(frame, target="sales", group="store", time="day")
    expected = make_supervised(panel, target="sales", group="store", time="day")
    pd.testing.assert_frame_equal(X, expected[0], check_dtype=False)
    pd.testing.assert_series_equal(y, expected[1])


# --- errors ---------------------------------------------------------------------------------------

LAGS, NEXT = series_to_supervised, make_supervised
FAULTY = [
    (LAGS, [1, 2], {"n_in": -1}, snapshot("series_to_supervised expects n_in to be an int of 0 or more, got -1.")),
    (LAGS, [1, 2], {"n_in": 1.5}, snapshot("series_to_supervised expects n_in to be an int of 0 or more, got 1.5.")),
    (LAGS, [1, 2], {"n_out": 0}, snapshot("series_to_supervised expects n_out to be an int of 1 or more, got 0.")),
    (NEXT, [1, 2], {"horizon": True}, snapshot("make_supervised expects horizon to be an int of 1 or more, got True.")),
    (
        LAGS,
        np.ones((2, 2, 2)),
        {},
        snapshot(
            "series_to_supervised expects a series of shape (n_rows,) or (n_rows, n_features), got shape (2, 2, 2)."
        ),
    ),
    (LAGS, [], {}, snapshot("series_to_supervised got an empty series of shape (0, 1).")),
    (NEXT, pd.DataFrame({"a": []}), {}, snapshot("make_supervised got an empty series of shape (0, 1).")),
    (
        LAGS,
        [[1, 2], [3]],
        {},
        snapshot("series_to_supervised expects one series, got 2 sequences. Pass each by itself."),
    ),
    (
        LAGS,
        WEATHER.reset_index(),
        {},
        snapshot(
            "series_to_supervised expects numbers, got times in column 'index' of the series. "
            "Make them the index: X.set_index('index')."
        ),
    ),
    (
        NEXT,
        ["wet", "dry"],
        {},
        snapshot(
            "make_supervised expects numbers, got text in column 'var1' of the series: 'wet' in row 0. "
            "Encode the column as numbers, or drop it."
        ),
    ),
    (
        NEXT,
        WEATHER,
        {},
        snapshot(
            "make_supervised needs to know which of the columns ['temp', 'wind'] to forecast: pass target='temp'."
        ),
    ),
    (
        NEXT,
        WEATHER,
        {"target": "tmp"},
        snapshot(
            "make_supervised got target='tmp', which is no column. Did you mean 'temp'? The columns are: ['temp', 'wind']."
        ),
    ),
    (
        NEXT,
        WEATHER,
        {"target": 2},
        snapshot("make_supervised got target=2, which is no column. The columns are: ['temp', 'wind']."),
    ),
    (
        NEXT,
        WEATHER["temp"],
        {"horizon": 4},
        snapshot("make_supervised(horizon=4) needs at least 5 rows, got 4. Lower the horizon or pass a longer series."),
    ),
    (
        NEXT,
        WEATHER["temp"][::-1],
        {},
        snapshot(
            "make_supervised expects rows in time order, got 2026-03 (row 1) after 2026-04 (row 0). "
            "Sort them, and y with them: X.sort_index(); and split without shuffling."
        ),
    ),
]


@pytest.mark.parametrize(("call", "series", "params", "message"), FAULTY)
def test_faulty(call, series, params, message):
    """Invalid counts, targets and series raise an error."""
    assert refused(call, series, **params) == message


def test_unusable_columns():
    """Columns of several levels, and duplicated names, raise an error with a remedy."""
    levels = WEATHER.set_axis(pd.MultiIndex.from_tuples([("air", "temp"), ("air", "wind")]), axis=1)
    twice = WEATHER.set_axis(["temp", "temp"], axis=1)
    assert [refused(LAGS, table) for table in (levels, twice)] == snapshot(
        [
            "series_to_supervised expects a name for each column, got names of 2 levels, such as ('air', 'temp'). Join them: table.set_axis(['_'.join(map(str, name)) for name in table], axis=1).",
            "series_to_supervised expects columns of different names, got 'temp' twice. Rename one of them.",
        ]
    )
    for table in (levels, twice):
        with pytest.raises(ValueError, match=r"^make_supervised expects"):
            make_supervised(table)
    mended = levels.set_axis(["_".join(map(str, name)) for name in levels], axis=1)
    assert make_supervised(mended, target="air_wind")[1].tolist() == [20, 30, 40]


@pytest.mark.parametrize("horizon", [1, 3])
def test_targets_do_not_reach_across_a_hole(horizon):
    """Rows whose horizon crosses a hole in a regular index are left out."""
    series = pd.Series(np.arange(20.0), index=pd.date_range("2026-01-01", periods=20), name="sold")
    with pytest.warns(UserWarning, match=f"leaves out {horizon} of 17 rows, which a hole in the times follows"):
        X, y = make_supervised(series.drop(series.index[8:11]), horizon=horizon)
    expected = [day for day in range(20 - horizon) if not (set(range(day, day + horizon + 1)) & {8, 9, 10})]
    assert X["sold"].tolist() == expected
    np.testing.assert_array_equal(np.reshape(y, (len(y), -1))[:, -1], np.array(expected) + horizon)


# --- panels ---------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_panel_against_pandas(lengths, horizon, random):
    """The target of a row is of its own series, in any order of rows, and rows keep their order."""
    stores = [name for name, length in zip("ABCD", lengths, strict=False) for _ in range(length)]
    random.shuffle(stores)
    panel = pd.DataFrame({"store": stores})
    panel["day"] = panel.groupby("store").cumcount()
    panel["sales"] = 100.0 * panel["store"].map(ord) + panel["day"]
    if max(lengths) <= horizon:
        with pytest.raises(ValueError, match="rows in a series"):
            make_supervised(panel, horizon, "sales", group="store", time="day")
        return
    X, y = make_supervised(panel, horizon, "sales", group="store", time="day")
    shifted = [panel.groupby("store")["sales"].shift(-step) for step in range(1, horizon + 1)]
    expected = pd.concat(shifted, axis=1).dropna()
    pd.testing.assert_frame_equal(X, panel.loc[expected.index])
    np.testing.assert_array_equal(np.reshape(y, (-1, horizon)), expected)


def test_short_panel():
    """A panel without a series that is longer than the horizon is refused."""
    panel = pd.DataFrame({"store": list("aab"), "sales": 1.0})
    assert refused(make_supervised, panel, 2, "sales", group="store") == snapshot(
        "make_supervised(horizon=2) needs at least 3 rows in a series, got 2. Lower the horizon or pass a longer series."
    )


def test_a_panel_with_a_hole():
    """The horizon does not cross a hole in the times of a series; an error names the series that is out of order."""
    index = pd.MultiIndex.from_arrays([["A"] * 5 + ["B"] * 3, [0, 1, 2, 5, 6, 0, 1, 2]], names=["store", "day"])
    panel = pd.DataFrame({"sales": np.arange(8.0)}, index=index)
    with pytest.warns(UserWarning, match="leaves out 1 of 8 rows"):
        X, y = make_supervised(panel, group="store")
    np.testing.assert_array_equal(X["sales"], [0, 1, 3, 5, 6])
    np.testing.assert_array_equal(y, [1, 2, 4, 6, 7])
    assert refused(make_supervised, panel.iloc[[0, 2, 1, *range(3, 8)]], group="store") == snapshot(
        "make_supervised expects rows in time order, got 1 (row 2) after 2 (row 1) of 'A'. Sort them, and y with them: "
        "X.sort_values(...); and split without shuffling."
    )


@pytest.mark.parametrize("horizon", [1, 3])
def test_names_of_y(horizon):
    """Each column of y is named after the target and how far ahead it lies; an array has no names."""
    table = pd.DataFrame({"shop": ["a"] * 6 + ["b"] * 5, "sales": np.arange(11.0), "price": 1.0})
    expected = [f"{{}}(t+{k + 1})" for k in range(horizon)]
    series = pd.Series(np.arange(6.0))
    for args, options, name in (
        (table, {"target": "sales", "group": "shop"}, "sales"),
        (table[["sales", "price"]], {"target": 0}, "sales"),
        (series.rename("sales"), {}, "sales"),
        (series, {}, "var1"),
    ):
        X, y = make_supervised(args, horizon=horizon, **options)
        names = [y.name] if horizon == 1 else list(y)
        assert names == [column.format(name) for column in expected]
        assert name in X
    assert isinstance(make_supervised(np.arange(6.0), horizon=horizon)[1], np.ndarray)
