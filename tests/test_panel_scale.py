"""The number of series: Python works on arrays of all of them, so that it makes as many calls for many as for few."""

import numpy as np
import pandas as pd
import pytest
from counted_calls import count_calls
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import (
    Differencer,
    ForwardFill,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    PanelTimeSeriesSplit,
    SeriesForecaster,
    SeriesScaler,
    backtest,
    make_supervised,
)

# Numbers of series and of rows of each: the same number of rows in all.
FEW, MANY = (100, 2_800), (20_000, 14)
KEYS = {"group": "store", "time": "day"}


def panel(n_series, n_rows):
    """Series of different levels and, by one row, of different lengths."""
    stores = np.repeat(np.arange(n_series), n_rows)
    days = np.tile(pd.date_range("2026-01-01", periods=n_rows), n_series)
    sales = np.random.default_rng(0).normal(size=len(stores)) + stores
    table = pd.DataFrame({"store": stores, "day": days, "sales": sales})
    return table[(table["store"] % 3 > 0) | (table["day"] > table["day"].min())]


def framed(table, n_steps=3):
    X, y = make_supervised(table, target="sales", **KEYS)
    return LagFramer(n_steps, **KEYS).fit_transform(SeriesScaler("standard", **KEYS).fit_transform(X)), y


def trained(table):
    X, y = framed(table)
    model = LSTMRegressor(2, target_groups=True, epochs=1, batch_size=len(y), random_state=0)
    return model.fit(X, y).predict(X)


def forecast(table):
    forecaster = SeriesForecaster(
        n_steps=3, units=2, epochs=1, batch_size=len(table), target="sales", random_state=0, **KEYS
    )
    ends = table.groupby("store").tail(1)
    fitted = forecaster.fit(table.drop(ends.index))
    return fitted.update(ends).forecast(3)


def scored(table):
    forecaster = SeriesForecaster(
        n_steps=2, units=2, epochs=1, batch_size=len(table), target="sales", random_state=0, **KEYS
    )
    return backtest(forecaster, table, initial=0.9, step=3000, season=2).scores()


def with_intervals(table):
    """Calibrated on the first rows, intervals of the later ones, all together and after an update."""
    forecaster = SeriesForecaster(
        make_pipeline(LagFramer(2, **KEYS), LagRegressor(LinearRegression())), target="sales", horizon=2, **KEYS
    )
    first, later = halves(table)
    fitted = forecaster.fit(first).calibrate(first)
    lower, upper = fitted.predict_interval(later, coverage=0.5)
    assert (lower <= upper).all(axis=None)
    return fitted.update(later).forecast(interval=0.5)


def with_calibrated_quantiles(table):
    """Quantiles that are calibrated in fit, intervals of the last rows, all together and after an update."""
    forecaster = SeriesForecaster(
        n_steps=2,
        units=2,
        epochs=1,
        batch_size=len(table),
        quantiles=[0.25, 0.5, 0.75],
        calibration=0.3,
        target="sales",
        random_state=0,
        **KEYS,
    )
    ends = table.groupby("store").tail(2)
    fitted = forecaster.fit(table.drop(ends.index))
    lower, upper = fitted.predict_interval(ends, coverage=0.5)
    assert (lower <= upper).all(axis=None)
    return fitted.update(ends).forecast(interval=0.5)


def with_gaps(table):
    """A forecaster of differences of a target that was not observed everywhere."""
    sales = table["sales"].where(np.random.default_rng(0).random(len(table)) < 0.9)
    steps = Differencer((1, 2), **KEYS), LagFramer(2, **KEYS), LagRegressor(LinearRegression())
    return SeriesForecaster(make_pipeline(*steps), target="sales", **KEYS).fit(table.assign(sales=sales)).forecast()


def carried(table):
    """State that goes on in each series, in two calls of predict."""
    X, y = framed(table, n_steps=1)
    model = LSTMRegressor(2, random_state=0).initialize(X, y).set_params(stateful=True)
    return model.predict(X), model.predict(X)


def halves(table):
    """The first half of the rows of each series, and the second."""
    place = table.groupby("store").cumcount()
    is_first = place < table.groupby("store")["day"].transform("size") // 2
    return table[is_first], table[~is_first]


WORK = {
    "make_supervised": lambda table: make_supervised(table, 2, target="sales", **KEYS),
    **{f"scale, {m}": lambda table, m=m: SeriesScaler(m, **KEYS).fit_transform(table) for m in ("minmax", "robust")},
    "difference": lambda table: Differencer((1, 2), **KEYS).fit_transform(table),
    "fill": lambda table: ForwardFill(**KEYS).fit_transform(table),
    "frame": lambda table: LagFramer(3, **KEYS).fit(table).transform(table),
    "split": lambda table: list(PanelTimeSeriesSplit(2, **KEYS).split(table)),
    "train and predict": trained,
    "fit, update, forecast": forecast,
    "backtest": scored,
    "intervals": with_intervals,
    "calibrated quantiles": with_calibrated_quantiles,
    "difference with gaps": with_gaps,
    "carry states": carried,
}


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_calls_do_not_grow_with_the_number_of_series(work):
    """As many rows in two hundred times as many series take as many calls of Python functions, up to a few."""
    few, many = panel(*FEW), panel(*MANY)
    work(few)  # imports, compiled programs
    calls_for_few, _ = count_calls(work, few)
    calls_for_many, _ = count_calls(work, many)
    # Forecasts of 20,000 series come in more batches than those of 100.
    assert calls_for_many < 1.6 * calls_for_few + 2000


def test_restoring_differences_goes_forward_step_by_step():
    """Differences are undone in all series side by side: the number of calls follows the longest series."""
    few, many = panel(100, 14), panel(1000, 14)
    calls = []
    for table in (few, many):
        differencer = Differencer((1, 2), **KEYS).fit(table)
        made = differencer.transform(table)
        n_calls, restored = count_calls(differencer.inverse_transform, made)
        pd.testing.assert_frame_equal(restored, table)
        calls.append(n_calls)
    assert calls[1] < 1.2 * calls[0]
