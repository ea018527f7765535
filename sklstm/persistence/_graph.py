"""From fitted objects to what skops stores: stand-ins for what it does not store, and the state of objects."""

import functools
import sys
import types
from collections import OrderedDict
from importlib import import_module

import numpy as np
from sklearn.utils import Bunch

from sklstm import _versions
from sklstm._keras_objects import PlainObject, as_plain
from sklstm._network_state import NetworkState
from sklstm.persistence import _pandas_objects, _stand_ins, _trust

PLAIN = (type(None), bool, int, float, str, bytes)
IN_JSON = (type(None), bool, int, float, str)
# A list or dict of more numbers and texts than this is stored as one text.
LONG = 8
# Types that skops stores by itself, and that hold nothing for which it needs help.
FOR_SKOPS = (np.random.RandomState, np.random.Generator, np.ufunc, np.dtype, slice, bytearray)


def as_storable(fitted):
    """Return what skops is to store of a fitted object: stand-ins and shadows, which share what the object shares.

    Raises
    ------
    TypeError
        If something in it cannot be stored; the message says where it is.
    """
    return _Converter().convert(fitted, type(fitted).__name__)


class _Shadow:
    """The state of an object, under the name of its class."""

    def __init__(self, state):
        self.state = state

    def __getstate__(self):
        return self.state


class _Constructed(_Shadow):
    """The arguments by which an object is constructed again, under the name of its class."""

    def __reduce__(self):
        return type(self), self.state


@functools.cache
def _shadow_class(base, module, name):
    return type(name, (base,), {"__module__": module})


class _Converter:
    """Converts each object once."""

    def __init__(self):
        # By identity, with the object, whose identity nothing else may get before the end.
        self._converted = {}
        self._open = set()

    def convert(self, value, where):
        """Return what is to be stored for a value; `where` says where it is, for messages."""
        if type(value) in PLAIN:
            return value
        if id(value) in self._converted:
            return self._converted[id(value)][1]
        if id(value) in self._open:
            raise TypeError(f"{where}, which holds itself. Take the circle apart.")
        self._open.add(id(value))
        converted = self._convert(value, where)
        self._open.discard(id(value))
        self._converted[id(value)] = value, converted
        return converted

    def _convert(self, value, where):
        if isinstance(value, type) or (callable(value) and isinstance(value, FUNCTIONS)):
            return self._named(value, where)
        if isinstance(value, functools.partial):
            return self._stand_in(_stand_ins.Partial, where, value.func, value.args, value.keywords)
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, (np.datetime64, np.timedelta64)):
            return _stand_ins.TimeScalar.of(np.asarray(value))
        if isinstance(value, (np.generic, *FOR_SKOPS)):
            return value
        try:
            described = _pandas_objects.describe(value)
        except TypeError as cause:
            raise TypeError(f"{where}, {cause}") from None
        if described is not None:
            kind, *args = described
            return self._stand_in(kind, where, *args)
        if isinstance(value, dict):
            return self._dict(value, where)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(value, where)
        if type(value) is NetworkState:
            state = value.__getstate__()
            return self._stand_in(_stand_ins.Network, where, *(state[name] for name in NETWORK))
        if isinstance(value, PlainObject):
            return self._stand_in(_stand_ins.Plain, where, value.kind, value.config, value.attributes)
        if _is_keras_object(value):
            plain = _plain(value, where)
            return self._stand_in(_stand_ins.KerasObject, where, plain.kind, plain.config, plain.attributes)
        return self._object(value, where)

    def _stand_in(self, kind, where, *args):
        return kind.of(*(self.convert(arg, where) for arg in args))

    # --- containers -------------------------------------------------------------------------------

    def _array(self, array, where):
        if array.dtype != object:
            return array
        if isinstance(array, np.ma.MaskedArray):
            data, mask = (self.convert(part, where) for part in (array.data, np.ma.getmaskarray(array)))
            return _stand_ins.MaskedObjects.of(data, mask)
        times = _pandas_objects.describe_times(array)
        if times is not None:
            return self._stand_in(_pandas_objects.ObjectTimes, where, *times)
        return self._stand_in(_stand_ins.ObjectArray, where, array.ravel().tolist(), array.shape)

    def _dict(self, given, where):
        if type(given) in DICTS:
            return self._stand_in(DICTS[type(given)], where, dict(given))
        if type(given) is not dict:
            raise TypeError(f"{where}, a {type(given).__name__}. Use a dict.")
        if all(type(key) is str for key in given):
            if _is_long_and_plain(given.values()):
                return _stand_ins.Json.of(_stand_ins.as_json(given))
            return {key: self.convert(value, f"{where}[{key!r}]") for key, value in given.items()}
        return self._stand_in(_stand_ins.Mapping, where, list(given), list(given.values()))

    def _sequence(self, given, where):
        if type(given) is list and _is_long_and_plain(given):
            return _stand_ins.Json.of(_stand_ins.as_json(given))
        items = [self.convert(item, f"{where}[{k}]") for k, item in enumerate(given)]
        if type(given) in (list, set):
            return type(given)(items)
        if type(given) is frozenset:
            return _stand_ins.FrozenSet.of(items)
        if isinstance(given, tuple) and (type(given) is tuple or hasattr(given, "_fields")):
            return tuple.__new__(type(given), items)
        raise TypeError(f"{where}, a {type(given).__name__}. Use a list.")

    # --- objects ----------------------------------------------------------------------------------

    def _object(self, value, where):
        cls = type(value)
        module, root = cls.__module__, cls.__module__.split(".")[0]
        if "<locals>" in cls.__qualname__ or "." in cls.__qualname__ or module == "__main__":
            raise TypeError(
                f"{where}, a {cls.__qualname__} of {module!r}: no other process can import its class. Define it at the "
                "top level of a module."
            )
        try:
            reduced = value.__reduce_ex__(4)
        except TypeError as cause:
            raise TypeError(f"{where}, a {module}.{cls.__qualname__}, which is no plain data.") from cause
        if len(reduced) == 2 and reduced[0] is cls:
            args = tuple(self.convert(arg, where) for arg in reduced[1])
            return _shadow_class(_Constructed, module, cls.__name__)(args)
        if getattr(reduced[0], "__name__", None) != "__newobj__" or reduced[1] != (cls,) or any(reduced[3:]):
            if root in ("sklearn", "scipy", "numpy"):
                return value
            raise TypeError(f"{where}, a {module}.{cls.__qualname__}, which is no plain data.")
        state = reduced[2] if len(reduced) > 2 else None
        if isinstance(state, dict):
            state = {
                name: self.convert(part, f"{where}.{name}") for name, part in state.items() if name != _versions.KEY
            }
        elif state is not None:
            raise TypeError(f"{where}, a {module}.{cls.__qualname__}, whose state is no dict.")
        return _shadow_class(_Shadow, module, cls.__name__)(state)

    def _named(self, value, where):
        if isinstance(value, type) and value.__module__ in ("builtins", "numpy"):
            return value
        name = name_of(value)
        if name is None:
            kind = "class" if isinstance(value, type) else "function"
            raise TypeError(
                f"{where}, the {kind} {getattr(value, '__qualname__', value)} of {value.__module__!r}: no other "
                "process can import it. Define it at the top level of a module, under a name."
            )
        return _stand_ins.Named.of(name)


def _is_long_and_plain(values):
    """Whether values fit into one text, and are so many that this is worth it."""
    return len(values) > LONG and all(type(value) in IN_JSON for value in values)


DICTS = {OrderedDict: _stand_ins.Ordered, Bunch: _stand_ins.WithAttributes}
NETWORK = ("config", "weights", "rebuild", "compiled", "onnx")
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type(np.mean))
PUBLIC = (*_trust.NAMED, "keras.callbacks")


def name_of(value):
    """Return the full name by which a function or class is imported; None if it is not."""
    short, module = getattr(value, "__qualname__", ""), getattr(value, "__module__", None)
    if module == "__main__" or not module or "<" in short:
        return None
    for public in PUBLIC:
        # Public names stay where they are from version to version.
        if public.split(".")[0] == module.split(".")[0] and getattr(import_module(public), short, None) is value:
            return f"{public}.{short}"
    found = sys.modules.get(module) or import_module(module)
    for part in short.split("."):
        found = getattr(found, part, None)
    return f"{module}.{short}" if found is value else None


def _is_keras_object(value):
    """Whether it is an instance of Keras, also of a class of the user's that is derived from one of Keras."""
    return any(kind.__module__.split(".")[0] == "keras" for kind in type(value).__mro__)


def _plain(value, where):
    """A PlainObject of an instance of Keras."""
    import keras

    if isinstance(value, (keras.Model, keras.layers.Layer)):
        raise TypeError(
            f"{where}, a model or layer of Keras. Pass a function that builds it, at the top level of a module."
        )
    plain = as_plain(value)
    if plain is not value:
        return plain
    # The model that a callback has watched is none of its settings.
    return PlainObject(type(value), None, vars(value) | {"_model": None} if "_model" in vars(value) else vars(value))
