"""A learning rate that decays to zero over the epochs of a fit."""

import math

import keras


class CosineDecay(keras.callbacks.Callback):
    """Lower the learning rate from epoch to epoch by half a cosine, from that of the optimizer towards zero.

    It changes nothing where the optimizer has a schedule of its own. After the fit the learning rate is as before.

    References
    ----------
    Loshchilov and Hutter, 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR, section 3.
    """

    def on_train_begin(self, logs=None):
        """Keep the rate of the optimizer."""
        optimizer = self.model.optimizer
        scheduled = isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
        self._rate = None if scheduled else float(optimizer.learning_rate)

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rate of the epoch."""
        if self._rate is not None:
            share = (1 + math.cos(math.pi * epoch / self.params["epochs"])) / 2
            self.model.optimizer.learning_rate = self._rate * share

    def on_train_end(self, logs=None):
        """Set the rate back."""
        if self._rate is not None:
            self.model.optimizer.learning_rate = self._rate
