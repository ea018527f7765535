"""The network of LSTMAutoencoder."""

import keras
import numpy as np
import pytest
from examples import copied, padded, windows
from keras import layers
from numpy.testing import assert_allclose

from sklstm import LSTMAutoencoder

SAME = {"rtol": 1e-5, "atol": 1e-6}


def initialized(**params):
    """An autoencoder with untrained weights."""
    return LSTMAutoencoder(units=4, random_state=0, **params).initialize(windows())


@pytest.fixture(scope="module")
def coded():
    """An autoencoder with codes of three numbers, and dropout."""
    return initialized(latent_dim=3, dropout=0.5)


@pytest.fixture(scope="module")
def uncoded():
    """An autoencoder whose codes are the encoder's states."""
    return initialized()


def test_is_an_encoder_and_a_decoder_that_goes_backwards(coded):
    """Without gaps it computes what the same layers in plain Keras compute, backwards."""
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
    model = copied(coded.network_.build(), **parts)
    assert_allclose(model(windows()), plain(windows())[:, ::-1], **SAME)


def test_layers(coded, uncoded):
    """Dropout follows both LSTM layers; a dense layer makes a code that is shorter than the state."""
    assert [layer.name for layer in coded.model_.layers] == [
        *("windows", "encoder", "dropout_encoder", "code"),
        *("decoder", "dropout_decoder", "outputs"),
    ]
    assert [layer.name for layer in uncoded.model_.layers] == ["windows", "encoder", "decoder", "outputs"]


def test_padding_does_not_count(uncoded):
    """Observed time steps are rebuilt alike, whatever is missing before, after or between them."""
    model, X = uncoded.model_, windows()
    expected = model(X)
    for before, after in ((4, 0), (0, 5), (2, 3)):
        rebuilt = model(padded(X, before, after))[:, before : before + 6]
        assert_allclose(rebuilt, expected, **SAME)
    gap = np.insert(X, 3, np.nan, axis=1)
    assert_allclose(np.delete(model(gap), 3, axis=1), expected, **SAME)


@pytest.mark.parametrize(("name", "n_codes"), [("coded", 3), ("uncoded", 4)])
def test_the_two_parts_are_the_whole(name, n_codes, request):
    """Windows from codes are the windows that the whole network rebuilds."""
    model = request.getfixturevalue(name)
    codes = model.transform(windows())
    assert codes.shape == (5, n_codes)
    assert_allclose(model.inverse_transform(codes), model.model_(windows()), **SAME)
