"""Series tables: lists, arrays, Series and DataFrames."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import SeriesScaler


@pytest.mark.parametrize(
    "X",
    [[1, 2], ["1", "2"], np.array([1, 2]), pd.Series([1, 2]), [[1], [2]], pd.DataFrame({"a": [1, 2]})],
    ids=["list", "text", "array", "Series", "rows", "table"],
)
def test_series_table(X):
    """Lists, arrays, Series and tables of whole numbers, also as text, become float64."""
    scaled = np.asarray(SeriesScaler(None).fit_transform(X))
    np.testing.assert_array_equal(scaled.ravel(), [1.0, 2.0])
    assert scaled.dtype == np.float64


def test_name_of_a_series():
    """The name of a Series is that of its feature, and holds from fit on."""
    scaler = SeriesScaler().fit(pd.Series([1.0, 2.0], name="sales"))
    assert list(scaler.feature_names_in_) == ["sales"]
    assert refused(scaler.transform, pd.Series([1.0], name="snow")) == snapshot("""\
The feature names should match those that were passed during fit.
Feature names unseen at fit time:
- snow
Feature names seen at fit time, yet now missing:
- sales
""")


def test_names_are_forgotten():
    """A fit on windows, which have no names, forgets those of an earlier fit."""
    scaler = SeriesScaler().fit(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}))
    scaler.fit(np.arange(12.0).reshape(2, 3, 2))
    assert not hasattr(scaler, "feature_names_in_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("names", [None, ["a", "b"]])
def test_tables_of_floats(dtype, names):
    """A table that needs no conversion keeps its values and dtype, and is checked as others are."""
    values = np.array([[1.0, 2.0], [np.nan, 4.0]], dtype=dtype)
    table = values if names is None else pd.DataFrame(values, columns=names)
    scaler = SeriesScaler(None).fit(table)
    made = np.asarray(scaler.transform(table))
    np.testing.assert_array_equal(made, values)
    assert made.dtype == dtype
    with pytest.raises(ValueError, match="got inf in X at row 0"):
        scaler.transform(table * np.array([np.inf, 1.0]))
    with pytest.raises(ValueError, match=r"X has 3 features|feature names"):
        scaler.transform(np.ones((1, 3)) if names is None else table[["b", "a"]])
    if names is not None:
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            scaler.transform(values)
