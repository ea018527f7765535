"""The latency of one prediction: sklstm, alone and at the end of a Pipeline, beside scikeras, Keras and skorch.

Every side predicts one value from one window of 24 time steps and 3 features, by an LSTM of 32 units and a dense layer
that it has fitted for one epoch on the same series of 400 rows. The window is there as each side takes it: float32, a
NumPy array of shape (1, 24, 3). Where a side returns no array, making one of what it returns is part of the call.

- LSTMRegressor.predict, which also brings the prediction back to the units of y.
- Pipeline.predict: SeriesScaler, LagFramer, SequencePadder, To3D and LSTMRegressor, on a DataFrame of one row that
  follows the fitted ones, into which its window reaches back; and on a DataFrame of the last 24 rows, which gives 24
  predictions, of which the last one is wanted. Its transforms alone, pipe[:-1].transform, on the same tables.
- OnlinePredictor.update around that Pipeline, for one row as an array, as the DataFrame's row is: mode "window", which
  gives the same number, and mode "state", where the row alone goes through the network. As a dict, too.
- KerasRegressor.predict of scikeras, around the network written by hand.
- The same network in plain Keras: model.predict(verbose=0), model.predict_on_batch, and the model called as a function.
- NeuralNetRegressor.predict of skorch, around the same network in PyTorch, on as many threads as PyTorch takes by
  itself; and on one, as PyTorch's threads wait long for one another where something else has a core.

All live in one process. After 150 calls to warm up (sklstm compiles anew after 100 of a few samples), every side is
called 100 times in a row, five times over, in turns: p50 and p99 are of these 500 calls. Ratios are of p50, to
LSTMRegressor's.

Run it: python benchmarks/predict_latency.py
It needs pip install ".[benchmarks]".
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import scikeras
import sklearn
import skorch
import tensorflow as tf
import torch
from _report import interleave, print_machine, print_table
from scikeras.wrappers import KerasRegressor
from sklearn.pipeline import Pipeline

import sklstm
from sklstm import LagFramer, LSTMRegressor, OnlinePredictor, SequencePadder, SeriesScaler, To3D

N_ROWS, N_STEPS, N_FEATURES, UNITS = 400, 24, 3, 32
WARM_UP, CALLS, ROUNDS = 150, 100, 5


class Network(torch.nn.Module):
    """The network in PyTorch."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(N_FEATURES, UNITS, batch_first=True)
        self.dense = torch.nn.Linear(UNITS, 1)

    def forward(self, x):
        """The value that follows each window."""
        return self.dense(self.lstm(x)[0][:, -1])


def build():
    """The network in Keras."""
    return keras.Sequential([keras.Input((N_STEPS, N_FEATURES)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])


def fitted_pipeline(table, y):
    """All of sklstm's steps, fitted on the rows of a table."""
    lstm = LSTMRegressor(UNITS, epochs=1, random_state=0)
    steps = [
        ("scale", SeriesScaler("minmax")),
        ("frame", LagFramer(n_steps=N_STEPS)),
        ("pad", SequencePadder()),
        ("to3d", To3D()),
        ("lstm", lstm),
    ]
    return Pipeline(steps).fit(table, y)


def make_calls():
    """Fit every side, and return what to call to predict: {name: function without parameters}."""
    series = np.random.default_rng(0).normal(size=(N_ROWS + 1, N_FEATURES)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], N_STEPS, axis=0).transpose(0, 2, 1)
    windows = np.ascontiguousarray(windows)
    y = windows[:, -1, 0] + 0.5 * windows[:, -2, 1]
    one_window = windows[-1:].copy()

    table = pd.DataFrame(series, columns=["a", "b", "c"])
    pipe = fitted_pipeline(table[:-1], np.r_[np.zeros(N_STEPS - 1, np.float32), y])
    transforms = pipe[:-1]
    one_row, last_rows = table[-1:], table[-N_STEPS:]
    np.testing.assert_allclose(pipe.predict(one_row), pipe.predict(last_rows)[-1:], rtol=1e-5)

    window, state = (OnlinePredictor(pipe, mode=mode, warm=True) for mode in ("window", "state"))
    values, by_name = one_row.to_numpy()[0], one_row.iloc[0].to_dict()
    np.testing.assert_allclose(window.reset().update(values), pipe.predict(one_row)[0], rtol=1e-5)

    lstm = LSTMRegressor(UNITS, epochs=1, random_state=0).fit(windows, y)
    wrapped = KerasRegressor(model=build, loss="mse", optimizer="adam", epochs=1, verbose=0).fit(windows, y)
    model = build()
    model.compile(optimizer="adam", loss="mse")
    model.fit(windows, y, verbose=0)
    net = skorch.NeuralNetRegressor(Network, optimizer=torch.optim.Adam, max_epochs=1, train_split=None, verbose=0)
    net.fit(windows, y[:, None])
    all_threads = torch.get_num_threads()

    def predict_on_threads(n_threads):
        torch.set_num_threads(n_threads)  # takes less than a microsecond
        return net.predict(one_window)

    return {
        "LSTMRegressor.predict": lambda: lstm.predict(one_window),
        "Pipeline.predict, a row that follows": lambda: pipe.predict(one_row),
        "its transforms alone": lambda: transforms.transform(one_row),
        f"Pipeline.predict, {N_STEPS} rows": lambda: pipe.predict(last_rows),
        f"its transforms alone, {N_STEPS} rows": lambda: transforms.transform(last_rows),
        "OnlinePredictor.update, mode window": lambda: window.update(values),
        "OnlinePredictor.update, mode window, a dict": lambda: window.update(by_name),
        "OnlinePredictor.update, mode state": lambda: state.update(values),
        "scikeras KerasRegressor.predict": lambda: wrapped.predict(one_window),
        "Keras model.predict": lambda: model.predict(one_window, verbose=0),
        "Keras model.predict_on_batch": lambda: model.predict_on_batch(one_window),
        "Keras model(x)": lambda: model(one_window).numpy(),
        "skorch NeuralNetRegressor.predict": lambda: predict_on_threads(all_threads),
        "skorch NeuralNetRegressor.predict, one thread": lambda: predict_on_threads(1),
    }


def milliseconds(call, n_calls):
    """What each of some calls takes."""
    times = []
    for _ in range(n_calls):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def main():
    """Fit every side, call them in turns, and print p50 and p99."""
    print_machine(sklstm, sklearn, pd, keras, tf, scikeras, torch, skorch)
    calls = make_calls()
    for call in calls.values():
        milliseconds(call, WARM_UP)
    measured = interleave(lambda name: milliseconds(calls[name], CALLS), [(name,) for name in calls], ROUNDS)
    p50, p99 = ({name: np.percentile(measured[name,], q) for name in calls} for q in (50, 99))
    ours = p50["LSTMRegressor.predict"]
    rows = [[name, f"{p50[name]:.2f} ms", f"{p99[name]:.2f} ms", f"{p50[name] / ours:.1f}"] for name in calls]
    print_table([f"one window, {N_STEPS} time steps x {N_FEATURES}, {UNITS} units", "p50", "p99", "ratio"], rows)


if __name__ == "__main__":
    main()
