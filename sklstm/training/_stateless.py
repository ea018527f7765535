"""Keras' optimizers as functions of plain tensors, on TensorFlow."""

import keras
import numpy as np

# Those whose updates were found equal to Keras' own; others write to variables in ways of their own.
STATELESS = {"Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "RMSprop", "SGD"}

# Of them, those that update each number by its own gradient and nothing else.
ELEMENTWISE = {"Adadelta", "Adagrad", "Adam", "Adamax", "Lion", "RMSprop", "SGD"}


def can_be_stateless(optimizer):
    """Whether `stateless` knows how to copy an optimizer."""
    kind, rate = type(optimizer), optimizer._learning_rate
    return (
        kind.__name__ in STATELESS
        and getattr(keras.optimizers, kind.__name__) is kind
        # A schedule of one's own, and what is set by a method, are not in the configuration that is copied.
        and (isinstance(rate, keras.Variable) or type(rate).__module__.startswith("keras."))
        and "_exclude_from_weight_decay" not in vars(optimizer)
        and not (optimizer.use_ema or optimizer.gradient_accumulation_steps or optimizer.loss_scale_factor)
    )


def stateless(optimizer, variables):
    """An optimizer like this one, whose `stateless_apply` works.

    Keras' optimizers are written for any backend; for TensorFlow some methods are replaced by others that know
    tf.distribute, and write to TensorFlow's own variables. The copy has the general ones, which Keras' StatelessScope
    sees.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        One that `can_be_stateless`.
    variables : list of keras.Variable
        What it updates.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Built; of a class derived from that of the given one.
    """
    for_tensorflow, general = (cls for cls in keras.optimizers.Optimizer.__mro__ if "stateless_apply" in vars(cls))
    methods = {name: vars(general)[name] for name in vars(for_tensorflow) if name in vars(general)}
    kept = {name: method for name, method in methods.items() if not name.startswith("__")}
    twin = type(type(optimizer).__name__, (type(optimizer),), kept).from_config(optimizer.get_config())
    twin.build(variables)
    return twin


def has_embedding(network):
    """Whether a network has a layer of which a batch concerns some rows only; Keras updates these in its own way."""
    return any(isinstance(layer, keras.layers.Embedding) for layer in network._flatten_layers())


class Updates:
    """The updates of an optimizer as a function of tensors.

    Where an optimizer takes each number for itself, all weights are updated as one vector: XLA compiles a fifth faster
    than for each of them.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        One that `can_be_stateless`, built.
    weights : list of keras.Variable
        What it updates.
    as_one : bool, default=True
        Whether all weights may be updated as one vector.
    """

    def __init__(self, optimizer, weights, *, as_one=True):
        self._sizes = [int(np.prod(weight.shape)) for weight in weights]
        self._shapes = [tuple(weight.shape) for weight in weights]
        self._as_one = _as_one(optimizer, weights) if as_one else None
        self._optimizer = self._as_one or stateless(optimizer, weights)

    def fresh(self):
        """The optimizer's state before the first update, in Keras' order."""
        import tensorflow as tf

        return self._by_weight([tf.identity(variable.value) for variable in self._optimizer.variables])

    def pack(self, state):
        """A state whose weights, and the optimizer's numbers for them, are as `apply` takes them."""
        if self._as_one is None:
            return state
        own, slots = state.optimizer[:2], state.optimizer[2:]
        n_slots = len(slots) // len(self._sizes)
        return state._replace(
            weights=[self._joined(state.weights)],
            optimizer=own + [self._joined(slots[slot::n_slots]) for slot in range(n_slots)],
        )

    def unpack(self, packed):
        """What `pack` has packed."""
        return packed._replace(weights=self.weights(packed), optimizer=self._by_weight(packed.optimizer))

    def weights(self, packed):
        """The weights of a packed state, one by one."""
        return packed.weights if self._as_one is None else self._cut(packed.weights[0])

    def gradients(self, gradients, weights):
        """Gradients of all weights as `apply` takes them."""
        if self._as_one is None:
            return gradients
        import tensorflow as tf

        # What the loss does not depend on stays as it is.
        return [self._joined([tf.zeros_like(w) if g is None else g for g, w in zip(gradients, weights, strict=True)])]

    def apply(self, packed, gradients):
        """The packed state after an update."""
        weights, optimizer = self._optimizer.stateless_apply(packed.optimizer, gradients, packed.weights)
        return packed._replace(weights=weights, optimizer=optimizer)

    def _by_weight(self, optimizer):
        """The optimizer's state in Keras' order: all numbers for one weight, then those for the next."""
        if self._as_one is None:
            return optimizer
        by_slot = [self._cut(slot) for slot in optimizer[2:]]
        return optimizer[:2] + [part for parts in zip(*by_slot, strict=True) for part in parts]

    def _joined(self, tensors):
        import tensorflow as tf

        return tf.concat([tf.reshape(tensor, (-1,)) for tensor in tensors], 0)

    def _cut(self, joined):
        import tensorflow as tf

        parts = tf.split(joined, self._sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]


def _as_one(optimizer, weights):
    """A stateless twin that updates all weights as one vector; None where that is not the same."""
    alike = type(optimizer).__name__ in ELEMENTWISE and not (optimizer.clipnorm or optimizer.weight_decay)
    alike = alike and isinstance(optimizer._learning_rate, keras.Variable)
    plain = [
        weight.dtype == "float32" and weight.constraint is None and not weight.overwrite_with_gradient
        for weight in weights
    ]
    if not alike or not all(plain):
        return None
    one = keras.Variable(np.zeros(sum(int(np.prod(weight.shape)) for weight in weights), np.float32), name="one")
    twin = stateless(optimizer, [one])
    # Slots of each weight stand together, in the order of those of the one.
    kinds = [variable.name.removeprefix("one") for variable in twin.variables[2:]]
    slots = optimizer.variables[2:]
    in_order = len(slots) == len(kinds) * len(weights) and all(
        slot.name.endswith(kinds[k % len(kinds)]) and slot.shape == weights[k // len(kinds)].shape
        for k, slot in enumerate(slots)
    )
    return twin if in_order else None
