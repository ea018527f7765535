"""One time step at a time: the outputs are those of the whole sequence so far."""

import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_allclose

from sklstm import KerasRegressor
from sklstm.training import predict_carrying, predict_carrying_by_series, predict_outputs


@pytest.mark.parametrize("n_series", [1, 3])
def test_steps_are_those_of_the_sequence(n_series):
    """Stacked layers each carry on their own state, of one series or of several side by side."""
    sequences = np.random.default_rng(0).normal(size=(n_series, 7, 2)).astype(np.float32)

    def build():
        inputs = keras.Input((None, 2))
        return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(layers.GRU(4, return_sequences=True)(inputs))))

    state = KerasRegressor(build, random_state=0).initialize(sequences, np.zeros(n_series)).network_
    states = None
    for step in range(7):
        steps = sequences[:, step : step + 1]
        if n_series == 1:
            (outputs,), states = predict_carrying(state, steps.__getitem__, 1, states)
        else:
            (outputs,), states = predict_carrying_by_series(state, steps.__getitem__, np.arange(n_series), states)
        (expected,) = predict_outputs(state, lambda samples, stop=step + 1: sequences[samples, :stop], n_series)
        assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)
