import random

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.networks import vanilla


def build(seed=0, **params):
    return vanilla(2, 3, random_state=np.random.RandomState(seed), **params)


def test_shape_of_outputs():
    """Any number of samples and time steps in, a row of outputs for each sample out."""
    model = build(units=4, dropout=0.5)
    for n_timesteps in (1, 7):
        assert model(np.zeros((5, n_timesteps, 2), dtype=np.float32)).shape == (5, 3)


def test_weights_come_from_the_generator_alone():
    """The same state gives the same weights; Python's and NumPy's global generators are not asked."""
    before = random.getstate(), np.random.get_state()[1].tolist()
    one, same, other = build(), build(), build(seed=1)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert_array_equal(one.get_weights()[0], same.get_weights()[0])
    assert not np.allclose(one.get_weights()[0], other.get_weights()[0])


def test_linear_path():
    """Each output gets a weighted sum of its own feature, time steps that were not observed as zero, on top."""
    plain, skipping = build(), build(linear_path=([1, 0, 1], 2))
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(2, 1)) for _ in range(3)]
    for name in ("lstm", "outputs"):
        skipping.get_layer(name).set_weights(plain.get_layer(name).get_weights())
    for k in range(3):
        skipping.get_layer(f"linear_path_{k}").set_weights([weights[k]])
    inputs = rng.normal(size=(4, 2, 2)).astype(np.float32)
    inputs[0, 0] = np.nan
    known = np.nan_to_num(inputs)
    added = np.concatenate([known[:, :, feature] @ weights[k] for k, feature in enumerate([1, 0, 1])], axis=1)
    assert_allclose(skipping(inputs), plain(inputs) + added, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("linear_path", [None, ([0, 1, 1], 3)])
def test_saves_and_loads_as_plain_keras(tmp_path, linear_path):
    """Nothing of sklstm's is in the model: it loads in safe mode, and takes NaN."""
    model = build(units=4, linear_path=linear_path)
    model.save(tmp_path / "model.keras")
    inputs = np.ones((2, 3, 2), dtype=np.float32)
    inputs[0, 0] = np.nan
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_allclose(loaded(inputs), model(inputs), rtol=1e-5, atol=1e-6)
    assert np.isfinite(np.array(model(inputs))).all()
