"""A linear path past the LSTM, from each output's own past."""

import numpy as np
from keras import layers, ops

NAME = "linear_path"


def add_linear_path(outputs, values, linear_path):
    """Add to each output a weighted sum of one feature's time steps: the autoregressive highway of LSTNet.

    Parameters
    ----------
    outputs : KerasTensor of shape (n_samples, n_outputs) or (n_samples, n_output_steps, n_outputs_per_step)
        Of a regression.
    values : KerasTensor of shape (n_samples, n_timesteps, n_features)
        Windows, zero where not observed.
    linear_path : tuple (features, n_timesteps), or None
        For each output (of a time step) the feature that holds its own past, and the length of the windows.

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
    return layers.Add(name=f"{NAME}_added")([outputs, summed])


def set_linear_path(network, features, coefficients, intercept):
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
