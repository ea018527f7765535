"""Tasks that need what each architecture reads from a sequence.

The networks learn in one batch an epoch, by the graph: so short a fit is done before a program of XLA is compiled.
"""

from itertools import product

import numpy as np
import pytest

from sklstm import CNNLSTM, LagFramer, LSTMClassifier, LSTMRegressor


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def learned(kind, X, y, n_training, **params):
    """A model that is fitted on the first samples, and the rest of them."""
    params = {"batch_size": n_training, "random_state": 0} | params
    model = kind(**params).fit(X[:n_training], y[:n_training])
    return model, X[n_training:], y[n_training:]


def test_echo():
    """The value three steps back is in a window of four steps, and in no window of one."""
    series = normal(300, 1)
    echo = series[:-3, 0]
    params = {"units": 8, "epochs": 140, "learning_rate": 0.05}
    model, X, y = learned(LSTMRegressor, LagFramer(4).fit_transform(series)[3:], echo, 220, **params)
    assert model.score(X, y) > 0.9
    model, X, y = learned(LSTMRegressor, LagFramer(1).fit_transform(series)[3:], echo, 220, **params)
    assert model.score(X, y) < 0.1


def test_a_sequence_from_one_value():
    """An encoder-decoder draws a sine curve from its phase."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, size=150)
    curves = np.sin(phase[:, None] + np.arange(8) / 2)
    params = {"units": 12, "architecture": "encoder_decoder", "epochs": 280, "learning_rate": 0.03}
    model, X, y = learned(LSTMRegressor, phase[:, None, None], curves, 100, target_scaler=None, **params)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.95


def test_running_sum():
    """A many-to-many network sums the values up to each time step."""
    X = normal(200, 5, 1)
    sums = X[:, :, 0].cumsum(axis=1)
    params = {"units": 8, "architecture": "many_to_many", "epochs": 119, "learning_rate": 0.1}
    model, X, sums = learned(LSTMRegressor, X, sums, 150, **params)
    residuals = model.predict(X) - sums
    assert (1 - residuals.var(axis=0) / sums.var(axis=0)).min() > 0.9


def test_words_backwards():
    """An encoder-decoder predicts the letters of a word in reverse order, one by one."""
    codes = np.random.default_rng(0).permutation(list(product(range(3), repeat=4)))
    letters = np.array(list("abc"))[codes[:, ::-1]]
    params = {"units": 32, "architecture": "encoder_decoder", "epochs": 140, "learning_rate": 0.02}
    model, X, y = learned(LSTMClassifier, np.eye(3)[codes], letters, 60, **params)
    # A third of the letters of new words would be right by chance.
    assert (model.predict(X) == y).mean() > 0.7


def moving_lines(n_samples):
    """Frames of lines that move, (n_samples, n_timesteps, height, width), and their directions."""
    rng = np.random.default_rng(0)
    sides = rng.choice(["down", "left", "right", "up"], size=n_samples)
    steps = {"down": (1, 0), "up": (-1, 0), "right": (0, 1), "left": (0, -1)}
    frames = np.zeros((n_samples, 4, 6, 6))
    for sample, side in enumerate(sides):
        line = np.zeros((6, 6))
        if side in ("down", "up"):
            line[rng.integers(6)] = 1
        else:
            line[:, rng.integers(6)] = 1
        for t in range(4):
            frames[sample, t] = np.roll(line, np.multiply(t, steps[side]), axis=(0, 1))
    return frames, sides


def test_direction_of_a_moving_line():
    """The direction of a line is in no single frame; backwards it is the opposite one."""
    frames, sides = moving_lines(200)
    params = {"units": 8, "architecture": CNNLSTM(filters=4), "epochs": 60, "learning_rate": 0.05}
    model, X, y = learned(LSTMClassifier, frames, sides, 160, **params)
    assert model.score(X, y) > 0.95
    other = {"down": "up", "up": "down", "left": "right", "right": "left"}
    assert model.score(X[:, ::-1], [other[side] for side in y]) > 0.95


@pytest.mark.parametrize("architecture", ["stacked", "bidirectional", CNNLSTM(filters=8)], ids=str)
def test_order_of_two_marks(architecture):
    """Which of two marks comes first is in the order of the time steps only."""
    rng = np.random.default_rng(0)
    marks = np.array([rng.permutation(6)[:2] for _ in range(200)])
    X = np.zeros((200, 6, 1))
    np.put_along_axis(X[:, :, 0], marks, np.array([[1.0, -1.0]]), axis=1)
    y = np.where(marks[:, 0] < marks[:, 1], "rise first", "fall first")
    params = {"units": 8, "architecture": architecture, "epochs": 60, "learning_rate": 0.1}
    model, X, y = learned(LSTMClassifier, X, y, 150, **params)
    assert model.score(X, y) > 0.95


@pytest.mark.parametrize("as_regressor", [True, False])
def test_as_many_steps_of_a_decoder_as_of_x(as_regressor):
    """Steps of a decoder are steps of their own: none is left out where X was not observed."""
    X = np.random.default_rng(0).normal(size=(8, 5, 1))
    X[0, :2] = np.nan
    if as_regressor:
        model = LSTMRegressor(2, architecture="encoder_decoder", epochs=1, random_state=0).fit(X, np.ones((8, 5)))
        assert np.isfinite(model.predict(X)).all()
    else:
        y = np.tile(list("abcde"), (8, 1))
        model = LSTMClassifier(2, architecture="encoder_decoder", epochs=1, random_state=0).fit(X, y)
        assert set(model.predict(X).ravel()) <= set("abcde")
