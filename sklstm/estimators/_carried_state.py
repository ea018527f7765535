"""State that goes on from sample to sample, and truncated backpropagation: samples in streams, and in pieces."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series import every_nth, in_series
from sklstm._warnings import warn_user


class StreamState(NamedTuple):
    """States after the last sample of a single stream, a list of ndarray, and the group of this sample, or None."""

    states: list
    group: object


class SeriesStates(NamedTuple):
    """States after the last sample of each series, a list of ndarray of shape (n_series, ...), and their labels."""

    states: list
    labels: pd.Index


# --- training -------------------------------------------------------------------------------------


def stream_batches(who, network, data, *, batch_size, stateful, tbptt, network_name, pooling, has_linear_path, rng):
    """The network to train, its batches, and those to watch: with carried state in streams, with TBPTT in pieces.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    network : keras.Model
        Not compiled.
    data : TrainingData
        Samples and their targets.
    batch_size, stateful, tbptt
        As for LSTMRegressor and TrainingPlan.
    network_name : str or callable
        As `network` of Architecture.
    pooling : {"last", "mean"}
        As of Architecture.
    has_linear_path : bool
        Whether the network has a weight for each time step.
    rng : numpy.random.RandomState or None
        Shuffles samples that carry no state.
    """
    from sklstm.training import StreamBatches, carrying, sequence_model, shuffled_rows, streams

    option = "stateful=True" if stateful else f"training=TrainingPlan(tbptt={tbptt!r})"
    refuse_mean_of_pieces(who, option, pooling)
    if network_name == "lstm_fcn":
        raise ValueError(
            f"{who}({option}) trains in streams, but architecture='lstm_fcn' normalises whole samples in whole "
            f"batches. Pass {'stateful=False' if stateful else 'tbptt=None'}, or architecture='stacked'."
        )
    if tbptt is not None:
        tbptt = _read_tbptt(who, tbptt, network_name, has_linear_path, data.samples)
    size = min(batch_size, len(data.training))
    trainer = sequence_model(carrying(network, size), tbptt)
    groups, own = _read_groups(who, data.groups, len(data.samples)), data.samples.windows.groups

    def rows(samples):
        if not stateful:
            return lambda: shuffled_rows(samples, size, rng)
        if groups is None and own is not None:
            return lambda: streams(in_series(samples, own), size, own)
        return lambda: streams(samples, size, groups)

    def batched(samples):
        return StreamBatches(data.samples.gather, data.targets, rows(samples), weights=data.weights)

    return trainer, batched(data.training), batched(data.validation) if len(data.validation) else None


def _read_tbptt(who, tbptt, network_name, has_linear_path, samples):
    """k1 and k2, no longer than the samples."""
    valid = len(tbptt) == 2 and all(isinstance(k, Integral) and k >= 1 for k in tbptt)
    if not valid or tbptt[0] > tbptt[1]:
        raise ValueError(
            f"{who} expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose "
            f"gradient reaches back over k2. Got tbptt={tbptt!r}."
        )
    whole = None
    if network_name == "bidirectional":
        whole = "architecture='bidirectional' reads them from their end, too", "architecture='stacked'"
    elif network_name == "cnn_lstm" and len(samples.sample_shape) == 2:
        whole = "architecture='cnn_lstm' would cut other subsequences of each piece", "architecture='stacked'"
    elif has_linear_path:
        whole = "a linear path has a weight for each of their time steps", "linear_skip=False"
    if whole is not None:
        raise ValueError(
            f"{who}(training=TrainingPlan(tbptt={tbptt!r})) runs samples in pieces, but {whole[0]}. Pass tbptt=None, "
            f"or {whole[1]}."
        )
    return tuple(min(int(k), samples.shape[1]) for k in tbptt)


def refuse_mean_of_pieces(who, option, pooling):
    """Refuse to carry a state to a network that takes the mean over all states of a sample."""
    if pooling == "mean":
        raise ValueError(
            f"{who}({option}) carries a state from one sample or piece to the next, but the network takes the mean "
            "over the states of a whole sample. Fit it with architecture=Architecture(..., pooling='last')."
        )


# --- prediction -----------------------------------------------------------------------------------


def carried_outputs(who, network, samples, groups, before):
    """The network's outputs for samples that go on from one another, and the states after them.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    network : NetworkState
        What predicts.
    samples : Samples
        In the order of time; of series that their windows tell, each by itself.
    groups : array-like of shape (n_samples,) or None
        The series of each sample, where its windows do not tell.
    before : StreamState, SeriesStates or None
        What the last call returned; None to begin anew.

    Returns
    -------
    outputs : list of ndarray
    after : StreamState or SeriesStates
    """
    if groups is None and samples.windows.groups is not None:
        return _outputs_by_series(network, samples, before)
    from sklstm.training import predict_carrying

    groups = _read_groups(who, groups, len(samples))
    states, group = before if isinstance(before, StreamState) else (None, None)
    if groups is not None:
        if group is not None and groups[0] != group:
            states = None
        group = groups[-1]
    outputs, states = predict_carrying(network, samples.gather, len(samples), states, groups)
    return outputs, StreamState(states, group)


def _outputs_by_series(network, samples, before):
    """The same, where each series goes on from its own last state."""
    from sklstm.training import predict_carrying_by_series

    codes, labels = pd.factorize(pd.Index(samples.windows.groups, tupleize_cols=False))
    labels = pd.Index(labels, tupleize_cols=False)
    begin = None
    if isinstance(before, SeriesStates):
        places = before.labels.get_indexer(labels)
        begin = [state[places] for state in before.states]
        for state in begin:
            state[places < 0] = 0
    outputs, end = predict_carrying_by_series(network, samples.gather, codes, begin)
    if isinstance(before, SeriesStates):
        waiting = ~before.labels.isin(labels)
        end = [np.concatenate(parts) for parts in zip((s[waiting] for s in before.states), end, strict=True)]
        labels = before.labels[waiting].append(labels)
    return outputs, SeriesStates(end, labels)


# --- checks ---------------------------------------------------------------------------------------


def warn_of_overlap(who, samples, stride=1):
    """Warn where windows that carry a state overlap, each `stride`-th of them."""
    windows = samples.windows
    if stride > 1:
        windows = windows[every_nth(len(windows), stride, windows.groups)]
    if windows.overlap():
        warn_user(
            f"{who}(stateful=True) got windows that overlap: each time step goes through the network "
            f"{samples.shape[1]} times over, in one state. Use LagFramer(n_steps=1), or windows that follow one "
            "another.",
            UserWarning,
        )


def refuse_idle_groups(who, groups, stateful):
    """Refuse groups where no state is carried."""
    if groups is not None and not stateful:
        raise ValueError(
            f"{who} got groups, which tell where state is not carried on, but stateful=False carries none. Drop "
            "groups, or pass stateful=True."
        )


def _read_groups(who, groups, n_samples):
    """Groups as an array, one for each sample."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_samples,):
        raise ValueError(
            f"{who} got {n_samples} samples in X and groups of shape {groups.shape}. Pass a group for each sample, the "
            "series that it is of."
        )
    return groups
