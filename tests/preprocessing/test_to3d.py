"""To3D: three axes from arrays, lag columns and numbered columns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.exceptions import NotFittedError

from sklstm import LagFramer, To3D, Windows, series_to_supervised

NAN = np.nan
TABLE = np.arange(1200.0).reshape(100, 12)


def read_columns(*names):
    """Positions of the columns of these names in the order of time steps and features, and the features."""
    table = pd.DataFrame([range(len(names))], columns=names)
    to3d = To3D().fit(table)
    return np.ravel(to3d.transform(table)).tolist(), to3d.get_feature_names_out().tolist()


# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "X", "shape"),
    [
        ({}, np.arange(10), (1, 10, 1)),
        ({}, list(range(10)), (1, 10, 1)),
        ({}, pd.Series(range(10)), (1, 10, 1)),
        ({"n_features": 1}, np.arange(10), (1, 10, 1)),
        ({"n_features": 2}, np.arange(10), (1, 5, 2)),
        ({"n_features": 2, "n_steps": 10}, np.ones((10, 2)), (1, 10, 2)),
        ({"n_features": 2}, np.ones((10, 2)), (10, 1, 2)),
        ({"n_features": 1}, TABLE, (100, 12, 1)),
        ({"n_steps": 1}, TABLE, (100, 1, 12)),
        ({"n_features": 4}, TABLE, (100, 3, 4)),
        ({"n_steps": 3}, TABLE, (100, 3, 4)),
        ({"n_steps": 3, "n_features": 4}, TABLE, (100, 3, 4)),
        ({"n_steps": 1}, pd.DataFrame(TABLE), (100, 1, 12)),
        ({}, np.ones((10, 1)), (10, 1, 1)),
        ({}, np.ones((4, 3, 2)), (4, 3, 2)),
        ({"n_steps": 3, "n_features": 2}, np.ones((4, 3, 2)), (4, 3, 2)),
        ({}, np.ones((4, 3, 2)).tolist(), (4, 3, 2)),
        ({}, [np.ones((3, 2))] * 4, (4, 3, 2)),
        ({}, [pd.DataFrame({"a": [1, 2], "b": [3, 4]})] * 4, (4, 2, 2)),
    ],
)
def test_shapes(params, X, shape):
    """Each shape, with the given parameters, gets three axes, and values stay in order."""
    made = To3D(**params).fit_transform(X)
    assert made.shape == shape
    assert made.dtype == np.float64
    np.testing.assert_array_equal(made.ravel(), np.asarray(X).ravel())
    assert To3D(**params).fit(X).shape_ == shape[1:]


def test_time_step_after_time_step():
    """Columns hold all features of the first time step, then all of the second."""
    np.testing.assert_array_equal(To3D(n_features=2).fit_transform([[1, 2, 3, 4]]), [[[1, 2], [3, 4]]])


def test_three_axes_pass_untouched():
    """X of three axes is returned itself; integers become floats."""
    for X in (np.ones((4, 3, 2)), np.ones((4, 3, 2), np.float32), Windows(np.ones((9, 2)), [0, 5, 1], 3)):
        assert To3D().fit_transform(X) is X
    assert To3D().fit_transform(np.ones((4, 3, 2), int)).dtype == np.float64


def test_other_lengths_pass():
    """X of three axes may have another number of time steps than in fit."""
    assert To3D().fit(np.ones((4, 3, 2))).transform(np.ones((5, 7, 2))).shape == (5, 7, 2)


def test_tables_are_views():
    """A table of floats gets its third axis without a copy; float32 is kept."""
    X = np.ones((4, 6), np.float32)
    made = To3D(n_features=2).fit_transform(X)
    assert np.shares_memory(made, X)
    assert made.dtype == np.float32


def test_nan_passes():
    """NaN stays NaN."""
    np.testing.assert_array_equal(To3D(n_features=1).fit_transform([[1, NAN]]), [[[1], [NAN]]])


# --- columns that are named like lags -------------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 3), st.randoms())
def test_lag_columns_in_any_order(n_steps, n_features, random):
    """Flat windows with shuffled columns become the same windows."""
    series = pd.DataFrame(np.random.default_rng(0).normal(size=(8, n_features)), columns=list("abc"[:n_features]))
    lags = LagFramer(n_steps, flatten=True).fit_transform(series)
    features = list(series)
    order = list(lags)
    random.shuffle(order)
    to3d = To3D().fit(lags[order])
    names = list(to3d.get_feature_names_out())
    assert sorted(names) == features
    windows = LagFramer(n_steps).fit_transform(series[names])
    np.testing.assert_array_equal(to3d.transform(lags[order]), windows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back(dtype):
    """Flat windows of an array become windows again with n_features."""
    series = np.arange(20, dtype=dtype).reshape(10, 2)
    lags = LagFramer(3, flatten=True).fit_transform(series)
    windows = To3D(n_features=2).fit_transform(lags)
    np.testing.assert_array_equal(windows, LagFramer(3).fit_transform(series))
    assert windows.dtype == dtype


def test_order_of_lag_columns():
    """Columns are ordered by lag, then by where their feature comes first; leads are lags too."""
    assert read_columns("b(t)", "a(t-1)", "b(t-1)", "a(t)") == ([2, 1, 0, 3], ["b", "a"])
    assert read_columns("a(t+1)", "a(t)") == ([1, 0], ["a"])
    assert read_columns("f(x)(t-10)", "f(x)(t-9)") == ([0, 1], ["f(x)"])


def test_columns_that_are_not_all_lags():
    """One column that is not named like a lag leaves the columns unread."""
    with pytest.raises(ValueError, match="cannot tell what the 2 columns of X"):
        read_columns("a(t)", "b")


def test_lags_and_leads_there_and_back():
    """The lags and leads of series_to_supervised become the time steps that they are named by."""
    series = pd.DataFrame({"f(x)": np.arange(30.0), "y": np.arange(30.0) ** 2})
    made = To3D().fit_transform(series_to_supervised(series, n_in=12, n_out=4))
    np.testing.assert_array_equal(made, LagFramer(16).fit_transform(series)[15:])


def test_names():
    """Feature names are those of the lags, else numbered."""
    assert list(To3D().fit(pd.DataFrame({"A(t-1)": [1], "A(t)": [2]})).get_feature_names_out()) == ["A"]
    assert list(To3D(n_features=2).fit([[1, 2, 3, 4]]).get_feature_names_out()) == ["x0", "x1"]
    assert list(To3D().fit(np.ones((4, 3, 2))).get_feature_names_out()) == ["x0", "x1"]


# --- columns whose names end in a time step -------------------------------------------------------


@given(st.integers(2, 12), st.integers(2, 4), st.sampled_from(["_", " ", "", ".", "__"]), st.randoms())
def test_numbered_columns_in_any_order(n_steps, n_features, separator, random):
    """Each value goes to the time step of its number and the feature of its name; steps 10 and up follow 9."""
    order = [
        (feature, step) for feature in ["spend", "bonus", "pm10x", "größe"][:n_features] for step in range(n_steps)
    ]
    random.shuffle(order)
    values = np.random.default_rng(0).normal(size=(3, len(order)))
    table = pd.DataFrame(values, columns=[f"{feature}{separator}{step}" for feature, step in order])
    to3d = To3D().fit(table)
    made = to3d.transform(table)
    features = list(to3d.get_feature_names_out())
    assert features == list(dict.fromkeys(feature for feature, _ in order))
    assert made.shape == (3, n_steps, n_features)
    assert to3d.shape_ == made.shape[1:]
    for column, (feature, step) in zip(values.T, order, strict=True):
        np.testing.assert_array_equal(made[:, step, features.index(feature)], column)


@pytest.mark.parametrize(
    ("names", "order", "features"),
    [
        (["b_2", "a_1", "b_1", "a_2"], [2, 1, 0, 3], ["b", "a"]),
        (["a.01", "b.1", "b.02", "a.2"], [0, 1, 3, 2], ["a", "b"]),
        (["pm10_1", "pm25_1", "pm10_2", "pm25_2"], [0, 1, 2, 3], ["pm10", "pm25"]),
        (["spend 2023", "bonus2023", "spend 2024", "bonus2024"], [0, 1, 2, 3], ["spend", "bonus"]),
        (["flag_1", "bonus_1", "flag_2", "bonus_2"], [0, 1, 2, 3], ["flag", "bonus"]),
    ],
)
def test_order_of_numbered_columns(names, order, features):
    """Columns of several features with the same numbers for each are ordered by number, then by feature."""
    assert read_columns(*names) == (order, features)


@pytest.mark.parametrize(
    "names",
    [
        ["sensor_1", "sensor_2", "sensor_3"],
        ["spend_1", "bonus_1"],
        ["pm10", "pm25", "no2", "o3"],
        ["spend_lag_1", "bonus_lag_1", "spend_lag_2", "bonus_lag_2"],
        ["spend-1", "bonus-1", "spend-2", "bonus-2"],
        ["2024-01", "2025-01", "2024-02", "2025-02"],
        ["1.1", "2.1", "1.2", "2.2"],
        ["spend_1", "bonus_1", "spend_2", "bonus"],
    ],
    ids=", ".join,
)
def test_ambiguous_numbers(names):
    """Numbers that may mean something else than time steps are not read."""
    with pytest.raises(ValueError, match=r"cannot tell what the \d columns of X.* put LagFramer before To3D\.$"):
        read_columns(*names)


def test_columns_without_number():
    """A message names the columns without a number where they alone are in the way."""
    names = ["age", "spend_1", "bonus_1", "spend_2", "bonus_2", "city"]
    assert refused(read_columns, *names) == snapshot(
        "To3D cannot tell what the 6 columns of X, of shape (1, 6), are. If they are time steps of one feature: To3D(n_features=1) makes (1, 6, 1). If they are features at one time step: To3D(n_steps=1) makes (1, 1, 6). If they are both, time step after time step: To3D(n_features=...) with a divisor of 6. If X is a series, put LagFramer before To3D. All columns but 'age', 'city' are named like features at numbered time steps: without what has no number To3D() takes them as such."
    )
    for others in (["age", "spend_1", "bonus_1", "spend_2"], ["age", "sensor_1", "sensor_2"]):
        with pytest.raises(ValueError, match=r"put LagFramer before To3D\.$"):
            read_columns(*others)


def test_parameters_win_over_numbers():
    """With n_features or n_steps columns keep their order; the columns of a single feature are never guessed."""
    table = pd.DataFrame([[1, 2, 3, 4]], columns=["a_2", "b_2", "a_1", "b_1"])
    np.testing.assert_array_equal(To3D().fit_transform(table), [[[3, 4], [1, 2]]])
    np.testing.assert_array_equal(To3D(n_features=2).fit_transform(table), [[[1, 2], [3, 4]]])
    assert To3D(n_steps=1).fit_transform(table).shape == (1, 1, 4)
    assert To3D(n_features=1).fit_transform(pd.DataFrame([[1, 2]], columns=["a_1", "a_2"])).shape == (1, 2, 1)
    assert To3D(n_steps=1).fit_transform(pd.DataFrame([[1, 2, 3]], columns=["a_1", "a_2", "b_1"])).shape == (1, 1, 3)


# --- errors ---------------------------------------------------------------------------------------

FAULTY = [
    (
        {},
        TABLE,
        snapshot(
            "To3D cannot tell what the 12 columns of X, of shape (100, 12), are. If they are time steps of one feature: "
            "To3D(n_features=1) makes (100, 12, 1). If they are features at one time step: To3D(n_steps=1) makes "
            "(100, 1, 12). If they are both, time step after time step: To3D(n_features=...) with a divisor of 12. "
            "If X is a series, put LagFramer before To3D."
        ),
    ),
    (
        {"n_features": 5},
        TABLE,
        snapshot(
            "To3D(n_features=5) expects a table with a column for each feature of each time step, got X of shape "
            "(100, 12): 12 columns do not divide that way. If X is a series, put LagFramer before To3D."
        ),
    ),
    (
        {"n_steps": 24},
        TABLE,
        snapshot(
            "To3D(n_steps=24) expects a table with a column for each feature of each time step, got X of shape "
            "(100, 12): 12 columns do not divide that way. If X is a series, put LagFramer before To3D."
        ),
    ),
    (
        {"n_features": 2, "n_steps": 3},
        TABLE,
        snapshot(
            "To3D(n_features=2, n_steps=3) expects a table with a column for each feature of each time step, got X of "
            "shape (100, 12): 12 columns do not divide that way. If X is a series, put LagFramer before To3D."
        ),
    ),
    (
        {"n_features": 3},
        np.ones((4, 3, 2)),
        snapshot(
            "To3D(n_features=3) got X of shape (4, 3, 2) (n_samples, n_timesteps, n_features), which has 2 on the axis of "
            "n_features. Leave n_features out, or mend the shape of X."
        ),
    ),
    (
        {"n_steps": 2},
        np.ones((4, 3, 2)),
        snapshot(
            "To3D(n_steps=2) got X of shape (4, 3, 2) (n_samples, n_timesteps, n_features), which has 3 on the axis of "
            "n_steps. Leave n_steps out, or mend the shape of X."
        ),
    ),
    (
        {"n_features": 2},
        pd.DataFrame({"A(t-1)": [1], "A(t)": [2]}),
        snapshot(
            "To3D(n_features=2) got X of shape (1, 2, 1) (n_samples, n_timesteps, n_features), which has 1 on the axis of "
            "n_features. Leave n_features out, or mend the shape of X."
        ),
    ),
    (
        {},
        pd.DataFrame({"A(t-1)": [1], "A(t)": [2], "B(t)": [3]}),
        snapshot(
            "To3D expects every feature at every lag, got lag columns without B(t-1). "
            "Add the columns, or drop the lags that some features lack."
        ),
    ),
    (
        {},
        pd.DataFrame([[1, 2, 3, 4, 5]], columns=["spend_1", "bonus_01", "spend_2", "bonus_02", "bonus_03"]),
        snapshot(
            "To3D takes columns such as 'spend_1' for features at numbered time steps, and finds no 'spend_03'. Add what "
            "is missing (NaN where nothing was observed), or drop the time steps that some features lack. If the columns "
            "are something else: To3D(n_steps=1) for features at one time step, To3D(n_features=...) for time step after "
            "time step."
        ),
    ),
    (
        {},
        pd.DataFrame([range(11)], columns=["a1", "b1", *(f"a{k}" for k in range(2, 10)), "b2"]),
        snapshot(
            "To3D takes columns such as 'a1' for features at numbered time steps, and finds no 'b3', 'b4', 'b5', 'b6', "
            "'b7' and 2 more. Add what is missing (NaN where nothing was observed), or drop the time steps that some "
            "features lack. If the columns are something else: To3D(n_steps=1) for features at one time step, "
            "To3D(n_features=...) for time step after time step."
        ),
    ),
    (
        {},
        pd.DataFrame([[1, 2, 3, 4, 5]], columns=["a_1", "b_1", "a_2", "b_2", "a 02"]),
        snapshot(
            "To3D got the columns 'a_2' and 'a 02', which both are 'a' at time step 2. Drop one of them, or rename it."
        ),
    ),
    (
        {},
        pd.DataFrame([[1, 2]], columns=["sensor_1", "sensor_2"]),
        snapshot(
            "To3D cannot tell what the 2 columns of X, of shape (1, 2), are. If they are time steps of one feature: "
            "To3D(n_features=1) makes (1, 2, 1). If they are features at one time step: To3D(n_steps=1) makes "
            "(1, 1, 2). If they are both, time step after time step: To3D(n_features=...) with a divisor of 2. "
            "If X is a series, put LagFramer before To3D."
        ),
    ),
    (
        {},
        np.ones((2, 3, 4, 5)),
        snapshot(
            "To3D expects X of at most 3 dimensions, got shape (2, 3, 4, 5). "
            "Bring further axes into the features: X.reshape(n_samples, n_timesteps, -1)."
        ),
    ),
    (
        {},
        [[1, 2], [3]],
        snapshot(
            "To3D expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
            "Put a SequencePadder before it."
        ),
    ),
    (
        {},
        np.ones((0, 3, 2)),
        snapshot(
            "To3D got an empty X: shape (0, 3, 2) is (n_samples, n_timesteps, n_features) and none of them may be 0."
        ),
    ),
    (
        {"n_features": 1},
        [["wet", "dry"]],
        snapshot(
            "To3D expects numbers, got text in column 0 of X: 'wet' in row 0. Encode the column as numbers, or drop it."
        ),
    ),
    (
        {},
        np.full((2, 3, 2), np.inf),
        snapshot(
            "To3D got inf in X at sample 0, time step 0, feature 0. Replace it, or write NaN where nothing was observed."
        ),
    ),
    (
        {"n_features": 0},
        TABLE,
        snapshot("The 'n_features' parameter of To3D must be an int in the range [1, inf) or None. Got 0 instead."),
    ),
    (
        {"n_steps": "3"},
        TABLE,
        snapshot("The 'n_steps' parameter of To3D must be an int in the range [1, inf) or None. Got '3' instead."),
    ),
]


@pytest.mark.parametrize(("params", "X", "message"), FAULTY)
def test_faulty(params, X, message):
    """Ambiguous, contradictory and non-numeric input raises an error with a remedy."""
    assert refused(To3D(**params).fit, X) == message


def test_other_columns():
    """New tables and windows need the columns and features of fit."""
    assert refused(To3D(n_features=1).fit(TABLE).transform, np.ones((4, 3))) == snapshot(
        "X has 3 features, but To3D is expecting 12 features as input."
    )
    assert refused(To3D().fit(np.ones((4, 3, 2))).transform, np.ones((4, 3, 1))) == snapshot(
        "X has 1 features, but To3D is expecting 2 features as input: got X of shape (4, 3, 1)."
    )


def test_other_rows_of_one_sample():
    """If rows were the time steps of one sample, transform needs as many rows."""
    to3d = To3D(n_features=2, n_steps=10).fit(np.ones((10, 2)))
    assert refused(to3d.transform, np.ones((5, 2))) == snapshot(
        "To3D(n_features=2, n_steps=10) was fitted on one sample with a row for each of its 10 time steps, "
        "got X of shape (5, 2). Pass as many rows, or samples with three axes."
    )
    assert to3d.transform(np.ones((4, 10, 2))).shape == (4, 10, 2)


def test_not_fitted():
    """`transform` and get_feature_names_out need fit."""
    message = snapshot(
        "This To3D instance is not fitted yet. Call 'fit' with appropriate arguments before using this estimator."
    )
    assert refused(To3D().transform, TABLE, error=NotFittedError) == message
    assert refused(To3D().get_feature_names_out, error=NotFittedError) == message


def test_names_of_windows():
    """Windows keep the names of their features; columns name them where each is a feature or a lag of one."""
    windows = Windows(np.arange(12.0).reshape(6, 2), np.arange(3), 4, names=["sales", "price"])
    assert To3D().fit_transform(windows).names == windows.names
    table = pd.DataFrame(np.zeros((3, 2)), columns=["sales", "price"])
    assert To3D(n_steps=1).fit_transform(table).names == windows.names
    assert To3D(n_steps=3, n_features=2).fit_transform(table).names == windows.names
    lags = LagFramer(2, flatten=True).fit_transform(table)
    assert To3D().fit_transform(lags).names == windows.names
    assert isinstance(To3D(n_features=1).fit_transform(table), np.ndarray)
    assert isinstance(To3D(n_steps=1).fit_transform(table.to_numpy()), np.ndarray)
