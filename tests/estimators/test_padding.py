"""Padding says nothing: not where it stands, not how much of it there is, neither in training nor in prediction."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklstm import LSTMClassifier, LSTMRegressor, SequencePadder

SAME = {"rtol": 1e-5, "atol": 1e-5}
ONE_PAST = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "encoder_decoder")
EVERY = (*ONE_PAST, "many_to_many")
every = pytest.mark.parametrize("architecture", EVERY)


def small(architecture):
    # By default the length of a subsequence follows from that of the padded samples.
    return LSTMRegressor(
        3, architecture=architecture, filters=2, subsequence=2, epochs=2, batch_size=8, shuffle=False, random_state=0
    )


def sequences(lengths, seed=0):
    """Sequences of two features."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, 2)) for length in lengths]


def padded(ragged, max_len, side):
    return SequencePadder(max_len, padding=side).fit_transform(ragged)


def target(architecture, ragged, max_len, side):
    """The sum so far at each time step, its last value, or two of them."""
    sums = [sequence[:, :1].cumsum(axis=0) for sequence in ragged]
    if architecture == "many_to_many":
        return padded(sums, max_len, side)[:, :, 0]
    last = np.array([steps[-1, 0] for steps in sums])
    return np.stack([last, -last], axis=1) if architecture == "encoder_decoder" else last


TRAINING = sequences([6, 3, 1, 5, 2, 6, 4, 3, 6, 2, 5, 1])


@cache
def fitted(architecture, max_len=6, side="pre"):
    X = padded(TRAINING, max_len, side)
    return small(architecture).fit(X, target(architecture, TRAINING, max_len, side))


def told(model, X):
    """Predictions, and of outputs for time steps those that were observed, in a row."""
    predicted = model.predict(X)
    return predicted[~np.isnan(X[:, :, 0])] if model.architecture == "many_to_many" else predicted


@every
@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=5), more=st.integers(0, 4), data=st.data())
def test_predictions_do_not_see_padding(architecture, lengths, more, data):
    """Whatever the length and the side of the padding, or what stood there before, each sample is predicted alike."""
    model, ragged = fitted(architecture), sequences(lengths)
    alone = np.concatenate([told(model, sequence[None]) for sequence in ragged])
    side = data.draw(st.sampled_from(["pre", "post"]))
    assert_allclose(told(model, padded(ragged, max(lengths) + more, side)), alone, **SAME)
    gone = [np.pad(s, [data.draw(st.tuples(*[st.integers(0, 2)] * 2)), (0, 0)], constant_values=np.nan) for s in ragged]
    assert_allclose(told(model, padded(gone, max(map(len, gone)), side)), alone, **SAME)


@every
@pytest.mark.parametrize(("max_len", "side"), [(6, "post"), (9, "pre"), (11, "post")])
def test_training_does_not_see_padding(architecture, max_len, side):
    """Losses and weights do not depend on padding; masked time steps do not count."""
    expected, model = fitted(architecture), fitted(architecture, max_len, side)
    assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-5)
    for one, other in zip(model.network_.weights, expected.network_.weights, strict=True):
        assert_allclose(one, other, **SAME)


@pytest.mark.parametrize(
    ("architecture", "option"), [("vanilla", {"tbptt": (2, 3)}), ("encoder_decoder", {"stateful": True})], ids=str
)
def test_state_and_truncation_do_not_see_padding(architecture, option):
    """Nor does training with state, or with truncated backpropagation from the last time steps that were observed."""
    losses, weights = [], []
    for max_len, side in ((6, "pre"), (9, "post")):
        model = small(architecture).set_params(**option)
        model.fit(padded(TRAINING, max_len, side), target(architecture, TRAINING, max_len, side))
        losses.append(model.history_["loss"])
        weights.append(model.network_.weights)
    assert_allclose(*losses, rtol=1e-5)
    for one, other in zip(*weights, strict=True):
        assert_allclose(one, other, **SAME)


def test_the_loss_is_of_observed_time_steps():
    """The loss of a batch with padding is the mean over what was observed."""
    X = padded(TRAINING, 9, "pre")
    y = target("many_to_many", TRAINING, 9, "pre")
    model = LSTMRegressor(
        3, architecture="many_to_many", epochs=1, batch_size=12, learning_rate=1e-9, target_scaler=None, random_state=0
    ).fit(X, y)
    assert_allclose(model.history_["loss"][0], np.nanmean((model.predict(X) - y) ** 2), rtol=1e-5)


def test_labels_of_time_steps_do_not_see_padding():
    """A label for each observed time step, None where there is none."""
    signs = [np.where(sequence[:, 0] > 0, "up", "down") for sequence in TRAINING]
    models = []
    for side in ("pre", "post"):
        X = padded(TRAINING, 8, side)
        y = np.full((12, 8), None)
        y[~np.isnan(X[:, :, 0])] = np.concatenate(signs)
        models.append(LSTMClassifier(3, architecture="many_to_many", epochs=2, shuffle=False, random_state=0).fit(X, y))
    assert_allclose(models[0].history_["loss"], models[1].history_["loss"], rtol=1e-5)
    X = padded(TRAINING, 8, "pre")
    seen = ~np.isnan(X[:, :, 0])
    assert_allclose(models[0].predict_proba(X)[seen], models[1].predict_proba(X)[seen], **SAME)
