"""SeriesScaler: scikit-learn's arithmetic, one set of coefficients per feature, for every kind of series."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inline_snapshot import snapshot
from numpy.lib.stride_tricks import sliding_window_view
from refusal import refused, with_sorted_choices
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm import LagFramer, SequencePadder, SeriesScaler, To3D, Windows

NAN = np.nan
METHODS = ["minmax", "standard", "robust", "maxabs", None]
SCALERS = {"minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler, "maxabs": MaxAbsScaler}
RNG = np.random.default_rng(0)
ROWS = RNG.normal(3, 5, size=(24, 2))
DAYS = pd.date_range("2026-01-01", periods=24)
TABLE = pd.DataFrame(ROWS, index=DAYS, columns=["rain", "temp"])


def boxed(*sequences):
    """An object array of sequences."""
    box = np.empty(len(sequences), dtype=object)
    box[:] = sequences
    return box


# Every kind of X that is scaled, as a function of the type of its numbers.
KINDS = {
    "list": lambda dtype: ROWS[:, 0].astype(dtype).tolist(),
    "array": lambda dtype: ROWS[:, 0].astype(dtype),
    "series": lambda dtype: TABLE["temp"].astype(dtype),
    "matrix": lambda dtype: ROWS.astype(dtype),
    "rows": lambda dtype: ROWS.astype(dtype).tolist(),
    "table": lambda dtype: TABLE.astype(dtype),
    "table without names": lambda dtype: TABLE.astype(dtype).set_axis([7, 5], axis=1),
    "three axes": lambda dtype: ROWS.astype(dtype).reshape(4, 6, 2),
    "sliding": lambda dtype: sliding_window_view(ROWS.astype(dtype), 5, axis=0).swapaxes(1, 2),
    "windows": lambda dtype: Windows(ROWS.astype(dtype), [0, 9, 3], 5),
    "ragged": lambda dtype: [ROWS[:5].astype(dtype), ROWS[5:].astype(dtype)],
    "ragged series": lambda dtype: [TABLE["rain"][:5].astype(dtype), TABLE["rain"][5:].astype(dtype)],
    "ragged tables": lambda dtype: [TABLE[:5].astype(dtype), TABLE[5:].astype(dtype)],
    "object array": lambda dtype: boxed(ROWS[:5].astype(dtype), ROWS[5:].astype(dtype)),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request):
    """A function that makes an X of one kind, with numbers of a dtype."""
    return request.param


def parts_of(X):
    """Return the arrays, Series and tables that X consists of."""
    is_box = isinstance(X, np.ndarray) and X.dtype.kind == "O"
    is_list = isinstance(X, list) and not isinstance(X[0], (float, list))
    return list(X) if is_box or is_list else [X]


def rows_of(X):
    """Return all observations of X as a matrix of shape (n_observations, n_features)."""
    arrays = [np.asarray(part) for part in parts_of(X)]
    return np.concatenate([array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1) for array in arrays])


def assert_same(restored, X, rtol):
    """Check values, type, index and columns; lists of numbers become arrays."""
    pairs = list(zip(parts_of(restored), parts_of(X), strict=True))
    if len(pairs) > 1:
        assert type(restored) is type(X)
    for back, part in pairs:
        if isinstance(part, pd.DataFrame):
            pd.testing.assert_frame_equal(back, part, rtol=rtol)
        elif isinstance(part, pd.Series):
            pd.testing.assert_series_equal(back, part, rtol=rtol)
        else:
            assert isinstance(part, list) or (type(back), back.dtype) == (type(part), part.dtype)
            np.testing.assert_allclose(back, part, rtol=rtol)


# --- textbook numbers -----------------------------------------------------------------------------


def test_textbook_normalisation():
    """10, 20, ..., 100 is scaled to 0, 1/9, ..., 1, and restored."""
    series = np.arange(10.0, 101, 10)
    scaler = SeriesScaler().fit(series)
    assert (scaler.min_, scaler.max_) == (10, 100)
    np.testing.assert_allclose(scaler.transform(series), np.arange(10) / 9, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(series)), series, rtol=1e-14)


def test_textbook_standardisation():
    """Mean, standard deviation and standard scores of nine numbers are those of the textbook."""
    scaler = SeriesScaler("standard")
    scores = scaler.fit_transform([1.0, 5.5, 9.0, 2.6, 8.8, 3.0, 4.1, 7.9, 6.3])
    assert f"{scaler.mean_[0]:.6f} {scaler.std_[0]:.6f}" == "5.355556 2.712568"
    expected = [-1.60569456, 0.05325007, 1.34354035, -1.01584758, 1.26980948]
    expected += [-0.86838584, -0.46286604, 0.93802055, 0.34817357]
    np.testing.assert_array_equal(scores.round(8), expected)


@pytest.mark.parametrize(
    ("method", "coefficients", "value", "expected"),
    [("minmax", {"min": -10, "max": 30}, 18.8, 0.72), ("standard", {"mean": 10, "std": 5}, 20.7, 2.14)],
)
def test_textbook_domain_knowledge(method, coefficients, value, expected):
    """Given coefficients scale a value like in the textbook."""
    scaler = SeriesScaler(method, coefficients=coefficients).fit([0.0, 1.0])
    np.testing.assert_allclose(scaler.transform([value]), [expected], rtol=1e-14)


# --- scikit-learn's arithmetic --------------------------------------------------------------------


@pytest.mark.parametrize("method", SCALERS)
@given(
    X=arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(2, 8), st.integers(1, 3)),
        elements=st.integers(-1000, 1000) | st.just(NAN),
    )
)
def test_equals_scikit_learn(method, X):
    """Every method gives what scikit-learn's scaler gives, NaN included."""
    X[0] = 1
    scaled = SeriesScaler(method).fit_transform(X)
    tolerance = 1e-12 if X.dtype == np.float64 else 1e-5
    np.testing.assert_allclose(scaled, SCALERS[method]().fit_transform(X), rtol=tolerance, atol=tolerance)
    assert scaled.dtype == X.dtype


def test_range():
    """feature_range is the range of the scaled values, given as a tuple or a list."""
    for feature_range in ((-1, 1), [-1, 1]):
        np.testing.assert_array_equal(SeriesScaler(feature_range=feature_range).fit_transform([1, 2, 3]), [-1, 0, 1])


def test_one_set_of_coefficients_per_feature(kind):
    """Coefficients are those of all observations of X, feature by feature, for every kind of X."""
    X = kind(np.float64)
    rows = rows_of(X)
    scaler = SeriesScaler("minmax").fit(X)
    np.testing.assert_allclose(scaler.min_, rows.min(axis=0))
    np.testing.assert_allclose(scaler.max_, rows.max(axis=0))
    scaler = SeriesScaler("standard").fit(X)
    np.testing.assert_allclose(scaler.mean_, rows.mean(axis=0))
    np.testing.assert_allclose(scaler.std_, rows.std(axis=0))
    scaler = SeriesScaler("robust").fit(X)
    np.testing.assert_allclose(scaler.median_, np.median(rows, axis=0))
    np.testing.assert_allclose(scaler.iqr_, np.subtract(*np.percentile(rows, [75, 25], axis=0)))
    np.testing.assert_allclose(SeriesScaler("maxabs").fit(X).max_abs_, np.abs(rows).max(axis=0))


def test_rows_outside_of_windows():
    """Rows of the buffer that lie in no window do not change the coefficients."""
    windows = Windows(np.array([[1.0], [2.0], [3.0], [100.0]]), [0, 1], 2)
    assert SeriesScaler().fit(windows).max_ == 3
    assert SeriesScaler("standard").fit(windows).mean_ == np.mean([1, 2, 2, 3])


@pytest.mark.parametrize("method", METHODS)
def test_nan(method):
    """NaN changes no coefficient, and stays NaN."""
    holed = np.insert(ROWS, [0, 5, 24], NAN, axis=0)
    scaled = SeriesScaler(method).fit_transform(holed)
    np.testing.assert_allclose(scaled[~np.isnan(holed)].reshape(-1, 2), SeriesScaler(method).fit_transform(ROWS))
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(holed))


@pytest.mark.parametrize("method", METHODS)
def test_constant_feature(method):
    """A constant feature is scaled without a division by zero, and restored."""
    constant = np.full(11, 0.1)
    scaler = SeriesScaler(method).fit(constant)
    assert np.isfinite(scaler.transform(constant)).all()
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(constant)), constant)


# --- inverse_transform ----------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-4), (np.float64, 1e-12)])
@pytest.mark.parametrize("method", METHODS)
def test_there_and_back(kind, method, dtype, rtol):
    """inverse_transform restores X: values, kind, dtype, index and columns."""
    X = kind(dtype)
    before = copy.deepcopy(X)
    scaler = SeriesScaler(method).fit(X)
    assert_same(scaler.inverse_transform(scaler.transform(X)), X, rtol)
    assert_same(X, before, rtol=0)


@given(
    X=arrays(np.float64, st.tuples(*[st.integers(1, 4)] * 3), elements=st.floats(-1e6, 1e6) | st.just(NAN)),
    method=st.sampled_from(METHODS),
)
def test_any_values_there_and_back(X, method):
    """inverse_transform restores any windows, to the precision of the largest value of the feature."""
    X[0, 0] = 1
    scaler = SeriesScaler(method).fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(back, X, rtol=0, atol=1e-12 * np.nanmax(np.abs(X)))


def test_scaled_kinds(kind):
    """Every kind of X is scaled to the same numbers as its rows."""
    X = kind(np.float64)
    scaler = SeriesScaler("standard").fit(X)
    scaled = scaler.transform(X)
    for part, got in zip(parts_of(X), parts_of(scaled), strict=True):
        np.testing.assert_allclose(np.asarray(got), (np.asarray(part) - scaler.mean_) / scaler.std_)


def test_windows_keep_names():
    """Scaled windows, there and back, know the names of their features."""
    windows = Windows(np.arange(12.0).reshape(6, 2), np.arange(3), 4, names=["sales", "price"])
    scaler = SeriesScaler().fit(windows)
    scaled = scaler.transform(windows)
    assert scaled.names == scaler.inverse_transform(scaled).names == windows.names


def test_windows_are_scaled_once_a_row():
    """Scaled windows are views of a scaled buffer with as many rows."""
    windows = LagFramer(400).fit_transform(np.ones((1000, 1)))
    scaled = SeriesScaler().fit(np.ones((1000, 1))).transform(windows)
    assert scaled.strides[0] == scaled.strides[1]


# --- containers -----------------------------------------------------------------------------------


def test_set_output():
    """Tables come in the container of set_output, else in their own."""
    scaler = SeriesScaler().fit(TABLE)
    assert isinstance(scaler.transform(TABLE), pd.DataFrame)
    scaler = SeriesScaler().fit(ROWS)
    assert isinstance(scaler.transform(ROWS), np.ndarray)
    asked = scaler.set_output(transform="pandas")
    assert asked is scaler
    assert list(scaler.transform(ROWS)) == ["x0", "x1"]
    assert list(scaler.set_output().transform(ROWS)) == ["x0", "x1"]
    assert isinstance(scaler.set_output(transform="default").transform(ROWS), np.ndarray)


def test_global_set_output():
    """scikit-learn's global configuration is followed."""
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(SeriesScaler().fit_transform(ROWS), pd.DataFrame)
        assert isinstance(SeriesScaler().fit_transform(ROWS[:, None]), np.ndarray)
    assert isinstance(SeriesScaler().fit_transform(ROWS), np.ndarray)


def test_polars():
    """A polars table is scaled, and comes in polars if set_output says so."""
    try:
        import polars as pl
    except ImportError:
        with pytest.raises(ImportError, match="Setting output container to 'polars' requires polars to be installed"):
            SeriesScaler().set_output(transform="polars").fit_transform(ROWS)
        return
    table = pl.DataFrame(ROWS, schema=["rain", "temp"])
    scaled = SeriesScaler().set_output(transform="polars").fit_transform(table)
    assert isinstance(scaled, pl.DataFrame)
    np.testing.assert_array_equal(scaled.to_numpy(), SeriesScaler().fit_transform(ROWS))
    np.testing.assert_array_equal(SeriesScaler().fit_transform(table), SeriesScaler().fit_transform(ROWS))
    np.testing.assert_array_equal(SeriesScaler().fit_transform(table["rain"]), SeriesScaler().fit_transform(ROWS[:, 0]))


def test_unknown_container():
    """scikit-learn refuses an unknown container."""
    with pytest.raises(ValueError, match=r"^output config must be in .*, got panda$"):
        SeriesScaler().set_output(transform="panda").fit_transform(ROWS)


def test_three_axes_pass_set_output():
    """set_output does not apply to windows and sequences."""
    windows = ROWS.reshape(4, 6, 2)
    assert isinstance(SeriesScaler().set_output(transform="pandas").fit_transform(windows), np.ndarray)
    assert isinstance(SeriesScaler().set_output(transform="pandas").fit_transform([[1, 2], [3]]), list)
    pipe = make_pipeline(SeriesScaler(), LagFramer(3), SequencePadder(), To3D()).set_output(transform="pandas")
    assert pipe.fit_transform(TABLE).shape == (24, 3, 2)


def test_names():
    """Feature names are those of X."""
    assert list(SeriesScaler().fit(TABLE).get_feature_names_out()) == ["rain", "temp"]
    assert list(SeriesScaler().fit([TABLE, TABLE[:3]]).get_feature_names_out()) == ["rain", "temp"]
    assert list(SeriesScaler().fit(ROWS).get_feature_names_out()) == ["x0", "x1"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda scaler: pickle.loads(pickle.dumps(scaler))])
def test_copies_scale_alike(duplicate):
    """Copies and pickles keep parameters, coefficients, bounds and container."""
    scaler = SeriesScaler("standard", coefficients={"std": 2}, out_of_range="clip").set_output(transform="pandas")
    scaler.fit(ROWS)
    twin = duplicate(scaler)
    pd.testing.assert_frame_equal(twin.transform(ROWS * 2), scaler.transform(ROWS * 2))
    assert twin.get_params() == scaler.get_params()
    pd.testing.assert_frame_equal(
        twin.partial_fit(ROWS * 3).transform(ROWS), scaler.partial_fit(ROWS * 3).transform(ROWS)
    )


def test_clone():
    """A clone has all parameters and the container, and nothing fitted."""
    params = {
        "method": "standard",
        "feature_range": (0, 2),
        "coefficients": {"std": 2},
        "out_of_range": "clip",
        "group": None,
        "time": None,
        "pooled": False,
        "unseen_groups": "error",
    }
    twin = clone(SeriesScaler(**params).set_output(transform="pandas").fit(ROWS))
    assert twin.get_params() == params
    assert not hasattr(twin, "groups_")
    assert isinstance(twin.fit_transform(ROWS), pd.DataFrame)


# --- errors ---------------------------------------------------------------------------------------

FAULTY = [
    (
        np.ones((2, 2, 2, 2)),
        snapshot(
            "SeriesScaler expects a series table of shape (n_rows, n_features), got X of shape (2, 2, 2, 2). "
            "Pass the series, not windows of it, and bring further axes into its features."
        ),
    ),
    (
        TABLE.assign(sky="grey"),
        snapshot(
            "SeriesScaler expects numbers, got text in column 'sky' of X: 'grey' in row 2026-01-01 00:00:00. "
            "Encode the column as numbers, or drop it."
        ),
    ),
    (
        TABLE.reset_index(names="when"),
        snapshot(
            "SeriesScaler expects numbers, got times in column 'when' of X. Make them the index: X.set_index('when')."
        ),
    ),
    (
        TABLE.where(TABLE.index.to_series() != DAYS[3], np.inf),
        snapshot(
            "SeriesScaler got inf in X at row 2026-01-04 00:00:00, column 'rain'. "
            "Replace it, or write NaN where nothing was observed."
        ),
    ),
    (
        TABLE.assign(snow=NAN),
        snapshot("SeriesScaler got nothing observed (only NaN) in column 'snow'. Drop the column, or fill it first."),
    ),
    (
        [[[NAN], [NAN]]],
        snapshot("SeriesScaler got nothing observed (only NaN) in column 'x0'. Drop the column, or fill it first."),
    ),
    (
        np.ones((0, 3)),
        snapshot("Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required by SeriesScaler."),
    ),
    (
        np.ones((4, 0, 3)),
        snapshot(
            "SeriesScaler got an empty X: shape (4, 0, 3) is (n_samples, n_timesteps, n_features) "
            "and none of them may be 0."
        ),
    ),
    (
        [np.ones((2, 1)), np.ones((2, 2))],
        snapshot("SeriesScaler expects the same features in every sequence, got 2 in sequence 1 and 1 in sequence 0."),
    ),
]


@pytest.mark.parametrize(("X", "message"), FAULTY)
def test_faulty_series(X, message):
    """A series that is not of numbers, or without an observation of a feature, raises an error."""
    assert refused(SeriesScaler().fit, X) == message


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 3)), snapshot("X has 3 features, but SeriesScaler is expecting 2 features as input.")),
        (
            np.ones((4, 5, 3)),
            snapshot("X has 3 features, but SeriesScaler is expecting 2 features as input: got X of shape (4, 5, 3)."),
        ),
        (
            [np.ones((4, 3))],
            snapshot(
                "X has 3 features, but SeriesScaler is expecting 2 features as input: "
                "got sequences of shape (n_timesteps, 3)."
            ),
        ),
        (
            np.ones(2),
            snapshot(
                "SeriesScaler was fitted on 2 features, got a 1D X of 2 values, which is one feature. "
                "Reshape your data: X.reshape(1, -1) if it is one row of 2 features."
            ),
        ),
    ],
)
def test_other_features(X, message):
    """Another number of features than in fit raises an error."""
    assert refused(SeriesScaler().fit(ROWS).transform, X) == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "method",
            snapshot(
                "The 'method' parameter of SeriesScaler must be a str among {'maxabs', 'minmax', 'robust', 'standard'} or None. Got 'z' instead."
            ),
        ),
        (
            "out_of_range",
            snapshot(
                "The 'out_of_range' parameter of SeriesScaler must be a str among {'allow', 'clip', 'error', 'nan', 'warn'}. Got 'z' instead."
            ),
        ),
    ],
)
def test_unknown_choice(name, message):
    """An unknown method or out_of_range raises an error with the known ones."""
    assert with_sorted_choices(refused(SeriesScaler(**{name: "z"}).fit, ROWS)) == message


def test_mistyped_parameter():
    """A mistyped parameter raises an error with the right one, in __init__ and set_params."""
    message = snapshot(
        "SeriesScaler has no parameter 'out_of_rang'. Did you mean 'out_of_range'? Its parameters are: coefficients, feature_range, group, method, out_of_range, pooled, time, unseen_groups."
    )
    assert refused(SeriesScaler, out_of_rang="clip", error=TypeError) == message
    assert refused(SeriesScaler().set_params, out_of_rang="clip") == message


def test_not_fitted():
    """`transform` and inverse_transform need fit."""
    message = snapshot(
        "This SeriesScaler instance is not fitted yet. "
        "Call 'fit' with appropriate arguments before using this estimator."
    )
    assert refused(SeriesScaler().transform, ROWS, error=NotFittedError) == message
    assert refused(SeriesScaler().inverse_transform, ROWS, error=NotFittedError) == message
