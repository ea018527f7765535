"""A series of which a part was fitted, what comes after it, and small models of it."""

import numpy as np
import pandas as pd
from sizes import EPOCHS, N_TIMESTEPS, UNITS
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D

SAME = {"rtol": 1e-5, "atol": 1e-5}
N_FITTED, N_STEPS = 80, N_TIMESTEPS
NAMES = ["rain", "temp", "wind"]


def waves(n_rows, seed=0):
    """A table of three features."""
    t = np.arange(n_rows, dtype=float)[:, None]
    noise = np.random.default_rng(seed).normal(0, 0.3, size=(n_rows, 3))
    return pd.DataFrame(10 + 3 * np.sin(t / [3.0, 5.0, 7.0]) + noise, columns=NAMES)


def small(**params):
    return LSTMRegressor(
        **{"units": UNITS, "epochs": EPOCHS, "window_scaler": None, "linear_skip": False, "random_state": 0} | params
    )


def steps(lstm, scaler=None, **framing):
    """All of sklstm's steps."""
    framer = LagFramer(**{"n_steps": N_STEPS} | framing)
    return make_pipeline(scaler or SeriesScaler("minmax"), framer, SequencePadder(), To3D(), lstm)


TABLE = waves(N_FITTED + 200)
FITTED, NEW = TABLE[:N_FITTED], TABLE[N_FITTED:]
Y = TABLE["rain"].shift(-1)[:N_FITTED]
LABELS = np.where(Y.diff() > 0, "up", "down")
GAPPY = NEW[:60].copy()
GAPPY.iloc[[0, 1, 20, 21, 22, *range(40, 50)]] = np.nan


def cold(table):
    """The same rows, of which no index says that they follow anything."""
    return table.reset_index(drop=True)


def timed(n_rows, missing=()):
    table = waves(n_rows, seed=3).set_index(pd.date_range("2026-01-01", periods=n_rows, freq="h"))
    return table.drop(table.index[list(missing)])
