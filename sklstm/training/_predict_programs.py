"""Compiled programs by which Keras networks predict."""

from functools import partial

import keras
import numpy as np

from sklstm.training._carried_state import carrying, carrying_predictor
from sklstm.training._fast_lstm import fast_lstms
from sklstm.training._lengths import trim
from sklstm.training._paths import xla_takes
from sklstm.training._programs import programs

# Who predicts a few samples again and again gets a program of XLA's, for so many samples or filled up to so many. It
# takes up to a second to compile, and then 0.25 ms for a window of any length; TensorFlow takes 1 ms for 24 time steps.
FEW, OFTEN = (1, 8, 32), 100


def on_tensorflow():
    """Return whether Keras computes by TensorFlow."""
    return keras.backend.backend() == "tensorflow"


def predict_batch(state, inputs, open_front):
    """Outputs of a network for inputs that are gathered: a list of ndarray.

    Parameters
    ----------
    state : NetworkState
        The network.
    inputs : ndarray of shape (n_samples, ...)
        Inputs of some samples.
    open_front : bool
        Whether time steps at the front that no sample has observed may be left out.
    """
    return _predict(state, inputs, open_front) if on_tensorflow() else _listed(state.model.predict_on_batch(inputs))


def carrying_program(state, n_streams):
    """Return a function of ``(gather, order, states, keep, present)``: `carrying_predictor` with the weights."""
    predict = programs.get(
        state.key and ("predict carrying", state.key, n_streams),
        lambda: carrying_predictor(carrying(state.build(), batch_size=n_streams)),
    )
    return partial(predict, state.tensors if on_tensorflow() else state.weights)


def _predict(state, inputs, open_front):
    """Outputs for inputs that are gathered, on TensorFlow: a list of ndarray."""
    few = next((size for size in FEW if len(inputs) <= size), None)
    if few is not None and state.is_asked_often(OFTEN):
        shape = (few, *inputs.shape[1:])
        program = programs.get(("predict few", state.key, shape), lambda: _program_for_few(state.build(), shape))
        if program is not None:
            filled = inputs if len(inputs) == few else np.resize(inputs, shape)
            return [output[: len(inputs)] for output in program(state.tensors, filled)]
    program = programs.get(state.key and ("predict", state.key), lambda: _program(state.build()))
    return program(state.tensors, trim(inputs) if open_front else inputs)


def _program(network):
    """A network as a function of its weights and of inputs; it returns a list of outputs.

    It is traced once for any number of samples, and of time steps where the network leaves it open. Keras' own predict
    and predict_on_batch trace again, and warn about it, as shapes and models come and go.
    """
    import tensorflow as tf

    traced = tf.function(_by_weights(network), autograph=False)
    shape = getattr(network, "input_shape", None)
    if shape is not None:
        # A network of a class of one's own does not say what it takes.
        traced = traced.get_concrete_function(*_signature(network, (None, *shape[1:])))
    return _on_arrays(traced)


def _program_for_few(network, shape):
    """The same for inputs of one shape, by XLA; None where XLA does not take the network."""
    import tensorflow as tf

    if not xla_takes(network):
        return None
    with fast_lstms(network):
        program = tf.function(_by_weights(network), jit_compile=True, autograph=False).get_concrete_function(
            *_signature(network, shape)
        )
    return _on_arrays(program)


def _on_arrays(program):
    import tensorflow as tf

    return lambda weights, inputs: [output.numpy() for output in program(weights, tf.constant(inputs))]


def _by_weights(network):
    def outputs(weights, inputs):
        with keras.StatelessScope(list(zip(network.weights, weights, strict=True))):
            return _listed(network(inputs, training=False))

    return outputs


def _signature(network, shape):
    import tensorflow as tf

    weights = [tf.TensorSpec(weight.shape, weight.dtype) for weight in network.weights]
    return weights, tf.TensorSpec(shape, network.inputs[0].dtype)


def _listed(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
