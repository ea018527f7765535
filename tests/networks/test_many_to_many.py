import keras
import numpy as np
from examples import copied, meta, padded, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import many_to_many


def test_is_lstm_layers_and_a_dense_layer_at_each_time_step():
    """Without gaps it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.LSTM(4, return_sequences=True, name="lstm_1"),
            layers.LSTM(3, return_sequences=True, name="lstm_2"),
            layers.TimeDistributed(layers.Dense(1), name="outputs"),
        ]
    )
    model = copied(many_to_many(meta(), units=(4, 3)), **{layer.name: layer for layer in plain.layers})
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_padding_leaves_observed_time_steps_as_they_are():
    """Outputs of observed time steps move along with them, and do not change."""
    model = many_to_many(meta(), units=(4, 3))
    assert_allclose(model(padded(windows(), 2, 3))[:, 2:-3], model(windows()), rtol=1e-5, atol=1e-6)


def test_sees_no_later_time_step():
    """An output depends on the time steps up to its own."""
    model, changed = many_to_many(meta(), units=4), windows()
    changed[:, 3] += 1
    assert_allclose(model(changed)[:, :3], model(windows())[:, :3], rtol=1e-5, atol=1e-6)
    assert not np.allclose(model(changed)[:, 3:], model(windows())[:, 3:])


def test_time_steps_of_y():
    """The target has as many time steps as X."""
    assert refused(many_to_many, meta(n_output_steps_=3)) == snapshot(
        "many_to_many has an output at each of the 6 time steps of X, got y with 3. "
        "Pass architecture='encoder_decoder'."
    )


def test_no_units():
    """There is at least one layer."""
    assert refused(many_to_many, meta(), units=()) == snapshot(
        "many_to_many has one LSTM layer or more, got units=(). Pass units for each."
    )
