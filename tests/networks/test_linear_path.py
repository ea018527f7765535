import numpy as np
import pytest
from examples import MANY_TO_ONE, copied, meta, padded, windows
from numpy.testing import assert_allclose

from sklstm.networks import encoder_decoder

FEATURES = (1, 0, 1)
X = padded(windows()[:, 1:], before=1)


def with_and_without(network, target):
    """The same network without a linear path and with one, of random weights."""
    plain = network(target, units=3)
    path = network(target, units=3, linear_path=(FEATURES, 6))
    copied(path, **{layer.name: layer for layer in plain.layers if layer.get_weights()})
    layers = [path.get_layer(f"linear_path_{k}") for k in range(3)]
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=layer.get_weights()[0].shape) for layer in layers]
    return plain, path, layers, weights


@pytest.mark.parametrize("network", MANY_TO_ONE)
def test_each_output_has_its_own_feature(network):
    """Each output gets a weighted sum of its feature, time steps that were not observed as zero, on top."""
    plain, path, layers, weights = with_and_without(network, meta(n_outputs_=3))
    assert_allclose(path(X), plain(X), rtol=1e-5, atol=1e-6)
    for layer, kernel in zip(layers, weights, strict=True):
        layer.set_weights([kernel])
    known = np.nan_to_num(X)
    added = [known[:, :, feature] @ kernel for feature, kernel in zip(FEATURES, weights, strict=True)]
    assert_allclose(path(X), plain(X) + np.concatenate(added, axis=1), rtol=1e-5, atol=1e-5)


def test_each_output_of_each_time_step():
    """An encoder-decoder adds to each output of a time step a weighted sum for that time step."""
    plain, path, layers, weights = with_and_without(encoder_decoder, meta(n_outputs_=12, n_output_steps_=4))
    assert_allclose(path(X), plain(X), rtol=1e-5, atol=1e-6)
    for layer, kernel in zip(layers, weights, strict=True):
        layer.set_weights([kernel])
    known = np.nan_to_num(X)
    added = [known[:, :, feature] @ kernel for feature, kernel in zip(FEATURES, weights, strict=True)]
    assert_allclose(path(X), plain(X) + np.stack(added, axis=-1), rtol=1e-5, atol=1e-5)
