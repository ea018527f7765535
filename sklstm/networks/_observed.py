"""Time steps that were not observed: NaN on the way in, a mask inside the network."""

from keras import ops


def split_observed(inputs):
    """Split inputs that may hold NaN into values without NaN, and a mask of the observed time steps.

    The operations are Keras' own, so that a saved model loads where sklstm is not installed, and takes
    NaN like the estimator does.

    Parameters
    ----------
    inputs : KerasTensor of shape (n_samples, n_timesteps, n_features)
        A time step is NaN in all features or in none.

    Returns
    -------
    values : KerasTensor of shape (n_samples, n_timesteps, n_features)
        Zero where not observed.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    """
    missing = ops.isnan(inputs)
    values = ops.where(missing, ops.zeros_like(inputs), inputs)
    return values, ops.logical_not(ops.any(missing, axis=-1))
