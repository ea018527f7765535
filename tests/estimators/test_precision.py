"""Float32, NumPy's numbers as parameters, and samples of another length than a network takes."""

import warnings

import keras
import numpy as np
import pytest
from builders import perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sizes import EPOCHS, N_TIMESTEPS, UNITS

from sklstm import KerasRegressor, LSTMAutoencoder, LSTMClassifier, LSTMRegressor

X = np.random.default_rng(0).normal(size=(24, N_TIMESTEPS, 2))
Y = X[:, -1, 0]
SMALL = {"units": UNITS, "epochs": EPOCHS, "random_state": 0}


# --- float32 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [LSTMRegressor(**SMALL), LSTMClassifier(**SMALL)], ids=["regressor", "classifier"])
def test_a_level_that_hides_the_variation(model):
    """Values of which float32 keeps little come with a warning; scaled ones, and float32 itself, without."""
    y = (Y > 0).astype(int)
    with pytest.warns(UserWarning, match="computes in float32") as told:
        model.fit(X + np.array([0, 1e9]), y)
    assert [str(warning.message).replace(type(model).__name__, "MODEL") for warning in told] == snapshot(
        [
            "MODEL computes in float32, which rounds feature 1 to steps of 1.2e+02, where its standard deviation is 1: what it tells is lost. Scale X first, by SeriesScaler('standard')."
        ]
    )
    model.fit(X + 1000, y)
    model.fit(X.astype(np.float32), y)


def test_relative_windows_keep_their_precision():
    """Windows relative to their own level are so before they are rounded."""
    series = 1e9 + np.sin(np.arange(60) / 3)
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], N_TIMESTEPS)[..., None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LSTMRegressor(window_scaler="last", **SMALL).fit(windows, series[N_TIMESTEPS:])
    assert np.abs(model.predict(windows) - series[N_TIMESTEPS:]).mean() < 1


def test_overflow():
    """Values that float32 does not hold are refused in X and y, in fit and predict; target_scaler takes y."""
    model = LSTMRegressor(**SMALL)
    assert refused(model.fit, 1e39 * X, Y) == snapshot(
        "LSTMRegressor computes in float32, which holds values up to 3.4e+38, got 3.1e+39 in X. SeriesScaler before the framer scales it."
    )
    assert refused(LSTMRegressor(target_scaler=None, **SMALL).fit, X, 1e39 * Y) == snapshot(
        "LSTMRegressor computes in float32, which holds values up to 3.4e+38, got 3.1e+39 in y. Pass target_scaler='standard', or y in a larger unit."
    )
    assert np.isfinite(model.fit(X, 1e39 * Y).predict(X)).all()
    assert refused(model.predict, 1e39 * X) == snapshot(
        "LSTMRegressor computes in float32, which holds values up to 3.4e+38, got 3.1e+39 in X. Look at its unit."
    )


# --- numbers of NumPy -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (LSTMRegressor(), {"units": np.int64(UNITS), "batch_size": np.int64(8), "learning_rate": np.float32(0.015625)}),
        (LSTMAutoencoder(), {"units": np.int64(UNITS), "latent_dim": np.int64(1), "dropout": np.float32(0.125)}),
        (
            KerasRegressor(perceptron),
            {"model__units": np.int64(3), "batch_size": np.int32(8), "optimizer__learning_rate": np.float32(0.015625)},
        ),
    ],
    ids=["LSTMRegressor", "LSTMAutoencoder", "KerasRegressor"],
)
def test_numbers_of_numpy(model, params):
    """A search over an array passes numbers of NumPy, which mean what Python's mean."""
    model.set_params(epochs=EPOCHS, random_state=0)
    found = model.set_params(**params).fit(X, Y).members_[0].network.weights
    plain = model.set_params(**{name: value.item() for name, value in params.items()}).fit(X, Y)
    for one, other in zip(found, plain.members_[0].network.weights, strict=True):
        assert_array_equal(one, other)


# --- another number of time steps -----------------------------------------------------------------


def fixed(meta):
    """Network for windows of a fixed length."""
    inputs = keras.Input((N_TIMESTEPS, 2))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))


@pytest.mark.parametrize("model", [KerasRegressor(fixed), LSTMRegressor(architecture=fixed, epochs=1)])
def test_another_length(model):
    """A network with a fixed number of time steps refuses another one, and names both."""
    model.fit(X, Y)
    longer = np.concatenate([X, X], axis=1)
    message = refused(model.predict, longer)
    assert message.replace(type(model).__name__, "MODEL") == snapshot(
        "MODEL got samples of 12 time steps, and its network takes 6: X has the shape (24, 12, 2), and the network was built for samples of shape (6, 2). Pass samples of that shape, or build the network for any number of time steps, keras.Input((None, n_features))."
    )
    assert refused(model.partial_fit, longer, Y) == message
