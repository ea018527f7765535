import keras
import numpy as np
from examples import copied, meta, padded, windows
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.networks._autoencoder import autoencoder, decoder_part, encoder_part


def test_is_an_encoder_and_a_decoder_that_goes_backwards():
    """Where all is observed, it is what one would write down in plain Keras."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.LSTM(4, name="encoder"),
            layers.Dense(3, name="code"),
            layers.RepeatVector(6),
            layers.LSTM(4, return_sequences=True, name="decoder"),
            layers.TimeDistributed(layers.Dense(2), name="outputs"),
        ]
    )
    parts = {name: plain.get_layer(name) for name in ("encoder", "code", "decoder", "outputs")}
    model = copied(autoencoder(meta(), units=4, latent_dim=3), **parts)
    assert_allclose(model(windows()), plain(windows())[:, ::-1], rtol=1e-5, atol=1e-6)


def test_layers():
    """Dropout follows both layers; there is a dense layer where the code is shorter than the state."""
    names = [layer.name for layer in autoencoder(meta(), units=4, latent_dim=2, dropout=0.5).layers]
    assert names == ["windows", "encoder", "dropout_encoder", "code", "decoder", "dropout_decoder", "outputs"]
    assert [layer.name for layer in autoencoder(meta(), units=4).layers] == ["windows", "encoder", "decoder", "outputs"]


def test_padding_does_not_count():
    """What was observed is rebuilt alike, whatever was not observed before it, after it or within."""
    model, X = autoencoder(meta(), units=3), windows()
    for before, after in ((1, 0), (4, 0), (0, 5), (2, 3)):
        rebuilt = model(padded(X, before, after))[:, before : before + 6]
        assert_allclose(rebuilt, model(X), rtol=1e-5, atol=1e-6)
    gap = np.insert(X, 3, np.nan, axis=1)
    assert_allclose(np.delete(model(gap), 3, axis=1), model(X), rtol=1e-5, atol=1e-6)


def test_the_two_parts_are_the_whole():
    """Codes of the one part, taken by the other, are the windows as the whole rebuilds them."""
    for latent_dim, n_codes in ((None, 4), (2, 2)):
        model = autoencoder(meta(), units=4, latent_dim=latent_dim, dropout=0.1)
        codes = encoder_part(model)(windows())
        assert codes.shape == (5, n_codes)
        assert_allclose(decoder_part(model, 6)(codes), model(windows()), rtol=1e-5, atol=1e-6)


def test_saves(tmp_path):
    """It is plain Keras, its parts too."""
    model = autoencoder(meta(), units=3, latent_dim=2)
    model.save(tmp_path / "whole.keras")
    encoder_part(model).save(tmp_path / "encoder.keras")
    assert_array_equal(keras.models.load_model(tmp_path / "whole.keras")(windows()), model(windows()))
    assert keras.models.load_model(tmp_path / "encoder.keras")(windows()).shape == (5, 2)
