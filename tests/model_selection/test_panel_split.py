"""PanelTimeSeriesSplit: TimeSeriesSplit on a single series, one cut in time through all series of a panel."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import ForwardFill, LagFramer, PanelTimeSeriesSplit

SIZES = {
    "n_splits": st.integers(2, 6),
    "max_train_size": st.none() | st.integers(1, 12),
    "test_size": st.none() | st.integers(1, 5),
    "gap": st.integers(0, 5),
}


def folds_of(splitter, X):
    """Return all folds as pairs of lists, or None if the splitter finds too few times."""
    try:
        return [(train.tolist(), test.tolist()) for train, test in splitter.split(X)]
    except ValueError:
        return None


def small_panel(starts=(0, 3, 5), ends=(12, 12, 10)):
    """Series of different lengths and starts, by (store, day) in mixed order, and a target."""
    index = [
        (store, pd.Timestamp("2026-01-01") + pd.Timedelta(day, "D"))
        for store, start, end in zip("abc", starts, ends, strict=True)
        for day in range(start, end)
    ]
    order = np.random.default_rng(0).permutation(len(index))
    index = pd.MultiIndex.from_tuples([index[k] for k in order], names=["store", "day"])
    X = pd.DataFrame({"sales": np.arange(float(len(index)))}, index=index)
    return X, X["sales"] * 2


# --- folds ----------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.sampled_from(["range", "days", "periods", "column"]), st.fixed_dictionaries(SIZES))
def test_like_time_series_split(n_rows, kind, sizes):
    """A single series is split like in scikit-learn, and refused where scikit-learn refuses it."""
    X = pd.DataFrame({"x": np.zeros(n_rows)})
    if kind == "days":
        X.index = pd.date_range("2026-01-01", periods=n_rows)
    elif kind == "periods":
        X.index = pd.period_range("2026-01", periods=n_rows, freq="M")
    elif kind == "column":
        X["when"] = np.arange(n_rows) / 4
    time = "when" if kind == "column" else None
    assert folds_of(PanelTimeSeriesSplit(time=time, **sizes), X) == folds_of(TimeSeriesSplit(**sizes), X)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=4, max_size=50),
    st.fixed_dictionaries(SIZES),
)
def test_panel_against_a_loop(rows, sizes):
    """Rows of a panel, in any order, are split by their time, like in a loop."""
    table = pd.DataFrame(rows, columns=["store", "day"])
    times = sorted({day for _, day in rows})
    expected = folds_of(TimeSeriesSplit(**sizes), np.zeros(len(times)))
    if expected is not None:
        expected = [
            tuple([row for row, (_, day) in enumerate(rows) if day in {times[k] for k in part}] for part in fold)
            for fold in expected
        ]
    assert folds_of(PanelTimeSeriesSplit(group="store", time="day", **sizes), table) == expected
    assert folds_of(PanelTimeSeriesSplit(time="day", **sizes), table) == expected


def test_where_times_are():
    """Times may be the index, a level, a column, or part of windows: the folds are the same."""
    X, _ = small_panel()
    expected = folds_of(PanelTimeSeriesSplit(3, group="store"), X)
    flat = X.reset_index()
    assert folds_of(PanelTimeSeriesSplit(3, time="day"), X) == expected
    assert folds_of(PanelTimeSeriesSplit(3, group="store", time="day"), flat) == expected
    assert folds_of(PanelTimeSeriesSplit(3, group="store"), flat.set_index("day")) == expected
    assert folds_of(PanelTimeSeriesSplit(3), flat.set_index("day")["sales"]) == expected
    ordered = X.sort_index()
    windows = LagFramer(2, group="store").fit_transform(ordered)
    assert folds_of(PanelTimeSeriesSplit(3), windows) == folds_of(PanelTimeSeriesSplit(3, group="store"), ordered)


# --- with scikit-learn ----------------------------------------------------------------------------


class Witness(RegressorMixin, BaseEstimator):
    """Regressor that fails if it predicts rows that are not later than all training rows."""

    def fit(self, X, y):
        """Keep the last day."""
        self.last_ = X.index.get_level_values("day").max()
        return self

    def predict(self, X):
        """Check the first day."""
        assert X.index.get_level_values("day").min() > self.last_
        return np.zeros(len(X))


def test_no_fold_looks_ahead():
    """Every test row is later than all training rows of all series."""
    X, y = small_panel()
    scores = cross_val_score(Witness(), X, y, cv=PanelTimeSeriesSplit(4, group="store"), error_score="raise")
    assert len(scores) == 4
    with pytest.raises(AssertionError):
        cross_val_score(Witness(), X, y, cv=TimeSeriesSplit(4), error_score="raise")


def test_grid_search():
    """A search and its clone take the splitter; the folds of a table work for an array of its rows."""
    X, y = small_panel()
    cv = PanelTimeSeriesSplit(3, group="store")
    search = GridSearchCV(Ridge(), {"alpha": [0.01, 100.0]}, cv=cv).fit(X, y)
    assert search.best_params_ == {"alpha": 0.01}
    twin = clone(search).set_params(cv=list(cv.split(X))).fit(X.to_numpy(), y)
    np.testing.assert_allclose(twin.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])


def test_predictions_out_of_fold():
    """A loop over the folds predicts every row of the times tested once."""
    X, y = small_panel()
    predicted = pd.Series(np.nan, index=X.index)
    for train, test in PanelTimeSeriesSplit(3, group="store").split(X, y):
        assert predicted.iloc[test].isna().all()
        predicted.iloc[test] = Ridge().fit(X.iloc[train], y.iloc[train]).predict(X.iloc[test])
    days = X.index.get_level_values("day")
    np.testing.assert_array_equal(predicted.isna(), days < days.min() + pd.Timedelta(3, "D"))


def test_routed_groups():
    """Groups are routed to the steps that request them, and not to the splitter."""
    X, y = small_panel()
    stores, X = X.index.get_level_values("store").to_numpy(), X.droplevel("store")
    with sklearn.config_context(enable_metadata_routing=True):
        fill = ForwardFill().set_fit_request(groups=True).set_transform_request(groups=True)
        search = GridSearchCV(make_pipeline(fill, Ridge()), {"ridge__alpha": [1.0]}, cv=PanelTimeSeriesSplit(3))
        order = np.argsort(X.index, kind="stable")
        search.fit(X.iloc[order], y.iloc[order], groups=stores[order])
        assert len(search.best_estimator_[0].last_) == 3
        assert not hasattr(PanelTimeSeriesSplit, "set_split_request")
    assert folds_of(PanelTimeSeriesSplit(3), X) == [
        (train.tolist(), test.tolist()) for train, test in PanelTimeSeriesSplit(3).split(X, y, groups=stores)
    ]


def test_like_other_splitters():
    """repr, get_n_splits and pickle work as for scikit-learn's splitters."""
    cv = PanelTimeSeriesSplit(3, time="day", gap=2)
    assert repr(cv) == (
        "PanelTimeSeriesSplit(gap=2, group=None, max_train_size=None, n_splits=3,\n"
        "           test_size=None, time='day')"
    )
    assert cv.get_n_splits() == cv.get_n_splits(np.zeros(9)) == 3
    assert repr(pickle.loads(pickle.dumps(cv))) == repr(cv)


# --- errors ---------------------------------------------------------------------------------------

DAYS = pd.date_range("2026-01-01", periods=8)
PANEL = pd.DataFrame({"store": list("aaaabbbb"), "day": [*DAYS[:4]] * 2, "sales": range(8)})
UNKNOWN_DAY = PANEL.assign(day=[*DAYS[:2], pd.NaT, *DAYS[3:8]])
FAULTY = {
    "no test rows": (
        {"n_splits": 4, "time": "day"},
        PANEL,
        snapshot(
            "PanelTimeSeriesSplit(n_splits=4) leaves folds without test rows: X has 4 distinct times, and needs at least "
            "5, one for each test part and one to train on. Lower n_splits, or pass a longer panel."
        ),
    ),
    "no training rows": (
        {"n_splits": 2, "time": "day", "test_size": 1, "gap": 2},
        PANEL,
        snapshot(
            "PanelTimeSeriesSplit(n_splits=2, test_size=1, gap=2) leaves the first fold without training rows: X has 4 "
            "distinct times, and 2 test parts of 1 with a gap of 2 before them take 4. Lower n_splits, test_size or gap, "
            "or pass a longer panel."
        ),
    ),
    "no training rows by default": (
        {"n_splits": 3, "time": "day", "gap": 1},
        PANEL,
        snapshot(
            "PanelTimeSeriesSplit(n_splits=3, test_size=None, gap=1) leaves the first fold without training rows: X has 4 "
            "distinct times, and 3 test parts of 1 with a gap of 1 before them take 4. Lower n_splits, test_size or gap, "
            "or pass a longer panel."
        ),
    ),
    "array": (
        {},
        np.zeros((8, 2)),
        snapshot(
            "PanelTimeSeriesSplit cuts by time, got X of type ndarray, which has no times. Pass a DataFrame whose index, "
            "or column time=, tells them; or make the folds of one for an array of the same rows: "
            "cv=list(PanelTimeSeriesSplit(...).split(table))."
        ),
    ),
    "only a group": (
        {"group": "store"},
        PANEL.set_index("store")[["sales"]],
        snapshot(
            "PanelTimeSeriesSplit(group='store') got X whose index is the group, and nothing else that tells when. Pass "
            "time=, the column that does."
        ),
    ),
    "unknown column": (
        {"time": "days"},
        PANEL,
        snapshot(
            "PanelTimeSeriesSplit(time='days') is neither a column nor a level of the index of X. Did you mean 'day'? Its "
            "columns are: ['store', 'day', 'sales'], its levels: [None]."
        ),
    ),
    "two levels": (
        {},
        PANEL.set_index(["store", "day"]),
        snapshot(
            "PanelTimeSeriesSplit got a MultiIndex of ['store', 'day'], and cannot tell which level is the time. Pass "
            "group= and time=, the names of the level that tells series apart and of the one that tells when."
        ),
    ),
    "text": (
        {"time": "store"},
        PANEL.astype({"store": object}),
        snapshot(
            "PanelTimeSeriesSplit expects times, or numbers that ascend with time, got 'a' in row 0, of type object. "
            "Convert them, pd.to_datetime, or name another column or level: time=."
        ),
    ),
    "no time": (
        {"time": "day"},
        UNKNOWN_DAY,
        snapshot("PanelTimeSeriesSplit got no time (NaN) for row 2. Drop the row, or give it its time."),
    ),
    "row numbers": (
        {"group": "store"},
        PANEL,
        snapshot(
            "PanelTimeSeriesSplit(group='store') got 2 series, and an index in which no time comes twice: it seems to "
            "number the rows. Pass time=, the column or level that tells when."
        ),
    ),
    "one fold": (
        {"n_splits": 1},
        PANEL,
        snapshot(
            "The 'n_splits' parameter of PanelTimeSeriesSplit must be an int in the range [2, inf). Got 1 instead."
        ),
    ),
    "negative gap": (
        {"gap": -1},
        PANEL,
        snapshot("The 'gap' parameter of PanelTimeSeriesSplit must be an int in the range [0, inf). Got -1 instead."),
    ),
}


@pytest.mark.parametrize(("params", "X", "message"), FAULTY.values(), ids=FAULTY)
def test_faulty(params, X, message):
    """Too few times, or no times, raise an error."""
    assert refused(lambda: next(PanelTimeSeriesSplit(**params).split(X))) == message
