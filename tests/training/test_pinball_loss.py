"""The loss of quantiles: scikit-learn's numbers, and known to the programs that train."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import mean_pinball_loss

from sklstm.training import PinballLoss, Settings
from sklstm.training._settings import is_of_keras, settings_key

LEVELS = [0.1, 0.5, 0.8]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("steps", [(), (4,)], ids=["a sample", "time steps"])
@pytest.mark.parametrize("n_values", [1, 2])
def test_against_scikit_learn(steps, n_values):
    """The mean of what scikit-learn says of each quantile of each value, those of a value side by side."""
    y, predicted = RNG.normal(size=(2, 30, *steps, 3 * n_values))
    columns = [(y[..., k].ravel(), predicted[..., k].ravel(), LEVELS[k % 3]) for k in range(3 * n_values)]
    expected = np.mean([mean_pinball_loss(true, quantile, alpha=level) for true, quantile, level in columns])
    loss = PinballLoss(LEVELS)
    assert_allclose(loss(y, predicted), expected, rtol=1e-5)
    assert loss.call(*(keras.ops.array(part, "float32") for part in (y, predicted))).shape == (30, *steps)


def test_weights():
    """Samples count by their weights, as in any of Keras' losses."""
    y, predicted = RNG.normal(size=(2, 30, 3))
    weights = RNG.uniform(size=30)
    each = [float(PinballLoss(LEVELS)(y[[k]], predicted[[k]])) for k in range(30)]
    assert_allclose(PinballLoss(LEVELS)(y, predicted, sample_weight=weights), np.mean(weights * each), rtol=1e-5)


def test_there_and_back():
    """Keras writes it down, and reads it where it is told of the class."""
    loss = PinballLoss(np.array(LEVELS), name="mine", reduction="sum")
    written = keras.losses.serialize(loss)
    again = keras.losses.deserialize(written, custom_objects={"PinballLoss": PinballLoss})
    assert again.get_config() == loss.get_config() == {"name": "mine", "reduction": "sum", "quantiles": LEVELS}


class Other(PinballLoss):
    """What is derived from it may mean something else."""


def key(loss):
    """What a network compiled with this loss shares with others."""
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    Settings(keras.optimizers.SGD(), loss).compile(network)
    return settings_key(network, (np.zeros((1, 2), np.float32), [np.zeros((1, 3), np.float32)]))


def test_programs_are_shared_by_levels():
    """Fits of the same quantiles share what is compiled; those of others do not, nor does a class derived from it."""
    assert key(PinballLoss(LEVELS)) == key(PinballLoss(LEVELS)) is not None
    assert key(PinballLoss(LEVELS)) != key(PinballLoss([0.1, 0.5, 0.9]))
    assert is_of_keras(PinballLoss(LEVELS))
    assert key(Other(LEVELS)) is None
