"""The vanilla LSTM: many time steps in, one output."""

import keras
from keras import layers

from sklstm.networks._observed import split_observed


def vanilla(n_features, n_outputs, *, units=32, dropout=0.0, random_state):
    """One LSTM layer, and a dense layer on its last state.

    Parameters
    ----------
    n_features : int
        Features of each time step. The number of time steps is open.
    n_outputs : int
        Values to predict for each sample.
    units : int, default=32
        Size of the LSTM's state.
    dropout : float, default=0.0
        Share of the last state that is dropped in training.
    random_state : numpy.random.RandomState
        Where the seeds of all layers come from; no global seed is read or set.

    Returns
    -------
    model : keras.Model
        Not compiled. Takes NaN for time steps that were not observed.
    """

    def seed():
        return int(random_state.randint(2**31 - 1))

    inputs = keras.Input((None, n_features), name="windows")
    values, observed = split_observed(inputs)
    state = layers.LSTM(
        units,
        kernel_initializer=keras.initializers.GlorotUniform(seed()),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed()),
        seed=seed(),
        # cuDNN refuses masks of windows that begin before the series does: it takes padding at the end only.
        use_cudnn=False,
        name="lstm",
    )(values, mask=observed)
    if dropout:
        state = layers.Dropout(dropout, seed=seed(), name="dropout")(state)
    kernel = keras.initializers.GlorotUniform(seed())
    outputs = layers.Dense(n_outputs, kernel_initializer=kernel, name="outputs")(state)
    return keras.Model(inputs, outputs, name="vanilla")
