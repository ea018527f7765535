"""The loss of quantiles, against scikit-learn's, and the programs that share it."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import mean_pinball_loss
from training_examples import count_programs

from sklstm.training import PinballLoss, SampleBatches, Settings, clear_programs, fit_network

LEVELS = [0.1, 0.5, 0.8]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("steps", [(), (4,)], ids=["a sample", "time steps"])
@pytest.mark.parametrize("n_values", [1, 2])
def test_against_scikit_learn(steps, n_values):
    """The loss is the mean of scikit-learn's losses of all quantiles of all values."""
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
    """Keras serializes the loss, and reads it back with the class in custom_objects."""
    loss = PinballLoss(np.array(LEVELS), name="mine", reduction="sum")
    written = keras.losses.serialize(loss)
    again = keras.losses.deserialize(written, custom_objects={"PinballLoss": PinballLoss})
    assert again.get_config() == loss.get_config() == {"name": "mine", "reduction": "sum", "quantiles": LEVELS}


class Other(PinballLoss):
    """A class that is derived from it may mean something else."""


def test_programs_are_shared_by_levels(monkeypatch):
    """Fits of the same quantiles share what is compiled; those of others do not, nor does a derived class."""
    clear_programs()
    compiled = count_programs(monkeypatch)
    rows = np.zeros((4, 2), np.float32)
    data = SampleBatches(rows.__getitem__, [np.zeros((4, 3), np.float32)], np.arange(4), 4)
    for loss, n_programs in (
        (PinballLoss(LEVELS), 1),
        (PinballLoss(LEVELS), 1),
        (PinballLoss([0.1, 0.5, 0.9]), 2),
        (Other(LEVELS), 3),
        (Other(LEVELS), 4),
    ):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        fit_network(network, data, Settings(keras.optimizers.SGD(), loss), seed=0)
        assert len(compiled) == n_programs
