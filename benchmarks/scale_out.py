"""One search on the engines that scikit-learn users have: one process, threads, processes, a Dask cluster, and Optuna.

Each searches 6 candidates over TimeSeriesSplit(3), 20 epochs in batches of 32, and refits the best: the pipeline, the
grid and the series of benchmarks/grid_search.py. joblib and Dask take the stock GridSearchCV as it is; Optuna draws as
many trials from the same candidates by its TPE sampler, and so may try one twice and another never.

Each engine is a process of its own, with its workers started and nothing yet imported in them. It searches twice: what
the first search imports and compiles, the second finds in the same workers. What was chosen tells that all engines but
Optuna's found the same.

Run it: python benchmarks/scale_out.py
It needs pip install ".[benchmarks]".
"""

import json
import os
import sys
import time
import warnings
from contextlib import ExitStack
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from _report import in_fresh_process, print_machine, print_table
from grid_search import BATCH, EPOCHS, FOLDS, N_STEPS, UNITS, make_series

ENGINES = ["one process", "threading, 2", "loky, 2", "Dask, 2 workers", "Optuna, one process"]


def make_pipeline():
    """The headline pipeline."""
    from sklearn.pipeline import Pipeline

    from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D

    return Pipeline(
        [
            ("scale", SeriesScaler("minmax")),
            ("frame", LagFramer(n_steps=12)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", LSTMRegressor(epochs=EPOCHS, batch_size=BATCH, target_scaler="minmax", random_state=0)),
        ]
    )


def make_search(engine):
    """A search that was not fitted."""
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

    cv = TimeSeriesSplit(FOLDS)
    if engine.startswith("Optuna"):
        import optuna
        from optuna_integration import OptunaSearchCV

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        space = {
            "frame__n_steps": optuna.distributions.CategoricalDistribution(N_STEPS),
            "lstm__units": optuna.distributions.CategoricalDistribution(UNITS),
        }
        n_trials = len(N_STEPS) * len(UNITS)
        return OptunaSearchCV(make_pipeline(), space, cv=cv, n_trials=n_trials, random_state=0)
    return GridSearchCV(make_pipeline(), {"frame__n_steps": N_STEPS, "lstm__units": UNITS}, cv=cv)


def start(engine, stack):
    """Let joblib compute on an engine until the stack is closed."""
    import joblib

    if engine.startswith("Dask"):
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
        stack.enter_context(cluster)
        stack.enter_context(Client(cluster))
        stack.enter_context(joblib.parallel_config("dask"))
    elif engine.endswith(", 2"):
        stack.enter_context(joblib.parallel_config(engine.split(",")[0], n_jobs=2))


def measure(engine):
    """Seconds of a first and of a second search, and what the second found."""
    # OptunaSearchCV calls itself experimental, and uses a part of Optuna that Optuna means to drop.
    warnings.simplefilter("ignore")
    X, y = make_series()
    seconds = []
    with ExitStack() as stack:
        start(engine, stack)
        for _ in range(2):
            begun = time.perf_counter()
            search = make_search(engine).fit(X, y)
            seconds.append(time.perf_counter() - begun)
    best = ", ".join(f"{name.split('__')[-1]} {value}" for name, value in sorted(search.best_params_.items()))
    return {"seconds": seconds, "best": best, "score": search.best_score_}


def main():
    """Search twice on every engine, and print seconds and what was found."""
    modules = ("sklstm", "sklearn", "joblib", "distributed", "optuna", "keras", "tensorflow")
    print_machine(*map(import_module, modules))
    measured = {engine: in_fresh_process(__file__, engine) for engine in ENGINES}
    ours = measured[ENGINES[0]]["seconds"]
    rows = []
    for engine, result in measured.items():
        times = [f"{took:.1f} s ({took / alone:.1f})" for took, alone in zip(result["seconds"], ours, strict=True)]
        rows.append([engine, *times, result["best"], f"{result['score']:.3f}"])
    header = ["the same search (times that of one process)", "first", "second", "best", "its R2 over the folds"]
    print_table(header, rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
