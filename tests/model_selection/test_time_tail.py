"""TimeTail: which samples are held out for validation, and which share time steps with them."""

import numpy as np
import pytest
from sizes import UNITS

from sklstm import LSTMClassifier, LSTMRegressor, SequencePadder
from sklstm.model_selection import TimeTail

N, N_TIMESTEPS = 40, 6


def recordings(n_samples=N, seed=0):
    """Recordings of 3 to 6 time steps that share nothing, padded."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, N_TIMESTEPS + 1, n_samples)
    lengths[0] = N_TIMESTEPS
    return np.asarray(SequencePadder().fit_transform([rng.normal(size=(length, 2)) for length in lengths]))


def copies(n_samples=N, hop=1, n_features=2, seed=0):
    """Copies of windows of one series, which share no memory."""
    series = np.random.default_rng(seed).normal(size=(hop * n_samples + N_TIMESTEPS, n_features))
    return np.stack([series[hop * k : hop * k + N_TIMESTEPS] for k in range(n_samples)])


def trained_on(X, y, validation, estimator=LSTMRegressor):
    """Samples whose weights change the fitted network."""
    model = estimator(units=UNITS, epochs=1, validation=validation, random_state=0, target_scaler=None)
    usual = model.fit(X, y).predict(X)
    counted = []
    for sample in range(len(X)):
        weights = np.ones(len(X))
        weights[sample] = 2.0
        if not np.array_equal(model.fit(X, y, sample_weight=weights).predict(X), usual):
            counted.append(sample)
    return counted


@pytest.mark.parametrize(
    ("X", "y", "last"),
    [
        (recordings(12), 3.0 + np.arange(12), 9),
        (copies(12, hop=N_TIMESTEPS), 3.0 + np.arange(12), 9),
        (copies(12), 3.0 + np.arange(12), 4),
        (copies(12, hop=2), 3.0 + np.arange(12), 7),
        (recordings(12), np.random.default_rng(0).normal(size=(12, 3)), 9),
    ],
    ids=["recordings", "windows that adjoin", "copies of windows", "copies two steps apart", "several values each"],
)
def test_samples_that_are_left_out(X, y, last):
    """Samples are left out before the validation samples only where they share time steps with them."""
    assert trained_on(X, y, 0.25) == list(range(last))


def test_no_recording_is_thrown_away():
    """Long recordings leave as many for training as short ones."""
    X = np.random.default_rng(0).normal(size=(20, 50, 1))
    model = LSTMRegressor(units=UNITS, epochs=1, validation=0.2, random_state=0).fit(X, np.arange(20.0))
    assert "val_loss" in model.history_


@pytest.mark.parametrize("order", [np.arange(N), np.random.default_rng(0).permutation(N)], ids=["by class", "mixed"])
def test_each_class_is_held_out(order):
    """Of recordings each class is in the validation samples, by its share, also where they are sorted by class."""
    X, y = recordings(), np.repeat(["rare", "usual"], [10, 30])
    X, y = X[order], y[order]
    model = LSTMClassifier(units=UNITS, epochs=1, validation=0.2, random_state=0)
    usual = model.fit(X, y).predict_proba(X)
    held_out = np.concatenate([np.flatnonzero(y == "rare")[-2:], np.flatnonzero(y == "usual")[-6:]])
    changed = X.copy()
    changed[held_out] += 1
    assert np.array_equal(model.fit(changed, y).predict_proba(X), usual)
    changed = X.copy()
    changed[np.flatnonzero(y == "rare")[-3]] += 1
    assert not np.array_equal(model.fit(changed, y).predict_proba(X), usual)


def test_a_class_of_one_recording_is_trained_on():
    """A class too small for the fraction has no validation sample."""
    y = np.array(["once"] + ["a", "b"] * 8)
    model = LSTMClassifier(units=UNITS, epochs=1, validation=0.2, random_state=0).fit(recordings(len(y)), y)
    assert model.classes_.tolist() == ["a", "b", "once"]
    assert "val_loss" in model.history_


def test_gap_zero_keeps_the_end():
    """TimeTail with a gap holds out the last samples, whatever their class."""
    y = np.repeat(["first", "second"], N // 2)
    with pytest.raises(ValueError, match="hold a class that no sample to train on is of: 'second'"):
        LSTMClassifier(units=UNITS, epochs=1, validation=TimeTail(0.5, gap=0)).fit(recordings(), y)
