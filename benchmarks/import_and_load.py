"""What a fresh process waits for: importing sklstm, and loading what was fitted, with and without Keras and TensorFlow.

Importing: Python runs one statement and ends; what it takes to run nothing is taken off. sklstm stands on scikit-learn
and pandas, so these are there by themselves; keras and tensorflow are what it puts off until the first fit or the first
prediction. Ratios are to the import of LSTMRegressor: the name sklstm alone loads nearly nothing. What a statement has
loaded is read from sys.modules.

Loading: each side has fitted an LSTM of 32 units on the windows of 24 time steps of the same series, 400 rows of 3
features. A process with the last 24 rows in a DataFrame, and nothing else imported, loads it and forecasts the next
value, in the units of the series.

- sklstm, one pickle: the whole Pipeline. Loading it imports scikit-learn and sklstm. Keras, which the first prediction
  would import, is imported before that, to be timed apart; then Pipeline.predict.
- sklstm, one archive: the same, by sklstm.save and sklstm.load, which checks the file and executes nothing of it.
- sklstm, served: the same, by sklstm.save(onnx=True) and sklstm.load(runtime="onnx"). Neither Keras nor TensorFlow is
  imported. How much scikit-learn imports depends on what else is installed: with --served FOLDER the script does this
  side alone, on the file that --write FOLDER has written, in an environment without the others.
- Keras: the network in a .keras file, and the scalers of X and of y by joblib. Importing Keras imports scikit-learn,
  where that is installed; then the window is scaled, predicted by model.predict, and scaled back.

Memory is the most that the process had resident. Ratios are to the pickle. Every process is fresh, seven times over, in
turns; the best counts. By then all files are in the system's cache.

Predicting: OnlinePredictor.update on that Pipeline, loaded either way, for one row at a time, and within it the network
alone, for a window that is gathered. After 150 calls to warm up, p50 and p99 of 500.

Run it: python benchmarks/import_and_load.py
It needs pip install ".[benchmarks]".
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from _report import in_fresh_process, interleave, peak_memory, print_machine, print_table

NOTHING = "pass"
STATEMENTS = [
    "import sklearn.base, sklearn.pipeline",
    "import sklearn.base, sklearn.pipeline, pandas",
    "import sklstm",
    "from sklstm import LSTMRegressor",
    "import keras",
    "import tensorflow",
]
N_ROWS, N_STEPS, UNITS = 400, 24, 32
ROUNDS = 7
WARM_UP, CALLS = 150, 500


def seconds_to_run(statement):
    """What Python takes from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True)
    return time.perf_counter() - start


def loaded_by(statement):
    """Which of TensorFlow and Keras a statement loads, in words."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps([m for m in ('tensorflow', 'keras') if m in sys.modules]))"
    return " and ".join(in_fresh_process("-c", code)) or "neither"


def make_series():
    """A table of 3 features, and the next value of the first."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    season = 100 + 20 * np.sin(np.arange(N_ROWS + 1) / 4)
    values = season[:, None] + rng.normal(size=(N_ROWS + 1, 3))
    return pd.DataFrame(values[:-1], columns=["a", "b", "c"]), values[1:, 0]


def fitted_pipeline():
    """A Pipeline, fitted."""
    from sklearn.pipeline import Pipeline

    from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D

    steps = [
        ("scale", SeriesScaler("minmax")),
        ("frame", LagFramer(n_steps=N_STEPS)),
        ("pad", SequencePadder()),
        ("to3d", To3D()),
        ("lstm", LSTMRegressor(UNITS, epochs=1, target_scaler="minmax", random_state=0)),
    ]
    return Pipeline(steps).fit(*make_series())


def save_pickle(folder):
    """Pickle the Pipeline."""
    import pickle

    (folder / "pipeline.pkl").write_bytes(pickle.dumps(fitted_pipeline()))


def save_archive(folder):
    """Save the Pipeline as an archive."""
    import sklstm

    sklstm.save(fitted_pipeline(), folder / "pipeline.sklstm")


def save_served(folder):
    """Save the Pipeline with an ONNX graph."""
    import sklstm

    sklstm.save(fitted_pipeline(), folder / "pipeline.sklstm", onnx=True)


def save_keras(folder):
    """Fit the same network by hand, and save it with its scalers."""
    import joblib
    import keras
    import numpy as np
    from sklearn.preprocessing import MinMaxScaler

    X, y = make_series()
    scaler, target_scaler = MinMaxScaler().fit(X), MinMaxScaler().fit(y[:, None])
    windows = np.lib.stride_tricks.sliding_window_view(scaler.transform(X), N_STEPS, axis=0).transpose(0, 2, 1)
    targets = target_scaler.transform(y[N_STEPS - 1 :, None])
    model = keras.Sequential([keras.Input((N_STEPS, 3)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(np.ascontiguousarray(windows), targets, verbose=0)
    model.save(folder / "model.keras")
    joblib.dump(scaler, folder / "scaler.joblib")
    joblib.dump(target_scaler, folder / "target_scaler.joblib")


def load_pickle(folder):
    """In a process of its own: seconds of loading, of importing Keras, and of the first prediction; memory."""

    def load():
        import pickle

        return pickle.loads((folder / "pipeline.pkl").read_bytes())

    return load_and_predict(load)


def load_archive(folder):
    """In a process of its own: as `load_pickle`."""

    def load():
        import sklstm

        return sklstm.load(folder / "pipeline.sklstm")

    return load_and_predict(load)


def load_and_predict(load):
    """Seconds of loading, of importing Keras, and of the first prediction; memory."""
    rows = make_series()[0][-N_STEPS:]
    start = time.perf_counter()
    pipe = load()
    loaded = time.perf_counter()
    import keras  # noqa: F401

    imported = time.perf_counter()
    pipe.predict(rows)[-1]
    return loaded - start, imported - loaded, time.perf_counter() - imported, peak_memory()


def load_served(folder):
    """In a process of its own: seconds of loading, of importing nothing, and of the first prediction; memory."""
    rows = make_series()[0][-N_STEPS:]
    start = time.perf_counter()
    import sklstm

    pipe = sklstm.load(folder / "pipeline.sklstm", runtime="onnx")
    loaded = time.perf_counter()
    pipe.predict(rows)[-1]
    return loaded - start, 0.0, time.perf_counter() - loaded, peak_memory()


def load_keras(folder):
    """In a process of its own: seconds of loading, of importing Keras, and of the first prediction; memory."""
    rows = make_series()[0][-N_STEPS:]
    start = time.perf_counter()
    import keras

    imported = time.perf_counter()
    import joblib

    model = keras.models.load_model(folder / "model.keras")
    scaler, target_scaler = joblib.load(folder / "scaler.joblib"), joblib.load(folder / "target_scaler.joblib")
    loaded = time.perf_counter()
    window = scaler.transform(rows)[None]
    target_scaler.inverse_transform(model.predict(window, verbose=0))[0, 0]
    return loaded - imported, imported - start, time.perf_counter() - loaded, peak_memory()


SIDES = {
    "sklstm, one pickle": (save_pickle, load_pickle),
    "sklstm, one archive": (save_archive, load_archive),
    "sklstm, served": (save_served, load_served),
    "Keras, with scalers by joblib": (save_keras, load_keras),
}


def print_imports():
    """Time the statements in turns."""
    measured = interleave(seconds_to_run, [(statement,) for statement in (NOTHING, *STATEMENTS)], ROUNDS)
    best = {statement: min(measured[statement,]) - min(measured[NOTHING,]) for statement in STATEMENTS}
    ours = best["from sklstm import LSTMRegressor"]
    rows = [[statement, f"{best[statement]:.2f} s", f"{best[statement] / ours:.2g}"] for statement in STATEMENTS]
    for row in rows:
        row.append(loaded_by(row[0]))
    print_table(["statement", "time", "ratio", "loads of TensorFlow and Keras"], rows)


def print_loading():
    """Save each side's model by a process of its own, and load it in fresh ones, in turns."""
    with tempfile.TemporaryDirectory() as parent:
        folders = {side: Path(parent) / str(number) for number, side in enumerate(SIDES)}
        for side, folder in folders.items():
            folder.mkdir()
            in_fresh_process(__file__, "save", side, folder)
        sizes = {side: sum(file.stat().st_size for file in folder.iterdir()) for side, folder in folders.items()}
        cases = [("load", side, folder) for side, folder in folders.items()]
        measured = interleave(lambda *case: in_fresh_process(__file__, *case), cases, ROUNDS)
        speeds = {side: in_fresh_process(__file__, "stream", side, folders[side]) for side in STREAMS}
    best = {side: min(results, key=lambda result: sum(result[:3])) for (_, side, _), results in measured.items()}
    *ours, our_memory = best["sklstm, one pickle"]
    rows = []
    for side, (load, imports, predict, memory) in best.items():
        whole = load + imports + predict
        seconds = [f"{value:.2f} s" for value in (load, imports, predict, whole)]
        ratios = f"{whole / sum(ours):.2f}", f"{memory / 2**20:.0f} MB", f"{memory / our_memory:.2f}"
        rows.append([side, f"{sizes[side] / 1024:.0f} kB", *seconds, *ratios])
    header = ["from files to a forecast", "files", "load", "import keras", "predict", "in all", "ratio"]
    print_table([*header, "memory", "ratio"], rows)
    header = ["OnlinePredictor.update", "p50", "p99", "the network alone, p50", "p99"]
    print_table(header, [[side, *(f"{value:.3f} ms" for value in values)] for side, values in speeds.items()])


def stream(pipe):
    """Milliseconds of OnlinePredictor.update, p50 and p99, and of the network alone."""
    import numpy as np

    from sklstm import OnlinePredictor
    from sklstm.training import predict_outputs

    online, row = OnlinePredictor(pipe, warm=True), make_series()[0].to_numpy()[-1]
    windows = np.random.default_rng(0).normal(size=(1, N_STEPS, 3)).astype(np.float32)
    network = pipe[-1].network_
    calls = lambda: online.update(row), lambda: predict_outputs(network, windows.__getitem__, 1)
    percentiles = []
    for call in calls:
        times = []
        for _ in range(WARM_UP + CALLS):
            start = time.perf_counter()
            call()
            times.append(1e3 * (time.perf_counter() - start))
        percentiles += np.percentile(times[WARM_UP:], [50, 99]).tolist()
    return percentiles


def stream_keras(folder):
    """Stream with the pickle."""
    import pickle

    return stream(pickle.loads((folder / "pipeline.pkl").read_bytes()))


def stream_served(folder):
    """Stream with the graph."""
    import sklstm

    return stream(sklstm.load(folder / "pipeline.sklstm", runtime="onnx"))


STREAMS = {"sklstm, one pickle": stream_keras, "sklstm, served": stream_served}


def print_served(folder):
    """Load the file that is served in fresh processes of this environment, and print the best time, and its memory."""
    results = [in_fresh_process(__file__, "load", "sklstm, served", folder) for _ in range(ROUNDS)]
    load, _, predict, memory = min(results, key=lambda result: sum(result[:3]))
    seconds = [f"{value:.2f} s" for value in (load, predict, load + predict)]
    print_table(
        ["from a file to a forecast", "load", "predict", "in all", "memory"],
        [["sklstm, served", *seconds, f"{memory / 2**20:.0f} MB"]],
    )


def main():
    """Print all tables."""
    print_machine(*map(import_module, ("sklstm", "sklearn", "pandas", "keras", "tensorflow", "joblib")))
    print_imports()
    print_loading()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        save_served(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--served"]:
        print_served(Path(sys.argv[2]))
    elif len(sys.argv) > 1:
        what, side, folder = sys.argv[1:]
        save, load = SIDES[side]
        calls = {"save": save, "load": load, "stream": STREAMS.get(side)}
        print(json.dumps(calls[what](Path(folder))))
    else:
        main()
