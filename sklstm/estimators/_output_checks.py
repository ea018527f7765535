"""Output layer, loss and targets must fit each other: where they do not, say what would."""

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
    "softplus": (0, np.inf),
    "exponential": (0, np.inf),
}
# Scaled in single precision, a target may miss the end of its range by a little.
SLACK = 1e-5


def output_shapes(network):
    """Shapes of the network's outputs, (n_samples, ...), in a list."""
    shapes = network.output_shape
    return list(shapes) if isinstance(shapes, list) else [shapes]


def last_activation(network):
    """Name of the activation that makes the network's (first) output, or None where it cannot be told."""
    outputs = getattr(network, "outputs", None)
    if not outputs or not hasattr(outputs[0], "_keras_history"):
        return None
    layer = outputs[0]._keras_history.operation
    if type(layer).__name__ == "Softmax":
        return "softmax"
    while hasattr(layer, "layer"):
        layer = layer.layer
    return getattr(getattr(layer, "activation", None), "__name__", None)


def loss_name(loss):
    """A loss in snake case: of a name, function or instance."""
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return {"binarycrossentropy": "binary_crossentropy"}.get(name.lower(), name)


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
    targets : ndarray
        Of the training samples, scaled.
    target_scaler : str, transformer or None
        What scaled them; for the message.
    """
    activation, name = last_activation(network), loss_name(loss)
    _refuse_lone_softmax(who, network, activation)
    low, high = RANGES.get(activation, (-np.inf, np.inf))
    if "crossentropy" in name:
        low, high = 0, 1
    least, most = float(targets.min()), float(targets.max())
    if least >= low - SLACK and most <= high + SLACK:
        return
    scaled = f"target_scaler={target_scaler!r}" if target_scaler is not None else "no target_scaler"
    cause = f"loss {name} takes targets" if "crossentropy" in name else f"{activation} gives outputs"
    span = "of 0 and more" if high == np.inf else f"from {low} to {high}"
    fitting = "target_scaler='minmax'" + (" scales y to 0..1" if low == 0 else " scales y into it")
    other = "loss='mse' takes any" if "crossentropy" in name else "output_activation='linear' reaches any"
    raise ValueError(
        f"{who}: {cause} {span}, but with {scaled} the targets go from {least:.3g} to {most:.3g}. "
        f"{fitting}, or {other}."
    )


def check_classification(who, network, loss, target, labels):
    """Refuse an output layer or a loss that does not fit the labels.

    Parameters
    ----------
    who : str
        The estimator.
    network : keras.Model
        Built, not yet trained.
    loss : str, function or keras.losses.Loss
        What will be minimised.
    target : {"binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"}
        Kind of y.
    labels : list of int
        How many labels each output of the network tells apart.
    """
    activation, name = last_activation(network), loss_name(loss)
    _refuse_lone_softmax(who, network, activation)
    shapes = output_shapes(network)
    if len(shapes) != len(labels):
        raise ValueError(
            f"{who}: y has {len(labels)} outputs, got a network with {len(shapes)}. Give it an output layer for each "
            "output of y, in their order."
        )
    for shape, n_labels in zip(shapes, labels, strict=True):
        fitting = {n_labels} | ({1} if n_labels == 2 else set())
        if target == "multilabel-indicator" or shape[-1] in fitting:
            continue
        raise ValueError(
            f"{who}: y has {n_labels} classes, got a network with an output of {shape[-1]} units. Use {n_labels} "
            f"units with softmax{', or 1 unit with sigmoid' if n_labels == 2 else ''}."
        )
    one_of_many = shapes[0][-1] > 1 and target != "multilabel-indicator"
    logits = takes_logits(loss)
    if one_of_many and name == "binary_crossentropy":
        raise ValueError(
            f"{who}: loss binary_crossentropy judges every class by itself, but each sample has one of "
            f"{shapes[0][-1]}. Use loss='sparse_categorical_crossentropy' with softmax."
        )
    if not one_of_many and "categorical" in name:
        raise ValueError(
            f"{who}: loss {name} chooses one of several classes, but each output of the network answers yes or no. "
            "Use loss='binary_crossentropy' with sigmoid."
        )
    if one_of_many and activation == "sigmoid" and "categorical" in name:
        raise ValueError(
            f"{who}: sigmoid judges every class by itself, but loss {name} chooses one of {shapes[0][-1]}. Use softmax."
        )
    if activation == "linear" and "crossentropy" in name and not logits:
        wanted = "softmax" if one_of_many else "sigmoid"
        raise ValueError(
            f"{who}: loss {name} takes probabilities, but the network's output is linear. Use {wanted} as the last "
            "activation, or a loss with from_logits=True."
        )


def takes_logits(loss):
    """Whether a loss takes scores in place of probabilities."""
    return bool(getattr(loss, "from_logits", False) or getattr(loss, "_fn_kwargs", {}).get("from_logits", False))


def _refuse_lone_softmax(who, network, activation):
    if activation == "softmax" and output_shapes(network)[0][-1] == 1:
        raise ValueError(
            f"{who}: softmax over one unit is always 1, whatever goes in. Use sigmoid for yes or no, softmax over as "
            "many units as there are classes, or a linear output for numbers."
        )
