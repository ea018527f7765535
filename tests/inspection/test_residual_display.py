import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LagRegressor, SeriesForecaster
from sklstm.inspection import ResidualDisplay

MONTHS = pd.period_range("2024-01", periods=30, freq="M", name="month")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def observed():
    return pd.Series(np.random.default_rng(0).normal(100, 5, size=30), index=MONTHS, name="sales")


class Forecaster:
    """The interface of SeriesForecaster: it forecasts that each value stays."""

    group = time = None
    target_ = "sales"

    def forecast(self, steps=None):
        """Not asked for."""

    def predict(self, series, steps=None):
        return pd.DataFrame({f"sales(t+{k + 1})": series for k in range(steps)}, index=series.index)


def test_data_drawn(observed):
    """Residuals are drawn at their times, counted, and in the units of y."""
    predicted = observed + np.arange(30.0) - 15
    display = ResidualDisplay.from_predictions(observed, predicted)
    residuals = 15 - np.arange(30.0)
    assert_allclose(display.line_.get_ydata(), residuals)
    assert_array_equal(display.line_.get_xdata(orig=True), MONTHS.to_timestamp().to_numpy())
    assert sum(bar.get_height() for bar in display.histogram_) == 30
    assert display.axes_[0].get_ylabel() == "residual of sales\n(observed - predicted)"
    assert display.axes_[0].get_xlabel() == "month"
    assert display.axes_[1].get_legend_handles_labels()[1] == ["mean 0.5, standard deviation 8.66"]


@given(
    values=st.lists(st.one_of(st.floats(-100, 100), st.just(np.nan)), min_size=3, max_size=40),
    n_lags=st.integers(1, 45),
)
def test_autocorrelation(values, n_lags):
    """The autocorrelation is that of a loop over lags and pairs, which leaves out pairs that miss a value."""
    values = np.array(values)
    if not np.isfinite(values).any():
        return
    display = ResidualDisplay.from_predictions(values, np.zeros(len(values)), n_lags=n_lags)
    plt.close(display.figure_)
    deviations = [value - np.nanmean(values) for value in values]
    variance = sum(deviation**2 for deviation in deviations if not np.isnan(deviation))
    assert len(display.autocorrelation_) == min(n_lags, len(values) - 1)
    assert_allclose(display.bound_, 1.96 / np.sqrt(np.isfinite(values).sum()))
    if variance < 1e-9:
        return
    for lag, correlation in enumerate(display.autocorrelation_, start=1):
        products = [deviations[k] * deviations[k + lag] for k in range(len(values) - lag)]
        assert_allclose(correlation, np.nansum(products) / variance, atol=1e-9)


def test_like_statsmodels(observed):
    """The autocorrelation is the one of statsmodels."""
    stattools = pytest.importorskip("statsmodels.tsa.stattools", reason="the extra stats is not installed")
    display = ResidualDisplay.from_predictions(observed, np.full(30, 99.0))
    expected = stattools.acf(observed - 99, nlags=len(display.autocorrelation_))
    assert_allclose(display.autocorrelation_, expected[1:])


def test_constant_residuals():
    """Residuals that do not vary have no autocorrelation."""
    assert np.isnan(ResidualDisplay.from_predictions(np.ones(5), np.zeros(5)).autocorrelation_).all()


def test_step_ahead(observed):
    """Of several steps ahead one is chosen."""
    y = pd.DataFrame({"sales(t+1)": observed, "sales(t+2)": observed * 2})
    display = ResidualDisplay.from_predictions(y, np.zeros((30, 2)), step=2)
    assert_allclose(display.line_.get_ydata(), observed * 2)
    assert repr(display) == "ResidualDisplay(30 residuals of sales(t+2))"
    assert ResidualDisplay.from_predictions(np.ones((4, 2)), np.zeros((4, 2)), step=2).name == "y, step 2"


def test_from_estimator(observed):
    """A regressor's residuals are those of its predictions."""
    X = np.arange(30.0)[:, None]
    model = LinearRegression().fit(X, observed)
    display = ResidualDisplay.from_estimator(model, X, observed)
    same = ResidualDisplay.from_predictions(observed, model.predict(X))
    pd.testing.assert_series_equal(display.residuals, same.residuals)
    assert display.name == same.name == "sales"


@pytest.mark.parametrize("step", [1, 3])
def test_from_forecaster(observed, step):
    """A forecast is compared with the value so many rows later, at the time of that value."""
    display = ResidualDisplay.from_estimator(Forecaster(), observed, step=step)
    expected = (observed - observed.shift(step)).dropna()
    pd.testing.assert_series_equal(display.residuals, expected, check_names=False)
    assert display.name == f"sales(t+{step})"


def test_search_over_forecasters(observed):
    """A search stands for its best forecaster."""
    search = LinearRegression()
    search.best_estimator_ = Forecaster()
    display = ResidualDisplay.from_estimator(search, observed, step=2)
    assert_allclose(display.residuals, ResidualDisplay.from_estimator(Forecaster(), observed, step=2).residuals)


def test_across_a_hole(observed):
    """No forecast is compared with a value behind a hole in the index."""
    display = ResidualDisplay.from_estimator(Forecaster(), observed.drop(MONTHS[10:15]))
    assert MONTHS[15] not in display.residuals.index
    assert len(display.residuals) == 23


def test_series_forecaster(observed):
    """A real SeriesForecaster is compared at each row with its own forecasts."""
    forecaster = SeriesForecaster(make_pipeline(LagFramer(3), LagRegressor()), horizon=2).fit(observed[:20])
    later = observed[20:]
    display = ResidualDisplay.from_estimator(forecaster, later, step=2)
    forecasts = forecaster.predict(later).iloc[:, 1]
    assert_allclose(display.residuals, later.to_numpy()[2:] - forecasts[:-2])
    assert display.residuals.index.equals(later.index[2:])


def test_where_to_draw(observed):
    """Three axes are taken as they are; one is shared out."""
    _, axes = plt.subplots(3)
    assert ResidualDisplay.from_predictions(observed, observed * 0, ax=axes).axes_.tolist() == axes.tolist()
    _, ax = plt.subplots()
    assert ResidualDisplay.from_predictions(observed, observed * 0, ax=ax).figure_ is ax.figure


def test_what_was_not_observed(observed):
    """What was not observed leaves a gap, and is not counted."""
    observed.iloc[3] = np.nan
    display = ResidualDisplay.from_predictions(observed, observed * 0)
    assert np.isnan(display.line_.get_ydata()[3])
    assert sum(bar.get_height() for bar in display.histogram_) == 29


@pytest.mark.parametrize(
    ("y_true", "y_pred", "step", "message"),
    [
        (
            [1.0, 2.0],
            [1.0],
            1,
            snapshot(
                "ResidualDisplay.from_predictions expects y_true and y_pred of one shape, (n_samples,) or (n_samples, n_steps), got (2,) and (1,)."
            ),
        ),
        (
            np.ones((3, 2)),
            np.ones((3, 2)),
            3,
            snapshot("ResidualDisplay.from_predictions expects step to be an int from 1 to 2, the steps of y, got 3."),
        ),
        (
            pd.Series([1.0, 2.0], index=[1, 2]),
            pd.Series([1.0, 2.0], index=[1, 3]),
            1,
            snapshot(
                "ResidualDisplay.from_predictions expects y_true and y_pred of the same times, got indexes that differ: they begin with 1 and 1, and end with 2 and 3."
            ),
        ),
        (
            [np.nan],
            [1.0],
            1,
            snapshot("ResidualDisplay got no residual that is a number: nothing was observed where it was predicted."),
        ),
        (
            pd.Series([1.0], index=pd.MultiIndex.from_tuples([("A", 1)], names=["store", "day"])),
            [1.0],
            1,
            snapshot(
                "ResidualDisplay draws one series, got a MultiIndex of ['store', 'day']. Pass one series, with its times for an index."
            ),
        ),
    ],
    ids=["shapes", "step", "times", "NaN", "a panel"],
)
def test_refused(y_true, y_pred, step, message):
    """What does not fit is refused."""
    assert refused(ResidualDisplay.from_predictions, y_true, y_pred, step=step) == message


def test_forecaster_refused(observed):
    """A forecaster takes one series, and no y; other estimators need y."""
    draw = ResidualDisplay.from_estimator
    assert refused(draw, Forecaster(), observed, observed) == snapshot(
        "ResidualDisplay.from_estimator takes no y for a Forecaster: the series holds the truth."
    )
    assert refused(draw, LinearRegression(), observed) == snapshot(
        "ResidualDisplay.from_estimator needs y for LinearRegression: what was observed for each row of X."
    )
    assert refused(draw, Forecaster(), observed, step=0) == snapshot(
        "ResidualDisplay.from_estimator expects step to be an int of 1 or more, got 0."
    )
    assert refused(draw, Forecaster(), observed[:2], step=2) == snapshot(
        "ResidualDisplay.from_estimator got a series of 2 rows, in which nothing was observed 2 rows after another. "
        "Pass a longer series, or a smaller step."
    )
    forecaster = Forecaster()
    forecaster.group = "store"
    table = pd.DataFrame({"store": ["A", "B", "A", "B"], "sales": 1.0}, index=[1, 1, 2, 2])
    assert refused(draw, forecaster, table) == snapshot(
        "ResidualDisplay.from_estimator draws one series, got 2: 'A', 'B'. Pass the rows of one of them."
    )


def test_no_matplotlib(monkeypatch):
    """Without matplotlib it is said how to get it."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert refused(ResidualDisplay.from_predictions, [1.0], [1.0], error=ImportError) == snapshot(
        "ResidualDisplay.from_predictions needs matplotlib: pip install 'sklstm[plot]'"
    )
