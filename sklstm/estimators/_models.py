"""Build the network of KerasRegressor and KerasClassifier: from any builder, or by a copy of any model."""

import inspect
import sys

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
        build = ModelCopy(who, state_of(model))
    rebuild = NetworkBuilder(build, samples.sample_shape)
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


# Functions without a name of their own, as objects with plain attributes: an archive stores no functions.


class ModelCopy:
    """Returns a new model with the weights of the one given, and what it was compiled with.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    state : NetworkState
        The model that was given.
    """

    def __init__(self, who, state):
        self.who, self.state = who, state

    def __call__(self):
        try:
            return self.state.build()
        except (TypeError, ValueError, NotImplementedError) as cause:
            raise ValueError(
                f"{self.who} takes a keras.Model that Keras can copy, and this one holds a class or a function that it "
                "does not know. Pass the function that builds the model, or register what is your own with "
                "keras.saving.register_keras_serializable."
            ) from cause


class CompileKwargs:
    """Returns a fresh optimizer, loss and metrics, as keras.Model.compile takes them.

    Parameters
    ----------
    optimizer, loss, metrics
        As the estimator has them.
    routed : dict of str to dict
        Parameters of each of the three.
    """

    def __init__(self, optimizer, loss, metrics, routed):
        self.optimizer, self.loss, self.metrics, self.routed = optimizer, loss, metrics, routed

    def __call__(self):
        from sklstm.training import build_loss, build_metrics, build_optimizer

        return {
            "optimizer": build_optimizer(self.optimizer, **self.routed["optimizer"]),
            "loss": build_loss(self.loss, **self.routed["loss"]),
            "metrics": build_metrics(self.metrics, **self.routed["metrics"]),
        }


class BoundBuilder:
    """Returns what a builder returns; each time it gets a fresh optimizer, loss and metrics, where it asks for them.

    Parameters
    ----------
    builder : callable
        The user's.
    given : dict
        What it asks for by name.
    compile_kwargs : CompileKwargs or None
        None where it does not ask for them.
    """

    def __init__(self, builder, given, compile_kwargs):
        self.builder, self.given, self.compile_kwargs = builder, given, compile_kwargs

    def __call__(self):
        if self.compile_kwargs is None:
            return self.builder(**self.given)
        return self.builder(**{"compile_kwargs": self.compile_kwargs()} | self.given)


class NetworkBuilder:
    """Returns a new network that has its layers.

    Keras gives them to one without an input layer when it first sees an input.

    Parameters
    ----------
    build : callable
        Returns a model.
    sample_shape : tuple of int
        Shape of a sample.
    """

    def __init__(self, build, sample_shape):
        self.build, self.sample_shape = build, sample_shape

    def __call__(self):
        import keras

        network = self.build()
        if isinstance(network, keras.Model) and not network.built:
            network(keras.Input(self.sample_shape))
        return network


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
    return BoundBuilder(builder, given | params, compile_kwargs)


# Parameters of a builder that go by a name.
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _asks_for(name, builder):
    """Whether a builder takes a parameter of this name; one with ``**kwargs`` takes any, as with scikeras."""
    parameters = inspect.signature(builder).parameters
    return name in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
