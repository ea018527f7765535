"""A linear path past the LSTM, from each output's own past and from what is known ahead."""

import numpy as np
from keras import layers, ops

from sklstm.networks._feature_roles import beside, future, pick, static

NAME, KNOWN = "linear_path", "linear_path_known"
# On 1,500 and 7,500 hours of two prices of electricity, with forecasts of the load, the RMSE of a day ahead is lower by
# 3 % with two days of these columns than without their past, and higher by 20 % with two weeks of them on the shorter.
MOST_KNOWN_VALUES = 96


def add_linear_path(outputs, values, linear_path, meta):
    """Add to each output a weighted sum of one feature's time steps: the autoregressive highway of LSTNet.

    Static features and columns that are known ahead, at the time steps ahead and at those of the window, are added with
    weights of their own. Of windows with more than `MOST_KNOWN_VALUES` values of these columns, the latest time steps
    are read.

    Parameters
    ----------
    outputs : KerasTensor of shape (n_samples, n_outputs) or (n_samples, n_output_steps, n_outputs_per_step)
        Of a regression.
    values : KerasTensor of shape (n_samples, n_timesteps, n_features)
        Windows, zero where not observed.
    linear_path : tuple (features, n_timesteps), or None
        For each output (of a time step) the feature that holds its own past, and the length of the windows.
    meta : dict
        See `sklstm.networks`.

    Returns
    -------
    outputs : KerasTensor of the same shape

    References
    ----------
    Lai et al., 2018, "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", SIGIR, section 3.6.
    """
    if linear_path is None:
        return outputs
    n_steps = outputs.shape[1] if outputs.ndim == 3 else 1
    paths, order = [], []
    for k, (feature, fed) in enumerate(outputs_by_feature(linear_path[0])):
        # Weights are zero, for the estimator to set.
        path = layers.Dense(n_steps * len(fed), kernel_initializer="zeros", name=f"{NAME}_{k}")(values[:, :, feature])
        paths.append(layers.Reshape((n_steps, len(fed)), name=f"{NAME}_{k}_steps")(path))
        order += fed
    summed = paths[0] if len(paths) == 1 else layers.Concatenate(name=f"{NAME}s")(paths)
    if order != sorted(order):
        summed = ops.take(summed, np.argsort(order), axis=-1)
    if outputs.ndim == 2:
        summed = layers.Reshape(outputs.shape[1:], name=f"{NAME}s_flat")(summed)
    terms = [outputs, summed]
    if (known := _known_inputs(values, meta)) is not None:
        path = layers.Dense(int(np.prod(outputs.shape[1:])), use_bias=False, kernel_initializer="zeros", name=KNOWN)(
            known
        )
        terms.append(layers.Reshape(outputs.shape[1:], name=f"{KNOWN}_steps")(path))
    return layers.Add(name=f"{NAME}_added")(terms)


def _known_inputs(values, meta):
    """Static features, what is known ahead, and the same columns in the window: (n_samples, n_inputs), or None."""
    inputs = [static(values, meta), future(values, meta)]
    if known := meta.get("known_", ()):
        latest = pick(values[:, -n_known_steps(values.shape[1], len(known)) :], known)
        inputs.append(layers.Reshape((-1,), name=f"{KNOWN}_window")(latest))
    return beside(*inputs)


def n_known_steps(n_timesteps, n_known):
    """Number of the latest time steps of which the linear path reads the columns that are known ahead.

    >>> n_known_steps(24, 3), n_known_steps(1000, 4)
    (24, 24)
    """
    return min(n_timesteps, max(1, MOST_KNOWN_VALUES // n_known))


def set_linear_path(network, features, coefficients, intercept, known=None):
    """Set the weights of the linear path, and those of the output layer to zero: the network is then linear.

    Parameters
    ----------
    network : keras.Model
        With a linear path; changed in place.
    features : sequence of int of length n_outputs
        As they were passed to the network's builder.
    coefficients : ndarray of shape (n_timesteps, n_output_steps, n_outputs)
        Weights of the time steps of each output's feature.
    intercept : ndarray of shape (n_output_steps, n_outputs)
        Added to the outputs.
    known : ndarray of shape (n_inputs, n_output_steps, n_outputs), optional
        Weights of the static features, of the values ahead by time step, and of the columns that are known ahead, time
        step by time step; needed where the network has such features.

    See Also
    --------
    vanilla : Takes `linear_path`, as other networks do.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.networks import set_linear_path, vanilla
    >>> meta = {"X_shape_": (100, 3, 1), "target_type_": "continuous", "n_outputs_": 1}
    >>> network = vanilla(meta, units=4, linear_path=([0], 3))
    >>> set_linear_path(network, [0], np.array([[[0.0]], [[0.5]], [[0.5]]]), np.array([[1.0]]))
    >>> network(np.array([[[7.0], [2.0], [4.0]]])).numpy()
    array([[4.]], dtype=float32)
    """
    head = network.get_layer("outputs")
    head.set_weights([np.zeros(weight.shape, np.float32) for weight in head.get_weights()])
    for k, (_, fed) in enumerate(outputs_by_feature(features)):
        kernel = coefficients[:, :, fed].reshape(len(coefficients), -1)
        network.get_layer(f"{NAME}_{k}").set_weights([kernel, intercept[:, fed].ravel()])
    if known is not None:
        network.get_layer(KNOWN).set_weights([known.reshape(len(known), -1)])


def outputs_by_feature(features):
    """Pairs (feature, positions of the outputs that it feeds), in the order of their first outputs.

    >>> outputs_by_feature([2, 0, 2])
    [(2, [0, 2]), (0, [1])]
    """
    features = [int(feature) for feature in features]
    return [(feature, [k for k, f in enumerate(features) if f == feature]) for feature in dict.fromkeys(features)]


def path_length(linear_path):
    """Time steps that a linear path needs; None without one, when their number is open."""
    return linear_path[1] if linear_path else None
