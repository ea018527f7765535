"""The same stock search in one process, in threads, in processes, on a Dask cluster and with Optuna."""

import os
import signal

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sizes import N_TIMESTEPS, UNITS
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sklstm import SeriesForecaster

# All candidates have the same network, so that they share compiled programs.
GRID = {"frame__n_steps": [4, 6, 8], "scale__method": ["minmax", "standard"]}
CV, SCORING = TimeSeriesSplit(2), "neg_root_mean_squared_error"


def search(pipeline, airline, scoring=SCORING, n_jobs=None):
    # A linear path has a weight for each time step, and so a program for each look-back.
    pipeline = clone(pipeline).set_params(lstm__window_scaler=None, lstm__linear_skip=False)
    return GridSearchCV(pipeline, GRID, cv=CV, scoring=scoring, n_jobs=n_jobs).fit(*airline)


def scores(searched):
    """Scores of each candidate on each fold."""
    return np.stack([searched.cv_results_[f"split{fold}_test_score"] for fold in range(2)])


@pytest.fixture(scope="module")
def alone(pipeline, airline):
    """Search in this process."""
    return search(pipeline, airline)


@pytest.fixture(scope="module")
def dask():
    """Client of two workers; each is a process with one thread."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**workers) as cluster, distributed.Client(cluster) as client:
        yield client


def assert_same(searched, alone, airline):
    """Assert that two searches have the same scores, best parameters and predictions."""
    assert_array_equal(scores(searched), scores(alone))
    assert searched.best_params_ == alone.best_params_
    assert_array_equal(searched.predict(airline[0]), alone.predict(airline[0]))


def threads():
    """Number of threads that TensorFlow may use within one operation, and for several operations."""
    import tensorflow as tf

    return [
        tf.config.threading.get_intra_op_parallelism_threads(),
        tf.config.threading.get_inter_op_parallelism_threads(),
    ]


# --- joblib ---------------------------------------------------------------------------------------


def test_two_threads(alone, pipeline, airline):
    """A search in two threads gives the results of one job."""
    with joblib.parallel_config("threading"):
        assert_same(search(pipeline, airline, n_jobs=2), alone, airline)


# Both tests use the same two processes.
in_processes = {"backend": "loky", "n_jobs": 2, "inner_max_num_threads": 1}


@pytest.mark.slow
def test_two_processes(alone, pipeline, airline):
    """A search in two processes gives the results of one job."""
    with joblib.parallel_config(**in_processes):
        assert_same(search(pipeline, airline), alone, airline)


def threads_of_a_fit(model, X, y):
    """Fit, and return the id of the process and its numbers of threads, by joblib and by TensorFlow."""
    model.fit(X, y)
    return os.getpid(), os.environ["OMP_NUM_THREADS"], threads()


@pytest.mark.slow
def test_threads_of_processes(pipeline, airline):
    """A process uses as many threads as joblib gives it."""
    with joblib.parallel_config(**in_processes):
        fits = joblib.Parallel()(joblib.delayed(threads_of_a_fit)(clone(pipeline), *airline) for _ in range(2))
    for process, by_joblib, by_tensorflow in fits:
        assert process != os.getpid()
        assert by_joblib == "1"
        assert by_tensorflow == [1, 1]


# --- Dask -----------------------------------------------------------------------------------------


def compiled():
    """Keys and identities of the compiled programs of this process."""
    from compiled_programs import compiled_programs

    return sorted((str(key), id(program)) for key, program in compiled_programs().items())


@pytest.mark.slow
def test_workers_of_dask(dask, alone, pipeline, airline):
    """Dask gives the results of one process; each worker uses one core and keeps its compiled programs."""
    known = []
    for _ in range(2):
        with joblib.parallel_config("dask"):
            assert_same(search(pipeline, airline), alone, airline)
        known.append(dask.run(compiled))
    first, second = known
    worked = [worker for worker in first if first[worker]]
    assert worked
    for worker in worked:
        # One program to train and one to predict, for six candidates on two folds.
        assert len(first[worker]) == 2
        assert second[worker] == first[worker]
        assert dask.run(threads, workers=[worker]) == {worker: [1, 1]}


class KillOnce:
    """Scorer that kills its process once, as an out-of-memory killer would."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, estimator, X, y):
        scored = len(list(self.folder.iterdir()))
        try:
            (self.folder / str(scored)).touch(exist_ok=False)
            if scored == 4:
                os.kill(os.getpid(), signal.SIGKILL)
        except FileExistsError:
            # Another worker wrote the file first.
            pass
        return -root_mean_squared_error(y, estimator.predict(X))


@pytest.mark.slow
def test_killed_worker_of_dask(dask, alone, pipeline, airline, tmp_path):
    """Dask repeats the fits of a killed worker on another one, and the search gives the same results."""
    X, y = airline
    # Each worker gets the data, because data on one worker would be lost with it.
    with joblib.parallel_config("dask", scatter=[X, y]):
        searched = search(pipeline, airline, scoring=KillOnce(tmp_path))
    assert len(list(tmp_path.iterdir())) > 4
    assert_same(searched, alone, airline)


@pytest.mark.slow
def test_forecasts_of_partitions(dask):
    """Partitions of whole series, each forecast in one of two processes: the values are those of one process."""
    dd = pytest.importorskip("dask.dataframe", reason="needs the extra dask")
    days = pd.date_range("2026-01-01", periods=40)
    levels = np.arange(1.0, 13) * 10
    sales = np.concatenate([level * (1 + 0.2 * np.sin(np.arange(40))) for level in levels])
    stores = [f"store {k:02d}" for k in range(12)]
    table = pd.DataFrame({"store": np.repeat(stores, 40), "day": np.tile(days, 12), "sales": sales})
    forecaster = SeriesForecaster(
        horizon=3, group="store", time="day", target="sales", n_steps=N_TIMESTEPS, units=UNITS, epochs=1, random_state=0
    ).fit(table)

    def forecast(rows):
        return forecaster.forecast(series=rows.reset_index()).assign(process=os.getpid())

    partitioned = dd.from_pandas(table.set_index("store"), npartitions=4)
    found = partitioned.map_partitions(forecast, meta=forecast(table.set_index("store"))).compute()
    expected = forecaster.forecast()
    assert_array_equal(found[["store", "day"]], expected[["store", "day"]])
    np.testing.assert_allclose(found["sales"], expected["sales"], rtol=1e-5)
    assert os.getpid() not in set(found["process"])


# --- Optuna ---------------------------------------------------------------------------------------

# OptunaSearchCV is experimental, and uses a deprecated part of Optuna.
ignore_optuna_warnings = pytest.mark.filterwarnings(
    "ignore:OptunaSearchCV is experimental", "ignore:`optuna.terminator` module has been deprecated:FutureWarning"
)


@ignore_optuna_warnings
def test_optuna_search(pipeline, airline):
    """OptunaSearchCV tunes the stock pipeline, refits the best candidate, and is reproducible."""
    pytest.importorskip("optuna_integration", reason="needs the extra optuna")
    from optuna.distributions import CategoricalDistribution, IntDistribution
    from optuna_integration import OptunaSearchCV

    X, y = airline
    space = {"frame__n_steps": IntDistribution(4, 8), "scale__method": CategoricalDistribution(["minmax", "standard"])}
    found = [
        OptunaSearchCV(clone(pipeline), space, cv=CV, scoring=SCORING, n_trials=3, random_state=0).fit(X, y)
        for _ in range(2)
    ]
    first, second = found
    assert len(first.trials_) == 3
    assert first.best_params_ == second.best_params_
    expected = clone(pipeline).set_params(**first.best_params_)
    assert first.best_score_ == cross_val_score(expected, X, y, cv=CV, scoring=SCORING).mean()
    assert_array_equal(first.predict(X), expected.fit(X, y).predict(X))


def test_optuna_study(pipeline, airline):
    """An Optuna study optimises cross_val_score of the stock pipeline."""
    optuna = pytest.importorskip("optuna", reason="needs the extra optuna")

    def objective(trial):
        candidate = clone(pipeline).set_params(
            frame__n_steps=trial.suggest_int("frame__n_steps", 4, 8),
            lstm__learning_rate=trial.suggest_float("lstm__learning_rate", 1e-3, 1e-1, log=True),
        )
        return cross_val_score(candidate, *airline, cv=CV, scoring=SCORING).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=3)
    assert study.best_value == max(trial.value for trial in study.trials)
    assert clone(pipeline).set_params(**study.best_params).fit(*airline).predict(airline[0]).shape == airline[1].shape
