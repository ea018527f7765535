"""How a network is trained, and how it predicts. Keras, and nothing of scikit-learn.

Each name is loaded when it is first asked for: a network that is an ONNX graph predicts without Keras.
"""

from importlib import import_module

_HOMES = {
    "SampleBatches": "_batches",
    "StreamBatches": "_batches",
    "shuffled_rows": "_batches",
    "split_time_tail": "_batches",
    "carrying": "_carried_state",
    "streams": "_carried_state",
    "build_callbacks": "_compile",
    "build_loss": "_compile",
    "build_metrics": "_compile",
    "build_optimizer": "_compile",
    "early_stopping": "_compile",
    "CosineDecay": "_cosine_decay",
    "EpochReport": "_epoch_report",
    "export_network": "_export",
    "choose_path": "_fit_network",
    "fit_network": "_fit_network",
    "KnownLoss": "_known_loss",
    "check_parameters": "_parameters",
    "PinballLoss": "_pinball_loss",
    "predict_carrying": "_predict",
    "predict_carrying_by_series": "_predict",
    "predict_outputs": "_predict",
    "free_threads": "_processes",
    "prepare_process": "_processes",
    "clear_programs": "_programs",
    "Settings": "_settings",
    "stopping_fits": "_stopping",
    "sequence_model": "_truncated",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'sklstm.training' has no attribute {name!r}")
    return getattr(import_module(f"sklstm.training.{_HOMES[name]}"), name)
