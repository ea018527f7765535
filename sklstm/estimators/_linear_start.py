"""The closed-form ridge regression at which a network with a linear path starts."""

import numpy as np

from sklstm._ridge import fit_ridge, recency_scales, spread_evenly


def fit_linear_start(samples, targets, rows, weights, features, levels=None):
    """Fit the targets of a network by ridge regressions on the time steps of the features that hold their past.

    Parameters
    ----------
    samples : Samples
        As the network takes them.
    targets : ndarray of shape (n_samples, n_outputs) or (n_samples, n_output_steps, n_outputs)
        As the network learns them.
    rows : ndarray of int
        Samples to fit on.
    weights : ndarray of shape (n_samples,) or None
        Of the samples.
    features : sequence of int of length n_outputs
        Feature that holds the past of each output.
    levels : ndarray of shape (n_quantiles,), optional
        Levels of the outputs, which are then the quantiles of one value after the other.

    Returns
    -------
    coefficients : ndarray of shape (n_timesteps, n_output_steps, n_outputs)
    intercept : ndarray of shape (n_output_steps, n_outputs)
        With `levels`, the quantiles of the leave-one-out errors are added.
    """
    targets = targets.reshape(len(targets), -1, targets.shape[-1])
    _, n_steps, n_outputs = targets.shape
    n_timesteps = samples.shape[1]
    rows = rows[spread_evenly(len(rows), n_timesteps + n_steps * n_outputs)]
    windows = samples.gather(rows)
    weights = None if weights is None else weights[rows]
    coefficients, intercept = np.zeros((n_timesteps, n_steps, n_outputs)), np.zeros((n_steps, n_outputs))
    n_copies = 1 if levels is None else len(levels)
    for feature in dict.fromkeys(features):
        # Copies of a value for several quantiles have the same coefficients.
        fed = [k for k in range(0, n_outputs, n_copies) if features[k] == feature]
        Y = targets[rows][:, :, fed].reshape(len(rows), -1).astype(np.float64)
        X = np.nan_to_num(windows[:, :, feature].astype(np.float64))
        ridge = fit_ridge(X, Y, weights, scales=recency_scales(n_timesteps))
        for copy in range(n_copies):
            outputs = [k + copy for k in fed]
            coefficients[:, :, outputs] = ridge.coefficients.reshape(n_timesteps, n_steps, -1)
            shift = 0.0 if levels is None else np.nanquantile(ridge.errors, levels[copy], axis=0)
            intercept[:, outputs] = (ridge.intercept + shift).reshape(n_steps, -1)
    return coefficients, intercept


def is_linear(network):
    """Whether the outputs of a network are a sum of the linear path and of a layer without an activation."""
    from keras.activations import linear

    names = {layer.name for layer in network.layers}
    return {"linear_path_0", "outputs"} <= names and network.get_layer("outputs").activation is linear
