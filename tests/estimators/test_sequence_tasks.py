"""Tasks that are learned only by what sees the sequence: each asks for something that a wrong network cannot know."""

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from sklstm import LSTMClassifier, LSTMRegressor, SequencePadder
from sklstm._windows import frame


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def test_echo():
    """The value three steps back is in a window of four steps, and in no window of one."""
    series = normal(500, 1)
    echo = series[:-3, 0]
    model = LSTMRegressor(16, epochs=60, learning_rate=0.02, random_state=0)
    many_to_one = model.fit(frame(series, 4)[3:400], echo[:397])
    assert many_to_one.score(frame(series, 4)[400:], echo[397:]) > 0.9
    one_to_one = model.fit(frame(series, 1)[3:400], echo[:397])
    assert one_to_one.score(frame(series, 1)[400:], echo[397:]) < 0.1


def test_a_sequence_from_one_value():
    """From a phase the encoder-decoder draws the sine curve that begins there."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, size=300)
    curves = np.sin(phase[:, None] + np.arange(12) / 2)
    X = phase[:, None, None]
    model = LSTMRegressor(
        24, architecture="encoder_decoder", epochs=80, learning_rate=0.01, random_state=0, target_scaler=None
    )
    model.fit(X[:250], curves[:250])
    assert model.predict(X[250:]).shape == (50, 12)
    assert model.score(X[250:], curves[250:]) > 0.95


def test_running_sum():
    """At each time step the sum of all values up to there, which no single step tells."""
    X = normal(300, 8, 1)
    sums = X[:, :, 0].cumsum(axis=1)
    model = LSTMRegressor(16, architecture="many_to_many", epochs=60, learning_rate=0.02, random_state=0)
    model.fit(X[:250], sums[:250])
    residuals = model.predict(X[250:]) - sums[250:]
    assert (1 - residuals.var(axis=0) / sums[250:].var(axis=0)).min() > 0.9


def test_addition():
    """Two numbers are read digit by digit, and the digits of their sum are told one by one."""
    numbers = np.array([(a, b) for a in range(10) for b in range(100)])
    training = np.random.default_rng(0).random(len(numbers)) < 0.9
    symbols = OneHotEncoder(sparse_output=False).fit([[symbol] for symbol in "0123456789+"])
    X = SequencePadder().fit_transform([symbols.transform([[c] for c in f"{a}+{b}"]) for a, b in numbers])
    sums = np.array([list(f"{a + b:03}") for a, b in numbers])
    model = LSTMClassifier(
        64, architecture="encoder_decoder", epochs=120, learning_rate=0.01, batch_size=64, random_state=0
    ).fit(X[training], sums[training])
    right = model.predict(X[~training]) == sums[~training]
    assert right.all(axis=1).mean() > 0.8


def moving_lines(n_samples):
    """A line that moves to a side, (n_samples, n_timesteps, height, width), and that side."""
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
    """Where a line moves is in no single frame; played backwards, it moves the other way."""
    frames, sides = moving_lines(240)
    model = LSTMClassifier(
        16, architecture="cnn_lstm", filters=4, epochs=30, learning_rate=0.02, batch_size=16, random_state=0
    ).fit(frames[:200], sides[:200])
    assert model.score(frames[200:], sides[200:]) > 0.95
    other = {"down": "up", "up": "down", "left": "right", "right": "left"}
    assert model.score(frames[200:, ::-1], [other[side] for side in sides[200:]]) > 0.95


@pytest.mark.parametrize("architecture", ["stacked", "bidirectional", "cnn_lstm"])
def test_order_of_two_marks(architecture):
    """Which of two marks comes first is not in what the time steps hold, but in their order."""
    rng = np.random.default_rng(0)
    marks = np.array([rng.permutation(12)[:2] for _ in range(400)])
    X = np.zeros((400, 12, 1))
    np.put_along_axis(X[:, :, 0], marks, np.array([[1.0, -1.0]]), axis=1)
    y = np.where(marks[:, 0] < marks[:, 1], "rise first", "fall first")
    model = LSTMClassifier(8, architecture=architecture, filters=8, epochs=40, learning_rate=0.02, random_state=0)
    assert model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.95
