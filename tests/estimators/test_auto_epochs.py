"""LSTMClassifier(epochs="auto"): number of epochs, learning rate and gradient clipping."""

import pickle

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sizes import UNITS

from sklstm import Architecture, LSTMClassifier
from sklstm.estimators import _auto_epochs

X = np.random.default_rng(0).normal(size=(24, 6, 2))
Y = np.arange(24) % 2


@pytest.fixture(autouse=True)
def few_updates(monkeypatch):
    """Training takes six updates, or four epochs."""
    monkeypatch.setattr(_auto_epochs, "UPDATES", 6)
    monkeypatch.setattr(_auto_epochs, "FEWEST_EPOCHS", 4)


def small(**params):
    return LSTMClassifier(**({"units": UNITS, "batch_size": 32, "random_state": 0} | params))


@pytest.mark.parametrize(("batch_size", "n_epochs"), [(32, 6), (12, 4)])
def test_number_of_epochs_follows_from_the_training_samples(batch_size, n_epochs):
    """As many epochs as give the number of updates, and no fewer than a minimum."""
    assert small(batch_size=batch_size).fit(X, Y).n_iter_ == n_epochs


def test_validation_samples_do_not_count():
    """Updates are those of the samples that are trained on."""
    assert small(batch_size=12, validation=0.5).fit(X, Y).n_iter_ == 6


def test_learning_rate_and_clipping():
    """The optimizer begins with a high rate and clips gradients; a rate that is given is kept."""
    optimizer = small().initialize(X, Y).model_.optimizer
    assert (float(optimizer.learning_rate), optimizer.clipnorm) == (pytest.approx(_auto_epochs.RATE), 1.0)
    optimizer = small(learning_rate=0.5).initialize(X, Y).model_.optimizer
    assert float(optimizer.learning_rate) == 0.5


def test_a_given_number_of_epochs_changes_nothing_else():
    """With a number of epochs the optimizer is Keras' own."""
    optimizer = small(epochs=1).initialize(X, Y).model_.optimizer
    assert (float(optimizer.learning_rate), optimizer.clipnorm) == (pytest.approx(0.001), None)


def test_an_optimizer_object_is_taken_as_it_is():
    """An optimizer object keeps its rate, a schedule included."""
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model = small(optimizer=keras.optimizers.SGD(rate)).fit(X, Y)
    assert model.n_iter_ == 6
    assert model.model_.optimizer.clipnorm is None


@pytest.mark.parametrize("architecture", ["vanilla", "lstm_fcn"])
def test_training_goes_on(architecture):
    """A pickle goes on like the estimator itself, with one epoch or with warm_start."""
    model = small(architecture=architecture, epochs=2).fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert_array_equal(copy.partial_fit(X, Y).predict_proba(X), model.partial_fit(X, Y).predict_proba(X))
    assert copy.set_params(warm_start=True).fit(X, Y).n_iter_ == 5


@pytest.mark.parametrize(("n_timesteps", "stateful", "pooling"), [(31, False, 1), (32, False, 2), (32, True, 1)])
def test_pooling_of_long_samples(n_timesteps, stateful, pooling):
    """Of samples of 32 time steps or more the mean state stands beside the last one, unless it is carried."""
    long = np.random.default_rng(0).normal(size=(8, n_timesteps, 1))
    model = small(stateful=stateful, batch_size=4).initialize(long, Y[:8]).model_
    assert model.get_layer("outputs").input.shape[-1] == pooling * UNITS


def test_padding_makes_no_sample_long():
    """Time steps that were not observed do not count as length."""
    padded = np.pad(X, [(0, 0), (40, 0), (0, 0)], constant_values=np.nan)
    assert small().initialize(padded, Y).model_.get_layer("outputs").input.shape[-1] == UNITS


def test_pooling_that_is_given():
    """Architecture(pooling="last") holds for samples of any length."""
    long = np.random.default_rng(0).normal(size=(8, 32, 1))
    model = small(architecture=Architecture(pooling="last")).initialize(long, Y[:8]).model_
    assert model.get_layer("outputs").input.shape[-1] == UNITS


def test_a_pooled_network_carries_no_state():
    """A mean over whole samples does not go on from one sample to the next."""
    long = np.random.default_rng(0).normal(size=(8, 32, 1))
    model = small().initialize(long, Y[:8]).set_params(stateful=True)
    assert refused(model.predict, long) == snapshot(
        "LSTMClassifier(stateful=True) carries a state from one sample or piece to the next, but the network takes the mean over the states of a whole sample. Fit it with architecture=Architecture(..., pooling='last')."
    )
