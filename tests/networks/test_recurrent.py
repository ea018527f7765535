import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm.networks._recurrent import drop, lstm, units_per_layer

TWO = {"n_layers": 2, "expected": "this has two LSTM layers", "remedy": "Pass two."}


def test_cudnn_is_never_asked_for():
    """Every LSTM layer takes masks of any form."""
    assert lstm(3, name="lstm").use_cudnn is False


def test_no_dropout_no_layer():
    """A rate of zero adds nothing to the network."""
    tensor = keras.Input((3,))
    assert drop(tensor, 0.0, name="dropout") is tensor
    assert drop(tensor, 0.25, name="dropout") is not tensor


@pytest.mark.parametrize(
    ("units", "sizes"), [(4, (4, 4)), (np.int64(4), (4, 4)), ([8, 4], (8, 4)), (np.array([8, 4]), (8, 4))]
)
def test_units_per_layer(units, sizes):
    """A number stands for every layer, a sequence has one for each; what comes out are Python's integers."""
    found = units_per_layer(units, **TWO)
    assert found == sizes
    assert all(type(size) is int for size in found)


def test_open_ended_units():
    """Where the number of layers is open, a sequence says it."""
    assert units_per_layer([8, 4, 2], **TWO, open_ended=True) == (8, 4, 2)
    assert refused(units_per_layer, (), **TWO, open_ended=True) == snapshot(
        "this has two LSTM layers, got units=(). Pass two."
    )


@pytest.mark.parametrize("units", [(8,), [8, 4, 2]])
def test_wrong_number_of_units(units):
    """Neither more nor fewer units than layers."""
    assert refused(units_per_layer, units, **TWO) == f"this has two LSTM layers, got units={units}. Pass two."
