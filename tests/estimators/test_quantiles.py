"""Quantiles of y: near the true ones, in the units of y, in order, whatever else is asked for."""

import pickle

import keras
import numpy as np
import pytest
from conftest import run_fresh
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import missing_method, refused
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.preprocessing import FunctionTransformer

from sklstm import LagFramer, LSTMRegressor, SeriesScaler, TrainingPlan, Windows
from sklstm.forecasting import coverage_score, pinball_loss

LEVELS = [0.1, 0.5, 0.9]
# Of a standard normal variable.
NORMAL = np.array([-1.2815516, 0.0, 1.2815516])
N_TIMESTEPS = 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, N_TIMESTEPS, 2))
Y = 100 + 20 * RNG.normal(size=(40, N_TIMESTEPS, 2))


def small(**params):
    return LSTMRegressor(**({"units": 2, "epochs": 1, "quantiles": LEVELS, "random_state": 0} | params))


# --- what is learned ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def noisy():
    """A model of windows whose last value is the size of the noise of y, and held-out windows."""
    rng = np.random.default_rng(0)
    windows = rng.uniform(size=(2500, 3, 1))
    spread = 1 + 4 * windows[:, -1, 0]
    y = 10 + spread + spread * rng.normal(size=len(spread))
    model = LSTMRegressor(8, epochs=25, batch_size=64, learning_rate=0.01, quantiles=LEVELS, random_state=0)
    model.fit(windows[:1500], y[:1500])
    return model, windows[1500:], y[1500:], (10 + spread + spread * NORMAL[:, None]).T[1500:]


def test_true_quantiles_are_found(noisy):
    """Where noise grows with a feature, the quantiles spread with it, and lie near those that the noise has."""
    model, windows, _, true = noisy
    assert model.training_path_ == "xla"
    predicted = model.predict_quantiles(windows)
    spread = true[:, 1] - 10
    assert (np.abs(predicted - true).mean(axis=0) < [0.25 * spread.mean()] * 3).all()
    width = predicted[:, 2] - predicted[:, 0]
    assert np.corrcoef(width, spread)[0, 1] > 0.95


def test_coverage_of_what_was_held_out(noisy):
    """Between 0.1 and 0.9 lie 80 % of values that were not fitted; the loss is near that of the true quantiles."""
    model, windows, y, true = noisy
    predicted = model.predict_quantiles(windows)
    assert 0.75 < coverage_score(y, predicted[:, 0], predicted[:, 2]) < 0.85
    assert pinball_loss(y, predicted, quantiles=LEVELS) < 1.03 * pinball_loss(y, true, quantiles=LEVELS)


def test_history_is_the_pinball_loss_of_the_scaled_target():
    """What is minimised, of all quantiles together, on the scale that the network sees, before they are in order."""
    model = small(epochs=2, learning_rate=1e-30).fit(X, Y[:, 0])
    raw = model.model_(X.astype(np.float32)).numpy().reshape(40, 2, 3)
    expected = pinball_loss(model.target_scaler_.transform(Y[:, 0]), raw, quantiles=LEVELS)
    assert_allclose(model.history_["loss"], expected, rtol=1e-4)


def test_as_keras_fits_it():
    """The losses are those of Keras' own fit with a naive pinball loss."""
    model = small(epochs=5, batch_size=4, training=TrainingPlan(shuffle=False)).fit(X, Y[:, 0])
    network = small(epochs=1, batch_size=4).initialize(X, Y[:, 0]).model_
    targets = np.repeat(model.target_scaler_.transform(Y[:, 0]), 3, axis=1).astype(np.float32)

    def naive(y_true, y_pred):
        levels = np.array([0.1, 0.5, 0.9, 0.1, 0.5, 0.9], np.float32)
        missed = y_true - y_pred
        return keras.ops.mean(keras.ops.where(missed > 0, levels * missed, (levels - 1) * missed), axis=-1)

    network.compile("adam", naive, jit_compile=False)
    history = network.fit(X.astype(np.float32), targets, batch_size=4, epochs=5, shuffle=False, verbose=0).history
    assert_allclose(model.history_["loss"], history["loss"], rtol=1e-3)


# --- shapes and units -----------------------------------------------------------------------------

SHAPES = {
    "vanilla": [(), (1,), (3, 2)],
    "stacked": [(2,)],
    "bidirectional": [()],
    "cnn_lstm": [(2,)],
    "lstm_fcn": [(2,)],
    "encoder_decoder": [(), (3, 2)],
    "many_to_many": [(4,), (4, 2)],
}


@pytest.mark.parametrize(
    ("architecture", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes], ids=str
)
def test_shapes(architecture, shape):
    """Quantiles are a last axis behind those of y; predict returns the median in the shape of y."""
    y = Y.reshape(40, -1)[:, : int(np.prod(shape))].reshape(40, *shape).astype(np.float32)
    model = small(architecture=architecture).initialize(X, y)
    quantiles, predicted = model.predict_quantiles(X), model.predict(X)
    assert quantiles.shape == (*y.shape, 3)
    assert predicted.shape == y.shape
    assert quantiles.dtype == predicted.dtype == np.float32
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert_array_equal(predicted, quantiles[..., 1])
    assert model.n_outputs_ == int(np.prod(shape))
    assert_array_equal(model.quantiles_, LEVELS)
    assert model.model_.output_shape[-1] == 3 * int(np.prod(y.shape[2 if "_to_" in architecture else 1 :])) or (
        architecture == "encoder_decoder"
    )


def test_time_steps_that_were_not_observed():
    """With an output for each time step, y is NaN where X was not observed."""
    gaps, y = X.copy(), Y[:, :, 0].copy()
    gaps[:9, :2], y[:9, :2] = np.nan, np.nan
    model = small(architecture="many_to_many").fit(gaps, y)
    assert model.predict_quantiles(gaps).shape == (40, 4, 3)


@given(
    levels=st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True),
    seed=st.integers(0, 99),
    size=st.floats(1e-3, 1e3),
)
@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
def test_quantiles_do_not_cross(levels, seed, size):
    """Outputs of an untrained network are sorted, in units of any size; predict returns the one next to the median."""
    levels = np.sort(levels) / 100
    y = size * Y[:, 0]
    model = small(quantiles=levels, random_state=seed).initialize(X, y)
    quantiles = model.predict_quantiles(5 * X)
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    # All quantiles of the first value, then those of the second.
    raw = model.model_((5 * X).astype(np.float32)).numpy().reshape(40, 2, -1)
    assert_allclose(quantiles, y.mean(axis=0)[:, None] + np.sort(raw) * y.std(axis=0)[:, None], rtol=1e-4)
    nearest = min(range(len(levels)), key=lambda k: round(abs(levels[k] - 0.5), 9))
    assert_array_equal(model.predict(5 * X), quantiles[..., nearest])


@pytest.mark.parametrize(
    ("levels", "nearest"), [([0.5], 0), ([0.1, 0.9], 0), ([0.2, 0.6, 0.9], 1), ([0.05, 0.3, 0.45, 0.55], 2)], ids=str
)
def test_predict_gives_the_quantile_nearest_to_the_median(levels, nearest):
    """Without a median, predict returns the quantile nearest to it; of two as near, the lower one."""
    model = small(quantiles=levels).initialize(X, Y[:, 0])
    assert_array_equal(model.predict(X), model.predict_quantiles(X)[..., nearest])
    assert model.score(X, Y[:, 0]) == r2_score(Y[:, 0], model.predict(X))


def test_the_scaler_sees_each_value_once():
    """A coefficient for each column of y is one, however many quantiles there are."""
    scaler = SeriesScaler("standard", coefficients={"mean": [90.0, 110.0], "std": [20.0, 20.0]})
    quantiles = small(target_scaler=scaler).initialize(X, Y[:, 0]).predict_quantiles(X)
    assert_allclose(np.median(quantiles, axis=(0, 2)), [90, 110], atol=15)


@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust"])
def test_units_do_not_matter(scaler):
    """Quantiles follow the units of y."""
    model = small(target_scaler=scaler)
    one = model.initialize(X, Y[:, 0]).predict_quantiles(X)
    other = clone(model).initialize(X, 1000 * Y[:, 0] - 5).predict_quantiles(X)
    assert_allclose(other, 1000 * one - 5, rtol=1e-4)


# --- the target's own past ------------------------------------------------------------------------


def walk(n_rows=60):
    """Windows of two random walks with a trend, and the next two values of the first."""
    series = np.random.default_rng(1).normal(1, 1, size=(n_rows + 2, 2)).cumsum(axis=0)
    y = np.stack([series[1 : n_rows + 1, 0], series[2 : n_rows + 2, 0]], axis=1)
    return Windows.from_array(LagFramer(N_TIMESTEPS).fit_transform(series[:n_rows])[3:]), y[3:]


@pytest.mark.parametrize(("architecture", "horizons"), [("vanilla", 1), ("encoder_decoder", 2)])
def test_relative_to_the_last_value(architecture, horizons):
    """Quantiles relative to the last value are those of the differences, plus the last value."""
    windows, y = walk()
    y = y[:, 0] if horizons == 1 else y
    last = np.asarray(windows)[:, -1, 0].reshape(-1, *(1,) * (y.ndim - 1))
    model = small(architecture=architecture, window_scaler=None, linear_skip=False)
    relative = (
        clone(model).set_params(window_scaler=1, target_feature=0).initialize(windows, y).predict_quantiles(windows)
    )
    differences = model.initialize(windows, y - last).predict_quantiles(windows)
    assert_allclose(relative, differences + last[..., None], rtol=1e-4)


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_windows_of_their_own_scale(method):
    """Quantiles of windows far above those of fit are as far above."""
    windows, y = walk()
    model = small(window_scaler=method, target_feature=0).initialize(windows, y)
    shift = np.array([500.0, 0.0])
    moved = model.predict_quantiles(windows.over(windows.buffer + shift))
    assert_allclose(moved, model.predict_quantiles(windows) + 500, rtol=1e-4)
    assert moved.shape == (57, 2, 3)


def test_a_linear_path_for_each_quantile():
    """Each quantile of each output has its own weights of the same past."""
    windows, y = walk()
    model = small(linear_skip=True, target_feature=0, epochs=3).fit(windows, y)
    weights = model.model_.get_layer("linear_path_0").get_weights()[0].T
    assert weights.shape == (6, 4)
    assert len(np.unique(weights.round(6), axis=0)) == 6
    by_step = small(linear_skip=True, target_feature=0, architecture="encoder_decoder").initialize(windows, y)
    assert by_step.predict_quantiles(windows).shape == (57, 2, 3)


def test_a_scale_for_each_series():
    """Quantiles are in the units of the scale of their series."""
    groups = np.repeat(["low", "high"], 20)
    windows = LagFramer(3).fit_transform(X[:, 0], groups=groups)
    y = Y[:, 0, 0] + 1e4 * (groups == "high")
    quantiles = small(target_groups=True).initialize(windows, y).predict_quantiles(windows)
    assert np.abs(quantiles - y[:, None]).max() < 500


# --- further training, search, weights ------------------------------------------------------------


def test_going_on():
    """Further training keeps the quantiles of the network; other quantiles raise an error."""
    model = small().partial_fit(X, Y[:, 0]).partial_fit(X, Y[:, 0])
    assert model.n_iter_ == 2
    model.set_params(warm_start=True).fit(X, Y[:, 0])
    assert model.n_iter_ == 3
    predicted = model.predict_quantiles(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_quantiles(X), predicted)
    model.set_params(quantiles=[0.5])
    assert_array_equal(model.predict_quantiles(X), predicted)
    with pytest.raises(ValueError, match=r"quantiles was \[0.1, 0.5, 0.9\] when it was built, and is \[0.5\]"):
        model.fit(X, Y[:, 0])
    assert clone(model).initialize(X, Y[:, 0]).predict_quantiles(X).shape == (40, 2, 1)
    assert model.set_params(quantiles=None, warm_start=False).initialize(X, Y[:, 0]).quantiles_ is None


def test_search():
    """A grid search takes quantiles as a parameter, and any scoring."""
    grid = {"quantiles": [None, tuple(LEVELS)]}
    search = GridSearchCV(small(), grid, cv=TimeSeriesSplit(2), scoring="neg_mean_absolute_error", error_score="raise")
    assert search.fit(X, Y[:, 0]).cv_results_["mean_test_score"].shape == (2,)


def test_sample_weight():
    """Samples of weight 0 do not count."""
    weights = np.r_[np.ones(32), np.zeros(8)]
    model = small(training=TrainingPlan(shuffle=False), target_scaler=None)
    other = np.where(weights[:, None] > 0, Y[:, 0], -1e3)
    one, two = (clone(model).fit(X, y, sample_weight=weights) for y in (Y[:, 0], other))
    assert_array_equal(one.predict_quantiles(X), two.predict_quantiles(X))


@pytest.mark.parametrize("params", [{"stateful": True}, {"training": TrainingPlan(tbptt=(2, 4))}], ids=str)
def test_by_keras_own_fit(params):
    """Stateful and truncated training learn quantiles."""
    model = small(**params).fit(X, Y[:, 0])
    assert model.training_path_ == "keras"
    first = model.predict_quantiles(X)
    assert first.shape == (40, 2, 3)
    if params.get("stateful"):
        assert not np.array_equal(model.predict_quantiles(X), first)
        assert_array_equal(model.reset_states().predict_quantiles(X, groups=np.zeros(40)), first)


@pytest.mark.slow
def test_the_model_loads_without_sklstm(tmp_path):
    """The model, and what a callback saves of it, load in a process without sklstm."""
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "checkpoint.keras")
    model = small(callbacks=checkpoint).fit(X, Y[:, 0])
    model.model_.save(tmp_path / "model.keras")
    expected = float(model.model_(X.astype(np.float32)).numpy().sum())
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    sums = run_fresh(f"""
        import sys
        sys.modules["sklstm"] = None
        import keras, numpy as np
        X = np.load(r"{tmp_path / "X.npy"}")
        plain = keras.saving.load_model(r"{tmp_path / "model.keras"}")
        saved = keras.saving.load_model(r"{tmp_path / "checkpoint.keras"}", compile=False)
        print(float(plain.predict_on_batch(X).sum()), float(saved.predict_on_batch(X).sum()))
    """)
    assert_allclose(np.array(sums.split(), dtype=float), expected, rtol=1e-4)


def own_network(meta, size=None):
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.LSTM(2)(keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs))
    return keras.Model(inputs, keras.layers.Dense(size or meta["n_outputs_"])(state))


def one_unit_short(meta):
    return own_network(meta, size=meta["n_outputs_"] - 1)


def test_custom_network():
    """A custom network has an output for each quantile of each value."""
    assert small(architecture=own_network).initialize(X, Y[:, 0]).predict_quantiles(X).shape == (40, 2, 3)
    assert refused(small(architecture=one_unit_short).fit, X, Y[:, 0]) == snapshot(
        "LSTMRegressor: y of shape (40, 2) needs a network with outputs of shape (n_samples, 6), got one of shape "
        "(n_samples, 5). Give its last layer as many units as y has values for each sample, times 3 quantiles."
    )


# --- errors ---------------------------------------------------------------------------------------


def test_levels_are_between_0_and_1_and_ascending():
    """Other levels raise an error."""
    wrong = [[0.0, 0.5], [0.5, 1.0], [0.9, 0.1], [0.5, 0.5], [], [[0.1, 0.5]], [0.1, float("nan")], ["a"]]
    messages = [refused(small(quantiles=levels).fit, X, Y[:, 0]) for levels in wrong]
    assert messages[0] == snapshot(
        "LSTMRegressor expects quantiles strictly between 0 and 1, ascending, each once, like [0.1, 0.5, 0.9]; got "
        "quantiles=[0.0, 0.5]."
    )
    assert [message.rpartition("=")[2] for message in messages] == [f"{levels!r}." for levels in wrong]


def test_one_level_is_a_list_of_one():
    """A number in place of a list of levels raises an error."""
    assert refused(small(quantiles=0.5).fit, X, Y[:, 0]) == snapshot(
        "The 'quantiles' parameter of LSTMRegressor must be an array-like or None. Got 0.5 instead."
    )


def test_a_loss_beside_quantiles():
    """Quantiles exclude another loss."""
    assert refused(small(loss="mae").fit, X, Y[:, 0]) == snapshot(
        "LSTMRegressor(quantiles=[0.1, 0.5, 0.9]) is trained on the pinball loss of these quantiles, got loss='mae'. "
        "Leave loss out, or quantiles."
    )


def test_quantiles_that_were_not_asked_for():
    """Without the parameter quantiles there is no predict_quantiles, and before fit it raises an error."""
    model = small().initialize(X, Y[:, 0])
    assert hasattr(model.set_params(quantiles=None), "predict_quantiles")
    assert not hasattr(small(quantiles=None), "predict_quantiles")
    assert missing_method(model.initialize(X, Y[:, 0]), "predict_quantiles") == snapshot(
        "LSTMRegressor(quantiles=None) predicts one number for each value of y, got a call of predict_quantiles. Pass "
        "quantiles=[0.1, 0.5, 0.9], or others, and fit again."
    )
    assert refused(small().predict_quantiles, X, error=NotFittedError) == snapshot(
        "This LSTMRegressor instance is not fitted yet. Call 'fit' with appropriate arguments before using this "
        "estimator."
    )
    assert not hasattr(small(), "quantiles_")


def test_target_scalers_that_do_not_keep_the_order():
    """A target scaler that turns or mixes the outputs raises an error, as its 0.1 quantile is not that of y."""
    for scaler in (FunctionTransformer(np.negative, np.negative), PCA()):
        small(target_scaler=scaler, quantiles=None).initialize(X, Y[:, 0])
        with pytest.raises(ValueError, match=f"The target scaler {type(scaler).__name__} does not keep the order of y"):
            small(target_scaler=scaler).initialize(X, Y[:, 0])
    assert refused(small(target_scaler=PCA()).initialize, X, Y[:, 0]) == snapshot(
        "The target scaler PCA does not keep the order of y, so that quantiles of what it makes are none of y. Pass "
        "one that scales each output by itself and upwards, or target_scaler=None."
    )
    small(target_scaler=FunctionTransformer(np.log, np.exp)).initialize(X, np.abs(Y[:, 0]))
