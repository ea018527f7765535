"""Features that are static, or known ahead: what the estimators learn from them, and what they expect of X."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from known_networks import constant, one_value, reference
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sklstm import (
    CNNLSTM,
    LSTMFCN,
    KerasRegressor,
    LagFramer,
    LSTMClassifier,
    LSTMRegressor,
    SequencePadder,
    To3D,
    TrainingPlan,
    Windows,
)
from sklstm.networks import vanilla

ALL = (
    "vanilla",
    "stacked",
    "bidirectional",
    CNNLSTM(filters=2),
    LSTMFCN(filters=(2, 2, 2)),
    "encoder_decoder",
    "many_to_many",
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def windows(X, n_columns, **roles):
    """Samples with the roles that LagFramer gives to the columns of a table; their leads are the last features of X."""
    framed = Windows.from_array(np.ascontiguousarray(X))
    example = LagFramer(1, **roles).fit_transform(np.ones((1, n_columns)))
    return Windows(framed.buffer, framed.starts, framed.n_timesteps, example.roles)


# A feature that changes, one that does not within a sample, a plan, and its values two steps ahead.
X = np.concatenate([normal(300, 5, 1), np.repeat(normal(300, 1, 1, seed=1), 5, axis=1), normal(300, 5, 3, seed=2)], -1)
PLAIN, LAST, FIXED, AHEAD = X[:, :, [0]], X[:, -1, 0], X[:, -1, 1], X[:, -1, 3:]
BOTH = {"n_columns": 3, "static": [1], "future": [2], "horizon": 2}
KNOWN = windows(X, **BOTH)


def small(**params):
    return LSTMRegressor(**({"units": 2, "epochs": 2, "random_state": 0} | params))


def learned(architecture, X, y):
    """R squared on held-out samples."""
    # One batch an epoch: XLA would take longer to compile than the graph takes for so few.
    params = {"epochs": 110, "batch_size": 220, "learning_rate": 0.05, "random_state": 0}
    model = LSTMRegressor(12, architecture=architecture, **params).fit(X[:220], y[:220])
    return model.score(X[220:], y[220:])


# --- what is learned ------------------------------------------------------------------------------


def test_a_static_feature_that_is_a_factor():
    """A target that is the product of the last value and the static one is learned."""
    assert learned("vanilla", windows(X[:, :, :2], n_columns=2, static=[1]), LAST * FIXED) > 0.9


def test_what_is_known_ahead():
    """Targets two steps ahead are learned from what is known of each step."""
    known = windows(X[:, :, [0, 2, 3, 4]], n_columns=2, future=[1], horizon=2)
    assert learned("encoder_decoder", known, AHEAD + LAST[:, None]) > 0.95


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier, KerasRegressor])
def test_estimators_read_them(estimator):
    """Static features and those known ahead change the predictions of every estimator."""
    y = np.where(LAST > 0, "up", "down") if estimator is LSTMClassifier else LAST
    model = estimator(vanilla, random_state=0) if estimator is KerasRegressor else estimator(2, random_state=0)
    model.initialize(KNOWN, y)
    predict = model.predict_proba if estimator is LSTMClassifier else model.predict
    expected = predict(KNOWN[:9])
    for feature in (1, 3, 4):
        changed = X[:9].copy()
        changed[:, :, feature] += 1
        assert not np.isclose(predict(windows(changed, **BOTH)), expected).any()


# --- contracts ------------------------------------------------------------------------------------


def test_stateful_and_truncated():
    """A state is carried past the features with a role; truncated training takes them, too."""
    steps = np.concatenate([normal(40, 1, 1), normal(40, 1, 3, seed=1)], axis=-1)
    roles = {"n_columns": 3, "static": [1], "future": [2]}
    series, y = windows(steps, **roles), steps.sum(axis=(1, 2))
    model = small(stateful=True).initialize(series, y)
    carried = model.predict(series)
    assert_array_equal(model.reset_states().predict(series), carried)
    joined = windows(steps[:7].reshape(1, 7, 4), **roles)
    assert_allclose(carried[6], model.set_params(stateful=False).predict(joined)[0], rtol=1e-5)
    assert np.isfinite(
        small(training=TrainingPlan(tbptt=(2, 3)), epochs=1).fit(KNOWN[:40], LAST[:40]).predict(KNOWN)
    ).all()


@pytest.mark.parametrize("architecture", ALL, ids=str)
def test_pickle_and_clone(architecture):
    """A pickle and a clone predict the same from the same roles."""
    y = X[:, :, 0] if architecture == "many_to_many" else AHEAD
    model = small(architecture=architecture).initialize(KNOWN[:40], y[:40])
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(KNOWN[:9]), model.predict(KNOWN[:9]))
    assert_array_equal(clone(model).initialize(KNOWN[:40], y[:40]).predict(KNOWN[:9]), model.predict(KNOWN[:9]))
    assert refused(copy.predict, X[:9]) == refused(model.predict, X[:9])


def test_pipeline_and_search():
    """Roles pass through a stock Pipeline, and through the folds of a search."""
    pipe = make_pipeline(SequencePadder(), To3D(), small())
    search = GridSearchCV(pipe, {"lstmregressor__units": [2]}, cv=KFold(2), error_score="raise")
    search.fit(KNOWN[:60], LAST[:60])
    assert search.best_estimator_[-1].n_features_in_ == 5
    with pytest.raises(ValueError, match=r"LSTMRegressor was fitted on windows with static features \[1\]"):
        search.predict(X[:9])


def test_custom_builders():
    """The meta of a builder holds the roles, and no roles of windows without them."""
    seen = []

    def build(meta):
        seen.append({name: meta[name] for name in ("static_", "future_") if name in meta})
        return vanilla(meta, units=2)

    for estimator in (small(architecture=build), KerasRegressor(build)):
        for given in (KNOWN[:40], PLAIN[:40]):
            estimator.initialize(given, LAST[:40])
    assert seen == [{"static_": (1,), "future_": ((3,), (4,))}, {}] * 2


def test_further_training_with_the_same_roles():
    """warm_start and partial_fit keep the roles; other roles raise an error."""
    model = small(warm_start=True).fit(KNOWN[:40], LAST[:40]).fit(KNOWN[:40], LAST[:40])
    assert model.n_iter_ == 4
    message = refused(model.predict, X[:9])
    assert refused(model.fit, X[:40], LAST[:40]) == refused(model.partial_fit, X[:40], LAST[:40]) == message


# --- X --------------------------------------------------------------------------------------------


def test_other_roles():
    """Features must have the same roles in predict as in fit."""
    model, simple = small().initialize(KNOWN, LAST), small().initialize(X, LAST)
    assert refused(model.predict, X) == snapshot(
        "LSTMRegressor was fitted on windows with static features [1] and features that are known ahead, for each step "
        "[3]; [4], got no static features and none that are known ahead. Pass what the LagFramer of fit makes, and as "
        "it is: an array does not say what its features mean."
    )
    assert refused(simple.predict, windows(X, n_columns=5, static=[1])) == snapshot(
        "LSTMRegressor was fitted on windows with no static features and none that are known ahead, got static "
        "features [1]. Pass what the LagFramer of fit makes, and as it is: an array does not say what its features "
        "mean."
    )
    with pytest.raises(ValueError, match=r"KerasRegressor was fitted on windows with static features \[1\]"):
        KerasRegressor(vanilla).initialize(KNOWN, LAST).predict(X)


def test_nothing_changes():
    """Features with a role do not tell which time steps were observed, so there must be others."""
    all_static = windows(X[:, :, :2], n_columns=3, static=[0, 1])
    assert refused(small().fit, all_static, LAST) == snapshot(
        "LSTMRegressor got windows with static features [0, 1], and no other. Add one that changes from time step to "
        "time step: it tells which time steps were observed."
    )


def test_partly_observed():
    """Features with a role may be NaN; a time step is observed in all other features or in none."""
    some = X.copy()
    some[:, :3, 1] = some[4, -1, 3] = some[:, :2, 0] = some[:, :2, 2] = np.nan
    known = windows(some, **BOTH)
    assert np.isfinite(small().initialize(known, LAST).predict(known)).all()
    assert refused(small().fit, windows(some, n_columns=3, future=[2], horizon=2), LAST) == snapshot(
        "LSTMRegressor got a time step with some features missing: sample 0, time step 2, NaN in feature 1. A time "
        "step is either observed in every feature or NaN in all of them: impute first, before the windows are framed."
    )


@pytest.mark.parametrize("position", [0, 1])
def test_samples_with_too_few_time_steps(position):
    """A static feature does not make a time step observed, whatever its position."""
    some = X[:, :, [1, 0]] if position == 0 else X[:, :, :2].copy()
    some[:, :3, 1 - position] = np.nan
    given = windows(some, n_columns=2, static=[position])
    assert np.isfinite(small(training=TrainingPlan(min_steps=2)).initialize(given, LAST).predict(given)).all()
    assert refused(small(training=TrainingPlan(min_steps=3)).fit, given, LAST) == snapshot(
        "LSTMRegressor(training=TrainingPlan(min_steps=3)) leaves nothing to train on: no sample of X, of shape (300, 5, 2), has so many "
        "observed time steps. Lower min_steps, or pass longer sequences."
    )


# --- the target's own past ------------------------------------------------------------------------

WALK = normal(81, seed=3).cumsum()


def a_walk():
    """Windows of a walk, a constant, and the next step, which is known; and that step."""
    rows = np.stack([WALK[:-1], np.full(80, 1e3), np.zeros(80), WALK[1:]], axis=1)
    example = windows(np.ones((1, 1, 4)), n_columns=3, static=[1], future=[2])
    return Windows(rows, np.arange(76), 5, example.roles), WALK[5:]


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_window_scaler_leaves_them_alone(method):
    """Level and spread are those of the other features; the network gets features with a role unscaled."""
    walk, y = a_walk()
    alone = Windows.from_array(np.ascontiguousarray(walk[:, :, :1]))

    def forecasts(X, network):
        model = LSTMRegressor(architecture=network, window_scaler=method, target_feature=0, target_scaler=None)
        return model.initialize(X, y).predict(X)

    (level, above), expected = (
        [forecasts(X, partial(constant, value=value)) for value in (0.0, 1.0)] for X in (walk, alone)
    )
    assert_allclose([level, above], expected, rtol=1e-5)
    for feature in (1, 3):
        seen = (forecasts(walk, partial(one_value, time_step=-1, feature=feature)) - level) / (above - level)
        assert_allclose(seen, walk[:, -1, feature], rtol=1e-4)


def test_own_past_is_no_step_ahead():
    """The past of a target is a feature without a role, whatever the names and positions of the others."""
    walk, y = a_walk()
    assert_allclose(reference(walk, y, window_scaler="last", target_feature=0), WALK[4:-1], rtol=1e-5)
    hidden = np.stack([normal(80), WALK[:-1]], axis=1)
    static = windows(np.ones((1, 1, 2)), n_columns=2, static=[1]).roles
    X = Windows(hidden, walk.starts, 5, static, names=["noise", "walk"])
    with pytest.raises(ValueError, match=r"y 'walk\(t\+1\)' does not lie on a line of feature 'noise' 1 row later"):
        small(window_scaler="last").fit(X, pd.Series(y, name="walk(t+1)"))
    with pytest.raises(ValueError, match=r"target_feature='walk', but the features that may hold it are \['noise'\]"):
        small(window_scaler="last", target_feature="walk").fit(X, y)
