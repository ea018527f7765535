"""The fitted model that the tests of OnlinePredictor share."""

import pytest

from .streams import FITTED, Y, small, steps


@pytest.fixture(scope="session")
def model():
    return steps(small()).fit(FITTED, Y)
