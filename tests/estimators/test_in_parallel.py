"""Several fits at a time: in threads, in joblib's processes, and never in a forked copy of a process."""

import os
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, perceptron
from conftest import run_fresh
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor
from sklstm.training import clear_programs
from sklstm.training._programs import programs

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")


@pytest.fixture(autouse=True)
def long_from_500_on(monkeypatch):
    """Let long fits begin where a test need not wait for them."""
    monkeypatch.setattr("sklstm.training._paths.LONG", 500)


# --- threads --------------------------------------------------------------------------------------


def test_a_search_in_threads(pipeline, airline):
    """Two jobs in threads give the scores of one, bit for bit, by the same programs."""
    model = clone(pipeline).set_params(lstm__batch_size=4, lstm__epochs=14, lstm__dropout=0.2)
    grid = {"frame__n_steps": [4, 8], "scale__method": ["minmax", "standard"]}
    searches, known = [], []
    for n_jobs in (None, 2):
        clear_programs()
        with joblib.parallel_config("threading"):
            search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), n_jobs=n_jobs).fit(*airline)
        assert search.best_estimator_[-1].training_path_ == "xla"
        searches.append(search)
        known.append(set(programs._known))
    alone, together = searches
    for name in ("split0_test_score", "split1_test_score", "mean_test_score"):
        assert_array_equal(together.cv_results_[name], alone.cv_results_[name])
    assert_array_equal(together.predict(airline[0]), alone.predict(airline[0]))
    assert known[0] == known[1] != set()


@pytest.mark.parametrize(
    ("path", "model", "target"),
    [
        ("xla", LSTMRegressor(units=2, epochs=20, dropout=0.2, validation_fraction=0.2), y),
        ("graph", LSTMClassifier(units=2, epochs=2, dropout=0.2), SIDES),
        ("graph", KerasRegressor(perceptron, epochs=2, validation_split=0.2), y),
        ("xla", KerasClassifier(perceptron, epochs=20), SIDES),
        ("keras", KerasRegressor(perceptron, optimizer="nadam"), y),
    ],
)
def test_fits_in_threads(path, model, target):
    """Four estimators that are fitted and predict at the same time do what they do one after the other."""
    clear_programs()

    def fit(seed):
        fitted = clone(model).set_params(batch_size=4, random_state=seed).fit(X, target)
        return fitted.training_path_, fitted.history_, getattr(fitted, "predict_proba", fitted.predict)(X)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    # One program for all, and none where Keras' own fit trains.
    assert sum(key[0] == "learn" for key in programs._known) == (path != "keras")
    alone = list(map(fit, range(4)))
    for (*fitted, predicted), (*expected, expected_outputs) in zip(together, alone, strict=True):
        assert fitted == expected
        assert fitted[0] == path
        assert_array_equal(predicted, expected_outputs)
    assert not np.array_equal(alone[0][-1], alone[1][-1])


def test_predictions_in_threads():
    """One fitted estimator predicts in several threads at once, few samples and many."""
    model = LSTMRegressor(units=2, epochs=1, random_state=0).fit(X, y)
    whole = model.predict(X)

    def predict(first):
        return [model.predict(X[first : first + 1])[0] for _ in range(60)]

    with ThreadPoolExecutor(4) as pool:
        predicted = list(pool.map(predict, range(4)))
    assert_allclose(predicted, np.repeat(whole[:4, None], 60, axis=1), rtol=1e-5)
    assert_array_equal(model.predict(X), whole)


# --- processes ------------------------------------------------------------------------------------


def threads_of_a_fit(seed):
    """Fit in a process of joblib's: its id, threads that joblib and TensorFlow give it, and what it predicts."""
    import tensorflow as tf

    model = LSTMRegressor(units=2, epochs=1, random_state=seed).fit(X, y)
    counts = tf.config.threading.get_intra_op_parallelism_threads, tf.config.threading.get_inter_op_parallelism_threads
    return os.getpid(), os.environ["OMP_NUM_THREADS"], [count() for count in counts], model.predict(X)


def test_processes_of_joblib():
    """Processes share the cores as joblib says, and a search in them ends with the scores of one without."""
    grid = {"units": [2, 3]}
    model = LSTMRegressor(epochs=1, random_state=0)
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        fits = joblib.Parallel()(joblib.delayed(threads_of_a_fit)(seed) for seed in (0, 1))
        together = GridSearchCV(model, grid, cv=2).fit(X, y)
    for seed, (process, by_joblib, by_tensorflow, predicted) in enumerate(fits):
        assert process != os.getpid()
        assert by_joblib == "1"
        assert by_tensorflow == [1, 1]
        assert_allclose(predicted, LSTMRegressor(units=2, epochs=1, random_state=seed).fit(X, y).predict(X), rtol=1e-5)
    alone = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert_allclose(together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], rtol=1e-5)


def test_forked_processes():
    """In a forked copy of a process that has fitted, fit and predict are refused at once, and never hang."""
    said = run_fresh(f"""
        import multiprocessing
        import numpy as np
        from sklstm import LSTMRegressor

        X, y = np.array({TABLE[:8, :, None].tolist()}), np.arange(8.0)
        model = LSTMRegressor(units=1, epochs=1, random_state=0)

        def fits_and_predicts():
            for call, args in ((model.fit, (X, y)), (model.partial_fit, (X, y)), (model.predict, (X,))):
                try:
                    call(*args)
                except RuntimeError as error:
                    print(error, flush=True)

        model.fit(X, y)
        child = multiprocessing.get_context("fork").Process(target=fits_and_predicts)
        child.start()
        child.join(60)
        child.kill()
        child.join()
        print(child.exitcode)
        print(model.predict(X).shape)
    """).splitlines()
    assert said == [
        *(
            f"LSTMRegressor.{method} was called in a forked copy of a process in which a network had been computed. "
            "TensorFlow does not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' "
            "(the default of n_jobs), which do not fork, or begin processes by 'spawn'."
            for method in ("fit", "fit", "predict")
        ),
        "0",
        "(8,)",
    ]
