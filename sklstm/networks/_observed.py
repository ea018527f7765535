"""Time steps that were not observed: NaN on the way in, a mask inside the network."""

from keras import ops

from sklstm.networks._feature_roles import pick


def split_observed(inputs, mask_value=None, features=None):
    """Split inputs that may hold NaN into values without NaN, and a mask of the observed time steps.

    The operations are Keras' own, so that a saved model loads where sklstm is not installed, and takes
    NaN like the estimator does.

    Parameters
    ----------
    inputs : KerasTensor of shape (n_samples, n_timesteps, ...)
        Features or pixels of each time step, NaN throughout where it was not observed.
    mask_value : float, optional
        A number that, throughout a time step, says the same as NaN.
    features : sequence of int, optional
        Features that tell whether a time step was observed; by default all of them.

    Returns
    -------
    values : KerasTensor of the shape of inputs
        Zero where not observed, or NaN.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    """
    inside_a_step = tuple(range(2, inputs.ndim))
    missing = ops.isnan(inputs)
    if mask_value is not None:
        stands_for_it = ops.all(ops.equal(pick(inputs, features), mask_value), axis=inside_a_step, keepdims=True)
        missing = ops.logical_or(missing, stands_for_it)
    values = ops.where(missing, 0.0, inputs)
    return values, ops.logical_not(ops.all(pick(missing, features), axis=inside_a_step))


def mean_of_observed(values, observed):
    """Return the mean over the observed time steps, (n_samples, n_numbers); zero where there is none.

    Parameters
    ----------
    values : KerasTensor of shape (n_samples, n_timesteps, n_numbers)
        Numbers of each time step.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    """
    seen = ops.expand_dims(ops.cast(observed, values.dtype), axis=-1)
    return ops.sum(values * seen, axis=1) / ops.maximum(ops.sum(seen, axis=1), 1.0)
