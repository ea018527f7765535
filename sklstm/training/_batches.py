"""Batches of samples, gathered when the training loop asks for them."""

import keras
import numpy as np

from sklstm.training._lengths import are_uneven, batched_by_length, pool_size, trim


class SampleBatches(keras.utils.PyDataset):
    """Batches for Keras' fit; windows are never expanded beyond the batch at hand.

    Parameters
    ----------
    gather : callable
        ``gather(samples)`` returns the inputs of these samples, (n, n_timesteps, n_features).
    targets : list of ndarray
        Targets of all samples, an array of shape (n_all_samples, ...) for each output of the network.
    samples : ndarray of int
        The samples to go through.
    batch_size : int
        Samples in a batch; the last one may be short.
    weights : ndarray of shape (n_all_samples,), optional
        Weight of each sample in the loss.
    rng : numpy.random.RandomState, optional
        Shuffles the samples before each epoch. None keeps their order.
    open_front : bool, default=False
        Whether time steps that were not observed may stand before the first of a sample, and change nothing.
    lengths : ndarray of shape (n_all_samples,), optional
        How many time steps of each sample take time.

    Attributes
    ----------
    uneven : bool
        Whether batches are shorter where samples of like length come together. Then they do, if samples are shuffled:
        each epoch shuffles, sorts by length within pools of batches, and shuffles the batches. So what is learned
        depends on the order of the samples as it does without lengths: as on the seed.
    trims : bool
        Whether batches come without the time steps at their front that none of their samples has observed.
    """

    def __init__(self, gather, targets, samples, batch_size, weights=None, rng=None, *, open_front=False, lengths=None):
        super().__init__()
        self.gather = gather
        self.targets = targets
        self.samples = np.array(samples)
        self.batch_size = batch_size
        self.weights = weights
        self.rng = rng
        self.open_front = open_front
        self.lengths = lengths
        pool = pool_size(len(self.samples), batch_size)
        self.uneven = lengths is not None and are_uneven(lengths[self.samples], batch_size, pool)
        # Other backends compile for each number of time steps.
        self.trims = self.uneven and open_front and keras.backend.backend() == "tensorflow"
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.samples) // self.batch_size)

    def __getitem__(self, batch):
        inputs, *rest = self.pick(self.samples[batch * self.batch_size : (batch + 1) * self.batch_size])
        if self.trims:
            # Keras takes an axis for open in which the first two batches differ: so the first is longer than any.
            inputs = trim(inputs) if batch else np.pad(inputs, [(0, 0), (1, 0), (0, 0)], constant_values=np.nan)
        return inputs, *rest

    def pick(self, samples):
        """Inputs, targets and, where there are any, weights of these samples."""
        weights = None if self.weights is None else self.weights[samples]
        return self.gather(samples), *_pick_targets(self.targets, samples, weights)

    def first(self):
        """The first sample, as a batch of its own."""
        return self.pick(self.samples[:1])

    def on_epoch_end(self):
        """Shuffle, where there is a generator to do so."""
        if self.rng is not None:
            self.rng.shuffle(self.samples)
            if self.uneven:
                self.samples = batched_by_length(self.samples, self.lengths, self.batch_size, self.rng)

    def by_length(self):
        """The samples, where batches are trimmed in the order of their lengths; for what the order is no matter to."""
        return self.samples[np.argsort(self.lengths[self.samples], kind="stable")] if self.trims else self.samples


class StreamBatches(keras.utils.PyDataset):
    """Batches of samples that go on from one another, side by side in streams.

    Parameters
    ----------
    gather, targets, weights
        As for SampleBatches.
    layout : callable
        ``layout()`` returns (order, present, keep), each an ndarray of shape (n_batches, batch_size): which sample
        stands where, whether it counts, and whether it goes on from the state of the sample before. It is called
        for each epoch.
    """

    def __init__(self, gather, targets, layout, *, weights=None):
        super().__init__()
        self.gather = gather
        self.targets = targets
        self.layout = layout
        self.weights = weights
        self.on_epoch_end()

    def __len__(self):
        return len(self.order)

    def __getitem__(self, batch):
        samples = self.order[batch]
        weights = self.present[batch].astype(np.float32)
        # A batch in which some streams have ended is as large as what is left of it.
        weights *= len(weights) / weights.sum()
        if self.weights is not None:
            weights = weights.reshape(-1, *(1,) * (self.weights.ndim - 1)) * self.weights[samples]
        return (self.gather(samples), self.keep[batch].astype(np.float32)), *_pick_targets(
            self.targets, samples, weights
        )

    def on_epoch_end(self):
        """Lay out the samples for the next epoch."""
        self.order, self.present, self.keep = self.layout()


def _pick_targets(targets, samples, weights):
    """Targets of these samples, and their weights where there are any; lists where the network has several outputs."""
    picked = [target[samples] for target in targets]
    if weights is None:
        return (picked[0] if len(picked) == 1 else tuple(picked),)
    # One set of weights for each output: Keras pairs them by their structure.
    spread = [_spread(weights, target) for target in picked]
    return (picked[0], spread[0]) if len(picked) == 1 else (tuple(picked), tuple(spread))


def _spread(weights, target):
    """Weights of samples as weights of all that the loss compares: Keras spreads them over no time steps itself."""
    # Numbers of classes have no axis that the loss reduces; numbers and indicators of classes have.
    reduced = target.dtype.kind == "f" or target.shape[1:] == (1,)
    shape = target.shape[:-1] if reduced else target.shape
    return np.broadcast_to(weights.reshape(*weights.shape, *(1,) * (len(shape) - weights.ndim)), shape)


def split_time_tail(samples, fraction, gap, who):
    """Samples to train on, and the last `fraction` of them to validate on, with `gap` samples in between.

    >>> split_time_tail(np.arange(10), 0.2, gap=3, who="LSTMRegressor(validation=0.2)")
    (array([0, 1, 2, 3, 4]), array([8, 9]))
    """
    n_validation = max(1, round(fraction * len(samples))) if fraction else 0
    if not n_validation:
        return samples, samples[:0]
    n_training = len(samples) - n_validation - gap
    if n_training < 1:
        raise ValueError(
            f"{who} leaves nothing to train on: of {len(samples)} samples {n_validation} are for validation, and the "
            f"{gap} before them are left out, as samples that share time steps would be. Lower it, pass more samples, "
            "or TimeTail(fraction, gap=0) if samples share nothing."
        )
    return samples[:n_training], samples[len(samples) - n_validation :]


def shuffled_rows(samples, batch_size, rng=None):
    """Samples in batches of one size, each starting anew: (order, present, keep) for StreamBatches."""
    n_batches = -(-len(samples) // batch_size)
    order = samples if rng is None else rng.permutation(samples)
    present = np.arange(n_batches * batch_size) < len(order)
    order = np.resize(order, len(present))
    shape = (n_batches, batch_size)
    return order.reshape(shape), present.reshape(shape), np.zeros(shape)
