import sys

import pandas as pd

from sklstm.cli._report import draw, print_csv, print_scores


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


def test_csv(tmp_path, capsys):
    """A table is printed, or written where a file is named."""
    table = pd.DataFrame({"y": [1.5]}, index=pd.Index([3], name="row"))
    print_csv(table, None, "1 row")
    assert capsys.readouterr().out == "row,y\n3,1.5\n"
    print_csv(table, tmp_path / "y.csv", "1 row")
    assert capsys.readouterr().out == f"written to {tmp_path / 'y.csv'}: 1 row\n"
    assert (tmp_path / "y.csv").read_text() == "row,y\n3,1.5\n"


def test_no_more_digits_than_are_known(capsys):
    """Numbers have seven digits, as networks compute; large ones are whole, and no zero is negative."""
    print_csv(pd.DataFrame({"y": [100 / 3, 123456789.4, -0.0, 1e-9, 1048576], "n": range(5)}), None, "5 rows")
    assert capsys.readouterr().out == ",y,n\n0,33.33333,0\n1,123456789,1\n2,0,2\n3,1e-09,3\n4,1048576,4\n"
    print_scores("RMSE", pd.DataFrame({"RMSE": [-0.0]}))
    assert capsys.readouterr().out == "\nRMSE\nRMSE\n   0\n"


def test_no_matplotlib(tmp_path, capsys, monkeypatch):
    """Without matplotlib there is no picture, and it is said how to get one."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not draw(tmp_path / "picture.png", None)
    assert capsys.readouterr().out == "\nno picture: it needs matplotlib, pip install 'sklstm[plot]'\n"
