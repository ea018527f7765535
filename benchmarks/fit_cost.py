"""The cost of a forecaster with nothing set: a fit on 150 and on 50,000 rows, and what its choices take of it.

Each fit is in a process of its own. "first" compiles the programs of the network, "again" is a second fit on the same
data, as in a backtest or a search. "chosen before" is a second fit with the look-back, logarithm, window scaling and
patches that the first one chose, so that the difference is the cost of choosing.

The peer is the LSTM of neuralforecast with its defaults, among them 1,000 steps of 32 windows, on the look-back that
SeriesForecaster chose. Both forecast a day of hours (150 rows: a year of months) ahead. The work is not the same: each
does what it does with nothing set. Errors are in forecast_skill.py.

Run it: python benchmarks/fit_cost.py, which needs the environment of panel_scale.py: see README.md.
"""

import json
import logging
import os
import sys
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from _report import in_fresh_process, print_machine, print_table

SIZES = {150: ("MS", 12), 50_000: ("h", 24)}


def series(n_rows):
    """A season, a slow cycle and autoregressive noise, on regular times."""
    freq, season = SIZES[n_rows]
    rng, t = np.random.default_rng(0), np.arange(n_rows)
    noise = rng.normal(size=n_rows)
    for k in range(1, n_rows):
        noise[k] += 0.8 * noise[k - 1]
    values = 100 + 20 * np.sin(2 * np.pi * t / season) + 10 * np.sin(2 * np.pi * t / (7.3 * season)) + noise
    return pd.Series(values, pd.date_range("1990-01-01", periods=n_rows, freq=freq), name="y"), season


def by_sklstm(n_rows):
    """Seconds of a first fit, of a second one, and of a second one to which its choices are given; and look-back."""
    from sklstm import SeriesForecaster, make_forecast_pipeline

    values, horizon = series(n_rows)
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        fitted = SeriesForecaster(horizon=horizon, random_state=0).fit(values)
        seconds.append(time.perf_counter() - begin)
    names = ("n_steps", "log", "window_scaler", "patch_length")
    chosen = make_forecast_pipeline(random_state=0, **{name: getattr(fitted, f"{name}_") for name in names})
    begin = time.perf_counter()
    SeriesForecaster(chosen, horizon=horizon).fit(values)
    return [*seconds, time.perf_counter() - begin, fitted.n_steps_]


def by_neuralforecast(n_rows, n_steps):
    """Seconds of a first and a second fit."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    values, horizon = series(n_rows)
    table = pd.DataFrame({"unique_id": "one", "ds": values.index, "y": values.to_numpy()})
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        model = LSTM(h=horizon, input_size=n_steps, enable_progress_bar=False, logger=False, enable_checkpointing=False)
        NeuralForecast([model], freq=SIZES[n_rows][0]).fit(table)
        seconds.append(time.perf_counter() - begin)
    return seconds


def main():
    """Print seconds and ratios by number of rows."""
    import keras
    import neuralforecast
    import tensorflow as tf
    import torch

    import sklstm

    print_machine(sklstm, keras, tf, neuralforecast, torch)
    rows = []
    for n_rows in SIZES:
        first, again, given, n_steps = in_fresh_process(__file__, "sklstm", n_rows, 0)
        peer_first, peer_again = in_fresh_process(__file__, "neuralforecast", n_rows, n_steps)
        cells = [f"{first:.2f} s", f"{again:.2f} s", f"{max(again - given, 0) / again:.0%}"]
        ratios = f"{first / peer_first:.2f}, {again / peer_again:.2f}"
        rows.append([f"{n_rows:,}", str(n_steps), *cells, f"{peer_first:.1f} s, {peer_again:.1f} s", ratios])
    print_table(["rows", "look-back", "first", "again", "of it choosing", "neuralforecast", "ratios"], rows)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        *_, kind, n_rows, n_steps = sys.argv
        given = (int(n_rows),) if kind == "sklstm" else (int(n_rows), int(n_steps))
        print(json.dumps((by_sklstm if kind == "sklstm" else by_neuralforecast)(*given)))
    else:
        main()
