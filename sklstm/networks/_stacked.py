"""The stacked LSTM: each layer reads what the one below says at every time step."""

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import future, join, read_sequence, sequence_features, static
from sklstm.networks._heads import heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, patches, pool, units_per_layer


def stacked(
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
    """LSTM layers on top of each other, and dense outputs from the last state of the topmost.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`.
    units : int or sequence of int, default=32
        Size of the state of each layer, from the lowest; a single number stands for two layers.
    dropout : float, default=0.0
        Share of what each layer says that is dropped in training.
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
    vanilla : One layer.

    References
    ----------
    Graves, Mohamed and Hinton, 2013, "Speech Recognition with Deep Recurrent Neural Networks", ICASSP.

    Examples
    --------
    >>> from sklstm.networks import stacked
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "multiclass", "n_outputs_": 1, "n_classes_": 4}
    >>> stacked(meta, units=(16, 8)).output_shape
    (None, 4)
    """
    sizes = units_per_layer(
        units, 2, expected="stacked has one LSTM layer or more", remedy="Pass units for each.", open_ended=True
    )
    seeds = Seeds(seed)
    inputs = windows("stacked", meta, path_length(linear_path))
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    state = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
    state, observed = patches(state, observed, patch_length)
    for k, size in enumerate(sizes, start=1):
        layer = lstm(
            size,
            seeds,
            recurrent_dropout=recurrent_dropout,
            return_sequences=k < len(sizes) or pooling == "mean",
            name=f"lstm_{k}",
        )
        state = layer(state, mask=observed)
        state = pool(state, observed, pooling) if k == len(sizes) else state
        state = drop(state, dropout, seeds, name=f"dropout_{k}")
    state = join(state, static(values, meta), future(values, meta), seeds=seeds)
    outputs = heads(meta, state, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="stacked")
