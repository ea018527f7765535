"""A small table of weather with numbers and categories, and both encodings."""

import numpy as np
import pandas as pd
import pytest

NAN = np.nan
DAYS = pd.date_range("2026-01-01", periods=4)
WEATHER = pd.DataFrame(
    {
        "temp": np.array([9, 21, 8, 23], dtype=np.int16),
        "city": ["Oslo", "Rome", None, "Rome"],
        "level": pd.Categorical(["low", "high", "low", None], ["low", "middle", "high"], ordered=True),
        "wind": np.array([1.5, 2.5, NAN, 3.5], dtype=np.float32),
        "dry": [True, False, False, True],
    },
    index=DAYS,
)
ENCODINGS = pytest.mark.parametrize("encoding", ["integer", "onehot"])

TOKENS = [["the", "cat", "sat"], ["the", "dog"]]
