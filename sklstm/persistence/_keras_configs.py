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


def find_unsafe(config, trusted=frozenset()):
    """Return the names in a configuration that Keras is not to look for.

    Parameters
    ----------
    config : str, dict, list or None
        Layers in JSON, or a part of a configuration.
    trusted : set of str
        Full names of classes that the user trusts.

    Returns
    -------
    unsafe : list of str
        Full names, each once.

    Examples
    --------
    >>> find_unsafe({"module": "keras.layers", "class_name": "LSTM", "config": {"units": 2}})
    []
    >>> find_unsafe({"module": "os", "class_name": "system", "config": {}})
    ['os.system']
    """
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except ValueError:
            raise ValueError("the layers of a network are no JSON") from None
    found, left = {}, [config]
    while left:
        node = left.pop()
        if isinstance(node, (list, tuple)):
            left.extend(node)
        elif isinstance(node, dict):
            left.extend(node.values())
            name = _full_name(node) if "class_name" in node else None
            if name is not None and name not in trusted:
                found[name] = True
    return list(found)


def refuse_unsafe(config, trusted=frozenset()):
    """Raise if a configuration names something that Keras is not to look for."""
    unsafe = None if config is None else find_unsafe(config, trusted)
    if unsafe:
        raise UntrustedError(unsafe)


def _full_name(node):
    """The name of what a part of a configuration stands for; None if it is safe."""
    module, kind = node.get("module"), node["class_name"]
    if not isinstance(kind, str) or not isinstance(module, (str, type(None))):
        return f"{module}.{kind}"
    if kind == "function":
        name = node.get("config")
        is_safe = module == "builtins" and isinstance(name, str) and name.isidentifier() and name not in READERS
        return None if is_safe else f"{module}.{name}"
    if module is None:
        return None if kind in VALUES else kind
    # Functions of Keras begin with a small letter.
    is_class = kind[:1].isupper() and kind.isidentifier() and kind not in UNSAFE
    is_registered = node.get("registered_name") not in (None, kind)
    safe = (module in MODULES or module.startswith(OPERATIONS)) and is_class and not is_registered
    return None if safe else f"{module}.{kind}"
