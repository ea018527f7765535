"""Times that are written as text order nothing: SeriesForecaster refuses them."""

import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from inline_snapshot import snapshot
from refusal import refused

DAYS = pd.date_range("2026-01-30", periods=4)
DAYS_OF_TWO = DAYS[2:].append(DAYS[2:])


def table_at(index):
    return pd.DataFrame({"y": np.arange(4.0)}, index=index)


@pytest.mark.parametrize(
    ("index", "days"),
    [
        (DAYS.astype(str), DAYS),
        (DAYS.strftime("%Y-%m-%d %H:%M"), DAYS),
        (DAYS.strftime("%Y%m%d"), DAYS),
        (DAYS.strftime("%Y-%m"), DAYS),
        (DAYS.strftime("%Y/%m/%d").astype(object), DAYS),
        (DAYS.strftime("%d.%m.%Y"), DAYS),
        (DAYS_OF_TWO.strftime("%d.%m.%Y"), DAYS_OF_TWO),
        (DAYS.strftime("%d/%m/%Y"), DAYS),
        (DAYS.strftime("%m/%d/%Y"), DAYS),
        (DAYS.strftime("%b %d %Y"), DAYS),
        (DAYS.strftime("%d %B %Y"), DAYS),
        (pd.Index(DAYS.date), DAYS),
    ],
    ids=lambda index: str(index[0]) if isinstance(index, pd.Index) and index.dtype == object else None,
)
def test_an_index_of_dates(index, days):
    """Text that reads as a date is refused; the statement in the message makes timestamps of it, in the right order."""
    series = table_at(index)
    message = refused(lags().fit, series)
    assert f" such as {str(index[0])!r}. " in message
    exec(message.partition("Make them timestamps: ")[2].rstrip("."), {"pd": pd, "series": series})
    assert series.index.month.tolist() == days.month.tolist()


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (
            DAYS.astype(str),
            snapshot(
                "SeriesForecaster expects times that order rows, got an index of text such as '2026-01-30'. Make them timestamps: series.index = pd.to_datetime(series.index)."
            ),
        ),
        (
            DAYS.strftime("%d.%m.%Y"),
            snapshot(
                "SeriesForecaster expects times that order rows, got an index of text such as '30.01.2026'. Make them timestamps: series.index = pd.to_datetime(series.index, dayfirst=True)."
            ),
        ),
        (
            pd.Index(DAYS.date),
            snapshot(
                "SeriesForecaster expects times that order rows, got an index of datetime.date objects such as '2026-01-30'. Make them timestamps: series.index = pd.to_datetime(series.index)."
            ),
        ),
    ],
    ids=["text", "day first", "dates"],
)
def test_messages_of_an_index(index, message):
    """The message says what the index holds, and how to make timestamps of it."""
    assert refused(lags().fit, table_at(index)) == message


@pytest.mark.parametrize(
    "labels", [list("abcd"), ["123456", "123457", "3", "4"], ["Store 12", "5a", "x", ""], [None] * 4]
)
def test_labels_are_no_times(labels):
    """An index may hold names, or nothing; rows are then forecast in their order."""
    assert lags().fit(table_at(labels)).predict(table_at(labels)).shape == (4, 1)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (
            DAYS.astype(str),
            snapshot(
                "SeriesForecaster expects times that order rows, got a column 'day' of text such as '2026-01-30'. Make them timestamps: series['day'] = pd.to_datetime(series['day'])."
            ),
        ),
        (
            list("abcd"),
            snapshot(
                "SeriesForecaster expects times that order rows, got a column 'day' of text such as 'a'. Make them timestamps: series['day'] = pd.to_datetime(series['day'])."
            ),
        ),
    ],
    ids=["dates", "labels"],
)
def test_a_column_of_text(days, message):
    """The column that is named as the time holds times."""
    table = table_at(days).rename_axis("day").reset_index()
    assert refused(lags(time="day").fit, table) == message


def test_a_level_of_text():
    """A level of the index, too."""
    table = table_at(pd.MultiIndex.from_product([["A", "B"], ["2026-01-30", "2026-01-31"]], names=["store", "day"]))
    assert refused(lags(group="store").fit, table) == snapshot(
        "SeriesForecaster expects times that order rows, got a level of text such as '2026-01-30'. Make them timestamps: pd.to_datetime(...) of that level, before series.set_index."
    )


@pytest.mark.parametrize("index", [DAYS, DAYS.to_period("D"), DAYS - DAYS[0], pd.RangeIndex(4)], ids=str)
def test_times_pass(index):
    """Timestamps, periods, durations and numbers are times."""
    assert lags().fit(table_at(index)).forecast().index[0] > index[-1]


def test_text_in_the_future():
    """Dates of a future that are text are no times to come."""
    table = pd.DataFrame({"sales": 1.0, "price": 1.0}, index=DAYS)
    forecaster = lags(target="sales", framer={"future": ["price"]}).fit(table)
    future = pd.DataFrame({"price": [1.0]}, index=["2026-02-10"])
    assert refused(forecaster.forecast, future=future) == snapshot(
        "SeriesForecaster.forecast expects times that order rows, got an index of text such as '2026-02-10'. Make them timestamps: future.index = pd.to_datetime(future.index)."
    )
