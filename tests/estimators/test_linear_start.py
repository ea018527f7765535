import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sizes import UNITS
from sklearn.pipeline import make_pipeline

from sklstm import Architecture, LagFramer, LSTMRegressor, SeriesScaler, TrainingPlan
from sklstm._ridge import fit_ridge
from sklstm.preprocessing import make_supervised

N_STEPS = 6
SCALES = np.arange(N_STEPS, 0, -1.0) ** -0.5


def walk(n_rows=80, n_columns=1):
    """Random walks."""
    values = np.cumsum(np.random.default_rng(0).normal(size=(n_rows, n_columns)), axis=0)
    return pd.DataFrame(50 + values, columns=[f"c{k}" for k in range(n_columns)])


def windowed(table, horizon=1, target="c0"):
    """Windows and what follows them."""
    X, y = make_supervised(table, horizon, target)
    return LagFramer(N_STEPS).fit_transform(X), y


def by_hand(windows, y, feature=0, **weights):
    """Ridge regression of what follows each full window, relative to its last value."""
    X = np.asarray(windows)[:, :, feature].astype(np.float64)
    Y, full = np.asarray(y, dtype=np.float64).reshape(len(y), -1), ~np.isnan(X).any(axis=1)
    last = X[:, -1:]
    ridge = fit_ridge((X - last)[full], (Y - last)[full], scales=SCALES, **weights)
    return np.nan_to_num(X - last) @ ridge.coefficients + ridge.intercept + last


def small(**params):
    return LSTMRegressor(UNITS, random_state=0, **params)


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("architecture", ["vanilla", "stacked", "bidirectional", "cnn_lstm", "encoder_decoder"])
def test_update_zero_is_ridge(architecture, horizon):
    """Before any update the network predicts as the ridge regression on full windows does."""
    windows, y = windowed(walk(n_columns=2), horizon)
    model = small(architecture=architecture).initialize(windows, y)
    predicted = model.predict(windows).reshape(len(y), -1)
    assert_allclose(predicted[N_STEPS:], by_hand(windows, y)[N_STEPS:], rtol=1e-4)
    assert model.linear_steps_ == N_STEPS


def test_columns_known_ahead():
    """What is known ahead is part of the ridge regression: it explains what no past of the target does."""
    rng = np.random.default_rng(0)
    promotion = (rng.random(120) < 0.3).astype(float)
    table = pd.DataFrame({"sales": 10 + 5 * promotion + rng.normal(scale=0.1, size=120), "promotion": promotion})
    X, y = make_supervised(table, 2, "sales")
    windows = LagFramer(N_STEPS, future=["promotion"], horizon=2).fit_transform(X)
    predicted = small().initialize(windows, y).predict(windows)
    assert np.abs(predicted - y).to_numpy()[N_STEPS:-2].max() < 1


def test_each_output_from_its_own_past():
    """Each output has the ridge regression of its own feature."""
    table = walk(n_columns=2)
    X, y = table[:-1], table[1:].set_axis(["c0(t+1)", "c1(t+1)"], axis=1)[["c1(t+1)", "c0(t+1)"]]
    windows = LagFramer(N_STEPS).fit_transform(X)
    predicted = small().initialize(windows, y).predict(windows)
    for output, feature in ((0, 1), (1, 0)):
        expected = by_hand(windows, y.iloc[:, output], feature)[:, 0]
        assert_allclose(predicted[N_STEPS:, output], expected[N_STEPS:], rtol=1e-4)


def test_weights():
    """Sample weights are weights of the ridge regression."""
    windows, y = windowed(walk())
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    model = small(epochs=1, learning_rate=1e-9).fit(windows, y, sample_weight=weights)
    expected = by_hand(windows, y, weights=weights[N_STEPS - 1 :])
    assert_allclose(model.predict(windows)[N_STEPS:], expected[N_STEPS:, 0], rtol=1e-3)


def test_quantiles():
    """Quantiles start at those of the leave-one-out errors around the ridge regression."""
    windows, y = windowed(walk())
    model = small(quantiles=[0.1, 0.5, 0.9]).initialize(windows, y)
    lower, _, upper = model.predict_quantiles(windows).T
    assert np.ptp((upper - lower)[N_STEPS:]) < 1e-3
    covered = (lower <= y) & (y <= upper)
    assert 0.7 < covered[N_STEPS:].mean() < 0.9


def test_windows_that_begin_before_the_series():
    """They are left out of the training, unless min_steps says otherwise, or few windows are full."""
    windows, y = windowed(walk())
    first = np.array(y, dtype=float)
    first[:2] += 1000
    assert_allclose(
        small().initialize(windows, first).predict(windows), small().initialize(windows, y).predict(windows)
    )
    taken = small(training=TrainingPlan(min_steps=1)).initialize(windows, first).predict(windows)
    assert np.abs(taken - small().initialize(windows, y).predict(windows)).max() > 1
    short, y = windows[: N_STEPS + 1], y[: N_STEPS + 1]
    assert small(target_feature=0, epochs=1).fit(short, y.rename("c0(t+1)")).n_iter_ == 1


def test_budget():
    """From the ridge regression on, 20 epochs are run, or as many as 10,000 updates take; else 100."""
    windows, y = windowed(walk())
    assert small().fit(windows, y).n_iter_ == 20
    assert small(linear_skip=False).fit(windows, y).n_iter_ == 100
    model = small().initialize(windows, y)
    assert [model._budget("auto", n_batches)[0] for n_batches in (500, 1000, 50_000)] == [20, 10, 1]
    assert model._budget(7, 50) == (7, [])


def test_learning_rate_after_the_decay():
    """Training that goes on begins with the learning rate of the optimizer."""
    windows, y = windowed(walk())
    model = small(warm_start=True).fit(windows, y).fit(windows, y)
    assert model.n_iter_ == 40
    assert float(model.partial_fit(windows, y).model_.optimizer.learning_rate) == pytest.approx(1e-3)


def test_no_past_no_line():
    """Without the target's own past nothing is relative to it, and an explicit request is an error."""
    windows, y = windowed(walk(n_columns=2))
    other = pd.Series(np.random.default_rng(3).normal(size=len(y)), name="other")
    model = small(epochs=1).fit(windows, other)
    assert (model.linear_steps_, model.window_scaler_) == (None, None)
    with pytest.raises(ValueError, match="needs the target's own past"):
        small(linear_skip=True).fit(windows, other)
    for params in ({"stateful": True}, {"training": TrainingPlan(tbptt=(3, 3))}, {"architecture": "many_to_many"}):
        y_of_steps = np.asarray(windows)[:, :, 0] if "architecture" in params else y
        model = small(epochs=1, batch_size=1, **params).initialize(windows, np.nan_to_num(y_of_steps))
        assert (model.linear_steps_, model.window_scaler_) == (None, None)


def test_activation_of_the_outputs():
    """Where the outputs are not linear, the linear path starts at zero."""
    windows, y = windowed(walk())
    model = small(architecture=Architecture(output_activation="tanh")).initialize(windows, y)
    assert not model.model_.get_layer("linear_path_0").get_weights()[0].any()


def test_patches_of_a_look_back():
    """A network of patches starts at the same ridge regression, and a network without them refuses the option."""
    windows, y = windowed(walk())
    patched = small(architecture=Architecture(patch_length=3)).initialize(windows, y)
    assert_allclose(patched.predict(windows), small().initialize(windows, y).predict(windows), rtol=1e-5)
    with pytest.raises(ValueError, match="patch_length=3 for a network that reads no patches, many_to_many"):
        small(architecture=Architecture("many_to_many", patch_length=3)).fit(windows, np.asarray(windows)[:, :, 0])


def test_the_front_page():
    """A stock pipeline with nothing set forecasts a trend and a season."""
    rows = np.arange(200)
    table = pd.DataFrame({"c0": 100 + rows + 20 * np.sin(2 * np.pi * rows / 12)})
    X, y = make_supervised(table)
    model = make_pipeline(SeriesScaler(), LagFramer(12), small()).fit(X[:150], y[:150])
    assert np.abs(model.predict(X)[150:] - y[150:]).max() < 1
