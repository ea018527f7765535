"""Architectures of LSTMRegressor and LSTMClassifier: parameters, custom builders, shapes and errors."""

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone

from sklstm import CNNLSTM, Architecture, LSTMClassifier, LSTMRegressor, TrainingPlan

MANY_TO_ONE = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn")
ALL = (*MANY_TO_ONE, "encoder_decoder", "many_to_many")


# Nothing is learned relative to the target's own past unless a test asks for it.
PLAIN = {"window_scaler": None, "linear_skip": False}


def small(architecture="vanilla", **params):
    return LSTMRegressor(
        **({"units": UNITS, "epochs": EPOCHS, "random_state": 0, "architecture": architecture} | PLAIN | params)
    )


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


X = normal(24, 6, 2)
Y = X[:, :, 0].cumsum(axis=1)


def target(architecture):
    """Target of one number per sample, or one per time step."""
    return Y if architecture in ("encoder_decoder", "many_to_many") else Y[:, -1]


def lstm_layers(model):
    """LSTM layers of a Keras model, those inside bidirectional layers included."""
    found = []
    for layer in model.layers:
        inner = [layer.forward_layer, layer.backward_layer] if isinstance(layer, layers.Bidirectional) else [layer]
        found += [each for each in inner if isinstance(each, layers.LSTM)]
    return found


# --- parameters of the network --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "units", "sizes"),
    [
        ("vanilla", 3, [3]),
        ("stacked", 3, [3, 3]),
        ("stacked", [4, 3, 2], [4, 3, 2]),
        ("bidirectional", (3, 2), [3, 3, 2, 2]),
        ("cnn_lstm", 3, [3]),
        ("lstm_fcn", 3, [3]),
        ("encoder_decoder", 3, [3, 3]),
        ("encoder_decoder", (4, 3), [4, 3]),
        ("many_to_many", [4, 3], [4, 3]),
    ],
)
def test_units(architecture, units, sizes):
    """Units is one number for all LSTM layers, or one per layer; a bidirectional layer has two LSTM layers."""
    model = small(architecture, units=units).initialize(X, target(architecture)).model_
    assert [layer.units for layer in lstm_layers(model)] == sizes


@pytest.mark.parametrize(
    ("architecture", "units", "message"),
    [
        ("vanilla", [8, 4], "vanilla has one LSTM layer"),
        ("stacked", [], "stacked has one LSTM layer or more"),
        ("encoder_decoder", (4, 3, 2), "encoder_decoder has two LSTM layers"),
        ("stacked", [4, 0], "Units of an LSTM layer are an int of 1 or more"),
        ("many_to_many", [2.5], "Units of an LSTM layer are an int of 1 or more"),
    ],
)
def test_wrong_units(architecture, units, message):
    """Units must match the LSTM layers of the architecture, each a positive whole number."""
    with pytest.raises(ValueError, match=message):
        small(architecture, units=units).fit(X, target(architecture))


@pytest.mark.parametrize(("dropout", "recurrent_dropout"), [(0.5, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("architecture", ALL)
def test_dropout_in_training(architecture, dropout, recurrent_dropout):
    """Dropout of both kinds makes outputs random in training, for each architecture."""
    model = small(Architecture(architecture, recurrent_dropout=recurrent_dropout), dropout=dropout)
    model = model.initialize(X, target(architecture)).model_
    assert not np.array_equal(model(X[:4], training=True), model(X[:4], training=True))


def test_no_dropout_in_predict():
    """Predictions are not random if the network has dropout."""
    model = small(Architecture("stacked", recurrent_dropout=0.5), dropout=0.5).initialize(X, Y)
    assert_array_equal(model.predict(X), model.predict(X))


@pytest.mark.parametrize("architecture", ALL)
def test_output_activation(architecture):
    """output_activation is the activation of the last layer, for each architecture."""
    model = small(Architecture(architecture, output_activation="sigmoid"), target_scaler="minmax")
    layer = model.initialize(X, target(architecture)).model_.get_layer("outputs")
    assert layer.activation is keras.activations.sigmoid


@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
def test_output_activation_bounds_predictions():
    """With a sigmoid and target_scaler="minmax", predictions stay within the range of y."""
    model = small(Architecture("stacked", output_activation="sigmoid"), target_scaler="minmax").initialize(X, Y)
    predicted = model.predict(100 * X)
    assert predicted.min() >= Y.min() - 1e-6
    assert predicted.max() <= Y.max() + 1e-6


@pytest.mark.parametrize("architecture", ALL)
def test_another_number_of_time_steps(architecture):
    """Predict takes longer and shorter samples than fit, for each architecture."""
    model = small(architecture).initialize(X, target(architecture))
    for n_timesteps in (1, 4, 9):
        steps = {"encoder_decoder": (6,), "many_to_many": (n_timesteps,)}.get(architecture, ())
        assert model.predict(normal(5, n_timesteps, 2)).shape == (5, *steps)


# --- builders -------------------------------------------------------------------------------------


def test_arguments_of_a_builder():
    """A builder gets meta, and the parameters of the estimator and of Architecture that its signature names."""
    got = {}

    def build(meta, units, recurrent_dropout, embedding_dim, *, dropout=0.5, depth=7):
        got.update(locals())
        inputs = keras.Input(meta["X_shape_"][1:])
        return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(layers.LSTM(units, name="own")(inputs)))

    model = small(Architecture(build, recurrent_dropout=0.2), dropout=0.1).fit(X, Y[:, :3])
    assert {name: got[name] for name in ("units", "recurrent_dropout", "embedding_dim", "dropout", "depth")} == {
        "units": 2,
        "recurrent_dropout": 0.2,
        "embedding_dim": None,
        "dropout": 0.1,
        "depth": 7,
    }
    assert got["meta"]["X_shape_"] == (24, 6, 2)
    assert got["meta"]["n_output_steps_"] == got["meta"]["n_outputs_"] == 3
    assert got["meta"]["target_type_"] == "continuous-multioutput"
    assert model.model_.get_layer("own").units == 2
    assert model.predict(X).shape == (24, 3)


def test_builder_with_an_unknown_argument():
    """The error for an argument without a value lists the arguments that a builder may have."""

    def build(meta, depth):
        """Never called."""

    assert refused(small(build).fit, X, Y) == snapshot(
        "LSTMRegressor: the builder build asks for 'depth', which it has no value for. A builder may ask for meta, units, dropout, embedding_dim, embedding_features, output_activation, patch_length, pooling, recurrent_dropout, linear_path. Give it a default, or bind it by functools.partial."
    )


def test_builder_without_a_model():
    """A builder must return a keras.Model whose input shape is known."""

    def returns_nothing(meta):
        """Return None."""

    assert refused(small(returns_nothing).fit, X, Y, error=TypeError) == snapshot(
        "LSTMRegressor: the builder returns_nothing returned NoneType, expected a keras.Model. End it in 'return model'."
    )

    def without_input(meta):
        return keras.Sequential([layers.LSTM(3), layers.Dense(6)])

    assert refused(small(without_input).fit, X, Y) == snapshot(
        "LSTMRegressor: the model that without_input returned does not know the shape of its input yet. Begin it with "
        "keras.Input(meta['X_shape_'][1:])."
    )


# --- shapes of y ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(24,), (24, 1), (24, 3), (24, 3, 2)])
@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder"])
def test_predictions_have_the_shape_of_y(architecture, shape):
    """Predictions have the shape of y: one number, several, or several per time step."""
    model = small(architecture).initialize(X, normal(*shape))
    assert model.predict(X[:5]).shape == (5, *shape[1:])
    assert model.n_outputs_ == np.prod(shape[1:])


@pytest.mark.parametrize("flat", [True, False])
def test_order_of_outputs(flat):
    """A network that copies y from X predicts y, with flat outputs and with outputs per time step."""

    def copy(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        ahead = inputs[:, 2:5]
        return keras.Model(inputs, layers.Flatten()(ahead) if flat else ahead)

    y = X[:, 2:5]
    model = small(copy, target_scaler=None).initialize(X, y)
    assert_allclose(model.predict(X), y, rtol=1e-6)


@pytest.mark.parametrize("shape", [(24,), (24, 1), (24, 1, 2)])
def test_many_to_many_of_one_time_step(shape):
    """From one time step of X, many_to_many predicts one."""
    model = small("many_to_many").initialize(X[:, :1], normal(*shape))
    assert model.predict(X[:5, :1]).shape == (5, *shape[1:])


def test_many_to_many_needs_a_target_for_each_time_step():
    """many_to_many raises an error if X and y have different numbers of time steps."""
    assert refused(small("many_to_many").fit, X, Y[:, :4]) == snapshot(
        "many_to_many has an output at each of the 6 time steps of X, got y with 4. Pass "
        "architecture='encoder_decoder'."
    )


# --- targets relative to their own past -----------------------------------------------------------

SEASON = np.array([0.0, 3, -1, 2, -4, 1])


def rising(n_samples, first=0, n_steps=1):
    """Windows of a rising series with a season of six steps, and the steps that follow each window."""
    t = np.arange(first, first + n_samples + 5 + n_steps)
    series = 0.5 * t + SEASON[t % 6]
    windows = np.lib.stride_tricks.sliding_window_view(series, 6 + n_steps)
    ahead = windows[:, 6:]
    return windows[:, :6, None], ahead if n_steps > 1 else ahead[:, 0]


@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder"])
def test_forecasts_follow_a_trend(architecture):
    """window_scaler and linear_skip together forecast a trend beyond the levels of fit."""
    n_steps = 3 if architecture == "encoder_decoder" else 1
    params = {"window_scaler": "mean", "linear_skip": True, "target_scaler": "minmax"}
    model = small(architecture, epochs=40, learning_rate=0.05, **params)
    model.fit(*rising(48, n_steps=n_steps))
    far, ahead = rising(48, first=600, n_steps=n_steps)
    assert np.abs(model.predict(far) - ahead).max() < 1
    assert_allclose(model.predict(far + 1000), model.predict(far) + 1000, rtol=1e-5)


@pytest.fixture(scope="module")
def plain():
    return small(epochs=30, learning_rate=0.03).fit(*rising(48))


@pytest.mark.parametrize("window_scaler", ["last", "mean", 6])
@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
def test_forecasts_beyond_the_levels_of_fit(window_scaler, plain):
    """window_scaler alone follows the level of the series; a plain network stays at the levels of fit."""
    far, ahead = rising(48, first=600)
    model = clone(plain).set_params(window_scaler=window_scaler).fit(*rising(48))
    assert np.abs(model.predict(far) - ahead).mean() < 10
    assert np.abs(plain.predict(far) - ahead).mean() > 250


def test_window_scaler_of_each_time_step():
    """With many_to_many, window_scaler adds the level of the sample to all time steps."""
    windows, ahead = rising(48, n_steps=6)
    following = np.concatenate([windows[:, 1:, 0], ahead[:, :1]], axis=1)
    model = small("many_to_many", window_scaler="last").initialize(windows, following)
    assert_allclose(model.predict(windows + 1000), model.predict(windows) + 1000, rtol=1e-6)


def zeros(meta):
    """Network whose output is 0, so that predictions are the references of the target."""
    inputs = keras.Input((None, meta["X_shape_"][2]))
    outputs = layers.Dense(meta["n_outputs_"], kernel_initializer="zeros")(layers.GlobalAveragePooling1D()(inputs))
    return keras.Model(inputs, layers.Reshape((meta["n_output_steps_"], -1))(outputs))


@pytest.mark.parametrize("window_scaler", ["last", 4, 6])
def test_reference_of_window_scaler(window_scaler):
    """The reference is the last value of the window, or the value one season before the target."""
    windows, ahead = rising(48, n_steps=8)
    model = small(zeros, window_scaler=window_scaler, target_scaler=None).initialize(windows, ahead)
    known, expected = np.asarray(windows)[:, :, 0], np.empty_like(ahead)
    for step in range(8):
        back = 1 if window_scaler == "last" else window_scaler - step % window_scaler
        expected[:, step] = known[:, -back]
    assert_allclose(model.predict(windows), expected, atol=1e-9)


@pytest.mark.parametrize("window_scaler", ["last", 4])
def test_window_scaler_by_hand(window_scaler):
    """window_scaler equals subtracting the reference before fit and adding it after predict; a season keeps X."""
    windows, ahead = rising(48)
    reference = windows[:, -1 if window_scaler == "last" else -4, 0]
    shifted = windows - reference[:, None, None] if window_scaler == "last" else windows
    by_hand = small().fit(shifted, ahead - reference)
    model = small(window_scaler=window_scaler).fit(windows, ahead)
    assert_allclose(model.predict(windows), by_hand.predict(shifted) + reference, rtol=1e-5)


def test_season_longer_than_the_windows():
    """A season raises an error if the window does not reach back one season."""
    windows, ahead = rising(48)
    assert refused(small(window_scaler=12).fit, windows, ahead) == snapshot(
        "LSTMRegressor(window_scaler=12) needs windows of at least 12 time steps, got 6. Put LagFramer(n_steps=12) "
        "before it."
    )


def test_many_to_many_has_no_single_past():
    """many_to_many raises an error with linear_skip and a season, which need one past per sample."""
    options = [{"linear_skip": True}, {"window_scaler": 6}]
    assert [refused(small("many_to_many", **option).fit, X, Y) for option in options] == snapshot(
        [
            "LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past for linear_skip=True. Drop it, or use architecture='encoder_decoder'.",
            "LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past for window_scaler=6. Drop it, or use architecture='encoder_decoder'.",
        ]
    )


# --- min_steps ------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "many_to_many"])
def test_min_steps_leaves_samples_out(architecture, waves):
    """A fit with min_steps equals a fit without the samples that have fewer observed time steps."""
    windows, y = np.array(waves[0]), waves[1]
    windows[20, :3] = windows[30] = np.nan
    if architecture == "many_to_many":
        y = np.where(np.isnan(windows[:, :, 0]), np.nan, y[:, None])
    kept = (~np.isnan(windows[:, :, 0])).sum(axis=1) >= 4
    assert kept.sum() == 55
    model = small(architecture, training=TrainingPlan(min_steps=4, shuffle=False))
    by_hand = clone(model).set_params(training__min_steps=0).fit(windows[kept], y[kept])
    assert_array_equal(model.fit(windows, y).predict(windows), by_hand.predict(windows))
    assert len(model.predict(windows)) == 60


def test_min_steps_leaves_nothing():
    """min_steps raises an error if it leaves no sample to train on."""
    assert refused(small(training=TrainingPlan(min_steps=7)).fit, X, Y) == snapshot(
        "LSTMRegressor(training=TrainingPlan(min_steps=7)) leaves nothing to train on: no sample of X, of shape (24, 6, 2), has so many "
        "observed time steps. Lower min_steps, or pass longer sequences."
    )


# --- frames ---------------------------------------------------------------------------------------


def test_frames_keep_their_shape():
    """Predict raises an error for frames of another shape than in fit, and for windows."""
    frames = normal(12, 4, 6, 5)
    model = LSTMClassifier(UNITS, architecture=CNNLSTM(filters=2)).initialize(frames, np.arange(12) % 2)
    assert model.predict(frames[:, :2]).shape == (12,)
    shapes = [(12, 4, 5, 6), (12, 4, 6, 5, 1), (12, 4, 30)]
    assert [refused(model.predict, np.zeros(shape)) for shape in shapes] == snapshot(
        [
            "LSTMClassifier was fitted on frames of shape (6, 5), got X of shape (12, 4, 5, 6). Pass X of shape (n_samples, n_timesteps, 6, 5).",
            "LSTMClassifier was fitted on frames of shape (6, 5), got X of shape (12, 4, 6, 5, 1). Pass X of shape (n_samples, n_timesteps, 6, 5).",
            "LSTMClassifier was fitted on frames of shape (6, 5), got X of shape (12, 4, 30). Pass X of shape (n_samples, n_timesteps, 6, 5).",
        ]
    )


def test_frames_are_for_the_cnn_lstm():
    """Architectures other than cnn_lstm raise an error for frames."""
    frames, y = normal(12, 4, 6, 5), normal(12, 4)
    others = [architecture for architecture in ALL if architecture != "cnn_lstm"]
    assert [refused(small(architecture).fit, frames, y) for architecture in others] == snapshot(
        [
            "LSTMRegressor(architecture='vanilla') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
            "LSTMRegressor(architecture='stacked') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
            "LSTMRegressor(architecture='bidirectional') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
            "LSTMRegressor(architecture='lstm_fcn') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
            "LSTMRegressor(architecture='encoder_decoder') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
            "LSTMRegressor(architecture='many_to_many') expects X of shape (n_samples, n_timesteps, n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further axes into the features: X.reshape(*X.shape[:2], -1).",
        ]
    )


def test_frames_have_no_linear_path():
    """linear_skip raises an error for frames."""
    frames = normal(24, 4, 6, 5)
    y = np.append(frames[1:, -1, 0, 0], 0.0)
    assert refused(small("cnn_lstm", linear_skip=True, target_feature=0).fit, frames, y) == snapshot(
        "cnn_lstm has a linear path from the features of windows, got frames: X of shape (24, 4, 6, 5). Pass "
        "linear_skip=False."
    )
