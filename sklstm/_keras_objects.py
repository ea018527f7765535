"""Losses, metrics and optimizers of Keras as plain data: to pickle them, and to make them anew."""

import inspect


class PlainObject:
    """A loss, metric or optimizer that pickles as Python does.

    Keras' own pickles and configurations forget parameters of losses (the delta of Huber), and do not load a class of
    one's own.

    Parameters
    ----------
    kind : type or str
        Its class, or in a process without Keras the name of that.
    config : dict or None
        What the class is built from; None for a loss, which keeps nothing from call to call.
    attributes : dict or None
        Those of a loss.
    """

    def __init__(self, kind, config, attributes):
        self.kind, self.config, self.attributes = kind, config, attributes

    def __repr__(self):
        name = self.kind if isinstance(self.kind, str) else self.kind.__name__
        return f"<{name.rpartition('.')[2]} as plain data>"

    def build(self):
        """A fresh object."""
        if self.config is not None:
            return self.kind.from_config(self.config)
        loss = object.__new__(self.kind)
        vars(loss).update(self.attributes)
        return loss


def as_plain(given):
    """What was given for a loss, for metrics or an optimizer, with a PlainObject for each instance of Keras."""
    if isinstance(given, (list, tuple)):
        return type(given)(map(as_plain, given))
    if isinstance(given, dict):
        return {name: as_plain(value) for name, value in given.items()}
    if not is_instance(given):
        return given
    if not hasattr(given, "variables"):
        return PlainObject(type(given), None, vars(given).copy())
    return PlainObject(type(given), full_config(given), None)


def as_given(plain):
    """The way back from `as_plain`, with fresh instances."""
    if isinstance(plain, (list, tuple)):
        return type(plain)(map(as_given, plain))
    if isinstance(plain, dict):
        return {name: as_given(value) for name, value in plain.items()}
    is_plain = isinstance(plain, PlainObject) and not isinstance(plain.kind, str)
    return plain.build() if is_plain else plain


def holds_instance(given):
    """Whether what was given is, or holds, an instance of a loss, metric or optimizer."""
    if isinstance(given, (list, tuple)):
        return any(map(holds_instance, given))
    if isinstance(given, dict):
        return any(map(holds_instance, given.values()))
    return is_instance(given)


def is_instance(given):
    """Whether something is an instance of Keras, neither a name, a class nor a function."""
    return hasattr(given, "get_config") and not isinstance(given, type)


def full_config(instance):
    """What an instance of Keras is built from anew."""
    # Some losses and metrics leave parameters of their function out of their configuration.
    known = set(parameters_of(type(instance)))
    left_out = {name: value for name, value in getattr(instance, "_fn_kwargs", {}).items() if name in known}
    return left_out | instance.get_config()


def parameters_of(function):
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
