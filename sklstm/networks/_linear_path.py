"""A linear path past the LSTM, from each output's own past."""

from keras import layers, ops


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
    features, _ = linear_path
    n_steps = outputs.shape[1] if outputs.ndim == 3 else 1
    paths = [
        # It starts at zero: what the LSTM makes of its first weights is not disturbed.
        layers.Dense(n_steps, kernel_initializer="zeros", use_bias=False, name=f"linear_path_{k}")(
            values[:, :, int(feature)]
        )
        for k, feature in enumerate(features)
    ]
    paths = layers.Reshape(outputs.shape[1:], name="linear_paths")(ops.stack(paths, axis=-1))
    return layers.Add(name="sum")([outputs, paths])


def path_length(linear_path):
    """Time steps that a linear path needs; None without one, when their number is open."""
    return linear_path[1] if linear_path else None
