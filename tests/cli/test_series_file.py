import pandas as pd
import pytest

from sklstm.cli._series_file import read_series, season_of


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


@pytest.mark.parametrize(
    ("freq", "season"),
    [("MS", 12), ("ME", 12), ("QS", 4), ("D", 7), ("B", 5), ("h", 24), ("30min", 48), ("W", 52), ("YS", None)],
)
def test_seasons(freq, season):
    """A frequency suggests a season: months of a year, days of a week, hours of a day."""
    assert season_of(pd.date_range("2026-01-01", periods=40, freq=freq)) == season


def test_no_season():
    """Rows without a regular time suggest none."""
    assert season_of(pd.RangeIndex(9)) is None
    assert season_of(pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-09", "2026-01-11"])) is None
