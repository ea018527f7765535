"""Predict streams of samples side by side, each from the state that the sample before it left; nothing needs Keras."""

import numpy as np

# Steps of all streams, and windows, gathered at once: more are no faster, as samples wait for one another.
STEPS_AT_ONCE, WINDOWS_AT_ONCE = 256, 4096


def predict_streams(program, zeros, gather, order, states=None, keep=None, present=None, *, one_step=None):
    """Predict streams of samples.

    Parameters
    ----------
    program : callable
        ``program(inputs, keep, present, states)`` returns outputs and states for inputs of shape (n_steps, n_streams,
        n_timesteps, ...): what `predict_each` does.
    zeros : list of ndarray of shape (n_streams, ...)
        States at the beginning of a sequence.
    gather : callable
        ``gather(samples)`` returns the inputs of samples, (n, n_timesteps, n_features).
    order : ndarray of int of shape (n_steps, n_streams)
        Samples of each stream.
    states : list of ndarray of shape (n_streams, ...), optional
        States that the streams go on from; zero without them.
    keep : ndarray of float32 of shape (n_steps, n_streams), optional
        0 where a sample starts from zero, else 1.
    present : ndarray of bool of shape (n_steps, n_streams), optional
        False where a sample does not count, and leaves the state as it is.
    one_step : callable, optional
        ``one_step(inputs, states)`` does the same for one time step of each stream, in less time.

    Returns
    -------
    outputs : list of ndarray of shape (n_steps, n_streams, ...)
        One for each output of the network.
    states : list of ndarray of shape (n_streams, ...)
        After the last samples.
    """
    keep = np.ones(order.shape, dtype=np.float32) if keep is None else keep
    present = np.ones(order.shape, dtype=bool) if present is None else present
    end = zeros if states is None else states
    n_steps, n_streams = order.shape
    if one_step and n_steps == 1 and present.all() and (inputs := gather(order[0])).shape[1] == 1:
        return one_step(inputs, [state * by_stream(keep[0], state) for state in end])
    at_once = max(1, min(STEPS_AT_ONCE, WINDOWS_AT_ONCE // n_streams))
    chunks = []
    for first in range(0, n_steps, at_once):
        steps = slice(first, first + at_once)
        inputs = gather(order[steps].ravel())
        inputs = inputs.reshape(-1, n_streams, *inputs.shape[1:])
        outputs, end = program(inputs, keep[steps], present[steps], end)
        chunks.append(outputs)
    return [np.concatenate(output) for output in zip(*chunks, strict=True)], end


def predict_each(step, inputs, keep, present, begin):
    """Predict one sample of each stream after the other: each needs the state that the one before it has left.

    Parameters
    ----------
    step : callable
        ``step(inputs, states)`` returns outputs and states for one sample of each stream.
    inputs, keep, present, begin
        As `predict_streams` hands them to its program.

    Returns
    -------
    outputs, states
        As of `predict_streams`.
    """
    outputs, end = [], begin
    for k in range(len(inputs)):
        before = [state * by_stream(keep[k], state) for state in end]
        made, after = step(inputs[k], before)
        outputs.append(made)
        pairs = zip(after, end, strict=True)
        end = [np.where(by_stream(present[k], new), new, old) for new, old in pairs]
    return [np.stack(output) for output in zip(*outputs, strict=True)], end


def by_stream(values, state):
    """Values of streams, (n_streams,), in as many dimensions as a state has."""
    return values.reshape(-1, *(1,) * (len(state.shape) - 1))
