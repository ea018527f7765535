"""Keras' LSTM layers as the LSTM operator of ONNX, which knows lengths of sequences but no masks."""

from contextlib import contextmanager
from functools import partial

import keras
import numpy as np

# Keras' gates are i, f, g, o; those of ONNX i, o, f, g.
GATES = [0, 3, 1, 2]


@contextmanager
def onnx_lstms(network, carried=()):
    """In this block the LSTM layers of a network are traced as an operator that HANDLERS translate to ONNX.

    They compute the same numbers. Time steps that were not observed leave the state as it is: so the others are moved
    to the front, the operator is told how many there are, and its outputs are moved back. A graph of TensorFlow's loop
    would take ten times as long for a window. Layers with other activations keep their loop.

    Parameters
    ----------
    network : keras.Model
        Traced within the block, and not called: the operator has no implementation here.
    carried : sequence of str
        Names of the layers that go on from states.

    Yields
    ------
    states : States
        Of the layers that are carried.
    """
    states = States(carried)
    layers = [layer for layer in network._flatten_layers() if is_translated(layer)]
    for layer in layers:
        layer.inner_loop = partial(_inner_loop, layer, _packed_weights(layer.cell), states)
    try:
        yield states
    finally:
        for layer in layers:
            del layer.inner_loop


class States:
    """States of the layers that are carried, by the names of the layers: before and after a trace, pairs of tensors."""

    def __init__(self, names):
        self.names = names
        self.before, self.after = {}, {}

    def begin(self, tensors):
        """Set the states to begin with, two for each layer."""
        self.before = dict(zip(self.names, zip(tensors[::2], tensors[1::2], strict=True), strict=True))

    def end(self):
        """Return the states after the trace, two for each layer."""
        return [state for name in self.names for state in self.after[name]]


def is_translated(layer):
    """Whether a layer is an LSTM that the operator of ONNX computes."""
    return (
        type(layer) is keras.layers.LSTM
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.dtype_policy.name == "float32"
    )


def _packed_weights(cell):
    """Weights of a cell in one array, as ONNX has them: kernel, recurrent kernel, biases of both."""
    order = (np.arange(4 * cell.units).reshape(4, -1)[GATES]).ravel()
    bias = keras.ops.convert_to_numpy(cell.bias) if cell.use_bias else np.zeros(4 * cell.units)
    kernels = [
        keras.ops.convert_to_numpy(weight)[:, order].T.ravel() for weight in (cell.kernel, cell.recurrent_kernel)
    ]
    return np.concatenate([*kernels, bias[order], np.zeros_like(bias)]).astype(np.float32)


def _inner_loop(layer, weights, states, sequences, initial_state, mask, training=False):
    """The layer's own `inner_loop`, of the same signature: last output, all outputs, and last states."""
    import tensorflow as tf

    if layer.name in states.before:
        initial_state = states.before[layer.name]
    steps = tf.reverse(sequences, (1,)) if layer.go_backwards else sequences
    n_samples, n_timesteps = tf.shape(steps)[0], tf.shape(steps)[1]
    if mask is None:
        outputs, *after = _operator(steps, initial_state, weights, tf.fill([n_samples], n_timesteps))
        states.after[layer.name] = after
        return after[0], outputs, after
    observed = tf.reverse(mask, (1,)) if layer.go_backwards else mask
    position = tf.range(n_timesteps)
    order = tf.argsort(tf.where(observed, position, position + n_timesteps), axis=1)
    n_observed = tf.cumsum(tf.cast(observed, tf.int32), axis=1)
    total = n_observed[:, -1]
    front = tf.gather(steps, order, axis=1, batch_dims=1)
    # The operator takes no sequences of length 0.
    outputs, *after = _operator(front, initial_state, weights, tf.maximum(total, 1))
    some = (total > 0)[:, None]
    after = [tf.where(some, new, old) for new, old in zip(after, initial_state, strict=True)]
    states.after[layer.name] = after
    if not layer.return_sequences and not layer.zero_output_for_mask:
        last = tf.where(some, after[0], 0.0)
        return last, last[:, None], after
    # The output of the last observed time step; zero before the first.
    outputs = tf.gather(outputs, tf.maximum(n_observed - 1, 0), axis=1, batch_dims=1)
    shown = observed if layer.zero_output_for_mask else n_observed > 0
    outputs = tf.where(shown[:, :, None], outputs, 0.0)
    return outputs[:, -1], outputs, after


def _operator(sequences, initial_state, weights, lengths):
    """All outputs, and the states after the last time step of each sequence."""
    import tensorflow as tf

    # An operator of the inputs and outputs that ONNX has, weights apart. It is never computed.
    cell = tf.raw_ops.CudnnRNNV3(
        input=tf.transpose(sequences, (1, 0, 2)),
        input_h=initial_state[0][None],
        input_c=initial_state[1][None],
        params=tf.constant(weights),
        sequence_lengths=lengths,
        rnn_mode="lstm",
        is_training=False,
    )
    return tf.transpose(cell.output, (1, 0, 2)), cell.output_h[0], cell.output_c[0]


def _translate(graph, node, name, args):
    """Put the operator of ONNX in place of that of `_operator`: a handler of tf2onnx."""
    from tf2onnx.graph_builder import GraphBuilder

    sequences, h, c, _, lengths = node.input
    n_features, units = graph.get_shape(sequences)[-1], graph.get_shape(h)[-1]
    packed = node.inputs[3].get_tensor_value(as_list=False)
    shapes = (1, 4 * units, n_features), (1, 4 * units, units), (1, 8 * units)
    parts = np.split(packed, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
    weights = [
        graph.make_const(f"{name}_{key}", part.reshape(shape)).output[0]
        for key, part, shape in zip("WRB", parts, shapes, strict=True)
    ]
    (outputs, *last), (all_steps, *shapes), dtypes = node.output[:3], node.output_shapes[:3], node.output_dtypes[:3]
    by_direction = f"{name}_by_direction"
    graph.remove_node(node.name)
    graph.make_node(
        "LSTM",
        [sequences, *weights, lengths, h, c],
        attr={"hidden_size": units},
        name=name,
        outputs=[by_direction, *last],
        shapes=[[all_steps[0], 1, *all_steps[1:]], *shapes],
        dtypes=dtypes,
    )
    one_direction = {"data": by_direction, "axes": [1], "outputs": [outputs]}
    GraphBuilder(graph).make_squeeze(one_direction, name=f"{name}_squeeze", shapes=[all_steps], dtypes=dtypes[:1])


# For tf2onnx, by the name of TensorFlow's operator.
HANDLERS = {"CudnnRNNV3": (_translate, [])}
