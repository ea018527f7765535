"""What LSTMAutoencoder learns from: its own windows; and how far what it rebuilds is from them."""

import numpy as np

from sklstm._validation import check_windows
from sklstm.estimators._samples import Samples

# Windows that are rebuilt at once where only their errors are kept.
AT_ONCE = 1024


class ChangingWindowReader:
    """Reads windows whose features all change from time step to time step."""

    def read(self, estimator, X, reset):
        """X as Samples."""
        windows = check_windows(estimator, X, reset=reset)
        if windows.roles.features:
            raise ValueError(
                f"{type(estimator).__name__} rebuilds features that change from time step to time step, got windows in "
                f"which features {windows.roles.features} are static or known ahead. Leave them out of X, or out of "
                "what LagFramer is told of them."
            )
        return Samples(windows)


class WindowTarget:
    """The windows themselves as targets; there is no y."""

    meta: dict = {}
    usual_loss = "mse"

    def read(self, estimator, y, samples, classes=None):
        """No y."""

    def n_shared_steps(self, samples):
        """No y shares steps with another."""
        return 0

    def known(self, y):
        """Mask of the samples to train on; None for all of them."""

    def check_split(self, who, name, y, training, later):
        """Windows to be watched may be any."""

    def meet(self, network, loss):
        """The network answers in windows."""

    def encode(self, who, network, loss, samples, y, weights, weighed, class_weight=None):
        """The windows as targets, and weights of their time steps where some were not observed."""
        weights = _Gathered(samples, _weights) if np.isnan(samples.windows.buffer).any() else None
        return [_Gathered(samples, np.nan_to_num)], weights


def cut_encoder(model):
    """The part of an autoencoder from windows to their codes."""
    from sklstm.networks._autoencoder import encoder_part

    return encoder_part(model)


def cut_decoder(model, n_timesteps):
    """The part of an autoencoder from codes to windows of `n_timesteps`."""
    from sklstm.networks._autoencoder import decoder_part

    return decoder_part(model, n_timesteps)


def errors_of(network, samples):
    """Mean squared difference of each sample from what is rebuilt of it, over its observed time steps."""
    errors = np.empty(len(samples))
    for chunk, inputs, rebuilt in rebuilt_chunks(network, samples):
        squares = (rebuilt.astype(np.float64) - inputs) ** 2
        counts = np.maximum(1, (~np.isnan(squares)).sum(axis=(1, 2)))
        errors[chunk] = np.nansum(squares, axis=(1, 2)) / counts
    return errors


def rebuilt_chunks(network, samples):
    """Yield (samples, inputs, rebuilt inputs), chunk by chunk, so that windows are never all in memory."""
    from sklstm.training import predict_outputs

    for first in range(0, len(samples), AT_ONCE):
        chunk = slice(first, first + AT_ONCE)
        inputs = samples.gather(chunk)
        (rebuilt,) = predict_outputs(network, inputs.__getitem__, len(inputs))
        yield chunk, inputs, rebuilt


class _Gathered:
    """What a function makes of windows, for those of a batch: ``gathered[samples]``."""

    def __init__(self, samples, function):
        self.samples = samples
        self.function = function

    def __getitem__(self, samples):
        return self.function(self.samples.gather(samples))


def _weights(inputs):
    """Weights of time steps, (n_samples, n_timesteps): 0 where not observed, and a mean of 1 in each sample.

    >>> _weights(np.array([[[np.nan], [2.0], [3.0]]]))
    array([[0. , 1.5, 1.5]], dtype=float32)
    """
    observed = ~np.isnan(inputs[:, :, 0])
    n_observed = np.maximum(1, observed.sum(axis=1, keepdims=True))
    return (observed * (inputs.shape[1] / n_observed)).astype(np.float32)
