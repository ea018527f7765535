"""SeriesForecaster on columns that were first observed after the start of their series, or last before its end."""

import re
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from forecasters import lags, small
from inline_snapshot import snapshot
from refusal import refused

KEYS = {"group": "shop", "time": "day", "target": "y"}
N_ROWS = 60
DAYS = pd.date_range("2026-01-01", periods=N_ROWS)
# Rows at the ends of the series in which something was not observed.
UNOBSERVED = {"old": slice(0, 0), "late": slice(0, 20), "ended": slice(45, N_ROWS)}


def shops(*columns):
    """Three series whose target depends on the column beside it; these columns are NaN in the rows above."""
    rng, parts = np.random.default_rng(0), []
    for level, (shop, rows) in enumerate(UNOBSERVED.items()):
        visits = rng.normal(size=N_ROWS) + 10 * level
        y = np.r_[0.0, 2 * visits[:-1]] + level
        part = pd.DataFrame({"shop": shop, "day": DAYS, "y": y, "visits": visits})
        part.iloc[rows, part.columns.get_indexer(columns)] = np.nan
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def of(table, shop):
    return table[table["shop"] == shop]


@pytest.mark.parametrize("future", [None, ["visits"]])
def test_product_before_its_launch(future):
    """Where neither the target nor the column beside it was observed, forecasts are those without these rows."""
    table = shops("y", "visits")
    rest = table.dropna()
    ahead = table.assign(day=table["day"] + pd.Timedelta(days=N_ROWS)).groupby("shop").head(2)
    ahead["visits"] = 1.0
    arguments = {"future": ahead} if future else {}
    keep = {"scaling": None, "window_scaler": None}
    if future:
        with pytest.warns(
            UserWarning, match=r"puts the mean of its series in the place of 35 values .* column 'visits'"
        ):
            forecaster = small(**KEYS, **keep, future=future).fit(table)
    else:
        forecaster = small(**KEYS, **keep).fit(table)
    forecast = forecaster.forecast(**arguments)
    assert np.isfinite(forecast["y"]).all()
    # After the last row of the shop that closed, nothing says what is known ahead.
    shown = rest.index[:-1]
    with pytest.warns(UserWarning, match="of 'visits' repeated") if future else nullcontext():
        predicted, whole = forecaster.predict(rest), forecaster.predict(table)
    np.testing.assert_allclose(predicted.loc[shown], whole.loc[shown], rtol=1e-5)


def test_target_not_yet_observed():
    """Before the first and after the last observation of the target, what is known of other columns is not used."""
    table = shops("y")
    message = "SeriesForecaster(target='y') leaves out 35 values before the first or after the last observation of 'y', in column 'visits'. Fill or drop them first for anything else."
    with pytest.warns(UserWarning, match=re.escape(message)):
        forecaster = lags(n_steps=2, **KEYS).fit(table)
    without = lags(n_steps=2, **KEYS).fit(shops("y", "visits"))
    pd.testing.assert_frame_equal(forecaster.forecast(), without.forecast())


def test_column_not_yet_observed():
    """Where the target is known, a column beside it that is not stands at the mean of its series."""
    table = shops("visits")
    message = "SeriesForecaster(target='y') puts the mean of its series in the place of 35 values that were not observed, in column 'visits'. Fill or drop them first for anything else."
    with pytest.warns(UserWarning, match=re.escape(message)):
        forecaster = lags(n_steps=1, **KEYS).fit(table)
    filled = table.assign(visits=table["visits"].fillna(table.groupby("shop")["visits"].transform("mean")))
    expected = lags(n_steps=1, **KEYS).fit(filled)
    pd.testing.assert_frame_equal(forecaster.predict(table), expected.predict(filled))
    pd.testing.assert_frame_equal(forecaster.forecast(), expected.forecast())


def test_means_of_fit_serve_new_rows():
    """New rows, and new series, take the means that were learned in fit, not their own."""
    table = shops()
    forecaster = lags(n_steps=1, **KEYS).fit(table)
    later = pd.DataFrame({"shop": "late", "day": DAYS[:4] + pd.Timedelta(days=N_ROWS), "y": 1.0, "visits": np.nan})
    mean = of(table, "late")["visits"].mean()
    pd.testing.assert_frame_equal(forecaster.predict(later), forecaster.predict(later.fillna({"visits": mean})))
    new = later.assign(shop="new")
    mean = table["visits"].mean()
    pd.testing.assert_frame_equal(forecaster.predict(new), forecaster.predict(new.fillna({"visits": mean})))


def test_gaps_between_observations_are_refused():
    """A gap in the middle of a column is not filled."""
    table = shops()
    table.loc[30:32, "visits"] = np.nan
    assert refused(lags(**KEYS).fit, table) == snapshot(
        "LagFramer got a time step with some features missing: row 30 (and 2 more), NaN in column 'visits'. A time step is either observed in every feature or NaN in all of them: impute first, for instance with sklearn.impute.SimpleImputer before this step."
    )


def test_future_must_hold_values():
    """A value to come that is known ahead may not be NaN."""
    table = shops()
    forecaster = small(**KEYS, future=["visits"]).fit(table)
    ahead = table.groupby("shop").head(1).assign(day=DAYS[-1] + pd.Timedelta(days=1))
    ahead.loc[ahead["shop"] == "late", "visits"] = np.nan
    assert refused(forecaster.forecast, future=ahead) == snapshot(
        "SeriesForecaster.forecast expects future= to hold every value, got NaN in 'visits' at 2026-03-02 00:00:00 of 'late'. Fill it first."
    )
