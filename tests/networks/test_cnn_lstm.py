import keras
import numpy as np
import pytest
from examples import copied, meta, padded, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import cnn_lstm

SMALL = {"units": 4, "filters": 3}


def frames(*channels):
    return np.random.default_rng(0).normal(size=(5, 4, 6, 5, *channels)).astype(np.float32)


def test_is_a_convolution_of_subsequences_and_an_lstm_layer():
    """Where the cut comes out even, it computes what the same layers in plain Keras compute."""
    plain = keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.Reshape((2, 3, 2)),
            layers.TimeDistributed(layers.Conv1D(3, 3, padding="same", activation="relu"), name="convolutions"),
            layers.TimeDistributed(layers.GlobalMaxPooling1D()),
            layers.LSTM(4, name="lstm"),
            layers.Dense(6, name="outputs"),
        ]
    )
    model = copied(cnn_lstm(meta(), **SMALL), **{name: plain.get_layer(name) for name in ("lstm", "outputs")})
    kernel, bias = plain.get_layer("convolutions").get_weights()
    # All pieces at once, by patterns that are one piece high.
    model.get_layer("convolutions").set_weights([kernel[np.newaxis], bias])
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("subsequence", [1, 2, 4, 6, 9])
def test_cuts_do_not_depend_on_padding(subsequence):
    """Cuts between subsequences of any length follow from the observed time steps alone."""
    model = cnn_lstm(meta(), subsequence=subsequence, **SMALL)
    expected = model(windows())
    for before, after in ((1, 0), (0, 4), (3, 2)):
        assert_allclose(model(padded(windows(), before, after)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("n_timesteps", "length"), [(1, 1), (2, 2), (6, 3), (24, 4), (100, 10)])
def test_length_of_a_subsequence(n_timesteps, length):
    """A subsequence has about the square root of the number of time steps, and room for a pattern if there are as many."""
    model = cnn_lstm(meta(X_shape_=(5, n_timesteps, 2)), **SMALL)
    assert model.get_layer("convolutions").input.shape == (None, None, length, 2)


@pytest.mark.parametrize("channels", [(), (2,)])
def test_frames(channels):
    """Frames with channels or without; those that were not observed do not count, and their number is open."""
    X = frames(*channels)
    model = cnn_lstm(meta(X_shape_=X.shape), **SMALL)
    outputs = model(X)
    assert outputs.shape == (5, 6)
    assert_allclose(model(padded(X, before=2, after=1)), outputs, rtol=1e-5, atol=1e-6)
    assert not np.allclose(outputs, model(X[:, :, :, ::-1]))


def test_learns_windows_and_frames():
    """Training moves the weights of the convolution, in both kinds of input."""
    for X in (padded(windows(), before=2), padded(frames(), before=1)):
        model = cnn_lstm(meta(X_shape_=X.shape), **SMALL)
        before = model.get_layer("convolutions").get_weights()[0]
        model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
        model.fit(X, np.ones((5, 6)), verbose=0)
        after = model.get_layer("convolutions").get_weights()[0]
        assert np.isfinite(after).all()
        assert not np.allclose(before, after)


def test_number_of_units():
    """The network has one LSTM layer."""
    assert refused(cnn_lstm, meta(), units=[8, 4]) == snapshot(
        "cnn_lstm has one LSTM layer, got units=[8, 4]. Pass one number, or architecture='stacked'."
    )
