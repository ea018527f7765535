"""Windows of several series whose rows come in turn, and a small estimator of them."""

import numpy as np
import pandas as pd

from sklstm import LagFramer, LSTMRegressor, Windows

LEVELS = {"a": 10.0, "b": 500.0, "c": -3000.0}
N_TIMES = 30


def panel_of(series, n_steps, times):
    """Windows of several series, a dict of tables, whose rows come in the order of their times, (dict of arrays)."""
    labels = np.repeat(np.array(list(series)), [len(rows) for rows in series.values()])
    values, when = np.concatenate(list(series.values())), np.concatenate([times[label] for label in series])
    order = np.argsort(when, kind="stable")
    columns = [f"feature_{k}" for k in range(values.shape[1])]
    table = pd.DataFrame(values, columns=columns).assign(series=labels, time=when).iloc[order]
    return LagFramer(n_steps, group="series", time="time").fit_transform(table), order


def walks(n_times=N_TIMES, levels=LEVELS):
    """Three series of different levels, two features each, and the next value of the second."""
    rng = np.random.default_rng(0)
    whole = {label: level + rng.normal(size=(n_times + 1, 2)).cumsum(axis=0) for label, level in levels.items()}
    X = {label: rows[:-1] for label, rows in whole.items()}
    return X, {label: rows[1:, 1] for label, rows in whole.items()}


def interleaved(n_steps=4, n_times=N_TIMES, levels=LEVELS):
    """Windows of these series, whose rows come in turn, and the next value of each."""
    series, following = walks(n_times, levels)
    X, order = panel_of(series, n_steps, {label: np.arange(n_times) for label in series})
    return X, np.concatenate(list(following.values()))[order]


def without_keys(windows):
    """The same windows, of which nothing is known."""
    return Windows(windows.buffer, windows.starts, windows.n_timesteps)


def small(**params):
    """A small regressor; its target is the second feature of `walks`."""
    plain = {"window_scaler": None, "linear_skip": False}
    return LSTMRegressor(**({"units": 2, "epochs": 2, "target_feature": 1, "random_state": 0} | plain | params))
