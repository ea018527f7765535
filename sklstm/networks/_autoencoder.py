"""The LSTM autoencoder: windows in, a code of each, and the windows rebuilt from it."""

import keras
from keras import layers, ops

from sklstm._seeds import Seeds
from sklstm.networks._model import named_model, windows
from sklstm.networks._observed import split_observed
from sklstm.networks._recurrent import drop, lstm


def autoencoder(meta, *, units=32, latent_dim=None, dropout=0.0, seed=None):
    """One LSTM layer reads the window; another turns its last state, repeated, into the same window.

    The window is rebuilt from its last time step back to its first, which is what the state knows best. Both layers
    skip the time steps that were not observed.

    Parameters
    ----------
    meta : dict
        What goes in: see `sklstm.networks`. Of it only ``X_shape_`` is read.
    units : int, default=32
        Size of the state of the encoder, and of that of the decoder.
    latent_dim : int, optional
        Length of the code: a dense layer makes it of the encoder's last state. Without it the code is that state.
    dropout : float, default=0.0
        Share of what each of the two LSTM layers says that is dropped in training.
    seed : int, optional
        Seed of initial weights and dropout. By default Keras draws seeds.

    Returns
    -------
    model : keras.Model
        Not compiled. Its outputs have the shape of its inputs; the number of time steps is open. At time steps that
        were not observed they mean nothing.

    References
    ----------
    Srivastava, Mansimov and Salakhutdinov, 2015, "Unsupervised Learning of Video Representations using LSTMs", ICML
    (the decoder that is not fed its own outputs: section 2.3).

    Malhotra et al., 2016, "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML Anomaly Detection
    Workshop (the reverse order).
    """
    seeds = Seeds(seed)
    inputs = windows("autoencoder", meta)
    values, observed = split_observed(inputs)
    code = drop(lstm(units, seeds, name="encoder")(values, mask=observed), dropout, seeds, name="dropout_encoder")
    if latent_dim is not None:
        code = layers.Dense(latent_dim, kernel_initializer=seeds.initializer(), name="code")(code)
    codes = ops.expand_dims(code, axis=1) * ops.ones_like(values[:, :, :1])
    states = lstm(units, seeds, return_sequences=True, name="decoder")(codes, mask=ops.flip(observed, axis=1))
    states = drop(states, dropout, seeds, name="dropout_decoder")
    rebuilt = layers.Dense(int(meta["X_shape_"][2]), kernel_initializer=seeds.initializer(), name="outputs")
    outputs = rebuilt(ops.flip(states, axis=1))
    return named_model(inputs, outputs, name="autoencoder")


def encoder_part(model):
    """The part of an autoencoder from windows to their codes; the layers are those of the model."""
    names = {layer.name for layer in model.layers}
    code = model.get_layer("code" if "code" in names else "encoder").output
    return named_model(model.inputs[0], code, name="encoder_part")


def decoder_part(model, n_timesteps):
    """The part from codes to windows of `n_timesteps`, all observed; the layers are those of the model."""
    decoder = model.get_layer("decoder")
    inputs = keras.Input((decoder.cell.kernel.shape[0],), name="codes")
    states = decoder(layers.RepeatVector(n_timesteps, name="repeat")(inputs))
    outputs = model.get_layer("outputs")(ops.flip(states, axis=1))
    return named_model(inputs, outputs, name="decoder_part")
