"""SeriesScaler with knowledge of the domain: coefficients, ranges, chunks, and inverse_transform of targets."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import missing_method, refused
from sklearn.base import clone

from sklstm import LagFramer, SeriesScaler, Windows

NAN = np.nan
TABLE = pd.DataFrame({"rain": [0.0, 5.0, 20.0], "temp": [10.0, 20.0, 30.0]})
ROWS = np.random.default_rng(0).normal(3, 5, size=(40, 2))
COEFFICIENTS = {
    "minmax": ("min", "max"),
    "standard": ("mean", "std"),
    "robust": ("median", "iqr"),
    "maxabs": ("max_abs",),
}


# --- coefficients ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_minimum", "expected"),
    [
        (-10, [-10, -10]),
        ([-10, 4], [-10, 4]),
        (np.array([-10, 4]), [-10, 4]),
        ({"temp": 4}, [0, 4]),
        ({"temp": 4, "rain": -10}, [-10, 4]),
        ({1: 4}, [0, 4]),
        (pd.Series({"temp": 4, "rain": -10}), [-10, 4]),
        (None, [0, 10]),
    ],
)
def test_ways_to_give_a_coefficient(given_minimum, expected):
    """A coefficient is one number, one per feature, or by column; what is not given is learned."""
    scaler = SeriesScaler(coefficients={"min": given_minimum}).fit(TABLE)
    np.testing.assert_array_equal(scaler.min_, expected)
    np.testing.assert_array_equal(scaler.max_, [20, 30])
    np.testing.assert_allclose(scaler.transform(TABLE), (TABLE - expected) / (np.array([20, 30]) - expected))


@pytest.mark.parametrize(
    ("method", "coefficients", "expected"),
    [
        ("minmax", {"min": 0, "max": 40}, [0.25, 0.5, 0.75]),
        ("minmax", {"max": 50}, [0, 0.25, 0.5]),
        ("standard", {"mean": 0, "std": 5}, [2, 4, 6]),
        ("standard", {"std": 5}, [-2, 0, 2]),
        ("robust", {"median": 10, "iqr": 20}, [0, 0.5, 1]),
        ("robust", {"median": 10}, [0, 1, 2]),
        ("maxabs", {"max_abs": 40}, [0.25, 0.5, 0.75]),
    ],
)
def test_coefficients_of_each_method(method, coefficients, expected):
    """Each method scales by its given coefficients, and inverse_transform restores X."""
    scaler = SeriesScaler(method, coefficients=coefficients).fit(TABLE["temp"])
    np.testing.assert_allclose(scaler.transform(TABLE["temp"]), expected)
    np.testing.assert_allclose(scaler.inverse_transform(expected), TABLE["temp"])
    for name, value in coefficients.items():
        np.testing.assert_array_equal(getattr(scaler, f"{name}_"), [value])


@pytest.mark.parametrize(("method", "names"), COEFFICIENTS.items(), ids=COEFFICIENTS)
def test_coefficients_of_another_scaler(method, names):
    """A scaler with the coefficients of another one gives the same, also in inverse_transform."""
    learned = SeriesScaler(method).fit(ROWS)
    given = SeriesScaler(method, coefficients={name: getattr(learned, f"{name}_") for name in names}).fit(ROWS[:5])
    np.testing.assert_allclose(given.transform(ROWS), learned.transform(ROWS), rtol=1e-12)
    np.testing.assert_allclose(given.inverse_transform(given.transform(ROWS)), ROWS, rtol=1e-12)


@pytest.mark.parametrize(("method", "names"), COEFFICIENTS.items(), ids=COEFFICIENTS)
def test_given_spread_of_zero(method, names):
    """A feature whose given spread is 0 is divided by 1."""
    scaler = SeriesScaler(method, coefficients=dict.fromkeys(names, 0)).fit(ROWS)
    np.testing.assert_array_equal(scaler.transform(ROWS), ROWS)


def test_coefficients_keep_float32():
    """Given coefficients keep float32 values float32."""
    scaler = SeriesScaler("standard", coefficients={"mean": 1.5}).fit(ROWS.astype(np.float32))
    assert scaler.transform(ROWS.astype(np.float32)).dtype == np.float32


def test_given_mean_of_a_constant_feature():
    """A constant feature with a given mean is divided by 1, in spite of rounding errors."""
    constant = np.full(11, 0.1)
    scaler = SeriesScaler("standard", coefficients={"mean": 0.5}).fit(constant)
    assert scaler.std_ == 0
    np.testing.assert_allclose(scaler.transform(constant), -0.4)


def test_coefficients_are_not_changed():
    """`fit` leaves the given coefficients unchanged, and a clone has them."""
    coefficients = {"min": {"temp": 4}}
    scaler = SeriesScaler(coefficients=coefficients).fit(TABLE)
    assert coefficients == {"min": {"temp": 4}}
    assert clone(scaler).coefficients == coefficients


UNUSABLE = [
    (
        {"coefficients": {"mean": 10}},
        snapshot("SeriesScaler(method='minmax') has no coefficient 'mean'. Its coefficients are: 'min', 'max'."),
    ),
    (
        {"coefficients": {"maxi": 10}},
        snapshot(
            "SeriesScaler(method='minmax') has no coefficient 'maxi'. Did you mean 'max'? "
            "Its coefficients are: 'min', 'max'."
        ),
    ),
    (
        {"method": None, "coefficients": {"min": 10}},
        snapshot("SeriesScaler(method=None) has no coefficient 'min'. Its coefficients are: none."),
    ),
    (
        {"coefficients": {"min": [1, 2, 3]}},
        snapshot("SeriesScaler expects one 'min' per feature, got 3 for 2 features."),
    ),
    (
        {"coefficients": {"min": {"tmp": 1}}},
        snapshot("SeriesScaler was not fitted on a column 'tmp'. Did you mean 'temp'? Its columns are: rain, temp."),
    ),
    (
        {"coefficients": {"min": "low"}},
        snapshot("SeriesScaler expects finite numbers for the coefficient 'min', got 'low'."),
    ),
    (
        {"coefficients": {"min": {"temp": NAN}}},
        snapshot("SeriesScaler expects finite numbers for the coefficient 'min', got {'temp': nan}."),
    ),
    (
        {"coefficients": {"min": 25}},
        snapshot(
            "SeriesScaler expects min <= max, got min 25 and max 20 for column 'rain'. "
            "Mend coefficients, or give both of them."
        ),
    ),
    (
        {"method": "standard", "coefficients": {"std": {"temp": -1}}},
        snapshot("SeriesScaler expects std to be 0 or more, got -1 for column 'temp'. Mend coefficients."),
    ),
    (
        {"coefficients": {"min": [0, 3], "max": [1, 2]}},
        snapshot(
            "SeriesScaler expects min <= max, got min 3 and max 2 for column 'temp'. "
            "Mend coefficients, or give both of them."
        ),
    ),
    (
        {"method": "robust", "coefficients": {"iqr": [-1, -2]}},
        snapshot("SeriesScaler expects iqr to be 0 or more, got -1 for column 'rain'. Mend coefficients."),
    ),
    (
        {"method": "maxabs", "coefficients": {"max_abs": [0, -0.5]}},
        snapshot("SeriesScaler expects max_abs to be 0 or more, got -0.5 for column 'temp'. Mend coefficients."),
    ),
    (
        {"coefficients": [1, 2]},
        snapshot(
            "The 'coefficients' parameter of SeriesScaler must be an instance of 'dict' or None. Got [1, 2] instead."
        ),
    ),
    (
        {"feature_range": (1, 0)},
        snapshot("SeriesScaler expects feature_range=(low, high) with low < high, got (1, 0)."),
    ),
    (
        {"feature_range": 1},
        snapshot(
            "The 'feature_range' parameter of SeriesScaler must be an instance of 'tuple' or an instance of 'list'. "
            "Got 1 instead."
        ),
    ),
]


@pytest.mark.parametrize(("params", "message"), UNUSABLE)
def test_unusable_coefficients(params, message):
    """Coefficients that are unknown, misshapen, not numbers or contradictory raise an error."""
    assert refused(SeriesScaler(**params).fit, TABLE) == message


@pytest.mark.parametrize("feature_range", [(1, 1), (1,), (0, 1, 2), (0, NAN)], ids=str)
def test_unusable_range(feature_range):
    """A range needs two numbers, the lower one first."""
    with pytest.raises(ValueError, match=r"expects feature_range=\(low, high\) with low < high, got"):
        SeriesScaler(feature_range=feature_range).fit(TABLE)


# --- values out of range --------------------------------------------------------------------------

OUTSIDE = pd.DataFrame({"rain": [10.0, 30.0], "temp": [0.0, 20.0]}, index=["mon", "tue"])


@pytest.mark.parametrize(
    ("out_of_range", "expected"),
    [
        ("allow", [[0.5, -0.5], [1.5, 0.5]]),
        ("clip", [[0.5, 0], [1, 0.5]]),
        ("nan", [[0.5, NAN], [NAN, 0.5]]),
    ],
)
def test_values_out_of_range(out_of_range, expected):
    """Values out of range are scaled, clipped to the bound, or set to NaN."""
    scaler = SeriesScaler(out_of_range=out_of_range).fit(TABLE)
    np.testing.assert_array_equal(scaler.transform(OUTSIDE), expected)
    np.testing.assert_array_equal(scaler.transform(TABLE), SeriesScaler().fit_transform(TABLE))


def test_warning():
    """Values out of range are scaled with a warning at the line of the user."""
    scaler = SeriesScaler(out_of_range="warn").fit(TABLE)
    with pytest.warns(UserWarning, match="outside the range") as warned:
        scaled = scaler.transform(OUTSIDE)
    assert [str(warning.message) for warning in warned] == snapshot(
        [
            "SeriesScaler got values outside the range it knows: 2 in all, first 0 in row mon, column 'temp', which ranges from 10 to 30."
        ]
    )
    assert warned[0].filename == __file__
    np.testing.assert_array_equal(scaled, SeriesScaler().fit(TABLE).transform(OUTSIDE))


def test_error():
    """Values out of range raise an error with their row and column, if X has them."""
    scaler = SeriesScaler(out_of_range="error").fit(TABLE)
    windows, sequences = OUTSIDE.to_numpy()[:, None], [OUTSIDE, OUTSIDE[:0:-1]]
    assert [refused(scaler.transform, X) for X in (OUTSIDE, windows, sequences)] == snapshot(
        [
            "SeriesScaler got values outside the range it knows: 2 in all, first 0 in row mon, column 'temp', which ranges from 10 to 30. Fit on data that covers it, give its bounds as coefficients, or clip.",
            "SeriesScaler got values outside the range it knows: 2 in all, first 0 in column 'temp', which ranges from 10 to 30. Fit on data that covers it, give its bounds as coefficients, or clip.",
            "SeriesScaler got values outside the range it knows: 3 in all, first 0 in column 'temp', which ranges from 10 to 30. Fit on data that covers it, give its bounds as coefficients, or clip.",
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert refused(scaler.transform, OUTSIDE.to_numpy()) == snapshot(
            "SeriesScaler got values outside the range it knows: 2 in all, first 0 in row 0, column 1, which ranges from 10 to 30. Fit on data that covers it, give its bounds as coefficients, or clip."
        )


def test_nothing_out_of_range():
    """Bounds themselves, and NaN, are not out of range."""
    for out_of_range in ("warn", "error", "nan", "clip"):
        scaler = SeriesScaler(out_of_range=out_of_range).fit(TABLE)
        X = pd.DataFrame({"rain": [0, NAN, 20], "temp": [30, NAN, 10]})
        np.testing.assert_array_equal(scaler.transform(X), [[0, 1], [NAN, NAN], [1, 0]])


def test_rows_that_no_window_shows():
    """Rows of the buffer that lie in no window may be out of range."""
    scaler = SeriesScaler(out_of_range="error").fit([0.0, 10.0])
    windows = Windows(np.array([[1.0], [2.0], [99.0]]), [0, 1], 2)
    np.testing.assert_allclose(scaler.transform(windows[:1])[0, :, 0], [0.1, 0.2])
    assert refused(scaler.transform, windows) == snapshot(
        "SeriesScaler got values outside the range it knows: 1 in all, first 99 in column 'x0', which ranges from 0 to 10. Fit on data that covers it, give its bounds as coefficients, or clip."
    )


@pytest.mark.parametrize(
    ("method", "coefficients", "bounds"),
    [
        ("minmax", None, (10, 30)),
        ("minmax", {"min": -10}, (-10, 30)),
        ("maxabs", None, (-30, 30)),
        ("maxabs", {"max_abs": 50}, (-50, 50)),
        ("standard", {"mean": 0, "std": 1}, (10, 30)),
        ("robust", {"median": 0}, (10, 30)),
        (None, None, (10, 30)),
    ],
)
def test_bounds(method, coefficients, bounds):
    """The bounds are the given ones, else those of the data."""
    scaler = SeriesScaler(method, coefficients=coefficients, out_of_range="clip").fit([10, 20, 30])
    assert (scaler.lower_, scaler.upper_) == bounds
    clipped = scaler.inverse_transform(scaler.transform([-99.0, 99.0]))
    np.testing.assert_allclose(clipped, bounds, rtol=1e-12)


def test_clipping_keeps_float32():
    """Clipping keeps float32 values float32."""
    scaler = SeriesScaler(out_of_range="clip").fit(ROWS)
    assert scaler.transform(ROWS.astype(np.float32)).dtype == np.float32


# --- inverse_transform of some features -----------------------------------------------------------

SCALER = SeriesScaler().fit(TABLE)


@pytest.mark.parametrize("column", ["temp", 1, ["temp"], [1], np.int64(1)])
@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (4, 3), (2, 3, 4)])
def test_predictions_of_one_target(column, shape):
    """Predictions of one target, of any shape, are restored by the name or position of the target."""
    predicted = np.random.default_rng(0).normal(size=shape)
    restored = SCALER.inverse_transform(predicted, columns=column)
    assert restored.shape == shape
    np.testing.assert_allclose(restored, 10 + 20 * predicted)


def test_predictions_in_their_container():
    """Predictions in a Series or a DataFrame keep index, name and columns."""
    predicted = pd.Series([0.0, 0.5], index=["mon", "tue"], name="yhat")
    restored = SCALER.inverse_transform(predicted, columns="temp")
    pd.testing.assert_series_equal(restored, pd.Series([10.0, 20.0], index=["mon", "tue"], name="yhat"))
    horizons = pd.DataFrame({"t+1": [0.0], "t+2": [0.5]})
    restored = SCALER.inverse_transform(horizons, columns="temp")
    pd.testing.assert_frame_equal(restored, pd.DataFrame({"t+1": [10.0], "t+2": [20.0]}))


def test_predictions_of_any_length():
    """Ragged predictions of one target are restored in a collection of the same type."""
    ragged = [np.array([0.0, 0.5]), np.array([1.0])]
    box = np.empty(2, dtype=object)
    box[:] = ragged
    for predicted in (ragged, box):
        restored = SCALER.inverse_transform(predicted, columns="temp")
        assert type(restored) is type(predicted)
        assert [part.tolist() for part in restored] == [[10, 20], [30]]


def test_some_columns():
    """Some columns are restored by the names of a DataFrame, or by columns=, in any order."""
    pd.testing.assert_frame_equal(SCALER.inverse_transform(SCALER.transform(TABLE)[["temp"]]), TABLE[["temp"]])
    swapped = TABLE[["temp", "rain"]]
    pd.testing.assert_frame_equal(SCALER.inverse_transform(SCALER.transform(TABLE)[["temp", "rain"]]), swapped)
    np.testing.assert_allclose(SCALER.inverse_transform([[0.5, 0.25]], columns=["temp", "rain"]), [[20, 5]])
    np.testing.assert_allclose(SCALER.inverse_transform([[[0.5, 0.25]]], columns=["temp", "rain"]), [[[20, 5]]])


def test_inverse_of_windows():
    """Windows are restored as Windows over a buffer with as many rows."""
    windows = LagFramer(2).fit_transform(pd.Series([0.0, 0.5, 1.0], index=[0, 1, 5]))
    assert isinstance(windows, Windows)
    restored = SeriesScaler().fit(TABLE["temp"]).inverse_transform(windows)
    assert isinstance(restored, Windows)
    np.testing.assert_allclose(restored, 10 + 20 * np.asarray(windows))


def test_inverse_of_a_single_feature():
    """A scaler of one feature needs no columns=."""
    np.testing.assert_allclose(SeriesScaler().fit([10, 30]).inverse_transform([[0, 0.5], [1, 2]]), [[10, 20], [30, 50]])


@pytest.mark.parametrize(
    ("X", "columns", "message"),
    [
        (
            [0.0],
            "tmp",
            snapshot(
                "SeriesScaler was not fitted on a column 'tmp'. Did you mean 'temp'? Its columns are: rain, temp."
            ),
        ),
        ([0.0], 2, snapshot("SeriesScaler was not fitted on a column 2. Its columns are: rain, temp.")),
        ([0.0], -1, snapshot("SeriesScaler was not fitted on a column -1. Its columns are: rain, temp.")),
        ([0.0], ["temp", 1.5], snapshot("SeriesScaler was not fitted on a column 1.5. Its columns are: rain, temp.")),
        (
            pd.DataFrame({"snow": [1.0]}),
            None,
            snapshot("SeriesScaler was not fitted on a column 'snow'. Its columns are: rain, temp."),
        ),
        (
            np.ones((4, 3)),
            None,
            snapshot(
                "SeriesScaler.inverse_transform expects X with 2 columns, got shape (4, 3). If X holds some of the features, name them: inverse_transform(X, columns=[...])."
            ),
        ),
        (
            0.5,
            None,
            snapshot(
                "SeriesScaler.inverse_transform expects X with 2 columns, got shape (). If X holds some of the features, name them: inverse_transform(X, columns=[...])."
            ),
        ),
        (
            ["warm"],
            "temp",
            snapshot(
                "SeriesScaler expects numbers, got text in column 0 of X: 'warm' in row 0. "
                "Encode the column as numbers, or drop it."
            ),
        ),
    ],
)
def test_faulty_inverse(X, columns, message):
    """Unknown columns, another number of columns, and text raise an error."""
    assert refused(SCALER.inverse_transform, X, columns=columns) == message


# --- chunks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["minmax", "standard", "maxabs", None])
@given(st.sets(st.integers(1, 39), max_size=4), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 1))))
def test_chunks_against_the_whole(method, cuts, holes):
    """Chunks with any NaN give the coefficients of the whole table."""
    rows = ROWS.copy()
    rows[tuple(np.array(holes, dtype=int).reshape(-1, 2).T)] = NAN
    rows[0] = ROWS[0]
    at_once, by_chunks = SeriesScaler(method).fit(rows), SeriesScaler(method)
    for chunk in np.split(rows, sorted(cuts)):
        assert by_chunks.partial_fit(chunk) is by_chunks
    np.testing.assert_allclose(by_chunks.transform(ROWS), at_once.transform(ROWS), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(by_chunks.lower_, at_once.lower_)
    np.testing.assert_array_equal(by_chunks.upper_, at_once.upper_)


@pytest.mark.parametrize("method", ["minmax", "standard", "maxabs"])
def test_unobserved_feature_of_a_chunk(method):
    """A chunk without an observation of a feature leaves the coefficients of that feature unchanged."""
    scaler = SeriesScaler(method).partial_fit(ROWS)
    expected = scaler.transform(ROWS)[:, 0]
    scaler.partial_fit(np.column_stack([np.full(3, NAN), [99.0, 98, 97]]))
    np.testing.assert_array_equal(scaler.transform(ROWS)[:, 0], expected)


def test_chunks_with_coefficients():
    """Given coefficients stay, others are learned from all chunks; so are given ones that are removed."""
    scaler = SeriesScaler(coefficients={"min": -10}, out_of_range="clip")
    scaler.partial_fit([10.0, 20.0]).partial_fit([15.0, 30.0])
    assert (scaler.min_, scaler.max_, scaler.lower_, scaler.upper_) == (-10, 30, -10, 30)
    scaler.set_params(coefficients=None).partial_fit([12.0])
    assert (scaler.min_, scaler.max_) == (10, 30)


def test_fit_forgets():
    """`fit` after partial_fit starts anew."""
    assert SeriesScaler().partial_fit([0.0, 99.0]).fit([1.0, 2.0]).max_ == 2


def test_medians_need_all_rows():
    """With method="robust" there is no partial_fit, which cannot learn a median."""
    assert hasattr(SeriesScaler("standard"), "partial_fit")
    assert missing_method(SeriesScaler("robust"), "partial_fit") == snapshot(
        "SeriesScaler(method='robust') cannot learn from chunks: a median needs all rows at once. "
        "Use fit, or method='standard'."
    )


def test_faulty_chunks():
    """The first chunk needs an observation of every feature, later ones the same features."""
    assert refused(SeriesScaler().partial_fit, [[NAN, 1.0]]) == snapshot(
        "SeriesScaler got nothing observed (only NaN) in column 'x0'. Drop the column, or fill it first."
    )
    assert refused(SeriesScaler().partial_fit(ROWS).partial_fit, ROWS[:, :1]) == snapshot(
        "X has 1 features, but SeriesScaler is expecting 2 features as input."
    )
