"""Labels of windows, from the labels of the rows that they cover."""

import numpy as np

from sklstm.estimators._labels import shown


def label_windows(who, windows, y, labels, how):
    """The label that each window of a labelled recording is trained on.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        One for each row of the recording, which ends at it.
    y : ndarray of shape (n_samples,)
        Label of each row.
    labels : ndarray of shape (n_labels,)
        All labels, sorted.
    how : {"majority", "any"}
        The most frequent label of the rows that a window covers, the latest among those as frequent; or the second
        of two labels, if any row has it.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Label of each window.

    Raises
    ------
    ValueError
        If y has several labels to a row, windows have no rows in common, or "any" meets more than two labels.
    """
    who = f"{who}(window_labels={how!r})"
    if y.ndim > 1:
        raise ValueError(
            f"{who} expects a label for each row, y of shape (n_samples,), got y of shape {y.shape}. Drop "
            "window_labels, or fit an estimator for each of the labels."
        )
    if how == "any" and len(labels) != 2:
        raise ValueError(
            f"{who} asks whether any row of a window is positive, and expects two classes, got {len(labels)}: "
            f"{shown(labels)}. Make them two (y == {labels.tolist()[-1]!r}), or pass window_labels='majority'."
        )
    first, stop, order = _rows_of_windows(windows)
    if windows.n_timesteps > 1 and len(windows) > 1 and (stop - first == 1).all():
        raise ValueError(
            f"{who} looks at the labels of all rows that a window covers, but no window of X, of shape "
            f"{windows.shape}, covers the last row of another: they are samples by themselves. Pass the windows of a "
            "series, one for each row (LagFramer), uncopied, or drop window_labels."
        )
    codes = np.searchsorted(labels, y)[order]
    return labels[_any(codes, first, stop) if how == "any" else _majority(codes, first, stop, len(labels))]


def _rows_of_windows(windows):
    """Where the rows of each window begin and stop, among all rows in the order that is returned too.

    The rows of a window are those at which samples end: there are none between series, across a hole, or before the
    start.
    """
    starts, ends = windows.starts, windows.starts + windows.reach - 1
    if windows.dilation > 1:
        # Rows that one window can hold are a multiple of dilation apart: number them side by side.
        n_apart = len(windows.buffer) // windows.dilation + 2
        starts, ends = (rows % windows.dilation * n_apart + rows // windows.dilation for rows in (starts, ends))
    order = np.argsort(ends, kind="stable")
    first = np.searchsorted(ends[order], starts, side="left")
    stop = np.searchsorted(ends[order], ends, side="right")
    return first, stop, order


def _any(codes, first, stop):
    """1 where any of the codes from `first` to `stop` is 1, else 0."""
    return (_count(codes == 1, first, stop) > 0).astype(np.intp)


def _majority(codes, first, stop, n_labels):
    """The most frequent of the codes from `first` to `stop`; of those as frequent, the one that comes last."""
    rows = np.arange(len(codes))
    chosen, most = np.zeros(len(codes), dtype=np.intp), np.zeros(len(codes), dtype=np.int64)
    for code in range(n_labels):
        has = codes == code
        latest = np.maximum.accumulate(np.where(has, rows, -1))[stop - 1]
        frequency = _count(has, first, stop) * (len(codes) + 1) + latest + 1
        chosen, most = np.where(frequency > most, code, chosen), np.maximum(frequency, most)
    return chosen


def _count(has, first, stop):
    before = np.concatenate([[0], np.cumsum(has)])
    return before[stop] - before[first]
