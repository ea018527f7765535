import keras
import numpy as np
from numpy.testing import assert_array_equal

from sklstm.networks._observed import split_observed


def test_values_and_mask():
    """NaN becomes zero, and its time steps are marked as not observed; zeros of the data are not."""
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, split_observed(inputs))
    values, observed = model(np.array([[[np.nan, np.nan], [0, 0], [3, 4]]], dtype=np.float32))
    assert_array_equal(values, [[[0, 0], [0, 0], [3, 4]]])
    assert_array_equal(observed, [[False, True, True]])
