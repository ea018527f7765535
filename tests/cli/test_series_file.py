import warnings

import pytest
from command_line import complaint, read
from inline_snapshot import snapshot


@pytest.fixture
def write(tmp_path):
    """Write a file, and return its path."""

    def write(content):
        path = tmp_path / "shop.csv"
        path.write_text(content)
        return path

    return write


def test_missing_values(write):
    """A missing value is refused with its place."""
    path = write("when,sold,visits\n2026-01-01,1,2\n2026-01-02,,3\n")
    assert complaint("tune", path, "--target", "sold", file=path) == snapshot(
        "sklstm tune: FILE has 1 missing values, first in row 2026-01-02 00:00:00, column 'sold'. Fill them first, by interpolation for instance.\n"
    )


def test_rows_that_were_not_observed(write):
    """Rows in which nothing was observed stay where they are, and are counted."""
    series, notes = read(write("when,sold\n2026-01-01,1\n2026-01-02,\n2026-01-03,3\n"))
    assert series.to_dict() == {"2026-01-01": 1, "2026-01-02": 0, "2026-01-03": 3}
    assert notes == ["not observed: 1 of 3 rows"]


SALES = "when,sold,promo\n2026-01-01,12 EUR,0\n2026-01-02,n.v.,1\n2026-01-03,9 EUR,1\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            SALES,
            "--target sold",
            snapshot(
                "sklstm tune: FILE: column 'sold' should hold numbers, and holds text: '12 EUR' in row 2026-01-01.\n"
            ),
        ),
        (
            SALES,
            "",
            snapshot(
                "sklstm tune: FILE: column 'sold' holds text that may be meant as numbers: '12 EUR' in row 2026-01-01. Write them as numbers, or say which column to forecast, --target promo.\n"
            ),
        ),
        (
            SALES,
            "--target solt",
            snapshot("sklstm tune: FILE has no column 'solt'. Did you mean 'sold'? It has: sold, promo.\n"),
        ),
        (
            SALES,
            "--future primo",
            snapshot("sklstm tune: FILE has no column 'primo'. Did you mean 'promo'? It has: sold, promo.\n"),
        ),
        (
            SALES,
            "--target promo --future sold",
            snapshot(
                "sklstm tune: FILE: column 'sold' should hold numbers, and holds text: '12 EUR' in row 2026-01-01.\n"
            ),
        ),
        (
            SALES,
            "--target promo --future promo",
            snapshot(
                "sklstm tune: FILE: column 'promo' cannot be the target and known ahead. Leave it out of --future.\n"
            ),
        ),
        (
            "when,promo\n2026-01-01,1\n",
            "--future promo",
            snapshot("sklstm tune: FILE holds no column to forecast: all are said to be known ahead, --future.\n"),
        ),
        (
            "when,sold\n2026-01-01,\n",
            "--target sold",
            snapshot("sklstm tune: FILE: column 'sold' should hold numbers, and holds nothing.\n"),
        ),
        (
            "when,units sold,promo,note\n2026-01-01,1,0,a\n",
            "",
            snapshot(
                "sklstm tune: FILE has several columns (units sold, promo): say which to forecast, --target 'units sold'. Columns without numbers were left out: note.\n"
            ),
        ),
        (
            "when,sold,visits\n2026-01-01,1,2\n",
            "",
            snapshot("sklstm tune: FILE has several columns (sold, visits): say which to forecast, --target sold.\n"),
        ),
        ("when,note\n2026-01-01,a\n", "", snapshot("sklstm tune: FILE holds no column of numbers.\n")),
        (
            "when,sold\n2026-01-01,1\n2026-01-02,many\n2026-01-03,3\n",
            "",
            snapshot(
                "sklstm tune: FILE expects numbers, got text in column 'sold' of the table: 'many' in row 2026-01-02 00:00:00. Encode the column as numbers, or drop it.\n"
            ),
        ),
    ],
    ids=[
        "text",
        "text like numbers",
        "unknown",
        "unknown ahead",
        "text ahead",
        "target ahead",
        "all ahead",
        "nothing",
        "several, and text",
        "several",
        "no numbers",
        "a word among numbers",
    ],
)
def test_no_doubt_about_the_target(write, content, options, message):
    """A target that holds no numbers is refused, and none is chosen where another may be meant."""
    path = write(content)
    assert complaint("tune", path, *options.split(), file=path) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "day,sold\n2026-01-02,1\n2026-01-01,2\n",
            snapshot(
                "sklstm tune: FILE expects rows in time order, got 2026-01-01 (row 1) after 2026-01-02 (row 0). Sort the file by day.\n"
            ),
        ),
        (
            "the day,sold\n2026-01-02,1\n2026-01-01,2\n",
            snapshot(
                "sklstm tune: FILE expects rows in time order, got 2026-01-01 (row 1) after 2026-01-02 (row 0). Sort the file by 'the day'.\n"
            ),
        ),
        (
            "day,sold\n2026-01-02,1\n2026-01-02,2\n",
            snapshot(
                "sklstm tune: FILE expects each time once, got 2026-01-02 in rows 0 and 1. Keep one of them; where the file holds several series, give each a file of its own.\n"
            ),
        ),
        (
            "day,sold\n2026-01-02,1\n,2\n",
            snapshot("sklstm tune: FILE got no time (NaT) for row 1. Drop the row, or give it its time.\n"),
        ),
    ],
    ids=["order", "a name to quote", "twice", "no time"],
)
def test_order(write, content, message):
    """Rows out of order are refused with what to do about the file."""
    path = write(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert complaint("tune", path, file=path) == message
