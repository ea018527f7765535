"""Differencer: the differences of pandas, continued into new rows."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sizes import N_TIMESTEPS, UNITS
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sklstm import Differencer, LagFramer, LSTMRegressor, SeriesScaler

from .walks import DAYS, WALKS, all_lags, by_pandas, panels, tables

NAN = np.nan


def groups_of(table, lags):
    """Return differences of the features within each store, as in pandas."""
    by_store = table[["sales", "temp"]]
    for lag in lags:
        by_store = by_store.groupby(table["store"]).diff(lag)
    return by_store


# --- against pandas -------------------------------------------------------------------------------


@given(tables(least=13), all_lags, st.booleans())
def test_like_pandas(table, lags, log):
    """Differences equal those of pandas.diff, lag by lag, after the logarithm if log=True; the dtype is kept."""
    expected = by_pandas(table, lags, log)
    pd.testing.assert_frame_equal(Differencer(lags, log=log).fit_transform(table), expected, check_freq=False)
    made = Differencer(lags, log=log).fit_transform(table.to_numpy())
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == table["sales"].dtype


@given(st.data(), all_lags)
def test_panel_like_pandas(data, lags):
    """No difference is taken between two series of a panel, and key columns are unchanged."""
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
    """The airline series is differenced as in the textbook: logarithms, last month, last year."""
    X, _ = airline
    differencer = Differencer(lags, log=True)
    made = differencer.fit_transform(X)
    pd.testing.assert_frame_equal(made, expected(np.log(X)), check_freq=False, atol=1e-13)
    assert made.isna().sum().item() == differencer.rows_back
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), X.astype(float), rtol=1e-10)


def test_columns():
    """Other columns keep their values, except in rows without a difference, which become NaN."""
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


def test_differences_of_unobserved_rows():
    """A row whose difference needs an unobserved row is NaN in all columns."""
    table = WALKS.copy()
    table.iloc[10] = NAN
    made = Differencer(4, columns="sales").fit_transform(table)
    assert made.index[made.isna().any(axis=1)].tolist() == DAYS[[0, 1, 2, 3, 10, 14]].tolist()
    assert made.isna().all(axis=1).sum() == 6


@pytest.mark.parametrize("columns", [None, "sales"])
def test_keep(columns):
    """Columns in keep have their values in every row, and do not count as observations."""
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


def test_partly_observed_rows():
    """A single missing value removes only the differences of its own column, so LagFramer still refuses the row."""
    table = WALKS.copy()
    table.iloc[10, 0] = NAN
    made = Differencer(4).fit_transform(table)
    assert made.index[made["sales"].isna()].tolist() == DAYS[[0, 1, 2, 3, 10, 14]].tolist()
    assert made["temp"].isna().sum() == 4
    with pytest.raises(ValueError, match="LagFramer got a time step with some features missing: row 2026"):
        LagFramer(2).fit(made)


def test_holes():
    """No difference is taken across a hole in a regular index."""
    table = WALKS.drop(DAYS[20:23])
    expected = pd.concat([by_pandas(WALKS[:20], (1, 2)), by_pandas(WALKS[23:], (1, 2))])
    differencer = Differencer((1, 2))
    pd.testing.assert_frame_equal(differencer.fit_transform(table), expected)
    np.testing.assert_array_equal(differencer.head_, table.iloc[[0, 1, 2, 20, 21, 22]])
    np.testing.assert_array_equal(differencer.context_, table[-3:])


def test_kinds():
    """DataFrame, Series, array and list keep their type; integers become floats."""
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
    """set_output is respected, and names of columns, key columns included, are kept."""
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


@given(tables(least=16), all_lags, st.booleans(), st.integers(0, 3))
def test_as_if_in_one_table(table, lags, log, more):
    """Rows after the fitted ones get the same differences as in the whole table."""
    differencer = Differencer(lags, log=log)
    whole, n_fitted = differencer.fit_transform(table), sum(lags) + 1 + more
    differencer.fit(table[:n_fitted])
    pd.testing.assert_frame_equal(differencer.transform(table[n_fitted:]), whole[n_fitted:])
    cold = differencer.transform(table[n_fitted + 1 :])
    assert cold[: sum(lags)].isna().all(axis=None)


def test_following(regular):
    """On every regular index, rows right after the fitted ones continue from them, and other rows start cold."""
    table = pd.DataFrame({"x": np.arange(40.0) ** 2}, index=regular)
    differencer = Differencer((1, 2)).fit(table[:20])
    made = differencer.transform(table[20:])
    pd.testing.assert_frame_equal(made, by_pandas(table, (1, 2))[20:], check_freq=False)
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table[20:], check_freq=False)
    assert differencer.transform(table[30:]).isna().sum().item() == 3


def test_arrays_start_cold():
    """Rows of an array never continue from the fitted rows."""
    differencer = Differencer(2).fit(WALKS.to_numpy()[:20])
    made = differencer.transform(WALKS.to_numpy()[20:])
    np.testing.assert_array_equal(made, WALKS[20:].diff(2))


def test_context():
    """Rows of an array follow the fitted ones if they are said to, and rows of a table never do if they are not."""
    fitted, new = WALKS[:20], WALKS[20:]
    whole = WALKS.diff(2)[20:]
    always = Differencer(2, context="always").fit(fitted.to_numpy())
    np.testing.assert_array_equal(always.transform(new.to_numpy()), whole)
    np.testing.assert_array_equal(Differencer(2, context="never").fit(fitted).transform(new), new.diff(2))
    panel = Differencer(1, context="always").fit([[0.0], [1.0], [5.0]], groups=["a", "a", "b"])
    made = panel.transform([[2.0], [9.0], [3.0]], groups=["b", "a", "new"])
    np.testing.assert_array_equal(made.ravel(), [-3, 8, NAN])


@given(st.data(), all_lags)
def test_panel_continues(data, lags):
    """Each series of a panel continues from its own end, there and back."""
    table = data.draw(panels(lags))
    differencer = Differencer(lags, group="store", time="day")
    whole, new = differencer.fit_transform(table), table["day"] >= DAYS[sum(lags) + 2]
    differencer.fit(table[~new])
    made = differencer.transform(table[new])
    pd.testing.assert_frame_equal(made, whole[new])
    pd.testing.assert_frame_equal(differencer.inverse_transform(made), table[new])
    assert differencer.context_.shape[:2] == (len(differencer.groups_), sum(lags))


def test_unknown_series_start_cold():
    """A series that was not fitted starts cold."""
    table = pd.DataFrame({"store": list("aaab"), "sales": [1.0, 2, 4, 5]}, index=[0, 1, 2, 3])
    made = Differencer(group="store").fit(table[:2]).transform(table[2:])
    np.testing.assert_array_equal(made["sales"], [2, NAN])


# --- in pipelines and searches --------------------------------------------------------------------


def test_rows_back():
    """rows_back is the number of earlier rows that a row depends on, known before fit."""
    assert [Differencer(lags).rows_back for lags in (None, (), 1, (1, 12), [2, 2])] == [0, 0, 1, 13, 4]
    assert [LagFramer(n_steps).rows_back for n_steps in (1, 12)] == [0, 11]


@pytest.mark.parametrize("group", [None, "store"])
def test_pipeline(group):
    """A Pipeline differences, scales and frames test rows after the training rows, as by hand."""
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
    """A search over lags chooses differences for a series that grows without end."""
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


def test_network():
    """An LSTM learns from differences, whose first rows are masked."""
    pipe = make_pipeline(
        Differencer((1, 7)),
        SeriesScaler("standard"),
        LagFramer(N_TIMESTEPS),
        LSTMRegressor(UNITS, epochs=1, random_state=0),
    )
    y = WALKS["sales"].diff().shift(-1)
    pipe.fit(WALKS[:30], y[:30])
    assert np.isfinite(pipe.predict(WALKS[30:])).all()


def test_routed_groups():
    """A Pipeline routes groups to fit and transform; transform without groups raises an error."""
    X, stores = np.array([[1.0], [5.0], [2.0], [7.0]]), np.array(["a", "b", "a", "b"])
    with sklearn.config_context(enable_metadata_routing=True):
        differencer = Differencer().set_fit_request(groups=True).set_transform_request(groups=True)
        pipe = make_pipeline(differencer)
        expected = [[NAN], [NAN], [1], [2]]
        np.testing.assert_array_equal(pipe.fit_transform(X, groups=stores), expected)
        np.testing.assert_array_equal(pipe.transform(X, groups=stores), expected)
        assert refused(pipe.transform, X) == snapshot(
            "Differencer was fitted on 2 series, got X without groups. Pass groups=, the series of each row, here too "
            "(in a Pipeline: set_transform_request(groups=True))."
        )
