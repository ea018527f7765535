"""How a network is trained, and how it predicts. Keras, and nothing of scikit-learn."""

from sklstm.training._batches import WindowBatches, split_time_tail
from sklstm.training._keras_fit import build_loss, build_optimizer, fit_network
from sklstm.training._predict import predict_function, predict_in_chunks

__all__ = [
    "WindowBatches",
    "build_loss",
    "build_optimizer",
    "fit_network",
    "predict_function",
    "predict_in_chunks",
    "split_time_tail",
]
