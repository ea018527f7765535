"""Speed and memory of fits: shared compiled programs, windows as views, memory that does not grow."""

import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from builders import TARGETS, perceptron
from builders import WINDOWS as SMALL_WINDOWS
from compiled_programs import compiled_programs
from numpy.lib.stride_tricks import sliding_window_view
from sizes import UNITS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import (
    KerasRegressor,
    LagFramer,
    LSTMAutoencoder,
    LSTMRegressor,
    SequencePadder,
    SeriesScaler,
    To3D,
    Windows,
)

# --- compiled programs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        KerasRegressor(perceptron, random_state=0),
        LSTMRegressor(UNITS, epochs=1, random_state=0),
        LSTMAutoencoder(UNITS, epochs=1, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_fits_and_predictions_of_one_shape_compile_once(model):
    """Cross-validation and predictions for any number of samples add no compiled program (scikeras 257, keras 13118)."""
    X, y = SMALL_WINDOWS, TARGETS[:, 0]

    def fit_and_predict():
        fitted = clone(model).fit(X, y)
        for n_samples in (1, 7, 40):
            fitted.predict(X[:n_samples])
        if hasattr(fitted, "transform"):
            fitted.inverse_transform(fitted.transform(X))

    fit_and_predict()
    known = set(compiled_programs())
    fit_and_predict()
    cross_val_predict(model, X, y + 1, cv=3)
    assert set(compiled_programs()) <= known


def test_search_compiles_once_per_network(pipeline, airline):
    """A search compiles one training program per number of units, and later fits of the network compile none."""
    X, y = (part[:100] for part in airline)
    model = clone(pipeline).set_params(
        lstm__batch_size=4, lstm__epochs=17, lstm__window_scaler=None, lstm__linear_skip=False
    )
    before = set(compiled_programs("learn"))
    grid = {
        "frame__n_steps": [4, 8],
        "lstm__units": [1, 2],
        "lstm__learning_rate": [1e-3, 1e-2],
    }
    paths = []

    def score(fitted, X, y):
        paths.append(fitted[-1].training_path_)
        return fitted.score(X, y)

    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), scoring=score, error_score="raise").fit(X, y)
    assert paths == ["xla"] * 2 * 8
    known = set(compiled_programs("learn"))
    # An earlier test may have compiled one of them.
    assert len(known - before) <= 2
    best = search.best_estimator_
    assert best[-1].training_path_ == "xla"
    # Other folds, another target and another seed.
    backtest = clone(best).set_params(lstm__random_state=1)
    cross_val_score(backtest, X, np.log(y), cv=TimeSeriesSplit(2, test_size=20), scoring=score, error_score="raise")
    assert paths[-2:] == ["xla"] * 2
    assert set(compiled_programs("learn")) <= known


# --- windows stay views ---------------------------------------------------------------------------

N_ROWS, N_STEPS = 40_000, 200
SERIES = np.random.default_rng(0).normal(size=(N_ROWS, 1)).astype(np.float32)


def of_array(series):
    return LagFramer(n_steps=N_STEPS).fit_transform(series)


def of_holes(series):
    hours = pd.date_range("2024-01-01", periods=len(series) + 100, freq="h")
    table = pd.DataFrame(series, index=hours.delete(np.arange(900, 1000)))
    windows = LagFramer(n_steps=N_STEPS).fit_transform(table)
    assert isinstance(windows, Windows)
    return windows


def of_numpy(series):
    before = np.zeros((N_STEPS - 1, 1), series.dtype)
    return sliding_window_view(np.concatenate([before, series]), N_STEPS, axis=0).transpose(0, 2, 1)


def peak_of(call):
    """Peak of the memory, in bytes, that Python and NumPy allocate during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def averaging():
    """Network whose prediction is linear in the mean of the window."""
    inputs = keras.Input((N_STEPS, 1))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(inputs)))


@pytest.fixture(scope="module")
def one_unit():
    """LSTM with one unit, large batches and one epoch, fitted so that it is compiled before memory is measured."""
    model = LSTMRegressor(units=1, batch_size=512, epochs=1, random_state=0)
    return model.fit(of_array(SERIES), SERIES[:, 0])


@pytest.fixture(scope="module")
def any_network():
    """Small network of KerasRegressor, fitted so that it is compiled before memory is measured."""
    model = KerasRegressor(averaging, batch_size=512, random_state=0)
    return model.fit(of_numpy(SERIES), SERIES[:, 0])


@pytest.mark.parametrize(
    ("model", "framed", "dtype"),
    [
        ("one_unit", of_array, np.float32),
        ("one_unit", of_holes, np.float64),
        ("one_unit", of_numpy, np.float64),
        ("any_network", of_numpy, np.float32),
    ],
)
def test_windows_are_never_expanded(model, framed, dtype, request):
    """Fit and predict gather windows per batch: memory stays far below that of all windows (scikeras 303)."""
    compiled, series = request.getfixturevalue(model), SERIES.astype(dtype)

    def fit_and_predict():
        windows = framed(series)
        fitted = clone(compiled).fit(windows, series[:, 0])
        assert fitted.predict(windows).shape == (N_ROWS,)

    assert peak_of(fit_and_predict) < N_ROWS * N_STEPS * series.itemsize / 4


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_pipeline_expands_no_windows(one_unit, container):
    """A pipeline from the raw series to the prediction, with validation samples, does not expand windows either."""
    series = container(SERIES)
    lstm = clone(one_unit).set_params(validation=0.2)
    model = make_pipeline(SeriesScaler(), LagFramer(n_steps=N_STEPS), SequencePadder(), To3D(), lstm)

    def fit_and_predict():
        assert model.fit(series, SERIES[:, 0]).predict(series).shape == (N_ROWS,)

    assert peak_of(fit_and_predict) < N_ROWS * N_STEPS * SERIES.itemsize / 4


# --- memory does not grow -------------------------------------------------------------------------


def resident():
    """Resident memory of this process in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(("path", "epochs"), [("graph", 1), ("xla", 40)])
def test_memory_does_not_grow_with_fits(path, epochs):
    """Fifteen more fits of one shape keep memory constant: they compile nothing and leave nothing behind."""
    X, y = of_array(SERIES)[N_STEPS : N_STEPS + 64, -4:], SERIES[:64, 0]
    sizes = []
    for seed in range(20):
        model = LSTMRegressor(units=1, batch_size=16, epochs=epochs, random_state=seed).fit(X, y)
        model.predict(X)
        sizes.append(resident())
    assert model.training_path_ == path
    # A fit that compiles takes about 10 MB until the next garbage collection.
    assert max(sizes) - sizes[4] < 30
