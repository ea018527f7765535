"""ForwardFill: the last observation of each series is carried forward, up to a limit."""

import datetime

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sizes import N_TIMESTEPS, UNITS
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import ForwardFill, LagFramer, LSTMRegressor, SeriesScaler

NAN = np.nan
HOURS = pd.date_range("2026-01-01", periods=8, freq="h")
cells = st.sampled_from([NAN, NAN, 1.0, 2.0, 3.0])


def table_of(values, **columns):
    """A DataFrame of one feature, hour by hour."""
    return pd.DataFrame({**columns, "x": values}, index=HOURS[: len(values)])


def tables(n_features=2):
    """Rows of (series, values of each feature)."""
    return st.lists(st.tuples(st.sampled_from("abc"), *[cells] * n_features), min_size=1, max_size=25)


# --- within a table -------------------------------------------------------------------------------


@given(tables(), st.none() | st.integers(1, 5), st.sampled_from([np.float32, np.float64]))
def test_like_pandas(rows, limit, dtype):
    """Values are filled like in pandas, within each series and up to a number of rows."""
    table = pd.DataFrame(rows, columns=["store", "x", "z"]).astype({"x": dtype, "z": dtype})
    expected = table.groupby("store")[["x", "z"]].ffill(limit=limit)
    filled = ForwardFill(limit=limit, group="store").fit_transform(table)
    pd.testing.assert_frame_equal(filled, table.assign(**expected))
    values, stores = table[["x", "z"]].to_numpy(), table["store"].to_numpy()
    made = ForwardFill(limit=limit).fit_transform(values, groups=stores)
    np.testing.assert_array_equal(made, expected.to_numpy())
    assert made.dtype == dtype
    np.testing.assert_array_equal(
        ForwardFill(limit=limit).fit_transform(values), table[["x", "z"]].ffill(limit=limit).to_numpy()
    )


@given(tables(), st.data(), st.integers(1, 12), st.sampled_from(["naive", "Europe/Berlin", "durations", "periods"]))
def test_durations_against_a_loop(rows, data, hours, kind):
    """An observation is carried to rows up to a duration later, also with irregular times."""
    steps = data.draw(st.lists(st.integers(1, 6), min_size=len(rows), max_size=len(rows)))
    ages = np.cumsum(steps)
    index = pd.Timestamp("2026-10-24") + pd.to_timedelta(ages, "h")
    if kind == "periods":
        index = index.to_period("h")
    elif kind == "durations":
        index = pd.to_timedelta(ages, "h")
    elif kind != "naive":
        index = index.tz_localize("UTC").tz_convert(kind)
    table = pd.DataFrame(rows, columns=["store", "x", "z"], index=index)
    filled = ForwardFill(limit=f"{hours}h", group="store").fit_transform(table)
    for column in ("x", "z"):
        for row, (store, value) in enumerate(zip(table["store"], table[column], strict=True)):
            seen = [
                k for k in range(row + 1) if table["store"].iloc[k] == store and not np.isnan(table[column].iloc[k])
            ]
            if np.isnan(value) and seen and ages[row] - ages[seen[-1]] <= hours:
                value = table[column].iloc[seen[-1]]
            np.testing.assert_equal(filled[column].iloc[row], value)


def test_kinds():
    """DataFrame, Series, array and list keep their type, index, names and dtype."""
    values = [1.0, NAN, 3.0]
    series = pd.Series(values, index=HOURS[:3], name="x")
    pd.testing.assert_series_equal(ForwardFill().fit_transform(series), series.ffill())
    pd.testing.assert_frame_equal(ForwardFill().fit_transform(series.to_frame()), series.to_frame().ffill())
    np.testing.assert_array_equal(ForwardFill().fit_transform(values), [1, 1, 3])
    np.testing.assert_array_equal(ForwardFill().fit_transform([[1.0], [NAN]]), [[1], [1]])
    assert ForwardFill().fit_transform(np.array([1, NAN], np.float32)).dtype == np.float32
    assert ForwardFill().fit_transform(table_of([1, None]).astype("Float64"))["x"].tolist() == [1, 1]


def test_key_columns_pass():
    """The columns group and time are no features, and come out unchanged in their place."""
    table = pd.DataFrame({"x": [1, NAN, NAN], "store": ["a", "a", "b"], "hour": HOURS[:3], "z": [NAN, 2, NAN]})
    fill = ForwardFill(group="store", time="hour", limit="1h")
    filled = fill.fit_transform(table)
    pd.testing.assert_frame_equal(filled, table.assign(x=[1, 1, NAN]))
    assert fill.n_features_in_ == 2
    assert list(fill.feature_names_in_) == ["x", "z"]
    assert list(fill.get_feature_names_out()) == list(fill.get_feature_names_out(table.columns)) == list(table)
    pandas = clone(fill).set_output(transform="pandas").fit_transform(table)
    pd.testing.assert_frame_equal(pandas, filled)
    assert list(ForwardFill().fit(table[["x"]]).get_feature_names_out()) == ["x"]


def test_levels():
    """Group and time may be levels of the index, which stays as it is."""
    index = pd.MultiIndex.from_product([["a", "b"], HOURS[:3]], names=["store", "hour"])
    table = pd.DataFrame({"x": [1, NAN, NAN, NAN, 5, NAN]}, index=index)
    pd.testing.assert_frame_equal(
        ForwardFill(group="store", limit="1h").fit_transform(table), table.assign(x=[1, 1, NAN, NAN, 5, 5])
    )


@pytest.mark.parametrize(
    "limit",
    ["2h", "120min", pd.Timedelta("2h"), datetime.timedelta(hours=2), np.timedelta64(2, "h"), 2],
    ids=["2h", "120min", "Timedelta", "timedelta", "timedelta64", "rows"],
)
def test_kinds_of_limits(limit):
    """A limit is a number of rows, or a duration of any type."""
    assert ForwardFill(limit=limit).fit_transform(table_of([1, NAN, NAN, NAN]))["x"].tolist()[:3] == [1, 1, 1]
    assert np.isnan(ForwardFill(limit=limit).fit_transform(table_of([1, NAN, NAN, NAN]))["x"].iloc[3])


# --- across fit and transform ---------------------------------------------------------------------


@given(tables(), st.integers(1, 24), st.sampled_from([None, 1, 2, 4, "1h", "3h"]))
def test_as_if_in_one_table(rows, n_fitted, limit):
    """Rows after the fitted ones are filled as in the whole table, in every series."""
    table = pd.DataFrame(rows, columns=["store", "x", "z"])
    table.index = pd.Timestamp("2026-01-01") + pd.to_timedelta(table.groupby("store").cumcount(), "h")
    whole = ForwardFill(limit=limit, group="store").fit_transform(table)
    n_fitted = min(n_fitted, len(rows))
    fill = ForwardFill(limit=limit, group="store", context="always").fit(table[:n_fitted])
    if n_fitted < len(rows):
        pd.testing.assert_frame_equal(fill.transform(table[n_fitted:]), whole[n_fitted:])
    # A regular step is seen in three rows; of a duration only the distance counts.
    known = table["store"].iloc[:n_fitted].value_counts()
    fill.set_params(context="auto")
    for store in known.index[known > 2] if not isinstance(limit, str) else known.index:
        of_store = table["store"][n_fitted:] == store
        if of_store.any():
            made = fill.transform(table[n_fitted:][of_store])
            pd.testing.assert_frame_equal(made, whole[n_fitted:][of_store])


def test_following(regular):
    """On every regular index, rows right after the fitted ones continue from them, and other rows start cold."""
    table = pd.DataFrame({"x": np.where(np.arange(40) == 19, 7.0, NAN)}, index=regular)
    fill = ForwardFill().fit(table[:20])
    assert fill.transform(table[20:]).eq(7).all(axis=None)
    assert fill.transform(table[30:]).isna().all(axis=None)
    assert fill.transform(table[:20]).isna().sum().item() == 19


def test_context():
    """`context` decides whether new rows continue if they follow, always, or never."""
    table = table_of([1, 2, 3, NAN, NAN])
    after, later = table[3:4], table[4:]
    filled = {
        context: [
            ForwardFill(context=context).fit(table[:3]).transform(X)["x"].item()
            for X in (after, later, after.reset_index(drop=True))
        ]
        for context in ("auto", "always", "never")
    }
    np.testing.assert_equal(filled, {"auto": [3, NAN, NAN], "always": [3, 3, 3], "never": [NAN, NAN, NAN]})
    always, never = (ForwardFill(context=context).fit([1.0, 2.0]) for context in ("always", "never"))
    np.testing.assert_array_equal(always.transform([NAN, 5.0]), [2, 5])
    np.testing.assert_array_equal(never.transform([NAN, 5.0]), [NAN, 5])


def test_durations_across_holes():
    """A duration is measured from the observation: later rows need not follow at once, earlier ones are not filled."""
    table = table_of([NAN, 1, NAN, NAN, NAN, NAN])
    for context in ("auto", "always"):
        fill = ForwardFill(limit="3h", context=context).fit(table[:3])
        np.testing.assert_array_equal(fill.transform(table[4:])["x"], [1, NAN])
        np.testing.assert_array_equal(fill.transform(table[:2])["x"], [NAN, 1])


def test_limit_counts_fitted_rows():
    """A limit in rows counts the fitted rows since the observation."""
    table = table_of([1, 1, 1, NAN, NAN, NAN])
    np.testing.assert_array_equal(ForwardFill(limit=2).fit(table[:4]).transform(table[4:])["x"], [1, NAN])


def test_other_series_start_cold():
    """A series that was not fitted starts cold; every other series continues from its own last values."""
    table = table_of([1, 2, NAN, NAN, NAN, NAN], store=list("ababca"))
    fill = ForwardFill(group="store", context="always").fit(table[:4])
    assert dict(zip(fill.groups_, fill.last_.tolist(), strict=True)) == {"a": [1], "b": [2]}
    np.testing.assert_array_equal(fill.transform(table[4:])["x"], [NAN, 1])


def test_last():
    """last_ holds the last observations, NaN where there are none."""
    np.testing.assert_array_equal(ForwardFill().fit([[1, NAN], [2, NAN], [NAN, NAN]]).last_, [2, NAN])


# --- in pipelines and searches --------------------------------------------------------------------


def test_search_over_limits():
    """A search tunes the limit; the first rows of a test fold are filled from the training rows."""
    rng = np.random.default_rng(0)
    truth = np.sin(np.arange(80) / 5)
    X = pd.DataFrame({"x": np.where(rng.random(80) < 0.5, NAN, truth)})
    X.iloc[:1] = 0.0
    search = GridSearchCV(
        make_pipeline(ForwardFill(), SimpleImputer(), Ridge()),
        {"forwardfill__limit": [1, None]},
        cv=TimeSeriesSplit(3),
        error_score="raise",
    ).fit(X, truth)
    assert search.best_params_ == {"forwardfill__limit": None}


def test_routed_groups():
    """A Pipeline routes groups to fit and transform; transform without groups raises an error."""
    X, stores = np.array([[1.0], [2.0], [NAN], [NAN]]), np.array(["a", "b", "b", "a"])
    with sklearn.config_context(enable_metadata_routing=True):
        fill = ForwardFill(context="always").set_fit_request(groups=True).set_transform_request(groups=True)
        pipe = make_pipeline(fill, StandardScaler(with_mean=False, with_std=False))
        np.testing.assert_array_equal(pipe.fit_transform(X, groups=stores), [[1], [2], [2], [1]])
        np.testing.assert_array_equal(pipe.transform(X[2:], groups=stores[2:]), [[2], [1]])
        assert refused(pipe[:1].transform, X[2:]) == snapshot(
            "ForwardFill was fitted on 2 series, got X without groups. Pass groups=, the series of each row, here too "
            "(in a Pipeline: set_transform_request(groups=True))."
        )


@pytest.fixture(scope="module")
def holes():
    """A series of two features with missing values, and its next value."""
    rng = np.random.default_rng(0)
    t = np.arange(61)
    truth = 10 + np.sin(t / 4)
    X = pd.DataFrame(
        {
            "level": np.where(rng.random(60) < 0.3, NAN, truth[:-1]),
            "cos": np.where(t[:-1] % 7 < 4, NAN, np.cos(t[:-1])),
        },
        index=pd.date_range("2026-01-01", periods=60, freq="h"),
    )
    return X, truth[1:]


@pytest.mark.parametrize("first", ["carried, then imputed", "imputed"])
def test_pipeline(holes, first):
    """A series with missing values is filled, scaled, framed and learned; test rows look back into training rows."""
    X, y = holes
    impute = SimpleImputer().set_output(transform="pandas")
    filling = [ForwardFill(limit="2h"), impute] if first == "carried, then imputed" else [impute]
    pipe = make_pipeline(
        *filling, SeriesScaler(), LagFramer(N_TIMESTEPS), LSTMRegressor(UNITS, epochs=1, random_state=0, verbose=0)
    )
    pipe.fit(X[:50], y[:50])
    windows = np.asarray(pipe[:-1].transform(X[50:]))
    assert windows.shape == (10, N_TIMESTEPS, 2)
    assert not np.isnan(windows).any()
    predicted = pipe.predict(X[50:])
    assert predicted.shape == (10,)
    assert np.isfinite(predicted).all()


def test_pipeline_of_a_panel():
    """Key columns pass from step to step, and each series continues from its own end."""
    table = table_of([1, 10, NAN, NAN, 3, NAN, NAN, NAN], store=list("abababab"))
    keys = {"group": "store"}
    pipe = make_pipeline(ForwardFill(**keys), SeriesScaler(None, **keys), LagFramer(2, **keys)).fit(table[:6])
    np.testing.assert_array_equal(np.asarray(pipe.transform(table[6:]))[..., 0], [[3, 3], [10, 10]])
    assert list(pipe[:2].get_feature_names_out()) == ["store", "x"]
    numbered = ForwardFill(group=1).fit_transform(pd.DataFrame({0: [1, NAN], 1: [7, 7]}))
    pd.testing.assert_frame_equal(numbered, pd.DataFrame({0: [1.0, 1.0], 1: [7, 7]}))


def test_remaining_nan_is_masked(holes):
    """Time steps that stay NaN in every feature are masked by the network."""
    X, y = holes
    pipe = make_pipeline(
        ForwardFill(limit=1), SeriesScaler(), LagFramer(N_TIMESTEPS), LSTMRegressor(UNITS, epochs=1, random_state=0)
    )
    X = X[["cos"]].assign(twice=2 * X["cos"])
    pipe.fit(X[:50], y[:50])
    assert np.isnan(np.asarray(pipe[:-1].transform(X[50:]))).any()
    assert np.isfinite(pipe.predict(X[50:])).all()


# --- errors ---------------------------------------------------------------------------------------

FAULTY = {
    "array and duration": (
        {"limit": "2h"},
        np.zeros((3, 1)),
        snapshot(
            "ForwardFill(limit='2h') needs to know when each row was, got X of type ndarray, which does not tell. Pass a DataFrame with times as its index, name the column that holds them, time=, or give the limit as a number of rows."
        ),
    ),
    "numbered rows and duration": (
        {"limit": "2h"},
        pd.DataFrame({"x": [1.0]}),
        snapshot(
            "ForwardFill(limit='2h') needs to know when each row was, got an index of type int64. Pass a DataFrame with times as its index, name the column that holds them, time=, or give the limit as a number of rows."
        ),
    ),
    "numbered column and duration": (
        {"limit": "2h", "time": "t"},
        pd.DataFrame({"x": [1.0], "t": [0]}),
        snapshot(
            "ForwardFill(limit='2h') needs to know when each row was, got 't' of type int64. Pass a DataFrame with times as its index, name the column that holds them, time=, or give the limit as a number of rows."
        ),
    ),
    "no duration": (
        {"limit": "2 bananas"},
        table_of([1]),
        snapshot(
            "ForwardFill expects limit to be a number of rows, or a duration above 0, such as '6h', got '2 bananas'."
        ),
    ),
    "number as text": (
        {"limit": "2"},
        table_of([1]),
        snapshot("ForwardFill expects limit to be a number of rows, or a duration above 0, such as '6h', got '2'."),
    ),
    "backwards": (
        {"limit": "-2h"},
        table_of([1]),
        snapshot("ForwardFill expects limit to be a number of rows, or a duration above 0, such as '6h', got '-2h'."),
    ),
    "no time at all": (
        {"limit": pd.Timedelta(0)},
        table_of([1]),
        snapshot(
            "ForwardFill expects limit to be a number of rows, or a duration above 0, such as '6h', got Timedelta('0 days 00:00:00')."
        ),
    ),
    "no rows": (
        {"limit": 0},
        table_of([1]),
        snapshot(
            "The 'limit' parameter of ForwardFill must be an instance of 'str', an instance of 'datetime.timedelta', an "
            "instance of 'numpy.timedelta64', an int in the range [1, inf) or None. Got 0 instead."
        ),
    ),
    "order": (
        {},
        table_of([1, 2, 3])[::-1],
        snapshot(
            "ForwardFill expects rows in time order, got 2026-01-01 01:00:00 (row 1) after 2026-01-01 02:00:00 (row 0). "
            "Sort them, and y with them: X.sort_index(); and split without shuffling."
        ),
    ),
    "order within a series": (
        {"group": "store"},
        table_of([1, 2, 3, 4], store=list("abab")).iloc[[0, 3, 2, 1]],
        snapshot(
            "ForwardFill expects rows in time order, got 2026-01-01 01:00:00 (row 3) after 2026-01-01 03:00:00 (row 1) of "
            "'b'. Sort them, and y with them: X.sort_values(...); and split without shuffling."
        ),
    ),
    "text": (
        {},
        pd.DataFrame({"x": ["wet"]}),
        snapshot(
            "ForwardFill expects numbers, got text in column 'x' of X: 'wet' in row 0. Encode the column as numbers, or "
            "drop it."
        ),
    ),
    "unknown group": (
        {"group": "shop"},
        pd.DataFrame({"x": [1.0], "shops": ["a"]}),
        snapshot(
            "ForwardFill(group='shop') is neither a column nor a level of the index of X. Did you mean 'shops'? Its "
            "columns are: ['x', 'shops'], its levels: [None]."
        ),
    ),
    "sequences": (
        {},
        [[[1.0], [2.0]], [[3.0]]],
        snapshot(
            "ForwardFill expects one series table of shape (n_rows, n_features), got 2 sequences. Pass each by itself."
        ),
    ),
    "windows": (
        {},
        np.zeros((2, 3, 1)),
        snapshot(
            "ForwardFill expects a series table of shape (n_rows, n_features), got X of shape (2, 3, 1). Pass the series, "
            "not windows of it, and bring further axes into its features."
        ),
    ),
}


@pytest.mark.parametrize(("params", "X", "message"), FAULTY.values(), ids=FAULTY)
def test_faulty(params, X, message):
    """Invalid parameters and tables raise an error with a remedy."""
    assert refused(ForwardFill(**params).fit, X) == message


def test_other_kind_of_times():
    """Times with a time zone after times without one raise an error."""
    table = table_of([1, NAN])
    assert refused(ForwardFill(limit="2h").fit(table).transform, table.tz_localize("UTC")) == snapshot(
        "ForwardFill(limit='2h') was fitted on times, got times with a time zone. Pass both alike: "
        "X.index.tz_localize, X.index.tz_convert."
    )


def test_other_names():
    """input_features other than the fitted columns raise an error."""
    fill = ForwardFill(group="store").fit(table_of([1], store=["a"]))
    assert refused(fill.get_feature_names_out, ["x"]) == snapshot(
        "ForwardFill was fitted on the columns ['store', 'x'], got input_features ['x']. Pass the same names, or none."
    )
