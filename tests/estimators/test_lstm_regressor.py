import pickle
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.preprocessing import QuantileTransformer

from sklstm import LagFramer, LSTMRegressor, SeriesScaler


def small(**params):
    return LSTMRegressor(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


@pytest.fixture(scope="module")
def fitted(waves):
    return small().fit(*waves)


# --- predictions ----------------------------------------------------------------------------------


def test_learns_a_wave(waves):
    """Forty epochs are enough to forecast a wave from its past."""
    X, y = waves
    model = LSTMRegressor(8, epochs=40, learning_rate=0.03, random_state=0).fit(X, y)
    assert model.score(X, y) == r2_score(y, model.predict(X)) > 0.9
    assert is_regressor(model)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_have_the_shape_and_precision_of_y(waves, dtype):
    """Predictions have the number of axes and the dtype of y."""
    X, y = waves
    y = y.astype(dtype)
    assert small().fit(X, y).predict(X).shape == (60,)
    predicted = small().fit(X, np.stack([y, 2 * y], axis=1)).predict(X)
    assert predicted.shape == (60, 2)
    assert predicted.dtype == dtype
    assert small().fit(X, y[:, None]).predict(X).shape == (60, 1)


def test_two_dimensions_are_time_steps_of_one_feature(waves):
    """The columns of 2D X are the time steps of one feature."""
    X, y = waves
    flat, deep = X[:, :, 0], X[:, :, :1]
    assert_array_equal(small().fit(flat, y).predict(flat), small().fit(deep, y).predict(deep))


def test_lag_columns_are_read_by_their_names(waves):
    """A table of lags, in any order of columns, gives the predictions of the windows it was made of."""
    _, y = waves
    series = pd.DataFrame({"a": np.arange(60.0), "b": y})
    table = LagFramer(n_steps=4, flatten=True).fit_transform(series)
    windows = LagFramer(n_steps=4).fit_transform(series)
    expected = small().fit(windows, y).predict(windows)
    newest_first = table.columns[[6, 7, 4, 5, 2, 3, 0, 1]]
    for columns in (table.columns, newest_first):
        assert_allclose(small().fit(table[columns], y).predict(table[columns]), expected, rtol=1e-6)


def test_columns_that_are_no_lags(waves):
    """A table whose columns do not look like lags is read as time steps, with a warning."""
    _, y = waves
    with pytest.warns(UserWarning, match="for time steps of one feature") as warned:
        small().fit(pd.DataFrame({"rain": y, "wind": y}), y)
    assert str(warned[0].message) == snapshot(
        "LSTMRegressor takes the 2 columns of X (rain, wind) for time steps of one feature. If they are features of a series, put LagFramer before it; if they are features at one time step, To3D(n_steps=1)."
    )
    assert warned[0].filename == __file__


def test_first_prediction_after_unpickling_in_threads(fitted, waves):
    """Several threads can make the first prediction of an unpickled estimator at once."""
    X, _ = waves
    again = pickle.loads(pickle.dumps(fitted))
    with ThreadPoolExecutor(4) as threads:
        for predicted in threads.map(lambda _: again.predict(X), range(8)):
            assert_array_equal(predicted, fitted.predict(X))


def test_memory_layout_does_not_matter(waves):
    """Overlapping views and a contiguous copy give the same bits."""
    X, y = waves
    assert_array_equal(small().fit(X, y).predict(X), small().fit(X.copy(), y).predict(X.copy()))


# --- time steps that were not observed ------------------------------------------------------------


def test_time_steps_that_were_not_observed_are_masked_exactly(fitted, waves):
    """NaN time steps before, between or after the observed ones change no prediction."""
    X, _ = waves
    full = np.array(X[-5:])
    expected = fitted.predict(full)
    nothing = np.full((5, 1, 2), np.nan)
    for cut in range(7):
        padded = np.concatenate([full[:, :cut], nothing, nothing, full[:, cut:]], axis=1)
        assert_allclose(fitted.predict(padded), expected, rtol=1e-6)


def test_masked_windows_equal_a_keras_lstm_on_what_was_observed(fitted, waves):
    """A window with NaN gives the output of keras.layers.LSTM for the observed time steps alone."""
    X, _ = waves
    weights = fitted.model_.get_weights()
    plain = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])
    plain.set_weights(weights)
    for sample in range(6):
        observed = np.array(X[sample])[~np.isnan(X[sample]).any(axis=1)]
        outputs = plain(observed[None].astype(np.float32)).numpy()
        expected = fitted.target_scaler_.inverse_transform(outputs.astype(float))
        assert_allclose(fitted.predict(X[sample : sample + 1]), expected[:, 0], rtol=1e-5)


# --- scaling --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "linear_skip"), [("last", False), ("mean", True), ("standard", True)])
@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
def test_window_scaler_follows_the_level(waves, method, linear_skip):
    """With window_scaler, a shift of X shifts the predictions by the same amount."""
    X, y = waves
    X, y = np.array(X[6:]), y[6:]
    model = small(window_scaler=method, linear_skip=linear_skip, target_feature=0).fit(X, y)
    assert_allclose(model.predict(X + 1000), model.predict(X) + 1000, atol=1e-2)
    if method == "standard":
        assert_allclose(model.predict(50 * X), 50 * model.predict(X), rtol=1e-3)


@pytest.mark.parametrize("method", ["last", "mean", "standard"])
def test_window_scaler_sees_through_another_scale(waves, method):
    """window_scaler recovers the scale of the target if X was scaled before."""
    X, y = waves
    expected = small(window_scaler=method, target_feature=0, target_scaler=None).fit(X, y)
    scaled = SeriesScaler().fit_transform(X)
    model = small(window_scaler=method, target_feature=0, target_scaler=None).fit(scaled, y)
    assert_allclose(model.window_scaler_.slope_, np.ptp(np.array(X)[5:, :, 0]), rtol=1e-3)
    if method == "standard":
        assert_allclose(model.predict(scaled), expected.predict(X), rtol=1e-3)


@pytest.mark.parametrize(
    "scaler",
    ["minmax", "standard", "robust", "maxabs", None, SeriesScaler("standard", coefficients={"mean": 10})],
)
def test_target_scalers(waves, scaler):
    """Predictions are in units of y for each target_scaler."""
    X, y = waves
    model = small(target_scaler=scaler, epochs=30, learning_rate=0.05).fit(X, y)
    # y swings by 1 around 10; scaled predictions would be near 0.
    assert np.abs(model.predict(X) - y).mean() < 2


def test_target_scaler_of_scikit_learn(waves):
    """target_scaler takes a scikit-learn transformer, which is cloned before it is fitted."""
    X, y = waves
    given = QuantileTransformer(n_quantiles=10)
    model = small(target_scaler=given).fit(X, y)
    assert hasattr(model.target_scaler_, "quantiles_")
    assert not hasattr(given, "quantiles_")
    predicted = model.predict(X)
    assert predicted.min() >= y.min()
    assert predicted.max() <= y.max()


def test_parameters_of_the_target_scaler_can_be_tuned():
    """set_params reaches the parameters of a nested target_scaler."""
    model = LSTMRegressor(target_scaler=SeriesScaler()).set_params(target_scaler__method="robust")
    assert model.target_scaler.method == "robust"


def test_linear_skip_learns_what_is_linear():
    """linear_skip learns a linear series that a small LSTM does not learn in a few epochs."""
    noise = np.random.default_rng(0).normal(size=200)
    series = np.zeros(200)
    for t in range(4, 200):
        series[t] = -0.9 * series[t - 4] + noise[t]
    X, y = LagFramer(4).fit_transform(series[:-1, None]), series[1:]
    model = LSTMRegressor(1, epochs=15, window_scaler=None, linear_skip=False, random_state=0).fit(X, y)
    skipping = clone(model).set_params(linear_skip=True).fit(X, y)
    assert skipping.score(X, y) > model.score(X, y) + 0.1
    assert_array_equal(pickle.loads(pickle.dumps(skipping)).predict(X), skipping.predict(X))


def test_linear_skip_needs_the_targets_own_past_and_its_length(waves):
    """linear_skip needs the past of the target in X, and windows of the length of fit."""
    X, y = waves
    model = small(linear_skip=True, target_feature=0).fit(X, y)
    assert refused(model.predict, X[:, 1:]) == snapshot(
        "LSTMRegressor(linear_skip=True) was fitted on windows of 6 time steps, got X of shape (60, 5, 2) (n_samples, "
        "n_timesteps, n_features). A linear path has a weight for each time step: pass windows of that length."
    )
    noise = np.random.default_rng(0).normal(size=60)
    assert refused(model.fit, X, noise) == snapshot(
        "LSTMRegressor(linear_skip=True) needs the target's own past, but y does not lie on a line of feature 0 at any of 1 to 400 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass linear_skip=False."
    )


# --- training -------------------------------------------------------------------------------------


def test_validation_is_the_time_tail(waves):
    """The validation samples are the last ones, and early stopping uses them."""
    X, y = waves
    model = small(epochs=40, validation=0.2, patience=1, learning_rate=0.5).fit(X, y)
    assert set(model.history_) == {"loss", "val_loss"}
    assert model.n_iter_ == len(model.history_["loss"]) < 40
    changed = y.copy()
    # Samples that share time steps with the validation windows are in neither part.
    changed[43:48] += 100
    again = small(epochs=1, target_scaler=None, validation=0.2)
    assert again.fit(X, y).history_ == clone(again).fit(X, changed).history_


def test_validation_samples_do_not_leak(waves):
    """Scalers and weights do not depend on the targets of the validation samples."""
    X, y = waves
    changed = y.copy()
    changed[50:] += 100
    for scalers in ({}, {"window_scaler": "mean", "linear_skip": True, "target_feature": 0}):
        model = small(validation=0.2, **scalers)
        one, other = clone(model).fit(X, y), clone(model).fit(X, changed)
        assert_array_equal(one.predict(X), other.predict(X))
        assert one.history_["val_loss"] != other.history_["val_loss"]


def test_validation_gap_covers_the_horizon(waves):
    """Training targets and validation targets do not overlap."""
    X, y = waves
    ahead = np.lib.stride_tricks.sliding_window_view(y, 9)
    changed = ahead.copy()
    # Of 52 samples the last 10 are for validation; the targets of the 8 before overlap with theirs.
    changed[34:42] += 100
    model = small(validation=0.2)
    assert_array_equal(model.fit(X[:52], ahead).predict(X), clone(model).fit(X[:52], changed).predict(X))


def test_patience_without_validation_samples(waves):
    """Without validation samples early stopping uses the training loss."""
    X, y = waves
    model = small(epochs=60, patience=0, learning_rate=0.9).fit(X, y)
    assert model.n_iter_ < 60


def test_callbacks_are_copied(waves):
    """Fit uses copies of the callbacks, so that the estimator pickles."""
    X, y = waves
    stop_unless_worse = keras.callbacks.EarlyStopping("loss", patience=0, mode="max")
    model = small(epochs=9, callbacks=[stop_unless_worse]).fit(X, y)
    assert model.n_iter_ == 2
    assert stop_unless_worse.model is None
    assert pickle.loads(pickle.dumps(model)).n_iter_ == 2


@pytest.mark.parametrize("optimizer", ["SGD", keras.optimizers.SGD, keras.optimizers.SGD(0.5)])
def test_optimizers(waves, optimizer):
    """Optimizer takes a name, a class or an instance, which is copied; learning_rate overrides its own."""
    X, y = waves
    first = small(optimizer=optimizer, learning_rate=0.1).fit(X, y)
    second = small(optimizer="sgd", learning_rate=0.1).fit(X, y)
    assert_array_equal(first.predict(X), second.predict(X))
    assert_array_equal(clone(first).fit(X, y).predict(X), first.predict(X))


@pytest.mark.parametrize("loss", ["mae", keras.losses.LogCosh()])
def test_losses(waves, loss):
    """Loss takes the name of a Keras loss, or an instance."""
    assert np.isfinite(small(loss=loss).fit(*waves).history_["loss"]).all()


def test_divergence_warns(waves):
    """A loss that becomes NaN warns."""
    X, y = waves
    with pytest.warns(ConvergenceWarning, match="LSTMRegressor did not converge: its loss became NaN or infinite."):
        small(learning_rate=1e30, optimizer="sgd", target_scaler=None).fit(X, y)


def test_verbose_shows_epochs(waves, capsys):
    """verbose=2 prints one line per epoch."""
    small(verbose=2).fit(*waves)
    assert "Epoch 2/2" in capsys.readouterr().out


# --- state ----------------------------------------------------------------------------------------


def test_fit_changes_no_parameter(waves):
    """Fit and predict change neither parameters nor inputs."""
    X, y = waves
    model, X_given, y_given = small(), np.array(X), y.copy()
    params = model.get_params()
    model.fit(X, y).predict(X)
    assert model.get_params() == params
    assert_array_equal(X, X_given)
    assert_array_equal(y, y_given)


def test_sequence_length_may_differ(fitted, waves):
    """Predict takes windows of another length than fit."""
    X, _ = waves
    assert fitted.predict(np.array(X[:, -2:])).shape == (60,)
