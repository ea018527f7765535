import keras
import numpy as np
import pytest
from examples import copied, meta, padded, windows
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import lstm_fcn

SMALL = {"units": 4, "filters": (3, 5), "kernel_sizes": (4, 3), "seed": 0}


def trained(X):
    """A network after two updates on these windows."""
    model = lstm_fcn(meta(), **SMALL)
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    model.fit(X, np.ones((5, 6)), batch_size=3, shuffle=False, verbose=0)
    return model


def test_is_an_lstm_layer_beside_convolutions():
    """It computes what the same layers in plain Keras compute."""
    inputs = keras.Input((6, 2))
    patterns = inputs
    for k, (filters, size) in enumerate(((3, 4), (5, 3)), start=1):
        convolution = layers.Conv1D(filters, size, padding="same", use_bias=False, name=f"convolution_{k}")
        patterns = layers.BatchNormalization(name=f"normalisation_{k}")(convolution(patterns))
        patterns = layers.ReLU()(patterns)
    both = [layers.LSTM(4, name="lstm")(inputs), layers.GlobalAveragePooling1D()(patterns)]
    plain = keras.Model(inputs, layers.Dense(6, name="outputs")(layers.Concatenate()(both)))
    names = ("lstm", "convolution_1", "normalisation_1", "convolution_2", "normalisation_2", "outputs")
    model = trained(windows())
    copied(plain, **{name: model.get_layer(name) for name in names})
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("before", "after"), [(4, 0), (0, 5), (2, 3)])
def test_training_does_not_see_padding(before, after):
    """Weights and moving statistics are those of the windows without padding."""
    for weights, expected in zip(
        trained(padded(windows(), before, after)).get_weights(), trained(windows()).get_weights(), strict=True
    ):
        assert_allclose(weights, expected, rtol=1e-4, atol=1e-6)


def test_batch_statistics_do_not_see_empty_samples():
    """A sample without observed time steps does not enter the moving statistics."""
    model = lstm_fcn(meta(), **SMALL)
    for normalisation in ("normalisation_1", "normalisation_2"):
        X, layer = windows(), model.get_layer(normalisation)
        before = layer.get_weights()
        model(X, training=True)
        expected = layer.get_weights()
        layer.set_weights(before)
        model(np.concatenate([X, np.full_like(X, np.nan)]), training=True)
        assert_allclose(layer.get_weights(), expected, rtol=1e-5)


def test_convolutions_do_not_match():
    """Each convolution has a number of filters and a kernel size."""
    assert refused(lstm_fcn, meta(), filters=(8, 8)) == snapshot(
        "lstm_fcn expects filters and kernel_sizes to be positive integers, as many of one as of the other, got filters=(8, 8) and kernel_sizes=(8, 5, 3). Pass filters=(128, 256, 128) and kernel_sizes=(8, 5, 3), for example."
    )
    assert refused(lstm_fcn, meta(), filters=(8, 8, 0)) == snapshot(
        "lstm_fcn expects filters and kernel_sizes to be positive integers, as many of one as of the other, got filters=(8, 8, 0) and kernel_sizes=(8, 5, 3). Pass filters=(128, 256, 128) and kernel_sizes=(8, 5, 3), for example."
    )
    assert refused(lstm_fcn, meta(), filters=(), kernel_sizes=()) == snapshot(
        "lstm_fcn expects filters and kernel_sizes to be positive integers, as many of one as of the other, got filters=() and kernel_sizes=(). Pass filters=(128, 256, 128) and kernel_sizes=(8, 5, 3), for example."
    )


def test_number_of_units():
    """The network has one LSTM layer."""
    assert refused(lstm_fcn, meta(), units=[8, 4]) == snapshot(
        "lstm_fcn has one LSTM layer, got units=[8, 4]. Pass one number, or architecture='stacked'."
    )
