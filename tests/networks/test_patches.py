import numpy as np
import pytest
from examples import meta, padded, windows
from numpy.testing import assert_allclose

from sklstm.networks import bidirectional, encoder_decoder, stacked, vanilla

EVERY = pytest.mark.parametrize("network", [vanilla, stacked, bidirectional, encoder_decoder])


def joined(X, length):
    """Patches by a loop from the end."""
    parts = []
    for end in range(X.shape[1], 0, -length):
        patch = X[:, max(0, end - length) : end]
        patch = np.pad(patch, [(0, 0), (length - patch.shape[1], 0), (0, 0)])
        parts.insert(0, patch.reshape(len(X), -1))
    return np.stack(parts, axis=1)


@pytest.mark.parametrize("length", [2, 3, 4, 9])
def test_patches_are_time_steps(length):
    """A network of patches is a network whose time steps hold the numbers of the patch."""
    X = windows()
    patched = vanilla(meta(n_outputs_=1), units=3, patch_length=length)
    plain = vanilla(meta(n_outputs_=1, X_shape_=joined(X, length).shape), units=3)
    plain.set_weights(patched.get_weights())
    assert_allclose(patched(X), plain(joined(X, length)), rtol=1e-5, atol=1e-6)


@EVERY
def test_padding_in_front(network):
    """Time steps before a sequence that were not observed change nothing."""
    model, X = network(meta(), units=3, patch_length=4), windows()
    for before in (1, 2, 5):
        assert_allclose(model(padded(X, before=before)), model(X), rtol=1e-5, atol=1e-6)


def test_a_patch_observed_in_part():
    """A patch counts as observed with any of its time steps, and holds zero for the others."""
    model, X = vanilla(meta(n_outputs_=1), units=3, patch_length=3), windows()
    holes = X.copy()
    holes[:, [0, 4]] = np.nan
    assert_allclose(model(holes), model(np.nan_to_num(holes)), rtol=1e-5, atol=1e-6)
    holes[:, :3] = np.nan
    assert_allclose(model(holes), model(holes[:, 3:]), rtol=1e-5, atol=1e-6)
