"""Predict with a network, a few thousand samples at a time."""

import keras
import numpy as np

from sklstm.training._carried_state import carrying, carrying_predictor
from sklstm.training._programs import Programs

_programs = Programs()


class Predictor:
    """A network of some layers, traced once for any number of samples, that takes on the weights of its peers."""

    def __init__(self, network):
        self.network = network
        self.weights = None
        self.run = _traced(network)

    def load(self, weights):
        """Take on these weights, unless it holds them already."""
        if self.weights is not weights:
            self.network.set_weights(weights)
            self.weights = weights


def predict_outputs(state, gather, n_samples, chunk=1024):
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

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, ...)
        One for each output of the network.
    """
    chunks = [np.arange(first, min(first + chunk, n_samples)) for first in range(0, n_samples, chunk)]
    if state.key is None:
        run = _traced(state.model)
        parts = [run(gather(samples)) for samples in chunks]
    else:
        with _programs.borrow(state.key, lambda: Predictor(state.build())) as predictor:
            predictor.load(state.weights)
            parts = [predictor.run(gather(samples)) for samples in chunks]
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


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

    def make():
        network = carrying(state.build(), batch_size=1)
        return network, carrying_predictor(network)

    if state.key is None:
        _, predict = make()
        return predict(gather, n_samples, states, groups)
    with _programs.borrow(("carrying", state.key), make) as (network, predict):
        network.set_weights(state.weights)
        return predict(gather, n_samples, states, groups)


def _traced(network):
    """A function from inputs to a list of outputs.

    On TensorFlow it is traced once for any number of samples, and of time steps where the network leaves it open.
    Keras' own predict and predict_on_batch trace again, and warn about it, as shapes and models come and go.
    """
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: _listed(network.predict_on_batch(inputs))

    import tensorflow as tf

    traced = tf.function(lambda inputs: _listed(network(inputs, training=False)), autograph=False)
    shape = getattr(network, "input_shape", None)
    if shape is None:
        # A network of a class of one's own does not say what it takes.
        return lambda inputs: [output.numpy() for output in traced(tf.constant(inputs))]
    signature = tf.TensorSpec((None, *shape[1:]), network.inputs[0].dtype)
    program = traced.get_concrete_function(signature)
    return lambda inputs: [output.numpy() for output in program(tf.constant(inputs))]


def _listed(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
