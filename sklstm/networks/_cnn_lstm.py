"""The CNN-LSTM: a convolution reads each piece of the input, an LSTM the pieces in their order."""

import math

import keras
from keras import layers, ops

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import future, join, read_sequence, sequence_features, static
from sklstm.networks._heads import heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, pool, units_per_layer


def cnn_lstm(
    meta,
    *,
    units=32,
    filters=32,
    kernel_size=3,
    subsequence=None,
    dropout=0.0,
    recurrent_dropout=0.0,
    pooling="last",
    output_activation=None,
    linear_path=None,
    mask_value=None,
    embedding_dim=None,
    embedding_features=None,
    seed=None,
):
    """Convolution and pooling of each subsequence (or frame), one LSTM layer over them, dense outputs.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`. X may consist of frames.
    units : int, default=32
        Size of the LSTM's state.
    filters : int, default=32
        Patterns that the convolution looks for.
    kernel_size : int, default=3
        Time steps of a pattern; of a pattern in frames its height and width in pixels.
    subsequence : int, optional
        Time steps that are read together; about the square root of their number by default, and room for a
        pattern. Frames are read one by one.
    dropout, recurrent_dropout
        As in `vanilla`.
    pooling : {"last", "mean"}, default="last"
        As in `vanilla`, over the states after each subsequence or frame.
    output_activation : str, optional
        As in `vanilla`.
    linear_path : tuple (features, n_timesteps), optional
        As in `vanilla`; not of frames.
    mask_value, embedding_dim, embedding_features, seed
        As in `vanilla`; frames are not embedded.

    Returns
    -------
    model : keras.Model
        Not compiled.

    Raises
    ------
    ValueError
        If frames are to have a linear path.

    See Also
    --------
    vanilla : The LSTM alone.

    References
    ----------
    Donahue et al., 2015, "Long-term Recurrent Convolutional Networks for Visual Recognition and Description", CVPR.

    Examples
    --------
    >>> from sklstm.networks import cnn_lstm
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "continuous", "n_outputs_": 1}
    >>> cnn_lstm(meta, units=16, subsequence=4).output_shape
    (None, 1)
    """
    (size,) = units_per_layer(
        units, 1, expected="cnn_lstm has one LSTM layer", remedy="Pass one number, or architecture='stacked'."
    )
    seeds = Seeds(seed)
    _, n_timesteps, *frame = (int(length) for length in meta["X_shape_"])
    if len(frame) > 1:
        if linear_path is not None:
            raise ValueError(
                f"cnn_lstm has a linear path from the features of windows, got frames: X of shape {meta['X_shape_']}. "
                "Pass linear_skip=False."
            )
        inputs = keras.Input((None, *frame), name="frames")
        values, observed = split_observed(inputs, mask_value)
        pieces = _read_frames(values, int(filters), int(kernel_size), seeds)
    else:
        inputs = windows("cnn_lstm", meta, path_length(linear_path))
        values, observed = split_observed(inputs, mask_value, sequence_features(meta))
        sequence = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
        if subsequence is None:
            subsequence = max(math.isqrt(n_timesteps), min(kernel_size, n_timesteps))
        pieces, observed = _cut(sequence, observed, int(subsequence))
        pieces = _read_subsequences(pieces, int(filters), int(kernel_size), seeds)
    layer = lstm(size, seeds, recurrent_dropout=recurrent_dropout, return_sequences=pooling == "mean", name="lstm")
    state = pool(layer(pieces, mask=observed), observed, pooling)
    state = drop(state, dropout, seeds, name="dropout")
    state = join(state, static(values, meta), future(values, meta), seeds=seeds)
    outputs = heads(meta, state, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="cnn_lstm")


def _cut(values, observed, length):
    """Cut windows into subsequences: shape (n_samples, n_subsequences, length, n_features), and what of them is seen.

    What was observed moves to the front first: where the cuts fall does not depend on the padding.
    """
    order = ops.argsort(ops.logical_not(observed), axis=1)
    values = ops.take_along_axis(values, ops.expand_dims(order, axis=-1), axis=1)
    observed = ops.take_along_axis(observed, order, axis=1)
    # One short of a subsequence completes the last one, whatever the number of time steps.
    values = layers.ZeroPadding1D((0, length - 1), name="complete")(values)
    cut = ops.extract_sequences(ops.transpose(values, (0, 2, 1)), length, length)
    return ops.transpose(cut, (0, 2, 3, 1)), observed[:, ::length]


def _read_subsequences(pieces, filters, kernel_size, seeds):
    # One convolution over all pieces, of patterns that are one piece high: Keras' TimeDistributed counts samples in
    # place of time steps where the numbers of both are open.
    convolution = _convolution(layers.Conv2D, filters, (1, kernel_size), seeds)
    return ops.max(convolution(pieces), axis=2)


def _read_frames(frames, filters, kernel_size, seeds):
    if frames.ndim == 4:
        frames = ops.expand_dims(frames, axis=-1)
    frames = _convolution(layers.Conv3D, filters, (1, kernel_size, kernel_size), seeds)(frames)
    frames = layers.MaxPooling3D((1, 2, 2), padding="same", name="poolings")(frames)
    # Flat, not pooled throughout: where in a frame something is must stay known for its motion to be.
    return layers.Reshape((-1, math.prod(frames.shape[2:])), name="flats")(frames)


def _convolution(kind, filters, size, seeds):
    return kind(
        filters,
        size,
        padding="same",
        activation="relu",
        kernel_initializer=seeds.initializer(),
        name="convolutions",
    )
