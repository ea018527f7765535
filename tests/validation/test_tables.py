"""Series tables."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from net import Net
from refusal import refused

from sklstm._validation import (
    check_series_table,
)

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("X", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), [[1], [2]], pd.DataFrame({"a": [1, 2]})])
def test_series_table(X):
    """Lists, arrays, Series and tables of whole numbers become a float64 table."""
    values = check_series_table(Net(), X, reset=True)
    np.testing.assert_array_equal(values, [[1.0], [2.0]])
    assert values.dtype == np.float64


def test_float32_and_nan_pass():
    """float32 stays float32, and NaN passes."""
    values = check_series_table(Net(), np.array([1, NAN], dtype=np.float32), reset=True)
    assert values.dtype == np.float32
    assert np.isnan(values[1, 0])


def test_names_are_remembered():
    """Feature names are those of a DataFrame, or the name of a Series."""
    net = Net()
    check_series_table(net, pd.Series([1.0], name="sales"), reset=True)
    assert list(net.feature_names_in_) == ["sales"]
    assert refused(check_series_table, net, pd.Series([1.0], name="snow"), reset=False) == snapshot(
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- snow\nFeature names seen at fit time, yet now missing:\n- sales\n"
    )


def test_series_where_a_table_was():
    """A 1D X for several features is refused, with the way to make it a row."""
    net = Net()
    check_series_table(net, np.ones((4, 3)), reset=True)
    assert refused(check_series_table, net, np.ones(3), reset=False) == snapshot(
        "Net was fitted on 3 features, got a 1D X of 3 values, which is one feature. "
        "Reshape your data: X.reshape(1, -1) if it is one row of 3 features."
    )


def test_not_a_series_table():
    """Windows and sequences are no series table."""
    assert refused(check_series_table, Net(), np.ones((2, 3, 1)), reset=True) == snapshot(
        "Net expects a series table of shape (n_rows, n_features), got X of shape (2, 3, 1). "
        "Pass the series, not windows of it, and bring further axes into its features."
    )
    assert refused(check_series_table, Net(), [[1, 2], [3]], reset=True) == snapshot(
        "Net expects one series table of shape (n_rows, n_features), got 2 sequences. Pass each by itself."
    )
