"""Parallel fits: in threads, and not in forked processes."""

import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, is_same, perceptron
from compiled_programs import compiled_programs
from conftest import run_fresh
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import KerasClassifier, KerasRegressor, LSTMAutoencoder, LSTMClassifier, LSTMRegressor

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")


# --- threads --------------------------------------------------------------------------------------


def test_search_in_threads(pipeline, airline):
    """Two jobs in threads give the same bits as one job, with the same compiled programs."""
    model = clone(pipeline).set_params(lstm__batch_size=4, lstm__epochs=17, lstm__dropout=0.2)
    grid = {"frame__n_steps": [4, 8], "scale__method": ["minmax", "standard"]}
    searches, programs = [], []
    for n_jobs in (None, 2):
        with joblib.parallel_config("threading"):
            search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), n_jobs=n_jobs).fit(*airline)
        assert search.best_estimator_[-1].training_path_ == "xla"
        searches.append(search)
        programs.append(set(compiled_programs()))
    alone, together = searches
    for name in ("split0_test_score", "split1_test_score", "mean_test_score"):
        assert_array_equal(together.cv_results_[name], alone.cv_results_[name])
    assert_array_equal(together.predict(airline[0]), alone.predict(airline[0]))
    assert programs[1] <= programs[0]


@pytest.mark.parametrize(
    ("path", "model", "target"),
    [
        # No other test has these networks, so that the threads compile them.
        ("xla", LSTMRegressor(units=UNITS, epochs=20, dropout=0.25, validation=0.2), y),
        ("graph", LSTMClassifier(units=UNITS, epochs=EPOCHS, dropout=0.25), SIDES),
        ("graph", KerasRegressor(perceptron, model__units=7, epochs=EPOCHS, validation_split=0.2), y),
        ("xla", KerasClassifier(perceptron, model__units=7, epochs=20), SIDES),
        ("keras", KerasRegressor(perceptron, optimizer="nadam"), y),
    ],
)
def test_fits_in_threads(path, model, target):
    """Estimators in two threads fit and predict the same bits as one after the other."""
    before = set(compiled_programs("learn"))

    def fit(seed):
        fitted = clone(model).set_params(batch_size=4, random_state=seed).fit(X, target)
        return fitted.training_path_, fitted.history_, getattr(fitted, "predict_proba", fitted.predict)(X)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit, range(2)))
    # The fits share one program; Keras' own fit has none.
    assert len(set(compiled_programs("learn")) - before) == (path != "keras")
    alone = list(map(fit, range(2)))
    for (*fitted, predicted), (*expected, expected_outputs) in zip(together, alone, strict=True):
        assert fitted == expected
        assert fitted[0] == path
        assert_array_equal(predicted, expected_outputs)
    assert not np.array_equal(alone[0][-1], alone[1][-1])


@pytest.mark.parametrize(
    "model",
    [
        LSTMRegressor(UNITS, architecture="bidirectional", dropout=0.2, epochs=EPOCHS, random_state=0),
        LSTMClassifier(UNITS, stateful=True, batch_size=4, epochs=EPOCHS, random_state=0),
        LSTMAutoencoder(UNITS, latent_dim=2, epochs=EPOCHS, random_state=0),
    ],
)
def test_draws_in_other_threads(model):
    """A thread that draws from Python's and NumPy's generators meanwhile gets the numbers of its seeds; so does a fit."""
    target = SIDES if isinstance(model, LSTMClassifier) else y
    expected = clone(model).fit(X, target).network_.weights
    python, numpy, done, drawn = random.getstate(), np.random.get_state(), threading.Event(), []

    def draw():
        return random.randint(1, 10**9), np.random.randint(10**9)

    def draw_until_done():
        while not done.wait(1e-4):
            drawn.append(draw())

    try:
        random.seed(5)
        np.random.seed(5)
        other = threading.Thread(target=draw_until_done, daemon=True)
        other.start()
        fitted = clone(model).fit(X, target)
        assert pickle.loads(pickle.dumps(fitted)).model_.built
        done.set()
        other.join()
        random.seed(5)
        np.random.seed(5)
        assert drawn == [draw() for _ in drawn]
    finally:
        done.set()
        random.setstate(python)
        np.random.set_state(numpy)
    assert len(drawn) > 20
    assert is_same(fitted.network_.weights, expected)


def test_predictions_in_threads():
    """One fitted estimator predicts in several threads at once, single samples and many."""
    model = LSTMRegressor(units=UNITS, epochs=1, random_state=0).fit(X, y)
    whole = model.predict(X)

    def predict(first):
        return [model.predict(X[first : first + 1])[0] for _ in range(60)]

    with ThreadPoolExecutor(4) as pool:
        predicted = list(pool.map(predict, range(4)))
    assert_allclose(predicted, np.repeat(whole[:4, None], 60, axis=1), rtol=1e-5)
    assert_array_equal(model.predict(X), whole)


# --- forked processes ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_forked_processes():
    """In a fork of a process that has fitted, fit and predict raise an error at once instead of hanging."""
    printed = run_fresh(f"""
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
    assert printed == snapshot(
        [
            "LSTMRegressor.fit was called in a forked copy of a process in which a network had been computed. TensorFlow does not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of n_jobs), which do not fork, or begin processes by 'spawn'.",
            "LSTMRegressor.fit was called in a forked copy of a process in which a network had been computed. TensorFlow does not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of n_jobs), which do not fork, or begin processes by 'spawn'.",
            "LSTMRegressor.predict was called in a forked copy of a process in which a network had been computed. TensorFlow does not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of n_jobs), which do not fork, or begin processes by 'spawn'.",
            "0",
            "(8,)",
        ]
    )
