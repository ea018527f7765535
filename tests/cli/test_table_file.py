import gzip

import pandas as pd
import pytest
from command_line import complaint, read
from inline_snapshot import snapshot

DAYS = pd.date_range("2026-01-01", periods=4, name="day")


@pytest.mark.parametrize(
    ("file", "write"),
    [
        ("shop.csv", lambda table, path: table.to_csv(path)),
        ("shop.parquet", lambda table, path: table.to_parquet(path)),
        ("shop.parquet", lambda table, path: table.reset_index().to_parquet(path)),
        ("shop.parquet", lambda table, path: table.to_period("D").to_parquet(path)),
    ],
    ids=["CSV", "an index of dates", "a column of dates", "periods"],
)
def test_csv_and_parquet_hold_the_same(tmp_path, file, write):
    """A CSV and a Parquet file are the same series, whether their times are an index or a column."""
    write(pd.DataFrame({"sold": [1.0, 2.0, 3.0, 4.0]}, index=DAYS), tmp_path / file)
    series, notes = read(tmp_path / file)
    assert series.to_dict() == {"2026-01-01": 1, "2026-01-02": 2, "2026-01-03": 3, "2026-01-04": 4}
    assert (series.index.name, notes) == ("day", [])


def test_unknown_kind_of_file(tmp_path):
    """Only CSV and Parquet are read."""
    path = tmp_path / "shop.xlsx"
    path.touch()
    assert complaint("tune", path, file=path) == snapshot(
        "sklstm tune: 'FILE' is neither a .csv nor a .parquet file.\n"
    )


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path, separator):
    """Semicolons and tabs separate columns too, and capitals end a file's name."""
    path = tmp_path / "SHOP.CSV"
    path.write_text(f"when{separator}sold\n2026-01-01{separator}1\n2026-01-02{separator}2\n")
    assert read(path)[0].tolist() == [1, 2]


def test_packed(tmp_path):
    """A packed CSV is read as it is, its separator found."""
    path = tmp_path / "shop.csv.gz"
    path.write_bytes(gzip.compress(b"when;sold\n2026-01-01;1\n"))
    assert read(path)[0].tolist() == [1]


def test_comma_in_a_name(tmp_path):
    """The separator is the mark that is most often in the header, outside of quotes."""
    path = tmp_path / "shop.csv"
    path.write_text('when;"sold, net, in EUR"\n2026-01-01;1\n')
    assert read(path, column="sold, net, in EUR")[0].tolist() == [1]


@pytest.mark.parametrize(("first", "columns"), [("5", "sold"), ("9", "Unnamed: 0, sold")])
def test_saved_index(tmp_path, first, columns):
    """A first column without a name is an index that pandas saved, where it counts."""
    path = tmp_path / "shop.csv"
    path.write_text(f",when,sold\n{first},2026-01-01,1\n6,2026-01-02,2\n")
    assert complaint("tune", path, "--target", "solt").endswith(f" It has: {columns}.\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", snapshot("sklstm tune: FILE is empty.\n")),
        (b"when,sold\n", snapshot("sklstm tune: FILE holds no rows.\n")),
        (
            "when,gr\u00f6\u00dfe\n1,2\n".encode("latin-1"),
            snapshot("sklstm tune: FILE is not encoded as UTF-8: save it as UTF-8, in Excel as 'CSV UTF-8'.\n"),
        ),
        (
            b"when,sold\n2026-01-01,1\n2026-01-02,1,2,3\n",
            snapshot("sklstm tune: FILE is no table: Expected 2 fields in line 3, saw 4.\n"),
        ),
        (
            b"when,sold\n2026-01-01,1,5\n2026-01-02,2,5\n",
            snapshot(
                "sklstm tune: FILE has more values in a row than names in its header. Name every column; and quote numbers with a decimal comma, or separate columns by semicolons.\n"
            ),
        ),
    ],
    ids=["empty", "no rows", "encoding", "no table", "values without a name"],
)
def test_no_table(tmp_path, content, message):
    """What cannot be read is refused by the name of the file, with what to do."""
    path = tmp_path / "shop.csv"
    path.write_bytes(content)
    assert complaint("tune", path, file=path) == message
