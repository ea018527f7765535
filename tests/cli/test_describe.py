"""`sklstm describe` as a user runs it."""

import sys

import numpy as np
import pandas as pd
import pytest
from command_line import complaint, printed
from inline_snapshot import snapshot


def test_airline(tmp_path):
    """The table, the advice and the time steps are printed, and a picture is drawn."""
    picture = tmp_path / "airline.png"
    text = printed("describe", "airline", "--plot", picture)
    assert text.startswith(
        "airline: 144 rows of passengers\n\n                passengers\nn                      144\n"
    )
    assert "\n  log         all values are above 0, and the spread grows with the level" in text
    assert text.endswith(
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
    return path


def test_several_columns(shop, tmp_path):
    """All columns of numbers are described; time steps are those of the target, where it is named."""
    text = printed("describe", shop, "--target", "sold", "--plot", tmp_path / "shop.png")
    assert text.startswith("left out: column 'weather' holds text\nshop: 70 rows of sold, visits, price\n")
    assert "  fill        1 of 70 values are missing" in text
    assert "\n  sold: 7 14\n" in text
    assert "\n  visits: " not in text


def test_a_season_that_is_given(shop):
    """Without a target every column has time steps, of the season that is given."""
    assert "\n  visits: 10 20\n    10: the season, as given\n" in printed("describe", shop, "--season", "10")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "sol",
            snapshot(
                "sklstm describe: FILE has no column 'sol'. Did you mean 'sold'? It has: sold, visits, price, weather.\n"
            ),
        ),
        ("weather", snapshot("sklstm describe: FILE: column 'weather' holds text, and has no time steps.\n")),
    ],
    ids=["unknown", "text"],
)
def test_wrong_target(shop, target, message):
    """A target that is not there, or that holds text, is refused."""
    assert complaint("describe", shop, "--target", target, file=shop) == message


def test_no_matplotlib(monkeypatch):
    """Without matplotlib there is no picture, and the output tells how to get one."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = printed("describe", "airline", "--plot", "picture.png")
    assert text.endswith("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'\n")


def test_no_statsmodels(monkeypatch):
    """Without statsmodels there is no report."""
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.stattools", None)
    assert complaint("describe", "airline") == snapshot(
        "sklstm describe: describe_series needs statsmodels: pip install 'sklstm[stats]'\n"
    )
