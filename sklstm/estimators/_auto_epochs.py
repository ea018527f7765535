"""epochs="auto": how long and how fast a classifier learns, where no number of epochs is given."""

# Measured on sets of 20 to 270 samples and 24 to 427 time steps: see benchmarks/sequence_classification.py.
FEWEST_EPOCHS = 100
# Batch normalisation learns in fewer updates, and each takes longer.
UPDATES, UPDATES_OF_NORMALISED = 1000, 500

# A rate that falls to zero may begin high; recurrent layers need clipped gradients for it.
RATE, RATE_OF_NORMALISED, CLIPNORM = 0.01, 0.003, 1.0


def n_epochs(network, n_samples, batch_size):
    """Return as many epochs as give a fixed number of updates, at least 100.

    Parameters
    ----------
    network : str or callable
        As of Architecture.
    n_samples, batch_size : int
        Number of training samples, and of those in a batch.

    Examples
    --------
    >>> n_epochs("vanilla", 50, 32), n_epochs("lstm_fcn", 50, 32), n_epochs("vanilla", 5000, 32)
    (500, 250, 100)
    """
    n_batches = -(-n_samples // batch_size)
    updates = UPDATES_OF_NORMALISED if network == "lstm_fcn" else UPDATES
    return max(FEWEST_EPOCHS, -(-updates // n_batches))


def optimizer_params(network, learning_rate):
    """Return parameters of an optimizer that is given by name.

    Parameters
    ----------
    network : str or callable
        As of Architecture.
    learning_rate : float or None
        Learning rate of the first epoch, if given.
    """
    usual = RATE_OF_NORMALISED if network == "lstm_fcn" else RATE
    return {"learning_rate": usual if learning_rate is None else learning_rate, "clipnorm": CLIPNORM}
