"""Stand-ins for containers that skops does not store, for functions and classes by name, and for networks."""

import functools
import json
from collections import OrderedDict
from importlib import import_module

import numpy as np
from sklearn.utils import Bunch

from sklstm._keras_objects import PlainObject
from sklstm._network_state import NetworkState
from sklstm.persistence import _keras_configs, _reading
from sklstm.persistence._stand_in import StandIn
from sklstm.persistence._trust import refuse_untrusted_name

# --- containers -----------------------------------------------------------------------------------


class Json(StandIn):
    """A list or dict of numbers, text and None, in one text."""

    @staticmethod
    def restore(text):
        return json.loads(text)


class Mapping(StandIn):
    """A dict whose keys are not all text."""

    @staticmethod
    def restore(keys, values):
        return dict(zip(keys, values, strict=True))


class Ordered(StandIn):
    """An OrderedDict."""

    @staticmethod
    def restore(values):
        return OrderedDict(values)


class WithAttributes(StandIn):
    """A Bunch, scikit-learn's dict with attributes."""

    @staticmethod
    def restore(values):
        return Bunch(**values)


class ObjectArray(StandIn):
    """An array of dtype object."""

    @staticmethod
    def restore(items, shape):
        return np.fromiter(items, dtype=object, count=len(items)).reshape(shape)


class MaskedObjects(StandIn):
    """A masked array of dtype object."""

    @staticmethod
    def restore(data, mask):
        return np.ma.MaskedArray(data, mask)


class FrozenSet(StandIn):
    """A frozenset."""

    @staticmethod
    def restore(items):
        return frozenset(items)


class TimeScalar(StandIn):
    """A numpy.datetime64 or timedelta64, as an array without axes."""

    @staticmethod
    def restore(array):
        return array[()]


class Partial(StandIn):
    """A functools.partial."""

    @staticmethod
    def restore(function, args, params):
        return functools.partial(function, *args, **params)


# --- names ----------------------------------------------------------------------------------------


class Named(StandIn):
    """A function or a class, by its full name. It is trusted by its name, or not at all."""

    @staticmethod
    def restore(name):
        refuse_untrusted_name(name, _reading.current().trusted)
        if not _reading.current().builds_keras and name.startswith(("keras.", "sklstm.networks.")):
            return name
        return find_named(name)


def find_named(name):
    """Return the class or function of a full name.

    Raises
    ------
    ValueError
        If there is none.
    """
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        if callable(found):
            return found
        break
    raise ValueError(f"there is no function or class {name!r} in this environment. Install or import its module.")


# --- Keras ----------------------------------------------------------------------------------------


class Network(StandIn):
    """A NetworkState, whose layers are checked: they execute nothing that is not trusted."""

    @staticmethod
    def restore(config, weights, rebuild, compiled, onnx=None):
        if not isinstance(config, (str, type(None))):
            raise ValueError(f"the layers of a network are no text, but {type(config).__name__}")
        for part in (config, compiled):
            _keras_configs.refuse_unsafe(part, _reading.current().trusted)
        return NetworkState(config, weights, rebuild, compiled, onnx)


class KerasObject(StandIn):
    """An instance of Keras: a loss, metric, optimizer or callback."""

    @staticmethod
    def restore(kind, config, attributes):
        _keras_configs.refuse_unsafe(config, _reading.current().trusted)
        plain = PlainObject(kind, config, attributes)
        return plain.build() if _reading.current().builds_keras else plain


class Plain(StandIn):
    """A PlainObject."""

    @staticmethod
    def restore(kind, config, attributes):
        _keras_configs.refuse_unsafe(config, _reading.current().trusted)
        return PlainObject(kind, config, attributes)


def as_json(items):
    """Return a list or dict of numbers, text and None as text; floats are exact, NaN and infinity included."""
    return json.dumps(items)
