"""Windows of panels, whose series come in turn: strides, validation and state."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from known_networks import Remember, constant, numbered, reference, trained_on
from numpy.testing import assert_allclose
from panel_examples import LEVELS, interleaved, panel_of, small, without_keys
from refusal import refused
from sklearn.base import clone

from sklstm import KerasRegressor, LagFramer, LSTMClassifier, TrainingPlan
from sklstm.model_selection import TimeTail

SAME = {"rtol": 1e-4, "atol": 1e-6}


@st.composite
def panels(draw):
    """Windows of one to four series of any length, observed at any times."""
    n_series = draw(st.integers(1, 4))
    times = {
        str(k): np.array(sorted(draw(st.sets(st.integers(0, 25), min_size=1, max_size=25)))) for k in range(n_series)
    }
    rows = {label: np.zeros((len(when), 1)) for label, when in times.items()}
    longest = max(map(len, times.values()))
    return panel_of(rows, draw(st.integers(1, min(5, longest))), times)[0]


def every_nth(groups, stride):
    """Positions of the last sample of each series, and of every so many before it."""
    kept = []
    for label in set(groups.tolist()):
        own = np.flatnonzero(groups == label).tolist()
        kept += own[::-1][::stride]
    return sorted(kept)


# --- every so many samples ------------------------------------------------------------------------


@given(windows=panels(), stride=st.integers(1, 9))
def test_stride_against_a_loop(windows, stride):
    """Of each series the last sample is trained on, and every so many before it; predictions are for all."""
    model = small(training=TrainingPlan(stride=stride))
    assert trained_on(model, windows) == every_nth(windows.groups, stride)
    assert len(model.predict(windows)) == len(windows)


@pytest.mark.parametrize("min_steps", [1, 3])
def test_stride_of_a_series(waves, min_steps):
    """Without a panel all samples are one series; those that are too short are left out."""
    kept = [k for k in range(60) if (59 - k) % 3 == 0 and k + 1 >= min_steps]
    assert trained_on(small(training=TrainingPlan(stride=3, min_steps=min_steps)), waves[0]) == kept


def test_stride_and_validation(waves):
    """Windows that share time steps with validation samples are left out."""
    X, model = waves[0], small(training=TrainingPlan(stride=3), validation=0.2)
    # 2, 5, ... 59 are kept, 50, 53, 56, 59 for validation; 47 shares time steps with 50, and 44 does not.
    assert trained_on(model, X) == list(range(2, 45, 3))
    history = model.set_params(epochs=1, learning_rate=1e-30).fit(X, numbered(X)).history_
    assert_allclose(history["val_loss"], np.mean(np.square([50, 53, 56, 59])), rtol=1e-5)


def test_stride_finds_the_past_of_the_target_between(waves):
    """The row in which y turns up may be one that is not trained on."""
    X, y = waves
    options = {"window_scaler": "last", "target_feature": 0}
    assert_allclose(reference(X, y, training=TrainingPlan(stride=4), **options), reference(X, y, **options), rtol=1e-6)
    X, y = interleaved()
    newest = np.array(X)[:, -1, 1]
    options = {"window_scaler": "last", "target_feature": 1}
    assert_allclose(reference(X, y, training=TrainingPlan(stride=4), validation=0.2, **options), newest, rtol=1e-5)


def test_stride_is_a_number():
    """A stride is at least 1, and KerasRegressor has none."""
    X, y = interleaved()
    assert refused(small(training=TrainingPlan(stride=0)).fit, X, y) == snapshot(
        "The 'stride' parameter of TrainingPlan must be an int in the range [1, inf). Got 0 instead."
    )
    with pytest.raises(TypeError, match="KerasRegressor has no parameter 'stride'"):
        KerasRegressor(stride=2)


@pytest.mark.parametrize("groups", [None, np.repeat(["a", "b", "c"], 10)], ids=["series", "panel"])
def test_stride_makes_subsequences(recwarn, groups):
    """With as large a stride as windows are long, they follow one another: state is carried without a warning."""
    n_steps, series = 5, np.random.default_rng(0).normal(size=(30, 1))
    windows = LagFramer(n_steps).fit_transform(series, groups=groups)
    model = small(stateful=True, training=TrainingPlan(stride=n_steps), batch_size=1).initialize(windows, series[:, 0])
    assert not [str(told.message) for told in recwarn if "overlap" in str(told.message)]
    with pytest.warns(UserWarning, match="got windows that overlap"):
        model.predict(windows)


# --- validation -----------------------------------------------------------------------------------


def rows_of(windows, sample):
    """Rows of the buffer that a sample sees."""
    return set(range(windows.starts[sample], windows.starts[sample] + windows.n_timesteps))


@pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")
@given(
    windows=panels(),
    fraction=st.floats(0.05, 0.6),
    gap=st.none() | st.integers(0, 4),
    ahead=st.sampled_from([0, 3]),
    stride=st.integers(1, 3),
)
def test_validation_against_a_loop(windows, fraction, gap, ahead, stride):
    """The last times of all series are for validation; training samples share no rows or targets with them."""
    kept = every_nth(windows.groups, stride)
    times = windows.times
    n_validation = max(1, round(fraction * len(kept)))
    cut = sorted(times[kept].tolist())[-n_validation]
    validation = [k for k in kept if times[k] >= cut]
    earlier = [k for k in kept if times[k] < cut]
    if gap is None:
        seen = set().union(*(rows_of(windows, k) for k in validation))
        training = [k for k in earlier if not seen & rows_of(windows, k)]
        rank = {k: (windows.groups[: k + 1] == windows.groups[k]).sum() for k in range(len(windows))}
        training = [
            k
            for k in training
            if all(rank[k] + ahead < rank[v] for v in validation if windows.groups[v] == windows.groups[k])
        ]
    else:
        before = sorted({time for time in times.tolist() if time < cut})
        training = [k for k in earlier if times[k] in before[: max(0, len(before) - gap)]]
    model = small(
        architecture=constant,
        target_scaler=Remember(),
        validation=TimeTail(fraction, gap=gap),
        training=TrainingPlan(stride=stride),
        epochs=1,
        learning_rate=1e-30,
    )
    y = numbered(windows, ahead)
    if not training:
        assert "leaves nothing to train on: of " in refused(model.fit, windows, y)
        return
    model.fit(windows, y)
    assert model.target_scaler_.seen_.tolist() == training
    # The network says 0.
    assert_allclose(model.history_["loss"], np.mean(np.square(training)), rtol=1e-5)
    assert_allclose(model.history_["val_loss"], np.mean(np.square(validation)), rtol=1e-5)


def test_all_series_take_part():
    """Each of several series has training samples, in any order of the rows."""
    X, _ = interleaved()
    for order in (np.arange(len(X)), np.argsort(X.starts)):
        windows = X[order]
        training = np.array(trained_on(small(validation=0.2), windows))
        for label in LEVELS:
            assert windows.times[training[windows.groups[training] == label]].tolist() == list(range(21))


def test_targets_further_ahead_are_left_out():
    """Samples whose targets reach into the validation samples are left out."""
    X, _ = interleaved(n_steps=2)
    assert X.times[trained_on(small(validation=0.2), X, ahead=4)].max() == 19


def test_nothing_left_to_train_on():
    """Validation samples that leave no training samples raise an error."""
    X, y = interleaved(n_steps=12, n_times=12)
    assert refused(small(validation=0.25).fit, X, y) == snapshot(
        "LSTMRegressor(validation=0.25) leaves nothing to train on: of 36 samples 9 are for validation, the last ones in time of all series, and the 27 before them are left out, as samples that share time steps would be. Lower it, pass more samples, or TimeTail(fraction, gap=0) if samples share nothing."
    )
    assert len(trained_on(small(validation=TimeTail(0.25, gap=0)), X)) == 27


def test_a_class_of_the_last_times_only():
    """A class of validation samples only raises an error, also where rows come series by series."""
    X, _ = interleaved()
    X = X[np.argsort(X.starts)]
    y = np.where(X.times > 25, "late", np.where(X.times % 2, "odd", "even"))
    model = LSTMClassifier(2, epochs=1, random_state=0, validation=0.2)
    with pytest.raises(ValueError, match="they hold a class that no sample to train on is of: 'late'"):
        model.fit(X, y)
    y = np.where(X.times % 2, "odd", "even")
    assert model.initialize(X, y).classes_.tolist() == ["even", "odd"]


def test_keras_regressor_splits_alike():
    """KerasRegressor splits panels as LSTMRegressor does."""
    X, _ = interleaved()
    model = KerasRegressor(constant, target_scaler=Remember(), validation_split=0.2).initialize(X, numbered(X))
    assert model.target_scaler_.seen_.tolist() == trained_on(small(validation=0.2), X)


# --- state ----------------------------------------------------------------------------------------


def of_one_step():
    """Interleaved rows of three series, a window each."""
    X, y = interleaved(n_steps=1, n_times=9, levels={"a": 0.0, "b": 1.0, "c": -1.0})
    return X, y


def test_each_series_carries_its_own_state():
    """Windows of a panel are predicted as each series alone, in one call or in several."""
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


def test_states_of_series_that_come_and_go():
    """A series goes on from its own last state after calls without it, and a new one starts from zero."""
    X, y = of_one_step()
    model = small().fit(X, y).set_params(stateful=True)
    together = model.predict(X)
    model.reset_states()
    late, predicted = np.arange(len(X)) >= 12, np.empty(len(together))
    for part in (
        (X.groups == "a") & ~late,
        (X.groups != "a") & ~late,
        (X.groups != "b") & late,
        (X.groups == "b") & late,
    ):
        predicted[part] = model.predict(X[part])
    assert_allclose(predicted, together, **SAME)


def test_groups_that_are_given_come_first():
    """The argument groups overrides the groups of the windows."""
    X, y = of_one_step()
    model = small().fit(X, y).set_params(stateful=True)
    one = model.predict(X, groups=np.zeros(len(X)))
    assert_allclose(model.reset_states().predict(without_keys(X)), one, **SAME)
    assert not np.allclose(model.reset_states().predict(X), one)


def test_streams_run_through_one_series_after_the_other():
    """Stateful training takes interleaved series one after the other, each from a zero state."""
    X, y = of_one_step()
    by_series = np.argsort(X.starts)
    model = small(stateful=True, batch_size=3)
    expected = clone(model).fit(without_keys(X)[by_series], y[by_series], groups=X.groups[by_series])
    for one, other in zip(model.fit(X, y).network_.weights, expected.network_.weights, strict=True):
        assert_allclose(one, other, **SAME)


def test_a_classifier_carries_the_state_of_each_series():
    """A classifier carries the state of each series."""
    X, y = of_one_step()
    model = LSTMClassifier(2, epochs=1, random_state=0).fit(X, y > 0).set_params(stateful=True)
    together = model.predict_proba(X)
    own = X.groups == "b"
    assert_allclose(together[own], model.reset_states().predict_proba(without_keys(X[own])), **SAME)
