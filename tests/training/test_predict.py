import logging

import keras
import numpy as np
from numpy.testing import assert_allclose

from sklstm.training import predict_function, predict_in_chunks


def test_equals_the_model_in_chunks():
    """Chunk by chunk the outputs are the model's."""
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3)])
    inputs = np.random.default_rng(0).normal(size=(23, 4, 2)).astype(np.float32)
    outputs = predict_in_chunks(predict_function(model), lambda samples: inputs[samples], 23, chunk=5)
    assert_allclose(outputs, model(inputs), rtol=1e-5, atol=1e-6)


def test_many_models_and_shapes_without_a_warning(caplog):
    """TensorFlow does not complain of retracing as models and shapes come and go."""
    with caplog.at_level(logging.WARNING):
        for k in range(7):
            predict = predict_function(keras.Sequential([keras.Input((None, 1)), keras.layers.Dense(1)]))
            for n_samples in range(1, 4):
                predict(np.zeros((n_samples, 2 + k, 1), dtype=np.float32))
    assert "retracing" not in caplog.text
