"""Fixtures that several test modules share."""

import os

import pytest

# TensorFlow's notes on how it was built are no news in a test run. Set before anything loads it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def airline():
    """X and y of the airline series, with its index of months."""
    from sklstm.datasets import load_airline

    return load_airline(return_X_y=True)
