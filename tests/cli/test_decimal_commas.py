import pytest
from command_line import complaint, read
from inline_snapshot import snapshot


@pytest.fixture
def write(tmp_path):
    """Write a file of days and values, and return its path."""

    def write(header, *values):
        path = tmp_path / "shop.csv"
        mark = header[4]
        rows = [f"2026-01-{day:02}{mark}{value}" for day, value in enumerate(values, start=1)]
        path.write_text("\n".join([header, *rows]))
        return path

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
def test_decimal_commas(write, values, expected):
    """Between semicolons the comma is the decimal mark, and points or spaces stand between thousands."""
    series, notes = read(write("date;sold", *values))
    assert series.tolist() == expected
    assert notes == ["the comma is read as the decimal mark: sold"]


def test_points_beside_commas(write):
    """Where another column has decimal commas, points in all numbers of a column stand between thousands."""
    path = write("date;price;sold;share;empty", "1,5;1.234;0.125;", "2,25;999;0.250;")
    assert read(path)[0].tolist() == [1234, 999]
    assert read(path, column="share")[0].tolist() == [0.125, 0.25]


def test_commas_in_quotes(write):
    """Quoted numbers with a decimal comma are read between commas, too; a gap stays one."""
    series, notes = read(write("date,sold", '"1,5"', "", '"2,25"'))
    assert series.tolist() == [1.5, 0, 2.25]
    assert "not observed: 1 of 3 rows" in notes


def test_other_text_stays_text(write):
    """A column in which a value is no number with a decimal comma stays text, and is refused as a target."""
    messages = []
    for values in [["1,5", "closed"], ["1,234.50", "7,5"], ["1.23,5", "1,5"]]:
        path = write("date;sold", *values)
        messages.append(complaint("tune", path, "--target", "sold", file=path))
    assert messages == snapshot(
        [
            "sklstm tune: FILE: column 'sold' should hold numbers, and holds text: '1,5' in row 2026-01-01.\n",
            "sklstm tune: FILE: column 'sold' should hold numbers, and holds text: '1,234.50' in row 2026-01-01.\n",
            "sklstm tune: FILE: column 'sold' should hold numbers, and holds text: '1.23,5' in row 2026-01-01.\n",
        ]
    )


def test_commas_and_points(write):
    """Decimal commas beside decimal points are refused with the first of them."""
    path = write("date;sold", "2.5", "1,5")
    assert complaint("tune", path, file=path) == snapshot(
        "sklstm tune: FILE expects numbers, got text in column 'sold' of the table: '1,5' in row 2026-01-02 00:00:00. Encode the column as numbers, or drop it.\n"
    )


def test_decimals_or_thousands(write):
    """Commas that may be decimal marks or stand between thousands are refused, where nothing else tells."""
    path = write("date,sold", '"1,234"', "999")
    assert complaint("tune", path, file=path) == snapshot(
        "sklstm tune: FILE: the comma in column 'sold' may be the decimal mark or stand between thousands ('1,234'). Write numbers with a decimal point, and nothing between thousands.\n"
    )
