import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm._ridge import PENALTIES, fit_ridge, spread_evenly


def by_refitting(X, y, weights, penalty):
    """Leave-one-out errors by a fit without each row."""
    errors = []
    for row in range(len(X)):
        kept = np.arange(len(X)) != row
        fitted = Ridge(alpha=penalty).fit(X[kept], y[kept], sample_weight=weights[kept])
        errors.append(y[row] - fitted.predict(X[[row]])[0])
    return np.array(errors)


@pytest.mark.parametrize("shape", [(60, 5), (20, 40)], ids=["more rows", "more features"])
def test_leave_one_out(shape):
    """Coefficients and errors are those of the penalty with the lowest error of fits that leave a row out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape)
    Y = X[:, :2] @ [[1, 0.5], [2, 1]] + rng.normal(size=(len(X), 2))
    weights, scales = rng.uniform(0.5, 2, len(X)), rng.uniform(0.5, 2, X.shape[1])
    ridge = fit_ridge(X, Y, weights, scales)
    centred = (X - np.average(X, axis=0, weights=weights)) * scales * np.sqrt(weights)[:, None]
    squares = np.linalg.svd(centred, compute_uv=False) ** 2
    squares = squares[squares > 1e-9 * squares.max()]
    for output, y in enumerate(Y.T):
        tried = [by_refitting(X * scales, y, weights, penalty) for penalty in PENALTIES * squares.mean()]
        best = int(np.argmin([np.mean(weights * errors**2) for errors in tried]))
        expected = Ridge(alpha=PENALTIES[best] * squares.mean()).fit(X * scales, y, sample_weight=weights)
        assert_allclose(ridge.coefficients[:, output], expected.coef_ * scales, atol=1e-9)
        assert_allclose(ridge.intercept[output], expected.intercept_, atol=1e-9)
        assert_allclose(ridge.errors[:, output], tried[best], atol=1e-9)


def test_a_weight_of_zero():
    """A row without weight changes nothing."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    weights = np.append(np.ones(29), 0.0)
    ridge, without = fit_ridge(X, Y, weights), fit_ridge(X[:-1], Y[:-1])
    assert_allclose(ridge.coefficients, without.coefficients)
    assert np.isnan(ridge.errors[-1]).all()


def test_constant_features():
    """Without a feature that changes, the mean is predicted."""
    Y = np.array([[1.0], [2.0], [6.0]])
    ridge = fit_ridge(np.ones((3, 2)), Y)
    assert_array_equal(ridge.coefficients, np.zeros((2, 1)))
    assert_allclose(ridge.intercept, [3.0])
    assert_allclose(ridge.errors.ravel(), [1 - 4, 2 - 3.5, 6 - 1.5])


def test_rows_to_fit_on(monkeypatch):
    """Rows beyond the limit are left out evenly."""
    monkeypatch.setattr("sklstm._ridge.MOST_VALUES", 12)
    assert_array_equal(spread_evenly(10, 4), [0, 4, 9])
