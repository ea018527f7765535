"""Neither the side nor the amount of padding changes the training or the predictions."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sizes import UNITS
from sklearn.base import clone

from sklstm import CNNLSTM, LSTMFCN, LSTMClassifier, LSTMRegressor, SequencePadder, TrainingPlan

SAME = {"rtol": 1e-5, "atol": 1e-5}
ONE_PAST = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn", "encoder_decoder")
EVERY = (*ONE_PAST, "many_to_many")
every = pytest.mark.parametrize("architecture", EVERY)


# By default the length of a subsequence follows from that of the padded samples.
WITH_OPTIONS = {"cnn_lstm": CNNLSTM(filters=2, subsequence=2), "lstm_fcn": LSTMFCN(filters=(2, 3), kernel_sizes=(3, 2))}


def small(architecture):
    return LSTMRegressor(
        UNITS,
        architecture=WITH_OPTIONS.get(architecture, architecture),
        epochs=2,
        batch_size=8,
        training=TrainingPlan(shuffle=False),
        random_state=0,
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


MAX_LEN = 6
TRAINING = sequences([6, 3, 1, 5, 2, 6, 4, 3, 6, 2, 5, 1])


@cache
def untrained(architecture):
    return small(architecture).initialize(
        padded(TRAINING, MAX_LEN, "pre"), target(architecture, TRAINING, MAX_LEN, "pre")
    )


def predictions(model, X):
    """Predictions for samples, or for the observed time steps of all samples."""
    predicted = model.predict(X)
    return predicted[~np.isnan(X[:, :, 0])] if model.architecture == "many_to_many" else predicted


@every
@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=3), more=st.integers(0, 4), data=st.data())
def test_predictions_do_not_see_padding(architecture, lengths, more, data):
    """A sample is predicted alike, whatever the length and the side of the padding, or what stood there before."""
    model, ragged = untrained(architecture), sequences(lengths)
    alone = np.concatenate([predictions(model, sequence[None]) for sequence in ragged])
    side = data.draw(st.sampled_from(["pre", "post"]))
    assert_allclose(predictions(model, padded(ragged, max(lengths) + more, side)), alone, **SAME)
    gone = [np.pad(s, [data.draw(st.tuples(*[st.integers(0, 2)] * 2)), (0, 0)], constant_values=np.nan) for s in ragged]
    assert_allclose(predictions(model, padded(gone, max(map(len, gone)), side)), alone, **SAME)


def assert_same_training(models):
    """Assert that models have the same losses and weights."""
    expected, *others = models
    for model in others:
        assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-5)
        for one, other in zip(model.network_.weights, expected.network_.weights, strict=True):
            assert_allclose(one, other, **SAME)


@every
def test_training_does_not_see_padding(architecture):
    """Losses and weights do not depend on padding; masked time steps do not count."""
    paddings = [(MAX_LEN, "pre"), (MAX_LEN, "post"), (9, "pre")]
    assert_same_training(
        [small(architecture).fit(padded(TRAINING, *p), target(architecture, TRAINING, *p)) for p in paddings]
    )


@pytest.mark.parametrize(
    ("architecture", "option"),
    [("vanilla", {"training__tbptt": (2, 3)}), ("encoder_decoder", {"stateful": True})],
    ids=str,
)
def test_state_and_truncation_do_not_see_padding(architecture, option):
    """Padding changes neither stateful training nor backpropagation truncated from the last observed time steps."""
    model = small(architecture).set_params(epochs=1, **option)
    assert_same_training(
        [
            clone(model).fit(padded(TRAINING, *padding), target(architecture, TRAINING, *padding))
            for padding in ((MAX_LEN, "pre"), (9, "post"))
        ]
    )


def test_the_loss_is_of_observed_time_steps():
    """The loss of a batch with padding is the mean over what was observed."""
    X = padded(TRAINING, 9, "pre")
    y = target("many_to_many", TRAINING, 9, "pre")
    model = LSTMRegressor(
        UNITS,
        architecture="many_to_many",
        epochs=1,
        batch_size=12,
        learning_rate=1e-9,
        target_scaler=None,
        random_state=0,
    ).fit(X, y)
    assert_allclose(model.history_["loss"][0], np.nanmean((model.predict(X) - y) ** 2), rtol=1e-5)


def test_labels_of_time_steps_do_not_see_padding():
    """Labels of time steps are None where nothing was observed."""
    signs = [np.where(sequence[:, 0] > 0, "up", "down") for sequence in TRAINING]
    models = []
    for side in ("pre", "post"):
        X = padded(TRAINING, 8, side)
        y = np.full((12, 8), None)
        y[~np.isnan(X[:, :, 0])] = np.concatenate(signs)
        models.append(
            LSTMClassifier(
                UNITS, architecture="many_to_many", epochs=2, training=TrainingPlan(shuffle=False), random_state=0
            ).fit(X, y)
        )
    assert_allclose(models[0].history_["loss"], models[1].history_["loss"], rtol=1e-5)
    X = padded(TRAINING, 8, "pre")
    seen = ~np.isnan(X[:, :, 0])
    assert_allclose(models[0].predict_proba(X)[seen], models[1].predict_proba(X)[seen], **SAME)
