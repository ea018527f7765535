import keras
import numpy as np
from examples import copied, meta, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import vanilla


def test_is_an_lstm_layer_and_a_dense_layer():
    """Without gaps it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential([keras.Input((6, 2)), layers.LSTM(4, name="lstm"), layers.Dense(6, name="outputs")])
    model = copied(vanilla(meta(), units=4), lstm=plain.layers[0], outputs=plain.layers[1])
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_open_number_of_time_steps():
    """A network for six time steps takes one as well; one with a linear path takes six."""
    model = vanilla(meta(), units=4)
    assert model.input_shape == (None, None, 2)
    assert model(windows()[:, :1]).shape == (5, 6)
    assert vanilla(meta(), units=4, linear_path=((0,) * 6, 6)).input_shape == (None, 6, 2)


def test_dropout_is_for_training():
    """Both kinds of dropout act in training only."""
    for kind in ("dropout", "recurrent_dropout"):
        model = vanilla(meta(), units=4, **{kind: 0.5})
        assert_allclose(model(windows()), model(windows()))
        assert not np.allclose(model(windows(), training=True), model(windows()))


def test_number_of_units():
    """The network has one layer of at least one unit."""
    assert [refused(vanilla, meta(), units=units) for units in ((32, 16), [], 0)] == snapshot(
        [
            "vanilla has one LSTM layer, got units=(32, 16). Pass one number, or architecture='stacked'.",
            "vanilla has one LSTM layer, got units=[]. Pass one number, or architecture='stacked'.",
            "Units of an LSTM layer are an int of 1 or more, got units=0. Pass one number, or architecture='stacked'.",
        ]
    )


def test_frames_are_refused():
    """Only one architecture reads frames, and the message names it."""
    assert refused(vanilla, meta(X_shape_=(5, 6, 8, 8))) == snapshot(
        "vanilla takes X of shape (n_samples, n_timesteps, n_features), got shape (5, 6, 8, 8). "
        "For frames pass architecture='cnn_lstm'."
    )
