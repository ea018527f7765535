"""States that are carried from one sample to the next."""

from functools import partial

import keras
import numpy as np
from keras import ops, tree

from sklstm._seeds import Seeds, fill_in_seeds
from sklstm.training._streams import predict_each, predict_streams


def carrying(network, batch_size):
    """A new model with the same layers and weights, whose recurrent layers start where they stopped.

    Recurrent layers that come after a RepeatVector decode a sample's own code. They start from it anew, as before.

    Parameters
    ----------
    network : keras.Model
        Functional or Sequential; it stays as it is.
    batch_size : int
        Samples in each batch. Each has a state of its own, that the sample in its place in the next batch goes on from.

    Returns
    -------
    model : keras.Model
        Not compiled. Its states are zero, and no part of its weights: ``network.set_weights(model.get_weights())``
        takes what it has learned back.
    """
    config = network.get_config()
    if not _make_stateful(config, batch_size):
        raise ValueError(
            f"Model {network.name!r} has no recurrent layer, so no state is carried from one sample to the next. "
            "Pass stateful=False, or a network with an LSTM, GRU or SimpleRNN layer outside of its decoder."
        )
    # The weights follow: no seed matters, but Keras would draw those that are missing from Python's generator.
    fill_in_seeds(config, Seeds(0))
    model = type(network).from_config(config)
    model.set_weights(network.get_weights())
    return model


def states(network):
    """State variables of a carrying network, a list of keras.Variable of shape (batch_size, units), layer by layer."""
    return tree.flatten([getattr(layer, "states", None) or [] for layer in network._flatten_layers()])


def read_states(network):
    """Copies of a carrying network's states, a list of ndarray."""
    return [ops.convert_to_numpy(state).copy() for state in states(network)]


def write_states(network, arrays):
    """Set a carrying network's states to arrays, or tensors, in the order of `read_states`."""
    for state, array in zip(states(network), arrays, strict=True):
        state.assign(array)


class CarryingModel(keras.Model):
    """A carrying network, to be trained by Keras' own fit.

    Its inputs are ``(windows, keep)``: windows of shape (batch_size, n_timesteps, n_features), and keep, (batch_size,),
    1 where a sample goes on from the state of the one before it in its stream, and 0 where it starts anew.

    Parameters
    ----------
    network : keras.Model
        From `carrying`. It is trained in place.
    """

    def __init__(self, network):
        super().__init__()
        self.network = network

    def call(self, inputs, training=None):
        """Outputs of the network for ``(windows, keep)``."""
        windows, keep = inputs
        self.keep_states(keep)
        return self.network(self.of_batch_size(windows), training=training)

    def of_batch_size(self, windows):
        """Windows whose number is known: a pipeline of data leaves it open, and a state of one row would follow."""
        return ops.reshape(windows, (states(self.network)[0].shape[0], *ops.shape(windows)[1:]))

    def keep_states(self, keep):
        """Set the state to zero for samples that start anew."""
        for state in states(self.network):
            # A state of a convolution is an image, or more.
            state.assign(state * ops.reshape(keep, (-1,) + (1,) * (len(state.shape) - 1)))


def streams(samples, batch_size, groups=None):
    """Lay samples out in stretches of nearly equal length, side by side: each goes on from its place a batch before.

    Parameters
    ----------
    samples : ndarray of int of shape (n_samples,)
        In the order of time.
    batch_size : int
        Streams that run side by side. With 1 there is one stream through all samples.
    groups : ndarray of shape (n_all_samples,), optional
        The series that each sample is of. A sample starts anew where the one before it is of another.

    Returns
    -------
    order : ndarray of int of shape (n_batches, batch_size)
        Samples; a stream that has ended goes on with a sample that does not count.
    present : ndarray of bool of shape (n_batches, batch_size)
        Whether the sample counts.
    keep : ndarray of float32 of shape (n_batches, batch_size)
        1 where a sample goes on from the one before, 0 where it starts anew.

    Examples
    --------
    >>> order, present, keep = streams(np.arange(5), batch_size=2)
    >>> order
    array([[0, 3],
           [1, 4],
           [2, 4]])
    >>> present[-1]
    array([ True, False])
    >>> keep[:, 0]
    array([0., 1., 1.], dtype=float32)
    """
    samples = np.asarray(samples)
    lengths = np.array([len(stretch) for stretch in np.array_split(samples, batch_size)])
    batch = np.arange(lengths.max())[:, np.newaxis]
    present = batch < lengths
    # A stretch is at most one shorter than the longest: the sample after its last one, if there is any, fills it up.
    order = samples[np.minimum(np.cumsum(lengths) - lengths + batch, len(samples) - 1)]
    keep = np.ones(order.shape, dtype=np.float32)
    keep[0] = 0.0
    if groups is not None:
        keep[1:][groups[order[1:]] != groups[order[:-1]]] = 0.0
    return order, present, keep


def carrying_predictor(network):
    """A function that predicts streams of samples side by side, each sample from the state that the one before it left.

    On TensorFlow it runs one program, traced once for any number of samples, that loops over them by itself.

    Parameters
    ----------
    network : keras.Model
        From `carrying`, with a batch size of `n_streams`. Its weights may change later on.

    Returns
    -------
    predict : callable
        ``predict(weights, gather, order, states=None, keep=None, present=None)``, where all but the weights is as for
        `predict_streams`.
    """
    on_tensorflow = keras.backend.backend() == "tensorflow"
    program = _traced(network) if on_tensorflow else partial(_predict_each, network)
    one_step = _OneStep(network) if on_tensorflow else None
    zeros = [np.zeros(state.shape, state.dtype) for state in states(network)]

    def predict(weights, *args, **params):
        quick = one_step and partial(one_step, weights)
        return predict_streams(partial(program, weights), zeros, *args, **params, one_step=quick)

    return predict


def _predict_each(network, weights, *args):
    """Outputs and states after one sample of each stream at a time, by any backend."""
    network.set_weights(weights)

    def step(inputs, before):
        write_states(network, before)
        return tree.flatten(network.predict_on_batch(inputs)), read_states(network)

    return predict_each(step, *args)


def _traced(network):
    """What `_predict_each` does, as one program of TensorFlow. The states of the network itself stay as they are."""
    import tensorflow as tf

    carried = states(network)

    def by_stream(values, state):
        return tf.reshape(values, (-1, *(1,) * (len(state.shape) - 1)))

    def loop(weights, inputs, keep, present, begin):
        def step(k, values, arrays):
            known = list(zip(network.weights, weights, strict=True))
            before = [x * tf.cast(by_stream(keep[k], x), x.dtype) for x in values]
            scope = keras.StatelessScope(known + list(zip(carried, before, strict=True)))
            with scope:
                outputs = tree.flatten(network(inputs[k], training=False))
            arrays = [array.write(k, output) for array, output in zip(arrays, outputs, strict=True)]
            after = [scope.get_current_value(variable) for variable in carried]
            after = [tf.where(by_stream(present[k], x), x, old) for x, old in zip(after, values, strict=True)]
            return k + 1, after, arrays

        n = tf.shape(inputs)[0]
        arrays = [tf.TensorArray(y.dtype, n, infer_shape=False, element_shape=y.shape) for y in network.outputs]
        _, end, arrays = tf.while_loop(lambda k, *_: k < n, step, [tf.constant(0), begin, arrays])
        return [array.stack() for array in arrays], end

    inputs = network.inputs[0]
    n_streams = inputs.shape[0]
    program = tf.function(loop, autograph=False).get_concrete_function(
        [tf.TensorSpec(weight.shape, weight.dtype) for weight in network.weights],
        tf.TensorSpec((None, *inputs.shape), inputs.dtype),
        tf.TensorSpec((None, n_streams), "float32"),
        tf.TensorSpec((None, n_streams), "bool"),
        [tf.TensorSpec(state.shape, state.dtype) for state in carried],
    )

    def run(weights, inputs, keep, present, begin):
        begin = [tf.constant(value) for value in begin]
        outputs, end = program(weights, tf.constant(inputs), tf.constant(keep), tf.constant(present), begin)
        return [output.numpy() for output in outputs], [state.numpy() for state in end]

    return run


class _OneStep:
    """A program of TensorFlow for one time step of each stream, traced when it is first called.

    Parameters
    ----------
    network : keras.Model
        From `carrying`. Programs that loop over time steps have been traced by then.
    """

    def __init__(self, network):
        self.network, self._program = network, None

    def __call__(self, weights, inputs, states):
        """Outputs, a list of ndarray of shape (1, n_streams, ...), and states, a list of ndarray."""
        import tensorflow as tf

        if self._program is None:
            self._program = self._trace(weights, inputs, states)
        outputs, states = self._program(weights, tf.constant(inputs), [tf.constant(state) for state in states])
        return [output.numpy()[None] for output in outputs], [state.numpy() for state in states]

    def _trace(self, *args):
        import tensorflow as tf

        carried = states(self.network)
        for layer in self.network._flatten_layers():
            if hasattr(layer, "unroll"):
                # A loop over one time step takes longer than the step.
                layer.unroll = True

        def step(weights, inputs, begin):
            known = [*zip(self.network.weights, weights, strict=True), *zip(carried, begin, strict=True)]
            with keras.StatelessScope(known) as scope:
                outputs = tree.flatten(self.network(inputs, training=False))
            return outputs, [scope.get_current_value(state) for state in carried]

        specs = tf.nest.map_structure(lambda value: tf.TensorSpec(value.shape, value.dtype), list(args))
        return tf.function(step, autograph=False).get_concrete_function(*specs)


def _make_stateful(config, batch_size, decodes=False):
    """Make the recurrent layers of a model's or layer's configuration stateful, in place; whether there are any."""
    if "batch_shape" in config:
        config["batch_shape"] = (batch_size, *config["batch_shape"][1:])
    # Shapes that were seen before have another batch size; layers are built anew as they are called.
    config.pop("build_input_shape", None)
    if "stateful" in config and not decodes:
        if config.get("go_backwards"):
            raise ValueError(
                f"Layer {config['name']!r} reads every sequence from its end, as a bidirectional network does, so no "
                "state can be carried from one sample to the next. Pass stateful=False, or architecture='stacked'."
            )
        config["stateful"] = True
    found = config.get("stateful", False)
    layers = config.get("layers", [])
    decoders = _after_repeat(layers)
    wrapped = [value for value in config.values() if isinstance(value, dict) and "config" in value]
    for part in layers + wrapped:
        part.pop("build_config", None)
        if isinstance(part["config"], dict):
            found |= _make_stateful(part["config"], batch_size, decodes or part["config"].get("name") in decoders)
    return found


def _after_repeat(layers):
    """Names of the layers that a RepeatVector leads to, itself included; layers as a model's configuration has them."""
    after = set()
    before = None
    for layer in layers:
        name = layer["config"]["name"]
        # A functional model names each layer's inputs, among shapes and types. A Sequential one has them in a row.
        inputs = tree.flatten(layer["inbound_nodes"]) if "inbound_nodes" in layer else [before]
        if layer["class_name"] == "RepeatVector" or after & {value for value in inputs if isinstance(value, str)}:
            after.add(name)
        before = name
    return after
