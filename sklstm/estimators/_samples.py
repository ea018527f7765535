"""What a network takes: samples, gathered batch by batch."""

from typing import NamedTuple

import numpy as np

from sklstm._validation import sequence_features

# Arithmetic on targets goes over so many samples at a time.
AT_ONCE = 2**17


class TrainingData(NamedTuple):
    """Samples, and what the network is taught of them."""

    samples: "Samples"
    targets: list
    weights: np.ndarray | None
    training: np.ndarray
    validation: np.ndarray
    groups: np.ndarray | None


def take_rows(array, rows):
    """``array[rows]`` for rows that are distinct and ascending; without a copy where they are all."""
    return array if len(rows) == len(array) else array[rows]


def with_weight(rows, weights):
    """Those of some rows whose weight is not 0; all of them where there are no weights."""
    return rows if weights is None else rows[weights[rows] > 0]


def pieces(n_samples):
    """Slices of so many samples that little memory is taken for each."""
    return [slice(first, first + AT_ONCE) for first in range(0, n_samples, AT_ONCE)]


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

    def part(self, samples):
        """Some of the samples, a slice."""
        shift, spread = (None if of is None else of[samples] for of in (self.shift, self.spread))
        return Samples(self.windows[samples], self.sample_shape, shift, spread)

    def gather(self, samples):
        """The network's inputs for these samples: float32, of shape (n, *sample_shape)."""
        inputs = self.windows.gather(samples)
        if self.shift is not None:
            inputs = (inputs - self.shift[samples, None]) / self.spread[samples, None]
        return inputs.astype(np.float32, copy=False).reshape(len(inputs), *self.sample_shape)

    def n_observed(self):
        """How many time steps of each sample were observed, (n_samples,)."""
        telling = sequence_features(self.windows)[0]
        return self.windows.count(~np.isnan(self.windows.buffer[:, telling]))

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
        if not (np.isnan(buffer[starts]).any() or np.isnan(buffer[starts + self.windows.reach - 1]).any()):
            # All are of full length: a look at their ends takes no longer than a prediction of one sample can spare.
            return np.full(len(self), n_timesteps)
        seen = self.observed()
        outside = seen.argmax(axis=1) + seen[:, ::-1].argmax(axis=1)
        return np.where(seen.any(axis=1), n_timesteps - outside, 0)
