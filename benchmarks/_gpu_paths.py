"""Milliseconds for one training step on a GPU, by each path that sklstm could take there: for training_step.py --gpu.

Every path trains LSTMRegressor on windows of one series of 3 features in which nothing is NaN, in 32 batches an epoch:

- graph: TensorFlow's graph and Keras' LSTM without cuDNN, what sklstm takes today where there is a GPU.
- XLA: whole calls compiled by XLA, with the LSTM of sklstm/training/_fast_lstm.py, as without a GPU; not in shares.
- cuDNN: TensorFlow's graph and Keras' LSTM with use_cudnn=True, which raises where cuDNN is not to be had. It takes no
  mask with padding at the front.

How many batches a call takes is what the rules of sklstm/training/_paths.py say for each path. A step is (time of a
long fit - time of a fit half as long) / steps in between, each the better of two, after a fit that compiles. The loss
is that of the compiling fit, which has the same number of epochs for all: it shows that all paths learn alike. Each
path and size has a process of its own; one that fails says why, and the others go on.
"""

import sys
import time
from contextlib import contextmanager
from importlib import import_module
from unittest import mock

import numpy as np
from _report import in_fresh_process, print_machine, print_table

SIZES = [(48, 128), (200, 64), (200, 512)]
BATCH_SIZES = [32, 256, 2048]
PATHS = ["graph", "XLA", "cuDNN"]
N_FEATURES, BATCHES_AN_EPOCH, FIRST_EPOCHS = 3, 32, 2
# The shorter fit takes at least so many seconds.
LONG_ENOUGH = 1.0

NO_GPU = (
    "training_step.py --gpu measures on a GPU, and TensorFlow finds none on this machine. Run it on one with an NVIDIA "
    "GPU and tensorflow[and-cuda], or leave out --gpu to measure on the CPU."
)


@contextmanager
def forced(path):
    """Let fits in this block take a path, whatever the rules of sklstm say of GPUs."""
    from sklstm.training import _paths

    # However short a fit is: by XLA, for its own number of time steps, and not in shares, which are for cores.
    rules = {"xla_takes": mock.Mock(return_value=path == "XLA"), "_n_shards": mock.Mock(return_value=1)}
    with mock.patch.multiple(_paths, LONG=0, SHORT=0, **rules):
        yield


def cudnn_network(meta, units):
    """The network of architecture="vanilla" without masks, its LSTM by cuDNN."""
    import keras

    inputs = keras.Input(meta["X_shape_"][1:])
    outputs = keras.layers.Dense(1)(keras.layers.LSTM(units, use_cudnn=True)(inputs))
    return keras.Model(inputs, outputs)


def make_windows(n_steps, n_windows):
    """All windows of one series, as a view, and what to learn from the last two time steps of each."""
    series = np.random.default_rng(0).normal(size=(n_windows + n_steps - 1, N_FEATURES)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series, n_steps, axis=0).transpose(0, 2, 1)
    return windows, windows[:, -1, 0] + 0.5 * windows[:, -2, 1]


def measure_path(path, n_steps, units):
    """Milliseconds of a step, and the loss of the first fit, for each batch size."""
    return [measure_step(path, n_steps, units, batch_size) for batch_size in BATCH_SIZES]


def measure_step(path, n_steps, units, batch_size):
    """The same for one batch size."""
    from sklstm import LSTMRegressor

    windows, y = make_windows(n_steps, BATCHES_AN_EPOCH * batch_size)
    architecture = cudnn_network if path == "cuDNN" else "vanilla"
    params = {"architecture": architecture, "batch_size": batch_size, "target_scaler": None, "random_state": 0}

    def fit(epochs):
        start = time.perf_counter()
        model = LSTMRegressor(units, epochs=epochs, **params).fit(windows, y)
        seconds = time.perf_counter() - start
        taken = "xla" if path == "XLA" else "graph"
        assert model.training_path_ == taken, f"{path} was to train by {taken}, got {model.training_path_}"
        return seconds, model.history_["loss"][-1]

    with forced(path):
        _, loss = fit(FIRST_EPOCHS)
        epochs = 1
        while (shorter := fit(epochs)[0]) < LONG_ENOUGH:
            epochs *= 2
        shorter, long = min(shorter, fit(epochs)[0]), min(fit(2 * epochs)[0] for _ in range(2))
    return 1e3 * (long - shorter) / (epochs * BATCHES_AN_EPOCH), loss


def measure_or_fail(file, path, n_steps, units):
    """What `measure_path` returns in a process of its own; infinite times where that fails."""
    try:
        return in_fresh_process(file, "--gpu", path, n_steps, units)
    except SystemExit as failure:
        print(failure, file=sys.stderr)
        return [(np.inf, np.nan)] * len(BATCH_SIZES)


def main(file):
    """Measure all paths, each size in a process that runs `file`, and print tables of milliseconds and of losses."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        sys.exit(NO_GPU)
    print_machine(*map(import_module, ("sklstm", "numpy", "keras", "tensorflow")))
    print(", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus) + "\n")
    times, losses = [], []
    for n_steps, units in SIZES:
        measured = [measure_or_fail(file, path, n_steps, units) for path in PATHS]
        for batch_size, steps in zip(BATCH_SIZES, zip(*measured, strict=True), strict=True):
            size = [f"{n_steps} x {units}", f"{batch_size:,}"]
            milliseconds = [step for step, _ in steps]
            fastest = PATHS[int(np.argmin(milliseconds))]
            shown = [f"{step:.2f} ms" if np.isfinite(step) else "failed" for step in milliseconds]
            times.append([*size, *shown, fastest])
            losses.append([*size, *(f"{loss:.3f}" for _, loss in steps)])
    print_table(["time steps x units", "batch", *PATHS, "fastest"], times)
    print_table(["time steps x units", "batch", *(f"loss, {path}" for path in PATHS)], losses)
