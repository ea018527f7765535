"""The many-to-many LSTM: an output at every time step of the input."""

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import join, known_by_step, read_sequence, sequence_features
from sklstm.networks._heads import n_output_steps, step_heads
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, units_per_layer


def many_to_many(
    meta,
    *,
    units=32,
    dropout=0.0,
    recurrent_dropout=0.0,
    output_activation=None,
    mask_value=None,
    embedding_dim=None,
    embedding_features=None,
    seed=None,
):
    """One LSTM layer, or several, and dense outputs from each time step's state.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`.
    units : int or sequence of int, default=32
        Size of the state; of each layer, from the lowest.
    dropout : float, default=0.0
        Share of what each layer says that is dropped in training.
    recurrent_dropout, output_activation
        As in `vanilla`.
    mask_value, embedding_dim, embedding_features, seed
        As in `vanilla`.

    Returns
    -------
    model : keras.Model
        Not compiled. Its outputs have shape (n_samples, n_timesteps, n_outputs_per_step); the number of time steps
        is open. An output sees the time steps up to its own.

    Raises
    ------
    ValueError
        If y has not as many time steps as X.

    See Also
    --------
    encoder_decoder : As many time steps out as y has.

    References
    ----------
    Graves, 2012, "Supervised Sequence Labelling with Recurrent Neural Networks", Springer.

    Examples
    --------
    >>> from sklstm.networks import many_to_many
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "continuous-multioutput", "n_outputs_": 12}
    >>> many_to_many(meta, units=16).output_shape
    (None, None, 1)
    """
    sizes = units_per_layer(
        units, 1, expected="many_to_many has one LSTM layer or more", remedy="Pass units for each.", open_ended=True
    )
    seeds = Seeds(seed)
    inputs = windows("many_to_many", meta)
    n_timesteps, n_steps = meta["X_shape_"][1], n_output_steps(meta)
    if n_steps != n_timesteps:
        raise ValueError(
            f"many_to_many has an output at each of the {n_timesteps} time steps of X, got y with {n_steps}. "
            "Pass architecture='encoder_decoder'."
        )
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    states = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features)
    for k, size in enumerate(sizes, start=1):
        layer = lstm(size, seeds, recurrent_dropout=recurrent_dropout, return_sequences=True, name=f"lstm_{k}")
        states = drop(layer(states, mask=observed), dropout, seeds, name=f"dropout_{k}")
    states = join(states, known_by_step(values, meta), seeds=seeds)
    outputs = step_heads(meta, states, seeds, output_activation)
    return named_model(inputs, outputs, name="many_to_many")
