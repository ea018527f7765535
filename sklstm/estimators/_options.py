"""Parameters that hold options of their own: architecture, training and validation."""

import copy

import numpy as np
from sklearn.base import clone

from sklstm.estimators._architecture import CNN_OPTIONS, CNNLSTM, FCN_OPTIONS, LSTMFCN, Architecture
from sklstm.estimators._network_checks import name_of
from sklstm.estimators._training_plan import TrainingPlan
from sklstm.model_selection import TimeTail

# What to pass in place of a plain value, such as "stacked" or 0.2, to set options.
HOLDERS = {"architecture": "Architecture", "training": "TrainingPlan", "validation": "TimeTail"}
OPTIONS_OF = {
    "architecture": {name for kind in (Architecture, CNNLSTM, LSTMFCN) for name in kind._get_param_names()},
    "training": TrainingPlan._get_param_names(),
    "validation": TimeTail._get_param_names(),
}
# How the options are written, by their names.
OPTIONS = {
    **{name: f"architecture=Architecture({name}=...)" for name in Architecture._get_param_names() if name != "network"},
    **{name: f"architecture=LSTMFCN({name}=...)" for name in FCN_OPTIONS},
    **{name: f"architecture=CNNLSTM({name}=...)" for name in CNN_OPTIONS},
    **{name: f"training=TrainingPlan({name}=...)" for name in OPTIONS_OF["training"]},
    "validation_fraction": "validation=0.2, the share of the samples at the end that are watched",
    "validation_split": "validation=0.2, the share of the samples at the end that are watched",
    "validation_gap": "validation=TimeTail(0.2, gap=...)",
}


def copy_value(value):
    """Copy a value that may be changed in place; a function in an Architecture stays the same object."""
    if isinstance(value, Architecture):
        twin = copy.copy(value)
        vars(twin).update({name: copy_value(option) for name, option in vars(value).items()})
        return twin
    if isinstance(value, (list, np.ndarray)):
        return copy.copy(value)
    return clone(value) if hasattr(value, "get_params") and not isinstance(value, type) else value


def is_same_value(one, other):
    """Whether two values of a parameter say the same; those with parameters of their own by these."""
    if hasattr(one, "get_params") and type(one) is type(other) and not isinstance(one, type):
        own, others = one.get_params(deep=False), other.get_params(deep=False)
        return own.keys() == others.keys() and all(is_same_value(own[name], others[name]) for name in own)
    if isinstance(one, (list, tuple, np.ndarray)) and isinstance(other, (list, tuple, np.ndarray)):
        return np.array_equal(np.asarray(one, dtype=object), np.asarray(other, dtype=object))
    return one is other or repr(one) == repr(other)


def refuse_options_of_plain_values(who, params, current):
    """Refuse to set an option of a plain value: ``training__stride`` of None, ``optimizer__momentum`` of "sgd".

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
        if option in OPTIONS_OF.get(name, ()) and not hasattr(value, "get_params"):
            shown = name_of(value) if callable(value) else repr(value)
            raise ValueError(
                f"{who}({name}={shown}) has no {option!r} to set. Pass an object that has: "
                f"{name}={_holder(option, name, shown)}."
            )
        if option and name in current and not hasattr(value, "set_params"):
            remedy = f"Pass an object that has: {name}=..."
            if name == "optimizer":
                remedy = f"Pass an optimizer: optimizer=keras.optimizers.Adam({option}=...)"
            if option in current:
                remedy = f"Pass {option}=... of the estimator"
            raise ValueError(
                f"{who}: {name}__{option} sets {option!r} of {name}, which is {value!r} and has no parameters to set. "
                f"{remedy}."
            )


def _holder(option, name, shown):
    """The object to pass in place of a plain value, as it is written."""
    if option in FCN_OPTIONS and (option not in CNN_OPTIONS or shown == "'lstm_fcn'"):
        return f"LSTMFCN({option}=...)"
    if option in CNN_OPTIONS:
        return f"CNNLSTM({option}=...)"
    first = "" if shown == "None" or option in ("network", "fraction") else f"{shown}, "
    return f"{HOLDERS[name]}({first}{option}=...)"
