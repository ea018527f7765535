"""Incremental learning: scaler, framer and network take a file chunk by chunk."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sizes import N_TIMESTEPS, UNITS

from sklstm import LagFramer, LSTMRegressor, SeriesScaler

N_ROWS, CHUNK = 60, 13


@pytest.fixture
def series(tmp_path):
    """Two stores, hour by hour, and the file that holds them."""
    rng = np.random.default_rng(0)
    hours = pd.date_range("2026-01-01", periods=N_ROWS // 2, freq="h")
    index = pd.MultiIndex.from_product([hours, ["A", "B"]], names=["hour", "store"])
    values = rng.normal(size=(N_ROWS, 2)).cumsum(axis=0) + np.tile([[0.0, 5], [100, 50]], (N_ROWS // 2, 1))
    table = pd.DataFrame(values, index=index, columns=["sales", "visitors"])
    path = tmp_path / "stores.csv"
    table.to_csv(path, float_format="%.17g")
    return table, path


def read(path):
    return pd.read_csv(path, chunksize=CHUNK, parse_dates=["hour"], index_col=["hour", "store"])


def test_chunks_of_a_file(series):
    """Scaling and framing chunk by chunk equals scaling and framing the whole table."""
    table, path = series
    whole = SeriesScaler("standard", group="store").fit(table)
    scaler = SeriesScaler("standard", group="store")
    for chunk in read(path):
        scaler.partial_fit(chunk)
    assert_allclose(scaler.transform(table), whole.transform(table), rtol=1e-9, atol=1e-9)

    expected = LagFramer(N_TIMESTEPS, group="store").fit_transform(scaler.transform(table))
    framer, windows = LagFramer(N_TIMESTEPS, group="store"), []
    for chunk in map(scaler.transform, read(path)):
        windows.append(np.asarray(framer.transform(chunk) if windows else framer.fit_transform(chunk)))
        if len(windows) > 1:
            framer.partial_fit(chunk)
    # Some readers round the last digit.
    assert_allclose(np.concatenate(windows), np.asarray(expected), rtol=1e-9, atol=1e-9)
    at_once = LagFramer(N_TIMESTEPS, group="store").fit(scaler.transform(table))
    assert_allclose(framer.context_, at_once.context_, rtol=1e-9, atol=1e-9)


def test_chunks_of_a_memmap(tmp_path):
    """Chunks of a numpy.memmap follow each other with context="always", and the network learns from each."""
    disk = np.memmap(tmp_path / "series.dat", dtype=np.float32, mode="w+", shape=(N_ROWS, 1))
    disk[:, 0] = np.sin(np.arange(N_ROWS))
    framer = LagFramer(N_TIMESTEPS, context="always")
    lstm = LSTMRegressor(UNITS, random_state=0)
    windows = []
    for first in range(0, N_ROWS - 1, CHUNK):
        chunk, y = disk[first : first + CHUNK], disk[first + 1 : first + 1 + CHUNK, 0]
        X = framer.transform(chunk) if first else framer.fit_transform(chunk)
        framer.partial_fit(chunk) if first else None
        windows.append(np.array(X))
        lstm.partial_fit(X[: len(y)], y)
    assert_array_equal(np.concatenate(windows), LagFramer(N_TIMESTEPS).fit_transform(disk))
    assert lstm.predict(windows[-1]).shape == (len(windows[-1]),)
