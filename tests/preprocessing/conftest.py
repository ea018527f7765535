"""Regular indexes of every kind, for the tests that ask when a row follows another."""

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.offsets import CustomBusinessDay

BERLIN = "Europe/Berlin"
CHRISTMAS = CustomBusinessDay(holidays=["2025-12-25", "2025-12-26"])

REGULAR = {
    "range": pd.RangeIndex(40),
    "integers by 2": pd.Index(range(10, 90, 2)),
    "unsigned": pd.Index(np.arange(200, 240, dtype=np.uint8)),
    "nullable": pd.Index(np.arange(40), dtype="Int64"),
    "hours": pd.date_range("2026-01-01", periods=40, freq="h"),
    "days": pd.date_range("2026-01-01", periods=40, freq="D"),
    "noons": pd.date_range("2026-01-01 12:00", periods=40, freq="D"),
    "weeks": pd.date_range("2026-01-01", periods=40, freq="W-FRI"),
    "business days": pd.date_range("2026-01-01", periods=40, freq="B"),
    "holidays": pd.DatetimeIndex(pd.date_range("2025-12-01", periods=40, freq=CHRISTMAS), freq=None),
    "holidays of the freq": pd.date_range("2025-12-01", periods=40, freq=CHRISTMAS),
    "month starts": pd.date_range("2026-01-01", periods=40, freq="MS"),
    "month ends": pd.date_range("2026-01-31", periods=40, freq="ME"),
    "quarter starts": pd.date_range("2026-01-01", periods=40, freq="QS"),
    "quarter ends": pd.date_range("2026-03-31", periods=40, freq="QE"),
    "years": pd.date_range("1980-01-01", periods=40, freq="YS"),
    "the 28th": pd.DatetimeIndex([f"{2023 + m // 12}-{m % 12 + 1}-28" for m in range(40)]),
    "business month ends": pd.date_range("2026-01-01", periods=40, freq="BME"),
    "business quarter starts": pd.date_range("2026-01-01", periods=40, freq="BQS"),
    "third Fridays": pd.date_range("2026-01-01", periods=40, freq="WOM-3FRI"),
    "halves of months": pd.date_range("2026-01-01", periods=40, freq="SME"),
    "leap days and other month ends": pd.date_range("1980-02-28", periods=40, freq="YE-FEB"),
    "local hours": pd.date_range("2026-10-24", periods=40, freq="h", tz=BERLIN),
    "local days": pd.date_range("2026-10-01", periods=40, freq="D", tz=BERLIN),
    "local half days": pd.date_range("2026-10-20", periods=40, freq="12h").tz_localize(BERLIN),
    "periods of months": pd.period_range("2026-01", periods=40, freq="M"),
    "periods of quarters": pd.period_range("2026-01", periods=40, freq="Q"),
    "durations": pd.timedelta_range(0, periods=40, freq="15min"),
}


@pytest.fixture(scope="session", params=REGULAR.values(), ids=REGULAR)
def regular(request):
    """A regular index of forty rows."""
    return request.param
