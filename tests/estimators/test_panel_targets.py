"""Targets of panels: the own past and the scale of each series."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from known_networks import reference
from numpy.testing import assert_allclose, assert_array_equal
from panel_examples import LEVELS, N_TIMES, interleaved, panel_of, small, walks, without_keys
from refusal import refused
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from sklstm import TrainingPlan, Windows

# --- the target's own past ------------------------------------------------------------------------


@given(
    order=st.randoms(), slope=st.floats(0.1, 9), offset=st.floats(-50, 50), lengths=st.tuples(*[st.integers(3, 20)] * 4)
)
def test_past_is_looked_for_along_each_series(order, slope, offset, lengths):
    """Whatever the order of the rows, and however short each series, the last value is found in the units of y."""
    rng = np.random.default_rng(0)
    whole = {str(k): rng.normal(size=(length + 1, 2)) + 100 * k for k, length in enumerate(lengths)}
    last = np.concatenate([values[:-1, 1] for values in whole.values()])
    series = {label: (rows[:-1] - offset) / slope for label, rows in whole.items()}
    X, rows = panel_of(series, 3, {label: np.arange(len(values)) for label, values in series.items()})
    y = np.concatenate([values[1:, 1] for values in whole.values()])[rows]
    if sum(lengths) - 4 < 10:
        return
    mixed = np.array(order.sample(range(len(y)), len(y)))
    predicted = reference(X[mixed], y[mixed], window_scaler="last", target_feature="feature_1")
    assert_allclose(predicted, last[rows][mixed], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    "params",
    [{"window_scaler": "standard"}, {"window_scaler": "last"}, {"linear_skip": True}, {"window_scaler": 3}],
    ids=str,
)
def test_rows_may_come_in_turn(params):
    """The order of interleaved rows does not matter, and predictions are near the level of each series."""
    X, y = interleaved()
    by_series = np.argsort(X.starts)
    model = small(training=TrainingPlan(shuffle=False), batch_size=len(X), **params)
    # A linear path begins with weights of 0.
    learn = "fit" if "linear_skip" in params else "initialize"
    one, other = (getattr(clone(model), learn)(*data) for data in ((X, y), (X[by_series], y[by_series])))
    assert_allclose(one.predict(X)[by_series], other.predict(X[by_series]), rtol=1e-4)
    assert_allclose(one.predict(without_keys(X)), one.predict(X))
    if "linear_skip" not in params:
        assert np.abs(one.predict(X) - y).max() < 20


def test_series_that_are_scaled_by_themselves_have_no_past_in_common():
    """Series that are each scaled by themselves have no line from X to y in common, which raises an error."""
    series, following = walks()
    scaled = {label: StandardScaler().fit_transform(rows) for label, rows in series.items()}
    X, order = panel_of(scaled, 4, {label: np.arange(N_TIMES) for label in series})
    y = np.concatenate(list(following.values()))[order]
    assert refused(small(window_scaler="last", target_groups=False).fit, X, y) == snapshot(
        "LSTMRegressor(window_scaler='last') needs the target's own past, but y does not lie on a line of feature 'feature_1' at any of 1 to 400 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), all series scaled alike (SeriesScaler without group), say by target_feature which feature holds the past, or pass target_groups=True for series that are scaled each by itself, or pass window_scaler=None."
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
    """Differences from the value one step before are learned in the units of X, which has one scale for all series."""
    X, y = scaled_by_series()
    last = np.asarray(interleaved()[0])[:, -1, 1]
    spread = {label: rows[:, 1].std() for label, rows in walks()[0].items()}
    units = np.array([spread[label] for label in X.groups])
    # Windows that begin before their series are trained on where y is not relative to them.
    plan = TrainingPlan(min_steps=1)
    relative = small(target_groups=True, window_scaler=1, training=plan).fit(X, y)
    differences = small().fit(X, (y - last) / units)
    assert_allclose(relative.predict(X), differences.predict(X) * units + last, rtol=1e-4)
    assert_array_equal(pickle.loads(pickle.dumps(relative)).predict(X), relative.predict(X))


OWN_PAST = [
    {"window_scaler": "last"},
    {"window_scaler": 3},
    {"window_scaler": "mean"},
    {"window_scaler": "standard"},
    {"window_scaler": "standard", "target_scaler": None},
    {"window_scaler": "standard", "linear_skip": True},
    {"window_scaler": 3, "linear_skip": True},
]


@pytest.mark.parametrize(
    ("architecture", "options"),
    [("vanilla", OWN_PAST), ("encoder_decoder", OWN_PAST[1::3])],
    ids=["vanilla", "decoder"],
)
def test_units_of_a_series_do_not_matter(architecture, options):
    """Where each series is scaled by itself, predictions follow the units of y of each series."""
    X, y = scaled_by_series()
    X, y = X[X.times >= 3], y[X.times >= 3]
    other = np.where(X.groups == "b", 1000 * y + 5, y)
    for params in options:
        model = small(target_groups=True, architecture=architecture, **params)
        # Only a linear path needs training: it begins with weights of 0.
        learn = "fit" if "linear_skip" in params else "initialize"
        predicted, changed = (getattr(clone(model), learn)(X, target).predict(X) for target in (y, other))
        assert_allclose(changed, np.where(X.groups == "b", 1000 * predicted + 5, predicted), rtol=1e-4, atol=1e-3)
        assert np.abs(predicted - y).max() < 30


def test_a_line_of_one_series_is_none_of_all():
    """The line of a long series is not taken for that of a short one."""
    rng = np.random.default_rng(0)
    whole = {label: rng.normal(size=(n + 1, 1)).cumsum(axis=0) for label, n in (("a", 400), ("b", 20))}
    whole["b"] = 50 + 9 * whole["b"]
    scaled = {label: StandardScaler().fit_transform(rows[:-1]) for label, rows in whole.items()}
    X, order = panel_of(scaled, 2, {label: np.arange(len(rows)) for label, rows in scaled.items()})
    y = np.concatenate([rows[1:, 0] for rows in whole.values()])[order]
    with pytest.raises(
        ValueError, match="y does not lie on a line of feature 'feature_0' at any of 1 to 400 rows later"
    ):
        small(window_scaler="last", target_feature="auto", target_groups=False).fit(X, y)
    last = np.concatenate([rows[:-1, 0] for rows in whole.values()])[order]
    model = small(target_groups=True, window_scaler="last", target_feature="auto").initialize(X, y)
    of_b = X.groups == "b"
    assert np.abs(model.predict(X) - last)[of_b].max() < 3 * np.abs(y - last)[of_b].max()


def test_series_whose_units_are_not_known():
    """A constant series keeps its level, a series of two samples has the usual slope; a new one raises an error."""
    X, y = scaled_by_series(constant=["b"])
    model = small(target_groups=True, window_scaler="last").initialize(X, y)
    assert_allclose(model.predict(X)[X.groups == "b"], 7, atol=0.1)
    X, y = scaled_by_series()
    few = (X.groups != "c") | (X.times < 2)
    short = small(target_groups=True, window_scaler="last").initialize(X[few], y[few])
    of_c = (X.groups == "c") & few
    assert_allclose(short.predict(X[of_c]), y[of_c], atol=2 * np.std(y[X.groups == "c"]))
    model.initialize(X[X.groups != "c"], y[X.groups != "c"])
    assert refused(model.predict, X) == snapshot(
        "LSTMRegressor(target_groups=True) reads off y in which units each series comes that was scaled by itself, got "
        "series 'c', which was not in fit. Fit on it, too, or scale all series alike (SeriesScaler without group)."
    )


# --- targets of each series -----------------------------------------------------------------------


@pytest.mark.parametrize("scaler", ["minmax", StandardScaler()], ids=str)
def test_target_is_scaled_for_each_series(scaler):
    """Each series' y has its own scale: what is learned, and predicted, is that of series scaled beforehand."""
    X, y = interleaved()
    model = small(target_scaler=scaler, target_groups=True).fit(X, y)
    beforehand, scalers = np.empty(len(y)), {}
    for label in LEVELS:
        own = X.groups == label
        scalers[label] = small(target_scaler=scaler).initialize(X[own], y[own]).target_scaler_
        beforehand[own] = scalers[label].transform(y[own, None])[:, 0]
    alike = small(target_scaler=None).fit(X, beforehand).predict(X)
    predicted = model.predict(X)
    for label in LEVELS:
        own = X.groups == label
        assert_allclose(predicted[own], scalers[label].inverse_transform(alike[own, None])[:, 0], rtol=1e-5)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


def test_a_series_that_was_not_seen_has_the_scale_of_all():
    """A new series is scaled by the coefficients of all samples."""
    X, y = interleaved()
    model = small(target_groups=True).initialize(X, y)
    pooled = small().initialize(X, y).target_scaler_
    probe = np.array([[7.0], [700.0]])
    assert_allclose(model.target_scaler_.transform(probe, groups=["new", "new"]), pooled.transform(probe))
    new = Windows(X.buffer, X.starts, X.n_timesteps, times=X.times, groups=np.full(len(X), "new"))
    of_a = X.groups == "a"
    own = model.target_scaler_.transform(model.predict(X)[of_a, None], groups=X.groups[of_a])
    of_all = pooled.transform(model.predict(new)[of_a, None])
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
    model = small(architecture=architecture, target_groups=True).initialize(X, several)
    predicted = model.predict(X)
    assert predicted.shape == several.shape
    for label in LEVELS:
        own = X.groups == label
        assert np.abs(predicted[own] - several[own]).mean() < 20


def test_scale_of_each_series_is_learned_from_what_is_trained_on():
    """Validation targets change no scale; a series without training samples has the scale of all."""
    X, y = interleaved()
    X = X[(X.groups != "c") | (X.times >= 24)]
    y = y[(interleaved()[0].groups != "c") | (interleaved()[0].times >= 24)]
    model = small(target_groups=True, validation=0.2)
    changed = y + 50 * (X.times >= 25)
    assert_array_equal(model.initialize(X, y).predict(X), clone(model).initialize(X, changed).predict(X))
    assert model.target_scaler_.groups_.tolist() == ["a", "b"]


def test_scales_of_series_are_kept():
    """Further training keeps the scales; without target_groups, series change nothing."""
    X, y = interleaved()
    model = small(target_groups=True).partial_fit(X, y)
    scalers = model.target_scaler_
    assert model.partial_fit(X, y + 100).target_scaler_ is scalers
    with pytest.raises(ValueError, match="target_groups was True when it was built, and is False"):
        model.set_params(target_groups=False, warm_start=True).fit(X, y)
    assert small(target_groups=True, target_scaler=None).initialize(X, y).target_scaler_ is None
    assert_array_equal(small().initialize(X, y).predict(X), small().initialize(without_keys(X), y).predict(X))


def test_with_the_own_past_of_each_series():
    """Differences from the last value have one scale for all series."""
    X, y = interleaved()
    model = small(target_groups=True, window_scaler="last", training=TrainingPlan(min_steps=1)).initialize(X, y)
    changes = y - np.asarray(X)[:, -1, 1]
    assert_allclose(
        model.target_scaler_.inverse_transform([[0.0], [1.0]])[:, 0], [changes.mean(), changes.mean() + changes.std()]
    )


def test_windows_without_series():
    """X without series raises an error in fit and in predict."""
    X, y = interleaved()
    message = snapshot(
        "LSTMRegressor scales y for each series by itself (target_groups), but X does not tell which one a sample is of. Put LagFramer(group=...) right before it, or pass target_groups=False."
    )
    model = small(target_groups=True)
    assert refused(model.fit, without_keys(X), y) == message
    assert refused(model.initialize(X, y).predict, np.asarray(X)) == message
