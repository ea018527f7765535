"""Fits of several look-backs share a program of XLA: windows are padded in front, and the network skips the padding."""

import keras
import numpy as np
import pytest
from sizes import UNITS
from training_examples import StopAfter, assert_same, assert_same_history, count_programs

from sklstm import networks
from sklstm.training import SampleBatches, Settings, clear_programs, fit_network

RNG = np.random.default_rng(0)
TARGETS = RNG.normal(size=(11, 1)).astype(np.float32)


def windows(n_timesteps):
    """Windows that begin before the series does, and one without any observation."""
    inputs = RNG.normal(size=(11, n_timesteps, 2)).astype(np.float32)
    inputs[:3, :2] = np.nan
    inputs[4] = np.nan
    return inputs


def built(name, inputs, units=UNITS):
    """A network for some inputs, with the same weights for each look-back."""
    meta = {"X_shape_": inputs.shape, "target_type_": "continuous", "n_outputs_": 1}
    keras.utils.set_random_seed(0)
    return getattr(networks, name)(meta, units=units)


def fit(network, inputs, callback, *, open_front=True, epochs=100, **params):
    """Train a network by XLA."""
    batches = SampleBatches(inputs.__getitem__, [TARGETS], np.arange(11), 4, open_front=open_front)
    settings, watched = Settings(keras.optimizers.Adam(0.01), "mse"), params.pop("watched", False)
    params |= {"validation": batches if watched else None, "epochs": epochs, "callbacks": [callback]}
    trained = fit_network(network, batches, settings, seed=0, verbose=0, **params)
    assert trained.path == "xla"
    return trained


@pytest.mark.parametrize(("name", "units"), [("stacked", (3, 2)), ("bidirectional", UNITS)])
def test_learns_what_keras_fit_learns(name, units):
    """Padding in front changes neither weights nor losses, of layers that read forwards or backwards."""
    inputs = windows(5)
    ours, theirs = built(name, inputs, units), built(name, inputs, units)
    # One evaluation is enough: it is not by XLA.
    evaluate = name == "stacked"
    trained = fit(ours, inputs, StopAfter(2), watched=evaluate)
    theirs.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    watched = {"validation_data": (inputs, TARGETS), "validation_batch_size": 4} if evaluate else {}
    expected = theirs.fit(inputs, TARGETS, batch_size=4, epochs=2, shuffle=False, verbose=0, **watched)
    assert_same(ours.get_weights(), theirs.get_weights())
    assert_same_history(trained.history, expected.history)


class Interrupt(keras.callbacks.Callback):
    """Interrupt the training after its program was made, and before XLA compiles it."""

    def on_epoch_begin(self, epoch, logs=None):
        raise KeyboardInterrupt


def n_programs(monkeypatch, look_backs, **params):
    """Number of programs after a fit of each look-back."""
    clear_programs()
    compiled, numbers = count_programs(monkeypatch), []
    for n_timesteps in look_backs:
        inputs = windows(n_timesteps)
        fit(built("vanilla", inputs), inputs, Interrupt(), **params)
        numbers.append(len(compiled))
    return numbers


def test_one_program_for_several_look_backs(monkeypatch):
    """Look-backs of up to 32 time steps share a program, as do those up to each next power of two."""
    assert n_programs(monkeypatch, [3, 5, 32, 33, 64]) == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("params", [{"epochs": 4000}, {"open_front": False}], ids=["long", "closed front"])
def test_a_program_for_each_look_back(params, monkeypatch):
    """Very long fits, and windows whose first time step matters, are compiled for their own look-back."""
    assert n_programs(monkeypatch, [3, 5], **params) == [1, 2]
