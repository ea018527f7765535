"""One more time step through a network, from the state that the one before it left."""

import keras
import numpy as np

from sklstm.training._carried_state import carrying
from sklstm.training._carried_state import states as states_of
from sklstm.training._predict import predict_carrying
from sklstm.training._programs import programs


def one_step(state, row, states=None):
    """Outputs of a network for one more time step of a sequence, and its states after it.

    Parameters
    ----------
    state : NetworkState
        The network; its recurrent layers read forwards.
    row : ndarray of shape (1, 1, n_features)
        float32.
    states : list of ndarray, optional
        As the last call returned them; zero without them.

    Returns
    -------
    outputs, states : list of ndarray
    """
    if keras.backend.backend() != "tensorflow":
        return predict_carrying(state, lambda samples: row, 1, states)
    key = state.key and ("one step", state.key)
    program, zeros = programs.get(key, lambda: _program(state.build(), row.shape))
    outputs, states = program(state.tensors, row, zeros if states is None else states)
    return [output.numpy() for output in outputs], [after.numpy() for after in states]


def _program(network, shape):
    """A network as a program of TensorFlow for one time step, and the states that it begins with."""
    import tensorflow as tf

    network = carrying(network, batch_size=1)
    for layer in network._flatten_layers():
        if hasattr(layer, "unroll"):
            # A loop over one time step takes longer than the step.
            layer.unroll = True
    carried = states_of(network)

    def step(weights, inputs, states):
        known = [*zip(network.weights, weights, strict=True), *zip(carried, states, strict=True)]
        with keras.StatelessScope(known) as scope:
            outputs = keras.tree.flatten(network(inputs, training=False))
        return outputs, [scope.get_current_value(state) for state in carried]

    program = tf.function(step, autograph=False).get_concrete_function(
        [tf.TensorSpec(weight.shape, weight.dtype) for weight in network.weights],
        tf.TensorSpec(shape, network.inputs[0].dtype),
        [tf.TensorSpec(state.shape, state.dtype) for state in carried],
    )

    def run(weights, inputs, states):
        return program(weights, tf.constant(inputs), [tf.constant(state) for state in states])

    return run, [np.zeros(state.shape, state.dtype) for state in carried]
