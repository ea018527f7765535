import random

import keras
import numpy as np
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


def test_saves_and_loads_as_plain_keras(tmp_path):
    """Nothing of sklstm's is in the model: it loads in safe mode, and takes NaN."""
    model = build(units=4)
    model.save(tmp_path / "model.keras")
    inputs = np.ones((2, 3, 2), dtype=np.float32)
    inputs[0, 0] = np.nan
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_allclose(loaded(inputs), model(inputs), rtol=1e-6)
    assert np.isfinite(np.array(model(inputs))).all()
