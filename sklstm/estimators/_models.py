"""Build the network of KerasRegressor and KerasClassifier: from any builder, or by a copy of any model."""

import inspect
import sys
from functools import partial

from sklstm._network_state import NetworkState
from sklstm._seeds import build_seeded, seed_for
from sklstm.estimators._network_checks import check_network, name_of
from sklstm.estimators._output_checks import loss_name


def build_model(who, model, params, meta, compile_kwargs, samples, seed):
    """A new network, how to build it again, and whether the builder took care that it is compiled as asked for.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    model : callable, keras.Model or NetworkState
        What builds it, or what it is a copy of.
    params : dict
        Parameters of the builder.
    meta : dict
        What a builder is told of X and y.
    compile_kwargs : callable
        Makes a fresh optimizer, loss and metrics.
    samples : Samples
        What the network is trained on.
    seed : int
        Initial weights of a network that is built follow from it.

    Returns
    -------
    network : keras.Model
    rebuild : callable
    asks : bool
    """
    if model is None:
        raise ValueError(f"{who} needs a model: pass model=, a function that returns a keras.Model, or a keras.Model.")
    asks = False
    if is_builder(model):
        build = _bind(who, model, params, meta, compile_kwargs, seed)
        asks = _asks_for("compile_kwargs", model)
    else:
        if params:
            raise ValueError(
                f"{who}: model__{next(iter(params))} goes to a builder, but model is a keras.Model, which is built. "
                "Pass the function that builds it."
            )
        build = partial(copy_model, who, state_of(model))
    rebuild = partial(_built, build, samples.sample_shape)
    network = build_seeded(rebuild, seed) if is_builder(model) else rebuild()
    check_network(who, model, network, samples)
    return network, rebuild, asks


def is_builder(model):
    """Whether it builds a model, and is none."""
    return callable(model) and not is_model(model)


def is_model(model):
    """Whether it is a keras.Model; where Keras is not loaded, there is none."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def state_of(model):
    """A keras.Model as plain data, with what it was compiled with; what a pickle brought back is plain already."""
    return model if isinstance(model, NetworkState) else NetworkState.of(model, keep_compiled=True)


def copy_model(who, state):
    """A new model with the weights of the one given, and what it was compiled with."""
    try:
        return state.build()
    except (TypeError, ValueError, NotImplementedError) as cause:
        raise ValueError(
            f"{who} takes a keras.Model that Keras can copy, and this one holds a class or a function that it does not "
            "know. Pass the function that builds the model, or register what is your own with "
            "keras.saving.register_keras_serializable."
        ) from cause


def make_compile_kwargs(optimizer, loss, metrics, routed):
    """A fresh optimizer, loss and metrics, as keras.Model.compile takes them."""
    from sklstm.training import build_loss, build_metrics, build_optimizer

    return {
        "optimizer": build_optimizer(optimizer, **routed["optimizer"]),
        "loss": build_loss(loss, **routed["loss"]),
        "metrics": build_metrics(metrics, **routed["metrics"]),
    }


def refuse_unused(who, network, optimizer, loss, routed):
    """Refuse an optimizer, a loss or a parameter of theirs where the model was compiled without asking for them."""
    from sklstm.training import build_loss, build_optimizer

    unused = [f"{route}__{name}" for route, params in routed.items() for name in params]
    if loss is not None and loss_name(build_loss(loss)) != loss_name(network.loss):
        unused.append("loss")
    if optimizer != "rmsprop" and type(build_optimizer(optimizer)) is not type(network.optimizer):
        unused.append("optimizer")
    if unused:
        raise ValueError(
            f"{who}: {unused[0]} has no effect, as the model is compiled already, with "
            f"{type(network.optimizer).__name__} and {loss_name(network.loss)}. Let the builder take "
            "compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not compiled."
        )


def _bind(who, builder, params, meta, compile_kwargs, seed):
    """The builder with what it asks for by name."""
    from sklstm.training import check_parameters

    check_parameters("model", params, builder)
    given = seed_for(builder, seed) | ({"meta": meta} if _asks_for("meta", builder) else {})
    compile_kwargs = compile_kwargs if _asks_for("compile_kwargs", builder) else None
    for name, parameter in inspect.signature(builder).parameters.items():
        needed = parameter.default is parameter.empty and parameter.kind in _NAMED
        if needed and name == "params" and name not in params:
            raise ValueError(
                f"{who}: the builder {name_of(builder)} asks for 'params', all parameters of the estimator, as "
                "scikeras passes them. Ask for those that it needs by name, and set them as model__units=32."
            )
        if needed and name not in {"meta", "compile_kwargs", "seed"} | set(params):
            raise ValueError(
                f"{who}: the builder {name_of(builder)} asks for {name!r}. Pass model__{name}=, or give it a default."
            )
    return partial(_call, builder, given | params, compile_kwargs)


# Parameters of a builder that go by a name.
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _asks_for(name, builder):
    """Whether a builder takes a parameter of this name; one with ``**kwargs`` takes any, as with scikeras."""
    parameters = inspect.signature(builder).parameters
    return name in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def _call(builder, given, compile_kwargs):
    """What a builder returns; each time it is given a fresh optimizer, loss and metrics, where it asks for them."""
    return builder(**given) if compile_kwargs is None else builder(**{"compile_kwargs": compile_kwargs()} | given)


def _built(build, sample_shape):
    """A new network that has its layers; Keras gives them to one without an input layer when it first sees an input."""
    import keras

    network = build()
    if isinstance(network, keras.Model) and not network.built:
        network(keras.Input(sample_shape))
    return network
