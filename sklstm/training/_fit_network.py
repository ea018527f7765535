"""Train a network: by a program that is compiled once for all fits that are alike, or by Keras' own fit."""

from typing import NamedTuple

import keras

from sklstm._network_state import NetworkState
from sklstm._seeds import seed_generators
from sklstm.training._epoch_loop import EpochLoop
from sklstm.training._epoch_program import EpochProgram, batch_signature
from sklstm.training._paths import choose_form
from sklstm.training._programs import programs
from sklstm.training._settings import settings_key


class Trained(NamedTuple):
    """What a fit leaves behind, besides the network's weights.

    Attributes
    ----------
    history : dict of str to list of float
        Loss and metrics of each epoch that came to its end.
    optimizer_state : list of ndarray
        Where the optimizer can go on from.
    path : {"graph", "xla", "xla-shards", "keras"}
        How it was computed.
    interrupted : bool
        Whether the user interrupted it: the weights are those of that moment.
    """

    history: dict
    optimizer_state: list
    path: str
    interrupted: bool


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
        The history, and how it came about.
    """
    form = _compile(network, batches, settings, epochs, fit_params)
    seed_generators(network, seed)
    if form is None:
        return _fit_by_keras(network, batches, validation, epochs, callbacks, optimizer_state, fit_params)

    sample = batches.first()

    def make():
        network.optimizer.build(network.trainable_variables)
        return EpochProgram(network, sample, form)

    program = programs.get(_key(network, sample, form), make)
    loop = EpochLoop(network, program, optimizer_state, callbacks, form.room)
    history, optimizer_state, interrupted = loop.run(batches, validation, epochs, **fit_params)
    return Trained(history, optimizer_state, form.path, interrupted)


def choose_path(network, batches, settings, *, epochs=1, **fit_params):
    """Compile a network, and return the path on which `fit_network` will train it.

    Parameters
    ----------
    network : keras.Model
        Compiled here if it is not compiled yet.
    batches, settings, epochs, **fit_params
        As for `fit_network`.

    Returns
    -------
    path : {"graph", "xla", "xla-shards", "keras"}
        As `path` of Trained.
    """
    form = _compile(network, batches, settings, epochs, fit_params)
    return "keras" if form is None else form.path


def _compile(network, batches, settings, epochs, fit_params):
    """Compile a network that is not compiled yet, and choose a Form; None for Keras' own fit."""
    if not network.compiled:
        settings.compile(network)
    return choose_form(network, batches, epochs) if set(fit_params) <= {"verbose"} else None


def _fit_by_keras(network, batches, validation, epochs, callbacks, optimizer_state, fit_params):
    network.optimizer.build(network.trainable_variables)
    for variable, value in zip(network.optimizer.variables, optimizer_state or (), strict=False):
        variable.assign(value)
    if getattr(batches, "trims", False):
        # XLA would compile for each number of time steps.
        network.jit_compile = False
    history, interrupted = keras.callbacks.History(), False
    try:
        # Keras would shuffle the batches by Python's global generator; ours come shuffled.
        network.fit(
            batches,
            validation_data=validation,
            epochs=epochs,
            callbacks=[*callbacks, history],
            shuffle=False,
            **fit_params,
        )
    except KeyboardInterrupt:
        interrupted = True
        for callback in callbacks:
            callback.on_train_end()
    values = {name: [float(value) for value in values] for name, values in history.history.items()}
    return Trained(values, [variable.numpy() for variable in network.optimizer.variables], "keras", interrupted)


def _key(network, batch, form):
    """What fits that may share a program have in common; None for one that shares none."""
    layers, settings = NetworkState.of(network).key, settings_key(network, batch)
    if None in (layers, settings):
        return None
    signature = batch_signature(network, batch, form)
    # How many batches a call has room for is no matter where it takes any number.
    form = form if form.batch_size else form._replace(room=None)
    return "learn", layers, settings, repr(signature), form
