"""LagFramer on panels, on irregular times, and with static and known-future features."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, SeriesScaler, Windows

NAN = np.nan
KINDS = {
    "integers": lambda steps: pd.Index(np.asarray(steps)),
    "days": lambda steps: pd.Timestamp("2026-01-01") + pd.to_timedelta(steps, unit="D"),
    "hours with a time zone": lambda steps: pd.DatetimeIndex(
        pd.Timestamp("2026-01-01", tz="Asia/Tokyo") + pd.to_timedelta(steps, unit="h")
    ),
    "months": lambda steps: pd.period_range("2000-01", periods=200, freq="M")[np.asarray(steps)],
    "durations": lambda steps: pd.to_timedelta(steps, unit="min"),
}


def panel(series, kind="integers", order=None):
    """A table of several series: a dict of label to (steps, values of two features)."""
    parts = [
        pd.DataFrame({"store": label, "time": KINDS[kind](steps), "a": values, "b": -np.asarray(values, float)})
        for label, (steps, values) in series.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table if order is None else table.iloc[order].reset_index(drop=True)


def by_a_loop(table, n_steps, longest_step=1):
    """Naive loop: the window of each row looks back over the rows of its series, up to a hole."""
    windows = np.full((len(table), n_steps, 2), NAN)
    for row in range(len(table)):
        own = table[table["store"] == table["store"][row]].sort_values("time")
        steps, values = own["step"].to_numpy(), own[["a", "b"]].to_numpy()
        k = int(np.flatnonzero(own.index == row)[0])
        for back in range(n_steps):
            if k - back < 0 or (back and steps[k - back + 1] - steps[k - back] > longest_step):
                break
            windows[row, n_steps - 1 - back] = values[k - back]
    return windows


@st.composite
def panels(draw):
    """Series of different lengths, with holes, whose rows are mixed."""
    series, n_rows = {}, 0
    for label in range(draw(st.integers(1, 4))):
        n = draw(st.integers(4, 9))
        # Most steps are 1: the index is regular.
        steps = np.cumsum([draw(st.integers(0, 3)), *([1] * (n - 1))])
        if n > 6 and draw(st.booleans()):
            steps[draw(st.integers(2, n - 1)) :] += draw(st.integers(1, 3))
        series[f"s{label}"] = steps, 100.0 * label + np.arange(n)
        n_rows += n
    order = sorted(range(n_rows), key=dict(enumerate(draw(st.permutations(range(n_rows))))).get)
    steps = np.concatenate([steps for steps, _ in series.values()])
    codes = np.repeat(np.arange(len(series)), [len(steps) for steps, _ in series.values()])
    # Mixed, but each series in time order.
    places = np.empty(n_rows, int)
    for code in range(len(series)):
        own = np.flatnonzero(codes[order] == code)
        places[own] = np.flatnonzero(codes == code)
    return series, places, steps[places]


@given(panels(), st.integers(1, 4), st.sampled_from(sorted(KINDS)), st.booleans())
def test_panel_against_a_loop(mixed, n_steps, kind, levels):
    """No window crosses a series or a hole, for every kind of index, with keys as columns or levels."""
    series, order, steps = mixed
    table = panel(series, kind, order)
    expected = by_a_loop(table.assign(step=steps), n_steps)
    if levels:
        table = table.set_index(["store", "time"])
        windows = LagFramer(n_steps, group="store").fit_transform(table)
    else:
        windows = LagFramer(n_steps, group="store", time="time").fit_transform(table)
    assert isinstance(windows, Windows)
    assert_array_equal(np.asarray(windows), expected)
    assert_array_equal(windows.groups, table.index.get_level_values(0) if levels else table["store"])


@given(
    lengths=st.lists(st.integers(4, 9), min_size=1, max_size=4),
    n_steps=st.integers(1, 4),
    cuts=st.tuples(st.integers(2, 9), st.integers(2, 9)).map(sorted),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_context_of_a_panel(lengths, n_steps, cuts, kind):
    """New rows of each series look back as in the joined table, also chunk by chunk."""
    series = {f"s{k}": (range(length), 100.0 * k + np.arange(length)) for k, length in enumerate(lengths)}
    table = panel(series).sort_values("time", kind="stable")
    steps = table["time"].to_numpy()
    table["time"] = KINDS[kind](steps)
    framer = LagFramer(n_steps, group="store", time="time")
    whole = np.asarray(framer.fit_transform(table))
    first, second = (max(cut, n_steps) for cut in cuts)
    fitted = clone(framer).fit(table[steps < first])
    if (steps >= first).any():
        assert_array_equal(np.asarray(fitted.transform(table[steps >= first])), whole[steps >= first])
    for chunk in ((steps >= first) & (steps < second), steps >= second):
        if chunk.any():
            assert_array_equal(np.asarray(fitted.transform(table[chunk])), whole[chunk])
            fitted.partial_fit(table[chunk])


def test_new_series_start_cold():
    """A series that was not fitted starts cold; the others continue, in any order of rows."""
    table = panel({"A": (range(4), [1.0, 2, 3, 4]), "B": (range(4), [10.0, 20, 30, 40])})
    framer = LagFramer(2, group="store", time="time").fit(table[table["time"] < 3])
    last = table[table["time"] == 3]
    windows = framer.transform(pd.concat([last.assign(store="C")[:1], last]))
    assert_array_equal(np.asarray(windows)[..., 0], [[NAN, 4], [3, 4], [30, 40]])
    assert framer.groups_.tolist() == ["A", "B"]
    assert_array_equal(framer.context_[1], [[30, -30]])


def test_names_of_features():
    """Names of lags leave out group and time, whichever step passes them on."""
    model = make_pipeline(SeriesScaler(group="store", time="time"), LagFramer(2, flatten=True, **BY_TIME)).fit(TWO)
    assert list(model.get_feature_names_out()) == ["a(t-1)", "b(t-1)", "a(t)", "b(t)"]
    assert list(model.transform(TWO)) == list(model.get_feature_names_out())


def test_groups_beside_an_array():
    """Groups come as metadata beside an array; without times context has to be always."""
    X, groups = np.array([[1.0], [10], [2], [20], [3]]), ["A", "B", "A", "B", "A"]
    windows = LagFramer(2).fit_transform(X, groups=groups)
    assert_array_equal(np.asarray(windows)[..., 0], [[NAN, 1], [NAN, 10], [1, 2], [10, 20], [2, 3]])
    assert_array_equal(windows.times, [0, 0, 1, 1, 2])
    follows = LagFramer(2, context="always").fit(X, groups=groups).transform([[4.0], [30.0]], groups=["A", "B"])
    assert_array_equal(np.asarray(follows)[..., 0], [[3, 4], [20, 30]])


def test_groups_are_missing():
    """`transform` without groups raises an error after fit with groups."""
    framer = LagFramer(2).fit(np.ones((4, 1)), groups=["A", "B", "A", "B"])
    for call in (framer.transform, framer.partial_fit):
        assert refused(call, np.ones((2, 1))) == snapshot(
            "LagFramer was fitted on 2 series, got X without groups. Pass groups=, the series of each row, here too "
            "(in a Pipeline: set_transform_request(groups=True))."
        )


def test_groups_and_times_of_windows():
    """Windows and their slices hold the group and the time of each row."""
    table = panel({"A": ([1, 2], [1.0, 2]), "B": ([0, 1], [3.0, 4])}).set_index("time")
    windows = LagFramer(1, group="store").fit_transform(table)
    assert_array_equal(windows[1:].groups, ["A", "B", "B"])
    assert_array_equal(windows[1:].times, [2, 0, 1])


def test_search():
    """Searches take panels: rows sorted by time or by series, and splitters that need groups."""
    rng = np.random.default_rng(0)
    stores = {f"s{k}": (range(30), 10 * k + rng.normal(size=30).cumsum()) for k in range(4)}
    table = panel(stores).sort_values(["time", "store"]).reset_index(drop=True)
    y = table.groupby("store")["a"].shift(-1).fillna(0.0).to_numpy()
    framer = LagFramer(2, group="store", time="time", flatten=True)
    search = GridSearchCV(
        make_pipeline(framer, FillNaN(), LinearRegression()),
        {"lagframer__n_steps": [1, 3]},
        cv=TimeSeriesSplit(3),
        error_score="raise",
    )
    assert search.fit(table, y).best_score_ > 0.8
    assert_array_equal(pickle.loads(pickle.dumps(search)).predict(table), search.predict(table))
    by_group = search.set_params(cv=GroupKFold(4)).fit(table, y, groups=table["store"])
    assert np.isfinite(by_group.best_score_)


class FillNaN:
    """Replace NaN by zero, for a linear model."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.nan_to_num(np.asarray(X, float))

    def fit_transform(self, X, y=None):
        return self.transform(X)

    def get_params(self, deep=True):
        return {}

    def set_params(self, **params):
        return self


# --- irregular times ------------------------------------------------------------------------------


@given(
    steps=st.lists(st.integers(1, 6), min_size=2, max_size=12),
    n_steps=st.integers(1, 5),
    kind=st.sampled_from(["integers", "days", "months", "durations"]),
    cut=st.integers(1, 11),
)
def test_freq(steps, n_steps, kind, cut):
    """With freq a window looks back over time steps: missing ones are NaN, and context is placed in time."""
    freq = {"integers": 1, "days": "D", "months": "M", "durations": "min"}[kind]
    steps = np.cumsum(steps)
    values = np.arange(1.0, len(steps) + 1)
    table = pd.DataFrame({"a": values}, index=KINDS[kind](steps))
    grid = pd.Series(values, index=steps).reindex(range(steps[-1] + 1)).to_numpy()
    padded = np.r_[np.full(n_steps - 1, NAN), grid]
    expected = np.array([padded[step : step + n_steps] for step in steps])
    framer = LagFramer(n_steps, freq=freq)
    assert_array_equal(np.asarray(framer.fit_transform(table))[..., 0], expected)
    if cut < len(steps):
        new = framer.fit(table[:cut]).transform(table[cut:])
        assert_array_equal(np.asarray(new)[..., 0], expected[cut:])


def test_freq_with_max_gap():
    """Windows on a grid do not cross a hole that is longer than max_gap."""
    index = pd.to_datetime(["2026-01-01 00:10", "2026-01-01 01:40", "2026-01-01 04:05"])
    table = pd.DataFrame({"a": [1.0, 2, 3]}, index=index)
    assert_array_equal(
        np.asarray(LagFramer(5, freq="h").fit_transform(table))[..., 0],
        [[NAN, NAN, NAN, NAN, 1], [NAN, NAN, NAN, 1, 2], [1, 2, NAN, NAN, 3]],
    )
    assert_array_equal(
        np.asarray(LagFramer(5, freq="h", max_gap="2h").fit_transform(table))[..., 0],
        [[NAN, NAN, NAN, NAN, 1], [NAN, NAN, NAN, 1, 2], [NAN, NAN, NAN, NAN, 3]],
    )


def test_elapsed():
    """`elapsed` is the time since the previous observation of the series, which context may hold."""
    index = pd.to_datetime(["2026-01-01 00:00", "2026-01-01 01:30", "2026-01-01 04:00", "2026-01-01 05:00"])
    table = pd.DataFrame({"a": [1.0, 2, NAN, 3]}, index=index)
    framer = LagFramer(1, elapsed="h").fit(table)
    assert_array_equal(framer.fit_transform(table)[:, 0], [[1, 0], [2, 1.5], [NAN, NAN], [3, 3.5]])
    assert list(framer.get_feature_names_out()) == ["a", "elapsed"]
    new = pd.DataFrame({"a": [4.0, 5]}, index=pd.to_datetime(["2026-01-01 06:15", "2026-01-01 07:15"]))
    follows = LagFramer(1, elapsed="h", context="always").fit(table).transform(new)
    assert_array_equal(np.asarray(follows)[:, 0], [[4, 1.25], [5, 1]])
    counted = pd.DataFrame({"a": [1.0, 2]}, index=[3, 7])
    assert_array_equal(np.asarray(LagFramer(1, elapsed=2).fit_transform(counted))[:, 0], [[1, 0], [2, 2]])


# --- static and known-future features -------------------------------------------------------------


def test_future():
    """Each row holds the next values of known-future features of its series; the last value is repeated."""
    table = panel({"A": (range(3), [1.0, 2, 3]), "B": (range(2), [10.0, 20])})
    framer = LagFramer(2, group="store", time="time", future=["b"], horizon=2)
    windows = framer.fit_transform(table)
    assert list(framer.get_feature_names_out()) == ["a", "b", "b(t+1)", "b(t+2)"]
    assert (windows.roles.static, windows.roles.future) == ((), ((2,), (3,)))
    assert_array_equal(
        np.asarray(windows)[:, -1],
        [[1, -1, -2, -3], [2, -2, -3, -3], [3, -3, -3, -3], [10, -10, -20, -20], [20, -20, -20, -20]],
    )


def test_appended_future_rows():
    """Appended rows with known-future features only are not observed; earlier rows see their values."""
    table = pd.DataFrame({"sales": [1.0, 2, NAN, NAN], "promo": [0.0, 1, 1, 0]})
    windows = LagFramer(2, future=["promo"], horizon=2).fit_transform(table)
    assert_array_equal(np.asarray(windows)[1:3], [[[1, 0, 1, 1], [2, 1, 1, 0]], [[2, 1, 1, 0], [NAN, NAN, 0, 0]]])


def test_static():
    """Static features keep their column, and roles name it."""
    table = panel({"A": (range(2), [1.0, 2]), "B": (range(2), [10.0, 20])}).assign(size=[5.0, 5, 7, 7])
    windows = LagFramer(2, group="store", time="time", static=["size"]).fit_transform(table)
    assert (windows.roles.static, windows.roles.future) == ((2,), ())
    assert windows[1:].roles == windows.roles
    assert_array_equal(np.asarray(windows)[:, -1, 2], [5, 5, 7, 7])


# --- errors ---------------------------------------------------------------------------------------

TWO = panel({"A": (range(3), [1.0, 2, 3]), "B": (range(3), [10.0, 20, 30])})
BY_TIME = {"group": "store", "time": "time"}


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        (
            {"group": "shop", "time": "time"},
            TWO,
            snapshot(
                "LagFramer(group='shop') is neither a column nor a level of the index of X. Its columns are: "
                "['store', 'time', 'a', 'b'], its levels: [None]."
            ),
        ),
        (
            {"group": "store"},
            np.ones((3, 1)),
            snapshot(
                "LagFramer(group='store') looks for a column or a level of the index, got X of type ndarray, which has no "
                "names. Pass a DataFrame, or groups= beside an array."
            ),
        ),
        (
            BY_TIME,
            TWO.assign(store=["A", None, "A", "B", "B", "B"]),
            snapshot("LagFramer got no group (NaN) for row 1. Drop the row, or say which series it is of."),
        ),
        (
            BY_TIME,
            TWO.iloc[[0, 1, 2, 4, 3, 5]],
            snapshot(
                "LagFramer expects rows in time order, got 0 (row 4) after 1 (row 3) of 'B'. Sort them, and y with them: "
                "X.sort_values(...); and split without shuffling."
            ),
        ),
        (
            BY_TIME,
            TWO.assign(time=[0, 1, 2, 0, 0, 1]),
            snapshot("LagFramer expects each time once, got 0 in rows 3 and 4 of 'B'. Keep one of them."),
        ),
        (
            BY_TIME | {"n_steps": 4},
            TWO,
            snapshot(
                "LagFramer(n_steps=4) needs at least 4 rows, got X of shape (6, 2), whose longest series has 3 rows. Lower "
                "n_steps or pass a longer series."
            ),
        ),
        (
            {"freq": "h"},
            np.ones((3, 1)),
            snapshot(
                "LagFramer(freq='h') needs an index that tells the time. Pass a DataFrame with one, or name its column, "
                "time=."
            ),
        ),
        (
            {"freq": "D"},
            pd.DataFrame({"a": [1.0, 2]}, index=pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"])),
            snapshot(
                "LagFramer(freq='D') expects one row at most for each step, got 2026-01-01 10:00:00 and 2026-01-01 "
                "11:00:00 (rows 0 and 1) in one. Pass a shorter freq, or bring them together first: "
                "X.resample('D').mean()."
            ),
        ),
        (
            {"freq": "no step"},
            pd.DataFrame({"a": [1.0, 2]}, index=pd.to_datetime(["2026-01-01", "2026-01-02"])),
            snapshot(
                "LagFramer expects freq to be a step in time that suits the index of X, got 'no step' for 2026-01-01 "
                "00:00:00."
            ),
        ),
        (
            {"elapsed": "h"},
            np.ones((3, 1)),
            snapshot(
                "LagFramer(elapsed='h') needs an index that tells the time. Pass a DataFrame with one, or name its column, "
                "time=."
            ),
        ),
        (
            {"elapsed": "soon"},
            pd.DataFrame({"a": [1.0, 2]}, index=pd.to_datetime(["2026-01-01", "2026-01-02"])),
            snapshot("LagFramer expects elapsed to be a duration, such as 'h' or '15min', got 'soon'."),
        ),
        (
            BY_TIME | {"static": ["c"]},
            TWO,
            snapshot("LagFramer(static=['c']) names 'c', which is no feature. The features are: a, b."),
        ),
        (
            BY_TIME | {"future": ["a", "b"]},
            TWO,
            snapshot(
                "LagFramer expects features that are neither static nor future, got none. The target's own series belongs "
                "there."
            ),
        ),
        (
            BY_TIME | {"future": ["b"]},
            TWO.assign(b=[0, NAN, 0, 0, 0, 0]),
            snapshot(
                "LagFramer(future=['b']) expects every value to be known, got NaN in 'b'. Fill it first, or take it out of "
                "future."
            ),
        ),
        (
            BY_TIME | {"static": ["b"], "flatten": True},
            TWO,
            snapshot(
                "LagFramer(static=['b'], flatten=True): a table of lags has no place for them. Drop one of the two, and "
                "join them to the table."
            ),
        ),
    ],
    ids=range(15),
)
def test_faulty_panels(params, X, message):
    """Invalid keys, times and features raise an error with a remedy."""
    assert refused(LagFramer(**{"n_steps": 2} | params).fit, X) == message


def test_faulty_groups():
    """`groups` needs one value per row, and no group parameter beside it."""
    assert refused(LagFramer(1).fit, np.ones((3, 1)), groups=["A", "B"]) == snapshot(
        "LagFramer got 3 rows in X and 2 groups. Pass a group for each row, the series that it is of."
    )
    assert refused(LagFramer(1, group="store", time="time").fit, TWO, groups=["A"] * 6) == snapshot(
        "LagFramer(group='store') got groups= too. Name a column, or pass groups, not both."
    )
