import gzip

import pandas as pd
import pytest
from refusal import refused

from sklstm.cli._series_file import read_series


@pytest.fixture
def table():
    days = pd.date_range("2026-01-01", periods=4, name="day")
    return pd.DataFrame({"sold": [1.0, 2.0, 3.0, 4.0]}, index=days)


def test_csv_and_parquet_hold_the_same(table, tmp_path):
    """A CSV with a column of dates and a Parquet file with an index of dates are the same series."""
    table.to_csv(tmp_path / "shop.csv")
    table.to_parquet(tmp_path / "shop.parquet")
    for file in ("shop.csv", "shop.parquet"):
        series = read_series(str(tmp_path / file))
        pd.testing.assert_frame_equal(series.table, table, check_freq=False, check_index_type=False)
        assert (series.name, series.target, series.notes) == ("shop", "sold", [])


def test_unknown_kind_of_file(tmp_path):
    """Only CSV and Parquet are read."""
    path = tmp_path / "shop.xlsx"
    path.touch()
    with pytest.raises(ValueError, match="neither") as error:
        read_series(str(path))
    assert str(error.value) == f"{str(path)!r} is neither a .csv nor a .parquet file."


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path, separator):
    """Semicolons and tabs separate columns too, and capitals end a file's name."""
    path = tmp_path / "SHOP.CSV"
    path.write_text(f"when{separator}sold\n2026-01-01{separator}1\n2026-01-02{separator}2\n")
    assert read_series(str(path)).table["sold"].tolist() == [1, 2]


def test_packed(tmp_path):
    """A packed CSV is read as it is, its separator found."""
    path = tmp_path / "shop.csv.gz"
    path.write_bytes(gzip.compress(b"when;sold\n2026-01-01;1\n"))
    assert read_series(str(path)).table["sold"].tolist() == [1]


def test_comma_in_a_name(tmp_path):
    """The separator is the mark that is most often in the header, outside of quotes."""
    path = tmp_path / "shop.csv"
    path.write_text('when;"sold, net, in EUR"\n2026-01-01;1\n')
    assert read_series(str(path)).target == "sold, net, in EUR"


@pytest.mark.parametrize(("first", "columns"), [("5", ["sold"]), ("9", ["Unnamed: 0", "sold"])])
def test_saved_index(tmp_path, first, columns):
    """A first column without a name is an index that pandas saved, where it counts."""
    path = tmp_path / "shop.csv"
    path.write_text(f",when,sold\n{first},2026-01-01,1\n6,2026-01-02,2\n")
    assert list(read_series(str(path), target="sold").table) == columns


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " is empty."),
        (b"when,sold\n", " holds no rows."),
        (
            "when,gr\u00f6\u00dfe\n1,2\n".encode("latin-1"),
            " is not encoded as UTF-8: save it as UTF-8, in Excel as 'CSV UTF-8'.",
        ),
        (b"when,sold\n2026-01-01,1\n2026-01-02,1,2,3\n", " is no table: Expected 2 fields in line 3, saw 4."),
        (
            b"when,sold\n2026-01-01,1,5\n2026-01-02,2,5\n",
            " has more values in a row than names in its header. Name every column; and quote numbers with a decimal "
            "comma, or separate columns by semicolons.",
        ),
    ],
)
def test_no_table(tmp_path, content, message):
    """What cannot be read is refused by the name of the file, with what to do."""
    path = tmp_path / "shop.csv"
    path.write_bytes(content)
    assert refused(read_series, str(path)) == f"{path}{message}"
