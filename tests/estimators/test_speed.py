"""What makes fits fast and keeps them small: shared programs, windows as views, memory that does not grow."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D, Windows
from sklstm.training import clear_programs
from sklstm.training._programs import programs


@pytest.fixture(autouse=True)
def long_from_500_on(monkeypatch):
    """Let long fits begin where a test need not wait for them."""
    monkeypatch.setattr("sklstm.training._paths.LONG", 500)


def training_programs():
    return {key for key in programs._known if key[0] == "learn"}


# --- what is compiled -----------------------------------------------------------------------------


def test_a_search_compiles_once_for_each_network(pipeline, airline):
    """A search has a program for each size of network, whatever else it tunes; what follows has none."""
    X, y = (part[:100] for part in airline)
    clear_programs()
    model = clone(pipeline).set_params(lstm__batch_size=4, lstm__epochs=14)
    grid = {
        "frame__n_steps": [4, 8],
        "lstm__units": [1, 2],
        "scale__method": ["minmax", "standard"],
        "lstm__learning_rate": [1e-3, 1e-2],
    }
    paths = []

    def score(fitted, X, y):
        paths.append(fitted[-1].training_path_)
        return fitted.score(X, y)

    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), scoring=score, error_score="raise").fit(X, y)
    assert paths == ["xla"] * 2 * 16
    known = training_programs()
    assert len(known) == 2
    best = search.best_estimator_
    assert best[-1].training_path_ == "xla"
    # A backtest on other folds, of another target and with another seed.
    backtest = clone(best).set_params(lstm__random_state=1)
    cross_val_score(backtest, X, np.log(y), cv=TimeSeriesSplit(2, test_size=20), scoring=score, error_score="raise")
    assert paths[-2:] == ["xla"] * 2
    assert training_programs() == known


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
    """The most memory, in bytes, that Python and NumPy held at a time during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def one_unit():
    """One epoch with one unit, in large batches; compiled before memory is measured."""
    model = LSTMRegressor(units=1, batch_size=512, epochs=1, random_state=0)
    return model.fit(of_array(SERIES), SERIES[:, 0])


@pytest.mark.parametrize("framed", [of_array, of_holes, of_numpy])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_windows_are_never_expanded(one_unit, framed, dtype):
    """A fit and a prediction gather windows batch by batch: memory stays far below that of all windows."""
    series = SERIES.astype(dtype)

    def fit_and_predict():
        windows = framed(series)
        fitted = clone(one_unit).fit(windows, series[:, 0])
        assert fitted.training_path_.startswith("xla")
        assert fitted.predict(windows).shape == (N_ROWS,)

    assert peak_of(fit_and_predict) < N_ROWS * N_STEPS * series.itemsize / 4


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_a_pipeline_expands_no_windows(one_unit, container):
    """The same holds from the raw series to the prediction, with samples that are watched."""
    series = container(SERIES)
    lstm = clone(one_unit).set_params(validation_fraction=0.2)
    model = make_pipeline(SeriesScaler(), LagFramer(n_steps=N_STEPS), SequencePadder(), To3D(), lstm)

    def fit_and_predict():
        assert model.fit(series, SERIES[:, 0]).predict(series).shape == (N_ROWS,)

    assert peak_of(fit_and_predict) < N_ROWS * N_STEPS * SERIES.itemsize / 4


# --- memory does not grow -------------------------------------------------------------------------


def resident():
    """Memory of this process in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(("path", "epochs"), [("graph", 1), ("xla", 32)])
def test_memory_does_not_grow_with_fits(path, epochs):
    """Thirty more fits of one shape leave memory as it was: nothing is compiled again, and nothing is kept."""
    X, y = of_array(SERIES)[N_STEPS : N_STEPS + 64, -4:], SERIES[:64, 0]
    sizes = []
    for seed in range(35):
        model = LSTMRegressor(units=1, batch_size=16, epochs=epochs, random_state=seed).fit(X, y)
        model.predict(X)
        sizes.append(resident())
    assert model.training_path_ == path
    # Where each fit compiles, each takes some 10 MB more until the garbage collector comes.
    assert max(sizes) - sizes[4] < 30
