"""Samples of several series: which are of one series, which to train on, and which are the last in time."""

import numpy as np
import pandas as pd


def in_series(samples, groups):
    """The same samples, those of one series after those of another.

    >>> in_series(np.array([0, 1, 2, 3]), groups=np.array(["b", "a", "b", "a"]))
    array([0, 2, 1, 3])
    """
    codes, _ = pd.factorize(pd.Index(groups))
    return samples[np.argsort(codes[samples], kind="stable")]


def every_nth(n_samples, stride, groups=None):
    """Every `stride`-th sample of each series, counted back from its last one.

    >>> every_nth(8, 3)
    array([1, 4, 7])
    >>> every_nth(6, 2, groups=["a", "b", "a", "b", "a", "b"])
    array([0, 1, 4, 5])
    """
    if groups is None or stride == 1:
        return np.arange((n_samples - 1) % stride, n_samples, stride)
    codes, _ = pd.factorize(pd.Index(groups, tupleize_cols=False))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))
    from_end = ends[codes[order]] - 1 - np.arange(n_samples)
    return np.sort(order[from_end % stride == 0])


def split_panel_tail(windows, samples, fraction, *, gap, ahead, who):
    """Samples to train on, and the last `fraction` of them in time, across all series, to validate on.

    Parameters
    ----------
    windows : Windows of shape (n_all_samples, n_timesteps, n_features)
        With times.
    samples : ndarray of int
        Those to split. All of a time go to the same side, so that a few more may be for validation.
    fraction : float or None
        How many to validate on; nothing for None.
    gap : int or None
        How many distinct times before these are left out of both. By default, of each series, the samples whose windows
        or targets share rows with those to validate on.
    ahead : int
        How many samples further than to the next one the targets of a sample reach.
    who : str
        Who asks, for the message.

    Returns
    -------
    training, validation : ndarray of int
        Positions of samples, ascending.
    """
    n_validation = max(1, round(fraction * len(samples))) if fraction else 0
    if not n_validation:
        return samples, samples[:0]
    times = windows.times
    cut = np.sort(times[samples])[-n_validation]
    late = times[samples] >= cut
    earlier, validation = samples[~late], samples[late]
    if gap is None:
        left_out = _share_rows(windows, earlier, validation) | _share_targets(windows, earlier, validation, ahead)
    else:
        before = np.unique(times[times < cut])
        left_out = np.isin(times[earlier], before[max(0, len(before) - gap) :])
    if left_out.all():
        raise ValueError(
            f"{who} leaves nothing to train on: of {len(samples)} samples {len(validation)} are for validation, the "
            f"last ones in time of all series, and the {len(earlier)} before them are left out, as samples that share "
            "time steps would be. Lower it, pass more samples, or TimeTail(fraction, gap=0) if samples "
            "share nothing."
        )
    return earlier[~left_out], validation


def _share_rows(windows, earlier, validation):
    """Whether the windows of earlier samples hold rows that those to validate on hold, too."""
    return windows[earlier].count(windows[validation].shown()) > 0


def _share_targets(windows, earlier, validation, ahead):
    """Whether targets that reach `ahead` samples further than the next one reach those to validate on."""
    groups = np.zeros(len(windows)) if windows.groups is None else windows.groups
    codes, labels = pd.factorize(pd.Index(groups))
    places = np.empty(len(windows), dtype=np.intp)
    places[np.lexsort((windows.starts, codes))] = np.arange(len(windows))
    first = np.full(len(labels), np.iinfo(np.intp).max)
    np.minimum.at(first, codes[validation], places[validation])
    return places[earlier] + ahead >= first[codes[earlier]]
