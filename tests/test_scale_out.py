"""The same stock search in one process, in threads, in processes, on a Dask cluster, and by Optuna."""

import os
import signal

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

# Candidates of one network: they share what is compiled, in whichever worker they are fitted.
GRID = {"frame__n_steps": [4, 6, 8], "scale__method": ["minmax", "standard"]}
CV, SCORING = TimeSeriesSplit(2), "neg_root_mean_squared_error"


def search(pipeline, airline, scoring=SCORING, n_jobs=None):
    return GridSearchCV(pipeline, GRID, cv=CV, scoring=scoring, n_jobs=n_jobs).fit(*airline)


def scores(searched):
    """Of each candidate on each fold."""
    return np.stack([searched.cv_results_[f"split{fold}_test_score"] for fold in range(2)])


@pytest.fixture(scope="module")
def alone(pipeline, airline):
    """The search in this process."""
    return search(pipeline, airline)


@pytest.fixture(scope="module")
def dask():
    """A client of two workers, each a process of its own with one thread."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**workers) as cluster, distributed.Client(cluster) as client:
        yield client


def assert_same(searched, alone, airline):
    """Both searches have the same scores and the same winner, bit for bit."""
    assert_array_equal(scores(searched), scores(alone))
    assert searched.best_params_ == alone.best_params_
    assert_array_equal(searched.predict(airline[0]), alone.predict(airline[0]))


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_two_jobs_of_joblib(backend, alone, pipeline, airline):
    """Two threads and two processes find what one finds."""
    with joblib.parallel_config(backend):
        assert_same(search(pipeline, airline, n_jobs=2), alone, airline)


# --- Dask -----------------------------------------------------------------------------------------


def compiled():
    """Programs of this process: their keys, and which objects they are."""
    from sklstm.training._programs import programs

    return sorted((str(key), id(program)) for key, program in programs._known.items())


def threads():
    """How many threads TensorFlow may use for one operation, and for several."""
    import tensorflow as tf

    return [
        tf.config.threading.get_intra_op_parallelism_threads(),
        tf.config.threading.get_inter_op_parallelism_threads(),
    ]


def test_workers_of_dask(dask, alone, pipeline, airline):
    """Dask finds what one process finds; its workers keep to one core each, and keep what they compiled before."""
    known = []
    for _ in range(2):
        with joblib.parallel_config("dask"):
            assert_same(search(pipeline, airline), alone, airline)
        known.append(dask.run(compiled))
    first, second = known
    worked = [worker for worker in first if first[worker]]
    assert worked
    for worker in worked:
        # One to learn and one to predict, for six candidates on two folds.
        assert len(first[worker]) == 2
        assert second[worker] == first[worker]
        assert dask.run(threads, workers=[worker]) == {worker: [1, 1]}


class KillOnce:
    """A scorer that once kills the process in which it is called, as running out of memory would."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, estimator, X, y):
        scored = len(list(self.folder.iterdir()))
        try:
            (self.folder / str(scored)).touch(exist_ok=False)
            if scored == 4:
                os.kill(os.getpid(), signal.SIGKILL)
        except FileExistsError:
            # Another worker was faster.
            pass
        return -root_mean_squared_error(y, estimator.predict(X))


def test_a_worker_of_dask_is_killed(dask, alone, pipeline, airline, tmp_path):
    """Dask computes elsewhere what a killed worker had not delivered, and the search ends as any other."""
    X, y = airline
    # Every worker has the data: what only one of them holds dies with it.
    with joblib.parallel_config("dask", scatter=[X, y]):
        searched = search(pipeline, airline, scoring=KillOnce(tmp_path))
    assert len(list(tmp_path.iterdir())) > 4
    assert_same(searched, alone, airline)


# --- Optuna ---------------------------------------------------------------------------------------

# OptunaSearchCV calls itself experimental, and uses a part of Optuna that Optuna means to drop.
of_optuna = pytest.mark.filterwarnings(
    "ignore:OptunaSearchCV is experimental", "ignore:`optuna.terminator` module has been deprecated:FutureWarning"
)


@of_optuna
def test_optuna_search(pipeline, airline):
    """OptunaSearchCV draws time steps and scaling for the stock pipeline, refits the best, and repeats itself."""
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
    """A study of Optuna's own takes cross_val_score for its objective."""
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
