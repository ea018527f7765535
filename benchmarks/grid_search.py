"""A grid search over time steps and units: sklstm in one stock Pipeline beside scikeras with framing by hand.

Both sides try 3 numbers of time steps x 2 sizes of an LSTM over TimeSeriesSplit(3), 20 epochs in batches of 32, and
refit the best: 18 fits and 1, of the same network (an LSTM, and a dense layer with one output; Adam, mean squared
error). The series has a season and noise, 600 rows of 2 features; the next value of the first is forecast, and scored
by R2.

- sklstm: stock GridSearchCV over SeriesScaler, LagFramer, SequencePadder, To3D and LSTMRegressor. Scaling and framing
  are part of each fit, every number of time steps is scored on the same rows, and what lies before the first row is
  masked.
- scikeras: a stock Pipeline cannot frame by hand, as rows would be lost to X and not to y. So it is what people write:
  MinMaxScaler on the whole table, once, which leaks from the test folds; windows by hand for each number of time steps,
  which lose the first rows; a GridSearchCV of KerasRegressor over the units for each, and one more fit of the best of
  all. It scales once and frames 3 times, where the other side does both in each of its 19 fits.
- Both with n_jobs=2 on joblib's loky backend, and sklstm on its threading backend too. scikeras is left out there: it
  seeds each fit through the generators of NumPy, Python and TensorFlow that all threads share.

Each side is a fresh process, as often as ROUNDS says, in turns; the fastest search counts. Imports are timed apart;
those of loky's workers are part of the search. Peak memory is what the process and each of its workers had resident at
most, added up.

Run it: python benchmarks/grid_search.py
It needs pip install ".[benchmarks]", and Linux, which knows the peak memory of a process.
"""

import json
import os
import sys
import time
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from _report import in_fresh_process, interleave, peak_memory, print_machine, print_table

N_ROWS, SEASON = 600, 24
N_STEPS, UNITS = [6, 12, 24], [16, 32]
FOLDS, EPOCHS, BATCH = 3, 20, 32
ROUNDS = 1


def make_series():
    """A season with noise, a feature that goes with it, and the next value as the target: X a table, y."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    time_steps = np.arange(N_ROWS + 1)
    season = np.sin(2 * np.pi * time_steps / SEASON)
    sales = 100 + 20 * season + rng.normal(scale=4, size=len(time_steps))
    warmth = 10 + 5 * np.roll(season, 3) + rng.normal(scale=1, size=len(time_steps))
    table = pd.DataFrame({"sales": sales, "warmth": warmth}, index=pd.RangeIndex(len(time_steps)))
    return table[:-1], sales[1:]


def search_sklstm(n_jobs, backend):
    """One search over the whole pipeline."""
    import joblib
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.pipeline import Pipeline

    from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D

    X, y = make_series()
    lstm = LSTMRegressor(epochs=EPOCHS, batch_size=BATCH, target_scaler="minmax", random_state=0)
    pipe = Pipeline(
        [
            ("scale", SeriesScaler("minmax")),
            ("frame", LagFramer(n_steps=12)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", lstm),
        ]
    )
    grid = {"frame__n_steps": N_STEPS, "lstm__units": UNITS}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(FOLDS), n_jobs=n_jobs)
    with joblib.parallel_config(backend):
        search.fit(X, y)
    n_fits = len(search.cv_results_["params"]) * search.n_splits_ + 1
    return n_fits, search.best_params_, search.best_score_


def build(meta, units):
    """The network, as scikeras is given it."""
    import keras

    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), keras.layers.LSTM(units), keras.layers.Dense(1)])


def search_scikeras(n_jobs, backend):
    """A search over the units for each number of time steps, with windows made by hand."""
    import joblib
    import numpy as np
    from scikeras.wrappers import KerasRegressor
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.preprocessing import MinMaxScaler

    X, y = make_series()
    X = MinMaxScaler().fit_transform(X).astype(np.float32)
    y = MinMaxScaler().fit_transform(y[:, None])[:, 0].astype(np.float32)
    n_fits, best, best_score = 0, None, -np.inf
    for n_steps in N_STEPS:
        windows = np.stack([X[end - n_steps : end] for end in range(n_steps, len(X) + 1)])
        targets = y[n_steps - 1 :]
        lstm = KerasRegressor(
            model=build,
            model__units=32,
            loss="mse",
            optimizer="adam",
            epochs=EPOCHS,
            batch_size=BATCH,
            verbose=0,
            random_state=0,
        )
        search = GridSearchCV(lstm, {"model__units": UNITS}, cv=TimeSeriesSplit(FOLDS), n_jobs=n_jobs, refit=False)
        with joblib.parallel_config(backend):
            search.fit(windows, targets)
        scores = search.cv_results_["mean_test_score"]
        n_fits += len(scores) * search.n_splits_
        if scores.max() > best_score:
            params = search.cv_results_["params"][scores.argmax()]
            best, best_score = (n_steps, params, lstm, windows, targets), scores.max()
    n_steps, params, lstm, windows, targets = best
    clone(lstm).set_params(**params).fit(windows, targets)
    return n_fits + 1, {"n_steps": n_steps} | params, best_score


SEARCHES = {"sklstm": search_sklstm, "scikeras": search_scikeras}
PACKAGES = {"sklstm": "sklstm.estimators", "scikeras": "scikeras.wrappers"}
# Whose search, n_jobs, joblib's backend, which makes no difference to one job.
SIDES = {
    "sklstm": ("sklstm", 1, "loky"),
    "sklstm, n_jobs=2, threading": ("sklstm", 2, "threading"),
    "sklstm, n_jobs=2, loky": ("sklstm", 2, "loky"),
    "scikeras": ("scikeras", 1, "loky"),
    "scikeras, n_jobs=2, loky": ("scikeras", 2, "loky"),
}


def measure(who, n_jobs, backend):
    """In a process of its own: seconds of the imports and of the search, its peak memory, and what it found."""
    import psutil

    start = time.perf_counter()
    for module in ("sklearn.model_selection", "pandas", "keras", PACKAGES[who]):
        import_module(module)
    imported = time.perf_counter()
    n_fits, params, score = SEARCHES[who](n_jobs, backend)
    searched = time.perf_counter()
    # loky's workers wait some minutes for more work: they are still there to be asked.
    workers = [worker.pid for worker in psutil.Process().children(recursive=True)]
    return {
        "import": imported - start,
        "search": searched - imported,
        "peak": sum(peak_memory(process) for process in ("self", *workers)),
        "fits": n_fits,
        "best": ", ".join(f"{name.split('__')[-1]} {value}" for name, value in params.items()),
        "score": score,
    }


def main():
    """Search with every side in turns, and print seconds, peaks and what was found."""
    modules = ("sklstm", "sklearn", "joblib", "pandas", "keras", "tensorflow", "scikeras")
    print_machine(*map(import_module, modules))
    measured = interleave(lambda *case: in_fresh_process(__file__, *case), list(SIDES.values()), ROUNDS)
    ours = min(result["search"] for result in measured[SIDES["sklstm"]])
    rows = []
    for name, case in SIDES.items():
        best = min(measured[case], key=lambda result: result["search"])
        row = [name, f"{best['search']:.1f} s", f"{best['search'] / ours:.1f}", f"{best['import']:.1f} s"]
        rows.append([*row, f"{best['peak'] / 2**20:.0f} MB", str(best["fits"]), best["best"], f"{best['score']:.3f}"])
    header = ["a grid search", "time", "ratio", "imports", "peak memory", "fits", "best", "its R2 over the folds"]
    print_table(header, rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        who, n_jobs, backend = sys.argv[1:]
        print(json.dumps(measure(who, int(n_jobs), backend)))
    else:
        main()
