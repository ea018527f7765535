"""Time steps that were not observed: NaN on the way in, a mask inside the network."""

from keras import ops


def split_observed(inputs):
    """Split inputs that may hold NaN into values without NaN, and a mask of the observed time steps.

    The operations are Keras' own, so that a saved model loads where sklstm is not installed, and takes
    NaN like the estimator does.

    Parameters
    ----------
    inputs : KerasTensor of shape (n_samples, n_timesteps, ...)
        Features or pixels of each time step, NaN throughout where it was not observed.

    Returns
    -------
    values : KerasTensor of the shape of inputs
        Zero where not observed.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    """
    missing = ops.isnan(inputs)
    values = ops.where(missing, 0.0, inputs)
    inside_a_step = tuple(range(2, inputs.ndim))
    return values, ops.logical_not(ops.all(missing, axis=inside_a_step))
