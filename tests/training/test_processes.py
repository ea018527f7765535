"""TensorFlow in the processes that joblib and Dask start, and in those that are forked."""

import inspect
import multiprocessing
import os
import pickle
import runpy
import subprocess
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sizes import UNITS

from sklstm import LSTMRegressor
from sklstm.training import free_threads, prepare_process
from sklstm.training._processes import share_cores


@pytest.fixture
def threads(monkeypatch):
    """The numbers of threads that TensorFlow is set to, by their kind."""
    import tensorflow as tf

    numbers = {}
    for kind in ("intra", "inter"):
        name = f"set_{kind}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, lambda number, kind=kind: numbers.update({kind: number}))
    return numbers


def worker(monkeypatch, name="LokyProcess-3", n_threads="2"):
    """Pretend to be a process of this name, in which joblib has set a number of threads."""
    monkeypatch.setattr(multiprocessing, "current_process", lambda: SimpleNamespace(name=name))
    if n_threads is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)


def test_a_worker_takes_its_share(monkeypatch, threads):
    """In a worker of joblib TensorFlow uses as many threads as joblib says."""
    worker(monkeypatch)
    share_cores()
    assert threads == {"intra": 2, "inter": 2}


def test_a_worker_of_dask_takes_its_share(monkeypatch, threads):
    """In a worker of Dask TensorFlow has threads for all tasks that run at a time."""
    distributed = pytest.importorskip("distributed")
    worker(monkeypatch, name="Dask Worker process (from Nanny)", n_threads="2")
    running = SimpleNamespace(state=SimpleNamespace(nthreads=3))
    monkeypatch.setattr(distributed, "get_worker", lambda: running)
    share_cores()
    assert threads == {"intra": 6, "inter": 6}


def test_a_worker_of_dask_that_has_not_begun(monkeypatch, threads):
    """Before the worker runs nothing is changed."""
    pytest.importorskip("distributed")
    worker(monkeypatch, name="Dask Worker process (from Nanny)")
    share_cores()
    assert threads == {}


@pytest.mark.parametrize(
    ("name", "n_threads"),
    [
        ("MainProcess", "2"),
        ("SpawnProcess-1", "2"),
        ("LokyProcess-1", None),
        ("LokyProcess-1", "many"),
        ("Dask Worker process", None),
    ],
)
def test_others_are_left_alone(name, n_threads, monkeypatch, threads):
    """In any other process, or without a number of threads, nothing is changed."""
    worker(monkeypatch, name, n_threads)
    share_cores()
    assert threads == {}


def test_too_late_for_a_share(monkeypatch, threads):
    """TensorFlow that has computed already, and takes no number any more, stays as it is."""
    import tensorflow as tf

    def refuse(number):
        raise RuntimeError("Intra op parallelism cannot be modified after initialization.")

    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", refuse)
    worker(monkeypatch)
    share_cores()
    assert threads == {}


def test_free_threads_of_a_task(monkeypatch):
    """A fit may take all cores; a task of joblib takes one thread, a worker of loky what it was given."""
    assert free_threads() == joblib.cpu_count()
    with joblib.parallel_config("threading"):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(free_threads)() for _ in range(2)) == [1, 1]
    worker(monkeypatch, name="LokyProcess-1", n_threads="3")
    assert free_threads() == 3
    worker(monkeypatch, name="LokyProcess-1", n_threads=None)
    assert free_threads() == 1
    worker(monkeypatch, name="Dask Worker process (from Nanny)", n_threads="2")
    assert free_threads() == 1


def test_a_forked_process_is_refused(monkeypatch):
    """A call in a copy of the process that computed first is refused, with what to use in its place."""
    prepare_process("LSTMRegressor.fit")
    prepare_process("LSTMRegressor.predict")
    forked = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: forked)
    assert refused(prepare_process, "LSTMRegressor.fit", error=RuntimeError) == snapshot(
        "LSTMRegressor.fit was called in a forked copy of a process in which a network had been computed. TensorFlow "
        "does not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of "
        "n_jobs), which do not fork, or begin processes by 'spawn'."
    )


def test_a_process_that_computes_first(monkeypatch):
    """A copy of a process that has computed nothing may compute; then the other one is refused."""
    # A copy of the module has computed nothing.
    fresh = runpy.run_path(inspect.getsourcefile(prepare_process))["prepare_process"]
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: 1)
        fresh("LSTMRegressor.fit")
        fresh("LSTMRegressor.predict")
    with pytest.raises(RuntimeError, match="forked copy"):
        fresh("LSTMRegressor.fit")


FORKING = """
import os, pickle, signal, sys

import numpy as np

model = pickle.load(open(sys.argv[1], "rb"))
if sys.argv[2] == "Keras":
    import keras

    keras.ops.ones(3)
elif sys.argv[2] == "model_":
    model.model_
child = os.fork()
if child == 0:
    signal.alarm(60)
    try:
        model.predict(np.zeros((3, 4, 1)))
        print("predicted", flush=True)
    except RuntimeError as error:
        print(str(error).partition(" in which")[0], flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("touched", ["Keras", "model_", "nothing"])
def test_a_fork_of_a_process_that_touched_tensorflow(tmp_path, touched):
    """A server that forks is refused where its parent had TensorFlow compute anything, and predicts elsewhere."""
    X = np.random.default_rng(0).normal(size=(20, 4, 1))
    model = LSTMRegressor(units=UNITS, epochs=1, random_state=0).fit(X, X[:, -1, 0])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    command = [sys.executable, "-W", "ignore", "-c", FORKING, tmp_path / "model.pkl", touched]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    refusal = "LSTMRegressor.predict was called in a forked copy of a process"
    assert told == ("predicted" if touched == "nothing" else refusal)
