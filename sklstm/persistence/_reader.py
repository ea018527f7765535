"""Reads the schema that skops has written for `save`, as skops does, without importing skops.

To import skops is to import all of scikit-learn, which takes as long as half of sklstm. A file of anything that is not
known here, or not trusted, is left to skops.
"""

import io
import json
from importlib import import_module

import numpy as np

from sklstm.persistence import _trust

# Of the schema, as skops numbers it.
PROTOCOL = 2
CONTAINERS = {"builtins.dict": dict, "builtins.list": list, "builtins.tuple": tuple, "builtins.set": set}
# Types as values, beside those of NumPy.
TYPES = {f"builtins.{kind.__name__}": kind for kind in (int, float, str, bool, list, tuple, set)}


class Unknown(Exception):
    """Something that skops has to read, or to refuse."""


def read(schema, file):
    """Return the object of a schema.

    Parameters
    ----------
    schema : dict
        As skops has written it.
    file : zipfile.ZipFile
        The archive, for its arrays.

    Returns
    -------
    fitted : object

    Raises
    ------
    Unknown
        If it holds what is not known here.
    """
    if not isinstance(schema, dict) or schema.get("protocol") != PROTOCOL:
        raise Unknown
    return _Reader(file).read(schema)


class _Reader:
    """Constructs each node once; a node with the number of another one is that one."""

    def __init__(self, file):
        self._file = file
        self._known = {}

    def read(self, node):
        number = node["__id__"]
        if number not in self._known:
            method = METHODS.get(node["__loader__"])
            if method is None:
                raise Unknown
            self._known[number] = method(self, node)
        return self._known[number]

    def _json(self, node):
        return json.loads(node["content"])

    # --- containers and arrays --------------------------------------------------------------------

    def _dict(self, node):
        if _name(node) != "builtins.dict" or any(_name(key) != "builtins.str" for key in node["key_types"]["content"]):
            raise Unknown
        return {key: self.read(value) for key, value in node["content"].items()}

    def _sequence(self, node):
        items, name = map(self.read, node["content"]), _name(node)
        if name in CONTAINERS:
            return CONTAINERS[name](items)
        kind = _own_class(name)
        if not issubclass(kind, tuple):
            raise Unknown
        return kind(*items)

    def _array(self, node):
        name = _name(node)
        if node["type"] != "numpy":
            raise Unknown
        array = np.load(io.BytesIO(self._file.read(node["file"])), allow_pickle=False)
        return array if name == "numpy.ndarray" else _numpy_type(name)(array)

    def _masked_array(self, node):
        if _name(node) != "numpy.ma.MaskedArray":
            raise Unknown
        return np.ma.MaskedArray(*(self.read(node["content"][part]) for part in ("data", "mask")))

    def _bytes(self, node):
        if _name(node) != "builtins.bytes":
            raise Unknown
        return self._file.read(node["file"])

    def _slice(self, node):
        return slice(*(node["content"][part] for part in ("start", "stop", "step")))

    def _random_state(self, node):
        if _name(node) != "numpy.random.mtrand.RandomState":
            raise Unknown
        generator = np.random.RandomState()
        generator.set_state(self.read(node["content"]))
        return generator

    # --- types and objects ------------------------------------------------------------------------

    def _type(self, node):
        name = _name(node)
        return TYPES[name] if name in TYPES else _numpy_type(name)

    def _dtype(self, node):
        return self.read(node["content"]).dtype

    def _function(self, node):
        module, _, name = _name(node).rpartition(".")
        found = getattr(np, name, None)
        if module != "numpy" or not isinstance(found, np.ufunc):
            raise Unknown
        return found

    def _constructed(self, node):
        kind, content = _own_class(_name(node)), node["content"]
        return kind(*self.read(content))

    def _object(self, node):
        kind = _own_class(_name(node), also_estimators=True)
        instance, content = kind.__new__(kind), node.get("content")
        state = None if content is None else self.read(content)
        if state is not None:
            if hasattr(instance, "__setstate__"):
                instance.__setstate__(state)
            else:
                vars(instance).update(state)
        return instance


METHODS = {
    "JsonNode": _Reader._json,
    "DictNode": _Reader._dict,
    "ListNode": _Reader._sequence,
    "TupleNode": _Reader._sequence,
    "SetNode": _Reader._sequence,
    "NdArrayNode": _Reader._array,
    "MaskedArrayNode": _Reader._masked_array,
    "BytesNode": _Reader._bytes,
    "RandomStateNode": _Reader._random_state,
    "SliceNode": _Reader._slice,
    "TypeNode": _Reader._type,
    "DTypeNode": _Reader._dtype,
    "FunctionNode": _Reader._function,
    "ConstructorFromReduceNode": _Reader._constructed,
    "ObjectNode": _Reader._object,
}


def _name(node):
    return f"{node['__module__']}.{node['__class__']}"


def _numpy_type(name):
    """A scalar type of NumPy."""
    module, _, short = name.rpartition(".")
    found = getattr(np, short, None)
    if module != "numpy" or not isinstance(found, type) or not issubclass(found, np.generic):
        raise Unknown
    return found


def _own_class(name, *, also_estimators=False):
    """A class that is trusted."""
    if not (_trust.is_trusted_type(name) or (also_estimators and _trust.is_estimator(name))):
        raise Unknown
    module, _, short = name.rpartition(".")
    return getattr(import_module(module), short)
