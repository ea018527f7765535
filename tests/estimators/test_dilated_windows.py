"""Estimators on the windows of LagFramer(dilation=): what they leave out, count and look back at is what windows hold."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import (
    LagFramer,
    LagRegressor,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    SeasonalNaive,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    TrainingPlan,
)

N_ROWS, N_STEPS, DILATION = 80, 4, 3
RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(N_ROWS, 2)).astype(np.float32)
Y = np.roll(SERIES[:, 0], -1)
WINDOWS = LagFramer(N_STEPS, dilation=DILATION).fit_transform(SERIES)
COPY = np.asarray(WINDOWS)
SMALL = {"units": UNITS, "epochs": EPOCHS, "random_state": 0}
STATES = np.where((np.arange(N_ROWS) // 3) % 3 == 2, "walk", "sit")


def rows_of(row):
    """The rows that the window of a row holds."""
    return [row - back * DILATION for back in range(N_STEPS) if row - back * DILATION >= 0]


# --- samples --------------------------------------------------------------------------------------


def test_windows_and_their_copy():
    """Fits and predictions are those of the windows as an array."""
    model, copy = (LSTMRegressor(**SMALL).fit(X, Y) for X in (WINDOWS, COPY))
    assert_allclose(model.predict(WINDOWS), copy.predict(COPY), rtol=1e-5, atol=1e-6)


def test_min_steps():
    """Windows that begin before the series does have fewer observed time steps."""
    expected = LSTMAutoencoder(**SMALL).fit(COPY[9:]).score_samples(COPY)
    model = LSTMAutoencoder(training=TrainingPlan(min_steps=N_STEPS), **SMALL).fit(WINDOWS)
    assert_allclose(model.score_samples(WINDOWS), expected, rtol=1e-5)


@pytest.mark.parametrize("group", [None, "store"])
def test_no_training_sample_shares_rows_with_validation_samples(group):
    """Rows that only windows of validation samples hold change nothing of what is learned."""
    X = pd.DataFrame(SERIES, columns=["a", "b"]).assign(store=0)
    X = X if group else X[["a", "b"]]
    changed = X.copy()
    first = N_ROWS - 16 - (N_STEPS - 1) * DILATION
    changed.loc[first:, ["a", "b"]] = 99.0
    framer = LagFramer(N_STEPS, dilation=DILATION, group=group)
    model = LSTMRegressor(validation=0.2, target_scaler=None, target_groups=False, **SMALL)
    weights = [model.fit(framer.fit_transform(table), Y).model_.get_weights() for table in (X, changed)]
    for one, other in zip(*weights, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["majority", "any"])
def test_labels_of_windows(method):
    """The label of a window is that of the rows that it holds, not of those between."""
    labels = []
    for row in range(N_ROWS):
        states = [STATES[k] for k in rows_of(row)]
        counts = {state: states.count(state) for state in states}
        most = next(state for state in states if counts[state] == max(counts.values()))
        labels.append(max(states) if method == "any" else most)
    expected = LSTMClassifier(**SMALL).fit(WINDOWS, np.array(labels)).predict_proba(WINDOWS)
    model = LSTMClassifier(window_labels=method, **SMALL).fit(WINDOWS, STATES)
    assert_array_equal(model.predict_proba(WINDOWS), expected)


def test_season_in_windows():
    """The value a season before is found where windows hold it, and an error says where they do not."""
    X = np.arange(60.0)
    y = np.roll(X, -1)
    naive = SeasonalNaive(season=7)  # the value a season before the target lies 6 rows back
    for dilation in (1, 2, 3):
        windows = LagFramer(7, dilation=dilation).fit_transform(X)
        assert_allclose(naive.fit(windows[:-1], y[:-1]).predict(windows)[12:], X[12:] - 6, rtol=1e-12)
    windows = LagFramer(7, dilation=4).fit_transform(X)
    assert refused(naive.fit(windows[:-1], y[:-1]).predict, windows) == snapshot(
        "SeasonalNaive(season=7) needs the value 6 rows back, got windows with dilation=4, which do not hold it. Put LagFramer(n_steps=7) without dilation before it."
    )


# --- forecasts ------------------------------------------------------------------------------------


def linear(**framing):
    return make_pipeline(LagFramer(**framing), LagRegressor(LinearRegression()))


def waves(n_rows=80):
    """A series that a linear model of lags does not forecast without error."""
    return pd.DataFrame({"sold": np.sin(np.arange(n_rows)) + RNG.normal(0, 0.1, n_rows)})


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("window_step", [None, SequencePadder()], ids=["windows", "padder"])
def test_recursion(dilation, window_step):
    """Forecasts of forecasts take each value where the window of that row holds it."""
    table = waves()
    framer, model = LagFramer(3, dilation=dilation), LagRegressor(LinearRegression())
    pipeline = make_pipeline(framer, window_step, model) if window_step else make_pipeline(framer, model)
    forecaster = SeriesForecaster(pipeline, horizon=5, strategy="recursive").fit(table)
    values = table["sold"].to_numpy()
    lags = np.asarray(LagFramer(3, dilation=dilation).fit_transform(values[:, None]))[:-1, :, 0]
    known = LagRegressor(LinearRegression()).fit(lags[:, :, None], values[1:])
    expected = list(values)
    for _ in range(5):
        window = expected[-1 - 2 * dilation :: dilation]
        expected.append(known.predict(np.array(window)[None, :, None])[0])
    assert_allclose(forecaster.forecast()["sold"], expected[-5:], rtol=1e-6)


def test_recursion_online():
    """Forecasts of forecasts, row by row, are those of the table."""
    table = waves()
    forecaster = SeriesForecaster(linear(n_steps=3, dilation=2), horizon=4, strategy="recursive").fit(table[:60])
    online = OnlinePredictor(forecaster, warm=True)
    expected = forecaster.predict(table[60:])
    assert_allclose(online.update_many(table[60:]), expected, rtol=1e-6)


def test_recursion_from_a_table_of_lags():
    """A table of lags does not hold the rows that windows move on to."""
    pipeline = make_pipeline(LagFramer(3, dilation=2, flatten=True), LagRegressor(LinearRegression()))
    forecaster = SeriesForecaster(pipeline, horizon=2, strategy="recursive")
    assert refused(forecaster.fit, waves()) == snapshot(
        "SeriesForecaster forecasts 1 step at once, and to go on to 2 it needs the rows between the time steps of LagFramer(dilation=2), which a table of lags or a copy of windows does not hold. Fit with horizon=2 and strategy='direct', or pass windows on as they are: flatten=False."
    )


# --- row by row -----------------------------------------------------------------------------------


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("warm", [False, True])
def test_online(flatten, warm):
    """Row by row, predictions are those of the table."""
    table = pd.DataFrame(SERIES, columns=["a", "b"])
    model = make_pipeline(SeriesScaler(), LagFramer(N_STEPS, dilation=DILATION, flatten=flatten), LagRegressor())
    model.fit(table[:50], Y[:50])
    new = table[50:] if warm else table[50:].set_axis(np.arange(-500, -470))
    assert_allclose(OnlinePredictor(model, warm=warm).update_many(new), model.predict(new), rtol=1e-5)


@pytest.mark.parametrize("warm", [False, True])
def test_online_network(warm):
    """The same of a network, with rows that were not observed."""
    table = pd.DataFrame(SERIES, columns=["a", "b"])
    table.iloc[[60, 61, 70]] = np.nan
    model = make_pipeline(LagFramer(N_STEPS, dilation=DILATION), LSTMRegressor(**SMALL)).fit(table[:50], Y[:50])
    new = table[50:] if warm else table[50:].set_axis(np.arange(-500, -470))
    online = OnlinePredictor(model, warm=warm)
    assert_allclose(online.update_many(new), model.predict(new), rtol=1e-5, atol=1e-5)


def test_online_on_a_grid():
    """With freq, time steps without a row lie between those of the window, and new series begin cold."""
    times = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.cumsum(RNG.integers(1, 4, N_ROWS)), unit="h")
    table = pd.DataFrame(SERIES, index=times, columns=["a", "b"]).assign(store=RNG.choice(["A", "B"], N_ROWS))
    framer = LagFramer(N_STEPS, dilation=DILATION, freq="h", group="store")
    model = make_pipeline(framer, LSTMRegressor(target_groups=False, **SMALL)).fit(table[:50], Y[:50])
    new = table[50:]
    online = OnlinePredictor(model, warm=True).update_many(new, times=new.index)
    assert_allclose(online, model.predict(new), rtol=1e-5, atol=1e-5)


def test_online_state():
    """A state that is carried from row to row is not that of windows with rows left out."""
    model = make_pipeline(LagFramer(N_STEPS, dilation=DILATION), LSTMRegressor(**SMALL)).fit(SERIES, Y)
    assert refused(OnlinePredictor, model, mode="state") == snapshot(
        "OnlinePredictor(mode='state') feeds each time step to the network once, but LagFramer(dilation=3) trains it on rows that lie apart. Pass mode='window'."
    )
