"""Which samples are trained on, and which ones at the end are watched."""

from sklstm._series import split_panel_tail


def split_tail(who, tail, samples, kept, stride, ahead):
    """Samples to train on, and those of the tail.

    Parameters
    ----------
    who : str
        The estimator with its parameter, for messages.
    tail : TimeTail
        How many are watched, and how many before them are left out.
    samples : Samples
        All samples.
    kept : ndarray of int
        Positions of those to learn from.
    stride : int
        How far these lie apart.
    ahead : int
        Samples before the tail that share steps of y with it.

    Returns
    -------
    training, validation : ndarray of int
    """
    from sklstm.training import split_time_tail

    if samples.windows.times is not None:
        return split_panel_tail(samples.windows, kept, tail.fraction, gap=tail.gap, ahead=ahead, who=who)
    gap = tail.gap
    if gap is None:
        # Samples before the tail share time steps, or steps of y, with it.
        gap = max(ahead, samples.windows.reach - 1 if len(samples.sample_shape) > 1 else 0)
    return split_time_tail(kept, tail.fraction, gap // stride, who)
