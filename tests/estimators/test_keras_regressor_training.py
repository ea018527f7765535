"""KerasRegressor: validation, weights, partial_fit and callbacks."""

import pickle

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, compiling, perceptron, table_model
from numpy.testing import assert_allclose, assert_array_equal
from sizes import EPOCHS
from sklearn.base import clone

from sklstm import KerasRegressor, LagFramer

X, y = TABLE, TARGETS[:, 0]


def small(model=perceptron, **params):
    return KerasRegressor(model, **({"epochs": EPOCHS, "random_state": 0} | params))


# --- training -------------------------------------------------------------------------------------


def test_validation_samples():
    """Scaler and weights depend neither on the last samples nor on windows that share time steps (scikeras 289)."""
    model = small(validation_split=0.25, target_scaler="standard", metrics=["mae"], shuffle=False)
    series = np.arange(40.0)[:, None] / 40
    windows, target = LagFramer(n_steps=3).fit_transform(series)[2:], series[2:, 0]
    fitted = {}
    for gap in (None, 0):
        model.set_params(validation_gap=gap)
        changed = target.copy()
        # The last 10 of 38 samples are for validation; their windows reach back into samples 26 and 27.
        changed[26:28] += 5
        fitted[gap] = [clone(model).fit(windows, t).predict(windows) for t in (target, changed)]
    assert np.array_equal(*fitted[None])
    assert not np.array_equal(*fitted[0])
    validated = clone(model).fit(X, y)
    changed = np.concatenate([y[:30], y[30:] + 9])
    assert_array_equal(validated.predict(X), clone(model).fit(X, changed).predict(X))
    assert sorted(validated.history_) == ["loss", "mae", "val_loss", "val_mae"]


def test_sample_weight():
    """Weights of 1 change nothing, and samples of weight 0 do not count."""
    model = small(batch_size=40, optimizer="sgd", shuffle=False)
    plain = model.fit(X, y).predict(X)
    assert_allclose(model.fit(X, y, sample_weight=np.ones(40)).predict(X), plain, rtol=1e-5, atol=1e-6)
    weights = np.where(np.arange(40) < 20, 2.0, 0.0)
    weighted = model.fit(X, y, sample_weight=weights).predict(X)
    assert not np.allclose(weighted, plain)
    strange = np.where(weights > 0, y, 1e3)
    assert_allclose(model.fit(X, strange, sample_weight=weights).predict(X), weighted, rtol=1e-5, atol=1e-6)
    half = model.fit(X[:20], y[:20], sample_weight=weights[:20]).predict(X)
    assert_allclose(half, weighted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", [perceptron, compiling])
def test_partial_fit(model):
    """Three calls of partial_fit equal three epochs, and history_ and n_iter_ grow."""
    together = small(model, epochs=3, shuffle=False, optimizer="adam").fit(X, y)
    apart = small(model, shuffle=False, optimizer="adam")
    for epoch in range(3):
        assert apart.partial_fit(X, y).n_iter_ == epoch + 1
    assert_allclose(apart.history_["loss"], together.history_["loss"], rtol=1e-5)
    assert_allclose(apart.predict(X), together.predict(X), rtol=1e-4, atol=1e-5)


# --- callbacks ------------------------------------------------------------------------------------


def test_early_stopping_restores_the_best_weights():
    """EarlyStopping restores the weights of the estimator, and the given instance does not change."""
    given = keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    model = small(callbacks=[given], epochs=9).fit(X, y)
    assert model.n_iter_ == 2
    assert given.model is None
    assert_array_equal(model.predict(X), small(epochs=1).fit(X, y).predict(X))


def test_learning_rate_callbacks():
    """LearningRateScheduler and ReduceLROnPlateau change the learning rate of one fit, and of no later one."""
    frozen = keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 * (epoch == 0))
    once = small(epochs=1).fit(X, y).predict(X)
    assert_array_equal(small(callbacks=frozen, epochs=4).fit(X, y).predict(X), once)
    plateau = keras.callbacks.ReduceLROnPlateau("loss", mode="max", factor=1e-30, patience=1, min_delta=1e9)
    slowed = small(callbacks=plateau, epochs=6, shuffle=False).fit(X, y).history_["loss"]
    assert slowed[-1] == slowed[-2] < slowed[0]
    assert_array_equal(small(epochs=1).fit(X, y).predict(X), once)


def test_checkpoints_and_logs(tmp_path):
    """ModelCheckpoint writes a model that loads, and CSVLogger one line per epoch."""
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    model = small(callbacks=[saved, keras.callbacks.CSVLogger(tmp_path / "log.csv")]).fit(X, y)
    outputs = keras.models.load_model(tmp_path / "2.keras")(X.astype(np.float32))
    assert_allclose(np.ravel(outputs), model.predict(X), rtol=1e-5, atol=1e-6)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


class Remember(keras.callbacks.Callback):
    """Record epochs and the number of units, in a list of the class."""

    seen = []

    def __init__(self, name="remember"):
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((self.name, epoch, self.model.layers[2].units))


def test_custom_callback():
    """A callback instance is copied, a class gets its routed parameters, and both see the trained model."""
    Remember.seen.clear()
    given = Remember("given")
    model = small(callbacks={"a": given, "b": Remember}, callbacks__b__name="made", epochs=1).fit(X, y)
    assert Remember.seen == [("given", 0, 3), ("made", 0, 3)]
    assert given.model is None
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_callback_of_another_model():
    """A callback that was used with another model is copied without that model."""
    given = keras.callbacks.EarlyStopping("loss", mode="max", patience=0)
    given.set_model(table_model())
    assert small(callbacks=given, epochs=5).fit(X, y).n_iter_ == 2
