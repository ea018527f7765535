"""Time and memory of a fit as the series gets longer: sklstm on views of windows beside windows written out.

Every side starts from the same table of one float32 feature, makes windows of it, and trains an LSTM of 8 units and a
dense layer for one epoch in batches of 1,024, to forecast the next value. Making the windows is part of its time and
of its memory.

- sklstm: LSTMRegressor on what LagFramer returns, a view of one buffer.
- sklstm, windows written out: the same estimator on np.ascontiguousarray of that view.
- Keras fit: the same network as written by hand, on the windows written out; those n_steps - 1 that begin before the
  series does, which sklstm masks, are left out.

Each side and size has a process of its own, which fits twice. The first fit compiles: its peak memory is given above
what the process had resident with TensorFlow and the table loaded. The second has that behind it, and is timed: its
peak is given above what was resident before it. That is what the rows and a batch of them take, but for some MB that
the allocator had kept from the first.

Run it: python benchmarks/memory_and_scale.py
It needs pip install ".[benchmarks]", and Linux, which knows the peak memory of a process.
"""

import json
import os
import sys
import time
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from _report import forget_peak, in_fresh_process, peak_memory, print_machine, print_table

# Rows and time steps; the two of 100,000 rows show what time steps take.
SIZES = [(10_000, 200), (100_000, 50), (100_000, 200), (1_000_000, 200)]
UNITS, BATCH = 8, 1024


def make_table(n_rows):
    """A series with a season as a table of one column, and the value that follows each row."""
    rng = np.random.default_rng(0)
    season = np.sin(2 * np.pi * np.arange(n_rows + 1) / 24)
    series = (season + 0.1 * rng.normal(size=n_rows + 1)).astype(np.float32)
    return series[:-1, None].copy(), series[1:].copy()


def sklstm_fit(n_steps):
    """LSTMRegressor on a view."""
    from sklstm import LagFramer, LSTMRegressor

    def fit(table, y):
        windows = LagFramer(n_steps=n_steps).fit_transform(table)
        LSTMRegressor(UNITS, epochs=1, batch_size=BATCH, target_scaler=None).fit(windows, y)

    return fit


def sklstm_written_out_fit(n_steps):
    """LSTMRegressor on an array that holds every window."""
    from sklstm import LagFramer, LSTMRegressor

    def fit(table, y):
        windows = np.ascontiguousarray(LagFramer(n_steps=n_steps).fit_transform(table))
        LSTMRegressor(UNITS, epochs=1, batch_size=BATCH, target_scaler=None).fit(windows, y)

    return fit


def keras_fit(n_steps):
    """Keras as written by hand, on an array that holds every window; each fit goes on with the same network."""
    import keras

    n_features = 1
    model = keras.Sequential([keras.Input((n_steps, n_features)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")

    def fit(table, y):
        view = np.lib.stride_tricks.sliding_window_view(table, n_steps, axis=0).transpose(0, 2, 1)
        windows = np.ascontiguousarray(view)
        model.fit(windows, y[n_steps - 1 :], batch_size=BATCH, verbose=0)

    return fit


SIDES = {"sklstm": sklstm_fit, "sklstm, windows written out": sklstm_written_out_fit, "Keras fit": keras_fit}


def measure(side, n_rows, n_steps):
    """In a process of its own: peak memory of a first and of a second fit, and seconds of the second, of one side."""
    import keras  # noqa: F401  (TensorFlow is loaded before memory is looked at)

    fit = SIDES[side](n_steps)
    table, y = make_table(n_rows)
    loaded = forget_peak()
    fit(table, y)
    first = peak_memory() - loaded
    before = forget_peak()
    start = time.perf_counter()
    fit(table, y)
    return {"seconds": time.perf_counter() - start, "first": first, "second": peak_memory() - before}


def megabytes(n_bytes):
    """Bytes as text, with two digits at least."""
    size = n_bytes / 2**20
    return f"{size:.2g} MB" if size < 10 else f"{size:.0f} MB"


def main():
    """Fit every size with every side, and print a table for each size."""
    print_machine(*map(import_module, ("sklstm", "numpy", "keras", "tensorflow")))
    for n_rows, n_steps in SIZES:
        measured = {side: in_fresh_process(__file__, side, n_rows, n_steps) for side in SIDES}
        ours = measured["sklstm"]["seconds"]
        rows = []
        for side, result in measured.items():
            seconds = result["seconds"]
            times = [f"{seconds * 1e6 / n_rows:.1f} s", f"{seconds / ours:.1f}"]
            rows.append([side, *times, megabytes(result["first"]), megabytes(result["second"])])
        table, windows = megabytes(4 * n_rows), megabytes(4 * n_rows * n_steps)
        print(f"{n_rows:,} rows, {table}; {n_steps} time steps, {windows} of windows if written out\n")
        header = ["one epoch", "time for 1,000,000 rows", "ratio", "peak of a first fit", "of a second fit"]
        print_table(header, rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
    else:
        main()
