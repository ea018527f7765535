"""Optimizers, losses, metrics and callbacks: fresh ones for each fit, from what the user gave."""

import copy

import keras

from sklstm._keras_objects import full_config, parameters_of
from sklstm._parameters import suggest
from sklstm.training._parameters import check_parameters, nearest


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
    try:
        found = keras.losses.get(loss)
    except ValueError:
        raise ValueError(f"Keras has no loss {loss!r}.{suggest(loss, _public(keras.losses))}") from None
    if not params:
        return found
    # Names are of functions, and parameters of the class of that name.
    name = getattr(found, "__name__", type(found).__name__).replace("_", "")
    return _build(_find(name, "loss class", _classes(keras.losses, keras.losses.Loss)), "loss", params)


def build_metrics(metrics, **params):
    """Fresh metrics from names, classes, functions or instances; names without parameters are left for Keras to read.

    Parameters
    ----------
    metrics : str, class, function or keras.metrics.Metric, a list of them, or None
        Instances are copied, classes are called.
    **params : dict
        As for `build_callbacks`.

    Returns
    -------
    metrics : list of str, function or keras.metrics.Metric
        As many as were given.
    """
    if not isinstance(metrics, (list, tuple)):
        metrics = [] if metrics is None else [metrics]
    named = {str(k): metric for k, metric in enumerate(metrics)}
    classes = {name: _metric_class(metric) for name, metric in named.items()}
    own = _share_out("metrics", params, {name: cls and parameters_of(cls) for name, cls in classes.items()})
    built = []
    for name, metric in named.items():
        if isinstance(metric, str):
            built.append(classes[name](**own[name]) if own[name] else metric)
        else:
            built.append(_build(metric, "metrics", own[name]))
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
    for callback in named.values():
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks hold {callback!r}, expected keras.callbacks.Callback, instances or classes of it."
            )
    classes = {name: callback for name, callback in named.items() if isinstance(callback, type)}
    own = _share_out("callbacks", params, {name: parameters_of(cls) for name, cls in classes.items()})
    return [
        # The model that an instance has watched before is none of its settings.
        callback(**own[name]) if name in classes else copy.deepcopy(callback, {id(callback.model): None})
        for name, callback in named.items()
    ]


def early_stopping(monitor, patience):
    """Stop after so many epochs without a better value, and go back to the best weights."""
    return keras.callbacks.EarlyStopping(monitor, patience=patience, restore_best_weights=True)


def _build(given, kind, params):
    """A fresh object from a class or an instance; a function as it is."""
    if isinstance(given, type):
        check_parameters(kind, params, given)
        return given(**params)
    if isinstance(given, keras.losses.Loss) and not params:
        # It keeps nothing from call to call.
        return given
    if hasattr(given, "get_config"):
        check_parameters(kind, params, type(given))
        return type(given).from_config(full_config(given) | params)
    if params:
        raise ValueError(
            f"No parameter '{kind}__{next(iter(params))}': {getattr(given, '__name__', given)} is a function. Pass "
            "the class, or functools.partial of the function."
        )
    return given


def _share_out(route, params, known):
    """Parameters for each of several objects: those for one of them by its name, the others for all that take them.

    Parameters
    ----------
    route : str
        Their prefix, for the message.
    params : dict
        Names, which may begin with the name of an object, and values.
    known : dict of str to list of str or None
        What each object takes, by its name.

    Returns
    -------
    own : dict of str to dict
        Parameters of each object, by its name.
    """
    own = {name: {} for name in known}
    # Those for all come first, so that those for one replace them.
    for param in sorted(params, key=lambda param: "__" in param):
        of, _, rest = param.partition("__")
        one = rest in (known.get(of) or ())
        takers = [of] if one else [name for name, takes in known.items() if param in (takes or ())]
        if not takers:
            takes = list(dict.fromkeys(key for keys in known.values() for key in keys or ()))
            said = f"the {route} take {', '.join(takes)}" if takes else f"there are no {route} that take parameters"
            by_name = [f"{name}__{key}" for name, keys in known.items() for key in keys or ()]
            raise ValueError(f"No parameter '{route}__{param}': {said}.{nearest(route, param, takes + by_name)}")
        for name in takers:
            own[name][rest if one else param] = params[param]
    return own


def _metric_class(metric):
    """The class of a metric given in any form; None where it is a function, or Keras chooses it by the loss."""
    if isinstance(metric, type):
        return metric
    if not isinstance(metric, str):
        return type(metric) if hasattr(metric, "get_config") else None
    if metric in ("accuracy", "acc", "crossentropy", "ce"):
        return None
    try:
        found = keras.metrics.get(metric)
    except ValueError:
        raise ValueError(f"Keras has no metric {metric!r}.{suggest(metric, _public(keras.metrics))}") from None
    return type(found) if hasattr(found, "get_config") else None


def _public(module):
    """Names that Keras knows in a module, the short ones included."""
    return [name for name in dir(module) if not name.startswith("_")] + ["mse", "mae", "mape", "msle"]


def _classes(module, base):
    """Keras' own classes of a kind, by their names in lower case."""
    named = {name: getattr(module, name) for name in dir(module)}
    return {
        name.lower(): found
        for name, found in named.items()
        if isinstance(found, type) and issubclass(found, base) and found is not base
    }


def _find(name, kind, known):
    if name.lower() not in known:
        raise ValueError(f"Keras has no {kind} {name!r}.{suggest(name.lower(), list(known))}")
    return known[name.lower()]
