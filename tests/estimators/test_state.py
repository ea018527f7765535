"""stateful and tbptt of the estimators: state carried between samples, and truncated backpropagation."""

import pickle

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import CNNLSTM, LagFramer, LSTMClassifier, LSTMRegressor, TrainingPlan
from sklstm.model_selection import TimeTail

SAME = {"rtol": 1e-5, "atol": 1e-6}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# Nine subsequences of four time steps; a target for each of them, and for each time step.
X = normal(9, 4, 2)
Y = normal(9, seed=1)
STEPS = normal(9, 4, seed=2)


def small(**params):
    return LSTMRegressor(
        **(
            {
                "units": UNITS,
                "epochs": EPOCHS,
                "random_state": 0,
                "target_scaler": None,
                "optimizer": "sgd",
                "learning_rate": 0.1,
            }
            | params
        )
    )


def by_steps(**params):
    return small(architecture="many_to_many", **params)


def stateful_keras(model, batch_size=1):
    """Keras' stateful LSTM with the weights of an estimator."""
    network = keras.Sequential(
        [
            keras.Input(batch_shape=(batch_size, None, 2)),
            layers.LSTM(UNITS, stateful=True, use_cudnn=False),
            layers.Dense(1),
        ]
    )
    network.set_weights(model.model_.get_weights())
    return network


def weights_of(model):
    return model.model_.get_weights()


def assert_same_weights(model, expected):
    for one, other in zip(weights_of(model), expected, strict=True):
        assert_allclose(one, other, **SAME)


@pytest.fixture(scope="module")
def trained():
    """Estimator fitted with stateful=False."""
    return small().fit(X, Y)


@pytest.fixture
def serving(trained):
    """Estimator fitted with stateful=False that predicts with stateful=True."""
    return pickle.loads(pickle.dumps(trained)).set_params(stateful=True)


# --- predict --------------------------------------------------------------------------------------


def test_predicts_as_stateful_keras_does(serving):
    """Sample by sample, predictions equal those of Keras' stateful layer."""
    network = stateful_keras(serving)
    expected = [float(network(X[k : k + 1].astype(np.float32))[0, 0]) for k in range(9)]
    assert_allclose(serving.predict(X), expected, **SAME)


def test_state_is_carried_between_calls(serving):
    """Several calls of predict give the predictions of one call, until reset_states (keras 14155, 2322)."""
    whole = serving.predict(X)
    assert serving.reset_states() is serving
    parts = [serving.predict(part) for part in (X[:1], X[1:5], X[5:6], X[6:])]
    assert_allclose(np.concatenate(parts), whole, **SAME)
    assert not np.allclose(serving.predict(X), whole)
    assert_allclose(serving.reset_states().predict(X), whole, **SAME)


def test_predicts_each_group_by_itself(serving):
    """Each group has a state of its own, in one call or in several (keras 11175)."""
    groups = ["a"] * 5 + ["b"] * 4
    together = serving.predict(X, groups=groups)
    alone = [serving.reset_states().predict(part) for part in (X[:5], X[5:])]
    assert_allclose(together, np.concatenate(alone), **SAME)
    serving.reset_states()
    parts = [serving.predict(X[part], groups=groups[part]) for part in (slice(3), slice(3, 5), slice(5, 9))]
    assert_allclose(np.concatenate(parts), together, **SAME)


def test_groups_are_one_for_each_sample(serving):
    """Predict and fit raise an error if groups has another length than X."""
    assert refused(serving.predict, X, groups=np.zeros(8)) == snapshot(
        "LSTMRegressor got 9 samples in X and groups of shape (8,). Pass a group for each sample, the series that it is of."
    )
    with pytest.raises(ValueError, match="Pass a group for each sample"):
        small(stateful=True).fit(X, Y, groups=np.zeros(8))


def test_pickle_keeps_the_state(serving):
    """A pickle keeps the carried state, and a clone has none."""
    whole = serving.predict(X)
    serving.reset_states().predict(X[:4])
    assert_allclose(pickle.loads(pickle.dumps(serving)).predict(X[4:]), whole[4:], **SAME)
    again = clone(serving).fit(X, Y)
    assert_allclose(again.predict(X), again.reset_states().predict(X), **SAME)


def test_fit_resets_the_state(serving):
    """Fit resets the carried state, with warm_start too."""
    serving.set_params(warm_start=True).predict(X)
    predicted = serving.fit(X, Y).predict(X)
    assert_allclose(serving.reset_states().predict(X), predicted, **SAME)


# --- fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "groups"), [(1, np.repeat([0, 1, 2], [4, 2, 3])), (3, None)], ids=["groups", "streams"]
)
def test_trains_as_stateful_keras_does(batch_size, groups):
    """Training equals that of Keras' stateful layer: parallel streams whose states are reset per epoch and series."""
    model = small(stateful=True, batch_size=batch_size, epochs=2)
    network = stateful_keras(clone(model).initialize(X, Y), batch_size)
    network.compile(keras.optimizers.SGD(0.1), "mse")
    streams = np.arange(9).reshape(batch_size, -1)
    starts = [0] if groups is None else np.flatnonzero(np.diff(groups, prepend=-1))
    for _ in range(2):
        for samples in streams.T:
            if samples[0] in starts:
                network.layers[0].reset_states()
            network.train_on_batch(X[samples].astype(np.float32), Y[samples])
    assert_same_weights(model.fit(X, Y, groups=groups), network.get_weights())
    assert model.training_path_ == "keras"
    if groups is None:
        assert_allclose(model.predict(X[:1]), stateful_keras(model)(X[:1].astype(np.float32))[:, 0], **SAME)


def test_reset_after_each_sequence_equals_no_state(trained, serving):
    """Resetting the state after each sequence gives the results of stateful=False."""
    reset = [serving.reset_states().predict(X[k : k + 1])[0] for k in range(9)]
    assert_allclose(reset, trained.predict(X), **SAME)
    one_stream_each = small(stateful=True, batch_size=9).fit(X, Y)
    assert_same_weights(
        one_stream_each, weights_of(small(batch_size=9, training=TrainingPlan(shuffle=False)).fit(X, Y))
    )


def test_subsequences_with_state_equal_one_long_sequence():
    """Predictions for subsequences, with carried state, equal those of one pass over the joined sequence."""
    model = by_steps(stateful=True, batch_size=1).fit(X, STEPS)
    pieces = model.predict(X)
    joined = model.set_params(stateful=False).predict(X.reshape(1, 36, 2))
    assert_allclose(pieces.ravel(), joined.ravel(), **SAME)


def test_fit_without_state_and_predict_with_it(trained, serving):
    """The last of several predictions with carried state equals that of one pass over the joined sequence."""
    pieces = serving.predict(X)
    assert_allclose(pieces[-1:], trained.predict(X.reshape(1, 36, 2)), **SAME)
    assert_allclose(pieces[4:5], trained.predict(X[:5].reshape(1, 20, 2)), **SAME)


def test_in_a_pipeline():
    """After LagFramer(n_steps=1), a stateful estimator reads each row of a series once."""
    series, y = normal(40, 2), normal(40, seed=1)
    pipeline = make_pipeline(LagFramer(n_steps=1), small(stateful=True, batch_size=4)).fit(series, y)
    whole = pipeline.predict(series)
    pipeline[-1].reset_states()
    halves = [pipeline.predict(half) for half in (series[:25], series[25:])]
    assert_allclose(np.concatenate(halves), whole, **SAME)
    at_once = pipeline[-1].set_params(stateful=False).predict(series[None])
    assert_allclose(whole[-1:], at_once, **SAME)


def test_overlapping_windows():
    """Overlapping windows with stateful=True warn, because each time step would change the state several times."""
    windows = LagFramer(3).fit_transform(normal(12, 2))
    with pytest.warns(UserWarning, match="overlap") as warned:
        small(stateful=True, epochs=1).fit(windows, normal(12))
    assert [str(warning.message) for warning in warned] == snapshot(
        [
            "LSTMRegressor(stateful=True) got windows that overlap: each time step goes through the network 3 times over, in one state. Use LagFramer(n_steps=1), or windows that follow one another."
        ]
    )
    assert warned[0].filename == __file__


def test_bidirectional_network_has_no_state():
    """A bidirectional network cannot carry its state to the next sample."""
    assert refused(small(architecture="bidirectional", stateful=True).fit, X, Y) == snapshot(
        "Layer 'backward_lstm_1' reads every sequence from its end, as a bidirectional network does, so no state can "
        "be carried from one sample to the next. Pass stateful=False, or architecture='stacked'."
    )


def test_classifier_with_state():
    """LSTMClassifier predicts with carried state, one per group."""
    labels = np.where(Y > 0, "up", "down")
    model = LSTMClassifier(UNITS, epochs=1, random_state=0).fit(X, labels).set_params(stateful=True)
    together = model.predict_proba(X, groups=np.arange(9) // 5)
    alone = [model.reset_states().predict_proba(part) for part in (X[:5], X[5:])]
    assert_allclose(together, np.concatenate(alone), **SAME)


# --- truncated backpropagation --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "y", "tbptt"), [(small(), Y, [9, 9]), (by_steps(), STEPS, (4, 4))], ids=["vanilla", "many_to_many"]
)
def test_tbptt_over_the_whole_length(model, y, tbptt):
    """With k1 = k2 >= n_timesteps, training equals training without tbptt."""
    expected = clone(model).set_params(batch_size=3, training=TrainingPlan(shuffle=False)).fit(X, y)
    truncated = clone(expected).set_params(training__tbptt=tbptt).fit(X, y)
    assert truncated.training_path_ == "keras"
    assert_same_weights(truncated, weights_of(expected))
    assert_allclose(truncated.history_["loss"], expected.history_["loss"], rtol=1e-5)


def test_update_after_each_chunk():
    """A chunk of k1 time steps is a batch that starts from the state of the chunk before."""
    truncated = by_steps(training=TrainingPlan(shuffle=False, tbptt=(2, 2)), batch_size=9, epochs=1).fit(X, STEPS)
    halves = np.concatenate([X[:, :2], X[:, 2:]], axis=1).reshape(9, 2, 2, 2)
    # Each of nine streams holds the two halves of a sample.
    stream = by_steps(stateful=True, batch_size=9, epochs=1)
    stream.fit(halves.reshape(18, 2, 2), STEPS.reshape(18, 2))
    assert_same_weights(truncated, weights_of(stream))


def test_tbptt_with_state():
    """TBPTT over the whole length with stateful=True equals stateful=True alone."""
    expected = by_steps(stateful=True, batch_size=3).fit(X, STEPS)
    truncated = by_steps(stateful=True, batch_size=3, training=TrainingPlan(tbptt=(4, 4))).fit(X, STEPS)
    assert_same_weights(truncated, weights_of(expected))
    assert_allclose(truncated.predict(X), expected.predict(X), **SAME)


@pytest.fixture(scope="module")
def weighted_by_keras():
    """Sample weights, and the weights of the network after Keras has trained one batch with them."""
    sample_weight = np.random.default_rng(3).uniform(size=9).astype(np.float32)
    network = by_steps().initialize(X, STEPS).model_
    network.compile(keras.optimizers.SGD(0.1), "mse")
    network.train_on_batch(X.astype(np.float32), STEPS[..., None], np.repeat(sample_weight[:, None], 4, axis=1))
    return sample_weight, network.get_weights()


@pytest.mark.parametrize("option", [{}, {"stateful": True}, {"training__tbptt": (4, 4)}], ids=str)
def test_sample_weight_of_time_steps(option, weighted_by_keras):
    """sample_weight equals Keras' weight for each time step of the sample."""
    sample_weight, expected = weighted_by_keras
    model = by_steps(batch_size=9, training=TrainingPlan(shuffle=False), epochs=1).set_params(**option)
    assert_same_weights(model.fit(X, STEPS, sample_weight=sample_weight), expected)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (small(stateful=True), Y),
        (small(training=TrainingPlan(tbptt=(1, 2))), Y),
        (by_steps(training=TrainingPlan(tbptt=(1, 2))), STEPS),
    ],
    ids=["stateful", "tbptt", "tbptt, many_to_many"],
)
def test_validation_loss(model, y):
    """val_loss is the error of the predictions for the last samples, from a reset state."""
    model = clone(model).set_params(batch_size=4, validation=TimeTail(0.34, gap=0)).fit(X, y)
    assert len(model.history_["val_loss"]) == 2
    # Three samples are in three of four streams, so that none continues another.
    apart = model.set_params(stateful=False).predict(X[6:])
    assert_allclose(model.history_["val_loss"][-1], np.mean((apart - y[6:]) ** 2), rtol=1e-4)


def test_wrong_tbptt():
    """TBPTT must be two whole numbers with 1 <= k1 <= k2."""
    wrong = [(0, 2), (3, 2), (1,), (1.5, 2), (1, 2, 3)]
    assert [refused(small(training=TrainingPlan(tbptt=tbptt)).fit, X, Y) for tbptt in wrong] == snapshot(
        [
            "LSTMRegressor expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient reaches back over k2. Got tbptt=(0, 2).",
            "LSTMRegressor expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient reaches back over k2. Got tbptt=(3, 2).",
            "LSTMRegressor expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient reaches back over k2. Got tbptt=(1,).",
            "LSTMRegressor expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient reaches back over k2. Got tbptt=(1.5, 2).",
            "LSTMRegressor expects TrainingPlan(tbptt=(k1, k2)) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient reaches back over k2. Got tbptt=(1, 2, 3).",
        ]
    )


def test_networks_that_cannot_be_truncated():
    """TBPTT raises an error for networks that do not read a sample from one time step to the next."""
    truncated = small(training=TrainingPlan(tbptt=(2, 4)))
    assert refused(clone(truncated).set_params(architecture="bidirectional").fit, X, Y) == snapshot(
        "LSTMRegressor(training=TrainingPlan(tbptt=(2, 4))) runs samples in pieces, but architecture='bidirectional' reads them from their end, too. Pass tbptt=None, or architecture='stacked'."
    )
    assert refused(clone(truncated).set_params(architecture="cnn_lstm").fit, X, Y) == snapshot(
        "LSTMRegressor(training=TrainingPlan(tbptt=(2, 4))) runs samples in pieces, but architecture='cnn_lstm' would cut other subsequences of each piece. Pass tbptt=None, or architecture='stacked'."
    )
    assert refused(clone(truncated).set_params(architecture="lstm_fcn").fit, X, Y) == snapshot(
        "LSTMRegressor(training=TrainingPlan(tbptt=(2, 4))) trains in streams, but architecture='lstm_fcn' normalises whole samples in whole batches. Pass tbptt=None, or architecture='stacked'."
    )
    series = normal(20, 1)
    windows = LagFramer(4).fit_transform(series)[:-1]
    assert refused(clone(truncated).set_params(linear_skip=True).fit, windows, series[1:, 0]) == snapshot(
        "LSTMRegressor(training=TrainingPlan(tbptt=(2, 4))) runs samples in pieces, but a linear path has a weight for each of their time steps. Pass tbptt=None, or linear_skip=False."
    )


def test_a_network_with_batch_statistics_carries_no_state():
    """Batch normalisation needs whole batches, which streams of different lengths do not have."""
    assert refused(small(architecture="lstm_fcn", stateful=True).fit, X, Y) == snapshot(
        "LSTMRegressor(stateful=True) trains in streams, but architecture='lstm_fcn' normalises whole samples in whole batches. Pass stateful=False, or architecture='stacked'."
    )


def test_builder_with_a_fixed_number_of_time_steps():
    """TBPTT needs a custom network with an open number of time steps."""

    def build(meta, units):
        return keras.Sequential([keras.Input(meta["X_shape_"][1:]), layers.LSTM(units), layers.Dense(1)], name="own")

    assert refused(small(architecture=build, training=TrainingPlan(tbptt=(2, 4))).fit, X, Y) == snapshot(
        "TBPTT(k1, k2) runs sequences in pieces, and model 'own' takes exactly 4 time steps at once. Pass a network "
        "whose number of time steps is open, or tbptt=None."
    )


def test_tbptt_of_frames():
    """TBPTT trains cnn_lstm on frames."""
    frames, labels = normal(8, 4, 5, 5), np.arange(8) % 2
    model = LSTMClassifier(
        UNITS, architecture=CNNLSTM(filters=2), epochs=1, training=TrainingPlan(tbptt=(2, 2)), random_state=0
    )
    predicted = model.fit(frames, labels).predict_proba(frames)
    assert not np.allclose(model.initialize(frames, labels).predict_proba(frames), predicted)
