"""What a fitted estimator is, and what fitting leaves behind: the same for all four."""

import os
import pickle
import random
from copy import deepcopy
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_fresh
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from tensorflow.python.framework.config import is_op_determinism_enabled

from sklstm import KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor
from sklstm.networks import stacked, vanilla

X = np.random.default_rng(0).normal(size=(60, 5, 2))
Y = 10 * X[:, -1, 0] + 3
LABELS = np.where(Y > 3, "high", "low")
SMALL = {"epochs": 2, "random_state": 0}
ESTIMATORS = {
    "LSTMRegressor": LSTMRegressor(4, dropout=0.2, recurrent_dropout=0.2, **SMALL),
    "LSTMClassifier": LSTMClassifier(4, dropout=0.2, recurrent_dropout=0.2, **SMALL),
    "KerasRegressor": KerasRegressor(vanilla, model__units=4, model__dropout=0.2, target_scaler="minmax", **SMALL),
    "KerasClassifier": KerasClassifier(stacked, model__units=3, model__dropout=0.2, **SMALL),
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return clone(ESTIMATORS[request.param])


def target(estimator):
    return LABELS if hasattr(estimator, "class_weight") else Y


def outputs(estimator):
    return estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)


def test_the_same_seed_gives_the_same_bits(estimator):
    """Weights, shuffling and dropout follow from random_state alone."""
    one = outputs(estimator.fit(X, target(estimator)))
    assert_array_equal(outputs(clone(estimator).fit(X, target(estimator))), one)
    other = clone(estimator).set_params(random_state=1)
    assert not np.array_equal(outputs(other.fit(X, target(estimator))), one)


def test_the_same_seed_gives_the_same_bits_in_another_process():
    """A fresh process fits the same weights, bit by bit."""
    code = """
        import numpy as np
        from sklstm import LSTMRegressor
        X = np.random.default_rng(0).normal(size=(60, 5, 2))
        model = LSTMRegressor(4, dropout=0.2, recurrent_dropout=0.2, epochs=2, random_state=0)
        print(model.fit(X, 10 * X[:, -1, 0] + 3).predict(X[:3]).tobytes().hex())
    """
    expected = clone(ESTIMATORS["LSTMRegressor"]).fit(X, Y).predict(X[:3]).tobytes().hex()
    assert run_fresh(code).strip() == expected


def test_fitting_changes_nothing_global(estimator):
    """Seeds of Python, NumPy and TensorFlow, its determinism, and the environment are as they were."""

    def world():
        numpy = np.random.get_state()
        return (
            random.getstate(),
            *(numpy[1].tobytes(), numpy[2:]),
            tf.random.get_global_generator().state.numpy().tobytes(),
            is_op_determinism_enabled(),
            keras.config.floatx(),
            dict(os.environ),
        )

    before = world()
    outputs(estimator.fit(X, target(estimator)))
    assert world() == before


def test_a_hundred_fits_keep_little_memory():
    """A hundred fits of one shape keep less than 50 MB after the first ten."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("only Linux says how much memory a process holds")

    def megabytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    for k in range(110):
        if k == 10:
            before = megabytes()
        LSTMRegressor(4, epochs=1, random_state=k).fit(X, Y).predict(X)
    assert megabytes() - before < 50


def test_a_pickle_is_small_and_predicts_the_same_bits(estimator):
    """Weights, the optimizer's state and a few kilobytes; the predictions are the same."""
    expected = outputs(estimator.fit(X, target(estimator)))
    estimator.model_  # noqa: B018 - a model that was built is not pickled
    pickled = pickle.dumps(estimator)
    numbers = [*estimator.network_.weights, *estimator._optimizer_state]
    assert len(pickled) < sum(np.asarray(number).nbytes for number in numbers) + 12_000
    assert_array_equal(outputs(pickle.loads(pickled)), expected)
    assert_array_equal(outputs(deepcopy(estimator)), expected)


def test_pickles_load_in_a_fresh_process_without_keras(tmp_path):
    """Loading builds no model and loads no Keras; predicting does, and gives the same bits."""
    fitted = [clone(ESTIMATORS[name]).fit(X, Y if name == "LSTMRegressor" else LABELS) for name in list(ESTIMATORS)[:2]]
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    code = f"""
        import sys, joblib, numpy as np
        regressor, classifier = joblib.load({str(tmp_path / "fitted.joblib")!r})
        print("keras" in sys.modules)
        X = np.random.default_rng(0).normal(size=(60, 5, 2))
        print(regressor.predict(X).tobytes().hex(), classifier.predict_proba(X).tobytes().hex())
    """
    assert run_fresh(code).split() == ["False", *(outputs(estimator).tobytes().hex() for estimator in fitted)]


def test_training_goes_on_after_a_pickle(estimator):
    """partial_fit after a pickle is partial_fit without one: the optimizer's state is kept."""
    estimator.fit(X, target(estimator))
    again = pickle.loads(pickle.dumps(estimator))
    expected = outputs(estimator.partial_fit(X, target(estimator)))
    assert_array_equal(outputs(again.partial_fit(X, target(estimator))), expected)
    assert estimator.n_iter_ == len(estimator.history_["loss"]) == 3


def test_partial_fits_are_one_fit():
    """Without shuffling and dropout, three calls of partial_fit learn what a fit of three epochs does."""
    model = LSTMRegressor(4, shuffle=False, epochs=3, random_state=0)
    whole, parts = clone(model).fit(X, Y), clone(model)
    for _ in range(3):
        parts.partial_fit(X, Y)
    assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-5)
    assert_allclose(parts.history_["loss"], whole.history_["loss"], rtol=1e-5)


def test_warm_start_goes_on(estimator):
    """With warm_start fit goes on from the last weights, without it fit begins anew."""
    estimator.fit(X, target(estimator))
    expected = outputs(estimator)
    assert_array_equal(outputs(estimator.fit(X, target(estimator))), expected)
    estimator.set_params(warm_start=True).fit(X, target(estimator))
    assert estimator.n_iter_ == 4
    assert not np.array_equal(outputs(estimator), expected)


def test_initialize_trains_nothing(estimator):
    """It predicts with untrained weights; partial_fit goes on from them."""
    estimator.initialize(X, target(estimator))
    assert estimator.n_iter_ == 0
    assert outputs(estimator).shape[0] == 60
    assert estimator.partial_fit(X, target(estimator)).n_iter_ == 1


def test_the_model_is_plain_keras(tmp_path):
    """`model_` saves, and loads where sklstm is not known."""
    estimator = clone(ESTIMATORS["KerasClassifier"]).fit(X, LABELS)
    estimator.model_.save(tmp_path / "model.keras")
    expected = estimator.model_(X[:2].astype(np.float32)).numpy()
    code = f"""
        import sys, keras, numpy as np
        model = keras.models.load_model({str(tmp_path / "model.keras")!r})
        X = np.random.default_rng(0).normal(size=(60, 5, 2))[:2].astype(np.float32)
        print("sklstm" in sys.modules, *model(X).numpy().ravel())
    """
    loaded, *numbers = run_fresh(code).split()
    assert loaded == "False"
    assert_allclose(np.array(numbers, dtype=float), expected.ravel(), rtol=1e-6)


def test_a_fit_that_fails_changes_nothing(estimator):
    """What was fitted before still predicts, after fits that are refused early and late."""
    expected = outputs(estimator.fit(X, target(estimator)))
    for bad_X, bad_y in ((X[:, :, :1], target(estimator)[:9]), (np.where(X > 2, np.inf, X), target(estimator))):
        with pytest.raises(ValueError, match="got"):
            estimator.fit(bad_X, bad_y)
        with pytest.raises(ValueError, match="got"):
            estimator.partial_fit(bad_X, bad_y)
    assert_array_equal(outputs(estimator), expected)
    assert estimator.n_iter_ == 2
