"""Predict with a network, a thousand samples at a time, or one after the other; nothing here needs Keras."""

from functools import partial

import numpy as np

from sklstm._onnx_network import OnnxNetwork
from sklstm.training._lengths import are_uneven, trim
from sklstm.training._streams import predict_each, predict_streams

# Samples of different lengths are predicted in the order of their lengths, in chunks of so many at most: 4,096 of 10 to
# 400 time steps, by 32 units, took 0.51 s in place of 0.98; 0.56 in chunks of 128, 0.54 of 512, 0.76 of 1,024.
BY_LENGTH = 256

# Series whose samples are predicted side by side: as few of these as hold all of them, else the most at a time.
SIDE_BY_SIDE = (1, 16, 256)


def predict_outputs(state, gather, n_samples, chunk=1024, lengths=None):
    """Outputs of a network for all samples, gathered and predicted chunk by chunk.

    Parameters
    ----------
    state : NetworkState or OnnxNetwork
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
    predict, any_length = _predictor(state)
    # Other backends compile for each number of time steps.
    lengths = lengths if any_length else None
    size = min(chunk, BY_LENGTH)
    uneven = lengths is not None and are_uneven(lengths, size, n_samples // size)
    if uneven:
        order = np.argsort(lengths, kind="stable")
        chunks = np.array_split(order, -(-n_samples // size))
    else:
        chunks = [np.arange(first, min(first + chunk, n_samples)) for first in range(0, n_samples, chunk)]
    parts = [predict(gather(samples), lengths is not None) for samples in chunks]
    outputs = [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
    return [output[np.argsort(order)] for output in outputs] if uneven else outputs


def predict_carrying(state, gather, n_samples, states=None, groups=None):
    """Outputs of a network for samples that go on from one another, one after the other.

    Parameters
    ----------
    state : NetworkState or OnnxNetwork
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
    outputs, states = _carrying_predictor(state, 1)(gather, order, states, keep)
    return [output[:, 0] for output in outputs], states


def predict_carrying_by_series(state, gather, codes, states=None):
    """Outputs of a network for samples of several series, each sample from the state that its series had before.

    Parameters
    ----------
    state : NetworkState or OnnxNetwork
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
    predict = _carrying_predictor(state, n_streams)
    outputs, ends = None, None
    for begin in range(0, len(counts), n_streams):
        series = longest_first[begin : begin + n_streams]
        streams = np.resize(series, n_streams)
        lengths = np.where(np.arange(n_streams) < len(series), counts[streams], 0)
        step = np.arange(lengths.max())[:, None]
        present = step < lengths
        order = by_series[first[streams] + np.minimum(step, np.maximum(lengths - 1, 0))]
        before = None if states is None else [part[streams] for part in states]
        made, after = predict(gather, order, before, present=present)
        if outputs is None:
            outputs = [np.empty((len(codes), *output.shape[2:]), output.dtype) for output in made]
            ends = [np.empty((len(counts), *end.shape[1:]), end.dtype) for end in after]
        for whole, output in zip(outputs, made, strict=True):
            whole[order[present]] = output[present]
        for whole, end in zip(ends, after, strict=True):
            whole[series] = end[: len(series)]
    return outputs, ends


def _predictor(state):
    """A function of inputs, and of whether they may be trimmed; whether it takes any number of time steps."""
    if isinstance(state, OnnxNetwork):
        return lambda inputs, open_front: state.run(trim(inputs) if open_front else inputs)[0], True
    from sklstm.training._predict_programs import on_tensorflow, predict_batch

    return partial(predict_batch, state), on_tensorflow()


def _carrying_predictor(state, n_streams):
    """A function of ``(gather, order, states, keep, present)``, as of `predict_streams`."""
    if isinstance(state, OnnxNetwork):
        if not state.state_sizes:
            raise ValueError(
                "The ONNX graph of this network carries no state from one sample to the next. Fit with stateful=True, "
                "save again with onnx=True, and load that file; or pass stateful=False."
            )
        return partial(predict_streams, partial(predict_each, state.run), state.zero_states(n_streams))
    from sklstm.training._predict_programs import carrying_program

    return carrying_program(state, n_streams)
