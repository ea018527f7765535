"""One time step at a time: the outputs are those of the whole sequence so far."""

import keras
import numpy as np
from keras import layers
from numpy.testing import assert_allclose

from sklstm import KerasRegressor
from sklstm.training import one_step, predict_outputs


def test_steps_are_those_of_the_sequence():
    """Stacked layers each carry on their own state."""
    sequence = np.random.default_rng(0).normal(size=(1, 7, 2)).astype(np.float32)

    def build():
        inputs = keras.Input((None, 2))
        return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(layers.GRU(4, return_sequences=True)(inputs))))

    state = KerasRegressor(build, random_state=0).initialize(sequence, [0.0]).network_
    states = None
    for step in range(7):
        (output,), states = one_step(state, sequence[:, step : step + 1], states)
        (expected,) = predict_outputs(state, lambda samples, stop=step + 1: sequence[samples, :stop], 1)
        assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
