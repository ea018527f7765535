"""What the estimators do with windows of panels: several series whose rows come in turn."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from sklstm import KerasRegressor, LSTMClassifier, LSTMRegressor, Windows
from sklstm._windows import frame
from sklstm.estimators._own_past import find_own_past
from sklstm.estimators._panel_samples import every_nth, split_panel_tail

LEVELS = {"a": 10.0, "b": 500.0, "c": -3000.0}
N_TIMES = 30
SAME = {"rtol": 1e-4, "atol": 1e-6}


def panel_of(series, n_steps, times):
    """Windows of several series, a dict of tables, whose rows come in the order of their times, (dict of arrays)."""
    labels = np.repeat(np.array(list(series)), [len(rows) for rows in series.values()])
    starts = np.cumsum([len(rows) for rows in series.values()])[:-1]
    windows = frame(np.concatenate(list(series.values())), n_steps, starts)
    when = np.concatenate([times[label] for label in series])
    order = np.argsort(when, kind="stable")
    return Windows(windows.buffer, windows.starts[order], n_steps, times=when[order], groups=labels[order]), order


def walks(n_times=N_TIMES, levels=LEVELS):
    """Three series of different levels, two features each, and the next value of the second."""
    rng = np.random.default_rng(0)
    whole = {label: level + rng.normal(size=(n_times + 1, 2)).cumsum(axis=0) for label, level in levels.items()}
    X = {label: rows[:-1] for label, rows in whole.items()}
    return X, {label: rows[1:, 1] for label, rows in whole.items()}


def interleaved(n_steps=4, n_times=N_TIMES, levels=LEVELS):
    series, following = walks(n_times, levels)
    X, order = panel_of(series, n_steps, {label: np.arange(n_times) for label in series})
    return X, np.concatenate(list(following.values()))[order]


def without_keys(windows):
    """The same windows, of which nothing is known."""
    return Windows(windows.buffer, windows.starts, windows.n_timesteps)


def small(**params):
    return LSTMRegressor(**({"units": 2, "epochs": 2, "random_state": 0} | params))


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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=200, deadline=None)
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
    assert refused(small(validation_fraction=0.25).fit, X, y) == (
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


# --- the target's own past ------------------------------------------------------------------------


@given(
    order=st.randoms(), slope=st.floats(0.1, 9), offset=st.floats(-50, 50), lengths=st.tuples(*[st.integers(3, 20)] * 4)
)
@settings(max_examples=60, deadline=None)
def test_past_is_looked_for_along_each_series(order, slope, offset, lengths):
    """Whatever the order of the rows, and however short each series, feature, horizon and units are found."""
    rng = np.random.default_rng(0)
    whole = {str(k): rng.normal(size=(length + 1, 2)) + 100 * k for k, length in enumerate(lengths)}
    series = {label: (rows[:-1] - offset) / slope for label, rows in whole.items()}
    X, rows = panel_of(series, 3, {label: np.arange(len(values)) for label, values in series.items()})
    y = np.concatenate([values[1:, 1] for values in whole.values()])[rows]
    if sum(lengths) - 4 < 10:
        return
    mixed = np.array(order.sample(range(len(y)), len(y)))
    (past,) = find_own_past("Somebody", X[mixed], y[mixed, None], remedy="do without")
    assert past[:2] == (1, 1)
    assert_allclose([past.slope, past.offset], [slope, offset], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "params",
    [{"window_scaler": "standard"}, {"relative_to": "last"}, {"linear_skip": True}, {"relative_to": 3}],
    ids=str,
)
def test_rows_may_come_in_turn(params):
    """Interleaved rows are learned from as those of one series after another are."""
    X, y = interleaved()
    by_series = np.argsort(X.starts)
    model = small(shuffle=False, batch_size=len(X), **params)
    one, other = clone(model).fit(X, y), clone(model).fit(X[by_series], y[by_series])
    (past,) = one._pasts
    assert past[:2] == (1, 1)
    assert_allclose([past.slope, past.offset], [1, 0], atol=1e-6)
    assert_allclose(one.predict(X)[by_series], other.predict(X[by_series]), rtol=1e-4)
    assert_allclose(one.predict(without_keys(X)), one.predict(X))


@pytest.mark.parametrize("params", [{"window_scaler": "standard"}, {"relative_to": "last"}], ids=str)
def test_levels_of_series_are_followed(params):
    """Series of very different levels are forecast near their own last values."""
    X, y = interleaved()
    predicted = small(units=4, epochs=20, learning_rate=0.02, **params).fit(X, y).predict(X)
    for label in LEVELS:
        own = X.groups == label
        assert np.abs(predicted[own] - y[own]).mean() < 5


def test_series_that_are_scaled_by_themselves_have_no_past_in_common():
    """Where each series is scaled in its own way, no line leads from X to y; the message says so."""
    series, following = walks()
    scaled = {label: StandardScaler().fit_transform(rows) for label, rows in series.items()}
    X, order = panel_of(scaled, 4, {label: np.arange(N_TIMES) for label in series})
    y = np.concatenate(list(following.values()))[order]
    assert refused(small(relative_to="last").fit, X, y) == (
        "LSTMRegressor(relative_to='last') needs the target's own past, but no feature of X holds the past of y: in no "
        "column do the values of y turn up in later rows, scaled or not. Add the target's series to X, in time order "
        "(TimeSeriesSplit, shuffle=False), all series scaled alike (SeriesScaler without group), or pass "
        "target_groups=True for series that are scaled each by itself, or pass relative_to=None."
    )


def scaled_by_series(constant=()):
    """As `interleaved`, each series of X standardised by itself; some of them never change."""
    series, following = walks()
    for label in constant:
        series[label][:], following[label][:] = 7.0, 7.0
    scaled = {label: StandardScaler().fit_transform(rows) for label, rows in series.items()}
    X, order = panel_of(scaled, 4, {label: np.arange(N_TIMES) for label in series})
    return X, np.concatenate(list(following.values()))[order]


def test_the_past_of_each_series_in_its_own_units():
    """With a scale of y for each series, differences from the last value are those in the units of y."""
    X, y = scaled_by_series()
    last = np.asarray(interleaved()[0])[:, -1, 1]
    relative = small(target_groups=True, relative_to="last").fit(X, y)
    differences = small(target_groups=True).fit(X, y - last)
    assert_allclose(relative.predict(X), differences.predict(X) + last, rtol=1e-5)
    assert_array_equal(pickle.loads(pickle.dumps(relative)).predict(X), relative.predict(X))


OWN_PAST = [
    {"relative_to": "last"},
    {"relative_to": 3},
    {"linear_skip": True},
    {"window_scaler": "last"},
    {"window_scaler": "mean"},
    {"window_scaler": "standard"},
    {"window_scaler": "standard", "relative_to": "last", "linear_skip": True},
]


@pytest.mark.parametrize("params", OWN_PAST, ids=str)
@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder"])
def test_units_of_a_series_do_not_matter(architecture, params):
    """Where each series is scaled by itself, y in other units is forecast in these, and nothing else changes."""
    X, y = scaled_by_series()
    X, y = X[X.times >= 3], y[X.times >= 3]
    model = small(target_groups=True, architecture=architecture, **params)
    other = np.where(X.groups == "b", 1000 * y + 5, y)
    predicted, changed = model.fit(X, y).predict(X), clone(model).fit(X, other).predict(X)
    assert_allclose(changed, np.where(X.groups == "b", 1000 * predicted + 5, predicted), rtol=1e-4, atol=1e-3)
    assert np.abs(predicted - y).max() < 30


def test_a_line_of_one_series_is_none_of_all():
    """One series may be so long that the others count for little: its line is not taken for theirs."""
    rng = np.random.default_rng(0)
    whole = {label: rng.normal(size=(n + 1, 1)).cumsum(axis=0) for label, n in (("a", 400), ("b", 20))}
    whole["b"] = 50 + 9 * whole["b"]
    scaled = {label: StandardScaler().fit_transform(rows[:-1]) for label, rows in whole.items()}
    X, order = panel_of(scaled, 2, {label: np.arange(len(rows)) for label, rows in scaled.items()})
    y = np.concatenate([rows[1:, 0] for rows in whole.values()])[order]
    assert "no feature of X holds the past of y" in refused(small(relative_to="last").fit, X, y)
    last = np.concatenate([rows[:-1, 0] for rows in whole.values()])[order]
    model = small(target_groups=True, relative_to="last", learning_rate=1e-30).fit(X, y)
    of_b = X.groups == "b"
    assert np.abs(model.predict(X) - last)[of_b].max() < 3 * np.abs(y - last)[of_b].max()


def test_series_whose_units_are_not_known():
    """A series that is constant has the level that it has; one of two samples, or not in fit, is refused."""
    X, y = scaled_by_series(constant=["b"])
    model = small(target_groups=True, relative_to="last", epochs=1).fit(X, y)
    assert_allclose(model.predict(X)[X.groups == "b"], 7, atol=0.1)
    X, y = scaled_by_series()
    few = (X.groups != "c") | (X.times < 2)
    assert refused(small(target_groups=True, relative_to="last").fit, X[few], y[few]) == (
        "LSTMRegressor(relative_to='last') needs the target's own past, and feature 1 of X, which holds it for the "
        "longest series, does not for series 'c', of 2 samples: no line leads from there to y. Pass at least 4 samples "
        "of each series, in time order, or pass relative_to=None."
    )
    model.fit(X[X.groups != "c"], y[X.groups != "c"])
    assert refused(model.predict, X) == (
        "LSTMRegressor(target_groups=True) reads off y in which units each series comes that was scaled by itself, got "
        "series 'c', which was not in fit. Fit on it, too, or scale all series alike (SeriesScaler without group)."
    )


# --- targets of each series -----------------------------------------------------------------------


@pytest.mark.parametrize("scaler", ["standard", "minmax", StandardScaler()], ids=str)
def test_target_is_scaled_for_each_series(scaler):
    """Each series' y has its own scale: what is learned, and predicted, is that of series scaled beforehand."""
    X, y = interleaved()
    model = small(target_scaler=scaler, target_groups=True).fit(X, y)
    assert list(model.target_scaler_) == [None, *LEVELS]
    beforehand, scalers = np.empty(len(y)), {}
    for label in LEVELS:
        own = X.groups == label
        one = small(target_scaler=scaler, epochs=1).fit(X[own], y[own])
        scalers[label] = one.target_scaler_
        beforehand[own] = scalers[label].transform(y[own, None])[:, 0]
    alike = small(target_scaler=None).fit(X, beforehand).predict(X)
    predicted = model.predict(X)
    for label in LEVELS:
        own = X.groups == label
        assert_allclose(predicted[own], scalers[label].inverse_transform(alike[own, None])[:, 0], rtol=1e-5)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


def test_a_series_that_was_not_seen_has_the_scale_of_all():
    """Its predictions are those of the scaler under None, which is fitted on all samples."""
    X, y = interleaved()
    model = small(target_groups=True).fit(X, y)
    pooled = small().fit(X, y).target_scaler_
    probe = np.array([[7.0], [700.0]])
    assert_allclose(model.target_scaler_[None].transform(probe), pooled.transform(probe))
    new = Windows(X.buffer, X.starts, X.n_timesteps, times=X.times, groups=np.full(len(X), "new"))
    own = model.target_scaler_["a"].transform(model.predict(X)[X.groups == "a", None])
    of_all = pooled.transform(model.predict(new)[X.groups == "a", None])
    assert_allclose(own, of_all, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "shape"),
    [("vanilla", (1,)), ("vanilla", (3,)), ("encoder_decoder", (3, 2)), ("many_to_many", (4,))],
    ids=str,
)
def test_targets_of_any_shape(architecture, shape):
    """Each output has a scale for each series, and what comes back is near the level of its series."""
    X, y = interleaved()
    X, y = X[X.times >= 3], y[X.times >= 3]
    several = y.reshape(-1, *(1,) * len(shape)) + np.zeros(shape)
    model = small(architecture=architecture, target_groups=True).fit(X, several)
    predicted = model.predict(X)
    assert predicted.shape == several.shape
    for label in LEVELS:
        own = X.groups == label
        assert np.abs(predicted[own] - several[own]).mean() < 20


def test_scale_of_each_series_is_learned_from_what_is_trained_on():
    """Targets that are watched move no scale; a series of which nothing is trained on has that of all."""
    X, y = interleaved()
    X = X[(X.groups != "c") | (X.times >= 24)]
    y = y[(interleaved()[0].groups != "c") | (interleaved()[0].times >= 24)]
    model = small(target_groups=True, validation_fraction=0.2)
    changed = y + 50 * (X.times >= 25)
    assert_array_equal(model.fit(X, y).predict(X), clone(model).fit(X, changed).predict(X))
    assert list(model.target_scaler_) == [None, "a", "b"]


def test_scales_of_series_are_kept():
    """partial_fit and warm_start go on with the scales that there are, and without the option nothing changes."""
    X, y = interleaved()
    model = small(target_groups=True).partial_fit(X, y)
    scalers = model.target_scaler_
    assert model.partial_fit(X, y + 100).target_scaler_ is scalers
    assert "target_groups was True when it was built, and is False" in refused(
        model.set_params(target_groups=False, warm_start=True).fit, X, y
    )
    assert small(target_groups=True, target_scaler=None).fit(X, y).target_scaler_ is None
    assert_array_equal(small().fit(X, y).predict(X), small().fit(without_keys(X), y).predict(X))


def test_with_the_own_past_of_each_series():
    """Differences from the last value are scaled for each series by itself."""
    X, y = interleaved()
    model = small(target_groups=True, relative_to="last").fit(X, y)
    last = np.asarray(X)[:, -1, 1]
    for label in LEVELS:
        own = X.groups == label
        mean = (y - last)[own].mean()
        assert_allclose(model.target_scaler_[label].transform([[mean]]), 0, atol=1e-9)


def test_windows_without_series_are_refused():
    """Which series a sample is of must come with X, in fit and in predict."""
    X, y = interleaved()
    message = (
        "LSTMRegressor(target_groups=True) scales y for each series by itself, but X does not tell which one a sample "
        "is of. Put LagFramer(group=...) right before it, or pass target_groups=False."
    )
    model = small(target_groups=True)
    assert refused(model.fit, without_keys(X), y) == message
    assert refused(model.fit(X, y).predict, np.asarray(X)) == message


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
