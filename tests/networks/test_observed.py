"""Time steps that were not observed: NaN in X, or a number that stands for it."""

import numpy as np
from examples import meta, windows
from numpy.testing import assert_allclose

from sklstm.networks import cnn_lstm, vanilla

SAME = {"rtol": 1e-5, "atol": 1e-6}


def test_zeros_are_observed():
    """A time step of zeros is data: the network reads it, and skips one of NaN."""
    model, X = vanilla(meta(), units=3), windows()
    X[:, 2] = 0
    observed = np.asarray(model(X))
    X[:, 2] = np.nan
    assert_allclose(model(X), model(np.delete(X, 2, axis=1)), **SAME)
    assert not np.allclose(observed, model(X))


def test_frames():
    """A frame is skipped where all of its pixels are NaN; one NaN pixel counts as zero."""
    X = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    model = cnn_lstm(meta(X_shape_=X.shape), units=3, filters=2)
    X[:, 1] = X[:, 2, 0, 0] = np.nan
    known = np.delete(X, 1, axis=1)
    known[:, 1, 0, 0] = 0
    assert_allclose(model(X), model(known), **SAME)


def test_a_number_that_stands_for_nan():
    """A time step that holds the mask value in all features is skipped, like one of NaN."""
    model, X = vanilla(meta(), units=3, mask_value=-9.0), windows()
    X[:, 1], X[:, 3] = -9, np.nan
    assert_allclose(model(X), model(np.delete(X, [1, 3], axis=1)), **SAME)


def test_a_number_beside_others():
    """The mask value in one feature of a time step is data."""
    model, X = vanilla(meta(), units=3, mask_value=-9.0), windows()
    X[:, 4, 0] = -9
    without = X.copy()
    without[:, 4, 0] = 0
    assert not np.allclose(model(X), model(without))
    assert not np.allclose(model(X), model(np.delete(X, 4, axis=1)))
