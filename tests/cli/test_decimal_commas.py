import pytest
from refusal import refused

from sklstm.cli._series_file import read_series


@pytest.fixture
def file(tmp_path):
    """Write a file of two columns, and return its path."""

    def write(header, *values):
        path = tmp_path / "shop.csv"
        mark = header[4]
        rows = [f"2026-01-{day:02}{mark}{value}" for day, value in enumerate(values, start=1)]
        path.write_text("\n".join([header, *rows]))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1,5", "2", "-3,25"], [1.5, 2, -3.25]),
        (["1.234,5", "12.345.678", "7,5"], [1234.5, 12345678, 7.5]),
        (["1 234,5", "7,5"], [1234.5, 7.5]),
        (["1\u202f234,5", "7,5E+02"], [1234.5, 750]),
        (["1,234", "2,345"], [1.234, 2.345]),
    ],
)
def test_decimal_commas(file, values, expected):
    """Between semicolons the comma is the decimal mark, and points or spaces stand between thousands."""
    series = read_series(file("date;sold", *values))
    assert series.table["sold"].tolist() == expected
    assert (series.target, series.notes) == ("sold", ["the comma is read as the decimal mark: sold"])


def test_points_beside_commas(file):
    """Where another column has decimal commas, points in all numbers of a column stand between thousands."""
    series = read_series(file("date;price;sold;share", "1,5;1.234;0.125", "2,25;999;0.250"), target="sold")
    assert series.table["sold"].tolist() == [1234, 999]
    assert series.table["share"].tolist() == [0.125, 0.25]


def test_commas_in_quotes(file):
    """Quoted numbers with a decimal comma are read between commas, too; a gap stays one."""
    series = read_series(file("date,sold", '"1,5"', "", '"2,25"'))
    assert series.table["sold"].dropna().tolist() == [1.5, 2.25]
    assert len(series.table) == 3


@pytest.mark.parametrize("values", [["1,5", "closed"], ["1,234.50", "7,5"], ["1.23,5", "1,5"]])
def test_what_is_no_such_number_stays_text(file, values):
    """A column in which a value is no number with a decimal comma stays text, and is refused as a target."""
    path = file("date;sold", *values)
    assert refused(read_series, path, target="sold") == (
        f"{path}: column 'sold' should hold numbers, and holds text: {values[0]!r} in row 2026-01-01."
    )


def test_commas_and_points(file):
    """Decimal commas beside decimal points are refused with the first of them."""
    path = file("date;sold", "2.5", "1,5")
    assert refused(read_series, path) == (
        f"{path} expects numbers, got text in column 'sold' of the table: '1,5' in row 2026-01-02 00:00:00. Encode the "
        "column as numbers, or drop it."
    )


def test_decimals_or_thousands(file):
    """Commas that may be decimal marks or stand between thousands are refused, where nothing else tells."""
    path = file("date,sold", '"1,234"', "999")
    assert refused(read_series, path) == (
        f"{path}: the comma in column 'sold' may be the decimal mark or stand between thousands ('1,234'). Write "
        "numbers with a decimal point, and nothing between thousands."
    )
