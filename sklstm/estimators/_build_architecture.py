"""Build one of sklstm's architectures, or the network of a function of the user's."""

import inspect
from functools import partial

from sklstm._parameters import suggest
from sklstm._seeds import build_seeded, seed_for
from sklstm.estimators._architecture import Architecture
from sklstm.estimators._network_checks import check_network, name_of


def build_architecture(who, architecture, offered, samples, kept, seed):
    """A new network, and how to build it again where its configuration does not say it.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    architecture : Architecture
        Which network.
    offered : dict
        What a builder may ask for by name: ``meta`` and parameters.
    samples : Samples
        What the network is trained on.
    kept : ndarray of int
        Those of them that it learns from.
    seed : int
        Initial weights follow from it.

    Returns
    -------
    network : keras.Model
    rebuild : callable
    """
    import keras

    from sklstm import networks

    builder = architecture.network if architecture.is_custom else getattr(networks, architecture.network)
    if isinstance(builder, keras.Model):
        raise ValueError(
            f"{who} expects architecture to be a name or a function that builds a model, got a keras.Model. Use "
            "KerasRegressor or KerasClassifier, which copy it for each fit."
        )
    if isinstance(builder, type) and issubclass(builder, Architecture):
        name = builder.__name__
        raise TypeError(f"{who} expects an object, got architecture={name}, a class. Pass architecture={name}().")
    _refuse_unknown_activation(offered["output_activation"])
    if architecture.network == "cnn_lstm" and len(samples.sample_shape) == 2:
        # How it cuts samples must not follow how they are padded.
        n_samples, _, n_features = samples.shape
        shape = (n_samples, max(1, int(samples.n_observed().max())), n_features)
        offered = offered | {"meta": offered["meta"] | {"X_shape_": shape}}
    offered = offered | seed_for(builder, seed)
    asked = inspect.signature(builder).parameters
    missing = [name for name, p in asked.items() if p.default is p.empty and name not in offered and p.kind < 2]
    if missing:
        raise ValueError(
            f"{who}: the builder {name_of(builder)} asks for {missing[0]!r}, which it has no value for. A builder may "
            f"ask for {', '.join(offered)}. Give it a default, or bind it by functools.partial."
        )
    _refuse_idle_patches(who, architecture, name_of(builder), asked)
    rebuild = partial(builder, **{name: value for name, value in offered.items() if name in asked})
    network = build_seeded(rebuild, seed)
    check_network(who, builder, network, samples, kept)
    return network, rebuild


def _refuse_idle_patches(who, architecture, name, asked):
    length = getattr(architecture, "patch_length", None)
    if length is not None and "patch_length" not in asked:
        raise ValueError(
            f"{who} got patch_length={length} for a network that reads no patches, {name}. "
            "Leave patch_length out, or use 'vanilla', 'stacked', 'bidirectional' or 'encoder_decoder'."
        )


def _refuse_unknown_activation(activation):
    import keras

    try:
        keras.activations.get(activation)
    except ValueError:
        known = [name for name in dir(keras.activations) if not name.startswith("_")]
        raise ValueError(f"Keras has no activation {activation!r}.{suggest(activation, known)}") from None
