"""make_forecast_pipeline: the Pipeline that the short parameters of SeriesForecaster stand for."""

from inspect import signature

import numpy as np
from forecasters import small
from sizes import EPOCHS, N_TIMESTEPS, UNITS

from sklstm import LagRegressor, LSTMRegressor, SeriesForecaster, SeriesScaler, make_forecast_pipeline
from sklstm.datasets import load_airline
from sklstm.model_selection import TimeTail


def test_steps():
    """Each parameter goes to its step, and differences come first."""
    pipeline = make_forecast_pipeline(n_steps=7, units=9, scaling="robust", difference=(1, 12), log=True)
    assert list(pipeline.named_steps) == ["difference", "scale", "frame", "pad", "to3d", "lstm"]
    assert (pipeline["difference"].lags, pipeline["difference"].log) == ((1, 12), True)
    assert (pipeline["frame"].n_steps, pipeline["lstm"].units, pipeline["scale"].method) == (7, 9, "robust")
    assert "difference" not in make_forecast_pipeline().named_steps


# The forecaster chooses these on the series.
OF_PIPELINE = {"n_steps": 24, "log": False, "linear_skip": True, "patch_length": None}


def test_defaults():
    """Defaults are those of SeriesForecaster, and those that it does not have are those of the steps."""
    of_forecaster = signature(SeriesForecaster).parameters
    of_lstm, of_scaler = signature(LSTMRegressor).parameters, signature(SeriesScaler).parameters
    for name, parameter in signature(make_forecast_pipeline).parameters.items():
        owner = of_forecaster if name in of_forecaster else of_scaler if name == "pooled" else of_lstm
        default = OF_PIPELINE[name] if name in OF_PIPELINE else owner[name].default
        assert parameter.default == default, name


FURTHER = {
    "linear_skip": False,
    "dropout": 0.1,
    "learning_rate": 0.02,
    "validation": TimeTail(0.3, gap=2),
    "patience": 4,
    "verbose": 1,
}


def test_further_parameters():
    """Parameters that SeriesForecaster does not have go to their steps, too."""
    pipeline = make_forecast_pipeline(pooled=True, **FURTHER)
    assert pipeline["scale"].pooled
    assert pipeline["lstm"].get_params(deep=False).items() >= FURTHER.items()
    forecaster = SeriesForecaster(pipeline)
    assert not {"pooled", *FURTHER} & forecaster.get_params(deep=False).keys()
    forecaster.set_params(pipeline__lstm__dropout=0.2, pipeline__lstm__validation__gap=3)
    assert (pipeline["lstm"].dropout, pipeline["lstm"].validation.gap) == (0.2, 3)


def test_window_scaler():
    """Windows are scaled by default, unless differences have no level."""
    assert make_forecast_pipeline()["lstm"].window_scaler == "auto"
    assert make_forecast_pipeline(log=True)["lstm"].window_scaler == "auto"
    assert make_forecast_pipeline(difference=1)["lstm"].window_scaler is None
    assert make_forecast_pipeline(difference=1, window_scaler="last")["lstm"].window_scaler == "last"


def test_known_columns_are_not_differenced():
    """Columns that are static or known ahead keep their values, also if their names come as an array."""
    pipeline = make_forecast_pipeline(difference=1, static=np.array(["size"]), future=("holiday",))
    assert pipeline["difference"].keep == ["size", "holiday"]


def test_same_forecasts():
    """A forecaster of the Pipeline forecasts bit for bit what one of the short parameters forecasts."""
    series = load_airline().data["passengers"]
    pipeline = make_forecast_pipeline(
        n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0, difference=(1, 12)
    )
    expected = small(horizon=3, difference=(1, 12)).fit(series).forecast(5)
    np.testing.assert_array_equal(SeriesForecaster(pipeline, horizon=3).fit(series).forecast(5), expected)


def test_another_regressor():
    """A step can be replaced."""
    pipeline = make_forecast_pipeline(n_steps=3).set_params(lstm=LagRegressor())
    series = load_airline().data["passengers"]
    assert SeriesForecaster(pipeline).fit(series).predict(series).shape == (144, 1)
