"""Names of parameters that are passed on to a builder, an optimizer, or Keras' fit and predict."""

from sklstm._keras_objects import parameters_of
from sklstm._parameters import suggest


def check_parameters(prefix, given, function):
    """Refuse names of routed parameters that a function does not take, with a suggestion."""
    known = parameters_of(function)
    if known is None:
        return
    for name in given:
        if name not in known:
            who = getattr(function, "__name__", type(function).__name__)
            takes = f"{who} takes {', '.join(known)}" if known else f"{who} takes no parameters"
            raise ValueError(f"No parameter '{prefix}__{name}': {takes}.{nearest(prefix, name, known)}")


def nearest(prefix, name, known):
    """A question that offers the known parameter nearest to `name`, with its prefix; or nothing."""
    return suggest(f"{prefix}__{name}", [f"{prefix}__{one}" for one in known or ()])
