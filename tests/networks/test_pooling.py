"""The mean state beside the last one."""

import keras
import numpy as np
import pytest
from examples import MANY_TO_ONE, meta, padded, windows
from numpy.testing import assert_allclose

from sklstm.networks import bidirectional, lstm_fcn, stacked, vanilla

every = pytest.mark.parametrize(
    "network", [each for each in MANY_TO_ONE if each is not lstm_fcn], ids=lambda network: network.__name__
)


def pooled(model, X):
    """What the output layer reads."""
    return np.asarray(keras.Model(model.input, model.get_layer("outputs").input)(X))


@pytest.mark.parametrize("network", [vanilla, stacked], ids=lambda network: network.__name__)
def test_last_state_comes_first(network):
    """The last state is that of the network without pooling."""
    last, mean = (network(meta(), units=3, pooling=pooling, seed=0) for pooling in ("last", "mean"))
    expected = pooled(last, windows())
    assert_allclose(pooled(mean, windows())[:, : expected.shape[1]], expected, rtol=1e-5, atol=1e-6)


def test_both_directions():
    """Both directions are pooled, each by itself."""
    last, mean = (bidirectional(meta(), units=3, pooling=pooling, seed=0) for pooling in ("last", "mean"))
    both = pooled(mean, windows())
    assert both.shape == (5, 12)
    expected = pooled(last, windows())
    assert_allclose(np.concatenate([both[:, :3], both[:, 6:9]], axis=1), expected, rtol=1e-5, atol=1e-6)


def test_mean_of_all_states():
    """The mean is over the last states of the samples that end at each time step."""
    model = vanilla(meta(), units=3, pooling="mean", seed=0)
    states = [pooled(model, windows()[:, :end])[:, :3] for end in range(1, 7)]
    assert_allclose(pooled(model, windows())[:, 3:], np.mean(states, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("before", "after"), [(4, 0), (0, 5), (2, 3)])
@every
def test_padding_does_not_count(network, before, after):
    """The mean is over observed time steps."""
    model = network(meta(), units=3, pooling="mean", seed=0)
    assert_allclose(model(padded(windows(), before, after)), model(windows()), rtol=1e-5, atol=1e-5)
