import keras
import numpy as np
import pytest
from examples import copied, meta, windows
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused

from sklstm.networks import vanilla


def test_is_an_lstm_layer_and_a_dense_layer():
    """Where all is observed, it is what one would write down in plain Keras."""
    plain = keras.Sequential([keras.Input((6, 2)), layers.LSTM(4, name="lstm"), layers.Dense(6, name="outputs")])
    model = copied(vanilla(meta(), units=4), lstm=plain.layers[0], outputs=plain.layers[1])
    assert_allclose(model(windows()), plain(windows()), rtol=1e-5, atol=1e-6)


def test_open_number_of_time_steps():
    """A network for six time steps takes one as well."""
    assert vanilla(meta(), units=4)(windows()[:, :1]).shape == (5, 6)


def test_dropout_is_for_training():
    """Both kinds of dropout act in training only."""
    for kind in ("dropout", "recurrent_dropout"):
        model = vanilla(meta(), units=4, **{kind: 0.5})
        assert_allclose(model(windows()), model(windows()))
        assert not np.allclose(model(windows(), training=True), model(windows()))


@pytest.mark.parametrize("units", [(32, 16), []])
def test_number_of_units(units):
    """It has one layer; more are a stack."""
    assert refused(vanilla, meta(), units=units) == (
        f"vanilla has one LSTM layer, got units={units}. Pass one number, or architecture='stacked'."
    )
