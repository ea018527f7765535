"""Each scaling method reads and writes the coefficients of a scikit-learn scaler."""

import numpy as np
import pytest

from sklstm.preprocessing._scaling_methods import METHODS

X = np.random.default_rng(0).normal(5, 3, size=(20, 2))
NAMED = [name for name in METHODS if name is not None]


@pytest.mark.parametrize("name", NAMED)
def test_written_coefficients_scale_alike(name):
    """A scaler that is given what another has learned transforms alike, there and back."""
    method = METHODS[name]
    learned, told = (method.build((0, 1)).fit(values) for values in (X, X[:5]))
    coefficients = method.read(learned)
    assert set(coefficients) == set(method.names)
    method.write(told, coefficients)
    np.testing.assert_allclose(told.transform(X), learned.transform(X), rtol=1e-12)
    np.testing.assert_allclose(told.inverse_transform(told.transform(X)), X, rtol=1e-12)


@pytest.mark.parametrize("name", NAMED)
def test_no_spread_divides_by_one(name):
    """A feature that does not vary is shifted, and divided by 1."""
    method = METHODS[name]
    scaler = method.build((0, 1)).fit(X)
    method.write(scaler, dict.fromkeys(method.names, np.zeros(2)))
    np.testing.assert_array_equal(scaler.transform(X), X)


def test_rounding_errors_are_no_spread():
    """The standard deviation of equal values is 0, although their variance is rounded to a little more."""
    method = METHODS["standard"]
    scaler = method.build((0, 1)).fit(np.full((11, 1), 0.1))
    np.testing.assert_array_equal(method.read(scaler)["std"], [0])


@pytest.mark.parametrize("name", ["minmax", "standard", "maxabs"])
def test_what_a_chunk_does_not_show(name):
    """A chunk that shows nothing of a feature changes none of its coefficients, now or with the next chunk."""
    method = METHODS[name]
    told, spared = method.build((0, 1)), method.build((0, 1))
    method.learn(told, X)
    method.learn(told, np.column_stack([np.full(3, np.nan), X[:3, 1]]))
    method.learn(told, X[:5])
    method.learn(spared, X)
    method.learn(spared, X[:5])
    for coefficient, value in method.read(told).items():
        np.testing.assert_allclose(value[0], method.read(spared)[coefficient][0], rtol=1e-12)


@pytest.mark.parametrize("name", ["minmax", "standard", "maxabs"])
def test_what_a_first_chunk_does_not_show(name):
    """A feature that the first chunks show nothing of is learned from those that show it."""
    method = METHODS[name]
    late, plain = method.build((0, 1)), method.build((0, 1))
    for chunk in (X[:3], X[3:5]):
        method.learn(late, np.column_stack([np.full(len(chunk), np.nan), chunk[:, 1]]))
    for chunk in (X[5:9], X[9:]):
        method.learn(late, chunk)
        method.learn(plain, chunk)
    for coefficient, value in method.read(late).items():
        np.testing.assert_allclose(value[0], method.read(plain)[coefficient][0], rtol=1e-12)


def test_bounds():
    """Minimum and maximum are bounds, so is the largest absolute value; mean and median tell none."""
    low, high = np.array([-1.0]), np.array([2.0])
    assert METHODS["minmax"].bounds({"min": low, "max": high}) == (low, high)
    assert METHODS["maxabs"].bounds({"max_abs": high}) == (-high, high)
    assert METHODS["standard"].bounds({"mean": low, "std": high}) is None
    assert METHODS["robust"].bounds({"median": low, "iqr": high}) is None


def test_no_method():
    """No method has no scaler and no coefficients."""
    method = METHODS[None]
    assert method.build((0, 1)) is None
    assert method.read(None) == {}
    assert method.names == ()


@pytest.mark.parametrize(
    ("name", "coefficients", "message"),
    [
        (
            "minmax",
            {"min": [0, 3], "max": [1, 2]},
            "SeriesScaler expects min <= max, got min 3 and max 2 for column 'b'. "
            "Mend coefficients, or give both of them.",
        ),
        (
            "standard",
            {"mean": [0, 0], "std": [1, -2]},
            "SeriesScaler expects std to be 0 or more, got -2 for column 'b'. Mend coefficients.",
        ),
        (
            "robust",
            {"median": [0, 0], "iqr": [-1, -2]},
            "SeriesScaler expects iqr to be 0 or more, got -1 for column 'a'. Mend coefficients.",
        ),
        (
            "maxabs",
            {"max_abs": [0, -0.5]},
            "SeriesScaler expects max_abs to be 0 or more, got -0.5 for column 'b'. Mend coefficients.",
        ),
    ],
)
def test_contradictions(name, coefficients, message):
    """Coefficients that contradict each other, or themselves, are refused by their column."""
    with pytest.raises(ValueError, match=r"^SeriesScaler expects") as error:
        METHODS[name].check({key: np.array(value) for key, value in coefficients.items()}, ["a", "b"])
    assert str(error.value) == message


@pytest.mark.parametrize("feature_range", [(1, 0), (1, 1), (1,), (0, 1, 2), (0, np.nan)])
def test_faulty_range(feature_range):
    """A range that is none is refused."""
    with pytest.raises(ValueError, match=r"^SeriesScaler expects") as error:
        METHODS["minmax"].build(feature_range)
    assert str(error.value) == (f"SeriesScaler expects feature_range=(low, high) with low < high, got {feature_range}.")
