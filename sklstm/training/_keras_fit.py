"""Train a network: compiled once for all fits of the same layers and settings, or by Keras' own fit."""

import json
from typing import Any, NamedTuple

import keras
import numpy as np

from sklstm._network_state import NetworkState
from sklstm.training._batch_loop import BatchLoop
from sklstm.training._programs import Programs

_programs = Programs()


class Settings(NamedTuple):
    """What a network is compiled with, as Keras' compile takes it; loss and metrics are alike for all outputs."""

    optimizer: keras.optimizers.Optimizer
    loss: Any
    metrics: tuple = ()

    def compile(self, network):
        """Compile a network with them."""
        loss, metrics = self.loss, list(self.metrics)
        n_outputs = len(getattr(network, "outputs", None) or [None])
        if n_outputs > 1:
            loss, metrics = [loss] * n_outputs, [metrics] * n_outputs
        network.compile(optimizer=self.optimizer, loss=loss, metrics=metrics or None)

    def key(self):
        """What two equal settings share; None where it cannot be told."""
        parts = [self.optimizer, self.loss, *self.metrics]
        if not all(isinstance(part, str) or getattr(part, "__module__", "").startswith("keras.") for part in parts):
            return None
        # Keras leaves some parameters (the delta of Huber) out of what it writes.
        described = [
            {"part": keras.saving.serialize_keras_object(part), "function": getattr(part, "_fn_kwargs", None)}
            for part in parts
        ]
        # Keras numbers optimizers as it builds them.
        described[0]["part"]["config"].pop("name", None)
        try:
            return json.dumps(described, sort_keys=True)
        except TypeError:
            return None


class Trained(NamedTuple):
    """What a fit leaves behind, besides the network's weights."""

    history: dict
    optimizer_state: list


def fit_network(
    network, batches, settings, *, seed, validation=None, epochs=1, callbacks=(), optimizer_state=None, **fit_params
):
    """Train a network in place.

    Parameters
    ----------
    network : keras.Model
        Changed in place. One that is compiled keeps its own settings.
    batches, validation : keras.utils.PyDataset
        What to train on; what to watch, or None.
    settings : Settings
        Fresh ones.
    seed : int
        Seeds dropout.
    epochs : int, default=1
        How often to go through the batches.
    callbacks : list of keras.callbacks.Callback
        Fresh ones.
    optimizer_state : list of ndarray, optional
        Where the optimizer goes on from.
    **fit_params : dict
        More for Keras' fit.

    Returns
    -------
    trained : Trained
        Loss and metrics of each epoch, and the optimizer's state.
    """
    state = NetworkState.of(network)
    key = _key(network, state, settings, callbacks, batches, fit_params)
    if key is None:
        if not network.compiled:
            settings.compile(network)
        _resume(network, optimizer_state, seed)
        # Keras would shuffle the batches by Python's global generator; ours come shuffled.
        history = network.fit(
            batches, validation_data=validation, epochs=epochs, callbacks=list(callbacks), shuffle=False, **fit_params
        ).history
        return _trained(network, history)
    with _programs.borrow(key, lambda: _Program(state, settings, batches[0])) as program:
        program.network.set_weights(state.weights)
        _resume(program.network, optimizer_state or program.fresh_state, seed)
        history = program.loop.fit(batches, validation, epochs, list(callbacks), **fit_params)
        network.set_weights(program.network.get_weights())
        return _trained(program.network, history)


class _Program:
    """A network that is compiled, and trains in the place of others of the same layers."""

    def __init__(self, state, settings, batch):
        self.network = state.build()
        settings.compile(self.network)
        self.network.optimizer.build(self.network.trainable_variables)
        self.fresh_state = _numbers(self.network.optimizer)
        self.loop = BatchLoop(self.network, batch)


def _key(network, state, settings, callbacks, batches, fit_params):
    """What fits that may share a compiled network have in common; None for a fit that shares none."""
    # A callback from elsewhere might hold on to the network that it has watched.
    own = all(type(callback).__module__.split(".")[0] in ("keras", "sklstm") for callback in callbacks)
    layers, compiled = state.key, settings.key()
    plain = keras.backend.backend() == "tensorflow" and set(fit_params) <= {"verbose"}
    if network.compiled or not own or not plain or None in (layers, compiled):
        return None
    _, *targets = batches[0]
    shapes = keras.tree.map_structure(lambda array: (array.shape[1:], str(array.dtype)), tuple(targets))
    return layers, compiled, shapes


def _resume(network, optimizer_state, seed):
    """Let the optimizer go on from a state, and seed whatever draws at random inside the network."""
    network.optimizer.build(network.trainable_variables)
    if optimizer_state:
        for variable, value in zip(network.optimizer.variables, optimizer_state, strict=True):
            variable.assign(value)
    rng = np.random.default_rng(seed)
    for variable in network.non_trainable_variables:
        if variable.path.endswith("seed_generator_state"):
            variable.assign(rng.integers(2**31 - 1, size=variable.shape).astype(variable.dtype))


def _trained(network, history):
    return Trained(
        {name: [float(value) for value in values] for name, values in history.items()}, _numbers(network.optimizer)
    )


def _numbers(optimizer):
    return [variable.numpy() for variable in optimizer.variables]
