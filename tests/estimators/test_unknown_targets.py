"""Samples whose y is NaN, not known, are left out of the training; of several values those that are known count."""

import numpy as np
import pandas as pd
import pytest
from builders import perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import N_TIMESTEPS, UNITS
from sklearn.pipeline import make_pipeline

from sklstm import (
    KerasRegressor,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    Persistence,
    SeriesScaler,
    TrainingPlan,
    make_supervised,
)

N = 40
X = np.random.default_rng(0).normal(size=(N, N_TIMESTEPS, 2))
Y = X[:, -1] + 5.0
UNKNOWN = [3, 20, 21]


def small(**params):
    return LSTMRegressor(**({"units": UNITS, "epochs": 3, "random_state": 0} | params))


def with_nan(y, places):
    y = y.copy()
    y[places] = np.nan
    return y


MODELS = {
    "LSTMRegressor": small(),
    "without a target_scaler": small(target_scaler=None),
    "quantiles": small(quantiles=[0.1, 0.5, 0.9]),
    "validation": small(validation=0.25),
    "KerasRegressor": KerasRegressor(perceptron, epochs=3, random_state=0, target_scaler="standard"),
    "LagRegressor": LagRegressor(),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("y", [Y[:, 0], Y], ids=["one value", "two values"])
def test_samples_without_y(model, y):
    """What is learned is what the other samples teach, and all samples are predicted."""
    rest = np.setdiff1d(np.arange(N), UNKNOWN)
    expected = model.fit(X[rest], y[rest]).predict(X)
    model.fit(X, with_nan(y, UNKNOWN))
    assert_array_equal(model.predict(X), expected)
    assert model.n_samples_left_out_ == len(UNKNOWN)
    assert model.n_samples_trained_ == len(rest) - (len(rest) // 4 if getattr(model, "validation", None) else 0)


@pytest.mark.parametrize("name", ["LSTMRegressor", "quantiles", "KerasRegressor"])
def test_what_is_known_of_several_values(name):
    """A known value of a sample counts, and one that is not known does not."""
    model = MODELS[name]
    y = with_nan(Y, (UNKNOWN, 1))
    partly = model.fit(X, y).predict(X)
    assert np.isfinite(partly).all()
    assert model.n_samples_left_out_ == 0
    other = y.copy()
    other[UNKNOWN, 0] += 100
    assert not np.array_equal(model.fit(X, other).predict(X), partly)
    without = model.fit(np.delete(X, UNKNOWN, axis=0), np.delete(Y, UNKNOWN, axis=0)).predict(X)
    assert not np.array_equal(without, partly)


def test_no_sample_is_known_whole():
    """Training needs no sample of which all values are known."""
    y = with_nan(Y, (np.arange(N), np.arange(N) % 2))
    model = small(epochs=60, batch_size=8).fit(X, y)
    assert np.abs(model.predict(X) - Y).mean() < np.abs(Y - Y.mean(axis=0)).mean()
    assert model.score(X, y) > 0


@pytest.mark.parametrize("architecture", ["encoder_decoder", "many_to_many"])
def test_outputs_for_time_steps(architecture):
    """In an output for each time step, steps that are not known do not count."""
    y = X[:, :, 0]
    model = small(architecture=architecture).fit(X, with_nan(y, (UNKNOWN, 2)))
    assert np.isfinite(model.predict(X)).all()
    with_another = with_nan(y, (UNKNOWN, 2))
    with_another[3, 1] = 9
    assert not np.array_equal(model.fit(X, with_another).predict(X), model.fit(X, with_nan(y, (UNKNOWN, 2))).predict(X))


def test_state_goes_on_through_samples_without_y():
    """A stateful network sees all samples, and learns from those whose y is known."""
    model = small(stateful=True, training=TrainingPlan(shuffle=False), batch_size=1)
    first = model.fit(X, with_nan(Y, UNKNOWN)).predict(X)
    changed = X.copy()
    changed[21] += 1
    assert np.isfinite(first).all()
    assert not np.array_equal(model.fit(changed, with_nan(Y, UNKNOWN)).predict(X), first)


def test_rows_that_were_not_observed():
    """A series with NaN rows goes through make_supervised, a Pipeline and its score."""
    sales = pd.DataFrame({"sales": 100 + 10 * np.sin(np.arange(80.0))}, pd.date_range("2026-01-01", periods=80))
    sales.iloc[[10, 40, 41]] = np.nan
    for horizon in (1, 5):
        X, y = make_supervised(sales, horizon=horizon)
        for last in (small(epochs=20), LagRegressor(), Persistence()):
            pipe = make_pipeline(SeriesScaler(), LagFramer(N_TIMESTEPS), last).fit(X, y)
            assert np.isfinite(pipe.predict(X)).all()
        assert pipe[:-1].fit_transform(X).shape[0] == len(X)
    pipe = make_pipeline(SeriesScaler(), LagFramer(N_TIMESTEPS), small(epochs=20)).fit(*make_supervised(sales))
    assert pipe.score(*make_supervised(sales)) > 0.5


def test_most_of_y_is_not_known():
    """A warning tells where more than half of the samples are left out; where none is known there is an error."""
    y = with_nan(Y[:, 0], np.arange(5, N))
    with pytest.warns(UserWarning, match="leaves 35 of 40 samples out of the training, because their y is NaN"):
        small().fit(X, y)
    assert refused(small().fit, X, with_nan(Y, slice(None))) == snapshot(
        "LSTMRegressor got y of shape (40, 2) in which every value is NaN, not known, and there is nothing to learn from. Pass y with values that are known."
    )
    assert refused(LagRegressor().fit, X, with_nan(Y, (slice(None), 0))) == snapshot(
        "LagRegressor has nothing to learn from: of 40 samples, 40 have a y that is NaN, not known, at least in part, and in the windows of the others nothing was observed. Pass more samples."
    )
    weights = np.where(np.isnan(y), 1.0, 0.0)
    with pytest.warns(UserWarning, match="leaves 35"):
        assert refused(small().fit, X, y, sample_weight=weights) == snapshot(
            "LSTMRegressor has nothing to train on: of the samples with a weight above 0 that TrainingPlan keeps, none has a y that is known. Pass more samples with y."
        )


def test_keras_own_fit_leaves_out_what_is_not_known():
    """A callback that Keras has to call for each batch changes nothing."""
    import keras

    class Counter(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            assert np.isfinite(logs["loss"])

    y = with_nan(Y, (UNKNOWN, 1))
    usual, by_keras = (small(callbacks=callbacks).fit(X, y).predict(X) for callbacks in (None, [Counter()]))
    assert_allclose(by_keras, usual, rtol=1e-3)
