"""Fits of the command line in threads: none of them outlives the search."""

import subprocess
import sys
import threading
from multiprocessing.dummy import DummyProcess
from textwrap import dedent

import joblib
import numpy as np
import pytest
from sizes import N_FEATURES, N_SAMPLES, N_TIMESTEPS, UNITS

from sklstm import LSTMRegressor
from sklstm.cli._threads import in_threads

X = np.random.default_rng(0).normal(size=(N_SAMPLES, N_TIMESTEPS, N_FEATURES))


def workers():
    """Threads of joblib that are alive."""
    return [thread for thread in threading.enumerate() if isinstance(thread, DummyProcess)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_no_fit_outlives_an_error(error):
    """After an error in one thread the fits in the others have ended, however long they were to take."""
    training = threading.Event()
    before = workers()

    class Endless(LSTMRegressor):
        def _train(self, *args):
            training.set()
            return super()._train(*args)

    def fail():
        training.wait()
        raise error("a fit failed")

    endless = Endless(UNITS, epochs=10**7, random_state=0)
    tasks = [joblib.delayed(endless.fit)(X, X[:, -1, 0]), joblib.delayed(fail)()]
    with pytest.raises(error, match=r"^a fit failed$"), in_threads():
        joblib.Parallel(n_jobs=2)(tasks)
    assert workers() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "status", "message"),
    [("ValueError", 2, "sklstm tune: a fit failed\n"), ("KeyboardInterrupt", 130, "\nstopped\n")],
)
def test_a_program_that_ends_amid_a_search(error, status, message, tmp_path):
    """The process ends by itself, with the status of the command, and all that it wrote."""
    code = f"""
        import sys

        import sklstm.cli._tune as tune
        from sklstm.cli import main

        def score(*_):
            raise {error}("a fit failed")

        tune.forecast_scorer = lambda *_: score
        sys.exit(main(["tune", "airline", "--epochs", "300", "--units", "2", "64", "--jobs", "3", "--time-steps", "6"]))
    """
    command = [sys.executable, "-c", dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stderr) == (status, message)
    assert done.stdout.endswith("candidates x 3 folds, 3 at a time\n")
