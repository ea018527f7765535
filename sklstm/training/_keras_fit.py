"""Train a network by Keras' own fit."""

import copy

import keras

from sklstm._parameters import suggest


def build_optimizer(optimizer, learning_rate=None):
    """A fresh optimizer from a name, class or instance; an instance is copied, so that each fit starts alike."""
    if isinstance(optimizer, str):
        optimizer = _find(optimizer, "optimizer", _classes(keras.optimizers, keras.optimizers.Optimizer))
    elif isinstance(optimizer, keras.optimizers.Optimizer):
        optimizer = type(optimizer).from_config(optimizer.get_config())
    built = optimizer() if isinstance(optimizer, type) else optimizer
    if learning_rate is not None:
        built.learning_rate = learning_rate
    return built


def build_loss(loss):
    """A loss that Keras can compile, from a name, function or instance."""
    if isinstance(loss, str):
        names = [name for name in dir(keras.losses) if not name.startswith("_")]
        try:
            return keras.losses.get(loss)
        except ValueError:
            raise ValueError(f"Keras has no loss {loss!r}.{suggest(loss, names)}") from None
    return loss


def fit_network(network, batches, *, validation, optimizer, loss, epochs, patience, callbacks, verbose):
    """Train the network in place, and return its history: a dict of lists with an entry for each epoch.

    Parameters
    ----------
    network : keras.Model
        Changed in place.
    batches, validation : WindowBatches
        What to train on; what to watch, or None.
    optimizer : keras.optimizers.Optimizer
        A fresh one.
    loss : str or keras.losses.Loss
        What to minimise.
    epochs : int
        How often to go through the batches.
    patience : int or None
        Stop after so many epochs without a better loss (of `validation`, where there is one), and go back
        to the best weights.
    callbacks : list of keras.callbacks.Callback or None
        Copied, so that the ones given stay as they are.
    verbose : {0, 1, 2}
        As in Keras.

    Returns
    -------
    history : dict of str to list of float
        Loss, and loss on `validation` where there is one.
    """
    watchers = copy.deepcopy(list(callbacks or []))
    if patience is not None:
        monitor = "val_loss" if validation is not None else "loss"
        watchers.append(keras.callbacks.EarlyStopping(monitor, patience=patience, restore_best_weights=True))
    network.compile(optimizer=optimizer, loss=loss)
    # Keras would shuffle the batches by Python's global generator; ours come shuffled.
    history = network.fit(
        batches, validation_data=validation, epochs=epochs, callbacks=watchers, verbose=verbose, shuffle=False
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def _classes(module, base):
    """Keras' own classes of a kind, by their names in lower case."""
    named = {name.lower(): getattr(module, name) for name in dir(module)}
    return {
        name: found
        for name, found in named.items()
        if isinstance(found, type) and issubclass(found, base) and found is not base
    }


def _find(name, kind, known):
    if name.lower() not in known:
        raise ValueError(f"Keras has no {kind} {name!r}.{suggest(name.lower(), list(known))}")
    return known[name.lower()]
