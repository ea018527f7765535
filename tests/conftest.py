"""Fixtures that several test modules share."""

import gc
import os
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from hypothesis import settings
from sizes import N_SAMPLES, N_TIMESTEPS

# Choose another profile with `pytest --hypothesis-profile=nightly`. Examples are the same in every run and are not timed.
settings.register_profile("ci", max_examples=15, derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=100, derandomize=True, deadline=None)
settings.load_profile("ci")

# TensorFlow's notes on how it was built are no news in a test run. Set before anything loads it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collection_finish(session):
    """Spare the garbage collector what was imported: it would look at all of TensorFlow's objects again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def airline():
    """X and y of the airline series, with its index of months."""
    from sklstm.datasets import load_airline

    return load_airline(return_X_y=True)


@pytest.fixture(scope="session")
def waves():
    """Windows of shape (60, 6, 2), the first ones not observed at their start, and what follows the first feature."""
    from sklstm import LagFramer

    t = np.arange(N_SAMPLES + 1.0)
    series = np.stack([10 + np.sin(t / 3), np.cos(t / 3)], axis=1)
    return LagFramer(N_TIMESTEPS).fit_transform(series[:-1]), series[1:, 0]


@pytest.fixture(scope="session")
def pipeline():
    """The headline pipeline, small: two units, two epochs."""
    from sklearn.pipeline import Pipeline

    from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D

    return Pipeline(
        [
            ("scale", SeriesScaler("minmax")),
            ("frame", LagFramer(n_steps=12)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", LSTMRegressor(units=2, target_scaler="standard", epochs=2, random_state=0)),
        ]
    )


@pytest.fixture(scope="session")
def fitted_pipeline(pipeline, airline):
    """The small headline pipeline, fitted on the first hundred months."""
    from sklearn.base import clone

    X, y = airline
    return clone(pipeline).fit(X[:100], y[:100])


def run_fresh(code):
    """Run Python code in a fresh process, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
