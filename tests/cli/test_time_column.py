import pandas as pd
import pytest
from command_line import complaint, read
from inline_snapshot import snapshot


@pytest.mark.parametrize("options", [["--time", "when"], []], ids=["named", "found"])
def test_time_column(tmp_path, options):
    """The time column is named, or the first one that holds dates."""
    path = tmp_path / "shop.csv"
    path.write_text("sold,when\n1,2026-01-01 10:00\n2,2026-01-01 11:00\n")
    assert read(path, *options)[0].to_dict() == {"2026-01-01 10:00:00": 1, "2026-01-01 11:00:00": 2}


def test_years(tmp_path):
    """Whole numbers are years in a column of that name."""
    path = tmp_path / "spots.csv"
    path.write_text("year,spots\n1700,5\n1701,11\n")
    assert read(path, column="spots")[0].index.tolist() == ["1700-01-01", "1701-01-01"]


def test_no_time_column(tmp_path):
    """Without a column of dates rows are numbered."""
    path = tmp_path / "plain.csv"
    path.write_text("a\n1\n2\n")
    assert read(path, column="a")[0].to_dict() == {0: 1, 1: 2}


@pytest.mark.parametrize("dates", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y %H:%M"])
@pytest.mark.parametrize("freq", ["MS", "D"])
def test_day_or_month_first(tmp_path, dates, freq):
    """Local dates are read with the day or the month first, whichever makes a regular series."""
    path = tmp_path / "shop.csv"
    days = pd.date_range("2016-01-01", periods=40, freq=freq)
    pd.DataFrame({"when": days.strftime(dates), "sold": range(40)}).to_csv(path, index=False)
    assert read(path)[0].index.tolist() == days.strftime("%Y-%m-%d").tolist()


def test_dates_that_can_be_read_both_ways(tmp_path):
    """Dates that may have the day or the month first are refused; between dots the day is first."""
    path = tmp_path / "shop.csv"
    path.write_text("when,sold\n01/02/2026,1\n02/05/2026,2\n02/09/2026,3\n05/11/2026,4\n05/12/2026,5\n")
    assert complaint("tune", path) == snapshot(
        "sklstm tune: column 'when' may have the day or the month first (01/02/2026): write dates as YYYY-MM-DD.\n"
    )
    path.write_text(path.read_text().replace("/", "."))
    assert read(path)[0].index[0] == "2026-02-01"


@pytest.mark.parametrize("options", [["--time", "at"], []], ids=["named", "found"])
def test_offsets_of_a_summer_time(tmp_path, options):
    """Times with several offsets are read as UTC, named or not, with a note."""
    path = tmp_path / "load.csv"
    path.write_text("at,load\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+02:00,2\n2024-03-31T04:00+02:00,3\n")
    series, notes = read(path, *options, column="load")
    assert series.index.tolist() == [f"2024-03-31 {hour}:00:00+00:00" for hour in ("00", "01", "02")]
    assert notes == ["times of column 'at' have several offsets from UTC, and are read as UTC"]


@pytest.mark.parametrize(("offset", "shown"), [("Z", "+00:00"), ("+02:00", "+02:00"), ("-0530", "-05:30")])
def test_one_offset(tmp_path, offset, shown):
    """Times with one offset stay in it."""
    path = tmp_path / "load.csv"
    path.write_text(f"at,load\n2024-03-31T01:00{offset},1\n2024-03-31 02:00{offset},2\n")
    series, notes = read(path, column="load")
    assert series.index.tolist() == [f"2024-03-31 01:00:00{shown}", f"2024-03-31 02:00:00{shown}"]
    assert notes == []


def test_offset_in_some_rows(tmp_path):
    """An offset in some rows only is refused with the first row without."""
    path = tmp_path / "load.csv"
    path.write_text("at,load\n2024-03-31T01:00Z,1\n2024-03-31T02:00,2\n")
    assert complaint("tune", path, file=path) == snapshot(
        "sklstm tune: FILE: column 'at' says how far its times are from UTC in some rows only, not for '2024-03-31T02:00'. Write it in all rows, or in none.\n"
    )


@pytest.mark.parametrize(
    ("first", "column", "message"),
    [
        ("2026-01-01", "when", snapshot("sklstm tune: FILE: column 'when' does not hold times: 'soon' in row 1.\n")),
        ("31.12.2025", "when", snapshot("sklstm tune: FILE: column 'when' does not hold times: 'soon' in row 1.\n")),
        ("31.12.2025", "sold", snapshot("sklstm tune: FILE: column 'sold' does not hold times: 100.1 in row 0.\n")),
        (
            "2026-01-01",
            "wen",
            snapshot("sklstm tune: FILE has no column 'wen'. Did you mean 'when'? It has: when, sold.\n"),
        ),
    ],
    ids=["text", "text among local dates", "numbers", "unknown"],
)
def test_wrong_time_column(tmp_path, first, column, message):
    """A time column that holds no times is refused as it stands in the file, with the first row that does not fit."""
    path = tmp_path / "shop.csv"
    path.write_text(f"when,sold\n{first},100.1\nsoon,2\n")
    assert complaint("tune", path, "--time", column, file=path) == message


def test_times_without_a_name(tmp_path):
    """A first column without a name that holds times tells when."""
    path = tmp_path / "shop.csv"
    path.write_text(",sold\n2026-01-01,1\n2026-01-02,2\n")
    series, _ = read(path)
    assert (series.index.name, series.to_dict()) == ("time", {"2026-01-01": 1, "2026-01-02": 2})
