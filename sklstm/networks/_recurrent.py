"""What the LSTM layers of all networks share."""

from numbers import Integral

from keras import layers, ops

from sklstm.networks._observed import mean_of_observed


def lstm(units, seeds, **params):
    """LSTM layer that takes any mask."""
    # cuDNN refuses masks of windows that begin before the series does: it takes padding at the end only.
    return layers.LSTM(
        units,
        use_cudnn=False,
        kernel_initializer=seeds.initializer(),
        recurrent_initializer=seeds.initializer("orthogonal"),
        seed=seeds.next(),
        **params,
    )


def patches(sequence, observed, length):
    """Join consecutive time steps to patches, each of which is a time step of the result; nothing for None.

    Patches are counted from the end, and the first one is filled up with zeros in front: so padding before a sequence
    changes no patch that holds an observed time step.

    Parameters
    ----------
    sequence : KerasTensor of shape (n_samples, n_timesteps, n_numbers)
        Zero where not observed.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    length : int or None
        Time steps in a patch.

    Returns
    -------
    sequence : KerasTensor of shape (n_samples, n_patches, length * n_numbers)
    observed : KerasTensor of shape (n_samples, n_patches)
        True where any time step of the patch was observed.

    References
    ----------
    Nie, Nguyen, Sinthong and Kalagnanam, 2023, "A Time Series is Worth 64 Words: Long-term Forecasting with
    Transformers", ICLR, section 3.1.
    """
    if length is None:
        return sequence, observed
    length, n_numbers = int(length), sequence.shape[-1]
    seen = ops.expand_dims(ops.cast(observed, sequence.dtype), axis=-1)
    filled = layers.ZeroPadding1D((length - 1, 0), name="fill")(ops.concatenate([sequence, seen], axis=-1))
    # The oldest time steps are the last ones here, of which those short of a patch are left out.
    cut = ops.extract_sequences(ops.transpose(ops.flip(filled, axis=1), (0, 2, 1)), length, length)
    # Older Keras flips one axis at a time.
    cut = ops.flip(ops.flip(ops.transpose(cut, (0, 2, 3, 1)), axis=1), axis=2)
    joined = layers.Reshape((-1, length * n_numbers), name="patches")(cut[..., :n_numbers])
    return joined, ops.any(ops.greater(cut[..., n_numbers], 0), axis=-1)


def drop(tensor, rate, seeds, name):
    """Drop a share of the values in training; no share, no layer."""
    return layers.Dropout(rate, seed=seeds.next(), name=name)(tensor) if rate else tensor


def pool(states, observed, pooling):
    """Return the last state, alone or beside the mean of the states of all observed time steps.

    Parameters
    ----------
    states : KerasTensor of shape (n_samples, units) or (n_samples, n_timesteps, units)
        Last state with pooling="last", states of all time steps with pooling="mean".
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    pooling : {"last", "mean"}
        Whether the mean stands beside the last state.

    Returns
    -------
    state : KerasTensor of shape (n_samples, units) or (n_samples, 2 * units)
    """
    if pooling == "last":
        return states
    return ops.concatenate([states[:, -1], mean_of_observed(states, observed)], axis=-1)


def units_per_layer(units, n_layers, *, expected, remedy, open_ended=False):
    """Units of each LSTM layer, where a single number stands for as many layers as are usual.

    Parameters
    ----------
    units : int or sequence of int
        As the caller got them.
    n_layers : int
        Layers that a single number stands for, and that a sequence must name, unless it is open-ended.
    expected, remedy : str
        For the message: which layers who has, and what to pass.
    open_ended : bool, default=False
        Whether a sequence may name any number of layers from one.

    Returns
    -------
    sizes : tuple of int
    """
    sizes = (units,) * n_layers if isinstance(units, Integral) else tuple(units)
    if not sizes or (len(sizes) != n_layers and not open_ended):
        raise ValueError(f"{expected}, got units={units!r}. {remedy}")
    if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
        raise ValueError(f"Units of an LSTM layer are an int of 1 or more, got units={units!r}. {remedy}")
    return tuple(int(size) for size in sizes)  # Keras refuses NumPy's integers
