import numpy as np
import pytest
from examples import MANY_TO_ONE, copied, meta, padded, windows
from numpy.testing import assert_allclose

from sklstm.networks import encoder_decoder, set_linear_path

FEATURES = (1, 0, 1)
X = padded(windows()[:, 1:], before=1)


def with_and_without(network, target, n_steps):
    """The same network without a linear path, and with one of random weights and these."""
    plain = network(target, units=3)
    path = network(target, units=3, linear_path=(FEATURES, 6))
    copied(path, **{layer.name: layer for layer in plain.layers if layer.get_weights()})
    assert_allclose(path(X), plain(X), rtol=1e-5, atol=1e-6)
    rng = np.random.default_rng(0)
    head, coefficients = path.get_layer("outputs").get_weights(), rng.normal(size=(6, n_steps, 3))
    intercept = rng.normal(size=(n_steps, 3))
    set_linear_path(path, FEATURES, coefficients, intercept)
    assert not any(weight.any() for weight in path.get_layer("outputs").get_weights())
    path.get_layer("outputs").set_weights(head)
    known = np.nan_to_num(X)
    added = [known[:, :, feature] @ coefficients[:, :, k] for k, feature in enumerate(FEATURES)]
    return np.asarray(plain(X)), np.asarray(path(X)), np.stack(added, axis=-1) + intercept


@pytest.mark.parametrize("network", MANY_TO_ONE)
def test_each_output_has_its_own_feature(network):
    """Each output gets a weighted sum of its feature, time steps that were not observed as zero, on top."""
    plain, path, added = with_and_without(network, meta(n_outputs_=3), n_steps=1)
    assert_allclose(path, plain + added[:, 0], rtol=1e-5, atol=1e-5)


def test_each_output_of_each_time_step():
    """An encoder-decoder adds to each output of a time step a weighted sum for that time step."""
    plain, path, added = with_and_without(encoder_decoder, meta(n_outputs_=12, n_output_steps_=4), n_steps=4)
    assert_allclose(path, plain + added, rtol=1e-5, atol=1e-5)
