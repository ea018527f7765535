"""The loss of targets of which some values are not known."""

import keras
from keras import ops


class KnownLoss(keras.losses.Loss):
    """Another loss, to which values that are not known do not add.

    Parameters
    ----------
    loss : keras.losses.Loss or function
        A loss that is a mean over the outputs, such as the mean squared error.
    name : str
        As of any of Keras' losses.

    Examples
    --------
    >>> import numpy as np
    >>> y, outputs = np.array([[3.0, np.nan]]), np.array([[1.0, 9.0]])
    >>> float(KnownLoss(keras.losses.MeanSquaredError())(y, outputs))  # (2**2 + 0) / 2
    2.0
    """

    def __init__(self, loss, *, name="known_loss"):
        super().__init__(name=name, reduction=getattr(loss, "reduction", "sum_over_batch_size"))
        self.loss = loss

    def call(self, y_true, y_pred):
        """Losses of samples.

        Parameters
        ----------
        y_true, y_pred : tensor of shape (n_samples, ..., n_outputs)
            True values, NaN where they are not known, and the network's outputs.

        Returns
        -------
        losses : tensor of shape (n_samples, ...)
            Means over the outputs, in which a value that is not known counts as met.
        """
        y_true = ops.where(ops.isnan(y_true), ops.stop_gradient(y_pred), y_true)
        return self.loss.call(y_true, y_pred) if isinstance(self.loss, keras.losses.Loss) else self.loss(y_true, y_pred)

    def get_config(self):
        """Parameters by name.

        Returns
        -------
        config : dict
            With the other loss as Keras serialises it.
        """
        return {"name": self.name, "loss": keras.losses.serialize(self.loss)}
