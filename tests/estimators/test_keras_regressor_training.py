"""KerasRegressor: training, and Keras' own callbacks."""

import pickle

import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, compiling, is_same, perceptron, table_model
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklstm import KerasRegressor, LagFramer

X, y = TABLE, TARGETS[:, 0]


def small(model=perceptron, **params):
    return KerasRegressor(model, **({"epochs": 2, "random_state": 0} | params))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, y)


# --- training -------------------------------------------------------------------------------------


def test_the_time_tail_is_watched():
    """validation_split watches the last samples; of windows those before it that share time steps are left out."""
    model = small(validation_split=0.25, metrics=["mae"], shuffle=False)
    series = np.arange(40.0)[:, None] / 40
    windows, target = LagFramer(n_steps=3).fit_transform(series)[2:], series[2:, 0]
    fitted = {}
    for gap in (None, 0):
        model.set_params(validation_gap=gap)
        changed = target.copy()
        # Of 38 samples the last 10 are watched: 28 and 29 before them are windows that reach into theirs.
        changed[26:28] += 5
        fitted[gap] = [clone(model).fit(windows, t).predict(windows) for t in (target, changed)]
    assert np.array_equal(*fitted[None])
    assert not np.array_equal(*fitted[0])
    watched = clone(model).fit(X, y)
    changed = np.concatenate([y[:30], y[30:] + 9])
    assert_array_equal(watched.predict(X), clone(model).fit(X, changed).predict(X))
    assert sorted(watched.history_) == ["loss", "mae", "val_loss", "val_mae"]


def test_sample_weight():
    """Equal weights change nothing; a sample of weight 0 teaches nothing."""
    model = small(batch_size=40, optimizer="sgd", shuffle=False)
    plain = model.fit(X, y).predict(X)
    assert_allclose(model.fit(X, y, sample_weight=np.ones(40)).predict(X), plain, rtol=1e-5, atol=1e-6)
    weights = np.where(np.arange(40) < 20, 2.0, 0.0)
    weighted = model.fit(X, y, sample_weight=weights).predict(X)
    assert not np.allclose(weighted, plain)
    strange = np.where(weights > 0, y, 1e3)
    assert_allclose(model.fit(X, strange, sample_weight=weights).predict(X), weighted, rtol=1e-5, atol=1e-6)
    # The mean over a batch counts samples of weight 0: twice the weight is what half the samples teach.
    assert_allclose(model.fit(X[:20], y[:20]).predict(X), weighted, rtol=1e-4, atol=1e-5)


def test_same_seed_same_bits():
    """The same integer gives the same weights, another integer others."""
    assert is_same(small().fit(X, y).model_.get_weights(), small().fit(X, y).model_.get_weights())
    assert not is_same(small().fit(X, y).model_.get_weights(), small(random_state=1).fit(X, y).model_.get_weights())


@pytest.mark.parametrize("model", [perceptron, compiling])
def test_partial_fit_goes_on(model):
    """Three calls of partial_fit are three epochs, and history_ and n_iter_ grow."""
    together = small(model, epochs=3, shuffle=False, optimizer="adam").fit(X, y)
    apart = small(model, shuffle=False, optimizer="adam")
    for epoch in range(3):
        assert apart.partial_fit(X, y).n_iter_ == epoch + 1
    assert_allclose(apart.history_["loss"], together.history_["loss"], rtol=1e-5)
    assert_allclose(apart.predict(X), together.predict(X), rtol=1e-4, atol=1e-5)


def test_warm_start():
    """With warm_start a second fit goes on from the first, without it begins anew."""
    model = small(warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 4
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 2


def test_initialize(fitted):
    """An initialized network predicts without any training, and can be trained on."""
    model = small().initialize(X, y)
    assert model.n_iter_ == 0
    assert model.history_ == {}
    untrained = model.predict(X)
    assert not np.array_equal(model.partial_fit(X, y).predict(X), untrained)


# --- callbacks ------------------------------------------------------------------------------------


def test_early_stopping_brings_the_best_weights_back():
    """EarlyStopping acts on the estimator's weights, and the instance that is given stays as it was."""
    given = keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    model = small(callbacks=[given], epochs=9).fit(X, y)
    assert model.n_iter_ == 2
    assert given.model is None
    assert_array_equal(model.predict(X), small(epochs=1).fit(X, y).predict(X))


def test_learning_rates_follow_their_callbacks():
    """A schedule and a plateau change the learning rate of this fit, and of no later one."""
    frozen = keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 * (epoch == 0))
    once = small(epochs=1).fit(X, y).predict(X)
    assert_array_equal(small(callbacks=frozen, epochs=4).fit(X, y).predict(X), once)
    plateau = keras.callbacks.ReduceLROnPlateau("loss", mode="max", factor=1e-30, patience=1, min_delta=1e9)
    slowed = small(callbacks=plateau, epochs=6, shuffle=False).fit(X, y).history_["loss"]
    assert slowed[-1] == slowed[-2] < slowed[0]
    assert_array_equal(small(epochs=1).fit(X, y).predict(X), once)


def test_checkpoints_and_logs(tmp_path):
    """ModelCheckpoint writes a model that loads, and CSVLogger a line for each epoch."""
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    model = small(callbacks=[saved, keras.callbacks.CSVLogger(tmp_path / "log.csv")]).fit(X, y)
    outputs = keras.models.load_model(tmp_path / "2.keras")(X.astype(np.float32))
    assert_allclose(np.ravel(outputs), model.predict(X), rtol=1e-5, atol=1e-6)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


@pytest.mark.filterwarnings("ignore:KerasRegressor did not converge")
def test_terminate_on_nan():
    """TerminateOnNaN ends a training that has diverged."""
    diverging = {"optimizer": "sgd", "optimizer__learning_rate": 1e30}
    model = small(callbacks=[keras.callbacks.TerminateOnNaN()], epochs=9, **diverging)
    assert model.fit(X, y).n_iter_ == 1


class Remember(keras.callbacks.Callback):
    """A callback of one's own, that keeps what it sees outside of itself."""

    seen = []

    def __init__(self, name="remember"):
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((self.name, epoch, self.model.layers[2].units))


def test_a_callback_of_ones_own():
    """An instance is copied, a class is called with its parameters, and both see the model that is trained."""
    Remember.seen.clear()
    given = Remember("given")
    model = small(callbacks={"a": given, "b": Remember}, callbacks__b__name="made", epochs=1).fit(X, y)
    assert Remember.seen == [("given", 0, 3), ("made", 0, 3)]
    assert given.model is None
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_a_callback_that_has_watched_another_model():
    """An instance that was used with Keras before is copied without the model that it watched."""
    given = keras.callbacks.EarlyStopping("loss", mode="max", patience=0)
    given.set_model(table_model())
    assert small(callbacks=given, epochs=5).fit(X, y).n_iter_ == 2
