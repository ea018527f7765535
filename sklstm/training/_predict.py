"""Predict with a network, a few thousand windows at a time."""

import keras
import numpy as np


def predict_function(network):
    """A function from inputs, (n_samples, n_timesteps, n_features), to the network's outputs.

    On TensorFlow it is traced once for any number of samples and time steps. Keras' own predict and
    predict_on_batch trace again, and warn about it, as shapes and models come and go.
    """
    if keras.backend.backend() != "tensorflow":
        return network.predict_on_batch

    import tensorflow as tf

    signature = tf.TensorSpec(network.input_shape, network.inputs[0].dtype)
    traced = tf.function(lambda inputs: network(inputs, training=False), autograph=False)
    program = traced.get_concrete_function(signature)
    return lambda inputs: program(tf.constant(inputs)).numpy()


def predict_in_chunks(predict, gather, n_samples, chunk=1024):
    """Outputs for all samples, (n_samples, n_outputs), gathered and predicted chunk by chunk."""
    chunks = [np.arange(first, min(first + chunk, n_samples)) for first in range(0, n_samples, chunk)]
    return np.concatenate([predict(gather(samples)) for samples in chunks])
