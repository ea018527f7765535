"""LagFramer: one window of the past for every row, never of the future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused, with_sorted_choices
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from sklstm import LagFramer, Windows

# Windows that begin in the midst of fitted rows are framed on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")

NAN = np.nan


def framed_by_a_loop(rows, positions, n_steps):
    """Naive loop: the window of each row looks back as long as one position follows the other."""
    windows = np.full((len(rows), n_steps, rows.shape[1]), NAN)
    for row in range(len(rows)):
        for lag in range(min(n_steps, row + 1)):
            if positions[row] - positions[row - lag] != lag:
                break
            windows[row, n_steps - 1 - lag] = rows[row - lag]
    return windows


def table(index, n_features=2):
    """A table in which all values differ."""
    values = np.arange(float(len(index) * n_features)).reshape(len(index), n_features)
    return pd.DataFrame(values, index=index, columns=list("abc"[:n_features]))


# --- windows --------------------------------------------------------------------------------------


@given(st.data())
def test_array(data):
    """Windows of an array hold each row and those before it, and NaN before the start."""
    n_rows, n_features = data.draw(st.integers(1, 15)), data.draw(st.integers(1, 3))
    n_steps = data.draw(st.integers(1, n_rows))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    rows = np.arange(n_rows * n_features, dtype=dtype).reshape(n_rows, n_features)
    rows[data.draw(st.lists(st.integers(0, n_rows - 1)))] = NAN
    windows = LagFramer(n_steps).fit_transform(rows)
    assert windows.dtype == dtype
    np.testing.assert_array_equal(windows, framed_by_a_loop(rows, np.arange(n_rows), n_steps))


@pytest.mark.parametrize(("hole", "n_steps", "cut"), [(None, 1, 25), (None, 8, 20), (23, 5, 21), (30, 3, 32)])
def test_every_index(regular, hole, n_steps, cut):
    """On every regular index, windows end at holes, and new rows look back into fitted ones if they follow them."""
    # A hole of seven rows is longer than any holidays.
    kept = np.arange(40) if hole is None else np.delete(np.arange(40), slice(hole, hole + 7))
    X = table(regular[kept])
    expected = framed_by_a_loop(X.to_numpy(), kept, n_steps)
    framer = LagFramer(n_steps)
    np.testing.assert_array_equal(framer.fit_transform(X), expected)
    np.testing.assert_array_equal(framer.fit(X[:cut]).transform(X[cut:]), expected[cut:])
    np.testing.assert_array_equal(framer.transform(X[:cut]), expected[:cut])


@given(st.lists(st.integers(1, 3), min_size=1, max_size=20), st.integers(1, 6), st.data())
def test_any_holes(steps, n_steps, data):
    """Windows end at every hole, and those of new rows reach back to the last hole before them."""
    positions = np.cumsum(steps)
    cut = data.draw(st.integers(0, len(positions) - 1))
    X = table(pd.Index(positions))
    expected = framed_by_a_loop(X.to_numpy(), positions, n_steps)
    # Steps that are longer than max_gap are holes, however many there are.
    framer = LagFramer(n_steps, max_gap=1)
    if len(X) >= n_steps:
        np.testing.assert_array_equal(framer.fit_transform(X), expected)
    if cut >= n_steps:
        np.testing.assert_array_equal(framer.fit(X[:cut]).transform(X[cut:]), expected[cut:])


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_flat_windows_are_pandas_shifts(regular, n_steps):
    """Flat windows are shifted series side by side, oldest first, named by feature and lag."""
    X = table(regular)
    shifts = [X.shift(lag).set_axis([f"{name}(t-{lag})" for name in X], axis=1) for lag in range(n_steps - 1, 0, -1)]
    expected = pd.concat([*shifts, X.set_axis([f"{name}(t)" for name in X], axis=1)], axis=1)
    lags = LagFramer(n_steps, flatten=True).fit_transform(X)
    pd.testing.assert_frame_equal(lags, expected)


def test_flat_windows_across_a_hole():
    """Flat windows end at a hole."""
    X = table(pd.Index([0, 1, 2, 6, 7]), n_features=1)
    lags = LagFramer(2, flatten=True).fit_transform(X)
    np.testing.assert_array_equal(lags["a(t-1)"], [NAN, 0, 1, NAN, 3])


def test_pairs():
    """The series 0 to 9 with one lag gives the pairs (0, 1) to (8, 9)."""
    pairs = LagFramer(n_steps=2, flatten=True).fit_transform(np.arange(10))
    np.testing.assert_array_equal(pairs[1:], [(value, value + 1) for value in range(9)])
    np.testing.assert_array_equal(pairs[0], [NAN, 0])


def test_one_step():
    """A window of one step is the row itself."""
    X = np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(LagFramer(1).fit_transform(X), X[:, None])
    assert LagFramer(1).fit(X).context_.shape == (0, 2)


@given(st.integers(1, 6), st.integers(0, 9), st.booleans())
def test_no_window_sees_the_future(n_steps, now, flatten):
    """A change of later rows does not change the window of a row."""
    X = np.random.default_rng(0).normal(size=(10, 2))
    changed = X.copy()
    changed[now + 1 :] = 99
    framer = LagFramer(n_steps, flatten=flatten)
    np.testing.assert_array_equal(framer.fit_transform(X)[: now + 1], framer.fit_transform(changed)[: now + 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_windows_are_views(dtype):
    """All windows share one buffer of the rows and n_steps - 1 before them, and cannot be written to."""
    windows = LagFramer(n_steps=400).fit_transform(np.ones((1000, 3), dtype))
    assert windows.dtype == dtype
    assert windows.strides[0] == windows.strides[1]
    assert Windows.from_array(windows).buffer.shape == (1000 + 399, 3)
    assert not windows.flags.writeable


def test_series():
    """A Series is a table of one feature with its name."""
    sales = pd.Series([1.0, 2.0, 3.0], index=pd.period_range("2026-01", periods=3, freq="M"), name="sales")
    lags = LagFramer(2, flatten=True).fit_transform(sales)
    pd.testing.assert_index_equal(lags.index, sales.index)
    assert list(lags) == ["sales(t-1)", "sales(t)"]
    assert list(LagFramer(2, flatten=True).fit_transform(sales.rename(None))) == ["x0(t-1)", "x0(t)"]


@pytest.mark.parametrize("flatten", [False, True])
def test_whole_numbers(flatten):
    """Integers become float64, because windows may hold NaN."""
    assert LagFramer(2, flatten=flatten).fit_transform([[1], [2], [3]]).dtype == np.float64


def test_partly_observed_rows_as_lags():
    """Flat windows may miss some features of a row."""
    X = np.array([[1.0, NAN], [2.0, 3.0]])
    np.testing.assert_array_equal(LagFramer(2, flatten=True).fit_transform(X)[1], [1, NAN, 2, 3])


# --- context --------------------------------------------------------------------------------------


def test_context_of_an_array():
    """Rows of an array start cold, unless context is always."""
    X = np.arange(6.0)
    last = [[2.0], [3.0]]
    np.testing.assert_array_equal(LagFramer(3).fit(X[:4]).transform(X[4:])[0], [[NAN], [NAN], [4]])
    np.testing.assert_array_equal(LagFramer(3, context="always").fit(X[:4]).transform(X[4:])[0], [*last, [4]])
    np.testing.assert_array_equal(LagFramer(3).fit(X[:4]).context_, last)


def test_context_of_a_table():
    """`context` decides whether windows look back if the index follows, always, or never."""
    X = table(pd.RangeIndex(10), n_features=1)
    past = {
        (context, first): LagFramer(2, flatten=True, context=context).fit(X[:5]).transform(X[first:])["a(t-1)"].iloc[0]
        for context in ("auto", "always", "never")
        for first in (5, 7)
    }
    np.testing.assert_equal(
        past,
        {
            ("auto", 5): 4,
            ("auto", 7): NAN,
            ("always", 5): 4,
            ("always", 7): 4,
            ("never", 5): NAN,
            ("never", 7): NAN,
        },
    )


def test_context_of_a_boolean_choice():
    """Rows chosen by a mask, whose index is no RangeIndex, look back into the fitted rows."""
    X = table(pd.RangeIndex(10))
    framer = LagFramer(3).fit(X[X.index < 5])
    np.testing.assert_array_equal(framer.transform(X[X.index >= 5]), LagFramer(3).fit_transform(X)[5:])


def test_context_ends_at_a_hole():
    """context_ holds the fitted rows after the last hole."""
    X = table(pd.Index([0, 1, 2, 3, 4, 9]), n_features=1)
    framer = LagFramer(4).fit(X)
    np.testing.assert_array_equal(framer.context_, [[5.0]])
    windows = framer.transform(table(pd.Index([10]), n_features=1))
    np.testing.assert_array_equal(windows[0, :, 0], [NAN, NAN, 5, 0])


def test_context_is_a_copy():
    """Changes of X after fit do not change the context."""
    X = np.arange(5.0)
    framer = LagFramer(2, context="always").fit(X)
    X[:] = 99
    np.testing.assert_array_equal(framer.transform([5.0])[0, :, 0], [4, 5])


def test_k_fold():
    """No window joins the two parts that K-fold leaves around a test block."""
    X = table(pd.date_range("2026-01-01", periods=30, freq="D"), n_features=1)
    train, test = list(KFold(3).split(X))[1]
    framer = LagFramer(3)
    windows = framer.fit_transform(X.iloc[train])
    assert isinstance(windows, Windows)
    np.testing.assert_array_equal(windows[9, :, 0], [7, 8, 9])
    np.testing.assert_array_equal(windows[10, :, 0], [NAN, NAN, 20])
    np.testing.assert_array_equal(framer.transform(X.iloc[test])[0, :, 0], [NAN, NAN, 10])


@given(st.integers(2, 8), st.integers(8, 25), st.integers(1, 6))
def test_block_after_block(n_steps, fitted, length):
    """New rows that follow may come in a block of any length; later blocks start cold."""
    X = table(pd.RangeIndex(40))
    joined = LagFramer(n_steps).fit_transform(X)
    framer = LagFramer(n_steps).fit(X[:fitted])
    stop = fitted + length
    np.testing.assert_array_equal(framer.transform(X[fitted:stop]), joined[fitted:stop])
    np.testing.assert_array_equal(
        framer.transform(X[stop:]), LagFramer(n_steps, context="never").fit(X).transform(X[stop:])
    )


# --- names and containers -------------------------------------------------------------------------


def test_names():
    """Windows have the names of features, flat windows those of features and lags."""
    X = table(pd.RangeIndex(4))
    assert list(LagFramer(3).fit(X).get_feature_names_out()) == ["a", "b"]
    assert list(LagFramer(2, flatten=True).fit(X).get_feature_names_out()) == ["a(t-1)", "b(t-1)", "a(t)", "b(t)"]
    assert list(LagFramer(2, flatten=True).fit(X.to_numpy()).get_feature_names_out(["u", "v"])) == [
        "u(t-1)",
        "v(t-1)",
        "u(t)",
        "v(t)",
    ]


def test_containers():
    """Flat windows come in the container of set_output, else in that of X; windows of an array are an array."""
    X = table(pd.date_range("2026-01-01", periods=4))
    asked = LagFramer(2, flatten=True).set_output(transform="pandas")
    pd.testing.assert_frame_equal(asked.fit_transform(X), LagFramer(2, flatten=True).fit_transform(X))
    assert list(asked.fit_transform(X.to_numpy())) == ["x0(t-1)", "x1(t-1)", "x0(t)", "x1(t)"]
    assert isinstance(LagFramer(2, flatten=True).fit_transform(X.to_numpy()), np.ndarray)
    assert isinstance(LagFramer(2).set_output(transform="pandas").fit_transform(X.to_numpy()), np.ndarray)


def test_names_of_windows():
    """Windows know the columns of a table, and the features that are added; those of an array have no names."""
    X = table(pd.date_range("2026-01-01", periods=4, freq="D"))
    names = tuple(X.columns)
    framer = LagFramer(2).fit(X)
    assert framer.transform(X).names == framer.transform(X[2:]).names == names
    added = LagFramer(2, elapsed="D", future=[names[1]], horizon=2).fit_transform(X)
    assert added.names == (*names, "elapsed", f"{names[1]}(t+1)", f"{names[1]}(t+2)")
    assert LagFramer(2, group="of").fit_transform(X.assign(of="a")).names == names
    assert LagFramer(2, dilation=2).fit_transform(X).names == names
    assert LagFramer(2).fit_transform(X.iloc[:, 0]).names == names[:1]
    assert isinstance(LagFramer(2).fit_transform(X.set_axis([0, 1], axis=1)), np.ndarray)
    assert LagFramer(2, dilation=2).fit_transform(X.to_numpy()).names is None


# --- errors ---------------------------------------------------------------------------------------

FAULTY = [
    (
        np.ones((8, 1)),
        snapshot(
            "LagFramer(n_steps=12) needs at least 12 rows, got X of shape (8, 1). Lower n_steps or pass a longer series."
        ),
    ),
    (
        np.ones((1, 2)),
        snapshot(
            "LagFramer(n_steps=12) needs at least 12 rows, got X of shape (1, 2) (n_samples=1). "
            "Lower n_steps or pass a longer series."
        ),
    ),
    (
        table(pd.RangeIndex(19, -1, -1)),
        snapshot(
            "LagFramer expects rows in time order, got 18 (row 1) after 19 (row 0). Sort them, and y with them: X.sort_index(); and split without shuffling."
        ),
    ),
    (
        table(pd.Index([0, *range(19)])),
        snapshot(
            "LagFramer expects each time once, got 0 in rows 0 and 1. Keep one of them: "
            "X[~X.index.duplicated()]; or name what tells series apart, group=, if the table holds several."
        ),
    ),
    (
        table(pd.DatetimeIndex(["NaT", *pd.date_range("2026-01-01", periods=19)])),
        snapshot("LagFramer got no time (NaT) for row 0. Drop the row, or give it its time."),
    ),
    (
        table(pd.MultiIndex.from_product([["Oslo"], range(20)])),
        snapshot(
            "LagFramer got a MultiIndex of [None, None], and cannot tell which level is the time. Pass group= and time=, "
            "the names of the level that tells series apart and of the one that tells when."
        ),
    ),
    (
        ["wet"] * 20,
        snapshot(
            "LagFramer expects numbers, got text in column 0 of X: 'wet' in row 0. "
            "Encode the column as numbers, or drop it."
        ),
    ),
    (
        np.full(20, np.inf),
        snapshot("LagFramer got inf in X at row 0, column 0. Replace it, or write NaN where nothing was observed."),
    ),
    (
        np.ones((20, 2, 2)),
        snapshot(
            "LagFramer expects a series table of shape (n_rows, n_features), got X of shape (20, 2, 2). "
            "Pass the series, not windows of it, and bring further axes into its features."
        ),
    ),
    (
        np.ones((0, 2)),
        snapshot("Found array with 0 sample(s) (shape=(0, 2)) while a minimum of 1 is required by LagFramer."),
    ),
]


@pytest.mark.parametrize(("X", "message"), FAULTY)
def test_faulty_series(X, message):
    """A series that is too short, out of order or not of numbers raises an error."""
    assert refused(LagFramer(12).fit, X) == message
    assert refused(LagFramer(12).fit_transform, X) == message


def test_faulty_new_rows():
    """New rows out of order, or with other features, raise an error."""
    X = table(pd.RangeIndex(4))
    framer = LagFramer(2).fit(X)
    assert refused(framer.transform, X[::-1]) == snapshot(
        "LagFramer expects rows in time order, got 2 (row 1) after 3 (row 0). Sort them, and y with them: X.sort_index(); and split without shuffling."
    )
    assert refused(framer.transform, X["a"]) == snapshot(
        "LagFramer was fitted on 2 features, got a 1D X of 4 values, which is one feature. "
        "Reshape your data: X.reshape(1, -1) if it is one row of 2 features."
    )
    assert refused(LagFramer(2).fit(X.to_numpy()).transform, np.ones((4, 3))) == snapshot(
        "X has 3 features, but LagFramer is expecting 2 features as input."
    )


def test_partly_observed_rows():
    """A row with some features missing raises an error with its time."""
    X = table(pd.date_range("2026-01-01", periods=4))
    X.iloc[2, 1] = NAN
    message = snapshot(
        "LagFramer got a time step with some features missing: row 2026-01-03 00:00:00, NaN in column 'b'. A time "
        "step is either observed in every feature or NaN in all of them: impute first, for instance with "
        "sklearn.impute.SimpleImputer before this step."
    )
    assert refused(LagFramer(2).fit_transform, X) == message
    assert refused(LagFramer(2).fit(X[:2]).transform, X) == message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"n_steps": 0},
            snapshot("The 'n_steps' parameter of LagFramer must be an int in the range [1, inf). Got 0 instead."),
        ),
        (
            {"n_steps": 2.5},
            snapshot("The 'n_steps' parameter of LagFramer must be an int in the range [1, inf). Got 2.5 instead."),
        ),
        (
            {"n_steps": 2, "flatten": "yes"},
            snapshot(
                "The 'flatten' parameter of LagFramer must be an instance of 'bool' or an instance of 'numpy.bool'. "
                "Got 'yes' instead."
            ),
        ),
    ],
)
def test_faulty_parameters(params, message):
    """Parameters are checked when fit is called."""
    assert refused(LagFramer(**params).fit, np.ones(5)) == message


def test_unknown_context():
    """An unknown context raises an error with the known ones."""
    message = refused(LagFramer(2, context="sometimes").fit, np.ones(5))
    assert with_sorted_choices(message) == snapshot(
        "The 'context' parameter of LagFramer must be a str among {'always', 'auto', 'never'}. Got 'sometimes' instead."
    )


def test_not_fitted():
    """`transform` and get_feature_names_out need fit."""
    message = snapshot(
        "This LagFramer instance is not fitted yet. Call 'fit' with appropriate arguments before using this estimator."
    )
    assert refused(LagFramer(2).transform, np.ones(5), error=NotFittedError) == message
    assert refused(LagFramer(2).get_feature_names_out, error=NotFittedError) == message


def test_max_gap():
    """Windows and context reach over steps up to max_gap."""
    table = pd.DataFrame(
        {"a": np.arange(8.0)}, index=pd.DatetimeIndex([f"2026-01-{d:02}" for d in (1, 2, 3, 6, 7, 8, 12, 13)])
    )
    framer = LagFramer(n_steps=3, max_gap="3D").fit(table[:4])
    windows = np.asarray(framer.transform(table[4:]))[..., 0]
    np.testing.assert_array_equal(windows, [[2, 3, 4], [3, 4, 5], [np.nan, np.nan, 6], [np.nan, 6, 7]])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3, 40, 2),
        pd.bdate_range("2026-01-01", periods=12),
        pd.date_range("2025-01-31", periods=12, freq="ME", tz="Europe/Rome"),
        pd.period_range("2026-01", periods=12, freq="M"),
        pd.timedelta_range("1h", periods=12, freq="h"),
    ],
    ids=lambda index: type(index).__name__,
)
@pytest.mark.parametrize("gridded", [False, True])
def test_times_ahead(index, gridded):
    """Times follow by the step of the fitted series, or by the grid."""
    freq = (getattr(index, "freq", None) or 2) if gridded else None
    framer = LagFramer(2, freq=freq).fit(pd.DataFrame({"x": np.arange(8.0)}, index=index[:8]))
    ahead = framer.times_ahead(index[[7, 7, 8]], [1, 3, 2])
    assert ahead.tolist() == index[[8, 10, 10]].tolist()


def test_times_ahead_of_series():
    """Each series has its own step, and a series that was not fitted a common one."""
    day = pd.Timestamp("2026-01-01")
    days = [day + pd.Timedelta(days=k) for k in (0, 1, 2, 0, 7, 14)]
    table = pd.DataFrame({"store": list("aaabbb"), "day": days, "sales": 1.0})
    framer = LagFramer(2, group="store", time="day").fit(table)
    ahead = framer.times_ahead(pd.DatetimeIndex([day] * 3), [2, 2, 1], groups=["a", "b", "new"])
    assert ((ahead - day).days[:2] == [2, 14]).all()
    assert ahead[2] > day
