"""Predict with a network, a thousand samples at a time, or one after the other."""

import keras
import numpy as np

from sklstm.training._batches import are_uneven, trim
from sklstm.training._carried_state import carrying, carrying_predictor
from sklstm.training._fast_lstm import fast_lstms
from sklstm.training._paths import xla_takes
from sklstm.training._programs import programs

# Who predicts a few samples again and again gets a program of XLA's, for so many samples or filled up to so many. It
# takes up to a second to compile, and then 0.25 ms for a window of any length; TensorFlow takes 1 ms for 24 time steps.
FEW, OFTEN = (1, 8, 32), 100

# Samples of different lengths are predicted in the order of their lengths, in chunks of so many at most: 4,096 of 10 to
# 400 time steps, by 32 units, took 0.51 s in place of 0.98; 0.56 in chunks of 128, 0.54 of 512, 0.76 of 1,024.
BY_LENGTH = 256

# Series whose samples are predicted side by side: as few of these as hold all of them, else the most at a time.
SIDE_BY_SIDE = (1, 16, 256)


def predict_outputs(state, gather, n_samples, chunk=1024, lengths=None):
    """Outputs of a network for all samples, gathered and predicted chunk by chunk.

    Parameters
    ----------
    state : NetworkState
        The network.
    gather : callable
        ``gather(samples)`` returns the inputs of these samples, float32.
    n_samples : int
        How many there are.
    chunk : int, default=1024
        How many to gather at once.
    lengths : ndarray of shape (n_samples,), optional
        How many time steps of each sample take time, for networks of an open number of time steps, to which those that
        were not observed, at the front of a sample, make no difference.

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, ...)
        One for each output of the network, in the order of the samples.
    """
    tensorflow = keras.backend.backend() == "tensorflow"
    # Other backends compile for each number of time steps.
    lengths = lengths if tensorflow else None
    size = min(chunk, BY_LENGTH)
    uneven = lengths is not None and are_uneven(lengths, size, n_samples // size)
    if uneven:
        order = np.argsort(lengths, kind="stable")
        chunks = np.array_split(order, -(-n_samples // size))
    else:
        chunks = [np.arange(first, min(first + chunk, n_samples)) for first in range(0, n_samples, chunk)]
    if tensorflow:
        parts = [_predict(state, gather(samples), lengths is not None) for samples in chunks]
    else:
        parts = [_listed(state.model.predict_on_batch(gather(samples))) for samples in chunks]
    outputs = [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
    return [output[np.argsort(order)] for output in outputs] if uneven else outputs


def predict_carrying(state, gather, n_samples, states=None, groups=None):
    """Outputs of a network for samples that go on from one another, one after the other.

    Parameters
    ----------
    state : NetworkState
        The network; its layers need not be stateful.
    gather, n_samples
        As for `predict_outputs`.
    states : list of ndarray, optional
        Where the first sample goes on from; zero without them.
    groups : ndarray of shape (n_samples,), optional
        The series of each sample: the first of each series starts from zero.

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, ...)
        One for each output of the network.
    states : list of ndarray
        After the last sample.
    """
    keep = np.ones((n_samples, 1), dtype=np.float32)
    if groups is not None:
        keep[1:, 0] = groups[1:] == groups[:-1]
    order = np.arange(n_samples)[:, None]
    outputs, states = _carrying_program(state, 1)(_weights(state), gather, order, states, keep)
    return [output[:, 0] for output in outputs], states


def predict_carrying_by_series(state, gather, codes, states=None):
    """Outputs of a network for samples of several series, each sample from the state that its series had before.

    Parameters
    ----------
    state : NetworkState
        The network; its layers need not be stateful.
    gather : callable
        As for `predict_outputs`.
    codes : ndarray of int of shape (n_samples,)
        Number of the series of each sample; every series has a sample. Samples of a series come in the order of time.
    states : list of ndarray of shape (n_series, ...), optional
        Where each series goes on from; zero without them.

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, ...)
        One for each output of the network.
    states : list of ndarray of shape (n_series, ...)
        After the last sample of each series.
    """
    counts = np.bincount(codes)
    by_series, first = np.argsort(codes, kind="stable"), np.cumsum(counts) - counts
    # Series of like lengths side by side: those that have ended wait for the others.
    longest_first, n_streams = np.argsort(-counts, kind="stable"), SIDE_BY_SIDE[-1]
    n_streams = next((size for size in SIDE_BY_SIDE if len(counts) <= size), n_streams)
    predict = _carrying_program(state, n_streams)
    outputs, ends = None, None
    for begin in range(0, len(counts), n_streams):
        series = longest_first[begin : begin + n_streams]
        streams = np.resize(series, n_streams)
        lengths = np.where(np.arange(n_streams) < len(series), counts[streams], 0)
        step = np.arange(lengths.max())[:, None]
        present = step < lengths
        order = by_series[first[streams] + np.minimum(step, np.maximum(lengths - 1, 0))]
        before = None if states is None else [part[streams] for part in states]
        made, after = predict(_weights(state), gather, order, before, present=present)
        if outputs is None:
            outputs = [np.empty((len(codes), *output.shape[2:]), output.dtype) for output in made]
            ends = [np.empty((len(counts), *end.shape[1:]), end.dtype) for end in after]
        for whole, output in zip(outputs, made, strict=True):
            whole[order[present]] = output[present]
        for whole, end in zip(ends, after, strict=True):
            whole[series] = end[: len(series)]
    return outputs, ends


def _carrying_program(state, n_streams):
    """The function of `carrying_predictor` for a network and a number of streams."""
    return programs.get(
        state.key and ("predict carrying", state.key, n_streams),
        lambda: carrying_predictor(carrying(state.build(), batch_size=n_streams)),
    )


def _weights(state):
    """The weights of a network as its programs take them."""
    return state.tensors if keras.backend.backend() == "tensorflow" else state.weights


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
