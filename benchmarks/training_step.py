"""Milliseconds for one training step of one LSTM layer: sklstm beside Keras, PyTorch and skorch.

Every side trains the same network (an LSTM, and a dense layer with one output, from Glorot and orthogonal weights) with
Adam at 1e-3 on the mean squared error, float32, on the same 2,000 windows of one series of 3 features, shuffled in each
epoch, in 62 batches of 32 and a last one of 16. Nothing is scaled on any side. The target is a sum of two values of the
window's last two time steps, so that the loss can fall.

- sklstm: LSTMRegressor(units), which takes the windows as the overlapping view that they are. It masks what is NaN,
  as always; nothing is.
- Keras fit: Sequential of LSTM and Dense as written by hand, the windows expanded to an array before the clock starts,
  fit(batch_size=32), everything else as Keras has it.
- Keras fit, jit_compile: the same with compile(jit_compile=True, steps_per_execution=16).
- PyTorch: torch.nn.LSTM and Linear in a bare loop over a shuffled index; the tensors are made once. PyTorch has two
  biases where Keras has one, and its Adam another epsilon (1e-8, 1e-7).
- skorch: NeuralNetRegressor around the same module, train_split=None, no callbacks but its own.

With PyTorch and skorch the better of two numbers of threads counts: PyTorch's default and 1.

A step is (time of a long fit - time of a shorter one) / steps in between, both after a fit that compiles: so what each
fit costs once, building a network and reading the data, is out of it. The shorter one is long enough for sklstm to
compile for its number of time steps, as it does for the long one. sklstm, PyTorch and skorch begin with a new network
in each fit; Keras goes on with the one that it has compiled, which saves it from compiling again. A first fit of 3
epochs is timed too, from a process that has imported everything and run nothing.

Each side and size has a process of its own, as often as ROUNDS says, in turns; the best time of each fit counts. The
losses are those of the first turn, each after the same number of epochs: they differ by their seeds, and show that all
sides learn alike.

Run it: python benchmarks/training_step.py
It needs pip install ".[benchmarks]".

On a machine with a GPU, python benchmarks/training_step.py --gpu measures instead which path is fastest there: see
_gpu_paths.py.
"""

import json
import os
import sys
import time
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import _gpu_paths
import numpy as np
from _report import in_fresh_process, interleave, print_machine, print_table

# Time steps, units, epochs of the shorter fit, and how many the long one has more.
SIZES = [(12, 32, 40, 40), (48, 32, 10, 20), (48, 128, 10, 6), (200, 64, 3, 4)]
N_WINDOWS, N_FEATURES, BATCH, FIRST_EPOCHS = 2000, 3, 32, 3
ROUNDS = 1


def make_windows(n_steps):
    """All windows of one series, as a view, and what to learn from the last two time steps of each."""
    series = np.random.default_rng(0).normal(size=(N_WINDOWS + n_steps - 1, N_FEATURES)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series, n_steps, axis=0).transpose(0, 2, 1)
    return windows, windows[:, -1, 0] + 0.5 * windows[:, -2, 1]


def sklstm_fit(windows, y, units):
    """LSTMRegressor, built anew in each fit."""
    import keras  # noqa: F401  (else the first fit would import it, and only on this side)

    from sklstm import LSTMRegressor

    def fit(epochs):
        model = LSTMRegressor(units, epochs=epochs, batch_size=BATCH, target_scaler=None)
        return model.fit(windows, y).history_["loss"]

    return fit


def keras_fit(windows, y, units, **compile_params):
    """Keras as written by hand; each fit goes on with the same network."""
    import keras

    windows = np.ascontiguousarray(windows)
    losses, models = [], []

    def fit(epochs):
        if not models:
            model = keras.Sequential([keras.Input(windows.shape[1:]), keras.layers.LSTM(units), keras.layers.Dense(1)])
            model.compile(optimizer="adam", loss="mse", **compile_params)
            models.append(model)
        losses.extend(models[0].fit(windows, y, batch_size=BATCH, epochs=epochs, verbose=0).history["loss"])
        return losses

    return fit


def keras_jit_fit(windows, y, units):
    """Keras compiled by XLA, several steps at a time."""
    return keras_fit(windows, y, units, jit_compile=True, steps_per_execution=16)


def lstm_module(units):
    """The network in PyTorch, with weights as Keras draws them."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(N_FEATURES, units, batch_first=True)
            self.dense = nn.Linear(units, 1)
            nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
            nn.init.orthogonal_(self.lstm.weight_hh_l0)
            nn.init.xavier_uniform_(self.dense.weight)
            for bias in (self.lstm.bias_ih_l0, self.lstm.bias_hh_l0, self.dense.bias):
                nn.init.zeros_(bias)
            with torch.no_grad():
                self.lstm.bias_ih_l0[units : 2 * units] = 1  # the forget gate

        def forward(self, x):
            return self.dense(self.lstm(x)[0][:, -1])

    return Network


def torch_fit(windows, y, units):
    """A bare loop in PyTorch, from new weights in each fit."""
    import torch

    network = lstm_module(units)
    inputs, targets = torch.tensor(np.ascontiguousarray(windows)), torch.tensor(y[:, None])

    def fit(epochs):
        model, mse = network(), torch.nn.MSELoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        losses = []
        for _ in range(epochs):
            total = 0.0
            for batch in torch.randperm(len(inputs)).split(BATCH):
                optimizer.zero_grad()
                loss = mse(model(inputs[batch]), targets[batch])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(batch)
            losses.append(float(total) / len(inputs))
        return losses

    return fit


def skorch_fit(windows, y, units):
    """Skorch around the same module, from new weights in each fit."""
    import torch
    from skorch import NeuralNetRegressor

    network = lstm_module(units)
    windows, y = np.ascontiguousarray(windows), y[:, None]

    def fit(epochs):
        net = NeuralNetRegressor(
            network,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            max_epochs=epochs,
            batch_size=BATCH,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )
        return net.fit(windows, y).history[:, "train_loss"]

    return fit


SIDES = {
    "sklstm": sklstm_fit,
    "Keras fit": keras_fit,
    "Keras fit, jit_compile": keras_jit_fit,
    "PyTorch": torch_fit,
    "skorch": skorch_fit,
}


def measure(side, threads, n_steps, units, epochs, more_epochs):
    """In a process of its own: seconds of the first fit, of a shorter and of a long one, and the loss, of one side."""
    if threads:
        import_module("torch").set_num_threads(threads)
    fit = SIDES[side](*make_windows(n_steps), units)
    measured, many = {}, epochs + more_epochs
    for name, length in (("first", FIRST_EPOCHS), ("compiling", many), ("shorter", epochs), ("long", many)):
        start = time.perf_counter()
        losses = fit(length)
        measured[name] = time.perf_counter() - start
    return measured | {"loss": losses[many - 1]}


def milliseconds_per_step(results, more_epochs):
    """What a long fit takes more than a short one, for each of the steps that it has more."""
    steps = more_epochs * -(-N_WINDOWS // BATCH)
    shorter, long = (min(result[fit] for result in results) for fit in ("shorter", "long"))
    return 1e3 * (long - shorter) / steps


def main():
    """Measure every side at every size in turns, and print a table for each size."""
    print_machine(*map(import_module, ("sklstm", "numpy", "keras", "tensorflow", "torch", "skorch")))
    # 0 threads: as many as the side takes by itself.
    sides = [(side, threads) for side in SIDES for threads in ((0, 1) if side in ("PyTorch", "skorch") else (0,))]
    for n_steps, units, epochs, more_epochs in SIZES:
        cases = [(side, threads, n_steps, units, epochs, more_epochs) for side, threads in sides]
        measured = interleave(lambda *case: in_fresh_process(__file__, *case), cases, ROUNDS)
        best = {}
        for (side, *_), results in measured.items():
            step = milliseconds_per_step(results, more_epochs)
            if side not in best or step < best[side][0]:
                best[side] = step, min(result["first"] for result in results), results[0]["loss"]
        ours = best["sklstm"][0]
        rows = [
            [side, f"{step:.2f} ms", f"{step / ours:.1f}", f"{first:.1f} s", f"{loss:.1e}"]
            for side, (step, first, loss) in best.items()
        ]
        loss = f"loss after {epochs + more_epochs} epochs"
        print_table([f"{n_steps} time steps, {units} units", "a step", "ratio", "first fit", loss], rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["--gpu"]:
        _gpu_paths.main(__file__)
    elif sys.argv[1:2] == ["--gpu"]:
        path, *size = sys.argv[2:]
        print(json.dumps(_gpu_paths.measure_path(path, *map(int, size))))
    elif len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
    else:
        main()
