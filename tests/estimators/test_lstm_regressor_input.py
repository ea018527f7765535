"""The errors of LSTMRegressor about its input and parameters."""

from functools import partial

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.exceptions import NotFittedError

from sklstm import Architecture, KerasRegressor, LSTMClassifier, LSTMRegressor, TrainingPlan


def small(**params):
    return LSTMRegressor(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


@pytest.fixture(scope="module")
def fitted(waves):
    return small().initialize(*waves)


def test_not_fitted():
    """Predict and model_ need a fitted estimator."""
    model = small()
    for use in (lambda: model.predict(np.zeros((2, 3, 1))), lambda: model.model_):
        assert refused(use, error=NotFittedError) == snapshot(
            "This LSTMRegressor instance is not fitted yet. Call 'fit' with appropriate arguments before using this "
            "estimator."
        )


def test_wrong_parameters(waves):
    """Parameters are checked in fit, in scikit-learn's words."""
    assert refused(small(units=0).fit, *waves) == snapshot(
        "The 'units' parameter of LSTMRegressor must be an int in the range [1, inf), an instance of "
        "'list' or an instance of 'tuple'. Got 0 instead."
    )
    with pytest.raises(ValueError, match="The 'window_scaler' parameter of LSTMRegressor must be a str among "):
        small(window_scaler="first").fit(*waves)
    assert refused(small(optimizer="addam").fit, *waves) == snapshot(
        "Keras has no optimizer 'addam'. Did you mean 'adam'?"
    )
    assert refused(small(loss="hubber").fit, *waves) == snapshot("Keras has no loss 'hubber'. Did you mean 'huber'?")
    with pytest.raises(TypeError, match=r"^LSTMRegressor has no parameter 'epoch'. Did you mean 'epochs'\? Its param"):
        LSTMRegressor(epoch=3)


def test_wrong_dimensions(fitted, waves):
    """X of one or four dimensions raises an error that names the axes."""
    assert [refused(fitted.predict, np.zeros(shape)) for shape in ((6,), (2, 2, 2, 2))] == snapshot(
        [
            "LSTMRegressor expects X of shape (n_samples, n_timesteps, n_features), got shape (6,). Reshape your "
            "data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
            "LSTMRegressor expects X of shape (n_samples, n_timesteps, n_features), got shape (2, 2, 2, 2). Reshape "
            "your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
        ]
    )
    assert refused(small().fit, waves[0], np.zeros((60, 2, 2, 2))) == snapshot(
        "LSTMRegressor expects y of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), "
        "got shape (60, 2, 2, 2)."
    )


def test_wrong_features(fitted):
    """Another number of features in predict raises an error."""
    assert refused(fitted.predict, np.zeros((5, 6, 3))) == snapshot(
        "X has 3 features, but LSTMRegressor is expecting 2 features as input: got X of shape (5, 6, 3)."
    )


def test_mismatched_lengths(waves):
    """X and y of different lengths raise an error, which recognises samples on the axis of time steps."""
    X, y = waves
    assert refused(small().fit, X, y[:-1]) == snapshot(
        "LSTMRegressor got X with 60 samples (shape (60, 6, 2) is n_samples, n_timesteps, n_features) and y with 59. "
        "Both need the same number of rows."
    )
    assert refused(small().fit, np.zeros((1, 21, 1)), np.zeros(21)) == snapshot(
        "LSTMRegressor got X with 1 samples (shape (1, 21, 1) is n_samples, n_timesteps, n_features) and y with 21. "
        "The 21 samples lie on the axis of time steps: X.reshape(21, 1, -1) makes them samples of one time step, "
        "LagFramer makes windows of them. Both need the same number of rows."
    )


def test_ragged_sequences(fitted):
    """Sequences of different lengths raise an error that names SequencePadder."""
    assert refused(fitted.predict, [np.zeros((3, 2)), np.zeros((4, 2))]) == snapshot(
        "LSTMRegressor expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
        "Put a SequencePadder before it."
    )


def test_partly_observed_time_step(waves):
    """A time step with some features missing raises an error with its place."""
    X, y = waves
    X = np.array(X)
    X[7, 2, 1] = np.nan
    assert refused(small().fit, X, y) == snapshot(
        "LSTMRegressor got a time step with some features missing: sample 7, time step 2, NaN in feature 1. A time "
        "step is either observed in every feature or NaN in all of them: impute first, before the windows are framed."
    )


def test_infinity(waves):
    """Infinity in X and y raises an error with the place."""
    X, y = waves
    X = np.array(X)
    X[7, 2, 1] = np.inf
    assert refused(small().fit, X, y) == snapshot(
        "LSTMRegressor got inf in X at sample 7, time step 2, feature 1. Replace it, or write NaN where nothing was "
        "observed."
    )
    assert refused(small().fit, waves[0], np.where(np.arange(60) == 3, np.inf, y)) == snapshot(
        "LSTMRegressor got inf in y at row 3: Input y contains inf, and there is nothing to learn from. Fill the "
        "gaps of the series first, or leave such rows out of X and y."
    )


def test_empty(waves):
    """X without samples raises an error."""
    assert refused(small().fit, np.zeros((0, 6, 2)), np.zeros(0)) == snapshot(
        "LSTMRegressor got an empty X: shape (0, 6, 2) is (n_samples, n_timesteps, n_features) and none of them may "
        "be 0."
    )


def test_text(waves):
    """Text in X or y raises an error."""
    X, y = waves
    text = np.array(X).astype(object)
    text[3, 2, 1] = "high"
    assert refused(small().fit, text, y) == snapshot(
        "LSTMRegressor expects numbers, got text in column 5 of X: 'high' in row 3. Encode the column as numbers, or "
        "drop it."
    )
    assert refused(small().fit, X, np.array(["a"] * 60)) == snapshot(
        "LSTMRegressor expects numbers, got text in column 0 of y: 'a' in row 0. Encode the column as numbers, or "
        "drop it."
    )


def test_no_target(waves):
    """A target is needed."""
    assert refused(small().fit, waves[0], None) == snapshot(
        "LSTMRegressor requires y to be passed, but the target y is None. For the next value of a series: "
        "X, y = make_supervised(series)."
    )


def test_window_scaler_needs_the_targets_own_past(waves):
    """A target that does not lie on a line of its feature cannot be shifted by it."""
    X, _ = waves
    noise = np.random.default_rng(0).normal(size=60)
    with pytest.raises(ValueError, match=r"LSTMRegressor\(window_scaler='last'\) needs the target's own past, but y"):
        small(window_scaler="last", target_feature=0).fit(X, noise)


def test_nothing_left_to_train_on(waves):
    """Validation samples that leave no training samples raise an error."""
    assert refused(small(validation=0.95).fit, *waves) == snapshot(
        "LSTMRegressor(validation=0.95) leaves nothing to train on: of 60 samples 57 are for validation, and the 5 before them are left out, as samples that share time steps would be. Lower it, pass more samples, or TimeTail(fraction, gap=0) if samples share nothing."
    )


def test_one_sample(waves):
    """A single sample is enough to fit and to predict."""
    X, y = waves
    assert small().fit(X[:1], y[:1]).predict(X[:1]).shape == (1,)


def test_groups_without_state(fitted, waves):
    """Groups without a state raise an error, as they would have no effect."""
    message = snapshot(
        "LSTMRegressor got groups, which tell where state is not carried on, but stateful=False carries none. Drop "
        "groups, or pass stateful=True."
    )
    X, y = waves
    assert refused(small().fit, X, y, groups=np.zeros(60)) == message
    assert refused(fitted.predict, X, groups=np.zeros(60)) == message


def test_negative_weights(waves):
    """Negative weights raise an error."""
    X, y = waves
    assert refused(small().fit, X, y, sample_weight=np.r_[1, -1, np.ones(58)]) == snapshot(
        "LSTMRegressor got a negative sample_weight for sample 1: it would learn the opposite. Weights are 0 or more; "
        "0 leaves a sample out."
    )
    assert refused(LSTMClassifier(2, class_weight={True: -1}).fit, X, y > 10) == snapshot(
        "LSTMClassifier got the class_weight -1 for True. Weights are numbers of 0 or more; 0 leaves a class out."
    )


def test_unknown_activation(waves):
    """The error about an unknown activation names the nearest one."""
    assert refused(small(architecture=Architecture(output_activation="relux")).fit, *waves) == snapshot(
        "Keras has no activation 'relux'. Did you mean 'relu'?"
    )


def plain(steps=None):
    """A network that masks nothing."""
    inputs = keras.Input((steps, 2))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))


def test_custom_networks(waves):
    """A network that is built already, takes other samples, or takes NaN for numbers raises an error."""
    X, y = waves
    assert refused(small(architecture=plain()).fit, X, y) == snapshot(
        "LSTMRegressor expects architecture to be a name or a function that builds a model, got a keras.Model. Use "
        "KerasRegressor or KerasClassifier, which copy it for each fit."
    )
    assert refused(small(architecture=partial(plain, 9)).fit, X, y) == snapshot(
        "LSTMRegressor: the network takes samples of shape (9, 2), got X of shape (60, 6, 2). Begin the network with "
        "keras.Input(meta['X_shape_'][1:])."
    )
    assert refused(KerasRegressor(plain).fit, X[6:, -1], y[6:]) == snapshot(
        "KerasRegressor: the network takes samples of shape (None, 2), got X of shape (54, 2). Begin the network with "
        "keras.Input(meta['X_shape_'][1:]), or give X three axes, (n_samples, n_timesteps, n_features): LagFramer "
        "makes windows, To3D adds axes."
    )
    message = snapshot(
        "LSTMRegressor got NaN in X, time steps that were not observed, and the network does not look for NaN: its "
        "loss would be NaN. Begin the network with keras.ops.isnan and keras.ops.where, use one of sklstm.networks, "
        "put a number in their place that keras.layers.Masking masks, SequencePadder(value=-9.0), or drop the samples "
        "that hold NaN."
    )
    assert refused(small(architecture=plain).fit, X, y) == message
    # Samples that are left out of training may hold NaN.
    whole = TrainingPlan(min_steps=X.shape[1])
    assert np.isfinite(small(architecture=plain, training=whole).fit(X, y).history_["loss"]).all()
    assert refused(small(architecture=plain).initialize(X[6:], y[6:]).predict, X) == message


def test_another_network_in_further_training(waves):
    """Further training keeps the network: parameters of another one raise an error."""
    X, y = waves
    model = small(warm_start=True).fit(X, y)
    assert refused(model.set_params(units=9).fit, X, y) == snapshot(
        "LSTMRegressor goes on with the network that it has, but units was 2 when it was built, and is 9. Set it back, "
        "or call fit with warm_start=False to begin anew."
    )
    assert model.set_params(units=UNITS, epochs=1).fit(X, y).n_iter_ == 3


def test_parameters_after_fit(waves):
    """Parameters that are set after fit change no prediction."""
    X, y = waves
    for before, after in ({"window_scaler": "last"}, {"window_scaler": None}), ({}, {"window_scaler": "last"}):
        model = small(**before, target_feature=0).initialize(X, y)
        expected = model.predict(X)
        assert_array_equal(model.set_params(**after).predict(X), expected)


@pytest.mark.parametrize("params", [{}, {"window_scaler": "standard", "target_feature": 0}, {"validation": 0.2}])
def test_weight_of_zero_leaves_a_sample_out(params, waves):
    """A fit in which a sample has weight 0 is a fit without it: of its y nothing is learned, no scale either."""
    X, y = waves
    weights = np.ones(len(y))
    weights[[7, 59]] = 0
    strange = np.where(weights > 0, y, 1e6)
    expected = small(**params).fit(X, y, sample_weight=weights)
    found = small(**params).fit(X, strange, sample_weight=weights)
    assert_array_equal(found.predict(X), expected.predict(X))
    assert found.history_ == expected.history_
    if not params:
        alone = small().fit(X[weights > 0], y[weights > 0])
        assert_array_equal(found.target_scaler_.transform(y[:, None]), alone.target_scaler_.transform(y[:, None]))


def test_weights_of_zero_alone(waves):
    """Weights of 0 alone leave nothing to train on."""
    X, y = waves
    assert refused(small().fit, X, y, sample_weight=np.zeros(60)) == snapshot(
        "Sample weights must contain at least one non-zero number."
    )
