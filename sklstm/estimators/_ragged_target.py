"""y of sequences of different lengths: a value, or a label, for each time step that was observed."""

import numpy as np

from sklstm._validation import is_ragged


def is_by_observed_step(y, n_timesteps):
    """Whether y holds sequences of its own, which are not as long as padded samples."""
    if is_ragged(y):
        return True
    return isinstance(y, (list, tuple)) and len(y) > 0 and np.ndim(y[0]) > 0 and len(y[0]) != n_timesteps


def lay_out(who, y, observed, missing):
    """Sequences of y beside padded samples: each value at its time step, what is `missing` where nothing was observed.

    Parameters
    ----------
    who : str
        Name of the estimator, for messages.
    y : sequence of array-like of shape (n_observed_i,) or (n_observed_i, n_outputs)
        In time order.
    observed : ndarray of bool of shape (n_samples, n_timesteps)
        Time steps that were observed.
    missing : float or None
        NaN among numbers, None among labels.

    Returns
    -------
    y : ndarray of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_outputs)
        Of numbers, or of objects.

    Raises
    ------
    ValueError
        If there are more or fewer values than time steps.
    """
    parts = [np.asarray(part, dtype=object if missing is None else np.float64) for part in y]
    if len(parts) != len(observed):
        raise ValueError(
            f"{who} got X with {len(observed)} samples and y with {len(parts)} sequences. Both need the same number."
        )
    for sample, (part, n_observed) in enumerate(zip(parts, observed.sum(axis=1), strict=True)):
        if len(part) != n_observed:
            raise ValueError(
                f"{who} expects a value of y for each observed time step, got {len(part)} for sample {sample}, in "
                f"which {n_observed} were observed. Cut y where X was cut (SequencePadder(max_len=...) does), and give "
                "each time step its value."
            )
    laid_out = np.full((*observed.shape, *parts[0].shape[1:]), missing, dtype=parts[0].dtype)
    laid_out[observed] = np.concatenate(parts)
    return laid_out
