"""Forecasters whose network is an ensemble."""

from numpy.testing import assert_allclose, assert_array_equal
from sizes import UNITS

from sklstm import SeriesForecaster, make_forecast_pipeline

SMALL = {"n_steps": 12, "units": UNITS, "epochs": 1, "random_state": 0}


def test_forecasts_are_means(airline):
    """Forecasts are means over the members of the last step."""
    passengers = airline[0].iloc[:, 0]
    model = SeriesForecaster(horizon=3, n_members=2, log=False, **SMALL).fit(passengers)
    windows = model.pipeline_[:-1].transform(passengers.to_frame())
    members = model.pipeline_[-1].predict_members(windows)
    assert members.shape == (2, len(passengers), 3)
    assert_allclose(model.predict(passengers), members.mean(axis=0), rtol=1e-5)


def test_members_of_a_pipeline(airline):
    """The short parameter does what that of make_forecast_pipeline does."""
    passengers = airline[0].iloc[:, 0]
    short = SeriesForecaster(horizon=3, n_members=2, log=False, **SMALL).fit(passengers)
    patches = {"patch_length": short.patch_length_, "window_scaler": short.window_scaler_}
    pipeline = make_forecast_pipeline(n_members=2, **patches, **SMALL)
    whole = SeriesForecaster(pipeline, horizon=3).fit(passengers)
    assert_array_equal(whole.forecast(), short.forecast())
