"""Framing a long series into windows: sklstm beside pandas shift and keras' timeseries_dataset_from_array.

Every side turns the same table, one million rows of 4 float32 features, into windows of 200 time steps. What a side
does is done to its end where that is cheap (sklstm), and to the share that fits where it is not: pandas shift and
Keras write out or iterate windows, 3.2 GB for all of them, so they are timed on a tenth of the rows and scaled up,
which is to their favour (caches, allocation). Memory is the peak of what numpy and pandas allocate, by tracemalloc.

A panel follows: 2,000 series of 500 rows, whose rows are mixed in time order, into windows of 50 time steps that cross
no series; beside a groupby and a shift for each lag.

Run it: python benchmarks/framing.py
"""

import os
import time
import tracemalloc

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from _report import print_machine, print_table

import sklstm
from sklstm import LagFramer

N_ROWS, N_FEATURES, N_STEPS = 1_000_000, 4, 200
SHARE = 10
N_SERIES, N_TIMES, N_PANEL_STEPS = 2_000, 500, 50
REPEATS = 5


def sklstm_frame(table):
    """All windows, as a view."""
    return LagFramer(n_steps=N_STEPS).fit_transform(table)


def pandas_shift(table):
    """All lags as columns of one table, as the classic recipe has it."""
    frame = pd.DataFrame(table)
    return pd.concat([frame.shift(lag) for lag in range(N_STEPS - 1, -1, -1)], axis=1)


def keras_dataset(table):
    """Iterate all batches of windows once."""
    for batch in keras.utils.timeseries_dataset_from_array(table, None, N_STEPS, batch_size=1024):
        last = batch
    return last


def make_panel():
    """Series of a panel, in time order, with (time, series) as index."""
    times = pd.date_range("2026-01-01", periods=N_TIMES, freq="h")
    index = pd.MultiIndex.from_product([times, range(N_SERIES)], names=["time", "series"])
    values = np.random.default_rng(0).normal(size=(len(index), N_FEATURES)).astype(np.float32)
    return pd.DataFrame(values, index=index, columns=list("abcd"))


def sklstm_panel(panel):
    """All windows of all series, over one buffer."""
    return LagFramer(N_PANEL_STEPS, group="series").fit_transform(panel)


def pandas_panel(panel):
    """All lags of all series as columns of one table."""
    series = panel.groupby(level="series", sort=False)
    return pd.concat([series.shift(lag) for lag in range(N_PANEL_STEPS - 1, -1, -1)], axis=1)


def measure(frame, table, repeats):
    """Best time of some runs, in seconds, and peak of new memory in one more, in bytes."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        frame(table)
        times.append(time.perf_counter() - start)
    tracemalloc.start()
    kept = frame(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return min(times), peak


def main():
    """Measure each side, and print time, memory and their ratios to sklstm's."""
    print_machine(sklstm, np, pd, keras, tf)
    table = np.random.default_rng(0).normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
    share = table[: N_ROWS // SHARE]

    ours, our_peak = measure(sklstm_frame, table, REPEATS)
    rows = [["sklstm LagFramer", f"{ours * 1e3:.0f} ms", "1", f"{our_peak / table.nbytes:.2f}"]]
    for name, frame in (
        ("pandas shift and concat", pandas_shift),
        ("keras timeseries_dataset_from_array", keras_dataset),
    ):
        seconds, peak = measure(frame, share, repeats=2)
        # What Keras gathers lies in TensorFlow's memory, which tracemalloc does not see.
        memory = f"{peak * SHARE / table.nbytes:.0f}" if frame is pandas_shift else "a batch"
        rows.append([name, f"{seconds * SHARE:.1f} s", f"{seconds * SHARE / ours:.0f}", memory])
    print_table([f"{N_ROWS:,} rows x {N_FEATURES}, {N_STEPS} time steps", "time", "ratio", "new memory / table"], rows)

    panel = make_panel()
    ours, our_peak = measure(sklstm_panel, panel, REPEATS)
    seconds, peak = measure(pandas_panel, panel, 1)
    size = panel.to_numpy().nbytes
    print_table(
        [
            f"{N_SERIES:,} series x {N_TIMES} rows x {N_FEATURES}, {N_PANEL_STEPS} time steps",
            "time",
            "ratio",
            "new memory / table",
        ],
        [
            ["sklstm LagFramer(group=)", f"{ours * 1e3:.0f} ms", "1", f"{our_peak / size:.2f}"],
            ["pandas groupby, shift and concat", f"{seconds:.1f} s", f"{seconds / ours:.0f}", f"{peak / size:.0f}"],
        ],
    )

    # Whatever the number of time steps, it is the rows that cost.
    seconds = {}
    for n_steps in (2, 20, 200, 2000):
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            LagFramer(n_steps=n_steps).fit_transform(table)
            times.append(time.perf_counter() - start)
        seconds[n_steps] = min(times)
    print_table(
        ["time steps", *map(str, seconds)], [["time", *(f"{value * 1e3:.0f} ms" for value in seconds.values())]]
    )


if __name__ == "__main__":
    main()
