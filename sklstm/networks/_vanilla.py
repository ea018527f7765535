"""The vanilla LSTM: many time steps in, one output."""

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import future, join, read_sequence, sequence_features, static
from sklstm.networks._heads import heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, patches, pool, units_per_layer


def vanilla(
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
    """One LSTM layer, and dense outputs from its last state.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`.
    units : int, default=32
        Size of the LSTM's state.
    dropout : float, default=0.0
        Share of the last state that is dropped in training.
    recurrent_dropout : float, default=0.0
        Share of the state that is dropped from time step to time step in training.
    pooling : {"last", "mean"}, default="last"
        Whether the outputs read the last state alone, or beside it the mean of the states of all observed time steps,
        which reaches the early time steps of long samples.
    output_activation : str, optional
        In place of the usual one of the target.
    linear_path : tuple (features, n_timesteps), optional
        For each output of a regression the feature that holds its own past, and the length of the windows: a
        linear path from there is added. The number of time steps is open without it.
    patch_length : int, optional
        Consecutive time steps that the LSTM reads as one, such as the hours of a day; one by one by default.
    mask_value : float, optional
        A number that stands for what was not observed, beside NaN: for callers that let no NaN through.
    embedding_dim : int, optional
        Numbers that stand for a code, where X holds codes of categories: an embedding is learned for each feature.
    embedding_features : sequence of int, optional
        Features that hold codes; by default all that are neither static nor known ahead.
    seed : int, optional
        Seed of initial weights and dropout. By default Keras draws seeds.

    Returns
    -------
    model : keras.Model
        Not compiled.

    See Also
    --------
    stacked : Several layers.
    bidirectional : Reads from both ends.

    References
    ----------
    Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory", Neural Computation 9(8).

    Examples
    --------
    >>> from sklstm.networks import vanilla
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "continuous", "n_outputs_": 1}
    >>> vanilla(meta, units=16).output_shape
    (None, 1)
    """
    (size,) = units_per_layer(
        units, 1, expected="vanilla has one LSTM layer", remedy="Pass one number, or architecture='stacked'."
    )
    seeds = Seeds(seed)
    inputs = windows("vanilla", meta, path_length(linear_path))
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    sequence = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
    sequence, observed = patches(sequence, observed, patch_length)
    layer = lstm(size, seeds, recurrent_dropout=recurrent_dropout, return_sequences=pooling == "mean", name="lstm")
    state = pool(layer(sequence, mask=observed), observed, pooling)
    state = drop(state, dropout, seeds, name="dropout")
    state = join(state, static(values, meta), future(values, meta), seeds=seeds)
    outputs = heads(meta, state, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="vanilla")
