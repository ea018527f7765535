"""Train a network by Keras' own fit, compiled once for all fits of the same layers and settings."""

import json
from typing import Any, NamedTuple

import keras
import numpy as np

from sklstm._network_state import NetworkState
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
        try:
            return json.dumps([keras.saving.serialize_keras_object(part) for part in parts], sort_keys=True)
        except (TypeError, ValueError):
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
    fit_params |= {"validation_data": validation, "epochs": epochs, "callbacks": list(callbacks)}
    key = _key(network, settings, callbacks)
    if key is None:
        if not network.compiled:
            settings.compile(network)
        return _run(network, batches, seed, optimizer_state, fit_params)
    with _programs.borrow(key, lambda: _compiled(network, settings)) as (twin, fresh_state):
        twin.set_weights(network.get_weights())
        trained = _run(twin, batches, seed, optimizer_state or fresh_state, fit_params)
        network.set_weights(twin.get_weights())
    return trained


def _key(network, settings, callbacks):
    """What fits that may share a compiled network have in common; None for a fit that shares none."""
    # A callback from elsewhere might hold on to the network that it has watched.
    own = all(type(callback).__module__.split(".")[0] in ("keras", "sklstm") for callback in callbacks)
    layers, compiled = NetworkState.of(network).key, settings.key()
    if network.compiled or not own or None in (layers, compiled):
        return None
    return layers, compiled


def _compiled(network, settings):
    """A twin of the network, compiled, and the state of an optimizer that has not begun."""
    twin = NetworkState.of(network).build()
    settings.compile(twin)
    twin.optimizer.build(twin.trainable_variables)
    return twin, [variable.numpy() for variable in twin.optimizer.variables]


def _run(network, batches, seed, optimizer_state, fit_params):
    network.optimizer.build(network.trainable_variables)
    if optimizer_state:
        for variable, value in zip(network.optimizer.variables, optimizer_state, strict=True):
            variable.assign(value)
    _seed_dropout(network, seed)
    # Keras would shuffle the batches by Python's global generator; ours come shuffled.
    history = network.fit(batches, shuffle=False, **fit_params).history
    return Trained(
        {name: [float(value) for value in values] for name, values in history.items()},
        [variable.numpy() for variable in network.optimizer.variables],
    )


def _seed_dropout(network, seed):
    """Seed whatever draws at random inside the network."""
    rng = np.random.default_rng(seed)
    for variable in network.non_trainable_variables:
        if variable.path.endswith("seed_generator_state"):
            variable.assign(rng.integers(2**31 - 1, size=variable.shape).astype(variable.dtype))
