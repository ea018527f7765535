import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._windows import frame
from sklstm.estimators._samples import Samples

WINDOWS = frame(np.arange(12.0).reshape(6, 2), 3)


def test_gathers_as_the_network_takes_it():
    """Samples come as float32, in the shape of one sample."""
    samples = Samples(WINDOWS)
    assert samples.shape == (6, 3, 2)
    assert samples.gather(np.array([4, 1])).dtype == np.float32
    assert_array_equal(samples.gather(np.array([4, 1])), np.asarray(WINDOWS)[[4, 1]])
    flat = Samples(WINDOWS, sample_shape=(3, 1, 2))
    assert flat.gather(np.arange(6)).shape == flat.shape == (6, 3, 1, 2)


def test_each_is_shifted_and_divided_by_its_own():
    """Shift and spread are those of each sample."""
    rng = np.random.default_rng(0)
    shift, spread = rng.normal(size=(6, 2)), rng.uniform(1, 2, size=(6, 2))
    gathered = Samples(WINDOWS, None, shift, spread).gather(np.array([5, 2]))
    for sample, inputs in zip((5, 2), gathered, strict=True):
        assert_allclose(inputs, (np.asarray(WINDOWS)[sample] - shift[sample]) / spread[sample], rtol=1e-6)


def test_observed():
    """A time step was observed where its features are numbers."""
    assert_array_equal(Samples(WINDOWS).observed(), ~np.isnan(np.asarray(WINDOWS)[:, :, 0]))
