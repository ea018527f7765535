"""The vanilla LSTM: many time steps in, one output."""

import keras
from keras import layers, ops

from sklstm.networks._observed import split_observed


def vanilla(n_features, n_outputs, *, units=32, dropout=0.0, linear_path=None, random_state):
    """One LSTM layer, and a dense layer on its last state; and maybe a linear path beside them.

    Parameters
    ----------
    n_features : int
        Features of each time step. The number of time steps is open, unless there is a linear path.
    n_outputs : int
        Values to predict for each sample.
    units : int, default=32
        Size of the LSTM's state.
    dropout : float, default=0.0
        Share of the last state that is dropped in training.
    linear_path : tuple (features, n_timesteps), optional
        For each output a feature, the one that holds its own past, and how many time steps of it go to the
        output by a linear path: the autoregressive highway of LSTNet.
    random_state : numpy.random.RandomState
        Where the seeds of all layers come from; no global seed is read or set.

    Returns
    -------
    model : keras.Model
        Not compiled. Takes NaN for time steps that were not observed.

    References
    ----------
    Lai et al., 2018, "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", SIGIR
    (`linear_path`: section 3.6).
    """

    def seed():
        return int(random_state.randint(2**31 - 1))

    features, n_timesteps = linear_path or ((), None)
    inputs = keras.Input((n_timesteps, n_features), name="windows")
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
    if linear_path is not None:
        # It starts at zero: what the LSTM makes of its first weights is not disturbed.
        paths = [
            layers.Dense(1, kernel_initializer="zeros", use_bias=False, name=f"linear_path_{k}")(values[:, :, feature])
            for k, feature in enumerate(features)
        ]
        outputs = layers.Add(name="sum")([outputs, ops.concatenate(paths, axis=-1)])
    return keras.Model(inputs, outputs, name="vanilla")
