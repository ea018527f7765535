"""Regular indexes of every kind, for the modules that ask when a row follows another."""

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.offsets import (
    BusinessMonthBegin,
    BusinessMonthEnd,
    CustomBusinessDay,
    SemiMonthEnd,
    WeekOfMonth,
)

from sklstm.preprocessing._offset_calendar import OffsetCalendar

BERLIN = "Europe/Berlin"
CHRISTMAS = CustomBusinessDay(holidays=["2025-12-25", "2025-12-26"])

# Each index is regular: a name, the index, its calendar and step.
REGULAR = {
    "range": (pd.RangeIndex(40), "integers", 1),
    "integers by 2": (pd.Index(range(10, 90, 2)), "integers", 2),
    "unsigned": (pd.Index(np.arange(200, 240, dtype=np.uint8)), "integers", 1),
    "nullable": (pd.Index(np.arange(40), dtype="Int64"), "integers", 1),
    "hours": (pd.date_range("2026-01-01", periods=40, freq="h"), "durations", 3_600_000_000),
    "days": (pd.date_range("2026-01-01", periods=40, freq="D"), "days", 1),
    "noons": (pd.date_range("2026-01-01 12:00", periods=40, freq="D"), "days", 1),
    "weeks": (pd.date_range("2026-01-01", periods=40, freq="W-FRI"), "days", 7),
    "business days": (pd.date_range("2026-01-01", periods=40, freq="B"), "business days", 1),
    "holidays": (
        pd.DatetimeIndex(pd.date_range("2025-12-01", periods=40, freq=CHRISTMAS), freq=None),
        "business days",
        1,
    ),
    "holidays that are told": (pd.date_range("2025-12-01", periods=40, freq=CHRISTMAS), OffsetCalendar(CHRISTMAS), 1),
    "month starts": (pd.date_range("2026-01-01", periods=40, freq="MS"), "months", 1),
    "month ends": (pd.date_range("2026-01-31", periods=40, freq="ME"), "months", 1),
    "quarter starts": (pd.date_range("2026-01-01", periods=40, freq="QS"), "months", 3),
    "quarter ends": (pd.date_range("2026-03-31", periods=40, freq="QE"), "months", 3),
    "years": (pd.date_range("1980-01-01", periods=40, freq="YS"), "months", 12),
    "the 28th": (pd.DatetimeIndex([f"{2023 + m // 12}-{m % 12 + 1}-28" for m in range(40)]), "a day of months", 1),
    "business month ends": (pd.date_range("2026-01-01", periods=40, freq="BME"), OffsetCalendar(BusinessMonthEnd()), 1),
    "business quarter starts": (
        pd.date_range("2026-01-01", periods=40, freq="BQS"),
        OffsetCalendar(BusinessMonthBegin()),
        3,
    ),
    "third Fridays": (
        pd.date_range("2026-01-01", periods=40, freq="WOM-3FRI"),
        OffsetCalendar(WeekOfMonth(week=2, weekday=4)),
        1,
    ),
    "halves of months": (pd.date_range("2026-01-01", periods=40, freq="SME"), OffsetCalendar(SemiMonthEnd()), 1),
    "leap days and other month ends": (pd.date_range("1980-02-28", periods=40, freq="YE-FEB"), "months", 12),
    "local hours": (pd.date_range("2026-10-24", periods=40, freq="h", tz=BERLIN), "durations", 3_600_000_000),
    "local days": (pd.date_range("2026-10-01", periods=40, freq="D", tz=BERLIN), "days", 1),
    "local half days": (
        pd.date_range("2026-10-20", periods=40, freq="12h").tz_localize(BERLIN),
        "local durations",
        43_200_000_000,
    ),
    "periods of months": (pd.period_range("2026-01", periods=40, freq="M"), "periods of M", 1),
    "periods of quarters": (pd.period_range("2026-01", periods=40, freq="Q"), "periods of Q-DEC", 1),
    "durations": (pd.timedelta_range(0, periods=40, freq="15min"), "durations", 900_000_000_000),
}


@pytest.fixture(scope="session", params=REGULAR.values(), ids=REGULAR)
def regular(request):
    """An index of forty rows, its calendar and its step."""
    return request.param
