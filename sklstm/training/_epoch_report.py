"""A Keras callback that reports each epoch to a function."""

import keras


class EpochReport(keras.callbacks.Callback):
    """Call a function as each epoch begins, and one as it ends; the latter may stop the training.

    Parameters
    ----------
    begin : callable
        ``begin()``
    end : callable
        ``end(network)``; training stops where it returns True.
    """

    def __init__(self, begin, end):
        super().__init__()
        self.begin, self.end = begin, end

    def on_epoch_begin(self, epoch, logs=None):
        """Report that an epoch begins."""
        self.begin()

    def on_epoch_end(self, epoch, logs=None):
        """Report that an epoch has ended."""
        if self.end(self.model):
            self.model.stop_training = True
