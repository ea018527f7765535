"""Codes of categories: embeddings that are learned, and what the estimators ask of codes."""

import pickle

import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMRegressor, SequenceEncoder, SequencePadder, Windows
from sklstm._windows import Roles
from sklstm.training import _paths

RNG = np.random.default_rng(0)
# Words by their codes; a "not" turns the next opinion round, the others say nothing.
NOT, GOOD, BAD = [0], [1, 2, 3, 4], [5, 6, 7, 8]
OTHERS = list(range(9, 30))


def reviews(n_samples):
    """Sentences of 4 to 8 words, NaN before the first, and whether they are pleased."""
    X = np.full((n_samples, 8, 1), np.nan)
    y = np.empty(n_samples, dtype=object)
    for sample in range(n_samples):
        pleased, turned = RNG.integers(2, size=2)
        opinion = RNG.choice(GOOD if pleased != turned else BAD)
        words = RNG.choice(OTHERS, size=RNG.integers(2, 7)).tolist()
        place = RNG.integers(len(words) + 1)
        words[place:place] = [*NOT * turned, opinion]
        X[sample, -len(words) :, 0] = words
        y[sample] = "pleased" if pleased else "angry"
    return X, y


def tagged(n_samples):
    """Sentences of 6 words, and a tag for each: what a word is called depends on the word before it."""
    X = RNG.integers(0, 20, size=(n_samples, 6, 1)).astype(float)
    kind = (X[:, :, 0] >= 10).astype(int)
    before = np.concatenate([np.zeros((n_samples, 1), dtype=int), kind[:, :-1]], axis=1)
    return X, np.array([["noun", "verb"], ["name", "verb"]])[before, kind]


WORDS, MOODS = reviews(440)
TAGGED, TAGS = tagged(340)
# A code and a number for each time step.
MIXED = np.concatenate([RNG.integers(0, 5, size=(60, 4, 1)), RNG.normal(size=(60, 4, 1))], axis=-1)


def small(kind=LSTMRegressor, **params):
    return kind(**({"units": 3, "filters": 2, "epochs": 2, "embedding_dim": 2, "random_state": 0} | params))


def classified(**params):
    params = {"units": 12, "epochs": 30, "learning_rate": 0.02, "random_state": 0} | params
    return LSTMClassifier(**params)


# --- what is learned ------------------------------------------------------------------------------


def test_moods():
    """What a sentence says follows from its words and their order, though their codes have none."""
    model = classified(embedding_dim=6).fit(WORDS[:360], MOODS[:360])
    assert model.score(WORDS[360:], MOODS[360:]) > 0.9
    assert model.n_categories_ == (31,)
    assert classified(epochs=5).fit(WORDS[:360], MOODS[:360]).score(WORDS[360:], MOODS[360:]) < 0.8


def test_tags():
    """A tag for each word."""
    model = classified(architecture="many_to_many", embedding_dim=4).fit(TAGGED[:280], TAGS[:280])
    assert (model.predict(TAGGED[280:]) == TAGS[280:]).mean() > 0.95


def test_mixed():
    """Numbers stand beside embeddings."""
    effects = np.array([3.0, -2.0, 0.0, 5.0, -4.0])
    X = np.concatenate([RNG.integers(0, 5, size=(260, 4, 1)), RNG.normal(size=(260, 4, 1))], axis=-1)
    y = effects[X[:, -1, 0].astype(int)] + X[:, -1, 1]
    model = LSTMRegressor(
        12, embedding_dim=3, embedding_features=[0], epochs=40, learning_rate=0.03, random_state=0
    ).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.9


# --- ways of computing ----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["stacked", "many_to_many"])
def test_ways_of_computing_agree(architecture, monkeypatch):
    """Compiled by XLA, by TensorFlow, or by Keras' own fit: the losses are the same."""
    target = TAGS if architecture == "many_to_many" else TAGS[:, -1]
    model = small(LSTMClassifier, architecture=architecture, epochs=12, batch_size=16, shuffle=False)
    fits = [clone(model).fit(TAGGED[:150], target[:150])]
    monkeypatch.setattr(_paths, "LONG", 10**9)
    fits.append(clone(model).fit(TAGGED[:150], target[:150]))
    monkeypatch.setattr(_paths, "_has_a_plain_step", lambda network: False)
    fits.append(clone(model).fit(TAGGED[:150], target[:150]))
    assert [fitted.training_path_ for fitted in fits] == ["xla", "graph", "keras"]
    for fitted in fits[1:]:
        assert_allclose(fitted.history_["loss"], fits[0].history_["loss"], rtol=1e-3)


def test_state_is_carried():
    """One word after the other is read as the sentence is."""
    words = TAGGED[:20].reshape(-1, 1, 1)
    model = small(stateful=True, batch_size=4).fit(words, words[:, 0, 0])
    carried = model.reset_states().predict(words[:6])[-1]
    assert_allclose(carried, model.set_params(stateful=False).predict(TAGGED[:1])[0], rtol=1e-5)


# --- contracts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "cnn_lstm", "encoder_decoder"])
def test_pickle_and_clone(architecture):
    """Codes are the same after a pickle, in a clone, and for a fit that goes on."""
    model = small(architecture=architecture, embedding_features=np.array([0])).fit(MIXED, MIXED[:, -1, 1])
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(MIXED), model.predict(MIXED))
    assert_array_equal(clone(model).fit(MIXED, MIXED[:, -1, 1]).predict(MIXED), model.predict(MIXED))
    assert copy.partial_fit(MIXED, MIXED[:, -1, 1]).n_categories_ == (6,)


def test_rows_of_codes():
    """A table of two axes is one feature, its columns are time steps."""
    rows = TAGGED[:40, :, 0]
    model = small().fit(rows, rows[:, 0])
    assert model.n_categories_ == (21,)
    assert_array_equal(model.predict(rows), small().fit(rows[:, :, None], rows[:, 0]).predict(rows[:, :, None]))


def test_features_with_a_role_hold_no_codes():
    """Static features stay numbers, whatever they hold."""
    windows = Windows.from_array(MIXED[:, :, ::-1])
    windows = Windows(windows.buffer, windows.starts, 4, Roles((0,)))
    model = small().fit(windows, MIXED[:, -1, 1])
    assert model.n_categories_ == (6,)
    assert refused(small(embedding_features=[0]).fit, windows, MIXED[:, -1, 1]) == snapshot(
        "LSTMRegressor expects embedding_features to name features of X that are neither static nor known ahead, by "
        "their positions, each once: some of [1]. Got [0]."
    )


def test_builders_of_ones_own():
    """A builder may ask for what an embedding needs."""
    seen = []

    def build(meta, embedding_dim, embedding_features):
        from sklstm.networks import vanilla

        seen.append((meta.get("n_categories_"), embedding_dim, embedding_features))
        return vanilla(meta, units=2, embedding_dim=embedding_dim, embedding_features=embedding_features)

    small(architecture=build, embedding_features=[0]).fit(MIXED, MIXED[:, -1, 1])
    small(architecture=build, embedding_dim=None).fit(MIXED, MIXED[:, -1, 1])
    assert seen == [((6,), 2, [0]), (None, None, None)]


def test_window_scaler_leaves_codes_alone():
    """Beside codes, numbers are scaled window by window; the past of a target is looked for among them."""
    walk = RNG.normal(size=81).cumsum()
    rows = np.stack([np.arange(80) % 7, walk[:-1]], axis=1)
    windows, y = Windows(rows, np.arange(76), 5), walk[5:]
    model = small(window_scaler="standard", linear_skip=True, embedding_features=[0]).fit(windows, y)
    shift, spread = model.window_scaler_.measure(windows)
    assert_array_equal(shift[:, 0], 0)
    assert_array_equal(spread[:, 0], 1)
    assert [past.feature for past in model._pasts] == [1]


# --- what is refused ------------------------------------------------------------------------------

CODES = [
    (0.5, "0.5"),
    (-1.0, "-1"),
]


@pytest.mark.parametrize(("code", "shown"), CODES)
def test_no_codes(code, shown):
    """Codes are whole numbers from 0 on, in fit and in predict."""
    X = MIXED.copy()
    X[7, 2, 0] = code
    model = small(embedding_features=[0]).fit(MIXED, MIXED[:, -1, 1])
    message = refused(small(embedding_features=[0]).fit, X, MIXED[:, -1, 1])
    assert refused(model.predict, X) == message
    assert message == (
        "LSTMRegressor(embedding_dim=2) expects codes in feature 0 of X, whole numbers of 0 and more; got "
        f'{shown} in sample 7, time step 2. Encode with SequenceEncoder(unknown="encode"), or say which features '
        "hold codes: embedding_features=[...]."
    )


def test_codes_that_are_new():
    """A code that fit did not see has no embedding, unless it is the one above all others: that of the unknown."""
    model = small(embedding_features=[0]).fit(MIXED, MIXED[:, -1, 1])
    X = MIXED.copy()
    X[3, 1, 0] = 12
    message = (
        "LSTMRegressor(embedding_dim=2) saw codes from 0 to 4 of feature 0 in fit, and takes 5 for what is unknown; "
        'got 12 in sample 3, time step 1. Encode with SequenceEncoder(unknown="encode") in the Pipeline, so that '
        "it learns the categories that fit sees."
    )
    assert refused(model.predict, X) == refused(model.partial_fit, X, MIXED[:, -1, 1]) == message
    X[3, 1, 0] = 5
    assert np.isfinite(model.predict(X)).all()


def test_encoder_in_a_pipeline():
    """Words that fit did not see have a code, and an embedding."""
    words = [["not", "good"], ["good"], ["bad"], ["not", "bad"]]
    pipe = make_pipeline(SequenceEncoder(unknown="encode"), SequencePadder(), small(LSTMClassifier))
    pipe.fit(words, ["-", "+", "-", "+"])
    assert pipe[-1].n_categories_ == (4,)
    assert pipe.predict([["not", "ugly"]]).shape == (1,)


def test_codes_that_no_window_shows():
    """What lies in the buffer but in no window is nobody's code."""
    buffer = np.array([[0.0], [1.0], [2.0], [np.inf], [7.5], [1.0]])
    assert small().fit(Windows(buffer, [0, 0, 1, 1], 2), np.arange(4.0)).n_categories_ == (4,)


@pytest.mark.parametrize("features", [[], [2], [0, 0], [-1], ["a"]], ids=str)
def test_wrong_features(features):
    """Features that hold codes are told by their positions."""
    assert refused(small(embedding_features=features).fit, MIXED, MIXED[:, -1, 1]) == (
        "LSTMRegressor expects embedding_features to name features of X that are neither static nor known ahead, by "
        f"their positions, each once: some of [0, 1]. Got {features}."
    )


def test_features_without_an_embedding():
    """Features are named for an embedding."""
    assert refused(small(embedding_dim=None, embedding_features=[0]).fit, MIXED, MIXED[:, -1, 1]) == snapshot(
        "LSTMRegressor got embedding_features=[0], but embedding_dim=None embeds nothing. Pass embedding_dim, the "
        "length of an embedding, or leave embedding_features out."
    )


def test_frames():
    """Pixels are no codes."""
    frames = np.zeros((4, 3, 5, 5))
    assert refused(small(architecture="cnn_lstm").fit, frames, np.arange(4.0)) == snapshot(
        "LSTMRegressor(embedding_dim=2) embeds codes of categories, got frames of shape (5, 5). Pass "
        "embedding_dim=None."
    )


@pytest.mark.parametrize(("name", "value"), [("window_scaler", "mean"), ("relative_to", "last"), ("linear_skip", True)])
def test_codes_are_no_numbers(name, value):
    """Codes have no level, and no difference."""
    assert refused(small(**{name: value}).fit, TAGGED, TAGGED[:, 0, 0]) == (
        "LSTMRegressor(embedding_dim=2) embeds all features of X that change from time step to time step, so that no "
        f"number is left for {name}={value!r}. Say which features hold codes, embedding_features=[...], or leave "
        f"{name} out."
    )
