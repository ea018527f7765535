"""What a network takes: samples, gathered batch by batch."""

import numpy as np

from sklstm._validation import sequence_features


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
        telling = sequence_features(self.windows)[0]
        before = np.concatenate([[0], np.cumsum(~np.isnan(self.windows.buffer[:, telling]))])
        starts = self.windows.starts
        return before[starts + self.windows.n_timesteps] - before[starts]

    def observed(self):
        """Which time steps were observed, (n_samples, n_timesteps)."""
        telling = sequence_features(self.windows)[0]
        seen = np.empty(self.windows.shape[:2], dtype=bool)
        for samples, chunk in self.windows.chunks():
            seen[samples] = ~np.isnan(chunk[:, :, telling])
        return seen

    def lengths(self):
        """Time steps from the first to the last that was observed, (n_samples,); None of windows that overlap.

        These are as long as one another, but for a few at the start of a series.
        """
        if self.windows.overlap():
            return None
        buffer, starts, n_timesteps = self.windows.buffer, self.windows.starts, self.windows.n_timesteps
        if not (np.isnan(buffer[starts]).any() or np.isnan(buffer[starts + n_timesteps - 1]).any()):
            # All are of full length: a look at their ends takes no longer than a prediction of one sample can spare.
            return np.full(len(self), n_timesteps)
        seen = self.observed()
        outside = seen.argmax(axis=1) + seen[:, ::-1].argmax(axis=1)
        return np.where(seen.any(axis=1), n_timesteps - outside, 0)
