import sys

import numpy as np
import pandas as pd
import pytest

from sklstm.cli._report import plot_forecast, print_scores


def test_scores(capsys):
    """Numbers have as many digits as tell candidates apart; what does not apply is left blank."""
    print_scores(
        "RMSE", pd.DataFrame({"model": ["LSTM", "naive"], "time steps": [12, None], "RMSE": [16.123, 0.01234]})
    )
    assert capsys.readouterr().out.split("\n") == [
        "",
        "RMSE",
        "model time steps   RMSE",
        " LSTM       12.0   16.1",
        "naive            0.0123",
        "",
    ]


@pytest.mark.parametrize("freq", ["MS", "D", None])
def test_picture(tmp_path, freq):
    """A picture is drawn for regular times, and for numbered rows."""
    index = pd.RangeIndex(30) if freq is None else pd.date_range("2026-01-01", periods=30, freq=freq)
    y = pd.Series(np.arange(30.0), index=index)
    forecasts = dict.fromkeys(["LSTM", "seasonal naive (7)", "persistence"], y[-10:].to_numpy())
    assert plot_forecast(tmp_path / "picture.png", "sold", y, forecasts)
    assert (tmp_path / "picture.png").stat().st_size > 5000


def test_no_matplotlib(tmp_path, capsys, monkeypatch):
    """Without matplotlib there is no picture, and it is said how to get one."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not plot_forecast(tmp_path / "picture.png", "sold", pd.Series([1.0]), {"LSTM": np.ones(1)})
    assert capsys.readouterr().out == "\nno picture: it needs matplotlib, pip install 'sklstm[plot]'\n"
