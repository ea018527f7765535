"""The encoder-decoder LSTM: many time steps in (or one), as many out as asked for."""

from keras import layers

from sklstm._seeds import Seeds
from sklstm.networks._feature_roles import beside, future, future_by_step, read_sequence, sequence_features, static
from sklstm.networks._heads import n_output_steps, step_heads
from sklstm.networks._linear_path import add_linear_path, path_length
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm, patches, units_per_layer


def encoder_decoder(
    meta,
    *,
    units=32,
    dropout=0.0,
    recurrent_dropout=0.0,
    output_activation=None,
    linear_path=None,
    patch_length=None,
    mask_value=None,
    embedding_dim=None,
    embedding_features=None,
    seed=None,
):
    """One LSTM layer reads the window; another turns its last state, repeated, into the time steps of the output.

    Parameters
    ----------
    meta : dict
        What goes in and what comes out: see `sklstm.networks`.
    units : int or pair of int, default=32
        Size of the state of the encoder and of the decoder.
    dropout : float, default=0.0
        Share of what each of the two says that is dropped in training.
    recurrent_dropout, output_activation
        As in `vanilla`.
    linear_path : tuple (features, n_timesteps), optional
        As in `vanilla`, with a feature for each output of a time step.
    patch_length, mask_value, embedding_dim, embedding_features, seed
        As in `vanilla`.

    Returns
    -------
    model : keras.Model
        Not compiled. Its outputs have shape (n_samples, n_output_steps, n_outputs_per_step).

    See Also
    --------
    many_to_many : An output for each time step that goes in.

    References
    ----------
    Cho et al., 2014, "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
    Translation", EMNLP.
    Srivastava, Mansimov and Salakhutdinov, 2015, "Unsupervised Learning of Video Representations using LSTMs", ICML
    (the decoder that is not fed its own outputs: section 2.3).

    Examples
    --------
    >>> from sklstm.networks import encoder_decoder
    >>> meta = {"X_shape_": (100, 12, 3), "target_type_": "continuous-multioutput", "n_outputs_": 7}
    >>> encoder_decoder(meta, units=16).output_shape
    (None, 7, 1)
    """
    encoder, decoder = units_per_layer(
        units, 2, expected="encoder_decoder has two LSTM layers", remedy="Pass one number for both, or a pair."
    )
    seeds = Seeds(seed)
    inputs = windows("encoder_decoder", meta, path_length(linear_path))
    values, observed = split_observed(inputs, mask_value, sequence_features(meta))
    sequence = read_sequence(values, observed, meta, seeds, embedding_dim, embedding_features, linear_path)
    sequence, observed = patches(sequence, observed, patch_length)
    state = lstm(encoder, seeds, recurrent_dropout=recurrent_dropout, name="encoder")(sequence, mask=observed)
    state = drop(state, dropout, seeds, name="dropout_encoder")
    n_steps = n_output_steps(meta)
    leads = future_by_step(values, meta, n_steps)
    state = beside(state, static(values, meta), future(values, meta) if leads is None else None)
    states = beside(layers.RepeatVector(n_steps, name="repeat")(state), leads)
    states = lstm(decoder, seeds, recurrent_dropout=recurrent_dropout, return_sequences=True, name="decoder")(states)
    states = drop(states, dropout, seeds, name="dropout_decoder")
    outputs = step_heads(meta, states, seeds, output_activation)
    outputs = add_linear_path(outputs, values, linear_path, meta)
    return named_model(inputs, outputs, name="encoder_decoder")
