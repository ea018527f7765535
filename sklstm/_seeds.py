"""Seeds of networks: each layer and initializer gets its own, and no global generator is set or replaced."""

import inspect
import random
from functools import cache

import numpy as np


class Seeds:
    """Seeds for layers and initializers, one after another from one integer.

    Parameters
    ----------
    seed : int or None
        The same integer gives the same seeds. With None, Keras draws default seeds.
    """

    def __init__(self, seed):
        self._generator = None if seed is None else random.Random(int(seed))

    def next(self):
        """Return the next seed; None where Keras draws."""
        # The range of Keras' default seeds.
        return None if self._generator is None else self._generator.randint(1, 10**9)

    def skip(self, n_seeds):
        """Leave out some seeds."""
        for _ in range(n_seeds):
            self.next()

    def initializer(self, name="glorot_uniform"):
        """Return an initializer with the next seed, as a layer takes it: its name, or its configuration."""
        return name if self._generator is None else {"class_name": name, "config": {"seed": self.next()}}


def is_seed(variable):
    """Return whether a variable of a network is the state of a seed generator."""
    return variable.path.endswith("seed_generator_state")


def seed_generators(network, seed):
    """Set the seed generators of a network, those of dropout for example."""
    rng = np.random.default_rng(seed)
    for variable in network.non_trainable_variables:
        if is_seed(variable):
            variable.assign(rng.integers(2**31 - 1, size=variable.shape).astype(variable.dtype))


def fill_in_seeds(config, seeds):
    """Give each layer and initializer of Keras in a model's configuration a seed where it has None, in place.

    >>> layer = {"module": "keras.layers", "class_name": "Dropout", "config": {"rate": 0.5, "seed": None}}
    >>> fill_in_seeds([layer], Seeds(0))
    >>> layer["config"]["seed"]
    906691060
    """
    if isinstance(config, dict):
        inner = config.get("config")
        if isinstance(inner, dict) and inner.get("seed", 0) is None and str(config.get("module")).startswith("keras."):
            inner["seed"] = seeds.next()
    for value in config.values() if isinstance(config, dict) else config:
        if isinstance(value, (dict, list, tuple)):
            fill_in_seeds(value, seeds)


def seed_for(builder, seed):
    """Return ``{"seed": seed}`` for a builder that has a parameter of this name without a value, and else no parameter.

    >>> seed_for(lambda meta, seed=None: ..., 5), seed_for(lambda meta, seed=1: ..., 5), seed_for(lambda meta: ..., 5)
    ({'seed': 5}, {}, {})
    """
    parameter = inspect.signature(builder).parameters.get("seed")
    return {} if parameter is None or parameter.default not in (None, parameter.empty) else {"seed": seed}


def build_seeded(build, seed):
    """Call a builder, and make the initial weights of its network follow from a seed.

    Python's generator is used as in any call of the builder: Keras draws default seeds from it. They are then replaced.
    Seeds and weights that the builder sets are kept.

    Some weights do not follow from the seed, unless the builder seeds them itself:

    - values that the builder draws by keras.random, NumPy or TensorFlow, and weights that it quantizes,
    - weights of a layer that is not part of Keras, from an initializer object that the layer does not keep as an
      attribute,
    - the bias of an LSTM with a random `bias_initializer` that is given as an object, as Keras adds ones to its values.

    Parameters
    ----------
    build : callable
        Returns a keras.Model.
    seed : int
        The same integer gives the same weights.

    Returns
    -------
    network : keras.Model
        The result of ``build()``.
    """
    import keras

    seeds, seeded, kinds = Seeds(seed), [], _random_initializers()
    scope = keras.saving.custom_object_scope({})
    with scope:
        # The names that the caller's own scope defines: a scope hides those around it.
        given = scope.backup
    named = {name: _Named(name, kind, seeds, seeded) for name, kind in kinds.items()}
    # Keras keeps such a scope by thread.
    with keras.saving.custom_object_scope(named | given):
        network = build()
    if isinstance(network, keras.Model):
        _replace_default_seeds(network, seeds, seeded, tuple(kinds.values()))
    return network


class _Named(str):
    """Name of an initializer that gives those that Keras makes by this name a seed; a string in all other places."""

    __slots__ = ("_kind", "_seeded", "_seeds")

    def __new__(cls, name, kind, seeds, seeded):
        self = super().__new__(cls, name)
        self._kind, self._seeds, self._seeded = kind, seeds, seeded
        return self

    def from_config(self, config):
        """Return a new initializer. Its configuration does not tell the seed, so that copies get other ones."""
        initializer = self._kind.from_config(config)
        if config.get("seed") is None:
            initializer.seed = self._seeds.next()
            self._seeded.append(initializer)
        return initializer


@cache
def _random_initializers():
    """Classes of Keras' random initializers by all of their names."""
    import keras

    kinds = {
        name: kind
        for name, kind in vars(keras.initializers).items()
        if inspect.isclass(kind)
        and issubclass(kind, keras.initializers.Initializer)
        and "seed" in inspect.signature(kind).parameters
    }
    return kinds | {"normal": keras.initializers.RandomNormal, "uniform": keras.initializers.RandomUniform}


def _replace_default_seeds(network, seeds, seeded, kinds):
    """Give new seeds to the other initializers that layers hold, and new values to the weights that these made."""
    done = set(map(id, seeded))
    made_by = {}
    for layer in network._flatten_layers():
        for name, initializer in vars(layer).items():
            if isinstance(initializer, kinds) and id(initializer) not in done and _has_default_seed(initializer):
                weights = [
                    (weight, layer, name)
                    for weight in _candidates(layer, name)
                    if _is_equal(weight, _initial_values(weight, layer, name))
                ]
                made_by.setdefault(id(initializer), (initializer, []))[1].extend(weights)
    for initializer, weights in made_by.values():
        initializer.seed = seeds.next()
        for weight, layer, name in weights:
            weight.assign(_initial_values(weight, layer, name))


def _has_default_seed(initializer):
    return initializer.get_config().get("seed", 0) is None


def _candidates(layer, name):
    """Return the weights of a layer that its initializer of a name may have made; in a layer of Keras names agree."""
    stem = name.removesuffix("_initializer")
    named = [weight for weight in layer.weights if weight.name in (stem, f"{stem}_kernel")]
    return named if named and type(layer).__module__.startswith("keras.") else layer.weights


def _initial_values(weight, layer, name):
    """Return the values that a layer's initializer of a name gives a weight of the layer; None if it cannot."""
    import keras

    initializer = vars(layer)[name]
    # Weights of a quantized layer are whole numbers.
    if not keras.backend.is_float_dtype(weight.dtype):
        return None
    if isinstance(layer, keras.layers.EinsumDense):
        # It hands its axes to a copy of the initializer.
        twin = type(layer).from_config(layer.get_config() | {name: initializer})
        twin.build_from_config(layer.get_build_config())
        return next((copy.value for copy in twin.weights if copy.name == weight.name), None)
    if isinstance(initializer, keras.initializers.Orthogonal) and len(weight.shape) < 2:
        return None
    return initializer(weight.shape, dtype=weight.dtype)


def _is_equal(weight, values):
    """Return whether a weight has these initial values, and not values set later."""
    import keras

    as_array = keras.ops.convert_to_numpy
    return values is not None and np.array_equal(as_array(weight), as_array(values))
