"""Time and memory of a fit as the series gets longer: sklstm on views of windows beside windows written out.

Every side starts from the same table of one float32 feature, makes windows of it, and trains an LSTM of 8 units and a
dense layer for one epoch in batches of 1,024, to forecast the next value. Making the windows is part of its time and
of its memory.

- sklstm: LSTMRegressor on what LagFramer returns, a view of one buffer.
- sklstm, windows written out: the same estimator on np.ascontiguousarray of that view.
- Keras fit: the same network as written by hand, on the windows written out; those n_steps - 1 that begin before the
  series does, which sklstm masks, are left out.

Each side and size has a process of its own, which first fits 3,000 rows, twice, for compiling and for the memory that
any batch takes. Then it fits the size at hand, twice: the faster counts, so that compiling is out of it where it
depends on the size, and the peak of the first. Peak memory is given above the process with TensorFlow loaded; and above
the peak of the second fit of 3,000 rows, which leaves what the rows take. A few tens of MB of either are TensorFlow's,
which come and go with the number of batches, and what a process was given before and did not give back counts as nothing.

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
FEW_ROWS = 3000
UNITS, BATCH = 8, 1024


def make_table(n_rows):
    """A series with a season as a table of one column, and the value that follows each row."""
    rng = np.random.default_rng(0)
    season = np.sin(2 * np.pi * np.arange(n_rows + 1) / 24)
    series = (season + 0.1 * rng.normal(size=n_rows + 1)).astype(np.float32)
    return series[:-1, None].copy(), series[1:].copy()


def fit_sklstm(table, y, n_steps):
    """LSTMRegressor on a view."""
    from sklstm import LagFramer, LSTMRegressor

    windows = LagFramer(n_steps=n_steps).fit_transform(table)
    LSTMRegressor(UNITS, epochs=1, batch_size=BATCH, target_scaler=None).fit(windows, y)


def fit_sklstm_written_out(table, y, n_steps):
    """LSTMRegressor on an array that holds every window."""
    from sklstm import LagFramer, LSTMRegressor

    windows = np.ascontiguousarray(LagFramer(n_steps=n_steps).fit_transform(table))
    LSTMRegressor(UNITS, epochs=1, batch_size=BATCH, target_scaler=None).fit(windows, y)


def fit_keras(table, y, n_steps, models={}):  # noqa: B006  (the network of the fit before, which is compiled)
    """Keras as written by hand, on an array that holds every window."""
    import keras

    view = np.lib.stride_tricks.sliding_window_view(table, n_steps, axis=0).transpose(0, 2, 1)
    windows = np.ascontiguousarray(view)
    if not models:
        model = keras.Sequential([keras.Input(windows.shape[1:]), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        models["compiled"] = model
    models["compiled"].fit(windows, y[n_steps - 1 :], batch_size=BATCH, verbose=0)


SIDES = {"sklstm": fit_sklstm, "sklstm, windows written out": fit_sklstm_written_out, "Keras fit": fit_keras}
