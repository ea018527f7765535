import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.training import SampleBatches, Settings, clear_programs, fit_network
from sklstm.training._programs import programs

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(20, 5, 2)).astype(np.float32), RNG.normal(size=(20, 1)).astype(np.float32)
WEIGHTS = RNG.uniform(size=20).astype(np.float32)


def network(dropout=0.0):
    inputs = keras.Input((None, 2))
    state = keras.layers.LSTM(3, dropout=dropout, use_cudnn=False)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(state))
    model.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in model.get_weights()])
    return model


def batches(weights=None):
    return SampleBatches(lambda samples: INPUTS[samples], [TARGETS], np.arange(20), 8, weights)


def settings(optimizer="adam", **params):
    return Settings(keras.optimizers.get(optimizer), "mse", **params)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_learns_what_keras_fit_learns(weights):
    """Weights, losses and metrics are those of Keras' own fit on arrays."""
    ours, theirs = network(), network()
    trained = fit_network(
        ours, batches(weights), settings(metrics=("mae",)), validation=batches(weights), epochs=3, seed=0, verbose=0
    )
    theirs.compile("adam", "mse", metrics=["mae"])
    expected = theirs.fit(
        *(INPUTS, TARGETS),
        sample_weight=weights,
        validation_data=(INPUTS, TARGETS) if weights is None else (INPUTS, TARGETS, weights),
        **{"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, "validation_batch_size": 8},
    )
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert set(trained.history) == set(expected.history)
    for name, values in trained.history.items():
        assert_allclose(values, expected.history[name], rtol=1e-4)


def test_fits_of_the_same_layers_share_a_program():
    """The second fit of the same layers and settings compiles nothing, whatever the layers are called."""
    clear_programs()
    fit_network(network(), batches(), settings(), seed=0, verbose=0)
    known = len(programs)
    fit_network(network(), batches(), settings(), seed=0, verbose=0)
    assert len(programs) == known
    fit_network(network(), batches(), settings("sgd"), seed=0, verbose=0)
    assert len(programs) == known + 1


def test_a_shared_program_remembers_nothing():
    """Whatever was trained before, the same fit gives the same bits, dropout included."""
    fits = []
    for seed in (0, 1, 0):
        model = network(dropout=0.3)
        trained = fit_network(model, batches(), settings(), seed=seed, epochs=2, verbose=0)
        fits.append((model.get_weights(), trained))
    for one, other in zip(fits[0][0], fits[2][0], strict=True):
        assert_array_equal(one, other)
    assert fits[0][1].history == fits[2][1].history != fits[1][1].history


def test_the_optimizer_goes_on():
    """Two fits of an epoch, the second from the optimizer's state after the first, are one fit of two."""
    once, twice = network(), network()
    fit_network(once, batches(), settings(), epochs=2, seed=0, verbose=0)
    trained = fit_network(twice, batches(), settings(), seed=0, verbose=0)
    fit_network(twice, batches(), settings(), seed=0, verbose=0, optimizer_state=trained.optimizer_state)
    for one, other in zip(once.get_weights(), twice.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-7)


class Stops(keras.callbacks.Callback):
    """Counts what it sees, and stops after two epochs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("train")

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, sorted(logs)))
        self.model.stop_training = epoch == 1

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


@pytest.mark.parametrize("shared", [True, False])
def test_callbacks_see_and_stop(shared, monkeypatch):
    """A callback sees the training, its epochs and its batches, and stops it, by the loop and by Keras' own fit."""
    if shared:
        monkeypatch.setattr(Stops, "__module__", "keras")
    callback = Stops()
    trained = fit_network(
        network(), batches(), settings(), validation=batches(), epochs=9, callbacks=[callback], seed=0, verbose=0
    )
    one = [0, 1, 2]
    assert callback.seen == ["train", *one, (0, ["loss", "val_loss"]), *one, (1, ["loss", "val_loss"])]
    assert len(trained.history["val_loss"]) == 2


def test_a_compiled_network_keeps_its_own_settings():
    """A network that comes compiled is trained with what it was compiled with."""
    model = network()
    model.compile(keras.optimizers.SGD(0.0), "mae")
    before = model.get_weights()
    fit_network(model, batches(), settings(), seed=0, verbose=0)
    for one, other in zip(model.get_weights(), before, strict=True):
        assert_array_equal(one, other)


def test_a_loss_of_ones_own_is_not_shared():
    """A function that Keras does not know might mean anything the next time: its fit shares no program."""
    known = len(programs)
    own = Settings(keras.optimizers.Adam(), lambda y_true, y_pred: keras.ops.abs(y_true - y_pred))
    fit_network(network(), batches(), own, seed=0, verbose=0)
    assert len(programs) == known
