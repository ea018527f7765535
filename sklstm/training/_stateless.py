"""Keras' optimizers as functions of plain tensors, on TensorFlow."""

import keras

# Those whose updates were found equal to Keras' own; others write to variables in ways of their own.
STATELESS = {"Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "RMSprop", "SGD"}


def can_be_stateless(optimizer):
    """Whether `stateless` knows how to copy an optimizer."""
    kind = type(optimizer)
    own = getattr(keras.optimizers, kind.__name__, None) is kind and kind.__name__ in STATELESS
    return own and not (optimizer.use_ema or optimizer.gradient_accumulation_steps or optimizer.loss_scale_factor)


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
