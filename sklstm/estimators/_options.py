"""Parameters that hold options of their own: architecture, training and validation."""

import copy

from sklearn.base import clone

from sklstm.estimators._architecture import ARCHITECTURE_OPTIONS, CNN_OPTIONS, Architecture
from sklstm.estimators._network_checks import name_of

# What to pass in place of a plain value, such as "stacked" or 0.2, to set options.
HOLDERS = {"architecture": "Architecture", "training": "TrainingPlan", "validation": "TimeTail"}
# How the options are written, by their names.
OPTIONS = {
    **{name: f"architecture=Architecture({name}=...)" for name in ARCHITECTURE_OPTIONS},
    **{name: f"architecture=CNNLSTM({name}=...)" for name in CNN_OPTIONS},
    **{name: f"training=TrainingPlan({name}=...)" for name in ("stride", "min_steps", "shuffle", "tbptt")},
    "validation_fraction": "validation=0.2, the share of the samples at the end that are watched",
    "validation_split": "validation=0.2, the share of the samples at the end that are watched",
    "validation_gap": "validation=TimeTail(0.2, gap=...)",
}


def copy_value(value):
    """Copy a value that has parameters of its own; a function in an Architecture stays the same object."""
    if isinstance(value, Architecture):
        return copy.copy(value)
    return clone(value) if hasattr(value, "get_params") and not isinstance(value, type) else value


def refuse_options_of_plain_values(who, params, current):
    """Refuse to set an option of a plain value, as ``training__stride`` of ``training=None``.

    Parameters
    ----------
    who : str
        The estimator, for the message.
    params : dict
        What is to be set.
    current : dict
        Values of the parameters as they are.
    """
    for name, _, option in (name.partition("__") for name in params):
        value = params.get(name, current.get(name))
        if option and name in HOLDERS and not hasattr(value, "get_params"):
            shown = name_of(value) if callable(value) else repr(value)
            raise ValueError(
                f"{who}({name}={shown}) has no {option!r} to set. Pass an object that has: "
                f"{name}={_holder(option, name, shown)}."
            )


def _holder(option, name, shown):
    """The object to pass in place of a plain value, as it is written."""
    if option in CNN_OPTIONS:
        return f"CNNLSTM({option}=...)"
    first = "" if shown == "None" or option in ("network", "fraction") else f"{shown}, "
    return f"{HOLDERS[name]}({first}{option}=...)"
