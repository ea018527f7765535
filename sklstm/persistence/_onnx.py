"""Networks as ONNX graphs, for processes without TensorFlow."""

import copy
from types import ModuleType

import numpy as np
import pandas as pd

from sklstm.estimators import KerasEstimator, add_graphs, is_served, use_graphs

# Values in which no estimator is looked for.
CLOSED = (str, bytes, int, float, complex, type, ModuleType, np.generic, pd.DataFrame, pd.Series, pd.Index)


def with_onnx(fitted):
    """Return a copy of a fitted object whose networks have their ONNX graphs beside layers and weights.

    Parameters
    ----------
    fitted : object
        An estimator, or what holds estimators: a Pipeline, a search, a forecaster, an OnlinePredictor.

    Returns
    -------
    copied : object

    Raises
    ------
    ImportError
        If tf2onnx or onnxruntime is not installed.
    ValueError
        If a network cannot be exported.
    """
    copied = copy.deepcopy(fitted)
    for estimator in _networks_of(copied):
        add_graphs(estimator)
    return copied


def served(fitted):
    """Let the networks of an object that was loaded predict by their ONNX graphs, in place; returns the object.

    Raises
    ------
    ValueError
        If a network has no graph.
    """
    for estimator in _networks_of(fitted):
        use_graphs(estimator)
    return fitted


def refuse_served(fitted):
    """Raise a ValueError if a network is an ONNX graph alone, as an object has it that was loaded to be served."""
    for estimator in _networks_of(fitted):
        if is_served(estimator):
            raise ValueError(
                f"{type(estimator).__name__} was saved after it had been loaded with runtime='onnx', without its Keras "
                "network. Load this file with runtime='onnx', or the file that was saved after training."
            )


def _networks_of(fitted):
    """Fitted estimators of sklstm within an object, each once."""
    found, seen, left = [], {}, [fitted]
    while left:
        value = left.pop()
        if value is None or isinstance(value, CLOSED) or id(value) in seen:
            continue
        # With the object, whose identity nothing else may get.
        seen[id(value)] = value
        if isinstance(value, KerasEstimator) and hasattr(value, "members_"):
            found.append(value)
        elif isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            left.extend(value)
        elif isinstance(value, np.ndarray):
            left.extend(value.ravel() if value.dtype == object else ())
        else:
            left.extend(getattr(value, "__dict__", {}).values())
    return found
