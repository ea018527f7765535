import warnings

import numpy as np
import pytest
from refusal import refused

from sklstm.cli._series_file import read_series


@pytest.fixture
def file(tmp_path):
    """Write a file, and return its path."""

    def write(content):
        path = tmp_path / "shop.csv"
        path.write_text(content)
        return str(path)

    return write


def test_missing_values(tmp_path):
    """A missing value is refused with its place."""
    path = tmp_path / "shop.csv"
    path.write_text("when,sold,visits\n2026-01-01,1,2\n2026-01-02,,3\n")
    with pytest.raises(ValueError, match="missing") as error:
        read_series(str(path), target="sold")
    assert str(error.value) == (
        f"{path} has 1 missing values, first in row 2026-01-02 00:00:00, column 'sold'. Fill them first, by "
        "interpolation for instance."
    )


def test_rows_that_were_not_observed(file):
    """Rows in which all is missing stay NaN, and are counted."""
    series = read_series(file("when,sold\n2026-01-01,1\n2026-01-02,\n2026-01-03,3\n"))
    np.testing.assert_array_equal(series.table["sold"], [1, np.nan, 3])
    assert series.notes == ["not observed: 1 of 3 rows"]
    two = read_series(file("when,sold,visits\n2026-01-01,1,2\n2026-01-02,,\n2026-01-03,3,4\n"), target="sold")
    assert two.notes == ["not observed: 1 of 3 rows"]


def test_text_is_left_out(file):
    """Columns of text, or of nothing, are left out and named; what remains is the target, and that is said."""
    series = read_series(file("when,sold,note,empty\n2026-01-01,1,a,\n2026-01-02,2,b,\n"))
    assert (series.target, list(series.table)) == ("sold", ["sold"])
    assert series.notes == [
        "left out: column 'note' holds text",
        "left out: column 'empty' is empty",
        "forecast is 'sold', the only other column",
    ]
    named = read_series(file("when,sold,note\n2026-01-01,1,a\n2026-01-02,2,b\n"), target="sold")
    assert named.notes == ["left out: column 'note' holds text"]


SALES = "when,sold,promo\n2026-01-01,12 EUR,0\n2026-01-02,n.v.,1\n2026-01-03,9 EUR,1\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (SALES, {"target": "sold"}, ": column 'sold' should hold numbers, and holds text: '12 EUR' in row 2026-01-01."),
        (
            SALES,
            {},
            ": column 'sold' holds text that may be meant as numbers: '12 EUR' in row 2026-01-01. Write them as "
            "numbers, or say which column to forecast, --target promo.",
        ),
        (SALES, {"target": "solt"}, " has no column 'solt'. Did you mean 'sold'? It has: sold, promo."),
        (SALES, {"future": ["primo"]}, " has no column 'primo'. Did you mean 'promo'? It has: sold, promo."),
        (
            SALES,
            {"target": "promo", "future": ["sold"]},
            ": column 'sold' should hold numbers, and holds text: '12 EUR' in row 2026-01-01.",
        ),
        (
            SALES,
            {"target": "promo", "future": ["promo"]},
            ": column 'promo' cannot be the target and known ahead. Leave it out of --future.",
        ),
        (
            "when,promo\n2026-01-01,1\n",
            {"future": ["promo"]},
            " holds no column to forecast: all are said to be known ahead, --future.",
        ),
        ("when,sold\n2026-01-01,\n", {"target": "sold"}, ": column 'sold' should hold numbers, and holds nothing."),
        (
            "when,units sold,promo,note\n2026-01-01,1,0,a\n",
            {},
            " has several columns (units sold, promo): say which to forecast, --target 'units sold'. Columns without "
            "numbers were left out: note.",
        ),
    ],
)
def test_no_doubt_about_the_target(file, content, options, message):
    """A target that holds no numbers is refused, and none is chosen where another may be meant."""
    path = file(content)
    assert refused(read_series, path, **options) == path + message


def test_known_ahead_is_no_target(file):
    """Where all other columns are known ahead, the one that is not is the target."""
    path = file("when,sold,promo\n2026-01-01,1,0\n2026-01-02,2,1\n")
    assert read_series(path, future=["promo"]).target == "sold"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "the day,sold\n2026-01-02,1\n2026-01-01,2\n",
            " expects rows in time order, got 2026-01-01 (row 1) after 2026-01-02 (row 0). Sort the file by 'the day'.",
        ),
        (
            "day,sold\n2026-01-02,1\n2026-01-02,2\n",
            " expects each time once, got 2026-01-02 in rows 0 and 1. Keep one of them; where the file holds several "
            "series, give each a file of its own.",
        ),
        ("day,sold\n2026-01-02,1\n,2\n", " got no time (NaT) for row 1. Drop the row, or give it its time."),
    ],
)
def test_order(file, content, message):
    """Rows out of order are refused with what to do about the file."""
    path = file(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert refused(read_series, path) == path + message
