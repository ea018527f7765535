"""SeriesForecaster: a series in, its future out."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import run_fresh
from forecasters import linear, panel_forecaster, small
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import SeriesForecaster, forecast_scorer, make_forecast_pipeline
from sklstm.datasets import load_airline
from sklstm.preprocessing import Differencer, make_supervised


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"]


@pytest.fixture(scope="module")
def fitted(airline):
    """A network."""
    return small(horizon=3).fit(airline[:-12])


@pytest.fixture(scope="module")
def by_lags(airline):
    """Least squares."""
    return SeriesForecaster(linear(), horizon=3).fit(airline[:-12])


# --- what it predicts -----------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 3])
def test_predicts_as_its_pipeline(airline, horizon):
    """Rows whose future is known make the targets; make_supervised and the same Pipeline come to the same forecasts."""
    forecasts = SeriesForecaster(linear(), horizon=horizon).fit(airline).predict(airline)
    X, y = make_supervised(airline, horizon=horizon)
    pipeline = linear()
    # Transformers may look at all rows of the past, the regressor learns from those whose future is known.
    samples = pipeline[:-1].fit_transform(airline.to_frame())
    expected = LinearRegression().fit(samples[: len(X)], y).predict(samples)
    np.testing.assert_allclose(forecasts.to_numpy(), expected.reshape(len(airline), -1))
    assert forecasts.index.equals(airline.index)
    assert forecasts.columns.tolist() == [f"passengers(t+{k})" for k in range(1, horizon + 1)]


def test_rows_that_follow_see_the_fitted_ones(airline, fitted):
    """Forecasts of a test part are those of the whole series."""
    whole, part = fitted.predict(airline), fitted.predict(airline[-12:])
    np.testing.assert_array_equal(part, whole[-12:])


def test_rows_after_a_gap_start_cold(airline, fitted):
    """What does not follow the fitted rows has them not for its past."""
    apart = airline[-6:].set_axis(airline.index[-6:] + pd.DateOffset(years=3))
    cold = airline[-6:].set_axis(pd.RangeIndex(6))
    np.testing.assert_allclose(fitted.predict(apart), fitted.predict(cold), rtol=1e-6)


def test_arrays(airline):
    """An array goes in, and arrays come out; forecasts are numbered on."""
    forecaster = SeriesForecaster(linear(), horizon=2).fit(airline.to_numpy())
    predicted = forecaster.predict(airline.to_numpy())
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, SeriesForecaster(linear(), horizon=2).fit(airline).predict(airline))
    assert forecaster.forecast().index.tolist() == [144, 145]
    assert forecaster.update(np.array([1.0, 2.0])).forecast().index.tolist() == [146, 147]
    assert not hasattr(forecaster, "feature_names_in_")


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2026-01-31", periods=40, freq="ME"),
        pd.date_range("2026-01-01", periods=40, freq="h", tz="Europe/Berlin"),
        pd.date_range("2026-01-01", periods=40, freq="B"),
        pd.period_range("2026-01", periods=40, freq="Q"),
        pd.timedelta_range("1h", periods=40, freq="15min"),
        pd.RangeIndex(10, 90, 2),
    ],
    ids=["month ends", "hours with a zone", "business days", "quarters", "durations", "every second number"],
)
def test_times_go_on(index):
    """Forecasts have the times that follow."""
    series = pd.Series(np.sin(np.arange(40.0)), index, name="y")
    forecast = SeriesForecaster(linear(), horizon=5).fit(series[:-5]).forecast()
    assert forecast.index.equals(index[-5:].rename(None))
    np.testing.assert_allclose(forecast["y"], series[-5:], atol=0.1)


# --- update and score -----------------------------------------------------------------------------


def test_update_moves_on(airline):
    """After update, forecasts are those of the pipeline at the last of the new rows."""
    forecaster = SeriesForecaster(linear(), horizon=3, strategy="recursive").fit(airline[:100])
    expected = clone(forecaster).fit(airline[:100]).predict(airline[:120]).iloc[-1]
    for part in (airline[100:101], airline[101:103], airline[103:120]):
        forecaster.update(part)
    np.testing.assert_allclose(forecaster.forecast()["passengers"], expected)
    assert forecaster.forecast().index[0] == airline.index[120]
    assert forecaster.forecast().index.name == "month"


def test_context_is_short(airline):
    """No more rows are kept than a forecast looks back on."""
    forecaster = SeriesForecaster(Pipeline([("difference", Differencer((1, 12))), *linear(5).steps])).fit(airline)
    assert len(forecaster.context_) == 1 + 4 + 13 + 1
    assert forecaster.context_.index[-1] == airline.index[-1]


def test_score_is_r_squared_of_all_pairs(airline):
    """Each forecast whose truth is in the series counts, from the last fitted row on."""
    forecaster = SeriesForecaster(linear(), horizon=2).fit(airline[:132])
    forecasts = forecaster.predict(airline[:144]).to_numpy()
    pairs = [(airline.iloc[row + k + 1], forecasts[row, k]) for row in range(131, 144) for k in (0, 1) if row + k < 143]
    truth, forecast = np.array(pairs).T
    expected = 1 - ((truth - forecast) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert forecaster.score(airline[132:]) == pytest.approx(expected)
    rmse = np.sqrt(((truth - forecast) ** 2).mean())
    assert forecast_scorer("rmse")(forecaster, airline[132:]) == pytest.approx(-rmse)


def test_search(airline):
    """Stock GridSearchCV, without y, over the parameters of the steps inside."""
    search = GridSearchCV(
        SeriesForecaster(linear(), horizon=2, strategy="recursive"),
        {"pipeline__frame__n_steps": [2, 13], "pipeline__scale__method": ["minmax", "standard"]},
        cv=TimeSeriesSplit(3),
        scoring=forecast_scorer("rmse"),
    ).fit(airline)
    assert search.best_params_["pipeline__frame__n_steps"] == 13
    assert search.predict(airline[-2:]).shape == (2, 2)


def test_folds_of_one_horizon(airline):
    """A fold as long as the horizon is enough: the first forecast is made at the last fitted row."""
    cv = TimeSeriesSplit(3, test_size=3)
    scores = GridSearchCV(SeriesForecaster(linear(), horizon=3), {}, cv=cv).fit(airline).cv_results_
    assert np.isfinite(scores["mean_test_score"]).all()


# --- a good citizen -------------------------------------------------------------------------------


def test_clone_keeps_parameters():
    """Cloning keeps every parameter."""
    forecaster = panel_forecaster(horizon=5, calibration=0.3, difference=(1, 7), quantiles=[0.1, 0.9])
    assert clone(forecaster).get_params() == forecaster.get_params()


def test_unknown_parameter():
    """A mistyped parameter is refused, and offered the right one."""
    assert refused(SeriesForecaster, horizn=3, error=TypeError) == snapshot(
        "SeriesForecaster has no parameter 'horizn'. Did you mean 'horizon'? Its parameters are: batch_size, calibration, difference, epochs, freq, future, group, horizon, log, n_members, n_steps, pipeline, quantiles, random_state, scaling, static, strategy, target, time, units, window_scaler."
    )


def test_a_fit_that_fails_loses_nothing(airline):
    """What was fitted before still forecasts."""
    forecaster = SeriesForecaster(linear(), horizon=2).fit(airline)
    before = forecaster.forecast()
    with pytest.raises(ValueError, match="needs at least 3 rows"):
        forecaster.fit(airline[:2].to_frame("other").set_axis(airline.index[:2]))
    pd.testing.assert_frame_equal(forecaster.forecast(), before)


def test_input_stays_as_it_is(airline):
    """Neither the series nor the pipeline is changed."""
    series, pipeline = airline.copy(), linear()
    SeriesForecaster(pipeline).fit(series).predict(series)
    pd.testing.assert_series_equal(series, airline)
    assert not hasattr(pipeline[0], "n_features_in_")


@pytest.mark.slow
def test_fresh_process(fitted, tmp_path):
    """A pickle forecasts the same in another process."""
    path = tmp_path / "forecaster.pkl"
    path.write_bytes(pickle.dumps(fitted))
    out = run_fresh(f"import pickle; print(*pickle.load(open({str(path)!r}, 'rb')).forecast(5).passengers)")
    np.testing.assert_allclose(np.array(out.split(), dtype=float), fitted.forecast(5)["passengers"], rtol=1e-6)


def test_pickle(fitted):
    """A pickle forecasts the same."""
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).forecast(5), fitted.forecast(5))


def test_same_seed_same_forecasts(airline, fitted):
    """random_state decides."""
    again = small(horizon=3).fit(airline[:-12])
    np.testing.assert_array_equal(again.forecast(), fitted.forecast())


@given(rows=st.integers(12, 40), horizon=st.integers(1, 5), n_steps=st.integers(1, 8), steps=st.integers(1, 12))
def test_shapes(rows, horizon, n_steps, steps):
    """Rows are kept, whatever the lengths are."""
    series = pd.Series(np.random.default_rng(rows).normal(size=rows), name="y")
    forecaster = SeriesForecaster(linear(n_steps), horizon=horizon).fit(series)
    predicted = forecaster.predict(series, steps=steps)
    assert predicted.shape == (rows, steps)
    assert np.isfinite(predicted).all(axis=None)
    assert forecaster.forecast(steps).index.tolist() == list(range(rows, rows + steps))
    np.testing.assert_allclose(forecaster.forecast(steps)["y"], predicted.iloc[-1], rtol=1e-6)


def test_rows_without_observation(airline):
    """Rows that were not observed, and targets that are not known, are left out of training."""
    holed = airline.astype(float).copy()
    holed.iloc[[20, 50, 51]] = np.nan
    forecaster = small(horizon=2).fit(holed)
    assert np.isfinite(forecaster.predict(holed)).all(axis=None)
    assert np.isfinite(forecaster.score(holed))


@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.filterwarnings("ignore:SeriesForecaster leaves out:UserWarning")
def test_a_series_full_of_holes(absent):
    """Rows that are absent, or that were not observed, keep no forecaster from finding the target's own past."""
    hours = pd.date_range("2026-01-01", periods=120, freq="h")
    series = pd.Series(20 + 5 * np.sin(np.arange(120) / 4), index=hours, name="load")
    lost = np.random.default_rng(0).random(120) < 0.08
    known = series[~lost] if absent else series.where(~lost)
    pipeline = make_forecast_pipeline(n_steps=6, units=2, epochs=20, learning_rate=0.05, random_state=0)
    forecaster = SeriesForecaster(pipeline, horizon=3)
    forecast = forecaster.fit(known).forecast()["load"]
    assert np.abs(forecast - (20 + 5 * np.sin(np.arange(120, 123) / 4))).max() < 4


# --- refusals -------------------------------------------------------------------------------------


class Drops(TransformerMixin, BaseEstimator):
    """Drops the first row."""

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Return all rows but the first."""
        return X[1:]


REFUSED = {
    "y": (
        lambda airline: small().fit(airline, airline),
        snapshot(
            "SeriesForecaster takes a series and derives y from it, got y too. Call fit(series), and leave y out of a search as well; for X and y of your own use the Pipeline by itself."
        ),
    ),
    "no target": (
        lambda airline: small().fit(with_months(airline)),
        snapshot(
            "SeriesForecaster needs to know which of the columns ['passengers', 'month'] to forecast: pass target='passengers'."
        ),
    ),
    "unknown target": (
        lambda airline: small(target="passenger").fit(with_months(airline)),
        snapshot(
            "SeriesForecaster got target='passenger', which is no column. Did you mean 'passengers'? The columns are: ['passengers', 'month']."
        ),
    ),
    "nothing known": (
        lambda airline: SeriesForecaster(linear(), horizon=12).fit(airline[:12]),
        snapshot(
            "SeriesForecaster(horizon=12) needs rows whose next 12 values are known, got none in 12 rows. Lower the horizon or pass a longer series."
        ),
    ),
    "short": (
        lambda airline: small().fit(airline[:3]),
        snapshot(
            "LagFramer(n_steps=6) needs at least 6 rows, got X of shape (3, 1). Lower n_steps or pass a longer series."
        ),
    ),
    "rows lost": (
        lambda airline: SeriesForecaster(make_pipeline(Drops(), Ridge())).fit(airline),
        snapshot(
            "SeriesForecaster expects steps that keep rows, got 143 samples from 144 rows. Frame with LagFramer, which has a window for every row."
        ),
    ),
    "no recursion": (
        lambda airline: recursive(with_months(airline)),
        snapshot(
            "SeriesForecaster forecasts 1 step at once, and to go on to 3 it needs to know what follows in 'month', too. Fit with horizon=3 and strategy='direct', name in future= what is known ahead, or leave out what is not."
        ),
    ),
}


def with_months(airline):
    return airline.to_frame().assign(month=1.0)


def recursive(table):
    return SeriesForecaster(linear(), horizon=3, target="passengers", strategy="recursive").fit(table)


@pytest.mark.parametrize(("fit", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals_of_fit(airline, fit, message):
    """What cannot be fitted is refused with the reason."""
    assert refused(fit, airline) == message


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda by_lags, _: by_lags.forecast(0),
            snapshot("SeriesForecaster expects steps to be an int of 1 or more, got 0."),
        ),
        (
            lambda by_lags, airline: by_lags.update(airline[-13:]),
            snapshot(
                "SeriesForecaster.update expects rows after 1959-12-01 00:00:00, the last that it knows, got 1959-12-01 00:00:00. Pass only what is new."
            ),
        ),
        (
            lambda by_lags, _: by_lags.predict(pd.DataFrame({"a": [1.0], "b": [2.0]})),
            snapshot(
                "SeriesForecaster was fitted on the columns ['passengers'], got ['a', 'b']. Pass the same columns."
            ),
        ),
        (
            lambda by_lags, airline: by_lags.score(airline[:1]),
            snapshot(
                "SeriesForecaster has nothing to compare forecasts with: no row of 1 is followed by one that was observed. Pass a longer series, or one that follows what was fitted."
            ),
        ),
        (
            lambda by_lags, _: by_lags.forecast(interval=0.9),
            snapshot(
                "SeriesForecaster knows no intervals, and was not told how far its forecasts miss; got 90% and steps=3. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not fitted."
            ),
        ),
        (
            lambda by_lags, _: by_lags.forecast(interval=90),
            snapshot("SeriesForecaster expects the coverage of an interval between 0 and 1, got 90."),
        ),
    ],
    ids=["steps", "known rows", "columns", "nothing to compare", "no intervals", "coverage"],
)
def test_refusals_of_what_follows(airline, by_lags, ask, message):
    """What cannot be forecast is refused with the reason, and nothing is lost by asking."""
    before = by_lags.forecast()
    assert refused(ask, by_lags, airline) == message
    pd.testing.assert_frame_equal(by_lags.forecast(), before)


def test_quantiles_that_make_no_interval(airline):
    """The quantiles of a network make intervals up to its horizon, of their own coverage."""
    forecaster = small(quantiles=[0.05, 0.5, 0.95]).fit(airline)
    assert [refused(forecaster.forecast, 2, interval=0.9), refused(forecaster.forecast, interval=0.8)] == snapshot(
        [
            "SeriesForecaster knows the quantiles [0.05, 0.5, 0.95] up to 1 step ahead, and was not told how far its forecasts miss; got 90% and steps=2. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not fitted.",
            "SeriesForecaster knows the quantiles [0.05, 0.5, 0.95] up to 1 step ahead, and was not told how far its forecasts miss; got 80% and steps=1. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not fitted.",
        ]
    )


@pytest.fixture(scope="module")
def irregular():
    """A forecaster of nine rows at irregular days."""
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta([0, 1, 4, 10, 11, 19, 20, 33, 47], unit="D")
    return SeriesForecaster(linear(2)).fit(pd.Series(np.arange(9.0), days, name="y"))


def test_times_that_nothing_tells(irregular):
    """After irregular rows the times to come are asked for."""
    assert refused(irregular.forecast) == snapshot(
        "SeriesForecaster cannot tell which times follow 2026-02-17 00:00:00: its rows are no regular steps apart, or too few. Bring the series to a regular step, series.resample('D').mean(), or pass future=, a table whose index tells them."
    )


def test_times_that_a_future_tells(irregular):
    """The index of future= says when the rows to come are."""
    ahead = pd.DataFrame({"anything": 0.0}, index=pd.DatetimeIndex(["2026-02-20", "2026-03-01"]))
    assert irregular.forecast(2, future=ahead).index.equals(ahead.index)
