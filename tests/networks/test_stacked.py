import keras
import numpy as np
from examples import copied, meta, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import stacked


def test_is_lstm_layers_and_a_dense_layer():
    """Without gaps it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.LSTM(4, return_sequences=True, name="lstm_1"),
            layers.LSTM(3, name="lstm_2"),
            layers.Dense(6, name="outputs"),
        ]
    )
    model = copied(stacked(meta(), units=(4, 3)), **{layer.name: layer for layer in plain.layers})
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_layers():
    """A number stands for two layers, a sequence has one for each; dropout follows every layer."""
    names = [layer.name for layer in stacked(meta(), units=4, dropout=0.5).layers]
    assert names == ["windows", "lstm_1", "dropout_1", "lstm_2", "dropout_2", "outputs"]
    for units in ([4, 3, 2], np.array([4, 3, 2])):
        three = stacked(meta(), units=units)
        assert [three.get_layer(f"lstm_{k}").units for k in (1, 2, 3)] == [4, 3, 2]
    assert stacked(meta(), units=np.int64(4)).get_layer("lstm_2").units == 4


def test_no_units():
    """There is at least one layer."""
    assert refused(stacked, meta(), units=()) == snapshot(
        "stacked has one LSTM layer or more, got units=(). Pass units for each."
    )
