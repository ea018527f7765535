"""State of a fitted estimator, and side effects of a fit: the same contract for all estimators."""

import json
import os
import pickle
import random
from copy import deepcopy

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import run_fresh
from keras.src.random.seed_generator import global_seed_generator
from numpy.testing import assert_allclose, assert_array_equal
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from tensorflow.python.framework.config import is_op_determinism_enabled

from sklstm import (
    Architecture,
    KerasClassifier,
    KerasRegressor,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    TrainingPlan,
)
from sklstm.networks import stacked, vanilla

X = np.random.default_rng(0).normal(size=(60, 5, 2))
Y = 10 * X[:, -1, 0] + 3
LABELS = np.where(Y > 3, "high", "low")
SMALL = {"epochs": EPOCHS, "random_state": 0}
RECURRENT = Architecture(recurrent_dropout=0.2)
IN_A_BUILDER = {"model__dropout": 0.2, "model__recurrent_dropout": 0.2}
ESTIMATORS = {
    "LSTMRegressor": LSTMRegressor(UNITS, architecture=RECURRENT, dropout=0.2, **SMALL),
    "LSTMClassifier": LSTMClassifier(UNITS, **SMALL),
    "KerasRegressor": KerasRegressor(vanilla, model__units=UNITS, target_scaler="minmax", **SMALL),
    "KerasClassifier": KerasClassifier(stacked, model__units=UNITS, **IN_A_BUILDER, **SMALL),
    "LSTMAutoencoder": LSTMAutoencoder(UNITS, dropout=0.2, **SMALL),
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return clone(ESTIMATORS[request.param])


@pytest.fixture(params=[name for name in ESTIMATORS if name != "LSTMAutoencoder"])
def incremental(request):
    """Estimator that has partial_fit."""
    return clone(ESTIMATORS[request.param])


@pytest.fixture(scope="module")
def fitted():
    """Each estimator, fitted; tests do not change it."""
    return {name: clone(estimator).fit(X, target(estimator)) for name, estimator in ESTIMATORS.items()}


def target(estimator):
    return LABELS if hasattr(estimator, "class_weight") else Y


def outputs(estimator):
    """Numbers that an estimator computes for X."""
    methods = ("predict_proba", "score_samples", "predict")
    return getattr(estimator, next(method for method in methods if hasattr(estimator, method)))(X)


def test_same_seed_same_bits(estimator):
    """Initial weights, shuffling and dropout depend on random_state alone."""
    one = outputs(estimator.fit(X, target(estimator)))
    assert_array_equal(outputs(clone(estimator).fit(X, target(estimator))), one)
    other = clone(estimator).set_params(random_state=1)
    assert not np.array_equal(outputs(other.fit(X, target(estimator))), one)


def test_fit_changes_nothing_global(estimator):
    """Fit changes neither seeds of Python, NumPy, TensorFlow and Keras, nor determinism, float type and environment."""

    def world():
        keras_state = np.asarray(global_seed_generator().state).tobytes()
        numpy = np.random.get_state()
        return (
            random.getstate(),
            *(numpy[1].tobytes(), numpy[2:]),
            tf.random.get_global_generator().state.numpy().tobytes(),
            keras_state,
            is_op_determinism_enabled(),
            keras.config.floatx(),
            dict(os.environ),
        )

    before = world()
    outputs(estimator.fit(X, target(estimator)))
    assert world() == before


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickles_are_small(name, fitted):
    """A pickle holds the weights, the state of the optimizer and a few kilobytes."""
    weights = fitted[name].model_.get_weights()
    # Adam keeps two numbers per weight.
    assert len(pickle.dumps(fitted[name])) < 3 * sum(array.nbytes for array in weights) + 12_000


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "copied", [lambda fitted: pickle.loads(pickle.dumps(fitted)), deepcopy], ids=["pickle", "copy"]
)
def test_copies_predict_the_same_bits(name, copied, fitted):
    """Copies by pickle and deepcopy predict the same bits."""
    assert_array_equal(outputs(copied(fitted[name])), outputs(fitted[name]))


def test_training_continues_after_a_pickle(incremental):
    """partial_fit after a pickle equals partial_fit without it, because the pickle keeps the optimizer's state."""
    incremental.fit(X, target(incremental))
    again = pickle.loads(pickle.dumps(incremental))
    expected = outputs(incremental.partial_fit(X, target(incremental)))
    assert_array_equal(outputs(again.partial_fit(X, target(incremental))), expected)
    assert incremental.n_iter_ == len(incremental.history_["loss"]) == EPOCHS + 1


def test_partial_fits_equal_one_fit():
    """Without shuffling and dropout, three calls of partial_fit equal a fit of three epochs."""
    model = LSTMRegressor(UNITS, training=TrainingPlan(shuffle=False), epochs=3, random_state=0)
    whole, parts = clone(model).fit(X, Y), clone(model)
    for _ in range(3):
        parts.partial_fit(X, Y)
    assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-5)
    assert_allclose(parts.history_["loss"], whole.history_["loss"], rtol=1e-5)


def test_warm_start(estimator):
    """A second fit starts from new weights (scikeras 298), and with warm_start from the last ones."""
    estimator.fit(X, target(estimator))
    expected = outputs(estimator)
    assert_array_equal(outputs(estimator.fit(X, target(estimator))), expected)
    estimator.set_params(warm_start=True).fit(X, target(estimator))
    assert estimator.n_iter_ == 2 * EPOCHS
    assert not np.array_equal(outputs(estimator), expected)


def test_initialize_trains_nothing(estimator):
    """After initialize the estimator predicts with untrained weights."""
    estimator.initialize(X, target(estimator))
    assert estimator.n_iter_ == 0
    assert estimator.history_ == {}
    assert outputs(estimator).shape[0] == 60


def test_partial_fit_after_initialize(incremental):
    """partial_fit trains the weights of initialize."""
    untrained = outputs(incremental.initialize(X, target(incremental)))
    assert incremental.partial_fit(X, target(incremental)).n_iter_ == 1
    assert not np.array_equal(outputs(incremental), untrained)


def test_failed_fit_changes_nothing(estimator):
    """A fit or partial_fit that raises an error leaves the fitted estimator as it was."""
    y = target(estimator)
    expected = outputs(estimator.fit(X, y))
    one_feature = X[:, :, :1]
    wrong = [(np.where(one_feature > 2, np.inf, one_feature), y)]
    if not isinstance(estimator, LSTMAutoencoder):
        wrong.append((one_feature, y[:9]))
    for method in ("fit", "partial_fit"):
        for args in wrong if hasattr(estimator, method) else ():
            with pytest.raises(ValueError, match="got"):
                getattr(estimator, method)(*args)
    assert_array_equal(outputs(estimator), expected)
    assert estimator.n_iter_ == EPOCHS


# --- new processes --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def new_process(fitted, fitted_pipeline, airline, tmp_path_factory):
    """Outputs of pickled estimators in a new process: whether Keras was loaded, and bytes in hexadecimal digits."""
    folder = tmp_path_factory.mktemp("pickles")
    with_builders = {name: estimator for name, estimator in fitted.items() if name.startswith("Keras")}
    joblib.dump({name: fitted[name] for name in fitted if name not in with_builders}, folder / "built-in.joblib")
    joblib.dump(with_builders, folder / "builders.joblib")
    joblib.dump((fitted_pipeline, airline[0], X), folder / "pipeline.joblib")
    return json.loads(
        run_fresh(f"""
        import json, sys
        import joblib
        folder = {str(folder)!r}
        fitted = joblib.load(folder + "/built-in.joblib")
        pipeline, table, X = joblib.load(folder + "/pipeline.joblib")
        pipeline[:-1].transform(table)
        computed = {{"loaded": sorted({{"keras", "tensorflow"}} & set(sys.modules))}}
        fitted |= joblib.load(folder + "/builders.joblib")
        for name, estimator in fitted.items():
            methods = ("predict_proba", "score_samples", "predict")
            method = next(method for method in methods if hasattr(estimator, method))
            computed[name] = getattr(estimator, method)(X).tobytes().hex()
        computed["pipeline"] = pipeline.predict(table).tobytes().hex()
        computed["fitted again"] = fitted["LSTMRegressor"].fit(X, 10 * X[:, -1, 0] + 3).predict(X).tobytes().hex()
        print(json.dumps(computed))
    """).splitlines()[-1]
    )


@pytest.mark.slow
def test_pickles_load_without_keras(new_process):
    """Unpickling estimators with built-in networks, and transforming in a pipeline, does not load Keras."""
    assert new_process["loaded"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickles_predict_the_same_bits_in_a_new_process(name, new_process, fitted):
    """An estimator predicts the same bits in a new process."""
    assert new_process[name] == outputs(fitted[name]).tobytes().hex()


@pytest.mark.slow
def test_pipeline_predicts_the_same_bits_in_a_new_process(new_process, fitted_pipeline, airline):
    """The headline pipeline predicts the same bits in a new process."""
    assert new_process["pipeline"] == fitted_pipeline.predict(airline[0]).tobytes().hex()


@pytest.mark.slow
def test_same_seed_same_bits_in_a_new_process(new_process, fitted):
    """A fit in a new process gives the same bits."""
    assert new_process["fitted again"] == outputs(fitted["LSTMRegressor"]).tobytes().hex()


@pytest.mark.slow
def test_models_load_without_sklstm(fitted, fitted_pipeline, airline, tmp_path):
    """model_ saves, and computes the same in a process that does not import sklstm."""
    windows = np.asarray(fitted_pipeline[:-1].transform(airline[0]), dtype=np.float32)
    models = {name: (estimator.model_, X.astype(np.float32)) for name, estimator in fitted.items()}
    models["pipeline"] = (fitted_pipeline["lstm"].model_, windows)
    for name, (model, inputs) in models.items():
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", inputs)
    computed = json.loads(
        run_fresh(f"""
        import json, sys
        from pathlib import Path
        import keras, numpy as np
        computed = {{}}
        for path in Path({str(tmp_path)!r}).glob("*.keras"):
            outputs = keras.models.load_model(path)(np.load(path.with_suffix(".npy")))
            computed[path.stem] = np.ravel(outputs).tolist()
        assert "sklstm" not in sys.modules
        print(json.dumps(computed))
    """).splitlines()[-1]
    )
    assert computed.keys() == models.keys()
    for name, (model, inputs) in models.items():
        assert_allclose(computed[name], np.ravel(model(inputs)), rtol=1e-5, atol=1e-6)


def test_further_training_that_fails():
    """A partial_fit that fails leaves what was learned of y as it was."""
    X = np.random.default_rng(0).normal(size=(20, 3, 1))
    model = LSTMRegressor(UNITS, epochs=1, random_state=0).fit(X, X[:, -1, 0])
    before = model.predict(X)
    with pytest.raises(ValueError, match="negative sample_weight"):
        model.partial_fit(X, X[:, -1, 0].astype(np.float32), sample_weight=-np.ones(20))
    after = model.predict(X)
    assert after.dtype == before.dtype
    np.testing.assert_array_equal(after, before)
