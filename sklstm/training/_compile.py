"""Optimizers, losses, metrics and callbacks: fresh ones for each fit, from what the user gave."""

import copy
import inspect

import keras

from sklstm._parameters import suggest


def build_optimizer(optimizer, **params):
    """A fresh optimizer from a name, class or instance, with some of its parameters set.

    An instance is copied, so that each fit starts alike.
    """
    if isinstance(optimizer, str):
        optimizer = _find(optimizer, "optimizer", _classes(keras.optimizers, keras.optimizers.Optimizer))
    return _build(optimizer, "optimizer", params)


def build_loss(loss, **params):
    """A loss that Keras can compile, from a name, class, function or instance."""
    if not isinstance(loss, str):
        return _build(loss, "loss", params)
    if params:
        known = _classes(keras.losses, keras.losses.Loss)
        return _build(_find(loss.replace("_", ""), "loss class", known), "loss", params)
    try:
        return keras.losses.get(loss)
    except ValueError:
        names = [name for name in dir(keras.losses) if not name.startswith("_")]
        raise ValueError(f"Keras has no loss {loss!r}.{suggest(loss, names)}") from None


def build_metrics(metrics, **params):
    """Fresh metrics from names, classes, functions or instances; names are left for Keras to read."""
    built = []
    for metric in metrics or ():
        if isinstance(metric, str) and metric not in ("accuracy", "acc", "crossentropy", "ce"):
            try:
                keras.metrics.get(metric)
            except ValueError:
                names = [name for name in dir(keras.metrics) if not name.startswith("_")]
                raise ValueError(f"Keras has no metric {metric!r}.{suggest(metric, names)}") from None
        built.append(metric if isinstance(metric, str) else _build(metric, "metrics", params))
    return built


def build_callbacks(callbacks, **params):
    """Fresh callbacks from classes and instances, in a list, a dict or alone.

    Parameters
    ----------
    callbacks : callback, class, list of them, dict of them by name, or None
        Instances are copied, classes are called.
    **params : dict
        For the classes: ``patience=3`` for each that takes it, ``0__patience=3`` or ``stopper__patience=3`` for
        one, by its place or name.

    Returns
    -------
    callbacks : list of keras.callbacks.Callback
        As many as were given.
    """
    if not isinstance(callbacks, (list, tuple, dict)):
        callbacks = [] if callbacks is None else [callbacks]
    named = callbacks if isinstance(callbacks, dict) else {str(k): callback for k, callback in enumerate(callbacks)}
    taken = set()
    built = []
    for name, callback in named.items():
        if not isinstance(callback, type):
            built.append(copy.deepcopy(callback))
            continue
        own = {}
        for param, value in params.items():
            of, _, rest = param.partition("__")
            key = rest if rest and of == name else param
            if key in _parameters_of(callback):
                own[key] = value
                taken.add(param)
        built.append(callback(**own))
    for param in params:
        if param not in taken:
            known = sorted({key for callback in named.values() for key in _parameters_of(callback)})
            classes = "none of the callbacks is a class that takes it; an instance has its parameters already"
            raise ValueError(f"No parameter 'callbacks__{param}': {classes}.{_nearest('callbacks', param, known)}")
    return built


def early_stopping(monitor, patience):
    """Stop after so many epochs without a better value, and go back to the best weights."""
    return keras.callbacks.EarlyStopping(monitor, patience=patience, restore_best_weights=True)


def check_parameters(prefix, given, function):
    """Refuse names of routed parameters that a function does not take, with a suggestion."""
    known = _parameters_of(function)
    if known is None:
        return
    for name in given:
        if name not in known:
            who = getattr(function, "__name__", type(function).__name__)
            takes = f"{who} takes {', '.join(known)}" if known else f"{who} takes no parameters"
            raise ValueError(f"No parameter '{prefix}__{name}': {takes}.{_nearest(prefix, name, known)}")


def _build(given, kind, params):
    """A fresh object from a class or an instance; a function as it is."""
    if isinstance(given, type):
        check_parameters(kind, params, given)
        return given(**params)
    if hasattr(given, "get_config"):
        check_parameters(kind, params, type(given))
        return type(given).from_config(given.get_config() | params)
    if params:
        raise ValueError(
            f"No parameter '{kind}__{next(iter(params))}': {getattr(given, '__name__', given)} is a function. Pass "
            "the class, or functools.partial of the function."
        )
    return given


def _parameters_of(function):
    """Names of the parameters of a function or class; None where it takes any."""
    if isinstance(function, type):
        classes = [cls for cls in function.__mro__ if "__init__" in vars(cls) and cls is not object]
        signatures = [inspect.signature(cls.__init__).parameters.values() for cls in classes]
        # Keras' classes pass what they do not know to the class above, which refuses what nobody knows.
        parameters = [p for signature in signatures for p in list(signature)[1:]]
        return _names(parameters)
    parameters = inspect.signature(function).parameters.values()
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else _names(parameters)


def _names(parameters):
    return list(dict.fromkeys(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)))


def _nearest(prefix, name, known):
    return suggest(f"{prefix}__{name}", [f"{prefix}__{one}" for one in known or ()])


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
