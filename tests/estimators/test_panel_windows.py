"""What the estimators do with windows of panels: several series whose rows come in turn."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from panel_examples import LEVELS, interleaved, panel_of, small, without_keys
from refusal import refused
from sklearn.base import clone

from sklstm import KerasRegressor, LSTMClassifier
from sklstm._windows import frame
from sklstm.estimators._panel_samples import every_nth, split_panel_tail

SAME = {"rtol": 1e-4, "atol": 1e-6}


@st.composite
def panels(draw):
    """Windows of one to four series of any length, observed at any times."""
    n_series, n_steps = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    times = {
        str(k): np.array(sorted(draw(st.sets(st.integers(0, 25), min_size=1, max_size=25)))) for k in range(n_series)
    }
    rows = {label: np.zeros((len(when), 1)) for label, when in times.items()}
    return panel_of(rows, n_steps, times)[0]


# --- every so many samples ------------------------------------------------------------------------


@given(windows=panels(), stride=st.integers(1, 9))
def test_stride_against_a_loop(windows, stride):
    """Of each series the last sample, and every so many before it."""
    kept = []
    for label in set(windows.groups.tolist()):
        own = np.flatnonzero(windows.groups == label).tolist()
        kept += own[::-1][::stride]
    assert every_nth(len(windows), stride, windows.groups).tolist() == sorted(kept)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("min_steps", [1, 3])
def test_trains_on_every_so_many_windows(waves, stride, min_steps):
    """What is learned is what those samples alone would teach; predictions are for all."""
    X, y = waves
    model = small(stride=stride, min_steps=min_steps, target_scaler="standard").fit(X, y)
    kept = np.array([k for k in range(60) if (59 - k) % stride == 0 and k + 1 >= min_steps])
    alone = small().fit(np.array(X)[kept], y[kept])
    assert_allclose(model.predict(X), alone.predict(X), rtol=1e-6)
    assert model.predict(X).shape == y.shape


def test_stride_of_each_series():
    """In a panel each series has its own."""
    X, y = interleaved()
    kept = np.sort(np.concatenate([np.flatnonzero(X.groups == label)[::-1][::4] for label in LEVELS]))
    assert_allclose(small(stride=4).fit(X, y).predict(X), small().fit(X[kept], y[kept]).predict(X), rtol=1e-6)


def test_stride_and_validation(waves):
    """The windows that are left out before those that are watched are those that share time steps with them."""
    X, y = waves
    model = small(stride=3, validation_fraction=0.2, target_scaler=None, epochs=1, batch_size=99, shuffle=False)
    # 2, 5, ... 59 are kept: 50, 53, 56, 59 are watched; 47 shares time steps with 50, and 44 does not.
    history = model.fit(X, y).history_
    for rows, trained, watched in ((44, True, False), (47, False, False), (50, False, True), (58, False, False)):
        changed = y.copy()
        changed[rows] += 9
        again = clone(model).fit(X, changed).history_
        assert (again["loss"] != history["loss"]) == trained
        if not trained:
            assert (again["val_loss"] != history["val_loss"]) == watched


@pytest.mark.parametrize(
    "params", [{"window_scaler": "standard"}, {"relative_to": "last"}, {"linear_skip": True}], ids=str
)
def test_stride_finds_the_past_of_the_target_between(waves, params):
    """The row in which y turns up may be one that is not trained on."""
    X, y = waves
    assert small(stride=4, **params).fit(X, y)._pasts == small(**params).fit(X, y)._pasts
    X, y = interleaved()
    (past,) = small(stride=4, validation_fraction=0.2, **params).fit(X, y)._pasts
    assert past[:2] == (1, 1)


def test_stride_is_a_number():
    """Strides begin at one, and estimators for any network have none."""
    X, y = interleaved()
    assert "'stride' parameter of LSTMRegressor must be an int in the range [1, inf)" in refused(
        small(stride=0).fit, X, y
    )
    assert "KerasRegressor has no parameter 'stride'" in refused(KerasRegressor, stride=2, error=TypeError)


@pytest.mark.parametrize("groups", [None, np.repeat(["a", "b", "c"], 10)], ids=["series", "panel"])
def test_stride_makes_subsequences(recwarn, groups):
    """With as large a stride as windows are long, they follow one another: state is carried without a warning."""
    n_steps, series = 5, np.random.default_rng(0).normal(size=(30, 1))
    windows = frame(series, n_steps, [] if groups is None else [10, 20])
    windows.groups = groups
    model = small(stateful=True, stride=n_steps, batch_size=1, shuffle=False)
    model.fit(windows, series[:, 0])
    assert not [str(told.message) for told in recwarn if "overlap" in str(told.message)]
    with pytest.warns(UserWarning, match="got windows that overlap"):
        model.predict(windows)


# --- validation -----------------------------------------------------------------------------------


def rows_of(windows, sample):
    """Rows of the buffer that a sample sees."""
    return set(range(windows.starts[sample], windows.starts[sample] + windows.n_timesteps))


@given(
    windows=panels(),
    fraction=st.floats(0.05, 0.6),
    gap=st.none() | st.integers(0, 4),
    ahead=st.integers(0, 5),
    stride=st.integers(1, 3),
)
def test_nothing_that_is_watched_is_trained_on(windows, fraction, gap, ahead, stride):
    """The last times of all series are watched, and no row of theirs, nor target, is trained on; all else is."""
    kept = every_nth(len(windows), stride, windows.groups)
    times = windows.times
    n_validation = max(1, round(fraction * len(kept)))
    cut = sorted(times[kept].tolist())[-n_validation]
    expected = [k for k in kept if times[k] >= cut]
    earlier = [k for k in kept if times[k] < cut]
    if gap is None:
        seen = set().union(*(rows_of(windows, k) for k in expected))
        training = [k for k in earlier if not seen & rows_of(windows, k)]
        rank = {k: (windows.groups[: k + 1] == windows.groups[k]).sum() for k in range(len(windows))}
        training = [
            k
            for k in training
            if all(rank[k] + ahead < rank[v] for v in expected if windows.groups[v] == windows.groups[k])
        ]
    else:
        before = sorted({time for time in times.tolist() if time < cut})
        training = [k for k in earlier if times[k] in before[: max(0, len(before) - gap)]]
    if not training:
        message = refused(split_panel_tail, windows, kept, fraction, gap=gap, ahead=ahead, who="Somebody")
        assert message.startswith("Somebody leaves nothing to train on: of ")
        return
    found = split_panel_tail(windows, kept, fraction, gap=gap, ahead=ahead, who="Somebody")
    assert [part.tolist() for part in found] == [training, expected]
    if gap is None:
        assert not set().union(*(rows_of(windows, k) for k in training)) & seen


def test_all_series_take_part():
    """Of series that are observed at the same times, each is trained on and watched, in one order or another."""
    X, _ = interleaved()
    for order in (np.arange(len(X)), np.argsort(X.starts)):
        windows = X[order]
        training, validation = split_panel_tail(windows, np.arange(len(X)), 0.2, gap=None, ahead=0, who="Somebody")
        for part, when in ((training, range(21)), (validation, range(24, 30))):
            for label in LEVELS:
                assert windows.times[part[windows.groups[part] == label]].tolist() == list(when)


@pytest.mark.parametrize(("gap", "left_out"), [(None, [21, 22, 23]), (0, []), (5, [19, 20, 21, 22, 23])])
def test_fit_watches_the_last_times(gap, left_out):
    """Targets of the times between move neither weights nor what is watched."""
    X, y = interleaved()
    model = small(validation_fraction=0.2, validation_gap=gap, target_scaler=None, epochs=1, batch_size=99)
    history = model.fit(X, y).history_
    for time in (18, 19, 21, 23, 24, 29):
        changed = y + 9 * (X.times == time)
        again = clone(model).fit(X, changed).history_
        assert (again["loss"] != history["loss"]) == (time < 24 and time not in left_out)
        if time >= 24 or time in left_out:
            assert (again["val_loss"] != history["val_loss"]) == (time >= 24)


def test_targets_further_ahead_are_left_out():
    """Targets that reach into what is watched are not trained on."""
    X, y = interleaved(n_steps=2)
    ahead = np.zeros((len(y), 5))
    model = small(validation_fraction=0.2, target_scaler=None, epochs=1, batch_size=99, shuffle=False)
    loss = model.fit(X, ahead).history_["loss"]
    for time, trained in ((19, True), (20, False)):
        again = clone(model).fit(X, ahead + (X.times == time)[:, None])
        assert (again.history_["loss"] != loss) == trained


def test_nothing_left_to_train_on_is_refused():
    """Short series that are watched to their end leave nothing."""
    X, y = interleaved(n_steps=12, n_times=12)
    assert refused(small(validation_fraction=0.25).fit, X, y) == snapshot(
        "LSTMRegressor(validation_fraction=0.25) leaves nothing to train on: of 36 samples 9 are for validation, the "
        "last ones in time of all series, and the 27 before them are left out, as samples that share time steps would "
        "be. Lower it, pass more samples, or validation_gap=0 if samples share nothing."
    )
    assert "val_loss" in small(validation_fraction=0.25, validation_gap=0).fit(X, y).history_


def test_a_class_of_the_last_times_only_is_refused():
    """A classifier watches no class that it does not train on, also where rows come series by series."""
    X, _ = interleaved()
    X = X[np.argsort(X.starts)]
    y = np.where(X.times > 25, "late", np.where(X.times % 2, "odd", "even"))
    model = LSTMClassifier(2, epochs=1, random_state=0, validation_fraction=0.2)
    assert "they hold a class that no sample to train on is of: 'late'." in refused(model.fit, X, y)
    y = np.where(X.times % 2, "odd", "even")
    assert "val_loss" in model.fit(X, y).history_


def test_any_network_watches_the_last_times():
    """Estimators for any network split panels alike."""
    import keras

    def build(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))

    X, y = interleaved()
    full = X.times >= 3
    X, y = X[full], y[full]
    model = KerasRegressor(build, validation_split=0.2, random_state=0, target_scaler="standard")
    changed = y + 9 * (X.times > 21)
    weights = [clone(model).fit(X, target).network_.weights for target in (y, changed)]
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))


# --- state ----------------------------------------------------------------------------------------


def of_one_step():
    """Interleaved rows of three series, a window each."""
    X, y = interleaved(n_steps=1, n_times=9, levels={"a": 0.0, "b": 1.0, "c": -1.0})
    return X, y


def test_each_series_carries_its_own_state():
    """Windows that tell series apart are predicted as each series alone, in one call or in several."""
    X, y = of_one_step()
    model = small().fit(X, y).set_params(stateful=True)
    together = model.predict(X)
    for label in "abc":
        own = X.groups == label
        assert_allclose(together[own], model.reset_states().predict(without_keys(X[own])), **SAME)
    model.reset_states()
    parts = [model.predict(X[first : first + 7]) for first in range(0, len(X), 7)]
    assert_allclose(np.concatenate(parts), together, **SAME)
    again = pickle.loads(pickle.dumps(model.reset_states()))
    again.predict(X[:13])
    assert_allclose(pickle.loads(pickle.dumps(again)).predict(X[13:]), together[13:], **SAME)


def test_groups_that_are_given_come_first():
    """Groups beside X say otherwise than the windows do."""
    X, y = of_one_step()
    model = small().fit(X, y).set_params(stateful=True)
    one = model.predict(X, groups=np.zeros(len(X)))
    assert_allclose(model.reset_states().predict(without_keys(X)), one, **SAME)
    assert not np.allclose(model.reset_states().predict(X), one)


def test_streams_run_through_one_series_after_the_other():
    """In fit, interleaved series are learned as series by series, each from zero."""
    X, y = of_one_step()
    by_series = np.argsort(X.starts)
    model = small(stateful=True, batch_size=3)
    expected = clone(model).fit(without_keys(X)[by_series], y[by_series], groups=X.groups[by_series])
    for one, other in zip(model.fit(X, y).network_.weights, expected.network_.weights, strict=True):
        assert_allclose(one, other, **SAME)


def test_a_classifier_carries_the_state_of_each_series():
    """The same for labels."""
    X, y = of_one_step()
    model = LSTMClassifier(2, epochs=1, random_state=0).fit(X, y > 0).set_params(stateful=True)
    together = model.predict_proba(X)
    own = X.groups == "b"
    assert_allclose(together[own], model.reset_states().predict_proba(without_keys(X[own])), **SAME)
