import keras
from examples import copied, meta, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import encoder_decoder


def test_is_an_encoder_and_a_decoder():
    """Without gaps it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.LSTM(4, name="encoder"),
            layers.RepeatVector(3),
            layers.LSTM(5, return_sequences=True, name="decoder"),
            layers.TimeDistributed(layers.Dense(2), name="outputs"),
        ]
    )
    model = copied(
        encoder_decoder(meta(n_output_steps_=3), units=(4, 5)),
        **{name: plain.get_layer(name) for name in ("encoder", "decoder", "outputs")},
    )
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_one_to_many():
    """One time step in is enough for many out."""
    assert encoder_decoder(meta(X_shape_=(5, 1, 2)), units=4)(windows()[:, :1]).shape == (5, 6, 1)


def test_layers():
    """Dropout follows both layers."""
    names = [layer.name for layer in encoder_decoder(meta(), units=4, dropout=0.5).layers]
    assert names == ["windows", "encoder", "dropout_encoder", "repeat", "decoder", "dropout_decoder", "outputs"]


def test_number_of_units():
    """The network has two LSTM layers, no more and no fewer."""
    assert [refused(encoder_decoder, meta(), units=units) for units in ((8,), [8, 4, 2])] == snapshot(
        [
            "encoder_decoder has two LSTM layers, got units=(8,). Pass one number for both, or a pair.",
            "encoder_decoder has two LSTM layers, got units=[8, 4, 2]. Pass one number for both, or a pair.",
        ]
    )
