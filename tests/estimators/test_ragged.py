"""Sequences of different lengths: a stock Pipeline, a stock search, and predictions in the order of the samples."""

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

from sklstm import (
    CNNLSTM,
    KerasRegressor,
    LagFramer,
    LSTMClassifier,
    LSTMRegressor,
    SequencePadder,
    SeriesScaler,
    To3D,
    TrainingPlan,
    training,
)
from sklstm.model_selection import TimeTail

RNG = np.random.default_rng(0)
# Long and short ones of each class, in random order: so long that batches by length are shorter by enough time steps,
# and so short that a fit is not long enough for XLA.
LONGEST = 49
LENGTHS = RNG.permutation(np.tile([2, 2, 3, LONGEST], 12))
LABELS = np.array(["calm", "wild"])[RNG.permutation(np.tile([0, 1], 24))]
SEQUENCES = [
    5 + (1 + 3 * (label == "wild")) * RNG.normal(size=(length, 2))
    for length, label in zip(LENGTHS, LABELS, strict=True)
]
SUMS = np.array([sequence[-1].sum() for sequence in SEQUENCES])
# Enough to be predicted in the order of their lengths.
MANY = 11 * SEQUENCES


def in_object_array(sequences):
    held = np.empty(len(sequences), dtype=object)
    held[:] = sequences
    return held


CONTAINERS = {
    "list of arrays": list,
    "list of DataFrames": lambda sequences: [pd.DataFrame(s, columns=["east", "north"]) for s in sequences],
    "object array": in_object_array,
}


def pipeline(lstm):
    return Pipeline([("scale", SeriesScaler("standard")), ("pad", SequencePadder()), ("to3d", To3D()), ("lstm", lstm)])


def classifier(**params):
    return pipeline(LSTMClassifier(**({"units": 2, "epochs": 1, "batch_size": 4, "random_state": 0} | params)))


def regressor(**params):
    return pipeline(LSTMRegressor(**({"units": 2, "epochs": 1, "batch_size": 4, "random_state": 0} | params)))


# --- a stock search -------------------------------------------------------------------------------


def test_a_stock_search():
    """Sequences go through shuffled folds of a stock search."""
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(classifier(), {"scale__method": ["standard", "minmax"]}, cv=folds, error_score="raise")
    search.fit(SEQUENCES, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    probabilities = search.predict_proba(SEQUENCES)
    assert_array_equal(search.predict(SEQUENCES), search.classes_[probabilities.argmax(axis=1)])


def test_every_container_is_the_same():
    """Training does not depend on the container of the sequences."""
    predicted = [regressor().fit(hold(SEQUENCES), SUMS).predict(hold(SEQUENCES)) for hold in CONTAINERS.values()]
    assert_array_equal(predicted[0], predicted[1])
    assert_array_equal(predicted[0], predicted[2])


def test_scaled_before_it_is_padded():
    """The scale is that of the observed time steps; padding stays NaN."""
    fitted = regressor()[:-1].fit(SEQUENCES)
    steps = np.concatenate(SEQUENCES)
    assert_allclose(fitted["scale"].mean_, steps.mean(axis=0))
    assert_allclose(fitted["scale"].std_, steps.std(axis=0))
    padded = fitted.transform(SEQUENCES)
    seen = np.arange(LONGEST) >= LONGEST - LENGTHS[:, None]
    assert_array_equal(~np.isnan(padded), np.broadcast_to(seen[:, :, None], padded.shape))
    assert_allclose(padded[seen], (steps - steps.mean(axis=0)) / steps.std(axis=0))


# --- the order of the samples ---------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "stacked", "bidirectional", "many_to_many"])
def test_predictions_follow_the_order_given(architecture):
    """Each sequence is predicted as it is alone, in the order given."""
    y = SUMS
    if architecture == "many_to_many":
        y = np.full((len(SEQUENCES), LONGEST), np.nan)
        for k, sequence in enumerate(SEQUENCES):
            y[k, LONGEST - len(sequence) :] = sequence[:, 0]
    model = regressor(architecture=architecture).set_params(pad__max_len=LONGEST)
    model[:-1].fit(SEQUENCES)
    model[-1].initialize(model[:-1].transform(SEQUENCES), y)
    alone = np.concatenate([model.predict([sequence]) for sequence in SEQUENCES])
    order = np.random.default_rng(1).permutation(len(MANY))
    predicted = model.predict([MANY[k] for k in order])
    assert_allclose(predicted, alone[order % len(SEQUENCES)], rtol=1e-5, atol=1e-5)


def test_in_one_full_batch_the_order_does_not_matter():
    """Where all samples are one batch and are not shuffled, their order does not change the training."""
    order = np.random.default_rng(1).permutation(len(SEQUENCES))
    model = regressor(training=TrainingPlan(shuffle=False), batch_size=len(SEQUENCES), epochs=3)
    one = clone(model).fit(SEQUENCES, SUMS)
    other = clone(model).fit([SEQUENCES[k] for k in order], SUMS[order])
    assert_allclose(one[-1].history_["loss"], other[-1].history_["loss"], rtol=1e-5)
    assert_allclose(one.predict(SEQUENCES), other.predict(SEQUENCES), rtol=1e-5, atol=1e-5)


def test_the_same_seed_the_same_bits():
    """Batches by length depend on random_state only."""
    models = [regressor(random_state=seed).fit(SEQUENCES, SUMS) for seed in (0, 0, 1)]
    predicted = [model.predict(SEQUENCES) for model in models]
    assert_array_equal(predicted[0], predicted[1])
    assert not np.allclose(predicted[0], predicted[2])


# --- which fits go by length ----------------------------------------------------------------------


class Seen(Exception):
    """Ends a fit before its training."""


@pytest.fixture(scope="module")
def batches_of():
    """A function that returns the batches that a fit trains on and those that it validates on."""

    def end(network, batches, settings, *, validation=None, **params):
        raise Seen(batches, validation)

    def batches_of(model, X=SEQUENCES, y=SUMS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "fit_network", end)
            with pytest.raises(Seen) as seen:
                model.fit(X, y)
        return seen.value.args

    return batches_of


@pytest.mark.parametrize("architecture", ["vanilla", "stacked", "bidirectional"])
def test_sequences_go_by_length(architecture, batches_of):
    """Batches of ragged sequences are of like length, and trimmed."""
    batches, _ = batches_of(regressor(architecture=architecture))
    assert batches.uneven
    assert batches.trims
    assert_array_equal(batches.lengths, LENGTHS)
    longest = LENGTHS[batches.samples].reshape(-1, 4).max(axis=1)
    assert longest.mean() < 0.5 * LONGEST


@pytest.mark.parametrize("side", ["pre", "post"])
def test_lengths_whatever_the_side(side, batches_of):
    """The length is from the first to the last observed time step."""
    batches, _ = batches_of(regressor().set_params(pad__padding=side))
    assert_array_equal(batches.lengths, LENGTHS)
    assert batches.uneven


def test_without_shuffling_the_order_is_kept(batches_of):
    """With shuffle=False samples come in the order given."""
    batches, _ = batches_of(regressor(training=TrainingPlan(shuffle=False)))
    assert batches.trims
    assert_array_equal(batches.samples, np.arange(len(SEQUENCES)))


def mean_of_steps(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    observed = keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(observed)))


@pytest.mark.parametrize(
    "lstm",
    [
        LSTMRegressor(2, architecture=CNNLSTM(filters=2)),
        LSTMRegressor(2, architecture=mean_of_steps),
        KerasRegressor(mean_of_steps),
    ],
    ids=["cnn_lstm", "a builder", "KerasRegressor"],
)
def test_where_time_steps_at_the_front_may_matter(lstm, batches_of):
    """Networks that may read time steps that were not observed get samples of full length."""
    batches, _ = batches_of(pipeline(lstm))
    assert batches.lengths is None
    assert not batches.uneven


def test_a_linear_path_takes_all_time_steps(batches_of):
    """A network of a fixed number of time steps gets as many, also for predictions."""
    last = np.array([sequence[-1, 0] for sequence in SEQUENCES])
    y = np.append(last[1:], 0.0)
    assert batches_of(regressor(linear_skip=True, target_feature=0), y=y)[0].lengths is None
    X = SequencePadder().fit_transform(SEQUENCES)
    assert LSTMRegressor(2, linear_skip=True, target_feature=0).initialize(X, y).predict(X[:1]).shape == (1,)


@pytest.mark.parametrize(
    "params", [{"stateful": True}, {"training": TrainingPlan(tbptt=(2, 3))}], ids=["stateful", "tbptt"]
)
def test_streams_are_left_alone(params, batches_of):
    """Stateful and truncated training get samples in streams."""
    assert isinstance(batches_of(regressor(**params))[0], training.StreamBatches)


def test_windows_of_a_series_are_left_alone(batches_of):
    """Windows that overlap are shuffled without regard to the short ones at the start."""
    series = np.random.default_rng(0).normal(size=(60, 2))
    steps = [("frame", LagFramer(n_steps=50)), ("lstm", LSTMRegressor(2, batch_size=4))]
    batches, _ = batches_of(Pipeline(steps), series, series[:, 0])
    assert isinstance(batches, training.SampleBatches)
    assert batches.lengths is None
    assert not batches.uneven


def test_samples_that_show_nothing():
    """A sample of which nothing was observed is predicted among the others."""
    X = SequencePadder().fit_transform(SEQUENCES)
    X[5] = np.nan
    model = LSTMRegressor(2, batch_size=4, epochs=1, random_state=0).fit(X, SUMS)
    many = np.concatenate([X] * 11)
    alone = np.concatenate([model.predict(X[[k]]) for k in range(8)])
    assert_allclose(model.predict(many)[:8], alone, rtol=1e-5, atol=1e-5)


def test_validation_goes_by_length_too(batches_of):
    """Validation samples are trimmed, and their loss is that of all of them."""
    model = regressor(validation=TimeTail(0.5, gap=0), target_scaler=None)
    data = 2 * SEQUENCES, np.tile(SUMS, 2)
    assert batches_of(model, *data)[1].trims
    model.fit(*data)
    error = model.predict(SEQUENCES) - SUMS
    assert_allclose(model[-1].history_["val_loss"], [np.mean(error**2)], rtol=1e-5)


@given(n_samples=st.integers(1, 6), n_timesteps=st.integers(1, 6), seed=st.integers(0, 99))
def test_lengths_against_a_loop(batches_of, n_samples, n_timesteps, seed):
    """A length is from the first observed time step to the last, whatever is missing in between."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_timesteps, 2))
    X[rng.uniform(size=(n_samples, n_timesteps)) < 0.6] = np.nan
    batches, _ = batches_of(LSTMRegressor(2, training=TrainingPlan(min_steps=0)), X, np.arange(float(n_samples)))
    for sample, length in zip(X, batches.lengths, strict=True):
        seen = [step for step in range(n_timesteps) if not np.isnan(sample[step]).all()]
        assert length == (seen[-1] - seen[0] + 1 if seen else 0)


# --- a value for each time step -------------------------------------------------------------------


def tagger(lstm):
    return Pipeline([("pad", SequencePadder()), ("lstm", lstm)])


@pytest.mark.parametrize("kind", ["text", "whole numbers"])
def test_labels_of_time_steps(kind):
    """Labels in lists as long as their sequences are the same as labels in a padded array."""
    names = np.array(["low", "high"]) if kind == "text" else np.array([3, 7])
    labels = [names[(sequence[:, 0] > 5).astype(int)].tolist() for sequence in SEQUENCES]
    by_hand = np.full((len(SEQUENCES), LONGEST), None, dtype=object)
    for row, own in zip(by_hand, labels, strict=True):
        row[LONGEST - len(own) :] = own
    lstm = LSTMClassifier(units=2, architecture="many_to_many", epochs=2, random_state=0)
    model = tagger(clone(lstm)).fit(SEQUENCES, labels)
    predicted = model.predict(SEQUENCES)
    assert [len(sequence) for sequence in predicted] == LENGTHS.tolist()
    assert set(np.concatenate(predicted).tolist()) <= set(names.tolist())
    padded = tagger(clone(lstm)).fit(SEQUENCES, by_hand).predict(SEQUENCES)
    assert_array_equal(pd.isna(padded), pd.isna(by_hand))
    assert_array_equal(np.concatenate(predicted), padded[~pd.isna(padded)])
    assert model.classes_.tolist() == sorted(names.tolist())
    assert model.score(SEQUENCES, labels) == model.score(SEQUENCES, by_hand)
    if kind == "text":
        search = GridSearchCV(tagger(lstm), {"lstm__units": [2]}, cv=KFold(2), error_score="raise")
        assert search.fit(SEQUENCES, labels).best_score_ > 0


def test_numbers_of_time_steps():
    """Numbers come in lists, too, also where all lists are of one length that is shorter than the padded samples."""
    targets = [sequence.sum(axis=1) for sequence in SEQUENCES]
    model = tagger(LSTMRegressor(units=2, architecture="many_to_many", epochs=1, random_state=0))
    model.fit(SEQUENCES, targets)
    assert np.isfinite(model.score(SEQUENCES, targets))
    predicted = model.predict(SEQUENCES)
    assert [sequence.shape for sequence in predicted] == [target.shape for target in targets]
    assert all(map(np.isfinite, map(np.sum, predicted)))
    short = [k for k, length in enumerate(LENGTHS) if length == 2]
    alike = [SEQUENCES[k] for k in short], [targets[k].tolist() for k in short]
    assert np.isfinite(model.score(*alike))


def test_labels_that_do_not_fit_their_sequences():
    """Other numbers of labels than of time steps, or of sequences, raise an error."""
    labels = [["a"] * length for length in LENGTHS]
    model = LSTMClassifier(units=2, architecture="many_to_many")
    padded = SequencePadder().fit_transform(SEQUENCES)
    assert refused(model.fit, padded, labels[1:]) == snapshot(
        "LSTMClassifier got X with 48 samples and y with 47 sequences. Both need the same number."
    )
    assert refused(model.fit, padded, [[*labels[0], "b"], *labels[1:]]) == snapshot(
        "LSTMClassifier expects a value of y for each observed time step, got 3 for sample 0, in which 2 were "
        "observed. Cut y where X was cut (SequencePadder(max_len=...) does), and give each time step its value."
    )
