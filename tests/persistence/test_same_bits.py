"""Fitted objects of all kinds compute the same bits in a fresh process, however they are stored."""

import pytest
from fitted_objects import OBJECTS
from same_bits import WAYS, compare

import sklstm


@pytest.fixture(scope="module")
def table():
    return compare()


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OBJECTS)
def test_same_bits(table, name, way):
    """Predictions, states and fitted attributes are the same to the bit."""
    assert table[name, way] == "same"


def test_all_are_there():
    """Every public estimator is among the objects."""
    kinds = {name for name in sklstm.__all__ if hasattr(getattr(sklstm, name), "fit") or name == "OnlinePredictor"}
    assert kinds <= {name.split(",")[0].split(" ")[0] for name in OBJECTS}
