"""Random walks, tables and panels of any length, and differences as in pandas."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

NAN = np.nan
DAYS = pd.date_range("2026-01-01", periods=40)
WALKS = pd.DataFrame(
    100 + np.random.default_rng(0).normal(size=(40, 2)).cumsum(axis=0), index=DAYS, columns=["sales", "temp"]
)

all_lags = st.lists(st.integers(1, 4), max_size=3).map(tuple)
dtypes = st.sampled_from([np.float32, np.float64])


def by_pandas(table, lags, log=False):
    """Return the differences of a table, as in pandas."""
    table = np.log(table) if log else table
    for lag in lags:
        table = table.diff(lag)
    return table


@st.composite
def tables(draw, least=9, unobserved=True):
    """A series table of two features with some unobserved rows."""
    n_rows = draw(st.integers(least, 25))
    values = draw(st.lists(st.floats(1, 50, width=16), min_size=2 * n_rows, max_size=2 * n_rows))
    table = pd.DataFrame(np.reshape(values, (n_rows, 2)), columns=["sales", "temp"], index=DAYS[:n_rows])
    if unobserved:
        table.iloc[draw(st.lists(st.integers(0, n_rows - 1), max_size=3))] = NAN
    return table.astype(draw(dtypes))


@st.composite
def panels(draw, lags):
    """Series of different lengths in one table, with shuffled rows."""
    lengths = draw(st.lists(st.integers(sum(lags) + 3, 14), min_size=1, max_size=4))
    stores = draw(
        st.permutations([store for store, length in zip("abcd", lengths, strict=False) for _ in range(length)])
    )
    values = np.random.default_rng(len(stores)).integers(1, 50, size=(len(stores), 2)).astype(float)
    table = pd.DataFrame(values, columns=["sales", "temp"])
    table.insert(1, "store", stores)
    table["day"] = DAYS[table.groupby("store").cumcount()]
    return table
