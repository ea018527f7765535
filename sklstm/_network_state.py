"""A network as plain data: text and arrays that pickle small and load anywhere, Keras not even imported."""

import json
from functools import cached_property, partial

import numpy as np

from sklstm._keras_objects import as_given, as_plain
from sklstm._seeds import Seeds, fill_in_seeds, seed_generators


class NetworkState:
    """What a Keras model is rebuilt from.

    Parameters
    ----------
    config : str
        The model's layers, as Keras writes them in JSON.
    weights : list of ndarray
        Their weights, in Keras' order.
    rebuild : callable, optional
        Builds the layers anew, where a configuration cannot describe them; it must pickle for the state to pickle.
    compiled : dict, optional
        What the model is compiled with, as `as_plain` writes it.
    onnx : OnnxNetwork, optional
        The same network as an ONNX graph. It is forgotten when the network changes.
    """

    def __init__(self, config, weights, rebuild=None, compiled=None, onnx=None):
        self.config = config
        self.weights = weights
        self.rebuild = rebuild
        self.compiled = compiled
        self.onnx = onnx
        self._asked = 0
        self._parts = {}

    @classmethod
    def of(cls, network, rebuild=None, *, keep_compiled=False):
        """The state of a Keras model.

        Parameters
        ----------
        network : keras.Model
            Any.
        rebuild : callable, optional
            How it was built, for a network that its configuration does not describe in full.
        keep_compiled : bool, default=False
            Whether to keep what it was compiled with.

        Returns
        -------
        state : NetworkState
            It shares nothing with the network.
        """
        compiled = _compiled(network) if keep_compiled and network.compiled else None
        if describes_itself(network):
            return cls(_described(network), network.get_weights(), compiled=compiled)
        if rebuild is None:
            import keras

            rebuild = partial(keras.models.clone_model, network)
        return cls(None, network.get_weights(), rebuild, compiled)

    def build(self):
        """Return a new Keras model in this state; its dropout starts from the same seeds each time."""
        import keras

        if self.config is None:
            network = self.rebuild()
            seed_generators(network, 0)
        else:
            network = keras.models.model_from_json(self.config)
        if self.compiled is not None:
            network.compile(**as_given(self.compiled))
        network.set_weights(self.weights)
        return network

    @cached_property
    def model(self):
        """The Keras model in this state, built when it is first asked for."""
        return self.build()

    def take_up_changes(self):
        """Take up what a user changed in `model`: its weights, and which of its layers are trained."""
        model = vars(self).get("model")
        if model is None:
            return
        weights = model.get_weights()
        if not all(map(np.array_equal, weights, self.weights)):
            self.weights, self.onnx = weights, None
            self._forget("tensors")
        if self.config is not None and (described := _described(model)) != self.config:
            self.config = described
            self._forget("key")

    def _forget(self, name):
        vars(self).pop(name, None)
        self._parts = {}

    @property
    def takes_nan(self):
        """Whether the network looks for NaN, time steps that were not observed; True where its layers do not say it."""
        return takes_nan(self.config)

    @property
    def input_shape(self):
        """Shape of the inputs, samples first; None where it is open."""
        return self.model.input_shape

    @cached_property
    def tensors(self):
        """The weights as TensorFlow takes them."""
        import tensorflow as tf

        return [tf.constant(weight) for weight in self.weights]

    @cached_property
    def key(self):
        """What two networks of the same layers share; None where a configuration does not say it."""
        return None if self.config is None else without_names_and_seeds(self.config)

    def part(self, cut, *args):
        """A part of the network as a state of its own: that of ``cut(model, *args)``, made when first asked for."""
        key = cut, args
        if key not in self._parts:
            # Of a model of its own: what shares layers with `model` would leave traces in it.
            self._parts[key] = NetworkState.of(cut(self.build(), *args))
        return self._parts[key]

    def is_asked_often(self, often):
        """Count a question, and say whether there were more than so many; never where the layers have no key."""
        self._asked += 1
        return self.key is not None and self._asked > often

    def __getstate__(self):
        return {name: vars(self)[name] for name in ("config", "weights", "rebuild", "compiled", "onnx")}

    def __setstate__(self, state):
        self.__init__(**state)


def takes_nan(config):
    """Whether a network looks for NaN, by its layers in JSON; True for None."""
    return config is None or '"Isnan"' in config


def _described(network):
    """Return a Keras model's layers in JSON, as Keras reads it, without what the model is compiled with.

    Seeds that are missing are filled in: Keras would draw them from Python's generator whenever the model is rebuilt.
    """
    import keras

    kind = type(network)
    config = keras.saving.serialize_keras_object(network.get_config())
    fill_in_seeds(config, Seeds(0))
    return json.dumps(
        {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "registered_name": kind.__name__,
            "config": config,
            "build_config": network.get_build_config(),
        }
    )


def _compiled(network):
    """What a model was compiled with: the arguments of compile."""
    return as_plain(dict(network._compile_config.config))


def describes_itself(network):
    """Whether the network can be rebuilt from its configuration, by Keras alone."""
    import keras

    if type(network).__module__.split(".")[0] != "keras":
        return False
    known = all(
        type(layer).__module__.split(".")[0] == "keras" and not isinstance(layer, keras.layers.Lambda)
        for layer in network._flatten_layers()
    )
    return known and _is_all_of_keras(network.get_config())


def _is_all_of_keras(node):
    """Whether a configuration names no function or class (an activation, an initializer) from elsewhere.

    >>> _is_all_of_keras({"activation": "relu", "units": 2})
    True
    >>> _is_all_of_keras([{"activation": {"module": "builtins", "class_name": "function", "config": "mine"}}])
    False
    """
    if isinstance(node, (list, tuple)):
        return all(map(_is_all_of_keras, node))
    if not isinstance(node, dict):
        return True
    if node.get("class_name") == "__lambda__" or not str(node.get("module", "keras")).startswith("keras"):
        return False
    return all(map(_is_all_of_keras, node.values()))


def without_names_and_seeds(config):
    """Return a model's configuration with its layers numbered and without seeds.

    Keras names layers by how many it has built so far. Programs take seeds as arguments.

    >>> a = '{"class_name": "Dropout", "config": {"name": "dropout_7", "trainable": true, "rate": 0.5, "seed": 4}}'
    >>> without_names_and_seeds(a)
    '{"class_name": "Dropout", "config": {"name": 0, "trainable": true, "rate": 0.5}}'
    """
    numbers = {}

    def numbered(node):
        """A copy of a node; a name is a number where it is a layer's, and stays where it is an activation's."""
        if isinstance(node, list):
            return [numbered(value) for value in node]
        if not isinstance(node, dict):
            return node
        copied = {key: numbered(value) for key, value in node.items() if key != "seed"}
        if "class_name" in node and _is_layer(node):
            number = numbers.setdefault(node["config"]["name"], len(numbers))
            copied["config"]["name"] = number
            if "name" in node:
                copied["name"] = number
        if "keras_history" in node:
            name, *rest = node["keras_history"]
            copied["keras_history"] = [numbers.setdefault(name, len(numbers)), *rest]
        for ends in ("input_layers", "output_layers"):
            if ends in node:
                copied[ends] = _number_ends(node[ends], numbers)
        return copied

    return json.dumps(numbered(json.loads(config)))


def _is_layer(node):
    """Whether a part of a configuration is that of a layer, or of an operation between layers."""
    return "inbound_nodes" in node or "trainable" in (node.get("config") or ()) or node["class_name"] == "InputLayer"


def _number_ends(ends, numbers):
    """Inputs or outputs of a model, [name, node, tensor] or lists of them, with numbers for names."""
    if ends and isinstance(ends[0], str):
        return [numbers.setdefault(ends[0], len(numbers)), *ends[1:]]
    return [_number_ends(end, numbers) for end in ends]
