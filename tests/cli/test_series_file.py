import pandas as pd
import pytest

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
        assert (series.name, series.target, series.left_out) == ("shop", "sold", [])


@pytest.mark.parametrize("time", ["when", None])
def test_time_column(tmp_path, time):
    """The time column is named, or the first one that holds dates."""
    path = tmp_path / "shop.csv"
    path.write_text("sold,when\n1,2026-01-01 10:00\n2,2026-01-01 11:00\n")
    assert list(read_series(str(path), time=time).table.index.hour) == [10, 11]


def test_years(tmp_path):
    """Whole numbers are years in a column of that name."""
    path = tmp_path / "spots.csv"
    path.write_text("year,spots\n1700,5\n1701,11\n")
    assert list(read_series(str(path)).table.index.year) == [1700, 1701]


def test_no_time_column(tmp_path):
    """Without a column of dates rows are numbered."""
    path = tmp_path / "plain.csv"
    path.write_text("a\n1\n2\n")
    assert list(read_series(str(path)).table.index) == [0, 1]


def test_wrong_time_column(tmp_path):
    """A time column that holds no times is refused with the first row that does not."""
    path = tmp_path / "shop.csv"
    path.write_text("when,sold\n2026-01-01,1\nsoon,2\n")
    with pytest.raises(ValueError, match="does not hold times") as error:
        read_series(str(path), time="when")
    assert str(error.value) == f"{path}: column 'when' does not hold times: 'soon' in row 1."
    with pytest.raises(ValueError, match="has no column") as error:
        read_series(str(path), time="wen")
    assert str(error.value) == f"{path} has no column 'wen'. Did you mean 'when'? It has: when, sold."


def test_unknown_kind_of_file(tmp_path):
    """Only CSV and Parquet are read."""
    path = tmp_path / "shop.xlsx"
    path.touch()
    with pytest.raises(ValueError, match="neither") as error:
        read_series(str(path))
    assert str(error.value) == f"{str(path)!r} is neither a .csv nor a .parquet file."


@pytest.mark.parametrize("dates", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y %H:%M"])
def test_day_or_month_first(tmp_path, dates):
    """Local dates are read with the day or the month first, whichever makes a regular series."""
    for freq in ("MS", "D"):
        days = pd.date_range("2016-01-01", periods=40, freq=freq)
        table = pd.DataFrame({"when": days.strftime(dates), "sold": range(40)})
        table.to_csv(tmp_path / "shop.csv", index=False)
        assert read_series(str(tmp_path / "shop.csv")).table.index.equals(days), freq


def test_dates_that_can_be_read_both_ways(tmp_path):
    """Dates that may have the day or the month first are refused."""
    path = tmp_path / "shop.csv"
    path.write_text("when,sold\n01/02/2026,1\n02/05/2026,2\n02/09/2026,3\n05/11/2026,4\n05/12/2026,5\n")
    with pytest.raises(ValueError, match="month first") as error:
        read_series(str(path))
    assert str(error.value) == (
        "column 'when' may have the day or the month first (01/02/2026): write dates as YYYY-MM-DD."
    )


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path, separator):
    """Semicolons and tabs separate columns too, and capitals end a file's name."""
    path = tmp_path / "SHOP.CSV"
    path.write_text(f"when{separator}sold\n2026-01-01{separator}1\n2026-01-02{separator}2\n")
    assert read_series(str(path)).table["sold"].tolist() == [1, 2]


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
