"""What breaks elsewhere, and what users of other libraries ask for: each by the name of its library and issue."""

import pickle
import tracemalloc

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from builders import TABLE, TARGETS, WINDOWS, perceptron
from inline_snapshot import snapshot
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, check_cv, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    KerasClassifier,
    KerasRegressor,
    LagFramer,
    LSTMClassifier,
    LSTMRegressor,
    SequencePadder,
    SeriesScaler,
    networks,
)
from sklstm.training import clear_programs
from sklstm.training._programs import programs

X, y = TABLE, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")


def regressor(model=perceptron, **params):
    return KerasRegressor(model, **({"random_state": 0} | params))


def classifier(model=perceptron, **params):
    return KerasClassifier(model, **({"random_state": 0} | params))


def lstm(**params):
    return LSTMRegressor(**({"units": 2, "epochs": 1, "random_state": 0} | params))


# --- scikeras 0.13 --------------------------------------------------------------------------------


def test_scikeras_tags():
    """See scikeras: no tags of a classifier or regressor, so KFold in place of StratifiedKFold."""
    assert is_classifier(classifier())
    assert is_regressor(regressor())
    order = np.argsort(SIDES)
    folds = check_cv(2, SIDES[order], classifier=is_classifier(classifier()))
    for _, test in folds.split(X[order], SIDES[order]):
        assert len(set(SIDES[order][test])) == 2
    # Sorted by class: a fold of one class alone could not be fitted.
    assert np.isfinite(cross_val_score(classifier(), X[order], SIDES[order], cv=2)).all()


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "f1_macro", "average_precision"])
def test_scikeras_scoring(scoring):
    """See scikeras: scoring="roc_auc" crashes."""
    target = (y > 0).astype(int)
    assert np.isfinite(cross_val_score(classifier(), X, target, cv=2, scoring=scoring)).all()


def test_scikeras_332():
    """See scikeras 332: the quickstart runs on a new scikit-learn, in a pipeline and in a search too."""
    inputs, target = make_classification(200, 20, n_informative=10, random_state=0)

    def get_model(meta, hidden_layer_dim):
        model = keras.models.Sequential()
        model.add(keras.layers.Input(shape=(meta["n_features_in_"],)))
        model.add(keras.layers.Dense(hidden_layer_dim, activation="relu"))
        model.add(keras.layers.Dense(meta["n_classes_"], activation="softmax"))
        return model

    clf = KerasClassifier(get_model, loss="sparse_categorical_crossentropy", model__hidden_layer_dim=100)
    pipe = make_pipeline(StandardScaler(), clf)
    grid = {"kerasclassifier__model__hidden_layer_dim": [10, 20], "kerasclassifier__optimizer__learning_rate": [0.05]}
    search = GridSearchCV(pipe, grid, cv=3, scoring="accuracy").fit(inputs, target)
    assert search.best_score_ > 0.6
    assert search.predict_proba(inputs).shape == (200, 2)


def test_scikeras_typos():
    """See scikeras: epcohs=9 passes, and one epoch is trained."""
    assert "Did you mean 'epochs'?" in refused(regressor, epcohs=9, error=TypeError)


def test_scikeras_windows():
    """See scikeras: another n_steps at predict, NaN, float64 after float32 and 3D y all raise."""
    target = TARGETS[:, :2, None].repeat(5, axis=2).transpose(0, 2, 1)
    model = regressor(networks.many_to_many, model__units=2).fit(WINDOWS.astype(np.float32), target.astype(np.float32))
    gaps = WINDOWS[:, 1:].copy()
    gaps[0, :2] = np.nan
    predicted = model.predict(gaps)
    assert predicted.shape == (40, 4, 2)
    assert np.isfinite(predicted).all()


def test_scikeras_131_and_scikit_learn_18748():
    """See scikeras 131, scikit-learn 18748: early stopping's validation data bypasses the pipeline's transforms."""
    far = 1000 + 50 * X
    model = regressor(validation_split=0.25, callbacks=keras.callbacks.EarlyStopping, epochs=3)
    pipe = make_pipeline(StandardScaler(), clone(model)).fit(far, y)
    by_hand = clone(model).fit(StandardScaler().fit_transform(far), y)
    assert pipe[-1].history_["val_loss"] == by_hand.history_["val_loss"]


def test_scikeras_289():
    """See scikeras 289: validation_split leaks. Nothing is fitted on what is watched, nor on what reaches into it."""
    windows = LagFramer(n_steps=4).fit_transform(TARGETS[:, :1])
    model = regressor(networks.vanilla, model__units=2, validation_split=0.25, target_scaler="standard")
    changed = y.copy()
    changed[27:] += 100
    one, other = clone(model).fit(windows, y), clone(model).fit(windows, changed)
    assert_array_equal(one.predict(windows), other.predict(windows))
    assert one.history_["val_loss"] != other.history_["val_loss"]


@pytest.mark.parametrize("model", [regressor(), lstm()], ids=["any", "lstm"])
def test_scikeras_298(model):
    """See scikeras 298, and skforecast's backtests: weights start anew at each fit."""
    data = WINDOWS
    first = clone(model).fit(data, y).predict(data)
    again = clone(model).fit(data, -y)
    assert again.fit(data, y).n_iter_ == 1
    assert_array_equal(again.predict(data), first)


@pytest.mark.parametrize("model", [regressor(), lstm()], ids=["any", "lstm"])
def test_scikeras_257_and_keras_11478_11693_13118(model):
    """See scikeras 257, keras 11478, 11693, 13118: fits and predictions of one shape compile once, however many."""
    # Where the store is full, it cannot grow.
    clear_programs()
    model.fit(WINDOWS, y).predict(WINDOWS)
    assert len(programs) == 2
    for fold in range(3):
        cross_val_predict(model, WINDOWS, y + fold, cv=2)
    for rows in (1, 7, 40):
        model.predict(WINDOWS[:rows])
    assert len(programs) == 2


def test_scikeras_236():
    """See scikeras 236: what was fitted with a callback pickles."""
    model = regressor(callbacks=[keras.callbacks.EarlyStopping("loss")], epochs=2).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_scikeras_303():
    """See scikeras 303: windows larger than memory are gathered batch by batch."""

    def pooling():
        inputs = keras.Input((500, 1))
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(inputs)))

    series = np.random.default_rng(0).normal(size=(20_500, 1)).astype(np.float32)
    windows = sliding_window_view(series[:-1], 500, axis=0).transpose(0, 2, 1)
    target = series[500:, 0]
    model = regressor(pooling, batch_size=1000).fit(windows[:2000], target[:2000])
    tracemalloc.start()
    model.fit(windows, target)
    predicted = model.predict(windows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert predicted.shape == target.shape
    assert peak < windows.size * windows.itemsize / 4


# --- keras ----------------------------------------------------------------------------------------


def test_keras_wrappers_clone():
    """keras.wrappers: 3D X is refused, and clones forget how many epochs to train."""
    model = regressor(epochs=3, batch_size=20, validation_split=0.2)
    assert clone(model).get_params() == model.get_params()
    search = GridSearchCV(model, {"batch_size": [10, 40]}, cv=2).fit(WINDOWS, y)
    assert search.best_estimator_.n_iter_ == 3


def test_keras_13168_and_sktime_4128_and_darts_3106():
    """See keras 13168, sktime 4128, darts 3106: a fitted pipeline and a fitted search pickle with their network."""
    pipe = make_pipeline(StandardScaler(), regressor())
    search = GridSearchCV(pipe, {"kerasregressor__model__units": [1, 2]}, cv=2).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(search)).predict(X), search.predict(X))
    best = search.best_estimator_
    assert_array_equal(pickle.loads(pickle.dumps(best)).predict(X), best.predict(X))


def test_keras_21305():
    """See keras 21305: the last windows are lost. LagFramer has a window for each row, the last one too."""
    windows = LagFramer(n_steps=3).fit_transform(np.arange(5.0))
    assert windows[-1, :, 0].tolist() == [2, 3, 4]
    assert len(lstm().fit(windows, np.arange(5.0)).predict(windows)) == 5


@pytest.fixture(scope="module")
def stateless():
    """Fitted without state on time steps, one a sample, that follow one another."""
    steps = WINDOWS.reshape(200, 1, 2)
    return lstm().fit(steps, steps[:, 0, 0]), steps


def test_keras_14155_and_2322(stateless):
    """See keras 14155, 2322: what was trained without state predicts with it, in batches of any size."""
    fitted, steps = stateless
    model = pickle.loads(pickle.dumps(fitted)).set_params(stateful=True)
    whole = model.predict(steps[:30])
    model.reset_states()
    parts = [model.predict(part) for part in (steps[:1], steps[1:8], steps[8:30])]
    assert_allclose(np.concatenate(parts), whole, rtol=1e-5)
    # One sequence of all time steps ends in the same state.
    assert_allclose(whole[-1], fitted.predict(steps[:30].reshape(1, 30, 2))[0], rtol=1e-5)
    assert not np.isclose(whole[-1], fitted.predict(steps[29:30])[0])


def test_keras_11175(stateless):
    """See keras 11175: state is reset in mid-batch, where another series begins."""
    fitted, steps = stateless
    model = pickle.loads(pickle.dumps(fitted)).set_params(stateful=True)
    together = model.predict(steps[:30], groups=np.repeat(["a", "b"], [12, 18]))
    for part in (slice(0, 12), slice(12, 30)):
        assert_allclose(together[part], model.reset_states().predict(steps[part]), rtol=1e-5)


# --- scikit-learn ---------------------------------------------------------------------------------


def test_scikit_learn_9927_and_11755():
    """scikit-learn 9927, 11755: n_jobs hangs with Keras."""
    grid = {"model__units": [1, 2]}
    alone = GridSearchCV(regressor(), grid, cv=2).fit(X, y)
    with joblib.parallel_config("threading"):
        together = GridSearchCV(regressor(), grid, cv=2, n_jobs=2).fit(X, y)
    assert_array_equal(together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


# --- forecasting and sequences --------------------------------------------------------------------


def test_skforecast_1065_and_712():
    """See skforecast 1065, 712: deep models cannot be searched, and set_lags does nothing."""
    series = pd.DataFrame({"y": np.sin(np.arange(60) / 3)})
    pipe = make_pipeline(LagFramer(n_steps=2), regressor(networks.vanilla))
    grid = {"lagframer__n_steps": [1, 6], "kerasregressor__model__units": [1, 2]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2)).fit(series[:-1], series["y"].to_numpy()[1:])
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 4


def test_darts_603():
    """See darts 603: a new series shorter than the window is predicted, its missing time steps masked."""
    series = np.arange(30.0)
    pipe = make_pipeline(LagFramer(n_steps=12, context="never"), lstm()).fit(series, series)
    assert np.isfinite(pipe.predict(series[:3])).all()
    assert refused(pipe.fit, series[:8], series[:8]) == snapshot(
        "LagFramer(n_steps=12) needs at least 12 rows, got X of shape (8, 1). Lower n_steps or pass a longer series."
    )


def test_darts_232():
    """See darts 232: the inverse of the target's column alone. The target is scaled by itself."""
    features = np.array([1.0, 1e6, 1e-6]) * X
    for model in (regressor(target_scaler="minmax"), lstm(target_scaler="minmax")):
        predicted = make_pipeline(SeriesScaler(), model).fit(features, 500 + y).predict(features)
        assert np.abs(predicted - 500).max() < 50


def test_skorch_1083():
    """See skorch 1083: sequences of different lengths cannot be grid-searched."""
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)) for length in rng.integers(3, 9, size=30)]
    labels = np.array([sequence.sum() > 0 for sequence in sequences])
    pipe = make_pipeline(SequencePadder(), LSTMClassifier(2, epochs=1, random_state=0))
    search = GridSearchCV(pipe, {"sequencepadder__max_len": [4, None]}, cv=2, scoring="roc_auc")
    search.fit(np.array(sequences, dtype=object), labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(sequences).shape == (30,)
