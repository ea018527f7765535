"""What a fresh process waits for: importing sklstm, and loading what was fitted, beside Keras and TensorFlow.

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
- Keras: the network in a .keras file, and the scalers of X and of y by joblib. Importing Keras imports scikit-learn,
  where that is installed; then the window is scaled, predicted by model.predict, and scaled back.

Every process is fresh, seven times over, in turns; the best counts. By then all files are in the system's cache. Memory
is the most that a process has had at once. Ratios are to the pickle.

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

from _report import in_fresh_process, interleave, print_machine, print_table

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


def fit_pipeline():
    """Fit a Pipeline."""
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
    """Fit a Pipeline, and pickle it."""
    import pickle

    (folder / "pipeline.pkl").write_bytes(pickle.dumps(fit_pipeline()))


def save_archive(folder):
    """Fit a Pipeline, and save it as an archive."""
    import sklstm

    sklstm.save(fit_pipeline(), folder / "pipeline.sklstm")


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
    """In a process of its own: seconds of loading, of importing Keras, and of the rest of the first prediction."""

    def load():
        import pickle

        return pickle.loads((folder / "pipeline.pkl").read_bytes())

    return load_and_predict(load)


def load_archive(folder):
    """As `load_pickle`."""

    def load():
        import sklstm

        return sklstm.load(folder / "pipeline.sklstm")

    return load_and_predict(load)


def load_and_predict(load):
    """Seconds of loading, of importing Keras, and of the rest of the first prediction."""
    rows = make_series()[0][-N_STEPS:]
    start = time.perf_counter()
    pipe = load()
    loaded = time.perf_counter()
    import keras  # noqa: F401

    imported = time.perf_counter()
    pipe.predict(rows)[-1]
    return loaded - start, imported - loaded, time.perf_counter() - imported


def load_keras(folder):
    """In a process of its own: seconds of loading, of importing Keras, and of the first prediction."""
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
    return loaded - imported, imported - start, time.perf_counter() - loaded


def peak_memory():
    """The most memory that this process has had, in MB."""
    import resource

    # Linux counts in kilobytes, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


SIDES = {
    "sklstm, one pickle": (save_pickle, load_pickle),
    "sklstm, one archive": (save_archive, load_archive),
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
    best = {side: min((times for times, _ in results), key=sum) for (_, side, _), results in measured.items()}
    memory = {side: min(peak for _, peak in results) for (_, side, _), results in measured.items()}
    pickled = "sklstm, one pickle"
    rows = []
    for side, times in best.items():
        seconds = [f"{value:.2f} s" for value in (*times, sum(times))]
        ratios = f"{sum(times) / sum(best[pickled]):.2f}", f"{memory[side] / memory[pickled]:.2f}"
        rows.append([side, f"{sizes[side] / 1024:.0f} kB", *seconds, ratios[0], f"{memory[side]:.0f} MB", ratios[1]])
    columns = ["files", "load", "import keras", "predict", "in all", "ratio", "memory", "ratio"]
    print_table(["from files to a forecast", *columns], rows)


def main():
    """Print both tables."""
    print_machine(*map(import_module, ("sklstm", "sklearn", "pandas", "keras", "tensorflow", "joblib")))
    print_imports()
    print_loading()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        what, side, folder = sys.argv[1:]
        save, load = SIDES[side]
        print(json.dumps((load(Path(folder)), peak_memory()) if what == "load" else save(Path(folder))))
    else:
        main()
