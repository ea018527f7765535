"""The side of what is rebuilt: how far it is from the windows that went in, and which of these are anomalies."""

import numpy as np
from sklearn.base import OutlierMixin

# Windows that are rebuilt at once where only their errors are kept.
AT_ONCE = 1024


class Reconstruction(OutlierMixin):
    """Mixin: the network rebuilds its inputs, and what it rebuilds badly is unusual."""

    def reconstruct(self, X) -> np.ndarray:
        """The windows as rebuilt from their codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`; the number of time steps may be another.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_timesteps, n_features)
            Of the precision of X, and NaN where it is.
        """
        samples = self._read_for_predict(X)
        windows = np.empty(samples.shape, samples.windows.dtype)
        for chunk, inputs, rebuilt in self._rebuilt(samples):
            windows[chunk] = np.where(np.isnan(inputs), np.nan, rebuilt)
        return windows

    def reconstruction_error(self, X) -> np.ndarray:
        """How far each window is from what is rebuilt of it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            Mean of the squared differences over the observed time steps and all features, in the squared units of X;
            0 where nothing was observed.
        """
        return self._errors(self._read_for_predict(X))

    def score_samples(self, X) -> np.ndarray:
        """How normal each window is: the higher, the more.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The errors of `reconstruction_error` with their sign changed.
        """
        return -self.reconstruction_error(X)

    def decision_function(self, X) -> np.ndarray:
        """How normal each window is, 0 being the border to the anomalies.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``: below 0 for anomalies.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X) -> np.ndarray:
        """Tell anomalies from what is normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        labels : ndarray of int of shape (n_samples,)
            -1 for anomalies, 1 for the others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def score(self, X, y=None) -> float:
        """Mean of `score_samples`: how well windows are rebuilt, for searches without labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            0 at best. Comparable between estimators of the same X only: not where a search changes how X is scaled.
        """
        return float(self.score_samples(X).mean())

    @property
    def threshold_(self) -> float:
        """The error above which a sample is an anomaly."""
        return -self.offset_

    def _errors(self, samples):
        errors = np.empty(len(samples))
        for chunk, inputs, rebuilt in self._rebuilt(samples):
            squares = (rebuilt.astype(np.float64) - inputs) ** 2
            counts = np.maximum(1, (~np.isnan(squares)).sum(axis=(1, 2)))
            errors[chunk] = np.nansum(squares, axis=(1, 2)) / counts
        return errors

    def _rebuilt(self, samples):
        """Yield (samples, inputs, rebuilt inputs), chunk by chunk, so that windows are never all in memory."""
        from sklstm.training import predict_outputs

        for first in range(0, len(samples), AT_ONCE):
            chunk = slice(first, first + AT_ONCE)
            inputs = samples.gather(chunk)
            (rebuilt,) = predict_outputs(self.network_, inputs.__getitem__, len(inputs))
            yield chunk, inputs, rebuilt

    def _encode(self, network, loss, samples, y, weights, training, anew):
        """The windows themselves as targets, and weights of their time steps where some were not observed."""
        weights = _Gathered(samples, _weights) if np.isnan(samples.windows.buffer).any() else None
        return [_Gathered(samples, np.nan_to_num)], weights

    def _conclude(self, data):
        """Learn what errors are usual, and how long windows are."""
        samples = data.samples
        self.n_timesteps_ = samples.windows.n_timesteps
        judged = samples.n_observed() >= self.min_steps
        self.offset_ = float(np.percentile(-self._errors(samples)[judged], 100 * self.contamination))


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
