"""Order statistics of many stretches of an array at once, without a loop over stretches. Pure NumPy."""

import numpy as np


def select_ranked(values, codes, begins, ends, series, ranks):
    """Value of a rank among the values of each stretch.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Numbers, none of them NaN.
    codes : ndarray of int of shape (n_values,)
        Number of the series of each value.
    begins, ends : ndarray of int of shape (n_parts, n_stretches)
        First value of each part of a stretch, and the one after its last. A stretch may have several parts.
    series : ndarray of int of shape (n_stretches,)
        Number of the series of each stretch. All its values are of this series.
    ranks : ndarray of int of shape (n_stretches,)
        Rank of the value to select, 0 for the smallest; lower than the number of values of the stretch.

    Returns
    -------
    selected : ndarray of shape (n_stretches,)

    Notes
    -----
    A wavelet matrix: values are replaced by their ranks in their series, and one bit of the ranks after the other, the
    highest first, splits the values into those with 0 and those with 1, each in their order. Time is proportional to
    the number of values and stretches times the logarithm of the longest series, memory to the number of both.

    References
    ----------
    Claude, Navarro and Ordóñez, 2015, "The wavelet matrix: an efficient wavelet tree for large alphabets", Information
    Systems 47.

    Examples
    --------
    The middle one of the first three values and of the last three:

    >>> values, codes = np.array([5.0, 1.0, 3.0, 2.0]), np.zeros(4, dtype=int)
    >>> select_ranked(values, codes, np.array([[0, 1]]), np.array([[3, 4]]), np.array([0, 0]), np.array([1, 1]))
    array([3., 2.])
    """
    order = np.lexsort((values, codes))
    counts = np.bincount(codes)
    first = np.cumsum(counts) - counts
    own_ranks = np.empty(len(values), dtype=np.intp)
    own_ranks[order] = np.arange(len(values)) - np.repeat(first, counts)
    selected = np.zeros(len(ranks), dtype=np.intp)
    for bit in reversed(range(int(counts.max() - 1).bit_length())):
        is_high = (own_ranks >> bit) & 1 > 0
        n_low = np.concatenate([[0], np.cumsum(~is_high)])
        low_begins, low_ends = n_low[begins], n_low[ends]
        n_low_here = (low_ends - low_begins).sum(axis=0)
        high = ranks >= n_low_here
        ranks = np.where(high, ranks - n_low_here, ranks)
        selected |= high.astype(np.intp) << bit
        # Behind all values with 0 come those with 1.
        begins = np.where(high, n_low[-1] + begins - low_begins, low_begins)
        ends = np.where(high, n_low[-1] + ends - low_ends, low_ends)
        own_ranks = np.concatenate([own_ranks[~is_high], own_ranks[is_high]])
    return values[order[first[series] + selected]]
