"""Sequences of different lengths through the whole stack: a stock Pipeline, a stock search, and back in their order."""

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from sklstm import KerasRegressor, LagFramer, LSTMClassifier, LSTMRegressor, SequencePadder, SeriesScaler, To3D, Windows
from sklstm.estimators._samples import Samples
from sklstm.training import SampleBatches, StreamBatches, _batches, _predict

RNG = np.random.default_rng(0)
# Long and short ones of each class, in random order.
LENGTHS = RNG.permutation(np.tile([2, 2, 3, 10], 12))
LABELS = np.array(["calm", "wild"])[RNG.permutation(np.tile([0, 1], 24))]
SEQUENCES = [
    5 + (1 + 3 * (label == "wild")) * RNG.normal(size=(length, 2))
    for length, label in zip(LENGTHS, LABELS, strict=True)
]
SUMS = np.array([sequence[-1].sum() for sequence in SEQUENCES])


def in_object_array(sequences):
    held = np.empty(len(sequences), dtype=object)
    held[:] = sequences
    return held


CONTAINERS = {
    "list of arrays": list,
    "list of DataFrames": lambda sequences: [pd.DataFrame(s, columns=["east", "north"]) for s in sequences],
    "object array": in_object_array,
}


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """Few and short sequences are enough for batches and chunks of like length."""
    monkeypatch.setattr(_batches, "FEWEST_SAVED", 1)
    monkeypatch.setattr(_predict, "BY_LENGTH", 4)


def pipeline(lstm):
    return Pipeline([("scale", SeriesScaler("standard")), ("pad", SequencePadder()), ("to3d", To3D()), ("lstm", lstm)])


def classifier(**params):
    return pipeline(LSTMClassifier(**({"units": 2, "epochs": 2, "batch_size": 4, "random_state": 0} | params)))


def regressor(**params):
    return pipeline(LSTMRegressor(**({"units": 2, "epochs": 2, "batch_size": 4, "random_state": 0} | params)))


# --- a stock search -------------------------------------------------------------------------------


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_stock_search(container):
    """Any container goes through shuffled folds; each sequence is predicted as it is alone, in the order given."""
    hold = CONTAINERS[container]
    X = hold(SEQUENCES)
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(classifier(), {"scale__method": ["standard", "minmax"]}, cv=folds, error_score="raise")
    search.fit(X, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    probabilities = search.predict_proba(X)
    alone = [search.predict_proba(hold([sequence])) for sequence in SEQUENCES]
    assert_allclose(probabilities, np.concatenate(alone), rtol=1e-5, atol=1e-6)
    assert_array_equal(search.predict(X), search.classes_[probabilities.argmax(axis=1)])


def test_every_container_is_the_same():
    """What is learned of the sequences does not depend on what holds them."""
    predicted = [regressor().fit(hold(SEQUENCES), SUMS).predict(hold(SEQUENCES)) for hold in CONTAINERS.values()]
    assert_array_equal(predicted[0], predicted[1])
    assert_array_equal(predicted[0], predicted[2])


def test_scaled_before_it_is_padded():
    """The scale is that of the observed time steps, all in a row; padding stays out of it, and stays NaN."""
    fitted = regressor(epochs=1).fit(SEQUENCES, SUMS)
    steps = np.concatenate(SEQUENCES)
    assert_allclose(fitted["scale"].mean_, steps.mean(axis=0))
    assert_allclose(fitted["scale"].std_, steps.std(axis=0))
    padded = fitted[:-1].transform(SEQUENCES)
    seen = np.arange(10) >= 10 - LENGTHS[:, None]
    assert_array_equal(~np.isnan(padded), np.broadcast_to(seen[:, :, None], padded.shape))
    assert_allclose(padded[seen], (steps - steps.mean(axis=0)) / steps.std(axis=0))


# --- the order of the samples ---------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "stacked", "bidirectional", "many_to_many"])
def test_predictions_follow_the_order_given(architecture):
    """Sequences in another order give the same predictions in that order."""
    y = SUMS
    if architecture == "many_to_many":
        y = np.full((len(SEQUENCES), 10), np.nan)
        for k, sequence in enumerate(SEQUENCES):
            y[k, 10 - len(sequence) :] = sequence[:, 0]
    fitted = regressor(architecture=architecture).fit(SEQUENCES, y)
    order = np.random.default_rng(1).permutation(len(SEQUENCES))
    predicted = fitted.predict([SEQUENCES[k] for k in order])
    assert_allclose(predicted, fitted.predict(SEQUENCES)[order], rtol=1e-5, atol=1e-5)


def test_in_one_full_batch_the_order_does_not_matter():
    """Where nothing is shuffled and all samples are one batch, their order changes nothing of what is learned."""
    order = np.random.default_rng(1).permutation(len(SEQUENCES))
    model = regressor(shuffle=False, batch_size=len(SEQUENCES), epochs=5)
    one = clone(model).fit(SEQUENCES, SUMS)
    other = clone(model).fit([SEQUENCES[k] for k in order], SUMS[order])
    assert_allclose(one[-1].history_["loss"], other[-1].history_["loss"], rtol=1e-5)
    assert_allclose(one.predict(SEQUENCES), other.predict(SEQUENCES), rtol=1e-5, atol=1e-5)


def test_the_same_seed_the_same_bits():
    """Batches by length are drawn by random_state alone."""
    models = [regressor(random_state=seed).fit(SEQUENCES, SUMS) for seed in (0, 0, 1)]
    predicted = [model.predict(SEQUENCES) for model in models]
    assert_array_equal(predicted[0], predicted[1])
    assert not np.allclose(predicted[0], predicted[2])


# --- which fits go by length ----------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch):
    """What batches fits were given to train on, and to watch."""
    made = []
    for cls in (LSTMClassifier, LSTMRegressor, KerasRegressor):

        def batches(self, network, data, rng, before=cls._batches):
            trainer, training, watched = before(self, network, data, rng)
            made.extend(batches for batches in (training, watched) if batches is not None)
            return trainer, training, watched

        monkeypatch.setattr(cls, "_batches", batches)
    return made


@pytest.mark.parametrize("architecture", ["vanilla", "stacked", "bidirectional"])
def test_sequences_go_by_length(architecture, made):
    """Batches of ragged sequences are of like length, and trimmed."""
    regressor(architecture=architecture).fit(SEQUENCES, SUMS)
    (batches,) = made
    assert batches.uneven
    assert batches.trims
    assert_array_equal(batches.lengths, LENGTHS)
    longest = LENGTHS[batches.samples].reshape(-1, 4).max(axis=1)
    assert longest.mean() < 6


@pytest.mark.parametrize("side", ["pre", "post"])
def test_lengths_whatever_the_side(side, made):
    """What counts is from the first to the last time step that was observed."""
    regressor().set_params(pad__padding=side).fit(SEQUENCES, SUMS)
    assert_array_equal(made[0].lengths, LENGTHS)
    assert made[0].uneven


def test_without_shuffling_the_order_is_kept(made):
    """With shuffle=False samples come as they were given."""
    regressor(shuffle=False).fit(SEQUENCES, SUMS)
    assert made[0].trims
    assert_array_equal(made[0].samples, np.arange(len(SEQUENCES)))


def mean_of_steps(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    observed = keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(observed)))


@pytest.mark.parametrize(
    "lstm",
    [
        LSTMRegressor(2, architecture="cnn_lstm", filters=2, epochs=1),
        LSTMRegressor(2, architecture=mean_of_steps, epochs=1),
        KerasRegressor(mean_of_steps),
    ],
    ids=["cnn_lstm", "a builder", "KerasRegressor"],
)
def test_where_time_steps_at_the_front_may_matter(lstm, made):
    """Networks that may see what was not observed are given samples as they are."""
    pipeline(lstm).fit(SEQUENCES, SUMS)
    assert made[0].lengths is None
    assert not made[0].uneven


def test_a_linear_path_takes_all_time_steps(made):
    """A network of a given number of time steps is given so many, also for predictions."""
    last = np.array([sequence[-1, 0] for sequence in SEQUENCES])
    model = regressor(linear_skip=True).fit(SEQUENCES, np.append(last[1:], 0.0))
    assert made[0].lengths is None
    assert model.predict(SEQUENCES[:1]).shape == (1,)


@pytest.mark.parametrize("params", [{"stateful": True}, {"tbptt": (2, 3)}], ids=["stateful", "tbptt"])
def test_streams_are_left_alone(params, made):
    """Samples that go on from one another, or are cut into pieces, come in streams."""
    regressor(**params).fit(SEQUENCES[:12], SUMS[:12])
    assert isinstance(made[0], StreamBatches)


def test_windows_of_a_series_are_left_alone(made):
    """Windows that overlap are of one length, but for the first ones: they are shuffled as ever."""
    series = np.random.default_rng(0).normal(size=(60, 2))
    steps = [("frame", LagFramer(n_steps=50)), ("lstm", LSTMRegressor(2, batch_size=4, epochs=1, random_state=0))]
    Pipeline(steps).fit(series, series[:, 0])
    (batches,) = made
    assert isinstance(batches, SampleBatches)
    assert batches.lengths is None
    assert not batches.uneven


def test_samples_that_show_nothing():
    """A sample of which nothing was observed is as short as can be, and is predicted among the others."""
    X = SequencePadder().fit_transform(SEQUENCES)
    X[5] = np.nan
    model = LSTMRegressor(2, batch_size=4, epochs=1, random_state=0).fit(X, SUMS)
    alone = np.concatenate([model.predict(X[[k]]) for k in range(len(X))])
    assert_allclose(model.predict(X), alone, rtol=1e-5, atol=1e-5)


def test_validation_goes_by_length_too(made):
    """Watched samples are trimmed, and their loss is that of all of them."""
    model = regressor(validation_fraction=0.5, validation_gap=0, epochs=1, target_scaler=None)
    model.fit(2 * SEQUENCES, np.tile(SUMS, 2))
    assert made[1].trims
    error = model.predict(SEQUENCES) - SUMS
    assert_allclose(model[-1].history_["val_loss"], [np.mean(error**2)], rtol=1e-5)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_lengths_against_a_loop(n_samples, n_timesteps, seed):
    """A length is from the first time step that was observed to the last, whatever is missing in between."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_timesteps, 2))
    X[rng.uniform(size=(n_samples, n_timesteps)) < 0.6] = np.nan
    lengths = Samples(Windows.from_array(X)).lengths()
    for sample, length in zip(X, lengths, strict=True):
        seen = [step for step in range(n_timesteps) if not np.isnan(sample[step]).all()]
        assert length == (seen[-1] - seen[0] + 1 if seen else 0)


# --- a value for each time step -------------------------------------------------------------------


def tagger(lstm):
    return Pipeline([("pad", SequencePadder()), ("lstm", lstm)])


@pytest.mark.parametrize("kind", ["text", "whole numbers"])
def test_labels_of_time_steps(kind):
    """Labels come as lists as long as their sequences, are learned as if laid out by hand, and are scored so."""
    names = np.array(["low", "high"]) if kind == "text" else np.array([3, 7])
    labels = [names[(sequence[:, 0] > 5).astype(int)].tolist() for sequence in SEQUENCES]
    by_hand = np.full((len(SEQUENCES), 10), None, dtype=object)
    for row, own in zip(by_hand, labels, strict=True):
        row[10 - len(own) :] = own
    lstm = LSTMClassifier(units=4, architecture="many_to_many", epochs=3, random_state=0)
    model = tagger(clone(lstm)).fit(SEQUENCES, labels)
    assert_array_equal(model.predict(SEQUENCES), tagger(clone(lstm)).fit(SEQUENCES, by_hand).predict(SEQUENCES))
    assert model.classes_.tolist() == sorted(names.tolist())
    assert model.score(SEQUENCES, labels) == model.score(SEQUENCES, by_hand)
    search = GridSearchCV(tagger(lstm), {"lstm__units": [2, 3]}, cv=KFold(2)).fit(SEQUENCES, labels)
    assert search.best_score_ > 0


def test_numbers_of_time_steps():
    """So do numbers; where all are as long as each other, but shorter than samples are padded to, too."""
    targets = [sequence.sum(axis=1) for sequence in SEQUENCES]
    model = tagger(LSTMRegressor(units=4, architecture="many_to_many", epochs=3, random_state=0))
    model.fit(SEQUENCES, targets)
    assert np.isfinite(model.score(SEQUENCES, targets))
    short = [k for k, length in enumerate(LENGTHS) if length == 2]
    alike = [SEQUENCES[k] for k in short], [targets[k].tolist() for k in short]
    assert np.isfinite(model.score(*alike))


def test_labels_that_do_not_fit_their_sequences():
    """More or fewer labels than time steps are refused, and more or fewer sequences of them."""
    labels = [["a"] * length for length in LENGTHS]
    model = LSTMClassifier(units=2, architecture="many_to_many")
    padded = SequencePadder().fit_transform(SEQUENCES)
    assert refused(model.fit, padded, labels[1:]) == snapshot(
        "LSTMClassifier got X with 48 samples and y with 47 sequences. Both need the same number."
    )
    assert refused(model.fit, padded, [[*labels[0], "b"], *labels[1:]]) == (
        f"LSTMClassifier expects a value of y for each observed time step, got {LENGTHS[0] + 1} for sample 0, in which "
        f"{LENGTHS[0]} were observed. Cut y where X was cut (SequencePadder(max_len=...) does), and give each time "
        "step its value."
    )
