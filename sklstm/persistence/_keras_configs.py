"""Configurations of Keras in a file: they may name layers and operations of Keras, and nothing that executes code.

Keras has a safe mode, and `NetworkState` leaves it on. This check comes before it: names that it does not know are
refused before Keras is imported.
"""

import json

from sklstm.persistence._trust import UntrustedError

MODULES = frozenset(
    {
        *("keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints"),
        *("keras.optimizers", "keras.optimizers.schedules", "keras.losses", "keras.metrics", "keras.dtype_policies"),
        *("keras.src.models.functional", "keras.src.models.sequential", "keras.src.dtype_policies.dtype_policy"),
    }
)
OPERATIONS = "keras.src.ops."
# Values that JSON does not have; they have no module.
VALUES = frozenset({"__keras_tensor__", "__ellipsis__", "__slice__", "__numpy__", "__bytes__"})
# Layers that execute code of the file, or read other files.
UNSAFE = frozenset(
    {
        *("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
        *("StringLookup", "IntegerLookup", "TextVectorization", "FeatureSpace"),
    }
)
# Functions of Keras' modules that take a configuration, which would not be checked.
READERS = frozenset({"get", "serialize", "deserialize"})


def find_names(config):
    """Return the names in a configuration that Keras is not to look for by itself.

    Parameters
    ----------
    config : str, dict, list or None
        Layers in JSON, or a part of a configuration.

    Returns
    -------
    unknown, unsafe : list of str
        Full names, each once. An unknown class may be one that the user has registered and trusts; what is unsafe
        executes code, or reads other files.

    Examples
    --------
    >>> find_names({"module": "keras.layers", "class_name": "LSTM", "config": {"units": 2}})
    ([], [])
    >>> find_names({"module": "mine", "class_name": "Layer", "config": {"f": {"class_name": "__lambda__"}}})
    (['mine.Layer'], ['__lambda__'])
    """
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except ValueError:
            raise ValueError("the layers of a network are no JSON") from None
    unknown, unsafe, left = {}, {}, [config]
    while left:
        node = left.pop()
        if isinstance(node, (list, tuple)):
            left.extend(node)
        elif isinstance(node, dict):
            left.extend(node.values())
            if "class_name" in node and not _is_of_keras(node):
                found = unsafe if _is_unsafe(node) else unknown
                found[_full_name(node)] = True
    return list(unknown), list(unsafe)


def refuse_unsafe(config, trusted=frozenset()):
    """Raise if a configuration names what executes code, or a class that Keras does not have and nobody trusts."""
    unknown, unsafe = find_names(config)
    if unsafe:
        raise ValueError(
            f"a network names {', '.join(unsafe)}, which executes code or reads other files. Networks of this kind are "
            "saved by the name of a function that builds them"
        )
    if untrusted := [name for name in unknown if name not in trusted]:
        raise UntrustedError(untrusted)


def _full_name(node):
    module, kind = node.get("module"), node["class_name"]
    kind = node.get("config") if kind == "function" else kind
    return f"{kind}" if module is None else f"{module}.{kind}"


def _is_unsafe(node):
    """Whether it is a function, a layer that executes code, or a value that Keras imports something for."""
    kind = node["class_name"]
    return not isinstance(kind, str) or kind in UNSAFE or not kind[:1].isupper()


def _is_of_keras(node):
    """Whether it is a layer, an operation, a value or a function of Keras that executes no code of the file."""
    module, kind = node.get("module"), node["class_name"]
    if not isinstance(kind, str):
        return False
    if kind == "function":
        name = node.get("config")
        return module == "builtins" and isinstance(name, str) and name.isidentifier() and name not in READERS
    if module is None:
        return kind in VALUES
    # Functions of Keras begin with a small letter.
    is_class = kind[:1].isupper() and kind.isidentifier() and kind not in UNSAFE
    is_registered = node.get("registered_name") not in (None, kind)
    is_known = isinstance(module, str) and (module in MODULES or module.startswith(OPERATIONS))
    return is_known and is_class and not is_registered
