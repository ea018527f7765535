"""Differencer: pandas' differences, taken on into new rows, and the way back to original units."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from refusal import refused
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sklstm import Differencer, LagFramer, LSTMRegressor, SeriesScaler
from sklstm.preprocessing._differences import difference, follow, lag_coefficients, undo_differences

NAN = np.nan
DAYS = pd.date_range("2026-01-01", periods=40)
WALKS = pd.DataFrame(
    100 + np.random.default_rng(0).normal(size=(40, 2)).cumsum(axis=0), index=DAYS, columns=["sales", "temp"]
)
RTOL = {np.float32: 1e-3, np.float64: 1e-9}

all_lags = st.lists(st.integers(1, 4), max_size=3).map(tuple)
dtypes = st.sampled_from([np.float32, np.float64])


def by_pandas(table, lags, log=False):
    """Differences of a table, as pandas takes them."""
    table = np.log(table) if log else table
    for lag in lags:
        table = table.diff(lag)
    return table


def groups_of(table, lags):
    """Differences within each store, as pandas takes them: the features alone."""
    by_store = table[["sales", "temp"]]
    for lag in lags:
        by_store = by_store.groupby(table["store"]).diff(lag)
    return by_store


@st.composite
def tables(draw, least=9, unobserved=True):
    """A series table of two features, some of whose rows were not observed."""
    n_rows = draw(st.integers(least, 25))
    values = draw(st.lists(st.floats(1, 50, width=16), min_size=2 * n_rows, max_size=2 * n_rows))
    table = pd.DataFrame(np.reshape(values, (n_rows, 2)), columns=["sales", "temp"], index=DAYS[:n_rows])
    if unobserved:
        table.iloc[draw(st.lists(st.integers(0, n_rows - 1), max_size=3))] = NAN
    return table.astype(draw(dtypes))


@st.composite
def panels(draw, lags):
    """Series of different lengths in one table, whose rows are mixed, each with time steps of its own."""
    lengths = draw(st.lists(st.integers(sum(lags) + 3, 14), min_size=1, max_size=4))
    stores = draw(
        st.permutations([store for store, length in zip("abcd", lengths, strict=False) for _ in range(length)])
    )
    values = np.random.default_rng(len(stores)).integers(1, 50, size=(len(stores), 2)).astype(float)
    table = pd.DataFrame(values, columns=["sales", "temp"])
    table.insert(1, "store", stores)
    table["day"] = DAYS[table.groupby("store").cumcount()]
    return table


# --- against pandas -------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(tables(least=13), all_lags, st.booleans())
def test_like_pandas(table, lags, log):
    """Every number is that of diff, lag by lag, of the logarithms where they are asked for; precision is kept."""
    expected = by_pandas(table, lags, log)
    pd.testing.assert_frame_equal(Differencer(lags, log=log).fit_transform(table), expected, check_freq=False)
    made = Differencer(lags, log=log).fit_transform(table.to_numpy())
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == table["sales"].dtype


@settings(max_examples=60, deadline=None)
@given(st.data(), all_lags)
def test_panel_like_pandas(data, lags):
    """In a panel no difference is taken between two series, whose rows may be mixed; keys come out as they went in."""
    table = data.draw(panels(lags))
    expected = table.assign(**groups_of(table, lags))
    made = Differencer(lags, group="store", time="day").fit_transform(table)
    pd.testing.assert_frame_equal(made, expected)
    levels = table.set_index(["store", "day"])
    made = Differencer(lags, group="store").fit_transform(levels)
    pd.testing.assert_frame_equal(made, expected.set_index(["store", "day"]))
    features = table[["sales", "temp"]].to_numpy()
    made = Differencer(lags).fit_transform(features, groups=table["store"])
    np.testing.assert_array_equal(made, expected[["sales", "temp"]])


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        (1, lambda x: x.diff(1)),
        (12, lambda x: x.diff(12)),
        ((1, 12), lambda x: x.diff(12).diff(1)),
        ([12, 1], lambda x: x.diff(12).diff(1)),
        (np.array([1, 1]), lambda x: x.diff().diff()),
        (None, lambda x: x),
        ((), lambda x: x),
    ],
    ids=["1", "12", "1 and 12", "a list", "an array", "None", "empty"],
)
def test_airline(airline, lags, expected):
    """The textbook's model of the airline series: logarithms, and differences from the last month and the last year."""
    X, _ = airline
    differencer = Differencer(lags, log=True)
    made = differencer.fit_transform(X)
    pd.testing.assert_frame_equal(made, expected(np.log(X)), check_freq=False, atol=1e-13)
    assert made.isna().sum().item() == differencer.rows_back
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), X.astype(float), rtol=1e-10)


def test_columns():
    """What is not named keeps its values, but for the rows that have no difference, which are not observed at all."""
    expected = WALKS.assign(sales=WALKS["sales"].diff(3))
    expected.iloc[:3] = NAN
    for columns in ("sales", ["sales"], 0, np.array([0]), ("sales", 0)):
        pd.testing.assert_frame_equal(Differencer(3, columns=columns).fit_transform(WALKS), expected)
    numbered = WALKS.set_axis([7, 5], axis=1)
    made = Differencer(3, columns=[0]).fit_transform(numbered)
    pd.testing.assert_frame_equal(made, expected.set_axis([7, 5], axis=1))
    # Keys are no features, and count for no position.
    keyed = WALKS.assign(store="a")[["store", "sales", "temp"]]
    made = Differencer(3, columns=0, group="store").fit_transform(keyed)
    pd.testing.assert_frame_equal(made, expected.assign(store="a")[["store", "sales", "temp"]])


def test_unobserved_rows_take_others_with_them():
    """A row whose difference needs a row that was not observed is not observed, in columns that pass as well."""
    table = WALKS.copy()
    table.iloc[10] = NAN
    made = Differencer(4, columns="sales").fit_transform(table)
    assert made.index[made.isna().any(axis=1)].tolist() == DAYS[[0, 1, 2, 3, 10, 14]].tolist()
    assert made.isna().all(axis=1).sum() == 6


@pytest.mark.parametrize("columns", [None, "sales"])
def test_what_is_kept(columns):
    """What is known ahead keeps its values where there is no difference, and does not tell what was observed."""
    table = WALKS.assign(holiday=np.resize([0.0, 1.0], 40))
    table.iloc[20, :2] = NAN
    differencer = Differencer((1, 2), columns=columns, keep=["holiday"])
    made = differencer.fit_transform(table)
    pd.testing.assert_series_equal(made["holiday"], table["holiday"])
    expected = Differencer((1, 2), columns=columns).fit_transform(table[["sales", "temp"]])
    pd.testing.assert_frame_equal(made[["sales", "temp"]], expected)
    restored = differencer.inverse_transform(made)
    pd.testing.assert_series_equal(restored["holiday"], table["holiday"])
    np.testing.assert_allclose(restored["sales"][:20], table["sales"][:20])


def test_partly_observed_stays_so():
    """A value that is missing alone takes only its own column's differences with it, so that it is still refused."""
    table = WALKS.copy()
    table.iloc[10, 0] = NAN
    made = Differencer(4).fit_transform(table)
    assert made.index[made["sales"].isna()].tolist() == DAYS[[0, 1, 2, 3, 10, 14]].tolist()
    assert made["temp"].isna().sum() == 4
    assert refused(LagFramer(2).fit, made).startswith("LagFramer got a time step with some features missing: row 2026")


def test_holes():
    """No difference is taken across a hole in a regular index."""
    table = WALKS.drop(DAYS[20:23])
    expected = pd.concat([by_pandas(WALKS[:20], (1, 2)), by_pandas(WALKS[23:], (1, 2))])
    differencer = Differencer((1, 2))
    pd.testing.assert_frame_equal(differencer.fit_transform(table), expected)
    np.testing.assert_array_equal(differencer.head_, table.iloc[[0, 1, 2, 20, 21, 22]])
    np.testing.assert_array_equal(differencer.context_, table[-3:])


def test_kinds():
    """DataFrame, Series, array and list come out as what they are; whole numbers are differenced as real ones."""
    whole = pd.Series([3, 5, 4], index=DAYS[:3], name="sales")
    differencer = Differencer()
    pd.testing.assert_series_equal(differencer.fit_transform(whole), whole.diff())
    pd.testing.assert_series_equal(differencer.inverse_transform(whole.diff()), whole.astype(float))
    pd.testing.assert_frame_equal(Differencer().fit_transform(whole.to_frame()), whole.to_frame().diff())
    np.testing.assert_array_equal(differencer.fit_transform([3, 5, 4]), [NAN, 2, -1])
    np.testing.assert_array_equal(differencer.inverse_transform([NAN, 2, -1]), [3, 5, 4])
    np.testing.assert_array_equal(differencer.inverse_transform([2, -1]), [6, 5])
    np.testing.assert_array_equal(Differencer().fit_transform([[3], [5]]), [[NAN], [2]])


def test_containers():
    """set_output is respected, names are those that went in, key columns among them."""
    made = Differencer().set_output(transform="pandas").fit_transform(WALKS.to_numpy())
    assert list(made.columns) == ["x0", "x1"]
    keyed = WALKS.assign(store="a", day=DAYS)[["store", "sales", "day", "temp"]]
    differencer = Differencer(group="store", time="day").set_output(transform="pandas")
    made = differencer.fit_transform(keyed)
    pd.testing.assert_frame_equal(made, keyed.assign(sales=WALKS["sales"].diff(), temp=WALKS["temp"].diff()))
    assert list(differencer.get_feature_names_out()) == list(made.columns)
    assert list(differencer.feature_names_in_) == ["sales", "temp"]
    assert differencer.n_features_in_ == 2
    assert list(Differencer().fit(WALKS).get_feature_names_out()) == ["sales", "temp"]


# --- rows that follow the fitted ones -------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(tables(least=16), all_lags, st.booleans(), st.integers(0, 3))
def test_as_if_in_one_table(table, lags, log, more):
    """New rows that follow the fitted ones have the differences that they have in the whole table."""
    differencer = Differencer(lags, log=log)
    whole, n_fitted = differencer.fit_transform(table), sum(lags) + 1 + more
    differencer.fit(table[:n_fitted])
    pd.testing.assert_frame_equal(differencer.transform(table[n_fitted:]), whole[n_fitted:])
    cold = differencer.transform(table[n_fitted + 1 :])
    assert cold[: sum(lags)].isna().all(axis=None)


def test_following(regular):
    """On every regular index, rows right after the fitted ones go on from there, and others start cold."""
    index, _, _ = regular
    table = pd.DataFrame({"x": np.arange(40.0) ** 2}, index=index)
    differencer = Differencer((1, 2)).fit(table[:20])
    made = differencer.transform(table[20:])
    pd.testing.assert_frame_equal(made, by_pandas(table, (1, 2))[20:], check_freq=False)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table[20:], check_freq=False)
    assert differencer.transform(table[30:]).isna().sum().item() == 3


def test_arrays_start_cold():
    """An array tells no time."""
    differencer = Differencer(2).fit(WALKS.to_numpy()[:20])
    made = differencer.transform(WALKS.to_numpy()[20:])
    np.testing.assert_array_equal(made, WALKS[20:].diff(2))


@settings(max_examples=40, deadline=None)
@given(st.data(), all_lags)
def test_panel_goes_on(data, lags):
    """Each series of a panel goes on from its own end, there and back."""
    table = data.draw(panels(lags))
    differencer = Differencer(lags, group="store", time="day")
    whole, new = differencer.fit_transform(table), table["day"] >= DAYS[sum(lags) + 2]
    differencer.fit(table[~new])
    made = differencer.transform(table[new])
    pd.testing.assert_frame_equal(made, whole[new])
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table[new])
    assert {store: len(rows) for store, rows in differencer.context_.items()} == dict.fromkeys(
        table["store"], sum(lags)
    )


def test_unknown_series_start_cold():
    """A series that was not fitted has no past."""
    table = pd.DataFrame({"store": list("aaab"), "sales": [1.0, 2, 4, 5]}, index=[0, 1, 2, 3])
    made = Differencer(group="store").fit(table[:2]).transform(table[2:])
    np.testing.assert_array_equal(made["sales"], [2, NAN])


# --- and back -------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(tables(least=13), all_lags, st.booleans(), st.booleans())
def test_there_and_back(table, lags, log, one):
    """Differenced and brought back, a series is what it was, rows that were not observed and precision included."""
    differencer = Differencer(lags, log=log, columns="sales" if one else None)
    rtol = RTOL[table["sales"].dtype.type]
    made = differencer.fit_transform(table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table, rtol=rtol, check_freq=False)
    back = differencer.inverse_transform(made.to_numpy())
    np.testing.assert_allclose(back, table, rtol=rtol)
    assert back.dtype == table["sales"].dtype


@settings(max_examples=60, deadline=None)
@given(tables(least=16, unobserved=False), all_lags, st.booleans())
def test_following_rows_there_and_back(table, lags, log):
    """Rows that follow the fitted ones come back; as an array they are taken to follow."""
    rtol, n_fitted = RTOL[table["sales"].dtype.type], sum(lags) + 2
    differencer = Differencer(lags, log=log).fit(table[:n_fitted])
    new = table[n_fitted:]
    made = differencer.transform(new)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), new, rtol=rtol, check_freq=False)
    np.testing.assert_allclose(differencer.inverse_transform(made.to_numpy()), new, rtol=rtol)
    whole = differencer.inverse_transform(differencer.transform(table))
    pd.testing.assert_frame_equal(whole, table, rtol=rtol, check_freq=False)


@settings(max_examples=40, deadline=None)
@given(st.data(), all_lags)
def test_panel_there_and_back(data, lags):
    """A panel comes back, from a table with its keys and from an array beside them."""
    table = data.draw(panels(lags))
    differencer = Differencer(lags, group="store", time="day")
    pd.testing.assert_frame_equal(differencer.inverse_transform(differencer.fit_transform(table)), table)
    features = table[["sales", "temp"]].to_numpy()
    differencer = Differencer(lags)
    made = differencer.fit_transform(features, groups=table["store"])
    np.testing.assert_array_equal(differencer.inverse_transform(made, groups=table["store"]), features)


def test_holes_there_and_back():
    """A series with holes comes back, its parts too; so do the differences as an array."""
    table = WALKS.drop(DAYS[[8, 20, 21, 39]])
    table.iloc[[3, 25]] = NAN
    differencer = Differencer((1, 2), columns="sales")
    made = differencer.fit_transform(table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made[DAYS[9] : DAYS[19]]), table[DAYS[9] : DAYS[19]])
    np.testing.assert_allclose(differencer.inverse_transform(made.to_numpy()), table)


def test_changed_differences():
    """Other differences than those fitted give another series from the same start."""
    differencer = Differencer().fit(WALKS)
    made = differencer.inverse_transform(WALKS.diff() * 0 + 1)
    np.testing.assert_allclose(made["sales"], WALKS["sales"].iloc[0] + np.arange(40))


@settings(max_examples=60, deadline=None)
@given(tables(least=20, unobserved=False), all_lags, st.booleans(), st.integers(1, 4), st.integers(0, 2))
def test_restore(table, lags, log, n_steps, longer):
    """From every row on, the differences of the next rows become their values."""
    series, differencer = table["sales"], Differencer(lags, log=log).fit(table)
    depth, differences = sum(lags), by_pandas(table["sales"], lags, log).to_numpy()
    origins = np.arange(depth + longer, len(series) - n_steps + 1)
    past = np.stack([series.to_numpy()[row - depth - longer : row] for row in origins])
    ahead = origins[:, None] + np.arange(n_steps)
    restored = differencer.restore(past, differences[ahead])
    np.testing.assert_allclose(restored, series.to_numpy()[ahead], rtol=RTOL[series.dtype.type])
    assert restored.dtype == series.dtype


def test_restore_of_columns():
    """A column that is not differenced keeps its values."""
    differencer = Differencer(log=True, columns="sales").fit(WALKS)
    np.testing.assert_array_equal(differencer.restore([[1, 2]], [[3, 4]], column="temp"), [[3, 4]])
    for columns in ("sales", 0, None):
        np.testing.assert_allclose(differencer.restore([[1, 2]], np.log([[3, 4]]), columns), [[6, 24]])


def test_restore_without_lags():
    """Without lags no past is needed; only the logarithm is undone."""
    for lags in (None, ()):
        assert Differencer(lags).fit(WALKS).restore(np.empty((2, 0)), [[1], [2]]).tolist() == [[1], [2]]
        differencer = Differencer(lags, log=True).fit(WALKS)
        np.testing.assert_allclose(differencer.restore(np.empty((1, 0)), [[0, np.log(2)]]), [[1, 2]])


def test_restore_of_what_is_not_known():
    """Where the past that is needed was not observed, the forecast is not known; other samples and steps are."""
    differencer = Differencer(2).fit(WALKS)
    restored = differencer.restore([[1, NAN], [1, 2]], [[1, 1, 1, 1], [1, 1, 1, NAN]])
    np.testing.assert_array_equal(restored, [[2, NAN, 3, NAN], [2, 3, 3, NAN]])


def test_restore_of_nothing():
    """No samples, or no steps, are nothing."""
    differencer = Differencer(2).fit(WALKS)
    assert differencer.restore(np.empty((0, 2)), np.empty((0, 3))).shape == (0, 3)
    assert differencer.restore(np.empty((4, 2)), np.empty((4, 0))).shape == (4, 0)


# --- arithmetic -----------------------------------------------------------------------------------


@given(all_lags)
def test_coefficients(lags):
    """Coefficients are those of the product of polynomials."""
    product = np.ones(1)
    for lag in lags:
        product = np.polymul(product, [1, *[0] * (lag - 1), -1])
    np.testing.assert_array_equal(lag_coefficients(lags), product)


@given(all_lags, st.integers(1, 12))
def test_arithmetic_there_and_back(lags, n_rows):
    """What differences take, undoing them puts back, row by row."""
    values = np.random.default_rng(n_rows).integers(-9, 9, size=(n_rows + sum(lags), 3)).astype(float)
    series = values.copy()
    series[sum(lags) :] = difference(values, lags)[sum(lags) :]
    undo_differences(series, range(sum(lags), len(series)), lag_coefficients(lags))
    np.testing.assert_array_equal(series, values)


@pytest.mark.parametrize("lags", [(), (1,), (2, 1)])
def test_forecasts_follow_their_past(lags):
    """Differences of what follows become values again, sample by sample, as a loop over time steps adds them up."""
    values = np.random.default_rng(0).normal(size=(4, 8))
    made = difference(values.T, lags).T
    np.testing.assert_allclose(follow(values[:, 4 - sum(lags) : 4], made[:, 4:], lags), values[:, 4:], atol=1e-12)


# --- with scikit-learn, and the whole chain -------------------------------------------------------


def test_rows_back():
    """How many earlier rows a row depends on, known before fit."""
    assert [Differencer(lags).rows_back for lags in (None, (), 1, (1, 12), [2, 2])] == [0, 0, 1, 13, 4]
    assert [LagFramer(n_steps).rows_back for n_steps in (1, 12)] == [0, 11]


@pytest.mark.parametrize("group", [None, "store"])
def test_chain_by_hand(group):
    """In a Pipeline, test rows are differenced, scaled and framed as by hand, with the training rows as their past."""
    keys = {"group": group}
    pipe = make_pipeline(Differencer((1, 7), **keys), SeriesScaler("standard", **keys), LagFramer(3, **keys))
    stores = ["a", "b"] if group else ["a"]
    table = pd.concat({store: WALKS + 10 * k for k, store in enumerate(stores)}, names=["store", "day"])
    table = table if group else WALKS
    test = table.index.get_level_values(-1) >= DAYS[30]
    pipe.fit(table[~test])
    windows = np.asarray(pipe.transform(table[test]))
    differences = WALKS.diff(7).diff(1)
    scaled = ((differences - differences[:30].mean()) / differences[:30].std(ddof=0)).to_numpy()
    by_hand = np.stack([scaled[row - 2 : row + 1] for row in range(30, 40)])
    np.testing.assert_allclose(windows, np.concatenate([by_hand] * len(stores)))


def test_search_over_lags():
    """Lags are tuned like any parameter, and on a series that grows without end differences win."""
    t = np.arange(121)
    series = pd.DataFrame({"sales": 5.0 * t + 20 * np.sin(t * np.pi / 6)})
    X, y = series[:-1], np.diff(series["sales"])
    search = GridSearchCV(
        make_pipeline(Differencer(), LagFramer(6, flatten=True), DecisionTreeRegressor(random_state=0)),
        {"differencer__lags": [None, (), 1, (1, 12)]},
        cv=TimeSeriesSplit(3),
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"differencer__lags": 1}
    assert search.cv_results_["param_differencer__lags"].tolist() == [None, (), 1, (1, 12)]


def test_network_after_it():
    """A network learns from differences, whose first rows are masked."""
    pipe = make_pipeline(
        Differencer((1, 7)), SeriesScaler("standard"), LagFramer(4), LSTMRegressor(units=2, epochs=1, random_state=0)
    )
    y = WALKS["sales"].diff().shift(-1)
    pipe.fit(WALKS[:30], y[:30])
    assert np.isfinite(pipe.predict(WALKS[30:])).all()


def test_routed_groups():
    """With routing, a Pipeline passes groups to fit and transform; without them transform says what is missing."""
    X, stores = np.array([[1.0], [5.0], [2.0], [7.0]]), np.array(["a", "b", "a", "b"])
    with sklearn.config_context(enable_metadata_routing=True):
        differencer = Differencer().set_fit_request(groups=True).set_transform_request(groups=True)
        pipe = make_pipeline(differencer)
        expected = [[NAN], [NAN], [1], [2]]
        np.testing.assert_array_equal(pipe.fit_transform(X, groups=stores), expected)
        np.testing.assert_array_equal(pipe.transform(X, groups=stores), expected)
        assert refused(pipe.transform, X) == (
            "Differencer was fitted on 2 series, got X without groups. Pass groups=, the series of each row, here too "
            "(in a Pipeline: set_transform_request(groups=True))."
        )


# --- what is refused ------------------------------------------------------------------------------

WHOLE = "Pass one, several, or None for no difference."
FAULTY = {
    "zero": (
        {"lags": 0},
        WALKS,
        "The 'lags' parameter of Differencer must be an int in the range [1, inf), an instance of 'tuple', an instance "
        "of 'list', an instance of 'numpy.ndarray' or None. Got 0 instead.",
    ),
    "zero among others": (
        {"lags": (1, 0)},
        WALKS,
        f"Differencer expects lags to be whole numbers of at least 1, got (1, 0). {WHOLE}",
    ),
    "negative": (
        {"lags": [-12]},
        WALKS,
        f"Differencer expects lags to be whole numbers of at least 1, got [-12]. {WHOLE}",
    ),
    "no whole number": (
        {"lags": (1.5,)},
        WALKS,
        f"Differencer expects lags to be whole numbers of at least 1, got (1.5,). {WHOLE}",
    ),
    "too short": (
        {"lags": (1, 12)},
        WALKS[:13],
        "Differencer(lags=(1, 12)) needs at least 14 rows, got X of shape (13, 2). Choose shorter lags or pass a "
        "longer series.",
    ),
    "one row": (
        {"lags": 1},
        [[1.0]],
        "Differencer(lags=1) needs at least 2 rows, got X of shape (1, 1) (n_samples=1). Choose shorter lags or pass a "
        "longer series.",
    ),
    "short series of a panel": (
        {"lags": 2, "group": "store"},
        pd.DataFrame({"store": list("abab"), "sales": 1.0}),
        "Differencer(lags=2) needs at least 3 rows, got X of shape (4, 1), whose longest series has 2 rows. Choose "
        "shorter lags or pass a longer series.",
    ),
    "no rows": (
        {},
        np.empty((0, 1)),
        "Found array with 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required by Differencer.",
    ),
    "logarithm of zero": (
        {"log": True},
        WALKS * np.r_[1, 1, 1, 0, [1] * 36][:, None],
        "Differencer(log=True) expects values above 0, got 0.0 at row 2026-01-04 00:00:00, column 'sales'. Pass "
        "log=False, leave the column out of columns, or write NaN where nothing was observed.",
    ),
    "logarithm of a negative": (
        {"log": True, "columns": 1},
        [[-1.0, 1.0], [-1.0, -2.0]],
        "Differencer(log=True) expects values above 0, got -2.0 at row 1, column 1. Pass log=False, leave the column "
        "out of columns, or write NaN where nothing was observed.",
    ),
    "unknown column": (
        {"columns": ["temp", "sale"]},
        WALKS,
        "Differencer(columns=['temp', 'sale']) names 'sale', which is no feature. Did you mean 'sales'? The features "
        "are: sales, temp.",
    ),
    "column of keys": (
        {"columns": "store", "group": "store"},
        WALKS.assign(store="a"),
        "Differencer(columns='store') names 'store', which is no feature. The features are: sales, temp.",
    ),
    "position beyond": (
        {"columns": 2},
        WALKS.to_numpy(),
        "Differencer(columns=2) names 2, which is no feature. The features are: 0, 1.",
    ),
    "no column": (
        {"columns": []},
        WALKS,
        "Differencer(columns=[]) names no feature. Name those to difference, or pass columns=None for all.",
    ),
    "order": (
        {},
        WALKS[2::-1],
        "Differencer expects rows in time order, got 2026-01-02 00:00:00 (row 1) after 2026-01-03 00:00:00 (row 0). "
        "Sort them, and y with them: X.sort_index(); and split without shuffling.",
    ),
    "text": (
        {},
        pd.DataFrame({"x": ["wet", "dry"]}),
        "Differencer expects numbers, got text in column 'x' of X: 'wet' in row 0. Encode the column as numbers, or "
        "drop it.",
    ),
    "unknown group": (
        {"group": "shop"},
        WALKS.assign(shops="a"),
        "Differencer(group='shop') is neither a column nor a level of the index of X. Did you mean 'shops'? Its "
        "columns are: ['sales', 'temp', 'shops'], its levels: [None].",
    ),
    "windows": (
        {},
        np.zeros((2, 3, 1)),
        "Differencer expects a series table of shape (n_rows, n_features), got X of shape (2, 3, 1). Pass the series, "
        "not windows of it, and bring further axes into its features.",
    ),
}


@pytest.mark.parametrize(("params", "X", "message"), FAULTY.values(), ids=FAULTY)
def test_faulty(params, X, message):
    """What cannot be differenced is refused, with what would be right."""
    assert refused(Differencer(**params).fit, X) == message


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_other_features(method):
    """Another number of features than was fitted is refused."""
    differencer = Differencer().fit(WALKS.to_numpy())
    assert refused(getattr(differencer, method), np.ones((4, 3))) == (
        "X has 3 features, but Differencer is expecting 2 features as input."
    )


def test_logarithm_of_new_rows():
    """New values that have no logarithm are refused like fitted ones."""
    differencer = Differencer(log=True).fit(WALKS)
    assert refused(differencer.transform, -WALKS[:1]).startswith(
        "Differencer(log=True) expects values above 0, got -100."
    )


def test_not_fitted():
    """Neither way is open before fit."""
    for call in (Differencer().transform, Differencer().inverse_transform):
        refused(call, WALKS, error=NotFittedError)
    refused(Differencer().restore, [[1]], [[1]], error=NotFittedError)


TAKES = "The values before them are not known: restore(past, differences) takes them."


def test_rows_from_nowhere():
    """Rows that neither begin where the fitted ones do nor follow them cannot be brought back."""
    differencer = Differencer().fit(WALKS[:20])
    who = "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, "
    for rows, first in ((WALKS[21:], "2026-01-22"), (WALKS[1:20], "2026-01-02")):
        assert refused(differencer.inverse_transform, rows) == f"{who}got rows from {first} 00:00:00 on. {TAKES}"
    # After a hole, too.
    rows = WALKS[20:].drop(DAYS[25])
    assert refused(differencer.inverse_transform, rows) == f"{who}got rows from 2026-01-27 00:00:00 on. {TAKES}"
    # Integers, periods and times with a zone are not those that were fitted.
    for rows in (WALKS[:20].reset_index(drop=True), WALKS[:20].to_period(), WALKS[:20].tz_localize("UTC")):
        assert refused(differencer.inverse_transform, rows) == f"{who}got rows from {rows.index[0]} on. {TAKES}"


def test_arrays_from_nowhere():
    """An array that begins with NaN is the fitted one, or no one's."""
    series = WALKS["sales"].to_numpy()
    differencer = Differencer().fit(series[:20])
    message = (
        "Differencer.inverse_transform expects the 20 fitted rows, or rows that follow them, which do not begin with "
        f"NaN; got 19 that do. {TAKES}"
    )
    assert refused(differencer.inverse_transform, differencer.transform(series[20:39])) == message
    # Times say nothing where none were fitted, but for holes.
    holed = WALKS["sales"][:20].drop(DAYS[5]).diff().rename(None)
    assert refused(differencer.inverse_transform, holed.set_axis(DAYS[:19])) == message
    assert refused(differencer.inverse_transform, holed[1:]) == (
        "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, "
        f"got rows from 2026-01-07 00:00:00 on. {TAKES}"
    )


def test_series_from_nowhere():
    """A series that was not fitted cannot be brought back; without lags it can."""
    table = pd.DataFrame({"store": list("aabb"), "sales": [1.0, 2, 3, 4]}, index=[0, 1, 0, 1])
    differencer = Differencer(group="store").fit(table[:2])
    assert refused(differencer.inverse_transform, table) == (
        f"Differencer.inverse_transform expects series that were fitted, got rows of 'b', which was not. {TAKES}"
    )
    pd.testing.assert_frame_equal(
        clone(differencer).set_params(lags=None).fit(table[:2]).inverse_transform(table), table
    )


def test_restore_refuses():
    """Forecasts and their past are tables of the same samples, and the past is long enough."""
    restore = Differencer((1, 12)).fit(WALKS).restore
    who = "Differencer(lags=(1, 12)).restore expects "
    assert refused(restore, np.ones((5, 13)), np.ones(5)) == (
        f"{who}differences of shape (n_samples, n_steps), got (5,)."
    )
    remedy = "Pass the last 13 values before each of the forecasts, oldest first."
    for shape in ((5, 2), (4, 13), (13,), (5, 13, 1)):
        assert refused(restore, np.ones(shape), np.ones((5, 3))) == (
            f"{who}past of shape (5, 13) or longer, got {shape}. {remedy}"
        )
    assert refused(restore, np.ones((5, 13)), np.ones((5, 3)), column="tmep") == (
        "Differencer(column='tmep') names 'tmep', which is no feature. Did you mean 'temp'? The features are: sales, "
        "temp."
    )
    assert refused(Differencer(log=True).fit(WALKS).restore, [[1.0], [-3.0]], [[1.0], [1.0]]) == (
        "Differencer(log=True).restore expects a past above 0, got -3.0 in sample 1. Pass it in original units."
    )


def test_refusals_of_keep():
    """A feature is differenced or kept, and one is differenced at least."""
    assert refused(Differencer(columns="sales", keep=["sales"]).fit, WALKS) == (
        "Differencer(columns='sales', keep=['sales']) names a feature in both. Difference it, or keep it."
    )
    assert refused(Differencer(keep=["sales", "temp"]).fit, WALKS) == (
        "Differencer(keep=['sales', 'temp']) leaves no feature to difference. Keep fewer."
    )
    assert refused(Differencer(keep="holliday").fit, WALKS.assign(holiday=1.0)) == (
        "Differencer(keep='holliday') names 'holliday', which is no feature. Did you mean 'holiday'? The features are: "
        "sales, temp, holiday."
    )
