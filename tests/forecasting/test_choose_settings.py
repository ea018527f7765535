import numpy as np
import pandas as pd
import pytest
from sizes import UNITS

from sklstm import SeriesForecaster

RNG = np.random.default_rng(0)


def monthly(n_rows=120, noise=1.0):
    """A trend, a season of months, and noise."""
    rows = np.arange(n_rows)
    values = 100 + rows + 20 * np.sin(2 * np.pi * rows / 12) + noise * RNG.normal(size=n_rows)
    return pd.Series(values, index=pd.date_range("2016", periods=n_rows, freq="MS"), name="sales")


def hourly(n_days=60):
    """A season of days, which is lower on weekends."""
    hours = pd.date_range("2024-01-01", periods=24 * n_days, freq="h")
    day = np.sin(2 * np.pi * hours.hour / 24) * np.where(hours.day_of_week < 5, 1.0, 0.3)
    return pd.Series(day + 0.1 * RNG.normal(size=len(hours)), index=hours, name="load")


def small(**params):
    return SeriesForecaster(units=UNITS, epochs=1, random_state=0, **params)


def test_what_is_chosen_is_told():
    """Fitted attributes tell the look-back, the window scaling and the logarithm."""
    model = small().fit(monthly())
    assert model.n_steps_ in (13, 24, 25, 37)
    assert (model.window_scaler_, model.log_, model.patch_length_) == ("last", False, None)
    assert model.pipeline_["frame"].n_steps == model.n_steps_
    assert model.get_params()["n_steps"] == "auto"


def test_what_is_given_is_kept():
    """Parameters that are set are not chosen."""
    model = small(n_steps=5, window_scaler="mean", log=True).fit(monthly())
    assert (model.n_steps_, model.window_scaler_, model.log_) == (5, "mean", True)
    assert model.pipeline_["lstm"].window_scaler == "mean"
    assert "difference" in model.pipeline_.named_steps


def test_differences_have_no_level():
    """With differences windows are not scaled, and the look-back is chosen for the differences."""
    model = small(difference=(1, 12)).fit(monthly())
    assert (model.window_scaler_, model.log_) == (None, False)
    assert model.n_steps_ in (12, 13, 24, 25, 37)
    logarithms = small(difference=(1, 12), log=True, window_scaler="mean").fit(monthly())
    assert (logarithms.window_scaler_, logarithms.log_) == ("mean", True)
    assert logarithms.pipeline_["difference"].log


def test_a_look_back_of_weeks():
    """Hours have days and weeks; the LSTM reads a long look-back in patches of a day."""
    model = small().fit(hourly())
    assert model.n_steps_ in (169, 337)
    assert model.patch_length_ == 24
    assert model.pipeline_["lstm"].architecture.patch_length == 24
    assert model.forecast().shape == (1, 1)


def test_rows_without_times():
    """Where no times tell the season, the changes of the series do."""
    model = small().fit(monthly().to_numpy())
    assert model.n_steps_ in (12, 13, 24, 25, 37)
    assert small().fit(np.arange(12.0)).n_steps_ == 4


def test_a_panel():
    """Series of a panel have one setting, whatever their scales; rows may come in any order of series."""
    table = pd.concat(
        [monthly().rename("sales").to_frame().assign(store=store) * ([factor, 1] if store else [1, 1])
         for store, factor in ((1, 1), (2, 1000))]
    ).reset_index(names="month")  # fmt: skip
    model = small(group="store", time="month", target="sales").fit(table)
    assert (model.window_scaler_, model.log_) == ("last", False)
    mixed = small(group="store", time="month", target="sales").fit(table.sort_values("month"))
    assert mixed.n_steps_ == model.n_steps_


def test_rows_that_were_not_observed():
    """Gaps do not stop the choice."""
    series = monthly()
    series.iloc[50:53] = np.nan
    assert small().fit(series).n_steps_ in (12, 13, 24, 25, 37)


def test_with_a_pipeline_nothing_is_chosen():
    """A pipeline has its own settings."""
    from sklstm import make_forecast_pipeline

    model = SeriesForecaster(make_forecast_pipeline(n_steps=6, units=UNITS, epochs=1)).fit(monthly())
    assert not hasattr(model, "n_steps_")


@pytest.mark.parametrize("name", ["n_steps", "log"])
def test_wrong_values(name):
    """Anything else is refused by name."""
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SeriesForecaster"):
        small(**{name: "automatic"}).fit(monthly())
