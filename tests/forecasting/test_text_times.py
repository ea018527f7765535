"""Times that are written as text."""

import numpy as np
import pandas as pd
import pytest
from refusal import refused, refusing

from sklstm.forecasting._series_table import SeriesTable
from sklstm.forecasting._text_times import refuse_text_times

DAYS = pd.date_range("2026-01-30", periods=4)
WHO = "SeriesForecaster expects times that order rows, got "


def table_at(index):
    return pd.DataFrame({"y": np.arange(4.0)}, index=index)


@pytest.mark.parametrize(
    ("index", "got", "made"),
    [
        (DAYS.astype(str), "text such as '2026-01-30'", ""),
        (DAYS.strftime("%Y-%m-%d %H:%M"), "text such as '2026-01-30 00:00'", ""),
        (DAYS.strftime("%Y%m%d"), "text such as '20260130'", ""),
        (DAYS.strftime("%Y-%m"), "text such as '2026-01'", ""),
        (DAYS.strftime("%Y/%m/%d").astype(object), "text such as '2026/01/30'", ""),
        (DAYS.strftime("%d.%m.%Y"), "text such as '30.01.2026'", ", dayfirst=True"),
        (DAYS[2:].append(DAYS[2:]).strftime("%d.%m.%Y"), "text such as '01.02.2026'", ", dayfirst=True"),
        (DAYS.strftime("%d/%m/%Y"), "text such as '30/01/2026'", ", dayfirst=True"),
        (DAYS.strftime("%m/%d/%Y"), "text such as '01/30/2026'", ""),
        (DAYS.strftime("%b %d %Y"), "text such as 'Jan 30 2026'", ""),
        (DAYS.strftime("%d %B %Y"), "text such as '30 January 2026'", ""),
        (pd.Index(DAYS.date), "datetime.date objects such as '2026-01-30'", ""),
    ],
    ids=str,
)
def test_an_index_of_dates(index, got, made):
    """Text that reads as a date is refused; what the message says makes timestamps of it, in the right order."""
    table = table_at(index)
    assert refused(SeriesTable, "SeriesForecaster", table) == (
        f"{WHO}an index of {got}. Make them timestamps: series.index = pd.to_datetime(series.index{made})."
    )
    mended = pd.to_datetime(table.index, dayfirst=True) if made else pd.to_datetime(table.index)
    assert mended[0].month == (2 if index[0] == "01.02.2026" else 1)


@pytest.mark.parametrize("labels", [list("abcd"), ["123456", "123457", "3", "4"], ["Store 12", "5a", "x", ""]])
def test_labels_are_no_times(labels):
    """An index may hold names."""
    table = table_at(labels)
    refuse_text_times("SeriesForecaster", table, table.index)


def test_a_column_of_text():
    """The column that is named as the time holds times."""
    table = table_at(DAYS.astype(str)).rename_axis("day").reset_index()
    with refusing(
        f"{WHO}a column 'day' of text such as '2026-01-30'. Make them timestamps: "
        "series['day'] = pd.to_datetime(series['day'])."
    ):
        SeriesTable("SeriesForecaster", table, time="day")
    with refusing(
        f"{WHO}a column 'day' of text such as 'a'. Make them timestamps: series['day'] = pd.to_datetime(series['day'])."
    ):
        SeriesTable("SeriesForecaster", table.assign(day=list("abcd")), time="day")


def test_a_level_of_text():
    """A level of the index, too."""
    table = table_at(pd.MultiIndex.from_product([["A", "B"], ["2026-01-30", "2026-01-31"]], names=["store", "day"]))
    with refusing(
        f"{WHO}a level of text such as '2026-01-30'. Make them timestamps: pd.to_datetime(...) of that level, before "
        "series.set_index."
    ):
        SeriesTable("SeriesForecaster", table, group="store")


def test_times_pass():
    """Timestamps, periods, durations and numbers are times, and what is missing is refused elsewhere."""
    for index in (DAYS, DAYS.to_period("D"), DAYS - DAYS[0], pd.RangeIndex(4), pd.Index([None] * 4, dtype=object)):
        refuse_text_times("SeriesForecaster", table_at(index), index)
