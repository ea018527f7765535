"""The bidirectional LSTM: one layer reads a window forwards, its twin backwards."""

from keras import layers, ops

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import future, join, read_sequence, sequence_features, static
from sklstm.networks._heads import heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, patches, pool, units_per_layer


def bidirectional(
    meta,
    *,
    units=32,
    dropout=0.0,
    recurrent_dropout=0.0,
    pooling="last",
    output_activation=None,
    linear_path=None,
    patch_length=None,
    mask_value=None,
    embedding_dim=None,
    embedding_features=None,
    seed=None,
):
    """A pair of LSTM layers, and dense outputs from the last states of both; or several pairs, stacked.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`.
    units : int or sequence of int, default=32
        Size of the state in each direction; of each pair of layers, from the lowest.
    dropout : float, default=0.0
        Share of what each pair says that is dropped in training.
    recurrent_dropout, pooling, output_activation, linear_path
        As in `vanilla`.
    patch_length, mask_value, embedding_dim, embedding_features, seed
        As in `vanilla`.

    Returns
    -------
    model : keras.Model
        Not compiled.

    See Also
    --------
    vanilla : Reads from the first time step to the last.

    References
    ----------
    Schuster and Paliwal, 1997, "Bidirectional Recurrent Neural Networks", IEEE Trans. Signal Processing 45(11).

    Examples
    --------
    >>> from sklstm.networks import bidirectional
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "binary", "n_outputs_": 1, "n_classes_": 2}
    >>> bidirectional(meta, units=16).output_shape
    (None, 1)
    """
    sizes = units_per_layer(
        units, 1, expected="bidirectional has one LSTM layer or more", remedy="Pass units for each.", open_ended=True
    )
    seeds = Seeds(seed)
    inputs = windows("bidirectional", meta, path_length(linear_path))
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    state = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
    state, observed = patches(state, observed, patch_length)
    for k, size in enumerate(sizes, start=1):
        params = {"recurrent_dropout": recurrent_dropout, "return_sequences": k < len(sizes) or pooling == "mean"}
        # Keras draws three seeds more, for a layer that Bidirectional copies. They are left out for the same weights.
        seeds.skip(3)
        forwards = lstm(size, seeds, **params, name=f"lstm_{k}")
        backwards = lstm(size, seeds, **params, go_backwards=True, name=f"backward_lstm_{k}")
        if pooling == "mean" and k == len(sizes):
            state = _pooled(forwards, backwards, state, observed)
        else:
            state = layers.Bidirectional(forwards, backward_layer=backwards, name=f"bidirectional_{k}")(
                state, mask=observed
            )
        state = drop(state, dropout, seeds, name=f"dropout_{k}")
    state = join(state, static(values, meta), future(values, meta), seeds=seeds)
    outputs = heads(meta, state, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="bidirectional")


def _pooled(forwards, backwards, sequence, observed):
    # Not by Keras' Bidirectional, whose last states are zero behind padding where it returns all states.
    one = pool(forwards(sequence, mask=observed), observed, "mean")
    # The states of the layer that reads backwards come in its own order.
    other = pool(backwards(sequence, mask=observed), ops.flip(observed, axis=1), "mean")
    return ops.concatenate([one, other], axis=-1)
