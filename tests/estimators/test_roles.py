"""Features that are static, or known ahead: what the estimators learn from them, and what they ask of X."""

import pickle

import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sklstm import KerasRegressor, LSTMClassifier, LSTMRegressor, SequencePadder, To3D, Windows
from sklstm._windows import Roles
from sklstm.estimators._window_scaler import WindowScaler
from sklstm.networks import vanilla
from sklstm.training import _paths

ALL = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "encoder_decoder", "many_to_many")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def windows(X, static=(), future=()):
    framed = Windows.from_array(np.ascontiguousarray(X))
    return Windows(framed.buffer, framed.starts, framed.n_timesteps, Roles(static, future))


# A feature that changes, one that does not within a sample, and what is known of two steps ahead.
X = np.concatenate([normal(300, 5, 1), np.repeat(normal(300, 1, 1, seed=1), 5, axis=1), normal(300, 5, 2, seed=2)], -1)
PLAIN, LAST, FIXED, AHEAD = X[:, :, [0]], X[:, -1, 0], X[:, -1, 1], X[:, -1, 2:]
KNOWN = windows(X, static=(1,), future=((2,), (3,)))


def small(**params):
    return LSTMRegressor(**({"units": 3, "filters": 2, "epochs": 2, "random_state": 0} | params))


def learned(architecture, X, y):
    """R squared on samples that were held back."""
    model = LSTMRegressor(12, architecture=architecture, epochs=40, learning_rate=0.03, random_state=0)
    return model.fit(X[:220], y[:220]).score(X[220:], y[220:])


# --- what is learned ------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder", "many_to_many"])
def test_a_static_feature_that_is_a_factor(architecture):
    """A target that is the last value times the static one is learned with it."""
    by_step = X[:, :, 0] * X[:, :, 1]
    y = by_step if architecture == "many_to_many" else by_step[:, -1]
    assert learned(architecture, windows(X[:, :, :2], static=(1,)), y) > 0.9


@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder"])
def test_what_is_known_ahead(architecture):
    """Targets of two steps ahead that need what is known of each are learned with it."""
    y = AHEAD + LAST[:, None]
    assert learned(architecture, windows(X[:, :, [0, 2, 3]], future=((1,), (2,))), y) > 0.95


def test_without_them():
    """Neither target can be learned from the feature that changes alone."""
    assert learned("vanilla", PLAIN, LAST * FIXED) < 0.2
    assert learned("vanilla", PLAIN, AHEAD + LAST[:, None]) < 0.7


def test_classes():
    """Labels follow from what is known, too."""
    y = np.where(FIXED + LAST > 0, "up", "down")
    model = LSTMClassifier(4, epochs=40, learning_rate=0.03, random_state=0).fit(KNOWN[:220], y[:220])
    assert model.score(KNOWN[220:], y[220:]) > 0.9


# --- ways of computing ----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder", "many_to_many"])
def test_ways_of_computing_agree(architecture, monkeypatch):
    """Compiled by XLA, by TensorFlow, or by Keras' own fit: the losses are the same."""
    y = X[:, :, 0] if architecture == "many_to_many" else AHEAD
    model = small(architecture=architecture, epochs=14, batch_size=16, shuffle=False)
    fits = [clone(model).fit(KNOWN[:144], y[:144])]
    monkeypatch.setattr(_paths, "LONG", 10**9)
    fits.append(clone(model).fit(KNOWN[:144], y[:144]))
    monkeypatch.setattr(_paths, "_has_a_plain_step", lambda network: False)
    fits.append(clone(model).fit(KNOWN[:144], y[:144]))
    assert [fitted.training_path_ for fitted in fits] == ["xla", "graph", "keras"]
    for fitted in fits[1:]:
        assert_allclose(fitted.history_["loss"], fits[0].history_["loss"], rtol=1e-3)


def test_stateful_and_truncated():
    """State is carried past what is known: one sample after the other is predicted as all of their time steps."""
    series = windows(np.concatenate([normal(40, 1, 1), normal(40, 1, 2, seed=1)], axis=-1), static=(1,), future=((2,),))
    y = series.buffer.sum(axis=1)
    model = small(stateful=True, batch_size=4).fit(series, y)
    whole = small(architecture="vanilla").initialize(series, y)
    assert_array_equal(model.predict(series), model.reset_states().predict(series))
    model.network_ = whole.network_
    joined = windows(series.buffer[None, :7], static=(1,), future=((2,),))
    carried = model.reset_states().predict(series[:7])[-1]
    assert_allclose(carried, model.set_params(stateful=False).predict(joined)[0], rtol=1e-5)
    assert np.isfinite(small(tbptt=(2, 3)).fit(KNOWN, LAST).predict(KNOWN)).all()


# --- contracts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ALL)
def test_pickle_and_clone(architecture):
    """Fitted with roles, an estimator pickles, and asks a clone and a copy for the same ones."""
    y = X[:, :, 0] if architecture == "many_to_many" else AHEAD
    model = small(architecture=architecture).fit(KNOWN[:40], y[:40])
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(KNOWN[:9]), model.predict(KNOWN[:9]))
    assert_array_equal(clone(model).fit(KNOWN[:40], y[:40]).predict(KNOWN[:9]), model.predict(KNOWN[:9]))
    assert refused(copy.predict, X[:9]) == refused(model.predict, X[:9])


def test_pipeline_and_search():
    """Roles travel with windows through a stock Pipeline, and through the folds of a search."""
    pipe = make_pipeline(SequencePadder(), To3D(), small())
    search = GridSearchCV(pipe, {"lstmregressor__units": [2, 3]}, cv=KFold(2)).fit(KNOWN[:60], LAST[:60])
    assert search.best_estimator_[-1].n_features_in_ == 4
    assert refused(search.predict, X[:9]).startswith("LSTMRegressor was fitted on windows with static features [1]")
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_builders_of_ones_own():
    """A builder is told of roles by `meta`, and of none where there are none."""
    seen = []

    def build(meta):
        seen.append({name: meta[name] for name in ("static_", "future_") if name in meta})
        return vanilla(meta, units=2)

    for estimator in (small(architecture=build), KerasRegressor(build)):
        for given in (KNOWN[:40], PLAIN[:40]):
            estimator.fit(given, LAST[:40])
    assert seen == [{"static_": (1,), "future_": ((2,), (3,))}, {}] * 2


def test_goes_on_with_the_same_roles():
    """warm_start and partial_fit go on with the roles that there are, and with no others."""
    model = small(warm_start=True).fit(KNOWN[:40], LAST[:40]).fit(KNOWN[:40], LAST[:40])
    assert model.n_iter_ == 4
    message = refused(model.predict, X[:9])
    assert refused(model.fit, X[:40], LAST[:40]) == refused(model.partial_fit, X[:40], LAST[:40]) == message


# --- X --------------------------------------------------------------------------------------------


def test_other_roles():
    """Features must mean the same in predict as in fit."""
    model, simple = small().initialize(KNOWN, LAST), small().initialize(X, LAST)
    expected = (
        "LSTMRegressor was fitted on windows with static features [1] and features that are known ahead, for each step "
        "[2]; [3], got no static features and none that are known ahead. Pass what the LagFramer of fit makes, and as "
        "it is: an array does not say what its features mean."
    )
    assert refused(model.predict, X) == expected
    assert refused(simple.predict, windows(X, static=(1,))) == snapshot(
        "LSTMRegressor was fitted on windows with no static features and none that are known ahead, got static "
        "features [1]. Pass what the LagFramer of fit makes, and as it is: an array does not say what its features "
        "mean."
    )
    keras_regressor = KerasRegressor(vanilla).initialize(KNOWN, LAST)
    assert refused(keras_regressor.predict, X) == expected.replace("LSTMRegressor", "KerasRegressor")


def test_nothing_changes():
    """Features with a role do not tell which time steps were observed, so there must be others."""
    assert refused(small().fit, windows(X[:, :, :2], static=(0, 1)), LAST) == snapshot(
        "LSTMRegressor got windows with static features [0, 1], and no other. Add one that changes from time step to "
        "time step: it tells which time steps were observed."
    )


def test_partly_observed():
    """NaN in a feature with a role is welcome; among the others a time step is observed in all or in none."""
    some = X.copy()
    some[:, :3, 1] = some[4, -1, 2] = some[:, :2, 0] = np.nan
    model = small().fit(windows(some, static=(1,), future=((2,), (3,))), LAST)
    assert np.isfinite(model.predict(windows(some, static=(1,), future=((2,), (3,))))).all()
    assert refused(model.fit, windows(some, static=(2,), future=((3,),)), LAST) == snapshot(
        "LSTMRegressor got a time step with some features missing: sample 0, time step 2, NaN in feature 1. A time "
        "step is either observed in every feature or NaN in all of them: impute first, before the windows are framed."
    )


@pytest.mark.parametrize("position", [0, 1])
def test_samples_with_too_few_time_steps(position):
    """What is static does not make a time step observed, wherever it stands among the features."""
    some = X[:, :, :2] if position == 1 else X[:, :, 1::-1]
    some = some.copy()
    some[:, :3, 1 - position] = np.nan
    given = windows(some, static=(position,))
    assert np.isfinite(small(min_steps=2).fit(given, LAST).predict(given)).all()
    assert refused(small(min_steps=3).fit, given, LAST) == snapshot(
        "LSTMRegressor(min_steps=3) leaves nothing to train on: no sample of X, of shape (300, 5, 2), has so many "
        "observed time steps. Lower min_steps, or pass longer sequences."
    )


# --- the target's own past ------------------------------------------------------------------------


def a_walk(n_samples=80):
    """Windows of a walk, a constant, and the step to come; and the value that it leads to."""
    walk = normal(n_samples + 1, seed=3).cumsum()
    rows = np.stack([walk[:-1], np.full(n_samples, 1e4), walk[1:]], axis=1)
    starts = np.arange(n_samples - 4)
    return Windows(rows, starts, 5, Roles((1,), ((2,),))), walk[5:]


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_window_scaler_leaves_them_alone(method):
    """Levels and spreads are those of the other features; what is known goes to the network as it is."""
    walk, y = a_walk()
    scaler = small(window_scaler=method).fit(walk, y).window_scaler_
    shift, spread = scaler.measure(walk)
    alone, of_its_own = (
        WindowScaler(method).fit(Windows.from_array(walk[:, :, :1])).measure(Windows.from_array(walk[:, :, :1]))
    )
    assert_allclose(shift[:, 0], alone[:, 0])
    assert_allclose(spread[:, 0], of_its_own[:, 0])
    assert_array_equal(shift[:, 1:], 0)
    assert_array_equal(spread[:, 1:], 1)


def test_own_past_is_no_step_ahead():
    """The past of a target is looked for among what has been, not among what has a role."""
    walk, y = a_walk()
    model = small(relative_to="last", linear_skip=True).fit(walk, y)
    assert [past.feature for past in model._pasts] == [0]
    assert np.isfinite(model.predict(walk)).all()
    hidden = np.stack([normal(len(walk.buffer)), walk.buffer[:, 0]], axis=1)
    assert refused(small(relative_to="last").fit, Windows(hidden, walk.starts, 5, Roles((1,))), y) == snapshot(
        "LSTMRegressor(relative_to='last') needs the target's own past, but no feature of X holds the past of y: in no "
        "column do the values of y turn up in later rows, scaled or not. Add the target's series to X, in time order "
        "(TimeSeriesSplit, shuffle=False), or pass relative_to=None."
    )
