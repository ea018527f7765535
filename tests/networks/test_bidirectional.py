import keras
from examples import copied, meta, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import bidirectional


def test_is_bidirectional_layers_and_a_dense_layer():
    """Without gaps it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="bidirectional_1"),
            layers.Bidirectional(layers.LSTM(3), name="bidirectional_2"),
            layers.Dense(6, name="outputs"),
        ]
    )
    model = copied(bidirectional(meta(), units=(4, 3)), **{layer.name: layer for layer in plain.layers})
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_layers():
    """A number stands for one pair of layers; dropout follows it."""
    names = [layer.name for layer in bidirectional(meta(), units=4, dropout=0.5).layers]
    assert names == ["windows", "bidirectional_1", "dropout_1", "outputs"]


def test_no_units():
    """There is at least one pair of layers."""
    assert refused(bidirectional, meta(), units=()) == snapshot(
        "bidirectional has one LSTM layer or more, got units=(). Pass units for each."
    )
