"""y of sequences of different lengths: a value, or a label, for each time step that was observed."""

import numpy as np

from sklstm._validation import is_ragged


class StepwiseTarget:
    """y that may have a value, or a label, for each time step of X, and may then come as a list of sequences.

    Parameters
    ----------
    architecture : Architecture or None
        The network's, where it is an LSTM estimator's.

    Attributes
    ----------
    per_input_step : bool
        Whether the network has an output for each time step of X.
    came_in_sequences : bool
        Whether y came as sequences in fit; predictions then do, too.
    """

    # What stands where no value or label is known.
    missing: float | None = None
    per_input_step = came_in_sequences = False

    def __init__(self, architecture=None):
        self.takes_sequences = architecture is not None and architecture.may_answer_each_step
        # Steps of a decoder are steps of their own, be they as many as the time steps of X.
        self.is_decoded = architecture is not None and architecture.network == "encoder_decoder"

    def lay_out(self, who, y, samples):
        """Y as an array beside padded samples, where it came as sequences of the samples' own lengths."""
        if not self.takes_sequences or not _is_by_observed_step(y, samples.shape[1]):
            return y
        return _lay_out(who, y, samples.observed(), self.missing)

    def of_observed_steps(self, y, samples):
        """Predictions for time steps, with what is missing at those that were not observed."""
        if not self.per_input_step or y.ndim < 2 or (observed := samples.observed()).all():
            return y
        missing = np.nan if y.dtype.kind == "f" else self.missing
        if missing is None:
            y = y.astype(object)
        y[~observed] = missing
        return y

    def in_sequences(self, y, samples):
        """Predictions as y came in fit: a list of sequences where that was one."""
        if not self.came_in_sequences:
            return y
        observed = samples.observed()
        return np.split(y[observed].astype(self.step_dtype), np.cumsum(observed.sum(axis=1))[:-1])


def _is_by_observed_step(y, n_timesteps):
    """Whether y holds sequences of its own, which are not as long as padded samples."""
    if is_ragged(y):
        return True
    return isinstance(y, (list, tuple)) and len(y) > 0 and np.ndim(y[0]) > 0 and len(y[0]) != n_timesteps


def _lay_out(who, y, observed, missing):
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
