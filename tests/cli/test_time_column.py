import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm.cli._series_file import read_series


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
    assert str(error.value) == snapshot(
        "column 'when' may have the day or the month first (01/02/2026): write dates as YYYY-MM-DD."
    )
    path.write_text(path.read_text().replace("/", "."))
    assert read_series(str(path)).table.index[0] == pd.Timestamp("2026-02-01")


def test_offsets_of_a_summer_time(tmp_path):
    """Times with several offsets are read as UTC, named or not, and that is said."""
    path = tmp_path / "load.csv"
    path.write_text("at,load\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+02:00,2\n2024-03-31T04:00+02:00,3\n")
    for time in ("at", None):
        series = read_series(str(path), time=time)
        assert series.table.index.equals(pd.date_range("2024-03-31", periods=3, freq="h", tz="UTC"))
        assert series.notes == ["times of column 'at' have several offsets from UTC, and are read as UTC"]


@pytest.mark.parametrize(("offset", "hours"), [("Z", 0), ("+02:00", 2), ("-0530", -5.5)])
def test_one_offset(tmp_path, offset, hours):
    """Times with one offset stay in it."""
    path = tmp_path / "load.csv"
    path.write_text(f"at,load\n2024-03-31T01:00{offset},1\n2024-03-31 02:00{offset},2\n")
    series = read_series(str(path))
    assert series.table.index[0].utcoffset() == pd.Timedelta(hours=hours)
    assert list(series.table.index.hour) == [1, 2]
    assert series.notes == []


def test_offset_in_some_rows(tmp_path):
    """An offset in some rows only is refused with the first row without."""
    path = tmp_path / "load.csv"
    path.write_text("at,load\n2024-03-31T01:00Z,1\n2024-03-31T02:00,2\n")
    assert refused(read_series, str(path)) == (
        f"{path}: column 'at' says how far its times are from UTC in some rows only, not for '2024-03-31T02:00'. Write "
        "it in all rows, or in none."
    )


def test_numbers_and_local_dates_that_are_no_times(tmp_path):
    """What holds no times is refused as it stands in the file, with the first row that does not fit the others."""
    path = tmp_path / "shop.csv"
    path.write_text("when,sold\n31.12.2025,100.1\nsoon,2\n")
    assert refused(read_series, str(path), time="sold") == f"{path}: column 'sold' does not hold times: 100.1 in row 0."
    assert (
        refused(read_series, str(path), time="when") == f"{path}: column 'when' does not hold times: 'soon' in row 1."
    )


def test_times_without_a_name(tmp_path):
    """A first column without a name that holds times tells when."""
    path = tmp_path / "shop.csv"
    path.write_text(",sold\n2026-01-01,1\n2026-01-02,2\n")
    table = read_series(str(path)).table
    assert (table.index.name, list(table.index.day), list(table)) == ("time", [1, 2], ["sold"])
