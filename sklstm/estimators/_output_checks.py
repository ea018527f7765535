"""Output layer, loss and targets must fit each other: where they do not, say what would."""

import re

import numpy as np

# What a last activation can reach at most.
RANGES = {
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "softmax": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu": (0, np.inf),
    "relu6": (0, 6),
    "softplus": (0, np.inf),
    "exponential": (0, np.inf),
}
# Last activations whose outputs are probabilities.
PROBABILITIES = ("sigmoid", "hard_sigmoid", "sparse_sigmoid", "softmax", "sparsemax")
# Scaled in single precision, a target may miss the end of its range by a little.
SLACK = 1e-5


def output_shapes(network):
    """Shapes of the network's outputs, (n_samples, ...), in a list."""
    shapes = getattr(network, "output_shape", None)
    if shapes is None:
        shapes = _traced_output_shapes(network)
    return list(shapes) if isinstance(shapes, list) else [shapes]


def _traced_output_shapes(network):
    """Shapes of the outputs of a network of a class of one's own, which says only what it was built for."""
    import keras

    (shape,) = network.get_build_config().values()
    outputs = network.compute_output_spec(keras.KerasTensor((None, *shape[1:])))
    return [output.shape for output in keras.tree.flatten(outputs)]


def last_activation(network):
    """Name of the activation that makes the network's (first) output, or None where it cannot be told."""
    outputs = getattr(network, "outputs", None)
    if not outputs or not hasattr(outputs[0], "_keras_history"):
        return None
    layer = outputs[0]._keras_history.operation
    if type(layer).__name__ in ("Softmax", "Sigmoid"):
        return type(layer).__name__.lower()
    while hasattr(layer, "layer"):
        layer = layer.layer
    return getattr(getattr(layer, "activation", None), "__name__", None)


def loss_name(loss):
    """A loss in snake case: of a name, function, instance, or several for as many outputs."""
    from keras import losses

    if isinstance(loss, (list, tuple, dict)):
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    if isinstance(loss, str):
        loss = losses.get(loss)
    # An instance may have a name of the user's own; its function says what it is.
    loss = getattr(loss, "func", getattr(loss, "fn", loss))
    name = getattr(loss, "__name__", None) or type(loss).__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def takes_logits(loss):
    """Whether a loss takes scores in place of probabilities."""
    if isinstance(loss, (list, tuple, dict)):
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    params = getattr(loss, "keywords", getattr(loss, "_fn_kwargs", {}))
    return bool(getattr(loss, "from_logits", False) or params.get("from_logits", False))


def check_regression(who, network, loss, targets, target_scaler):
    """Refuse a last activation, or a loss, that cannot reach the targets.

    Parameters
    ----------
    who : str
        The estimator.
    network : keras.Model
        Built, not yet trained.
    loss : str, function or keras.losses.Loss
        What will be minimised.
    targets : ndarray of shape (n_samples, ..., n_outputs)
        Of the training samples, scaled.
    target_scaler : str, transformer or None
        What scaled them; for the message.
    """
    activation, name = last_activation(network), loss_name(loss)
    scaled = f"target_scaler={target_scaler!r}" if target_scaler is not None else "no target_scaler"
    if activation == "softmax":
        _refuse_softmax_of_numbers(who, targets, scaled)
    by_entropy = "crossentropy" in name
    if by_entropy:
        _refuse_entropy_of_numbers(who, activation, name, takes_logits(loss))
    low, high = (0, 1) if by_entropy else RANGES.get(activation, (-np.inf, np.inf))
    least, most = float(np.nanmin(targets)), float(np.nanmax(targets))
    if least >= low - SLACK and most <= high + SLACK:
        return
    cause = f"loss {name} takes targets" if by_entropy else f"{activation} gives outputs"
    span = "of 0 and more" if high == np.inf else f"from {low} to {high}"
    other = "use loss='mse' with a linear output" if by_entropy else "a linear output reaches any"
    raise ValueError(
        f"{who}: {cause} {span}, but with {scaled} the targets go from {least:.3g} to {most:.3g}. "
        f"target_scaler='minmax' scales y to 0..1, or {other}."
    )


def _refuse_softmax_of_numbers(who, targets, scaled):
    if targets.shape[-1] == 1:
        raise ValueError(f"{who}: softmax over one unit is always 1, whatever goes in. Use a linear output.")
    # Where nothing was observed all targets are 0.
    if not np.all(np.isclose(np.nansum(targets, axis=-1), 1, atol=1e-3) | (np.nan_to_num(targets) == 0).all(axis=-1)):
        raise ValueError(
            f"{who}: softmax gives outputs that add up to 1, but with {scaled} the targets do not. Use a linear "
            "output, or pass shares as y with target_scaler=None."
        )


def _refuse_entropy_of_numbers(who, activation, name, logits):
    if logits:
        raise ValueError(
            f"{who}: loss {name} with from_logits=True makes scores of the network's outputs, and predict would return "
            "them. Use loss='mse' with a linear output, or a sigmoid without from_logits."
        )
    if not _may_be_probabilities(activation):
        raise ValueError(
            f"{who}: loss {name} takes outputs from 0 to 1, but the network's last activation is {activation}. Use "
            "loss='mse', or a sigmoid with target_scaler='minmax'."
        )


def check_classification(who, network, loss, labels, n_flags=0):
    """Refuse an output layer or a loss that does not fit the labels.

    Parameters
    ----------
    who : str
        The estimator.
    network : keras.Model
        Built, not yet trained.
    loss : str, function or keras.losses.Loss
        What will be minimised.
    labels : list of int
        How many labels each output of the network should tell apart.
    n_flags : int, default=0
        How many labels of 0 or 1 its one output should answer side by side.
    """
    activation, name, logits = last_activation(network), loss_name(loss), takes_logits(loss)
    units = [shape[-1] for shape in output_shapes(network)]
    _refuse_number_of_outputs(who, len(units), len(labels))
    for n_units, n_labels in zip(units, labels, strict=True):
        _refuse_number_of_units(who, n_units, n_labels, n_flags)
        if n_flags or n_units == 1:
            _refuse_choice(who, activation, name, n_flags)
        else:
            _refuse_judging_each(who, activation, name, n_units)
    if logits and activation in PROBABILITIES:
        raise ValueError(
            f"{who}: loss {name} with from_logits=True takes scores, but the network's last activation, {activation}, "
            "gives probabilities. Use a linear output, or from_logits=False."
        )
    if not logits and not _may_be_probabilities(activation):
        wanted = "sigmoid" if n_flags or units[0] == 1 else "softmax"
        raise ValueError(
            f"{who} takes the network's outputs for probabilities, but its last activation is {activation}. Use "
            f"{wanted}, or a linear output and a cross-entropy with from_logits=True."
        )


def _refuse_number_of_outputs(who, n_outputs, expected):
    if n_outputs == expected:
        return
    if expected == 1:
        raise ValueError(f"{who}: y needs a network with one output, got one with {n_outputs}. Use one output layer.")
    raise ValueError(
        f"{who}: y has {expected} columns of labels, got a network with {_counted(n_outputs, 'output')}. Give it an "
        "output layer for each column, in their order."
    )


def _refuse_number_of_units(who, n_units, n_labels, n_flags):
    if n_flags:
        if n_units != n_flags:
            raise ValueError(
                f"{who}: y has {n_flags} labels of 0 or 1 side by side, got a network with an output of "
                f"{_counted(n_units, 'unit')}. Use {n_flags} units with sigmoid."
            )
    elif n_units != n_labels and (n_units, n_labels) != (1, 2):
        raise ValueError(
            f"{who}: y has {n_labels} classes, got a network with an output of {_counted(n_units, 'unit')}. Use "
            f"{n_labels} units with softmax{', or 1 unit with sigmoid' if n_labels == 2 else ''}."
        )


def _refuse_choice(who, activation, name, n_flags):
    """Raise where units that answer yes or no, each by itself, are made to choose one of them."""
    if activation == "softmax" and not n_flags:
        raise ValueError(
            f"{who}: softmax over one unit is always 1, whatever goes in. Use 1 unit with sigmoid, or 2 units with "
            "softmax."
        )
    if activation == "softmax":
        raise ValueError(
            f"{who}: softmax chooses one of {n_flags} labels, but each sample may have several of them. Use sigmoid."
        )
    if "categorical" in name:
        raise ValueError(
            f"{who}: loss {name} chooses one of several classes, but each unit of the network answers yes or no. "
            "Use loss='binary_crossentropy' with sigmoid."
        )


def _refuse_judging_each(who, activation, name, n_units):
    """Raise where units of which one is to be chosen are each judged by itself."""
    if name.startswith("binary"):
        raise ValueError(
            f"{who}: loss {name} judges every class by itself, but each sample has one of {n_units}. Use "
            "loss='sparse_categorical_crossentropy' with softmax."
        )
    if activation == "sigmoid" and "categorical" in name:
        raise ValueError(
            f"{who}: sigmoid judges every class by itself, but loss {name} chooses one of {n_units}. Use softmax."
        )


def _may_be_probabilities(activation):
    """Whether an activation's outputs are probabilities, or it is none of Keras' own."""
    from keras import activations

    return activation in PROBABILITIES or activation is None or not hasattr(activations, activation)


def _counted(n, noun):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
