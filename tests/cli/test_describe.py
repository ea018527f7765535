"""`sklstm describe` as a user runs it."""

import sys

import numpy as np
import pandas as pd
import pytest

from sklstm.cli import main


def test_airline(capsys, tmp_path):
    """The table, the advice and the time steps are printed, and a picture is drawn."""
    picture = tmp_path / "airline.png"
    assert main(["describe", "airline", "--plot", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "airline: 144 rows of passengers\n\n                passengers\nn                      144\n"
    )
    assert "\n  log         all values are above 0, and the spread grows with the level" in printed
    assert printed.endswith(
        "suggested time steps\n  passengers: 12 24\n    12: the season, autocorrelation 0.83 where chance reaches "
        f"0.27\n    24: two seasons\n\nwritten to {picture}\n"
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def shop(tmp_path):
    """A file with gaps, a column of text and one that never changes."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=70),
            "sold": np.resize([3.0, 4, 4, 5, 8, 11, 9], 70) + random.normal(size=70),
            "visits": random.normal(size=70),
            "price": 2.5,
            "weather": "rain",
        }
    )
    table.loc[5, "sold"] = np.nan
    path = tmp_path / "shop.csv"
    table.to_csv(path, index=False)
    return str(path)


def test_several_columns(shop, capsys, tmp_path):
    """All columns of numbers are described; time steps are those of the target, where it is named."""
    assert main(["describe", shop, "--target", "sold", "--plot", str(tmp_path / "shop.png")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("left out: column 'weather' holds text\nshop: 70 rows of sold, visits, price\n")
    assert "  fill        1 of 70 values are missing" in printed
    assert "\n  sold: 7 14\n" in printed
    assert "\n  visits: " not in printed
    assert main(["describe", shop, "--season", "10"]) == 0
    assert "\n  visits: 10 20\n    10: the season, as given\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "sol"], " has no column 'sol'. Did you mean 'sold'? It has: sold, visits, price, weather."),
        (["--target", "weather"], ": column 'weather' holds text, and has no time steps."),
    ],
    ids=["unknown", "text"],
)
def test_wrong_target(shop, capsys, options, message):
    """A target that is not there, or that holds text, is refused."""
    assert main(["describe", shop, *options]) == 2
    assert capsys.readouterr().err == f"sklstm describe: {shop}{message}\n"


def test_extras_that_are_missing(capsys, monkeypatch):
    """Without matplotlib there is no picture, without statsmodels no report, and it is said how to get them."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["describe", "airline", "--plot", "picture.png"]) == 0
    assert capsys.readouterr().out.endswith("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'\n")
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.stattools", None)
    assert main(["describe", "airline"]) == 2
    assert capsys.readouterr().err == (
        "sklstm describe: describe_series needs statsmodels: pip install 'sklstm[stats]'\n"
    )
