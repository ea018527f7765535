"""How a network is trained, and how it predicts. Keras, and nothing of scikit-learn."""

from sklstm.training._batches import SampleBatches, StreamBatches, shuffled_rows, split_time_tail
from sklstm.training._carried_state import carrying, streams
from sklstm.training._compile import (
    build_callbacks,
    build_loss,
    build_metrics,
    build_optimizer,
    check_parameters,
    early_stopping,
)
from sklstm.training._cosine_decay import CosineDecay
from sklstm.training._epoch_report import EpochReport
from sklstm.training._fit_network import choose_path, fit_network
from sklstm.training._known_loss import KnownLoss
from sklstm.training._pinball_loss import PinballLoss
from sklstm.training._predict import predict_carrying, predict_carrying_by_series, predict_outputs
from sklstm.training._processes import free_threads, prepare_process
from sklstm.training._programs import clear_programs
from sklstm.training._settings import Settings
from sklstm.training._stopping import stopping_fits
from sklstm.training._truncated import sequence_model

__all__ = [
    "CosineDecay",
    "EpochReport",
    "KnownLoss",
    "PinballLoss",
    "SampleBatches",
    "Settings",
    "StreamBatches",
    "build_callbacks",
    "build_loss",
    "build_metrics",
    "build_optimizer",
    "carrying",
    "check_parameters",
    "choose_path",
    "clear_programs",
    "early_stopping",
    "fit_network",
    "free_threads",
    "predict_carrying",
    "predict_carrying_by_series",
    "predict_outputs",
    "prepare_process",
    "sequence_model",
    "shuffled_rows",
    "split_time_tail",
    "stopping_fits",
    "streams",
]
