"""What a network is compiled with, and when two networks are compiled with the same."""

import json
from typing import Any, NamedTuple

import keras

from sklstm.training._epoch_program import make_metric_variables
from sklstm.training._known_loss import KnownLoss
from sklstm.training._pinball_loss import PinballLoss


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


def settings_key(network, batch):
    """What a network shares with another that is compiled alike; None where it cannot be told.

    The learning rate is no part of it where it is a number: that is a variable of the optimizer.
    """
    parts = [*losses_of(network), *metrics_of(network, batch)]
    if not all(map(is_of_keras, parts)):
        return None
    config = network.get_compile_config()
    optimizer = dict(config.pop("optimizer")["config"], kind=type(network.optimizer).__name__)
    # Keras numbers optimizers as it builds them.
    optimizer.pop("name", None)
    if not isinstance(optimizer.get("learning_rate"), dict):
        optimizer.pop("learning_rate", None)
    # Keras leaves some parameters (the delta of Huber) out of what it writes.
    parts = [part.loss if type(part) is KnownLoss else part for part in parts]
    left_out = [getattr(part, "_fn_kwargs", None) for part in parts]
    try:
        return json.dumps([optimizer, config, left_out], sort_keys=True)
    except TypeError:
        return None


def losses_of(network):
    """The losses that a network is compiled with: instances and functions."""
    return [keras.losses.get(loss) for loss in keras.tree.flatten(network.loss)]


def metrics_of(network, batch):
    """The metrics that a network is compiled with, but for its losses: instances."""
    _, *others = network.metrics
    if not others:
        return []
    make_metric_variables(network, batch)
    return [metric for other in others for metric in getattr(other, "metrics", [other])]


def is_of_keras(part):
    """Whether a loss or metric, or the function within it, is one of Keras' own, or one that we add to them."""
    if type(part) is PinballLoss:
        return True
    if type(part) is KnownLoss:
        part = part.loss
    function = getattr(part, "fn", getattr(part, "_fn", part))
    return all(getattr(one, "__module__", type(one).__module__).split(".")[0] == "keras" for one in (part, function))
