"""A Keras callback that lets the learning rate fall over the epochs of a fit."""

import math

import keras


class RateDecay(keras.callbacks.Callback):
    """Lower the learning rate along half a cosine, from the optimizer's own value in the first epoch towards zero.

    The rate of an epoch does not depend on losses. The optimizer's own rate is set back after training: a fit that
    goes on from this one begins with it.

    References
    ----------
    Loshchilov and Hutter, 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR.
    """

    def on_train_begin(self, logs=None):
        """Keep the optimizer's rate."""
        self._rate = float(self.model.optimizer.learning_rate)

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rate of an epoch."""
        share = (1 + math.cos(math.pi * epoch / self.params["epochs"])) / 2
        self.model.optimizer.learning_rate = self._rate * share

    def on_train_end(self, logs=None):
        """Set the optimizer's rate back."""
        self.model.optimizer.learning_rate = self._rate
