"""Export a Keras network as an ONNX graph, and hold its predictions against Keras' own."""

import logging
from contextlib import contextmanager

import keras
import numpy as np

from sklstm._onnx_network import AFTER, BEFORE, INPUT, OUTPUT, OnnxNetwork
from sklstm.training._carried_state import carrying
from sklstm.training._onnx_lstm import HANDLERS, is_translated, onnx_lstms

# Of ONNX: read by onnxruntime from 1.15 on.
OPSET = 17
# Samples and open time steps of the inputs on which both predictions are compared, and by how much they may differ.
N_SAMPLES, N_TIMESTEPS, TOLERANCE = 4, 12, 1e-4


def export_network(state, who, *, carries=False, parts=()):
    """Export a network as an ONNX graph.

    Parameters
    ----------
    state : NetworkState
        The network.
    who : str
        The estimator, for messages.
    carries : bool, default=False
        Whether the graph has to carry a state from sample to sample.
    parts : sequence of tuple (cut, *args)
        Parts to be exported as graphs of their own, as `NetworkState.part` takes them.

    Returns
    -------
    network : OnnxNetwork

    Raises
    ------
    ImportError
        If tf2onnx or onnxruntime is not installed.
    ValueError
        If Keras runs on another backend than TensorFlow, or the network cannot be exported.
    """
    _check_installed(who)
    network = state.build()
    shape = _input_shape(network)
    carried = _carried_layers(who, network) if carries else []
    proto, n_outputs = _convert(who, network, shape, [layer.name for layer in carried], _sizes(carried))
    _shorten_names(proto)
    exported = OnnxNetwork(
        np.frombuffer(proto.SerializeToString(), np.uint8),
        shape,
        n_outputs,
        _sizes(carried),
        state.takes_nan,
        {cut.__name__: export_network(state.part(cut, *args), who) for cut, *args in parts},
    )
    _compare(who, network, exported, with_nan=state.config is not None and state.takes_nan)
    return exported


def _check_installed(who):
    try:
        import onnxruntime  # noqa: F401 - is it installed?
        import tf2onnx  # noqa: F401
    except ImportError as cause:
        raise ImportError(
            f"{who}: a network is exported to ONNX by tf2onnx and onnxruntime, and {cause.name} is not installed. "
            "pip install 'sklstm[onnx]'."
        ) from cause
    if (backend := keras.backend.backend()) != "tensorflow":
        raise ValueError(
            f"{who}: a network is exported to ONNX by TensorFlow, got Keras on the backend {backend!r}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )


def _input_shape(network):
    """Shape of the inputs of a network, samples first."""
    shape = getattr(network, "input_shape", None)
    if shape is None:
        # A network of a class of one's own says what it was built for.
        (shape,) = network.get_build_config().values()
    return None, *shape[1:]


def _carried_layers(who, network):
    """Layers of a network whose state is carried from sample to sample."""
    names = {layer.name for layer in carrying(network, 1)._flatten_layers() if getattr(layer, "stateful", False)}
    layers = [layer for layer in network._flatten_layers() if layer.name in names]
    for layer in layers:
        if not is_translated(layer):
            raise ValueError(
                f"{who}(stateful=True): the state of layer {layer.name!r} ({type(layer).__name__}) cannot be exported "
                "to ONNX. Use keras.layers.LSTM with its own activations, or save with onnx=False."
            )
    return layers


def _sizes(layers):
    """Numbers in the states of LSTM layers, two for each."""
    return tuple(layer.units for layer in layers for _ in range(2))


def _convert(who, network, shape, carried, sizes):
    """A network as a ModelProto, and the number of its outputs."""
    import tensorflow as tf
    import tf2onnx

    n_outputs = 0

    def predict(samples, *before):
        nonlocal n_outputs
        states.begin(before)
        outputs = keras.tree.flatten(network(tf.cast(samples, _input_dtype(network)), training=False))
        n_outputs = len(outputs)
        named = {OUTPUT: outputs, AFTER: states.end()}
        # An output may be an input as it is, which a graph cannot have.
        return {name.format(k): tf.identity(value) for name, values in named.items() for k, value in enumerate(values)}

    specs = [tf.TensorSpec(shape, tf.float32, INPUT)]
    specs += [tf.TensorSpec((None, size), tf.float32, BEFORE.format(k)) for k, size in enumerate(sizes)]
    try:
        with onnx_lstms(network, carried) as states, _quiet():
            function = tf.function(predict, autograph=False)
            proto, _ = tf2onnx.convert.from_function(function, specs, opset=OPSET, custom_op_handlers=HANDLERS.copy())
    except Exception as cause:
        raise _refused(who, network, cause) from cause
    return proto, n_outputs


def _shorten_names(proto):
    """Number the names within a graph, in place: those of Keras and tf2onnx take a fourth of the room."""
    kept = {name.name for name in [*proto.graph.input, *proto.graph.output]}
    numbers = {}

    def short(name):
        return name if not name or name in kept else numbers.setdefault(name, f"v{len(numbers)}")

    def shorten(graph):
        graph.name, graph.doc_string = "network", ""
        for value in [*graph.input, *graph.output, *graph.initializer, *graph.value_info]:
            value.name = short(value.name)
        for value in [*graph.input, *graph.output, *graph.value_info]:
            for length in value.type.tensor_type.shape.dim:
                if length.dim_param:
                    length.dim_param = short(length.dim_param)
        for node in graph.node:
            # Older onnxruntime asks for names of nodes, each its own.
            node.name, node.doc_string = short(f"node {node.name}"), ""
            node.input[:], node.output[:] = map(short, node.input), map(short, node.output)
            for attribute in node.attribute:
                for inner in [attribute.g, *attribute.graphs] if attribute.HasField("g") else attribute.graphs:
                    shorten(inner)

    shorten(proto.graph)


def _input_dtype(network):
    inputs = getattr(network, "inputs", None)
    return inputs[0].dtype if inputs else "float32"


@contextmanager
def _quiet():
    """Silence tf2onnx: what it could not export is an error here."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _compare(who, network, exported, with_nan):
    """Raise if the graph does not predict as Keras does, `with_nan` also where time steps were not observed."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    shape = [N_SAMPLES, *(N_TIMESTEPS if length is None else length for length in exported.input_shape[1:])]
    # From 0 to 1: each number is a code, too.
    samples = rng.uniform(size=shape).astype(np.float32)
    if with_nan and samples.ndim > 2:
        samples[1:, 0], samples[2:, -1] = np.nan, np.nan
    # A GPU rounds products of matrices further.
    with tf.device("cpu:0"):
        outputs = keras.tree.flatten(network(tf.cast(samples, _input_dtype(network)), training=False))
    expected = [output.numpy() for output in outputs]
    try:
        returned, _ = exported.run(samples)
        for ours, theirs in zip(returned, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    except Exception as cause:
        raise _refused(who, network, cause) from cause


def _refused(who, network, cause):
    reason = str(cause).strip().split("\n")[0]
    return ValueError(
        f"{who}: the network {network.name!r} cannot be exported to ONNX, {type(cause).__name__}: {reason}. Save it "
        "with onnx=False, and load it with runtime='keras'."
    )
