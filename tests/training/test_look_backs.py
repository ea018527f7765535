"""Fits of several look-backs share what XLA compiles: windows are filled up in front, and the network skips that."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklstm import networks
from sklstm.training import SampleBatches, Settings, _paths, clear_programs, fit_network
from sklstm.training._programs import programs

RNG = np.random.default_rng(0)
ARCHITECTURES = {
    "vanilla": (networks.vanilla, {"units": 2}),
    "stacked": (networks.stacked, {"units": (3, 2)}),
    "bidirectional": (networks.bidirectional, {"units": 2}),
}


@pytest.fixture(autouse=True)
def long_and_short(monkeypatch):
    """Any fit is compiled by XLA, and shares its program with other look-backs."""
    monkeypatch.setattr(_paths, "LONG", 0)
    monkeypatch.setattr(_paths, "FEWEST_STEPS", 8)
    clear_programs()


def windows(n_timesteps):
    """Windows that begin before the series does, and one that shows nothing."""
    inputs = RNG.normal(size=(11, n_timesteps, 2)).astype(np.float32)
    inputs[:3, :2] = np.nan
    inputs[4] = np.nan
    return inputs


def fit(name, inputs, targets, *, open_front=True, epochs=3):
    """The network and its losses, from the same weights for each number of time steps."""
    build, params = ARCHITECTURES[name]
    meta = {"X_shape_": inputs.shape, "n_features_in_": 2, "target_type_": "continuous", "n_outputs_": 1}
    keras.utils.set_random_seed(0)
    network = build(meta | {"n_outputs_expected_": 1, "n_classes_": None, "X_dtype_": np.dtype("float32")}, **params)
    weights = network.get_weights()
    batches = SampleBatches(inputs.__getitem__, [targets], np.arange(11), 4, open_front=open_front)
    settings = Settings(keras.optimizers.Adam(0.01), "mse")
    trained = fit_network(network, batches, settings, validation=batches, epochs=epochs, seed=0, verbose=0)
    return network, weights, trained


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_learns_what_keras_fit_learns(name):
    """Time steps that are filled up in front change nothing."""
    inputs, targets = windows(5), RNG.normal(size=(11, 1)).astype(np.float32)
    network, weights, trained = fit(name, inputs, targets)
    assert trained.path == "xla"
    learned = network.get_weights()
    network.set_weights(weights)
    network.compile(keras.optimizers.Adam(0.01), "mse")
    expected = network.fit(inputs, targets, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    assert_allclose(trained.history["loss"], expected, rtol=1e-4)
    for one, other in zip(learned, network.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_one_program_for_several_look_backs():
    """Look-backs up to a power of two share a program; the next ones another."""
    targets = RNG.normal(size=(11, 1)).astype(np.float32)
    for n_timesteps, known in ((3, 1), (5, 1), (8, 1), (9, 2), (16, 2)):
        fit("vanilla", windows(n_timesteps), targets, epochs=1)
        assert len(programs) == known


def test_long_fits_compile_for_their_own(monkeypatch):
    """Where much is to be computed, a program fits the look-back."""
    monkeypatch.setattr(_paths, "SHORT", 0)
    targets = RNG.normal(size=(11, 1)).astype(np.float32)
    for n_timesteps, known in ((3, 1), (5, 2)):
        fit("vanilla", windows(n_timesteps), targets, epochs=1)
        assert len(programs) == known


def test_where_the_front_is_not_open():
    """Samples whose first time step matters are not filled up."""
    targets = RNG.normal(size=(11, 1)).astype(np.float32)
    for n_timesteps, known in ((3, 1), (5, 2)):
        fit("vanilla", windows(n_timesteps), targets, open_front=False, epochs=1)
        assert len(programs) == known
