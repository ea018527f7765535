import numpy as np
import pytest
from examples import MANY_TO_ONE, copied, meta, padded, windows
from numpy.testing import assert_allclose

from sklstm.networks import encoder_decoder, set_linear_path, vanilla

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


def test_what_is_known_ahead():
    """Static features, values ahead and the columns that are known ahead have weights of their own."""
    # Features: target, column known ahead, static, the column one and two steps ahead.
    roles = {"static_": (2,), "future_": ((3,), (4,)), "known_": (1,)}
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(5, 6, 5)).astype(np.float32), rng.normal(size=(9, 1, 2))
    network = vanilla(meta(X_shape_=(5, 6, 5), n_outputs_=2) | roles, units=3, linear_path=((0, 0), 6))
    set_linear_path(network, (0, 0), np.zeros((6, 1, 2)), np.zeros((1, 2)), weights)
    known = np.concatenate([X[:, -1, 2:], X[:, :, 1]], axis=1)
    assert_allclose(network(X), known @ weights[:, 0], rtol=1e-5, atol=1e-5)


def test_recurrent_layers_do_without_columns_of_the_linear_path():
    """Columns that are known ahead reach the outputs by the linear path, not by the recurrent layers."""
    roles = {"future_": ((2,), (3,)), "known_": (1,)}
    network = vanilla(meta(X_shape_=(5, 6, 4), n_outputs_=1) | roles, units=3, linear_path=((0,), 6))
    assert network.get_layer("lstm").get_weights()[0].shape == (1, 12)
