"""State that goes from sample to sample, and truncated backpropagation, through the estimators."""

import pickle

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMClassifier, LSTMRegressor
from sklstm._windows import frame

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
                "units": 3,
                "epochs": 2,
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
    """Keras' own stateful LSTM with the weights of an estimator."""
    network = keras.Sequential(
        [
            keras.Input(batch_shape=(batch_size, None, 2)),
            layers.LSTM(3, stateful=True, use_cudnn=False),
            layers.Dense(1),
        ]
    )
    network.set_weights(model.network_.weights)
    return network


def assert_same_weights(model, expected):
    for one, other in zip(model.network_.weights, expected, strict=True):
        assert_allclose(one, other, **SAME)


@pytest.fixture(scope="module")
def trained():
    """Trained without state."""
    return small().fit(X, Y)


@pytest.fixture
def serving(trained):
    """Trained without state, to serve with it."""
    return pickle.loads(pickle.dumps(trained)).set_params(stateful=True)


# --- predict --------------------------------------------------------------------------------------


def test_predicts_as_stateful_keras_does(serving):
    """Sample by sample the outputs are those of Keras' stateful layer."""
    network = stateful_keras(serving)
    expected = [float(network(X[k : k + 1].astype(np.float32))[0, 0]) for k in range(9)]
    assert_allclose(serving.predict(X), expected, **SAME)


def test_goes_on_from_call_to_call(serving):
    """One call is as many calls of a row each, until the states are reset."""
    whole = serving.predict(X)
    assert serving.reset_states() is serving
    assert_allclose([serving.predict(X[k : k + 1])[0] for k in range(9)], whole, **SAME)
    assert not np.allclose(serving.predict(X), whole)
    assert_allclose(serving.reset_states().predict(X), whole, **SAME)


def test_predicts_each_group_by_itself(serving):
    """Groups are predicted as if alone, in one call or in several."""
    groups = ["a"] * 5 + ["b"] * 4
    together = serving.predict(X, groups=groups)
    alone = [serving.reset_states().predict(part) for part in (X[:5], X[5:])]
    assert_allclose(together, np.concatenate(alone), **SAME)
    serving.reset_states()
    parts = [serving.predict(X[part], groups=groups[part]) for part in (slice(3), slice(3, 5), slice(5, 9))]
    assert_allclose(np.concatenate(parts), together, **SAME)


def test_groups_are_one_for_each_sample(serving):
    """Too few groups are refused, in predict and in fit."""
    message = (
        "LSTMRegressor got 9 samples in X and groups of shape (8,). Pass a group for each sample, the series that it "
        "is of."
    )
    assert refused(serving.predict, X, groups=np.zeros(8)) == message
    assert refused(small(stateful=True).fit, X, Y, groups=np.zeros(8)) == message


def test_a_pickle_in_mid_stream_goes_on(serving):
    """The state is in the pickle; a clone has none."""
    whole = serving.predict(X)
    serving.reset_states().predict(X[:4])
    assert_allclose(pickle.loads(pickle.dumps(serving)).predict(X[4:]), whole[4:], **SAME)
    assert not hasattr(clone(serving), "_states")


def test_fit_begins_anew(serving):
    """What was predicted before a fit leaves no trace, though warm_start keeps the weights."""
    serving.set_params(warm_start=True).predict(X)
    predicted = serving.fit(X, Y).predict(X)
    assert_allclose(serving.reset_states().predict(X), predicted, **SAME)


# --- fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "groups"), [(1, None), (1, np.repeat([0, 1, 2], [4, 2, 3])), (3, None)], ids=str
)
def test_trains_as_stateful_keras_does(batch_size, groups):
    """Subsequences of one series, or of several, are learned in streams side by side, reset in each epoch."""
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
    if groups is None:
        assert_allclose(model.predict(X[:1]), stateful_keras(model)(X[:1].astype(np.float32))[:, 0], **SAME)


def test_reset_after_each_sequence_is_no_state(trained, serving):
    """Recipe 1: where each sequence stands for itself, resetting after each is what stateful=False does."""
    reset = [serving.reset_states().predict(X[k : k + 1])[0] for k in range(9)]
    assert_allclose(reset, trained.predict(X), **SAME)
    one_stream_each = small(stateful=True, batch_size=9).fit(X, Y)
    assert_same_weights(one_stream_each, small(batch_size=9, shuffle=False).fit(X, Y).network_.weights)


def test_carrying_over_subsequences_is_one_long_sequence():
    """Recipe 2: trained and predicted in subsequences, the outputs are those of one pass over the joined sequence."""
    model = by_steps(stateful=True, batch_size=1).fit(X, STEPS)
    pieces = model.predict(X)
    joined = model.set_params(stateful=False).predict(X.reshape(1, 36, 2))
    assert_allclose(pieces.ravel(), joined.ravel(), **SAME)


def test_train_without_state_and_serve_with_it(trained, serving):
    """Recipe 3: what comes in piece by piece ends where one pass over the joined sequence ends."""
    pieces = serving.predict(X)
    assert_allclose(pieces[-1:], trained.predict(X.reshape(1, 36, 2)), **SAME)
    assert_allclose(pieces[4:5], trained.predict(X[:5].reshape(1, 20, 2)), **SAME)


def test_in_a_pipeline():
    """Behind LagFramer(n_steps=1) a series is fed row by row, each row once."""
    series, y = normal(40, 2), normal(40, seed=1)
    pipeline = make_pipeline(LagFramer(n_steps=1), small(stateful=True, batch_size=4)).fit(series, y)
    whole = pipeline.predict(series)
    pipeline[-1].reset_states()
    halves = [pipeline.predict(half) for half in (series[:25], series[25:])]
    assert_allclose(np.concatenate(halves), whole, **SAME)
    at_once = pipeline[-1].set_params(stateful=False).predict(series[None])
    assert_allclose(whole[-1:], at_once, **SAME)


def test_windows_that_overlap():
    """Overlapping windows run each time step through the state several times over: a warning says so."""
    with pytest.warns(UserWarning, match="overlap") as told:
        small(stateful=True, epochs=1).fit(frame(normal(12, 2), 3), normal(12))
    assert [str(warning.message) for warning in told] == [
        "LSTMRegressor(stateful=True) got windows that overlap: each time step goes through the network 3 times over, "
        "in one state. Use LagFramer(n_steps=1), or windows that follow one another."
    ]
    assert told[0].filename == __file__


def test_reading_backwards_leaves_no_state():
    """A bidirectional network cannot carry a state."""
    assert refused(small(architecture="bidirectional", stateful=True).fit, X, Y) == snapshot(
        "Layer 'backward_lstm_1' reads every sequence from its end, as a bidirectional network does, so no state can "
        "be carried from one sample to the next. Pass stateful=False, or architecture='stacked'."
    )


def test_labels_from_a_stream():
    """A classifier serves with state too, each group by itself."""
    labels = np.where(Y > 0, "up", "down")
    model = LSTMClassifier(3, epochs=1, random_state=0).fit(X, labels).set_params(stateful=True)
    together = model.predict_proba(X, groups=np.arange(9) // 5)
    alone = [model.reset_states().predict_proba(part) for part in (X[:5], X[5:])]
    assert_allclose(together, np.concatenate(alone), **SAME)


# --- truncated backpropagation --------------------------------------------------------------------


@pytest.mark.parametrize(("model", "y"), [(small(), Y), (by_steps(), STEPS)], ids=["vanilla", "many_to_many"])
def test_over_the_whole_length_nothing_is_truncated(model, y):
    """With k1 = k2 = n_timesteps, or more, it learns what it would without."""
    model.set_params(batch_size=3, shuffle=False)
    expected = model.fit(X, y)
    for tbptt in ((4, 4), [9, 9]):
        truncated = clone(model).set_params(tbptt=tbptt).fit(X, y)
        assert_same_weights(truncated, expected.network_.weights)
        assert_allclose(truncated.history_["loss"], expected.history_["loss"], rtol=1e-5)


def test_an_update_every_k1_time_steps():
    """A chunk of two time steps is a batch of its own, which goes on from the state of the chunk before."""
    truncated = by_steps(tbptt=(2, 2), batch_size=9, epochs=1, shuffle=False).fit(X, STEPS)
    halves = np.concatenate([X[:, :2], X[:, 2:]], axis=1).reshape(9, 2, 2, 2)
    # In each of nine streams the halves of a sample follow one another.
    stream = by_steps(stateful=True, batch_size=9, epochs=1)
    stream.fit(halves.reshape(18, 2, 2), STEPS.reshape(18, 2))
    assert_same_weights(truncated, stream.network_.weights)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_tbptt_with_state(batch_size):
    """Both go together: over the whole length, TBPTT in streams is what streams are."""
    expected = by_steps(stateful=True, batch_size=batch_size).fit(X, STEPS)
    truncated = by_steps(stateful=True, batch_size=batch_size, tbptt=(4, 4)).fit(X, STEPS)
    assert_same_weights(truncated, expected.network_.weights)
    assert_allclose(truncated.predict(X), expected.predict(X), **SAME)


@pytest.mark.parametrize("option", [{}, {"stateful": True}, {"tbptt": (4, 4)}], ids=str)
def test_weights_of_samples_hold_for_all_their_time_steps(option):
    """Weights of samples are those of Keras for each of their time steps, in whatever batches."""
    weights = np.random.default_rng(3).uniform(size=9).astype(np.float32)
    model = by_steps(batch_size=9, shuffle=False, epochs=1, **option)
    network = clone(model).initialize(X, STEPS).model_
    network.compile(keras.optimizers.SGD(0.1), "mse")
    network.train_on_batch(X.astype(np.float32), STEPS[..., None], np.repeat(weights[:, None], 4, axis=1))
    assert_same_weights(model.fit(X, STEPS, sample_weight=weights), network.get_weights())


@pytest.mark.parametrize("option", [{"stateful": True}, {"tbptt": (1, 2)}], ids=str)
@pytest.mark.parametrize(("model", "y"), [(small(), Y), (by_steps(), STEPS)], ids=["vanilla", "many_to_many"])
def test_validation_samples_are_watched(model, y, option):
    """The loss of the last samples is that of their predictions; a stream of them begins anew."""
    model = clone(model).set_params(batch_size=4, validation_fraction=0.34, validation_gap=0, **option).fit(X, y)
    assert len(model.history_["val_loss"]) == 2
    # Three samples in four streams: none of them goes on from another.
    apart = model.set_params(stateful=False).predict(X[6:])
    assert_allclose(model.history_["val_loss"][-1], np.mean((apart - y[6:]) ** 2), rtol=1e-4)


def test_tbptt_can_be_searched():
    """A grid over tbptt tries none and pairs."""
    search = GridSearchCV(small(epochs=1), {"tbptt": [None, (1, 2)]}, cv=2, refit=False).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("tbptt", [(0, 2), (3, 2), (1,), (1.5, 2), (1, 2, 3)])
def test_wrong_tbptt(tbptt):
    """It is a pair of whole numbers, the second no less than the first."""
    assert refused(small(tbptt=tbptt).fit, X, Y) == (
        "LSTMRegressor expects tbptt=(k1, k2) with 1 <= k1 <= k2: an update every k1 time steps, whose gradient "
        f"reaches back over k2. Got tbptt={tbptt!r}."
    )


def test_networks_that_take_samples_whole():
    """What joins time steps otherwise than from one to the next is refused, with what would do."""
    pieces = "LSTMRegressor(tbptt=(2, 4)) runs samples in pieces, but "
    truncated = small(tbptt=(2, 4))
    assert refused(clone(truncated).set_params(architecture="bidirectional").fit, X, Y) == (
        pieces + "architecture='bidirectional' reads them from their end, too. Pass tbptt=None, or "
        "architecture='stacked'."
    )
    assert refused(clone(truncated).set_params(architecture="cnn_lstm").fit, X, Y) == (
        pieces + "architecture='cnn_lstm' would cut other subsequences of each piece. Pass tbptt=None, or "
        "architecture='stacked'."
    )
    series = normal(20, 1)
    assert refused(clone(truncated).set_params(linear_skip=True).fit, frame(series, 4)[:-1], series[1:, 0]) == (
        pieces + "a linear path has a weight for each of their time steps. Pass tbptt=None, or linear_skip=False."
    )


def test_a_builder_of_a_fixed_number_of_time_steps():
    """A network of one's own leaves the number of time steps open."""

    def build(meta, units):
        return keras.Sequential([keras.Input(meta["X_shape_"][1:]), layers.LSTM(units), layers.Dense(1)], name="own")

    assert refused(small(architecture=build, tbptt=(2, 4)).fit, X, Y) == snapshot(
        "TBPTT(k1, k2) runs sequences in pieces, and model 'own' takes exactly 4 time steps at once. Pass a network "
        "whose number of time steps is open, or tbptt=None."
    )


def test_frames_are_truncated():
    """Frames are read one by one, so they may be run in pieces; weights move, and the same seed gives the same bits."""
    frames, labels = normal(8, 4, 5, 5), np.arange(8) % 2
    model = LSTMClassifier(3, architecture="cnn_lstm", filters=2, epochs=1, tbptt=(2, 2), random_state=0)
    predicted = model.fit(frames, labels).predict_proba(frames)
    assert_array_equal(clone(model).fit(frames, labels).predict_proba(frames), predicted)
    assert not np.allclose(model.initialize(frames, labels).predict_proba(frames), predicted)
