"""Samples of different lengths: batches of like length, without time steps that none of them has observed."""

import numpy as np

# Samples of like length go into batches of their own where that makes batches shorter by a quarter at least, and by so
# many time steps (0.5 ms with 32 units): where little is saved, batches had better be as random as they can be.
SHORTER, FEWEST_SAVED = 0.75, 16

# Samples are sorted in pools of so many batches. Of lengths from 10 to 400 a batch of 32 is then 211 time steps long on
# average, 205 if all samples were sorted, 388 if none; and who comes with whom is drawn anew for each epoch. There are
# four pools at least: of one, the same samples would come together in every epoch.
POOL, FEWEST_POOLS = 32, 4


def pool_size(n_samples, batch_size):
    """How many full batches are sorted by length together."""
    return min(POOL, n_samples // batch_size // FEWEST_POOLS)


def are_uneven(lengths, batch_size, pool):
    """Whether batches of samples of like length are shorter, by enough, than batches in random order.

    A batch is as long as its longest sample. Both means are those to be expected, so nothing is drawn at random.

    Parameters
    ----------
    lengths : ndarray of shape (n_samples,)
        Of the samples to go through.
    batch_size, pool : int
        Samples in a batch; batches that are sorted together.

    Examples
    --------
    >>> are_uneven(np.linspace(10, 400, 10_000), batch_size=32, pool=32)
    True
    >>> windows_of_a_series = np.minimum(np.arange(1, 10_001), 400)
    >>> are_uneven(windows_of_a_series, batch_size=32, pool=32)
    False
    """
    if pool < 2:
        return False
    # The longest of a batch is the k-th shortest sample of all with a chance of (k / n)^b - ((k - 1) / n)^b.
    chances = np.diff(np.linspace(0, 1, len(lengths) + 1) ** batch_size)
    in_random_order = chances @ np.sort(lengths)
    # In a pool that is sorted, it is the b-th, the 2b-th, ... shortest of the pool.
    by_length = np.quantile(lengths, np.arange(1, pool + 1) * batch_size / (pool * batch_size + 1)).mean()
    return bool(by_length <= SHORTER * in_random_order and in_random_order - by_length >= FEWEST_SAVED)


def batched_by_length(samples, lengths, batch_size, rng):
    """Shuffled samples, sorted by length within pools of batches; the batches shuffled, a short one left at the end."""
    n_batches = len(samples) // batch_size
    full, rest = np.split(samples, [n_batches * batch_size])
    pools = np.arange(len(full)) // (pool_size(len(samples), batch_size) * batch_size)
    full = full[np.lexsort((lengths[full], pools))]
    return np.concatenate([rng.permutation(full.reshape(n_batches, batch_size)).ravel(), rest])


def trim(inputs):
    """Inputs, (..., n_samples, n_timesteps, n_features), from the first time step that any sample has observed.

    The last time step stays, observed or not.

    >>> trim(np.array([[[np.nan], [np.nan], [1.0]], [[np.nan], [2.0], [np.nan]]]))[..., 0]
    array([[nan,  1.],
           [ 2., nan]])
    """
    if not np.isnan(inputs[..., 0, :]).all():
        return inputs
    unseen = np.isnan(inputs).all(axis=(*range(inputs.ndim - 2), -1))
    unseen[-1] = False
    return inputs[..., np.argmin(unseen) :, :]
