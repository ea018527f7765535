import keras
import numpy as np
from numpy.testing import assert_array_equal

from sklstm.networks._observed import split_observed


def split(X, mask_value=None):
    inputs = keras.Input((None, *X.shape[2:]))
    return keras.Model(inputs, split_observed(inputs, mask_value))(X)


def test_values_and_mask():
    """NaN becomes zero, and its time steps are marked as not observed; zeros of the data are not."""
    values, observed = split(np.array([[[np.nan, np.nan], [0, 0], [3, 4]]], dtype=np.float32))
    assert_array_equal(values, [[[0, 0], [0, 0], [3, 4]]])
    assert_array_equal(observed, [[False, True, True]])


def test_frames():
    """A frame is not observed where all of its pixels are NaN; a missing pixel of another one is zero."""
    X = np.ones((1, 2, 2, 2), dtype=np.float32)
    X[0, 0] = X[0, 1, 0, 0] = np.nan
    values, observed = split(X)
    assert_array_equal(values, [[[[0, 0], [0, 0]], [[0, 1], [1, 1]]]])
    assert_array_equal(observed, [[False, True]])


def test_a_number_that_stands_for_nan():
    """A time step that is the number throughout was not observed; the number beside others is a number."""
    X = np.array([[[-9, -9], [-9, 2], [np.nan, np.nan], [0, 0]]], dtype=np.float32)
    values, observed = split(X, mask_value=-9.0)
    assert_array_equal(values, [[[0, 0], [-9, 2], [0, 0], [0, 0]]])
    assert_array_equal(observed, [[False, True, False, True]])
