"""Batches of windows, gathered when the training loop asks for them."""

import keras
import numpy as np


class WindowBatches(keras.utils.PyDataset):
    """Batches for Keras' fit; windows are never expanded beyond the batch at hand.

    Parameters
    ----------
    gather : callable
        ``gather(samples)`` returns the inputs of these samples, (n, n_timesteps, n_features).
    targets : ndarray of shape (n_all_samples, n_outputs)
        Targets of all samples.
    samples : ndarray of int
        The samples to go through.
    batch_size : int
        Samples in a batch; the last one may be short.
    rng : numpy.random.RandomState, optional
        Shuffles the samples before each epoch. None keeps their order.
    """

    def __init__(self, gather, targets, samples, batch_size, rng=None):
        super().__init__()
        self.gather = gather
        self.targets = targets
        self.samples = np.array(samples)
        self.batch_size = batch_size
        self.rng = rng
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.samples) // self.batch_size)

    def __getitem__(self, batch):
        samples = self.samples[batch * self.batch_size : (batch + 1) * self.batch_size]
        return self.gather(samples), self.targets[samples]

    def on_epoch_end(self):
        """Shuffle, where there is a generator to do so."""
        if self.rng is not None:
            self.rng.shuffle(self.samples)


def split_time_tail(n_samples, fraction, gap):
    """Samples to train on, and the last `fraction` of them to validate on, with `gap` samples in between.

    >>> split_time_tail(10, 0.2, gap=3)
    (array([0, 1, 2, 3, 4]), array([8, 9]))
    """
    samples = np.arange(n_samples)
    n_validation = max(1, round(fraction * n_samples)) if fraction else 0
    if not n_validation:
        return samples, samples[:0]
    n_training = n_samples - n_validation - gap
    if n_training < 1:
        raise ValueError(
            f"validation_fraction={fraction} leaves nothing to train on: of {n_samples} samples {n_validation} are "
            f"for validation, and {gap} before them share time steps with these. Lower validation_fraction or "
            "pass more samples."
        )
    return samples[:n_training], samples[n_samples - n_validation :]
