"""The LSTM-FCN: an LSTM and a stack of convolutions read the same sequence side by side."""

from numbers import Integral

from keras import layers, ops

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import beside, future, join, read_sequence, sequence_features, static
from sklstm.networks._heads import heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import mean_of_observed, split_observed
from sklstm.networks._recurrent import drop, lstm, units_per_layer

# Keras' default of 0.99 takes hundreds of batches to forget the initial statistics; small sets have few.
MOMENTUM = 0.9


def lstm_fcn(
    meta,
    *,
    units=32,
    filters=(128, 256, 128),
    kernel_sizes=(8, 5, 3),
    dropout=0.0,
    recurrent_dropout=0.0,
    output_activation=None,
    linear_path=None,
    mask_value=None,
    embedding_dim=None,
    embedding_features=None,
    seed=None,
):
    """One LSTM layer beside convolutions with batch normalisation and average pooling, dense outputs from both.

    Time steps that were not observed enter neither the convolutions nor the batch statistics nor the average.

    Parameters
    ----------
    meta : dict
        Shapes and target: see `sklstm.networks`.
    units : int, default=32
        Size of the LSTM's state.
    filters : sequence of int, default=(128, 256, 128)
        Number of filters of each convolution, from the lowest.
    kernel_sizes : sequence of int, default=(8, 5, 3)
        Number of time steps that each convolution covers, one for each of `filters`.
    dropout : float, default=0.0
        Share of the LSTM's last state that is dropped in training.
    recurrent_dropout, output_activation, linear_path
        As in `vanilla`.
    mask_value, embedding_dim, embedding_features, seed
        As in `vanilla`.

    Returns
    -------
    model : keras.Model
        Not compiled.

    Raises
    ------
    ValueError
        If `filters` and `kernel_sizes` are not positive integers, as many of one as of the other.

    See Also
    --------
    cnn_lstm : The LSTM reads what a convolution finds.

    References
    ----------
    Karim, Majumdar, Darabi and Chen, 2018, "LSTM Fully Convolutional Networks for Time Series Classification", IEEE
    Access 6. Here the LSTM reads the series time step by time step, so that their number is open.

    Karim, Majumdar, Darabi and Harford, 2019, "Multivariate LSTM-FCNs for Time Series Classification", Neural
    Networks 116.

    Examples
    --------
    >>> from sklstm.networks import lstm_fcn
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "multiclass", "n_outputs_": 1, "n_classes_": 4}
    >>> lstm_fcn(meta, units=8, filters=(16, 32, 16)).output_shape
    (None, 4)
    """
    (size,) = units_per_layer(
        units, 1, expected="lstm_fcn has one LSTM layer", remedy="Pass one number, or architecture='stacked'."
    )
    convolutions = _convolutions(filters, kernel_sizes)
    seeds = Seeds(seed)
    inputs = windows("lstm_fcn", meta, path_length(linear_path))
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    sequence = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
    state = lstm(size, seeds, recurrent_dropout=recurrent_dropout, name="lstm")(sequence, mask=observed)
    state = drop(state, dropout, seeds, name="dropout")
    state = beside(state, _average_patterns(sequence, observed, convolutions, seeds))
    state = join(state, static(values, meta), future(values, meta), seeds=seeds)
    outputs = heads(meta, state, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="lstm_fcn")


def _average_patterns(sequence, observed, convolutions, seeds):
    """Return the mean over observed time steps of the topmost convolution: shape (n_samples, n_filters)."""
    seen = ops.expand_dims(ops.cast(observed, sequence.dtype), axis=-1)
    patterns = sequence * seen
    for k, (n_filters, kernel_size) in enumerate(convolutions, start=1):
        # No bias: the normalisation has one. Zero where not observed, as the convolution's own padding is.
        convolution = layers.Conv1D(
            n_filters,
            kernel_size,
            padding="same",
            use_bias=False,
            kernel_initializer=seeds.initializer("he_uniform"),
            name=f"convolution_{k}",
        )
        normalise = layers.BatchNormalization(momentum=MOMENTUM, name=f"normalisation_{k}")
        patterns = ops.relu(normalise(convolution(patterns), mask=observed)) * seen
    return mean_of_observed(patterns, observed)


def _convolutions(filters, kernel_sizes):
    """Return a pair (filters, kernel size) for each convolution."""
    filters, kernel_sizes = tuple(filters), tuple(kernel_sizes)
    numbers = filters + kernel_sizes
    if len(filters) != len(kernel_sizes) or not all(isinstance(n, Integral) and n >= 1 for n in numbers) or not filters:
        raise ValueError(
            "lstm_fcn expects filters and kernel_sizes to be positive integers, as many of one as of the other, got "
            f"filters={filters!r} and kernel_sizes={kernel_sizes!r}. Pass filters=(128, 256, 128) and "
            "kernel_sizes=(8, 5, 3), for example."
        )
    return [(int(n), int(size)) for n, size in zip(filters, kernel_sizes, strict=True)]
