"""Codes of categories: embeddings that are learned, and what the estimators ask of codes."""

import pickle
from functools import partial

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from known_networks import constant, one_value, reference
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone

from sklstm import Architecture, LagFramer, LSTMRegressor, TrainingPlan, Windows
from sklstm.networks import vanilla

RNG = np.random.default_rng(0)
# Sentences of 6 words.
WORDS = RNG.integers(0, 20, size=(150, 6, 1)).astype(float)
# A code and a number for each time step.
MIXED = np.concatenate([RNG.integers(0, 5, size=(60, 4, 1)), RNG.normal(size=(60, 4, 1))], axis=-1)


# All features hold codes, or the first one.
ALL_CODES = Architecture(embedding_dim=2)
FIRST_CODES = Architecture(embedding_dim=2, embedding_features=[0])


def small(architecture=ALL_CODES, **params):
    return LSTMRegressor(**({"units": 2, "architecture": architecture, "epochs": 2, "random_state": 0} | params))


# --- what is learned ------------------------------------------------------------------------------


def test_mixed():
    """Numbers are learned beside embeddings; `test_text` learns from codes alone."""
    effects = np.array([3.0, -2.0, 0.0, 5.0, -4.0])
    X = np.concatenate([RNG.integers(0, 5, size=(260, 4, 1)), RNG.normal(size=(260, 4, 1))], axis=-1)
    y = effects[X[:, -1, 0].astype(int)] + X[:, -1, 1]
    # One batch an epoch needs no program of XLA, which would take longer to compile.
    params = {"epochs": 80, "batch_size": 200, "learning_rate": 0.1, "random_state": 0}
    model = LSTMRegressor(8, architecture=Architecture(embedding_dim=3, embedding_features=[0]), **params)
    assert model.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.9


# --- ways of computing ----------------------------------------------------------------------------


class OwnAdam(keras.optimizers.Adam):
    """An optimizer that only Keras' own fit takes."""


def own_metric(y_true, y_pred):
    """A metric that only the graph takes."""
    return keras.ops.mean(y_pred, axis=-1)


def test_ways_of_computing_agree():
    """Codes, static features and known-ahead ones are learned alike by XLA, by TensorFlow, and by Keras' own fit."""
    X = np.concatenate([WORDS, RNG.normal(size=(150, 6, 4))], axis=-1)
    # The lead of the third feature is the last one.
    roles = LagFramer(1, static=[1], future=[2]).fit_transform(np.ones((1, 4))).roles
    windows, y = Windows.from_array(X).with_roles(roles), X.sum(axis=2)[:, -1]
    model = small(FIRST_CODES, epochs=12, batch_size=16, training=TrainingPlan(shuffle=False))
    fits = [clone(model).set_params(**params) for params in ({}, {"metrics": [own_metric]}, {"optimizer": OwnAdam})]
    fits = [fit.fit(windows, y) for fit in fits]
    assert [fitted.training_path_ for fitted in fits] == ["xla", "graph", "keras"]
    for fitted in fits[1:]:
        assert_allclose(fitted.history_["loss"], fits[0].history_["loss"], rtol=1e-3)


def test_state_is_carried():
    """One word after the other is read as the sentence is."""
    words = WORDS[:20].reshape(-1, 1, 1)
    model = small(stateful=True).initialize(words, words[:, 0, 0])
    carried = model.predict(words[:6])[-1]
    assert_allclose(carried, model.set_params(stateful=False).predict(WORDS[:1])[0], rtol=1e-5)


# --- contracts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "cnn_lstm", "encoder_decoder"])
def test_pickle_and_clone(architecture):
    """A pickle and a clone predict the same from the same codes, and further training keeps them."""
    embedding = Architecture(architecture, embedding_dim=2, embedding_features=np.array([0]))
    model = small(embedding).initialize(MIXED, MIXED[:, -1, 1])
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(MIXED), model.predict(MIXED))
    assert_array_equal(clone(model).initialize(MIXED, MIXED[:, -1, 1]).predict(MIXED), model.predict(MIXED))
    if architecture == "vanilla":
        assert copy.partial_fit(MIXED, MIXED[:, -1, 1]).n_categories_ == (6,)


def test_rows_of_codes():
    """A table of two axes is one feature, its columns are time steps."""
    rows = WORDS[:40, :, 0]
    model = small().initialize(rows, rows[:, 0])
    assert model.n_categories_ == (21,)
    deep = rows[:, :, None]
    assert_array_equal(model.predict(rows), small().initialize(deep, rows[:, 0]).predict(deep))


def test_features_with_a_role_hold_no_codes():
    """Static features stay numbers, whatever they hold."""
    roles = LagFramer(1, static=[0]).fit_transform(np.ones((1, 2))).roles
    windows = Windows.from_array(MIXED[:, :, ::-1]).with_roles(roles)
    model = small().initialize(windows, MIXED[:, -1, 1])
    assert model.n_categories_ == (6,)
    assert refused(small(FIRST_CODES).fit, windows, MIXED[:, -1, 1]) == snapshot(
        "LSTMRegressor expects embedding_features to name features of X that are neither static nor known ahead, by "
        "their positions, each once: some of [1]. Got [0]."
    )


def test_custom_builders():
    """A custom builder gets what an embedding needs."""
    seen = []

    def build(meta, embedding_dim, embedding_features):
        seen.append((meta.get("n_categories_"), embedding_dim, embedding_features))
        return vanilla(meta, units=2, embedding_dim=embedding_dim, embedding_features=embedding_features)

    small(Architecture(build, embedding_dim=2, embedding_features=[0])).initialize(MIXED, MIXED[:, -1, 1])
    small(build).initialize(MIXED, MIXED[:, -1, 1])
    assert seen == [((6,), 2, [0]), (None, None, None)]


def test_window_scaler_leaves_codes_alone():
    """Beside codes, numbers are scaled window by window; the past of a target is one of the numbers."""
    walk = RNG.normal(size=81).cumsum()
    rows = np.stack([np.arange(80) % 7, walk[:-1]], axis=1)
    windows, y = Windows(rows, np.arange(76), 5), walk[5:]
    codes = {"embedding_dim": 2, "embedding_features": [0]}
    zero = Architecture(constant, **codes)
    assert_allclose(reference(windows, y, architecture=zero, window_scaler="last"), rows[4:, 1], rtol=1e-5)

    def forecasts(X, network, **options):
        architecture = Architecture(network, **options)
        model = LSTMRegressor(architecture=architecture, window_scaler="standard", target_scaler=None)
        return model.initialize(X, y).predict(X)

    level, above = (forecasts(windows, partial(constant, value=value), **codes) for value in (0.0, 1.0))
    numbers = np.ascontiguousarray(windows[:, :, 1:])
    assert_allclose(level, forecasts(numbers, constant), rtol=1e-5)
    seen = forecasts(windows, partial(one_value, time_step=-1, feature=0), **codes)
    assert_allclose((seen - level) / (above - level), rows[4:, 0], rtol=1e-4, atol=1e-5)


# --- errors ---------------------------------------------------------------------------------------


def test_no_codes():
    """Codes are whole numbers from 0 on, in fit and in predict."""
    model = small(FIRST_CODES).initialize(MIXED, MIXED[:, -1, 1])
    messages = []
    for code in (0.5, -1.0):
        X = MIXED.copy()
        X[7, 2, 0] = code
        messages.append(refused(small(FIRST_CODES).fit, X, MIXED[:, -1, 1]))
        assert refused(model.predict, X) == messages[-1]
    assert messages == snapshot(
        [
            'LSTMRegressor with Architecture(embedding_dim=2) expects codes in feature 0 of X, whole numbers of 0 and more; got 0.5 in sample 7, time step 2. Encode with SequenceEncoder(unknown="encode"), or say which features hold codes: embedding_features=[...].',
            'LSTMRegressor with Architecture(embedding_dim=2) expects codes in feature 0 of X, whole numbers of 0 and more; got -1 in sample 7, time step 2. Encode with SequenceEncoder(unknown="encode"), or say which features hold codes: embedding_features=[...].',
        ]
    )


def test_codes_that_are_new():
    """A new code has no embedding, unless it is the one above all others: that of unknown categories."""
    model = small(FIRST_CODES).initialize(MIXED, MIXED[:, -1, 1])
    X = MIXED.copy()
    X[3, 1, 0] = 12
    message = snapshot(
        'LSTMRegressor with Architecture(embedding_dim=2) saw codes from 0 to 4 of feature 0 in fit, and takes 5 for what is unknown; got 12 in sample 3, time step 1. Encode with SequenceEncoder(unknown="encode") in the Pipeline, so that it learns the categories that fit sees.'
    )
    assert refused(model.predict, X) == message
    assert refused(model.partial_fit, X, MIXED[:, -1, 1]) == message
    X[3, 1, 0] = 5
    assert np.isfinite(model.predict(X)).all()


def test_codes_that_no_window_shows():
    """Rows of the buffer that no window shows hold no codes."""
    buffer = np.array([[0.0], [1.0], [2.0], [np.inf], [7.5], [1.0]])
    assert small().initialize(Windows(buffer, [0, 0, 1, 1], 2), np.arange(4.0)).n_categories_ == (4,)


def test_wrong_features():
    """Features that hold codes are given by their positions."""
    wrong = [[], [2], [0, 0], [-1], ["a"]]
    messages = [
        refused(small(Architecture(embedding_dim=2, embedding_features=features)).fit, MIXED, MIXED[:, -1, 1])
        for features in wrong
    ]
    assert messages[0] == snapshot(
        "LSTMRegressor expects embedding_features to name features of X that are neither static nor known ahead, by "
        "their positions, each once: some of [0, 1]. Got []."
    )
    assert [message.rpartition("Got ")[2] for message in messages] == [f"{features}." for features in wrong]


def test_features_without_an_embedding():
    """Features that hold codes without an embedding raise an error."""
    assert refused(small(Architecture(embedding_features=[0])).fit, MIXED, MIXED[:, -1, 1]) == snapshot(
        "LSTMRegressor got embedding_features=[0], but embedding_dim=None embeds nothing. Pass embedding_dim, the "
        "length of an embedding, or leave embedding_features out."
    )


def test_frames():
    """Frames with an embedding raise an error, as pixels are no codes."""
    frames = np.zeros((4, 3, 5, 5))
    assert refused(small(Architecture("cnn_lstm", embedding_dim=2)).fit, frames, np.arange(4.0)) == snapshot(
        "LSTMRegressor with Architecture(embedding_dim=2) embeds codes of categories, got frames of shape (5, 5). Pass embedding_dim=None."
    )


def test_codes_are_no_numbers():
    """Options for numbers raise an error where all features hold codes."""
    options = [{"window_scaler": "mean"}, {"window_scaler": 3}, {"linear_skip": True}]
    assert [refused(small(**option).fit, WORDS, WORDS[:, 0, 0]) for option in options] == snapshot(
        [
            "LSTMRegressor with Architecture(embedding_dim=2) embeds all features of X that change from time step to time step, so that no number is left for window_scaler='mean'. Say which features hold codes, embedding_features=[...], or leave window_scaler out.",
            "LSTMRegressor with Architecture(embedding_dim=2) embeds all features of X that change from time step to time step, so that no number is left for window_scaler=3. Say which features hold codes, embedding_features=[...], or leave window_scaler out.",
            "LSTMRegressor with Architecture(embedding_dim=2) embeds all features of X that change from time step to time step, so that no number is left for linear_skip=True. Say which features hold codes, embedding_features=[...], or leave linear_skip out.",
        ]
    )
