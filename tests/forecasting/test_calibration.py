"""Calibration by rolling folds, and calibrated quantiles, against loops over folds, rows and steps."""

import pickle
from itertools import pairwise
from math import ceil

import forecasters
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, SeriesForecaster, backtest
from sklstm._series import SeriesIndex
from sklstm.datasets import load_airline
from sklstm.forecasting import interval_score
from sklstm.forecasting._calibration import cut_folds
from sklstm.forecasting._intervals import FEWEST_KEPT, N_RECENT

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
KEYS = {"group": "store", "time": "day"}


class Fan(LinearRegression):
    """Least squares whose quantiles spread with the values of a window."""

    def __init__(self, quantiles=QUANTILES, spread=30.0):
        super().__init__()
        self.quantiles, self.spread = quantiles, spread

    def predict_quantiles(self, X):
        middle = np.asarray(self.predict(X)).reshape(len(X), -1)
        width = self.spread * np.abs(np.asarray(X)).mean(axis=1)
        return middle[:, :, None] + width[:, None, None] * (np.array(self.quantiles) - 0.5)


def linear(n_steps=3, spread=None, **params):
    """A forecaster of two steps that learns in no time; with a spread it has quantiles, too."""
    pipeline = forecasters.linear(n_steps)
    if spread is not None:
        pipeline.set_params(regress=Fan(spread=spread))
    return SeriesForecaster(pipeline, horizon=2, **params)


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"].astype(float)


def scores_of_folds(make, known, ends, ends_of):
    """Scores by row and step of rolling folds, each by a copy that was fitted on all rows before it."""
    scores, values = [], known.to_numpy()
    for begin, end in pairwise(ends):
        lower, upper = ends_of(make().fit(known[:begin]), known)
        for row in range(begin - 1, end - 1):
            ahead = [values[row + step] if row + step < len(values) else np.nan for step in (1, 2)]
            scores.append([max(lower[row, k] - y, y - upper[row, k]) for k, y in enumerate(ahead)])
    return np.array(scores)


def ranked(scores, coverage):
    """The score that split conformal prediction selects."""
    return np.sort(scores)[ceil(coverage * (len(scores) + 1)) - 1]


def forecast_twice(fitted, series):
    forecasts = fitted.predict(series).to_numpy()
    return forecasts, forecasts


def between_quantiles(pair):
    """The ends of the interval between two quantiles, without calibration."""

    def ends(fitted, series):
        regressor, frame = fitted.pipeline_[-1], fitted.pipeline_[:-1].transform(series.to_frame())
        quantiles = regressor.predict_quantiles(frame)
        return quantiles[..., pair[0]], quantiles[..., pair[1]]

    return ends


@pytest.mark.parametrize(
    ("spread", "coverage", "ends_of"),
    [
        (None, 0.8, forecast_twice),
        (40.0, 0.8, between_quantiles((0, 4))),
        (40.0, 0.6, between_quantiles((1, 3))),
        # Of pairs that are as near as each other, the wider one.
        (40.0, 0.65, between_quantiles((0, 4))),
        (400.0, 0.8, between_quantiles((0, 4))),
    ],
    ids=["residuals", "quantiles", "nearest quantiles", "two as near", "quantiles too far"],
)
def test_intervals_of_a_loop(airline, spread, coverage, ends_of):
    """Two copies see all rows before their fold; scores of new values are added to theirs."""
    known, values = airline[:120], airline.to_numpy()
    fitted = linear(spread=spread, calibration=0.3).fit(known)
    learned = scores_of_folds(lambda: linear(spread=spread), known, (84, 102, 120), ends_of)
    found = fitted.predict_interval(airline[120:], coverage=coverage)
    lower, upper = ends_of(fitted, airline)
    for row in range(120, 144):
        for step in (1, 2):
            old = learned[~np.isnan(learned[:, step - 1]), step - 1]
            # From the last fitted rows on, values are new.
            origins = range(120 - step, row - step + 1)
            ends = [(lower[t, step - 1], values[t + step], upper[t, step - 1]) for t in origins]
            late = [max(a - y, y - b) for a, y, b in ends]
            kept = [*old, *late][-max(len(old), FEWEST_KEPT) :]
            margin = (ranked(kept, coverage) + ranked(kept[-N_RECENT:], coverage)) / 2
            a, b = lower[row, step - 1], upper[row, step - 1]
            margin = max(margin, -(b - a) / 2)
            expected = np.maximum([a - margin, b + margin], 0)
            assert_allclose([end.iloc[row - 120, step - 1] for end in found], expected)
    assert (found[0] <= found[1]).all(axis=None)


@pytest.mark.parametrize("pieces", [[1] * 24, [5, 1, 18]], ids=["row by row", "in pieces"])
def test_calibrated_quantiles_move_on(airline, pieces):
    """New values count as soon as they are known: by update as by predict_interval over all of them at once."""
    fitted = linear(spread=40.0, calibration=0.3).fit(airline[:120])
    lower, upper = fitted.predict_interval(airline[120:], coverage=0.5)
    row, width = 0, set()
    for n_rows in pieces:
        fitted = pickle.loads(pickle.dumps(fitted)).update(airline[120 + row : 120 + row + n_rows])
        row += n_rows
        forecast = fitted.forecast(interval=0.5)
        assert_allclose(forecast["lower"], lower.iloc[row - 1])
        assert_allclose(forecast["upper"], upper.iloc[row - 1])
        width.add(tuple(forecast["upper"] - forecast["lower"]))
    assert len(width) == len(pieces)


@pytest.fixture(scope="module")
def stores():
    """Four stores with 30 to 60 days, mixed; one of them closed on two days."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {"store": store, "day": pd.date_range("2026-01-01", periods=n), "sales": 10 * k + rng.normal(size=n)}
        )
        for k, (store, n) in enumerate(zip("ABCD", (60, 40, 55, 48), strict=True))
    ]
    parts[2].loc[[20, 38], "sales"] = np.nan
    return pd.concat(parts).sort_values("day", kind="stable").reset_index(drop=True)


def of_stores(**params):
    steps = LagFramer(2, **KEYS, flatten=True), forecasters.linear()[-2], Fan(spread=1.0)
    return SeriesForecaster(make_pipeline(*steps), target="sales", horizon=2, **KEYS, **params)


def test_calibrated_quantiles_of_each_series_alone(stores):
    """Intervals of a panel are those of each series alone, and move on with update."""
    known = stores["day"] < "2026-01-26"
    fitted = of_stores(calibration=0.4).fit(stores[known])
    later = stores[~known]
    lower, upper = fitted.predict_interval(later, coverage=0.5)
    updated = pickle.loads(pickle.dumps(fitted)).update(later).forecast(interval=0.5)
    for store, rows in later.groupby("store"):
        alone = fitted.predict_interval(rows, coverage=0.5)
        assert_allclose(lower.loc[rows.index], alone[0])
        assert_allclose(upper.loc[rows.index], alone[1])
        ahead = updated[updated["store"] == store]
        assert_allclose(ahead["lower"], lower.loc[rows.index[-1]])
        assert_allclose(ahead["upper"], upper.loc[rows.index[-1]])
    counts = [np.diff(bounds)[:4] for bounds in fitted.quantile_scores_[0].bounds]
    # 40 % of 25 days: the last of them is no row's second next.
    assert_array_equal(counts, [[10, 10, 9, 10], [9, 9, 8, 9]])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.floats(0.01, 0.99), st.integers(1, 5))
def test_folds_of_a_loop(lengths, fraction, n_folds):
    """Each fold is forecast from the rows from its last fitted one on, in each series; no row comes twice."""
    codes = np.random.default_rng(0).permutation(np.repeat(np.arange(len(lengths)), lengths))
    index = SeriesIndex(len(codes), codes, pd.Index(range(len(lengths))))
    expected = [([], []) for _ in range(n_folds)]
    for code, length in enumerate(lengths):
        rows = np.flatnonzero(codes == code)
        held_out = min(max(np.rint(fraction * length), 1), length - 1)
        ends = [int(length - held_out + np.rint(k * held_out / n_folds)) for k in range(n_folds + 1)]
        for (fitted, origins), (begin, end) in zip(expected, pairwise(ends), strict=True):
            fitted.extend(rows[:begin])
            origins.extend(rows[begin - 1 : end - 1])
    expected = [(sorted(fitted), sorted(origins)) for fitted, origins in expected if origins]
    found = [(fitted.tolist(), origins.tolist()) for fitted, origins in cut_folds(index, fraction, n_folds)]
    assert found == expected


def test_a_series_of_one_row_is_not_calibrated(stores):
    """A series that is too short for a fold goes by all series."""
    short = pd.concat([stores, stores[:1].assign(store="new")], ignore_index=True)
    fitted = of_stores(calibration=0.4).fit(short)
    assert "new" not in fitted.residuals_.labels
    assert fitted.forecast(interval=0.5)["lower"].notna().all()


def test_a_series_without_a_row_to_train_on(stores):
    """It has no quantiles: its intervals are unknown, or its last value and a residual of all series to either side."""
    short = pd.concat([stores[stores["store"] < "C"], stores[:1].assign(store="new")], ignore_index=True)
    params = {"quantiles": [0.1, 0.5, 0.9], "target": "sales", "horizon": 2, **KEYS}
    with pytest.warns(UserWarning, match="repeats the last value of 1 series"):
        own = forecasters.small(**params).fit(short).forecast(interval=0.8).set_index("store")
    assert own[["lower", "upper"]].isna().groupby("store").all().all(axis=1).tolist() == [False, False, True]
    fitted = forecasters.small(**params, calibration=0.4).fit(short)
    with pytest.warns(UserWarning, match="repeats the last value of 1 series"):
        new = fitted.forecast(interval=0.8).set_index("store").loc["new"]
    learned = fitted.residuals_
    sizes = [scores[bounds[-2] :] for scores, bounds in zip(learned.scores, learned.bounds, strict=True)]
    assert_allclose(new["upper"] - new["sales"], [ranked(of_step, 0.8) for of_step in sizes])


# --- which interval -------------------------------------------------------------------------------


def widths(forecaster, coverage, steps=None):
    forecast = forecaster.forecast(steps, interval=coverage)
    return (forecast["upper"] - forecast["lower"]).to_numpy()


def test_quantiles_as_they_are(airline):
    """Without calibration, the interval is that between the quantiles that it asks for."""
    fitted = linear(spread=40.0).fit(airline)
    lower, upper = between_quantiles((0, 4))(fitted, airline)
    assert_allclose(widths(fitted, 0.8), (upper - lower)[-1])
    assert refused(widths, fitted, 0.7) == snapshot(
        "SeriesForecaster knows the quantiles [0.1, 0.25, 0.5, 0.75, 0.9] up to 2 steps ahead, and was not told how far its forecasts miss; got 70% and steps=2. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not fitted."
    )


def test_residuals_of_a_backtest(airline):
    """A backtest tells residuals, and nothing of quantiles: intervals reach as far to either side."""
    fitted = linear(spread=40.0).fit(airline)
    fitted.calibrate(backtest(fitted, airline, initial=0.7))
    forecast = fitted.forecast(interval=0.8)
    assert_allclose(forecast["upper"] - forecast["passengers"], forecast["passengers"] - forecast["lower"])
    assert not np.allclose(widths(fitted, 0.8), widths(linear(spread=40.0).fit(airline), 0.8))
    fitted.update(airline[-1:].set_axis([airline.index[-1] + pd.DateOffset(months=1)]))


def test_residuals_beyond_the_horizon(airline):
    """Quantiles reach as far as the horizon; farther intervals go by residuals."""
    fitted = linear(spread=40.0).fit(airline[:100]).calibrate(airline[100:], steps=4)
    plain = linear().fit(airline[:100]).calibrate(airline[100:], steps=4)
    assert_allclose(widths(fitted, 0.8, 4), widths(plain, 0.8, 4))
    assert not np.allclose(widths(fitted, 0.8, 2), widths(plain, 0.8, 2))


def test_quantiles_without_a_pair(airline):
    """Quantiles that are not as far from the median as each other make no interval: residuals do."""
    fitted = linear(spread=40.0, calibration=0.3)
    fitted.set_params(pipeline__regress__quantiles=(0.1, 0.5, 0.8)).fit(airline)
    assert fitted.quantile_scores_ == []
    assert_allclose(widths(fitted, 0.8), widths(linear(calibration=0.3).fit(airline), 0.8))


def test_calibrated_network(airline):
    """A network's own quantiles are calibrated for any coverage that its folds are long enough for."""
    forecaster = forecasters.small(horizon=2, quantiles=[0.1, 0.5, 0.9], calibration=0.3).fit(airline)
    assert len(forecaster.quantile_scores_) == 1
    narrow, wide = widths(forecaster, 0.5), widths(forecaster, 0.9)
    assert (narrow <= wide).all()
    assert (narrow < wide).any()


def test_calibrated_quantiles_follow_the_noise():
    """On noise of two sizes both ways hold what they say, and calibrated quantiles have the lower interval score."""
    rng = np.random.default_rng(0)
    noise = pd.Series(rng.normal(size=3000) * np.tile(np.repeat([1.0, 5.0], 20), 75), name="y")
    scores = []
    for spread in (None, 12.0):
        result = backtest(linear(8, spread, calibration=0.4), noise, initial=1500, interval=0.8)
        assert 0.77 < result.scores()["coverage"].iloc[0] < 0.83
        observed, lower, upper = (result.forecasts[name] for name in ("observed", "lower", "upper"))
        scores.append(interval_score(observed, lower, upper, coverage=0.8))
    assert scores[1] < 0.95 * scores[0]


def test_too_few_to_calibrate(airline):
    """Short series have too few forecasts for a high coverage."""
    fitted = [linear(spread=spread, calibration=0.2).fit(airline[:40]) for spread in (None, 40.0)]
    messages = {refused(widths, forecaster, 0.9) for forecaster in fitted}
    assert messages == snapshot(
        {
            "SeriesForecaster: an interval that holds 90% needs at least 9 forecasts that can be compared with what was observed, got 8 at step 1. Calibrate on a longer series, lower the coverage, or forecast fewer steps."
        }
    )


def test_too_few_until_new_values_come(airline):
    """New values are added to few scores, until there are enough."""
    fitted = linear(calibration=0.2).fit(airline[:40]).update(airline[40:44])
    assert widths(fitted, 0.9).shape == (2,)


# --- values that were never negative --------------------------------------------------------------


@pytest.mark.parametrize("spread", [None, 4000.0], ids=["residuals", "quantiles"])
def test_no_interval_below_zero(airline, spread):
    """Intervals of values that were never negative end at zero, until a negative value is observed."""
    falling = airline[::-1].set_axis(airline.index) - airline.min()
    fitted = linear(spread=spread, calibration=0.3).fit(falling)
    moved = linear(spread=spread, calibration=0.3).fit(falling - 1)
    lower, upper = fitted.predict_interval(falling, 0.8)
    other_lower, other_upper = moved.predict_interval(falling - 1, 0.8)
    assert (other_lower < -1).any(axis=None)
    assert_allclose(lower, np.maximum(other_lower + 1, 0), atol=1e-9)
    assert_allclose(upper, np.maximum(other_upper + 1, 0), atol=1e-9)
    assert (fitted.forecast(interval=0.8)["lower"] >= 0).all()
    below = pd.Series([-1.0], [falling.index[-1] + pd.DateOffset(months=1)], name=falling.name)
    assert (fitted.update(below).forecast(interval=0.8)["lower"] < 0).any()


def test_zero_by_series(stores):
    """Each series has a limit of its own, and a new one that of all series together."""
    sales = stores["sales"].fillna(0.0).where(stores["store"] == "A", 0.01)
    stores = stores.assign(sales=sales)
    fitted = of_stores().fit(stores).calibrate(stores)
    lower = fitted.forecast(interval=0.5).set_index("store")["lower"]
    assert (lower["A"] < 0).all()
    assert (lower.drop("A") >= 0).all()
    new = stores[stores["store"] == "B"].assign(store="E")
    assert (fitted.forecast(interval=0.95, series=new)["lower"] < 0).all()
    assert (fitted.update(new).forecast(interval=0.95).set_index("store").loc["E", "lower"] >= 0).all()
    assert fitted.minima_.labels.tolist() == ["A", "B", "C", "D", "E"]
    assert fitted.minima_.values.tolist() == [stores["sales"].min(), 0.01, 0.01, 0.01, 0.01]
