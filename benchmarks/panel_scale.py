"""Panels of many series: sklstm beside mlforecast and neuralforecast, in seconds and in memory.

All sides start from the same long table: an integer "unique_id", daily dates in "ds" and a float32 "y", which is the
level of the series, a weekly season and noise. Rows are sorted by series and date. Only one column is numeric: the
table has no exogenous features.

Preparation: windows of 14 rows, scaled by series, and the value that follows each window.

- sklstm: make_supervised, SeriesScaler("standard") and LagFramer(14), in this order. The windows are views.
- mlforecast: preprocess with 14 lags and LocalStandardScaler, on its default of one thread. It writes 14 columns and
  drops the first 14 rows of each series. sklstm keeps these rows, with NaN in the missing lags. Both sides check that
  no date is duplicated. mlforecast also scales the target here, LSTMRegressor scales it in fit.

LSTMRegressor: the overhead of fit, which is the time of fit less the time of its training steps. A first fit of the
same shapes compiles. The time of an epoch is the difference between a fit of 5 and a fit of 3 epochs, divided by 2; at
up to a million rows each is fitted several times, and the best time counts. From 30,000 time steps on (epochs x batches
x 14), fit compiles for windows of 14 time steps, below that for 32. 3 and 5 epochs are on the same side of this
threshold at every default size, 1 and 2 epochs are not. Panels smaller than 1,000 series x 100 rows are below another
threshold, and the difference is then not an epoch. "predict" is the first call after these fits.

Forecasts: 7 days ahead of every series, by a direct LSTM of 8 units on 14 time steps, with Adam at 0.001 and the mean
squared error. Every series and every window is standardised. Both sides run the same number of steps of 1,024 windows,
as many as one epoch of sklstm takes, and include the compilation of the network in the time of fit.

- sklstm: SeriesForecaster fits on every window once. It masks time steps that were not observed, and has a linear path
  beside the LSTM, which is its default.
- neuralforecast: NeuralForecast with LSTM. Its batch_size counts series and its windows_batch_size counts windows. Each
  step takes as many series as have 1,024 windows together, at least one, and draws 1,024 of their windows. This
  is its cheapest setting, but the windows of a step come from 12 series of 100 rows, those of sklstm from all series.
  Its decoder is one linear layer. Lightning's logger, checkpoints and progress bar are off. Prediction takes 1,024
  series at once. It runs with PyTorch's default number of threads and with 1, and the faster of them counts.

--million: forecasts of 1,000,000 series x 28 rows, in chunks of 50,000, by one model that was fitted on 20,000 of them
in one scale (pooled=True; no local scaler in neuralforecast). sklstm calls forecast(series=chunk), neuralforecast
predict(df=chunk). Making a chunk is not timed.

RMSE is that of the forecasts against the 7 days that follow the table, in the units of y. It shows that both sides
learn. The noise alone has 1.00, a seasonal naive forecast 1.41.

Each part and size has a process of its own. Packages are imported and the table is made before the clock starts. The
best time of the rounds counts, and the highest peak. "New memory" is the peak above what the process had resident
before the call, "process" the whole peak, with packages and table.

Targets at 20,000 series x 100 rows: preparation takes at most the time of mlforecast, the overhead of fit at most 2 s,
forecast(7) at most 3 s. At 100,000 x 100 the process of SeriesForecaster peaks at 4 GB at most.

Run it: python benchmarks/panel_scale.py --sizes 20000x100
It needs Linux, and an environment of its own, because mlforecast requires pandas below 3: see README.md.
"""

import argparse
import json
import logging
import os
import time
from functools import partial
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from _report import forget_peak, in_fresh_process, interleave, peak_memory, print_machine, print_table

SIZES = ["1000x100", "10000x100", "20000x100", "100000x100", "1000x10000"]
N_STEPS, HORIZON, UNITS, BATCH = 14, 7, 8, 1024
SHORT_FIT, LONG_FIT = 3, 5  # epochs
N_FITTED, N_MILLION, N_CHUNK, N_SHORT_ROWS = 20_000, 1_000_000, 50_000, 28
KEYS = {"group": "unique_id", "time": "ds"}


def make_panel(n_series, n_rows, first_id=0):
    """Long table of daily series, sorted by series and date, and the next 7 values, (n_series, 7)."""
    rng = np.random.default_rng(first_id)
    days = np.arange(n_rows + HORIZON)
    values = rng.standard_normal((n_series, len(days)), dtype=np.float32)
    values += 10 * np.sin(2 * np.pi * days / 7).astype(np.float32)
    values += rng.normal(100, 20, size=(n_series, 1)).astype(np.float32)
    ids = np.repeat(np.arange(first_id, first_id + n_series), n_rows)
    dates = np.tile(pd.date_range("2000-01-01", periods=n_rows).to_numpy(), n_series)
    table = pd.DataFrame({"unique_id": ids, "ds": dates, "y": values[:, :n_rows].ravel()})
    return table, values[:, n_rows:].copy()


def measure(call):
    """Result of a call, and its seconds, new memory and the peak of the process in bytes."""
    before = forget_peak()
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    peak = peak_memory()
    return result, {"seconds": seconds, "new": peak - before, "process": peak}


def n_training_steps(n_series, n_rows):
    """Steps of one epoch of SeriesForecaster: its rows with a known future, in batches."""
    return -(-n_series * (n_rows - HORIZON) // BATCH)


# --- sklstm ---------------------------------------------------------------------------------------


def sklstm_preparation(n_series, n_rows):
    """make_supervised, SeriesScaler and LagFramer."""
    prepare(make_panel(10, n_rows)[0])  # loads what is imported at the first call
    table, _ = make_panel(n_series, n_rows)
    *_, measured = prepare(table)
    return measured


def prepare(table):
    """Windows, the value that follows each, and what each step took."""
    from sklstm import LagFramer, SeriesScaler, make_supervised

    (X, y), supervised = measure(lambda: make_supervised(table, horizon=1, target="y", **KEYS))
    X, scaled = measure(lambda: SeriesScaler("standard", **KEYS).fit_transform(X))
    windows, framed = measure(lambda: LagFramer(N_STEPS, **KEYS).fit_transform(X))
    steps = {"make_supervised": supervised, "SeriesScaler fit_transform": scaled, "LagFramer fit_transform": framed}
    return windows, y, steps


def sklstm_regressor(n_series, n_rows):
    """LSTMRegressor: fits after one that compiles, and predictions."""
    import keras  # noqa: F401  (TensorFlow is loaded before memory is looked at)

    from sklstm import LSTMRegressor

    table, _ = make_panel(n_series, n_rows)
    windows, y, _ = prepare(table)

    def fit(epochs):
        model = LSTMRegressor(UNITS, epochs=epochs, batch_size=BATCH, target_groups=True, random_state=0)
        return model.fit(windows, y)

    model = fit(SHORT_FIT)  # compiles
    # An epoch of a small panel is shorter than what a fit differs by from the next.
    n_fits = min(5, max(1, 2_000_000 // (n_series * n_rows)))
    short, long = (
        best_of([{"fit": measure(partial(fit, epochs))[1]} for _ in range(n_fits)])["fit"]
        for epochs in (SHORT_FIT, LONG_FIT)
    )
    n_windows = n_rows - 1  # of each series; the last row has no known future
    last = windows[np.arange(n_windows - 1, len(windows), n_windows)]
    _, predict = measure(lambda: model.predict(last))
    return {"short": short, "long": long, "predict": predict}


def make_forecaster(pooled=False):
    """SeriesForecaster as it runs in all parts, not fitted."""
    import keras  # noqa: F401

    from sklstm import SeriesForecaster, make_forecast_pipeline

    settings = {"n_steps": N_STEPS, "units": UNITS, "epochs": 1, "batch_size": BATCH, "random_state": 0}
    pipeline = make_forecast_pipeline(pooled=pooled, **settings)
    return SeriesForecaster(pipeline, horizon=HORIZON, target="y", **KEYS)


def sklstm_forecasts(n_series, n_rows):
    """SeriesForecaster: fit and forecast."""
    forecaster = make_forecaster()
    table, future = make_panel(n_series, n_rows)
    _, fit = measure(lambda: forecaster.fit(table))
    forecast, forecasting = measure(lambda: forecaster.forecast(HORIZON))
    return {"fit": fit, "forecast(7)": forecasting | {"error": error_of(forecast["y"], future)}}


def sklstm_million(n_series, n_rows):
    """SeriesForecaster fitted on some of the series, and forecasts of all of them in chunks."""
    forecaster = make_forecaster(pooled=True)
    table, _ = make_panel(min(N_FITTED, n_series), n_rows)
    _, fit = measure(lambda: forecaster.fit(table))
    forecasts = forecast_chunks(lambda rows: forecaster.forecast(HORIZON, series=rows)["y"], n_series, n_rows)
    return {"fit": fit, "forecasts": forecasts}


# --- peers ----------------------------------------------------------------------------------------


def mlforecast_preparation(n_series, n_rows):
    """The same windows as columns of lags, by mlforecast."""
    from mlforecast import MLForecast
    from mlforecast.target_transforms import LocalStandardScaler

    def preprocess(table):
        lags = list(range(1, N_STEPS + 1))
        return MLForecast([], freq="D", lags=lags, target_transforms=[LocalStandardScaler()]).preprocess(table)

    preprocess(make_panel(10, n_rows)[0])
    table, _ = make_panel(n_series, n_rows)
    _, preprocessing = measure(lambda: preprocess(table))
    return {"mlforecast preprocess": preprocessing}


def make_neuralforecast(n_series, n_rows, n_threads, **params):
    """NeuralForecast with the same network and as many steps, not fitted."""
    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MSE
    from neuralforecast.models import LSTM

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(n_threads or torch.get_num_threads())
    network = {"encoder_n_layers": 1, "encoder_hidden_size": UNITS, "decoder_layers": 1, "scaler_type": "standard"}
    n_windows = n_rows - N_STEPS + 1
    batches = {
        "batch_size": max(1, round(BATCH / n_windows)),
        "windows_batch_size": BATCH,
        "valid_batch_size": BATCH,
        "inference_windows_batch_size": BATCH,
        "max_steps": n_training_steps(n_series, n_rows),
    }
    names = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    quiet = dict.fromkeys(names, False)
    model = LSTM(HORIZON, N_STEPS, loss=MSE(), learning_rate=1e-3, accelerator="cpu", **network, **batches, **quiet)
    return NeuralForecast(models=[model], freq="D", **params)


def neuralforecast_forecasts(n_series, n_rows, n_threads=None):
    """NeuralForecast: fit and predict."""
    forecaster = make_neuralforecast(n_series, n_rows, n_threads, local_scaler_type="standard")
    table, future = make_panel(n_series, n_rows)
    _, fit = measure(lambda: forecaster.fit(table))
    forecast, forecasting = measure(forecaster.predict)
    return {"fit": fit, "predict": forecasting | {"error": error_of(forecast["LSTM"], future)}}


def neuralforecast_million(n_series, n_rows, n_threads=None):
    """NeuralForecast fitted on some of the series, and forecasts of all of them in chunks."""
    n_fitted = min(N_FITTED, n_series)
    forecaster = make_neuralforecast(n_fitted, n_rows, n_threads)
    table, _ = make_panel(n_fitted, n_rows)
    _, fit = measure(lambda: forecaster.fit(table))
    forecasts = forecast_chunks(lambda rows: forecaster.predict(df=rows)["LSTM"], n_series, n_rows)
    return {"fit": fit, "predict": forecasts}


# --- what both sides share ------------------------------------------------------------------------


def forecast_chunks(forecast, n_series, n_rows):
    """Forecast the series chunk by chunk, with the sum of the times, the highest of the peaks and the error of all."""
    chunks, squares = [], 0.0
    for first in range(0, n_series, N_CHUNK):
        n_chunk = min(N_CHUNK, n_series - first)
        rows, future = make_panel(n_chunk, n_rows, first)
        result, measured = measure(lambda rows=rows: forecast(rows))
        squares += n_chunk * error_of(result, future) ** 2
        chunks.append(measured)
    return together(chunks) | {"error": (squares / n_series) ** 0.5}


def error_of(forecast, future):
    """Root mean squared error of the forecasts, a row for each series and date in this order."""
    return float(np.sqrt(np.mean((np.asarray(forecast).reshape(future.shape) - future) ** 2)))


def together(measured):
    """Sum of the times, highest of the peaks."""
    peaks = {name: max(each[name] for each in measured) for name in ("new", "process")}
    return {"seconds": sum(each["seconds"] for each in measured)} | peaks


def best_of(runs):
    """Best time and highest peaks of each name, over the rounds; the error of the last."""
    best = {}
    for name, last in runs[-1].items():
        measured = [run[name] for run in runs]
        best[name] = last | together(measured) | {"seconds": min(each["seconds"] for each in measured)}
    return best


# --- tables ---------------------------------------------------------------------------------------

OF_A_SIZE = {
    "sklstm preparation": sklstm_preparation,
    "mlforecast preparation": mlforecast_preparation,
    "sklstm regressor": sklstm_regressor,
    "sklstm": sklstm_forecasts,
    "neuralforecast": neuralforecast_forecasts,
    "neuralforecast, 1 thread": partial(neuralforecast_forecasts, n_threads=1),
}
OF_A_MILLION = {
    "sklstm": sklstm_million,
    "neuralforecast": neuralforecast_million,
    "neuralforecast, 1 thread": partial(neuralforecast_million, n_threads=1),
}
PARTS = OF_A_SIZE | {f"million: {name}": part for name, part in OF_A_MILLION.items()}


def line(name, measured, unit):
    """Row of a table: time, its ratio to `unit` seconds, memory."""
    seconds = measured["seconds"]
    memory = [f"{measured[peak] / 2**20:.0f} MB" for peak in ("new", "process")]
    return [name, f"{seconds:.2f} s", f"{seconds / unit:.2f}", *memory]


def print_preparation(size, ours, peer):
    """Table of the preparation, beside mlforecast's."""
    total = together(ours.values())
    rows = [line(name, each, total["seconds"]) for name, each in ours.items()]
    rows.append(line("sklstm, sum", total, total["seconds"]))
    rows += [line(name, each, total["seconds"]) for name, each in peer.items()]
    print_table([f"{size}, preparation", "time", "ratio", "new memory", "process"], rows)


def print_regressor(size, n_steps, result):
    """Table of the fits of LSTMRegressor: the time of an epoch, and the overhead."""
    short = result["short"]
    epoch = (result["long"]["seconds"] - short["seconds"]) / (LONG_FIT - SHORT_FIT)
    overhead = short["seconds"] - SHORT_FIT * epoch
    rows = [
        line(f"fit, {SHORT_FIT} epochs", short, epoch),
        [f"an epoch, {n_steps:,} steps", f"{epoch:.2f} s", "1.00", "", ""],
        ["overhead", f"{overhead:.2f} s", f"{overhead / epoch:.2f}", "", ""],
        line("predict, the last window of each series", result["predict"], epoch),
    ]
    print_table([f"{size}, LSTMRegressor", "time", "ratio to an epoch", "new memory", "process"], rows)


def print_forecasts(title, results):
    """Table of fits and forecasts, beside the faster one of the peer's; ratios are to the sum of sklstm."""
    sums = {side: together(results[side].values()) for side in OF_A_MILLION}
    unit = sums["sklstm"]["seconds"]
    faster = min([side for side in sums if side != "sklstm"], key=lambda side: sums[side]["seconds"])
    rows = []
    for side in ("sklstm", faster):
        for name, each in results[side].items():
            error = f"{each['error']:.2f}" if "error" in each else ""
            rows.append([*line(f"{side}, {name}", each, unit), error])
        rows.append([*line(f"{side}, sum", sums[side], unit), ""])
    print_table([title, "time", "ratio", "new memory", "process", "RMSE"], rows)


def run(parts, n_series, n_rows, rounds):
    """Best results of some parts, each in processes of its own."""
    runs = interleave(
        lambda part: in_fresh_process(__file__, "--part", part, n_series, n_rows), [(part,) for part in parts], rounds
    )
    return {part: best_of(results) for (part,), results in runs.items()}


def main(sizes, million, rounds):
    """Print the tables of each size, and those of a million series if asked for."""
    names = ("sklstm", "mlforecast", "neuralforecast", "numpy", "pandas", "sklearn", "keras", "tensorflow", "torch")
    print_machine(*map(import_module, names))
    for n_series, n_rows in sizes:
        size = f"{n_series:,} series x {n_rows:,} rows"
        results = run(OF_A_SIZE, n_series, n_rows, rounds)
        print_preparation(size, results["sklstm preparation"], results["mlforecast preparation"])
        print_regressor(size, -(-n_series * (n_rows - 1) // BATCH), results["sklstm regressor"])
        print_forecasts(f"{size}, {n_training_steps(n_series, n_rows):,} steps", results)
    if million:
        results = run([f"million: {side}" for side in OF_A_MILLION], million, N_SHORT_ROWS, rounds)
        title = (
            f"{million:,} series x {N_SHORT_ROWS} rows in chunks of {N_CHUNK:,}, fitted on {min(N_FITTED, million):,}"
        )
        print_forecasts(title, {side: results[f"million: {side}"] for side in OF_A_MILLION})


def as_size(text):
    """Number of series and of rows, from "20000x100"."""
    n_series, n_rows = map(int, text.split("x"))
    return n_series, n_rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="*", type=as_size, default=[as_size(size) for size in SIZES])
    parser.add_argument("--million", nargs="?", type=int, const=N_MILLION, help="number of series")
    parser.add_argument("--rounds", type=int, default=1, help="processes of each part and size, one after the other")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, *size = options.part
        print(json.dumps(PARTS[name](*map(int, size))))
    else:
        main(options.sizes, options.million, options.rounds)
