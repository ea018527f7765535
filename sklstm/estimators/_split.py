"""Which samples are trained on, and which ones are held out for validation."""

import numpy as np

from sklstm._series import split_panel_tail

# Pairs of neighbouring samples in which time steps that both have are searched for.
N_PAIRS = 16


def split_tail(who, tail, samples, kept, stride, *, y, ahead, strata=None):
    """Samples to train on, and those of the tail.

    Parameters
    ----------
    who : str
        The estimator with its parameter, for messages.
    tail : TimeTail
        How many are held out, and how many before them are left out.
    samples : Samples
        All samples.
    kept : ndarray of int
        Positions of those to learn from.
    stride : int
        How far these lie apart.
    y : ndarray of shape (n_samples, ...)
        Targets of all samples.
    ahead : int
        Samples before the tail that share steps of y with it, if samples are windows of one series.
    strata : ndarray of int of shape (n_samples,), optional
        Class of each sample. Samples that share no time steps are held out class by class, the last ones of each.

    Returns
    -------
    training, validation : ndarray of int
    """
    from sklstm.training import split_time_tail

    if samples.windows.times is not None:
        return split_panel_tail(samples.windows, kept, tail.fraction, gap=tail.gap, ahead=ahead, who=who)
    gap = tail.gap
    if gap is None:
        gap = 0
        if len(samples.sample_shape) > 1 and tail.fraction:
            # Samples before the tail share time steps, or steps of y, with it.
            gap = find_overlap(samples.windows, y, ahead)
            if gap == 0 and strata is not None:
                return split_by_class(kept, tail.fraction, strata[kept])
    return split_time_tail(kept, tail.fraction, gap // stride, who)


def split_by_class(samples, fraction, strata):
    """Samples to train on, and the last `fraction` of each class.

    >>> split_by_class(np.arange(10), 0.5, np.repeat([0, 1], 5))
    (array([0, 1, 2, 5, 6, 7]), array([3, 4, 8, 9]))
    """
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    # Rounded down for each class, so that one with a single sample is trained on.
    n_validation = np.floor(fraction * counts + 1e-9).astype(int)
    if not n_validation.any():
        n_validation[np.argmax(counts)] = min(1, counts.max() - 1)
    order = np.argsort(codes, kind="stable")
    left = np.empty(len(samples), dtype=int)
    left[order] = np.repeat(np.cumsum(counts), counts) - np.arange(len(samples))
    held_out = left <= n_validation[codes]
    return samples[~held_out], samples[held_out]


def find_overlap(windows, y, ahead):
    """Number of samples before a sample that share time steps, or steps of y, with it; 0 for unrelated samples.

    Samples that share no memory may still be copies of windows of one series: then neighbours hold the same rows.
    """
    if len(windows) < 2:
        return 0
    hop = 1 if windows.overlap() else _find_hop(windows)
    shared = -(-windows.reach // hop) - 1 if hop else 0
    return max(shared, ahead if shared or _share_targets(y) else 0)


def _find_hop(windows):
    """Time steps from one sample to the next, by the rows that neighbours have in common; 0 if they have none."""
    first = _pairs(len(windows))
    left, right = windows.gather(first), windows.gather(first + 1)
    begins = _equal(left, right[:, :1]).all(axis=2)
    begins[:, 0] = False
    # Neighbours of which most agree: samples may come from several series.
    for hop in np.flatnonzero(begins.sum(axis=0) > len(first) / 2):
        ours, theirs = left[:, hop:], right[:, : windows.n_timesteps - hop]
        known = ~np.isnan(ours).all(axis=(1, 2))
        if known.any() and np.ptp(ours[~np.isnan(ours)]) > 0:
            same = _equal(ours, theirs).all(axis=(1, 2)) & known
            if same.sum() > len(first) / 2:
                return int(hop)
    return 0


def _share_targets(y):
    """Whether the steps of y of one sample are, but for the first, those of the next sample."""
    if np.ndim(y) < 2 or np.shape(y)[1] < 2 or len(y) < 2:
        return False
    first = _pairs(len(y))
    ours, theirs = y[first][:, 1:], y[first + 1][:, :-1]
    same = _equal(ours, theirs).reshape(len(first), -1).all(axis=1)
    return bool(same.sum() > len(first) / 2)


def _pairs(n_samples):
    """Positions of samples whose pairs with the next one are looked at, spread over all samples."""
    return np.unique(np.linspace(0, n_samples - 2, min(N_PAIRS, n_samples - 1)).astype(np.intp))


def _equal(left, right):
    """Mask of equal values; NaN equals NaN."""
    return (left == right) | ((left != left) & (right != right))
