"""A network of one's own must be one, and fit the samples: where it does not, say what would."""

import json
from functools import lru_cache

import numpy as np

from sklstm._network_state import NetworkState, describes_itself, takes_nan


def check_network(who, builder, network, samples, trained=slice(None)):
    """Refuse what a builder returned unless it is a Keras model that has its layers, and takes the samples.

    NaN is refused in the samples that it is `trained` on.
    """
    import keras

    if not isinstance(network, keras.Model):
        raise TypeError(
            f"{who}: the builder {name_of(builder)} returned {type(network).__name__}, expected a keras.Model. End "
            "it in 'return model'."
        )
    if not network.built:
        raise ValueError(
            f"{who}: the model that {name_of(builder)} returned does not know the shape of its input yet. Begin it "
            "with keras.Input(meta['X_shape_'][1:])."
        )
    refuse_other_input(who, network, samples)
    config = json.dumps(network.get_config()) if describes_itself(network) else None
    refuse_nan(who, takes_nan(config), samples.windows[trained])


def refuse_other_input(who, network, samples):
    """Refuse a network that takes samples of another shape."""
    inputs = getattr(network, "inputs", None)
    if not inputs:
        return
    if len(inputs) > 1:
        raise ValueError(
            f"{who} has one X, got a network with {len(inputs)} inputs. Join them: keras.ops.split takes one input "
            "apart inside the network."
        )
    expected, got = tuple(inputs[0].shape[1:]), samples.sample_shape
    if len(expected) == len(got) and all(e in (None, g) for e, g in zip(expected, got, strict=True)):
        return
    remedy = "Begin the network with keras.Input(meta['X_shape_'][1:])"
    if len(expected) == 2 and len(got) == 1:
        remedy += (
            ", or give X three axes, (n_samples, n_timesteps, n_features): LagFramer makes windows, To3D adds axes"
        )
    raise ValueError(f"{who}: the network takes samples of shape {expected}, got X of shape {samples.shape}. {remedy}.")


def refuse_other_length(who, network, samples):
    """Refuse samples of another shape than a network takes that was built for a fixed one."""
    for expected in _sample_shapes(network):
        got = samples.sample_shape
        if len(expected) == len(got) and all(e in (None, g) for e, g in zip(expected, got, strict=True)):
            continue
        what = "samples of another shape"
        if len(expected) == len(got) > 1 and expected[0] != got[0]:
            what = f"samples of {got[0]} time steps, and its network takes {expected[0]}"
        raise ValueError(
            f"{who} got {what}: X has the shape {samples.shape}, and the network was built for samples of shape "
            f"{tuple(expected)}. Pass samples of that shape, or build the network for any number of time steps, "
            "keras.Input((None, n_features))."
        )


def _sample_shapes(network):
    """Shapes of the samples that a network takes, as far as they are known without building it."""
    if not isinstance(network, NetworkState):
        return [] if network.input_shape is None else [network.input_shape[1:]]
    return [] if network.config is None else _input_shapes(network.config)


@lru_cache(maxsize=64)
def _input_shapes(config):
    """Shapes of the samples that a network takes, by its configuration."""
    layers = json.loads(config)["config"].get("layers", ())
    shapes = [layer["config"].get("batch_shape") for layer in layers if layer.get("class_name") == "InputLayer"]
    return [tuple(shape[1:]) for shape in shapes if shape is not None]


def refuse_nan(who, looked_for, windows):
    """Refuse time steps that were not observed where the network does not look for NaN, and takes them for numbers."""
    if not looked_for and _shows_nan(windows):
        raise ValueError(
            f"{who} got NaN in X, time steps that were not observed, and the network does not look for NaN: its loss "
            "would be NaN. Begin the network with keras.ops.isnan and keras.ops.where, use one of sklstm.networks, put "
            "a number in their place that keras.layers.Masking masks, SequencePadder(value=-9.0), or drop the samples "
            "that hold NaN."
        )


def name_of(builder):
    """What a builder is called in messages."""
    return getattr(builder, "__name__", type(builder).__name__)


def _shows_nan(windows):
    """Whether any window holds NaN: between series there is some that none of them reaches."""
    missing = np.isnan(windows.buffer).any(axis=1)
    return bool(missing.any() and missing[windows.shown()].any())
