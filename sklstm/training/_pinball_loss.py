"""The loss of quantiles."""

import keras
import numpy as np
from keras import ops


class PinballLoss(keras.losses.Loss):
    """What a network with an output for each of several quantiles is trained on, a mean over its outputs.

    To miss a value from below costs q times the distance, from above 1 - q times: least where a share q of the values
    lies below the output.

    Parameters
    ----------
    quantiles : sequence of float
        Levels of the outputs; of several values those of the first come first, then those of the next.
    name, reduction
        As of any of Keras' losses.

    See Also
    --------
    LSTMRegressor : Trained on it with ``quantiles=``.
    pinball_loss : The metric.

    References
    ----------
    Koenker and Bassett, 1978, "Regression Quantiles", Econometrica 46(1).

    Examples
    --------
    >>> y, quantiles = np.array([[10.0, 10.0]]), np.array([[8.0, 8.0]])
    >>> loss = PinballLoss([0.1, 0.5])(y, quantiles)  # (0.1 * 2 + 0.5 * 2) / 2
    >>> round(float(loss), 6)
    0.6
    """

    def __init__(self, quantiles, *, name="pinball_loss", reduction="sum_over_batch_size"):
        super().__init__(name=name, reduction=reduction)
        self.quantiles = [float(quantile) for quantile in quantiles]

    def call(self, y_true, y_pred):
        """Losses of samples.

        Parameters
        ----------
        y_true, y_pred : tensor of shape (n_samples, ..., n_outputs)
            True values, repeated for each level, and the network's outputs.

        Returns
        -------
        losses : tensor of shape (n_samples, ...)
            Means over the outputs.
        """
        levels = np.tile(self.quantiles, y_pred.shape[-1] // len(self.quantiles))
        levels = ops.convert_to_tensor(levels, dtype=self.dtype)
        missed = y_true - y_pred
        return ops.mean(ops.maximum(levels * missed, (levels - 1) * missed), axis=-1)

    def get_config(self):
        """Parameters by name.

        Returns
        -------
        config : dict
            What `from_config` takes.
        """
        return super().get_config() | {"quantiles": self.quantiles}
