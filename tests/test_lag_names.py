import pytest
from inline_snapshot import snapshot

from sklstm._lag_names import lag_name, read_lag_columns


@pytest.mark.parametrize("lag", [-12, -1, 0, 1, 3])
def test_there_and_back(lag):
    """A name that was made is read."""
    assert read_lag_columns("To3D", [lag_name("f(x)", lag)]) == ([0], ["f(x)"])


def test_missing_lags():
    """A feature that lacks a lag is named, by who asks."""
    with pytest.raises(ValueError, match="at every lag") as error:
        read_lag_columns("LSTMRegressor", ["a(t)", "b(t)", "a(t-1)"])
    assert str(error.value) == snapshot(
        "LSTMRegressor expects every feature at every lag, got lag columns without b(t-1). Add the columns, or drop "
        "the lags that some features lack."
    )
