"""Rolling-origin backtests."""

import forecasters
import numpy as np
import pandas as pd
import pytest
from forecasters import lags
from inline_snapshot import snapshot
from refusal import refused
from sizes import EPOCHS, N_TIMESTEPS, UNITS
from sklearn.base import clone
from sklearn.metrics import mean_absolute_percentage_error, root_mean_squared_error
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LagRegressor, SeriesForecaster, backtest
from sklstm.datasets import load_airline, load_sunspots
from sklstm.forecasting import mean_absolute_scaled_error


def linear(horizon=3, n_steps=3, **params):
    """A forecaster that learns in no time."""
    return SeriesForecaster(forecasters.linear(n_steps), horizon=horizon, **params)


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"]


@pytest.fixture(scope="module")
def result(airline):
    return backtest(linear(), airline, initial=100, step=4, metrics=["rmse", "mae", "mape", "mase"], season=12)


def by_hand(airline, origins, refit):
    """Fit up to each origin (or the first), and forecast three steps from there."""
    parts = []
    for origin in origins:
        fitted = linear().fit(airline[: (origin if refit else origins[0]) + 1])
        parts.append(fitted.predict(airline[: origin + 1]).iloc[-1].to_numpy())
    return np.array(parts)


@pytest.mark.parametrize("refit", [False, True])
def test_forecasts_are_those_of_a_loop(airline, refit):
    """Each origin forecasts from the rows up to it, by what was fitted on these, or on the first of them."""
    forecasts = backtest(linear(), airline, initial=100, step=10, refit=refit).forecasts
    origins = range(99, 143, 10)
    expected = by_hand(airline, origins, refit)
    wide = forecasts.pivot(index="origin", columns="step", values="forecast")
    np.testing.assert_allclose(wide, expected, rtol=1e-10)
    assert wide.index.tolist() == [airline.index[origin] for origin in origins]
    assert (forecasts["observed"].to_numpy() == airline[forecasts["time"]].to_numpy()).all()


def test_refit_every_so_many(airline):
    """Between two fits the past moves on, and the coefficients stay."""
    often = backtest(linear(), airline, initial=100, step=10, refit=True).forecasts
    sometimes = backtest(linear(), airline, initial=100, step=10, refit=2).forecasts
    first = sometimes["origin"].isin(airline.index[[99, 119, 139]])
    np.testing.assert_allclose(sometimes[first]["forecast"], often[first]["forecast"])
    assert not np.allclose(sometimes[~first]["forecast"], often[~first]["forecast"])


def test_nothing_later_is_known(airline):
    """What comes after an origin changes none of its forecasts."""
    changed = airline.astype(float).copy()
    changed.iloc[120:] = 1e6
    usual, other = (backtest(linear(), series, initial=100, step=3).forecasts for series in (airline, changed))
    before = usual["origin"] < airline.index[120]
    pd.testing.assert_frame_equal(
        usual[before].drop(columns="observed"), other[before].drop(columns="observed"), check_dtype=False
    )


def test_baselines(airline, result):
    """Persistence, the last season, and the line from the first value through the last."""
    for row in result.forecasts.itertuples():
        known = airline[: row.origin]
        assert row.persistence == known.iloc[-1]
        assert row.drift == pytest.approx(
            known.iloc[-1] + row.step * (known.iloc[-1] - known.iloc[0]) / (len(known) - 1)
        )
        naive = result.forecasts.loc[row.Index, "seasonal naive"]
        assert naive == airline[row.time - pd.DateOffset(years=1)]


def test_seasons_further_ahead(airline):
    """Beyond one season the same last season is repeated."""
    forecasts = backtest(linear(), airline, initial=120, step=5, horizon=24).forecasts
    far = forecasts[forecasts["step"] > 12]
    assert (far["seasonal naive"].to_numpy() == airline[far["time"] - pd.DateOffset(years=2)].to_numpy()).all()


def test_scores_are_the_peers(airline, result):
    """Errors are scikit-learn's own, over all that is forecast."""
    table = result.forecasts
    scores = result.scores()
    for model, column in [("SeriesForecaster", "forecast"), ("drift", "drift")]:
        pair = table["observed"], table[column]
        assert scores.loc[model, "rmse"] == pytest.approx(root_mean_squared_error(*pair))
        assert scores.loc[model, "mape"] == pytest.approx(100 * mean_absolute_percentage_error(*pair))
        scaled = mean_absolute_scaled_error(*pair, y_train=airline[:100], season=12)
        assert scores.loc[model, "mase"] == pytest.approx(scaled)
    skill = 1 - scores.loc["SeriesForecaster", "rmse"] / scores["rmse"][1:]
    np.testing.assert_allclose(result.skill(), skill)


def test_scores_by_step_and_origin(result):
    """Each step, and each origin, by itself."""
    by_step, table = result.scores(by="step"), result.forecasts
    second = table[table["step"] == 2]
    assert by_step.loc[(2, "persistence"), "mae"] == pytest.approx(
        (second["observed"] - second["persistence"]).abs().mean()
    )
    assert len(result.scores(by="origin")) == 4 * result.n_origins
    assert result.skill(by="step").shape == (3, 3)


def test_scores_by_something_else(result):
    """Scores are by step or origin."""
    assert [refused(score, by="month") for score in (result.scores, result.skill)] == snapshot(
        [
            "Backtest.scores expects by to be one of 'step', 'origin', got 'month'.",
            "Backtest.skill expects by to be one of 'step', 'origin', got 'month'.",
        ]
    )


def test_metric_of_ones_own(airline):
    """A function of truth and forecast is a metric, too."""

    def worst(truth, forecast):
        return np.max(np.abs(truth - forecast))

    scores = backtest(linear(), airline, initial=130, metrics=[worst]).scores()
    assert scores.columns.tolist() == ["worst"]
    assert (scores["worst"] > 0).all()


def test_mape_of_zero_is_nothing():
    """A percentage of nothing is not defined."""
    series = pd.Series(np.r_[np.arange(1.0, 40.0), 0.0], name="y")
    assert np.isnan(backtest(linear(1), series, initial=30, metrics=["mape"]).scores().to_numpy()).all()


def test_search_of_the_whole_repr(result):
    """The table of scores is what a result shows."""
    assert repr(result).startswith("Backtest of passengers from 11 origins\n")
    assert "seasonal naive" in repr(result)
    assert "<table" in result._repr_html_()


def test_the_forecaster_stays_as_it_is(airline):
    """It is cloned for each fit."""
    forecaster = linear()
    backtest(forecaster, airline, initial=140)
    assert not hasattr(forecaster, "target_")


def test_arrays(airline):
    """Without an index, rows are counted."""
    result = backtest(linear(), airline.to_numpy(), initial=0.9, season=12)
    assert result.forecasts["origin"].tolist()[0] == 129
    assert result.forecasts["time"].tolist()[0] == 130


# --- panels ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=40)
    parts = [
        pd.DataFrame({"store": store, "day": days, "sales": level + rng.normal(size=40).cumsum(), "holiday": 0.0})
        for store, level in [("A", 10.0), ("B", 1000.0)]
    ]
    return pd.concat(parts, ignore_index=True)


def panel_forecaster(**params):
    return lags(3, horizon=2, target="sales", group="store", time="day", **params)


def test_panel(panel):
    """Origins are times, the same for all series; scores come for each series."""
    result = backtest(panel_forecaster(), panel.drop(columns="holiday"), initial=30, step=3)
    assert result.n_origins == 4
    assert result.forecasts.groupby("series")["origin"].nunique().tolist() == [4, 4]
    assert result.scores(by="series").index.get_level_values("series").unique().tolist() == ["A", "B"]
    one = result.forecasts[result.forecasts["series"] == "B"]
    sales = panel[panel.store == "B"].set_index("day")["sales"]
    np.testing.assert_allclose(one["observed"], sales[one["time"]])
    np.testing.assert_allclose(one["persistence"], sales[one["origin"]])
    residuals, labels = result.residuals()
    assert residuals.shape == (8, 2)
    assert labels.tolist() == ["A"] * 4 + ["B"] * 4


@pytest.fixture(scope="module")
def shops():
    """The backtest of six shops of which one closes before the first origin, and one has a mean error of nothing."""
    rng, days = np.random.default_rng(0), pd.date_range("2026-01-01", periods=40)
    table = pd.concat(
        [
            pd.DataFrame({"shop": shop, "day": days[:n], "y": 10 * k + rng.normal(size=n).round(1)})
            for k, (shop, n) in enumerate([("a", 40), ("b", 40), ("closed", 28), ("d", 33), ("e", 40), ("f", 40)])
        ]
    )

    def worst(truth, forecast):
        return np.max(np.abs(truth - forecast))

    forecaster = SeriesForecaster(forecasters.linear(2), horizon=2, group="shop", time="day", target="y")
    return backtest(forecaster, table, initial=30, step=2, metrics=["rmse", "mae", "mape", "mase", worst], season=7)


@pytest.mark.parametrize("by", ["series", "step", "origin"])
@pytest.mark.filterwarnings("error")
def test_scores_by_group_are_those_of_its_rows(shops, by):
    """The scores of a group are scikit-learn's of its observed rows; a series that has ended has none."""
    scores, skill = shops.scores(by=by), shops.skill(by=by)
    assert list(scores.index.names) == [by, "model"]
    for key, rows in shops.forecasts.groupby(by, sort=False):
        rows = rows[rows["observed"].notna()]
        squares = {}
        for model, name in [("forecast", "SeriesForecaster"), ("persistence", "persistence"), ("drift", "drift")]:
            found = scores.loc[(key, name)]
            if rows.empty:
                assert found.isna().all()
                continue
            squares[name] = root_mean_squared_error(rows["observed"], rows[model])
            assert found["rmse"] == pytest.approx(squares[name])
            assert found["mae"] == pytest.approx((rows["observed"] - rows[model]).abs().mean())
            assert found["worst"] == pytest.approx((rows["observed"] - rows[model]).abs().max())
        if rows.empty:
            assert skill.loc[key].isna().all()
        else:
            assert skill.loc[key, "drift"] == pytest.approx(1 - squares["SeriesForecaster"] / squares["drift"])
    assert ("closed" in shops.forecasts["series"].unique()) == (scores.isna().all(axis=1).any() and by == "series")


def test_known_ahead(panel):
    """What is known ahead may be read at an origin, what is not may not."""
    forecaster = panel_forecaster(framer={"future": ["holiday"], "horizon": 2})
    kept = panel.assign(holiday=(panel.day.dt.day % 5 == 0).astype(float))
    result = backtest(forecaster, kept, initial=32)
    first = result.forecasts["origin"] == result.forecasts["origin"].min()
    changed = kept.assign(sales=kept["sales"].where(kept.day <= "2026-02-01", 0.0))
    again = backtest(forecaster, changed, initial=32)
    np.testing.assert_array_equal(result.forecasts[first]["forecast"], again.forecasts[first]["forecast"])
    other = kept.assign(holiday=kept["holiday"].where(kept.day <= "2026-02-01", 1 - kept["holiday"]))
    moved = backtest(forecaster, other, initial=32)
    assert not np.allclose(result.forecasts[first]["forecast"], moved.forecasts[first]["forecast"])


# --- intervals -------------------------------------------------------------------------------------


def test_intervals_hold_what_they_say():
    """On noise, 80 % intervals hold about that share, wider with each step of a random walk."""
    walk = pd.Series(np.random.default_rng(0).normal(size=4000).cumsum(), name="y")
    result = backtest(linear(3, n_steps=2, calibration=0.4), walk, initial=2000, interval=0.8)
    scores = result.scores(by="step").xs("SeriesForecaster", level="model")
    assert scores["coverage"].between(0.75, 0.85).all()
    assert scores["width"].is_monotonic_increasing


def test_intervals_hold_sunspots():
    """On the last third of the sunspots, 90 % intervals hold 85 to 95 %."""
    sunspots = load_sunspots().data
    forecaster = SeriesForecaster(make_pipeline(LagFramer(12), LagRegressor()), horizon=3, calibration=0.3)
    result = backtest(forecaster, sunspots, initial=len(sunspots) * 2 // 3, interval=0.9)
    assert 0.85 <= result.scores().loc["SeriesForecaster", "coverage"] <= 0.95


def test_intervals_by_hand(airline):
    """Half an interval is the residual of the rank that split conformal prediction asks for, of all and the last 20."""
    fitted = linear().fit(airline[:100]).calibrate(airline[100:])
    truth, forecast, _ = fitted.compare(airline[100:])
    sizes = np.abs(truth - forecast)[:, 1]
    sizes = sizes[~np.isnan(sizes)]
    half = (np.sort(sizes)[int(np.ceil(0.9 * (len(sizes) + 1))) - 1] + np.sort(sizes[-20:])[18]) / 2
    expected = fitted.forecast(interval=0.9).iloc[1]
    assert expected["upper"] - expected["passengers"] == pytest.approx(half)
    assert expected["passengers"] - expected["lower"] == pytest.approx(half)
    # What was fitted tells nothing about how wide intervals are.
    _, upper = fitted.predict_interval(airline[:100])
    np.testing.assert_allclose((upper - fitted.predict(airline[:100]))["passengers(t+2)"], half)


@pytest.mark.parametrize("pieces", [[1] * 24, [5, 1, 18]], ids=["row by row", "in pieces"])
def test_intervals_move_on(airline, pieces):
    """New values count as soon as they are known: by update as by predict_interval over all of them at once."""
    fitted = linear(calibration=0.3).fit(airline[:120])
    lower, upper = fitted.predict_interval(airline[120:], coverage=0.8)
    row = 0
    for n_rows in pieces:
        fitted.update(airline[120 + row : 120 + row + n_rows])
        row += n_rows
        forecast = fitted.forecast(interval=0.8)
        np.testing.assert_allclose(forecast["lower"], lower.iloc[row - 1])
        np.testing.assert_allclose(forecast["upper"], upper.iloc[row - 1])
    assert (upper - lower).nunique().gt(1).all()


def widths(forecaster, coverage=0.8):
    """How wide the interval of each forecast is."""
    forecast = forecaster.forecast(interval=coverage)
    return (forecast["upper"] - forecast["lower"]).to_numpy()


def test_intervals_of_a_panel(panel):
    """Each series has residuals of its own, which move on with it."""
    table = panel.drop(columns="holiday")
    fitted = panel_forecaster(calibration=0.5).fit(table)
    before = widths(fitted).reshape(2, 2)
    assert (before[0] != before[1]).all()
    later = table[table["store"] == "B"].assign(day=lambda rows: rows["day"] + pd.Timedelta("40D"))
    after = widths(fitted.update(later)).reshape(2, 2)
    np.testing.assert_array_equal(after[0], before[0])
    assert (after[1] != before[1]).all()


def test_calibration_leaves_the_forecasts(airline):
    """After calibration all rows are fitted."""
    np.testing.assert_array_equal(linear(calibration=0.25).fit(airline).forecast(), linear().fit(airline).forecast())


def test_calibrated_by_a_backtest(airline, result):
    """The residuals of a backtest make intervals, too."""
    fitted = linear().fit(airline).calibrate(result)
    forecast = fitted.forecast(interval=0.5)
    width = forecast["upper"] - forecast["lower"]
    residuals, _ = result.residuals()
    assert width.iloc[0] == pytest.approx(2 * np.sort(np.abs(residuals[:, 0]))[5])


def test_intervals_further_ahead(airline):
    """Calibrated so far, intervals reach so far."""
    fitted = linear().fit(airline[:90]).calibrate(airline[90:], steps=6)
    assert fitted.forecast(6, interval=0.8).columns.tolist() == ["passengers", "lower", "upper"]
    assert refused(fitted.forecast, 7, interval=0.8) == snapshot(
        "SeriesForecaster knows what forecasts miss up to 6 steps ahead, got steps=7. Call calibrate(series, steps=7) with rows that were not fitted."
    )
    assert refused(fitted.forecast, 1, interval=0.99) == snapshot(
        "SeriesForecaster: an interval that holds 99% needs at least 99 forecasts that can be compared with what was observed, got 54 at step 1. Calibrate on a longer series, lower the coverage, or forecast fewer steps."
    )


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"initial": 144},
            snapshot(
                "backtest(initial=144) needs a row after the first fit to compare with, got 144 rows. Lower initial or pass a longer series."
            ),
        ),
        (
            {"initial": 0},
            snapshot("backtest expects initial to be an int of 1 or more, or a share between 0 and 1, got 0."),
        ),
        ({"step": 1.5}, snapshot("backtest expects step to be an int of 1 or more, got 1.5.")),
        ({"season": 0}, snapshot("backtest expects season to be an int of 1 or more, got 0.")),
        ({"season": -1}, snapshot("backtest expects season to be an int of 1 or more, got -1.")),
        ({"season": True}, snapshot("backtest expects season to be an int of 1 or more, got True.")),
        ({"season": 2.5}, snapshot("backtest expects season to be an int of 1 or more, got 2.5.")),
        ({"horizon": 0}, snapshot("backtest expects horizon to be an int of 1 or more, got 0.")),
        ({"horizon": -1}, snapshot("backtest expects horizon to be an int of 1 or more, got -1.")),
        ({"horizon": 2.5}, snapshot("backtest expects horizon to be an int of 1 or more, got 2.5.")),
        ({"horizon": "x"}, snapshot("backtest expects horizon to be an int of 1 or more, got 'x'.")),
        (
            {"metrics": "rmse"},
            snapshot("backtest expects metrics to be a list, got 'rmse'. Pass metrics=['rmse'], for example."),
        ),
        (
            {"metrics": max},
            snapshot(
                "backtest expects metrics to be a list, got <built-in function max>. Pass metrics=['rmse'], for example."
            ),
        ),
        (
            {"refit": "always"},
            snapshot("backtest expects refit to be True, False or an int of 1 or more, got 'always'."),
        ),
        (
            {"metrics": ["rsme"]},
            snapshot(
                "backtest knows no error 'rsme'. Did you mean 'rmse'? It knows 'rmse', 'mae', 'mape', 'mase', and takes functions of (y_true, y_pred)."
            ),
        ),
    ],
    ids=lambda params: str(params) if isinstance(params, dict) else "",
)
def test_refusals(airline, params, message):
    """What cannot be tested is refused with the reason."""
    assert refused(backtest, linear(), airline, **params) == message


def test_network(airline):
    """The network itself, fitted anew at each origin, shares what was compiled."""
    forecaster = SeriesForecaster(horizon=2, n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0)
    result = backtest(forecaster, airline, initial=100, step=30, refit=True)
    again = clone(forecaster).fit(airline[:100]).forecast()
    np.testing.assert_allclose(result.forecasts["forecast"][:2], again["passengers"])


def test_a_series_that_never_changes():
    """Nothing can be saved of what errs by nothing: skill and MASE are NaN, without a word of warning."""
    forecaster = SeriesForecaster(make_pipeline(LagFramer(2), LagRegressor()))
    result = backtest(forecaster, pd.Series(np.full(20, 5.0), name="level"))
    assert result.skill().isna().all()
    assert result.scores()["mase"].isna().all()
    assert result.scores()["rmse"].iloc[0] == pytest.approx(0, abs=1e-9)
