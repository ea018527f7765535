"""What a network takes: samples, gathered batch by batch."""

import numpy as np


class Samples:
    """Samples of X in the shape that the network takes.

    Parameters
    ----------
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        What was read of X. Rows of a table are windows of one feature, frames are features of a time step.
    sample_shape : tuple of int
        Shape of one sample, for the network.
    shift, spread : ndarray of shape (n_samples, n_features), optional
        Subtracted from each time step of a sample; then it is divided.
    """

    def __init__(self, windows, sample_shape=None, shift=None, spread=None):
        self.windows = windows
        self.sample_shape = windows.shape[1:] if sample_shape is None else tuple(sample_shape)
        self.shift = shift
        self.spread = spread

    def __len__(self):
        return len(self.windows)

    @property
    def shape(self):
        return (len(self.windows), *self.sample_shape)

    def gather(self, samples):
        """The network's inputs for these samples: float32, of shape (n, *sample_shape)."""
        inputs = self.windows.gather(samples)
        if self.shift is not None:
            inputs = (inputs - self.shift[samples, None]) / self.spread[samples, None]
        return inputs.astype(np.float32, copy=False).reshape(len(inputs), *self.sample_shape)

    def n_observed(self):
        """How many time steps of each sample were observed, (n_samples,)."""
        before = np.concatenate([[0], np.cumsum(~np.isnan(self.windows.buffer[:, 0]))])
        starts = self.windows.starts
        return before[starts + self.windows.n_timesteps] - before[starts]

    def observed(self):
        """Which time steps were observed, (n_samples, n_timesteps)."""
        seen = np.empty(self.windows.shape[:2], dtype=bool)
        for samples, chunk in self.windows.chunks():
            seen[samples] = ~np.isnan(chunk[:, :, 0])
        return seen
