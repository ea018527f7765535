"""Every architecture by one signature: what each takes, what it refuses, and what comes out."""

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone

from sklstm import LSTMClassifier, LSTMRegressor

MANY_TO_ONE = ("vanilla", "stacked", "bidirectional", "cnn_lstm")
ALL = (*MANY_TO_ONE, "encoder_decoder", "many_to_many")


def small(architecture="vanilla", **params):
    return LSTMRegressor(
        **({"units": 3, "filters": 2, "epochs": 2, "random_state": 0, "architecture": architecture} | params)
    )


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


X = normal(24, 6, 2)
Y = X[:, :, 0].cumsum(axis=1)


def target(architecture):
    """One number for each sample, or for each time step."""
    return Y if architecture in ("encoder_decoder", "many_to_many") else Y[:, -1]


# --- parameters of the network --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "units", "sizes"),
    [
        ("vanilla", 3, [3]),
        ("stacked", 3, [3, 3]),
        ("stacked", [4, 3, 2], [4, 3, 2]),
        ("bidirectional", (3, 2), [3, 3, 2, 2]),
        ("cnn_lstm", 3, [3]),
        ("encoder_decoder", 3, [3, 3]),
        ("encoder_decoder", (4, 3), [4, 3]),
        ("many_to_many", [4, 3], [4, 3]),
    ],
)
def test_units(architecture, units, sizes):
    """A number, or one for each layer from the lowest; a bidirectional layer has two of them."""
    model = small(architecture, units=units).initialize(X, target(architecture)).model_
    cells = [layer for layer in model._flatten_layers() if isinstance(layer, layers.LSTM)]
    assert [cell.units for cell in cells] == sizes


@pytest.mark.parametrize(
    ("architecture", "units", "message"),
    [
        (
            "vanilla",
            [8, 4],
            "vanilla has one LSTM layer, got units=[8, 4]. Pass one number, or architecture='stacked'.",
        ),
        ("stacked", [], "stacked has one LSTM layer or more, got units=[]. Pass units for each."),
        (
            "encoder_decoder",
            (4, 3, 2),
            "encoder_decoder has two LSTM layers, got units=(4, 3, 2). Pass one number for both, or a pair.",
        ),
        (
            "stacked",
            [4, 0],
            "Units of an LSTM layer are an int of 1 or more, got units=[4, 0]. Pass units for each.",
        ),
        (
            "many_to_many",
            [2.5],
            "Units of an LSTM layer are an int of 1 or more, got units=[2.5]. Pass units for each.",
        ),
    ],
)
def test_wrong_units(architecture, units, message):
    """As many units as there are layers, each a whole number."""
    assert refused(small(architecture, units=units).fit, X, target(architecture)) == message


@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("architecture", ALL)
def test_dropout_is_for_training_only(architecture, rate):
    """In training outputs are drawn at random, in prediction nothing is."""
    model = small(architecture, **{rate: 0.5}).initialize(X, target(architecture))
    assert not np.array_equal(model.model_(X, training=True), model.model_(X, training=True))
    assert_array_equal(model.predict(X), model.predict(X))


def test_dropout_is_seeded():
    """Fits with dropout of both kinds are alike bit by bit from one seed."""
    model = small("stacked", dropout=0.3, recurrent_dropout=0.3)
    one, other = (clone(model).fit(X, Y).predict(X) for _ in range(2))
    assert_array_equal(one, other)


@pytest.mark.parametrize("architecture", ALL)
def test_output_activation(architecture):
    """The last layer has the activation that is asked for."""
    y = target(architecture)
    model = small(architecture, output_activation="sigmoid", target_scaler="minmax").initialize(X, y)
    assert model.model_.get_layer("outputs").activation is keras.activations.sigmoid
    predicted = model.predict(100 * X)
    assert predicted.min() >= y.min() - 1e-6
    assert predicted.max() <= y.max() + 1e-6


def test_another_number_of_time_steps():
    """Whatever the architecture, longer and shorter samples than those of fit are predicted."""
    for architecture in ALL:
        model = small(architecture).initialize(X, target(architecture))
        for n_timesteps in (1, 4, 9):
            steps = {"encoder_decoder": (6,), "many_to_many": (n_timesteps,)}.get(architecture, ())
            assert model.predict(normal(5, n_timesteps, 2)).shape == (5, *steps)


# --- builders -------------------------------------------------------------------------------------


def test_a_builder_gets_what_it_asks_for():
    """By name, of the parameters of the estimator; meta says what goes in and what comes out."""
    got = {}

    def build(meta, units, subsequence, *, dropout=0.5, depth=7):
        got.update(locals())
        inputs = keras.Input(meta["X_shape_"][1:])
        return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(layers.LSTM(units, name="own")(inputs)))

    model = small(build, dropout=0.1).fit(X, Y[:, :3])
    assert {name: got[name] for name in ("units", "subsequence", "dropout", "depth")} == {
        "units": 3,
        "subsequence": None,
        "dropout": 0.1,
        "depth": 7,
    }
    assert got["meta"]["X_shape_"] == (24, 6, 2)
    assert got["meta"]["n_output_steps_"] == got["meta"]["n_outputs_"] == 3
    assert got["meta"]["target_type_"] == "continuous-multioutput"
    assert model.model_.get_layer("own").units == 3
    assert model.predict(X).shape == (24, 3)


def test_a_builder_that_asks_for_something_unknown():
    """What the estimator has no value for is named, and what it has."""

    def build(meta, depth):
        """Never called."""

    assert refused(small(build).fit, X, Y) == snapshot(
        "LSTMRegressor: the builder build asks for 'depth', which it has no value for. A builder may ask for meta, "
        "units, dropout, recurrent_dropout, filters, kernel_size, subsequence, output_activation, embedding_dim, "
        "embedding_features, linear_path. Give it a default, or bind it by functools.partial."
    )


def test_a_builder_that_builds_nothing():
    """What comes back is a model that knows its input."""

    def forgetful(meta):
        """It has no return."""

    assert refused(small(forgetful).fit, X, Y, error=TypeError) == snapshot(
        "LSTMRegressor: the builder forgetful returned NoneType, expected a keras.Model. End it in 'return model'."
    )

    def hasty(meta):
        return keras.Sequential([layers.LSTM(3), layers.Dense(6)])

    assert refused(small(hasty).fit, X, Y) == snapshot(
        "LSTMRegressor: the model that hasty returned does not know the shape of its input yet. Begin it with "
        "keras.Input(meta['X_shape_'][1:])."
    )


# --- shapes of y ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(24,), (24, 1), (24, 3), (24, 3, 2)])
@pytest.mark.parametrize("architecture", ["vanilla", "encoder_decoder"])
def test_predictions_have_the_shape_of_y(architecture, shape):
    """One number, several, or several for each of some time steps."""
    model = small(architecture).initialize(X, normal(*shape))
    assert model.predict(X[:5]).shape == (5, *shape[1:])
    assert model.n_outputs_ == np.prod(shape[1:])


@pytest.mark.parametrize("flat", [True, False])
def test_values_of_y_stay_in_their_places(flat):
    """A network that tells y as it is predicts it so, from outputs in a row and from outputs by time step."""

    def tell(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        ahead = inputs[:, 2:5]
        return keras.Model(inputs, layers.Flatten()(ahead) if flat else ahead)

    y = X[:, 2:5]
    model = small(tell, target_scaler=None).initialize(X, y)
    assert_allclose(model.predict(X), y, rtol=1e-6)


@pytest.mark.parametrize("shape", [(24,), (24, 1), (24, 1, 2)])
def test_many_to_many_of_one_time_step(shape):
    """With one time step in, there is one out."""
    model = small("many_to_many").fit(X[:, :1], normal(*shape))
    assert model.predict(X[:5, :1]).shape == (5, *shape[1:])


def test_many_to_many_needs_a_target_for_each_time_step():
    """Another number of time steps in y is sent to the encoder-decoder."""
    assert refused(small("many_to_many").fit, X, Y[:, :4]) == snapshot(
        "many_to_many has an output at each of the 6 time steps of X, got y with 4. Pass "
        "architecture='encoder_decoder'."
    )


# --- relative to the target's own past ------------------------------------------------------------

SEASON = np.array([0.0, 3, -1, 2, -4, 1])


def rising(n_samples, first=0, n_steps=1):
    """Windows of a rising series with a season of six steps, and the steps that follow each."""
    t = np.arange(first, first + n_samples + 5 + n_steps)
    series = 0.5 * t + SEASON[t % 6]
    windows = np.lib.stride_tricks.sliding_window_view(series, 6 + n_steps)
    ahead = windows[:, 6:]
    return windows[:, :6, None], ahead if n_steps > 1 else ahead[:, 0]


@pytest.mark.parametrize("architecture", [*MANY_TO_ONE, "encoder_decoder"])
def test_a_rising_series_goes_on_rising(architecture):
    """Scaled windows, differences from a season before and a linear path go together, for whatever has one past."""
    n_steps = 3 if architecture == "encoder_decoder" else 1
    model = small(
        architecture, relative_to=6, window_scaler="mean", linear_skip=True, target_scaler="minmax", epochs=10
    )
    model.fit(*rising(48, n_steps=n_steps))
    far, ahead = rising(48, first=600, n_steps=n_steps)
    assert np.abs(model.predict(far) - ahead).max() < 1
    assert_allclose(model.predict(far + 1000), model.predict(far) + 1000, rtol=1e-5)


@pytest.fixture(scope="module")
def plain():
    return small(epochs=30, learning_rate=0.03).fit(*rising(48))


@pytest.mark.parametrize("option", [{"relative_to": "last"}, {"window_scaler": "last"}, {"relative_to": 6}])
def test_each_way_goes_beyond_the_level_of_fit(option, plain):
    """A forecast relative to the past follows the level; a forecast of plain values stays where it was fitted."""
    far, ahead = rising(48, first=600)
    model = clone(plain).set_params(**option).fit(*rising(48))
    assert np.abs(model.predict(far) - ahead).mean() < 10
    assert np.abs(plain.predict(far) - ahead).mean() > 250


def test_window_scaler_of_each_time_step():
    """Outputs of all time steps are brought back to the level of their sample."""
    windows, ahead = rising(48, n_steps=6)
    following = np.concatenate([windows[:, 1:, 0], ahead[:, :1]], axis=1)
    model = small("many_to_many", window_scaler="last").fit(windows, following)
    assert_allclose(model.predict(windows + 1000), model.predict(windows) + 1000, rtol=1e-6)


def silent(meta):
    """A network that says 0 whatever it sees: what is predicted is what the target is relative to."""
    inputs = keras.Input((None, meta["X_shape_"][2]))
    outputs = layers.Dense(meta["n_outputs_"], kernel_initializer="zeros")(layers.GlobalAveragePooling1D()(inputs))
    return keras.Model(inputs, layers.Reshape((meta["n_output_steps_"], -1))(outputs))


@pytest.mark.parametrize("relative_to", ["last", 4, 6])
def test_what_the_target_is_relative_to(relative_to):
    """The last value of the window, or the value a season before the target, as one would look it up."""
    windows, ahead = rising(48, n_steps=8)
    model = small(silent, relative_to=relative_to, target_scaler=None).initialize(windows, ahead)
    known, expected = np.asarray(windows)[:, :, 0], np.empty_like(ahead)
    for step in range(8):
        back = 1 if relative_to == "last" else relative_to - step % relative_to
        expected[:, step] = known[:, -back]
    assert_allclose(model.predict(windows), expected, atol=1e-9)


def test_learning_differences_is_learning_y_less_its_reference():
    """relative_to is what one would do by hand: subtract, fit, predict, add."""
    windows, ahead = rising(48)
    last = windows[:, -1, 0]
    by_hand = small().fit(windows, ahead - last)
    model = small(relative_to="last").fit(windows, ahead)
    assert_allclose(model.predict(windows), by_hand.predict(windows) + last, rtol=1e-5)


def test_a_season_longer_than_the_windows():
    """The value a season before the target has to be in the window."""
    windows, ahead = rising(48)
    assert refused(small(relative_to=12).fit, windows, ahead) == snapshot(
        "LSTMRegressor(relative_to=12) needs windows of at least 12 time steps, got 6. Put LagFramer(n_steps=12) "
        "before it."
    )


@pytest.mark.parametrize("option", [{"linear_skip": True}, {"relative_to": "last"}, {"relative_to": 6}])
def test_time_steps_of_their_own_have_no_common_past(option):
    """many_to_many refuses what is relative to one past of a sample."""
    ((name, value),) = option.items()
    assert refused(small("many_to_many", **option).fit, X, Y) == (
        "LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past for "
        f"{name}={value!r}. Drop it, or use architecture='encoder_decoder'."
    )


# --- samples left out -----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["vanilla", "many_to_many"])
def test_min_steps_leaves_samples_out(architecture, waves):
    """Samples with fewer observed time steps are left out as if they had not been given."""
    windows, y = np.array(waves[0]), waves[1]
    windows[20, :3] = windows[30] = np.nan
    if architecture == "many_to_many":
        y = np.where(np.isnan(windows[:, :, 0]), np.nan, y[:, None])
    kept = (~np.isnan(windows[:, :, 0])).sum(axis=1) >= 4
    assert kept.sum() == 55
    model = small(architecture, min_steps=4, shuffle=False)
    by_hand = clone(model).set_params(min_steps=0).fit(windows[kept], y[kept])
    for one, other in zip(model.fit(windows, y).network_.weights, by_hand.network_.weights, strict=True):
        assert_array_equal(one, other)
    assert len(model.predict(windows)) == 60


def test_min_steps_leaves_nothing():
    """Where every sample is too short, there is nothing to learn from."""
    assert refused(small(min_steps=7).fit, X, Y) == snapshot(
        "LSTMRegressor(min_steps=7) leaves nothing to train on: no sample of X, of shape (24, 6, 2), has so many "
        "observed time steps. Lower min_steps, or pass longer sequences."
    )


# --- frames ---------------------------------------------------------------------------------------


def test_frames_keep_their_shape():
    """Frames of another shape are refused, though they have as many pixels; so are windows."""
    frames = normal(12, 4, 6, 5)
    model = LSTMClassifier(3, architecture="cnn_lstm", filters=2).initialize(frames, np.arange(12) % 2)
    assert model.predict(frames[:, :2]).shape == (12,)
    for shape in ((12, 4, 5, 6), (12, 4, 6, 5, 1), (12, 4, 30)):
        assert refused(model.predict, np.zeros(shape)) == (
            f"LSTMClassifier was fitted on frames of shape (6, 5), got X of shape {shape}. Pass X of shape (n_samples, "
            "n_timesteps, 6, 5)."
        )


def test_frames_are_for_the_cnn_lstm():
    """Other architectures send frames there."""
    for architecture in ALL:
        if architecture != "cnn_lstm":
            assert refused(small(architecture).fit, normal(12, 4, 6, 5), normal(12, 4)) == (
                f"LSTMRegressor(architecture={architecture!r}) expects X of shape (n_samples, n_timesteps, "
                "n_features), got shape (12, 4, 6, 5). For frames pass architecture='cnn_lstm'; else bring further "
                "axes into the features: X.reshape(*X.shape[:2], -1)."
            )


def test_frames_have_no_linear_path():
    """A linear path begins at a feature of windows."""
    frames = normal(24, 4, 6, 5)
    y = np.append(frames[1:, -1, 0, 0], 0.0)
    assert refused(small("cnn_lstm", linear_skip=True).fit, frames, y) == snapshot(
        "cnn_lstm has a linear path from the features of windows, got frames: X of shape (24, 4, 6, 5). Pass "
        "linear_skip=False."
    )
