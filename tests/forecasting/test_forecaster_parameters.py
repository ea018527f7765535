"""Parameters of SeriesForecaster: each means one thing, in whatever order they are set."""

import pandas as pd
import pytest
from forecasters import linear
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import (
    CNNLSTM,
    Architecture,
    Differencer,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    SeriesForecaster,
    SeriesScaler,
    TrainingPlan,
    forecast_scorer,
    make_forecast_pipeline,
)
from sklstm.datasets import load_airline

SHORT = {
    "static": [None, ["size"]],
    "future": [None, ["holiday"]],
    "n_steps": [5, 24],
    "scaling": [None, "standard", "minmax"],
    "difference": [None, 1, (1, 12)],
    "log": [False, True],
    "units": [4, 32],
    "window_scaler": ["auto", "last", 12, None],
    "quantiles": [None, [0.1, 0.5, 0.9]],
    "epochs": [2, 100],
    "batch_size": [16, 32],
    "random_state": [None, 0],
}
OWN = {
    "horizon": [1, 3],
    "target": [None, "sales"],
    "strategy": ["direct", "recursive", "encoder_decoder"],
    "group": [None, "store"],
    "time": [None, "day"],
    "freq": [None, "D"],
    "calibration": [None, 0.2],
}
# Parameters of steps by the short parameters that do the same.
IN_STEPS = {"n_steps": "frame__n_steps", "scaling": "scale__method"} | {
    name: f"lstm__{name}" for name in ("units", "quantiles", "epochs", "batch_size", "random_state")
}


def some_of(values):
    """A strategy: values for some of the parameters."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(choices) for name, choices in values.items()})


def built(forecaster):
    """Names, types and parameters of the steps that fit gets."""
    return [(name, type(step), step.get_params()) for name, step in forecaster.build_pipeline().steps]


@pytest.fixture(scope="module")
def airline():
    return load_airline().data["passengers"]


# --- any order ------------------------------------------------------------------------------------


@given(short=some_of(SHORT), own=some_of(OWN), data=st.data())
def test_any_order(short, own, data):
    """Set one by one in any order, at once, in __init__ or through a Pipeline, parameters build the same steps."""
    params = short | own
    forecaster = SeriesForecaster()
    for name in data.draw(st.permutations([*params])):
        forecaster.set_params(**{name: params[name]})
    at_once, in_init = SeriesForecaster().set_params(**params), SeriesForecaster(**params)
    for other in (clone(forecaster), at_once, in_init):
        assert other.get_params() == forecaster.get_params() == SeriesForecaster().get_params() | params
        assert built(other) == built(forecaster)
    assert built(SeriesForecaster(make_forecast_pipeline(**short), **own)) == built(forecaster)


@given(short=some_of(SHORT), own=some_of(OWN), data=st.data())
def test_any_order_of_nested_parameters(short, own, data):
    """Parameters of steps and of the forecaster, set one by one in any order, build what the short parameters build."""
    later = own | {f"pipeline__{IN_STEPS[name]}": value for name, value in short.items() if name in IN_STEPS}
    first = {name: value for name, value in short.items() if name not in IN_STEPS}
    forecaster = SeriesForecaster(make_forecast_pipeline(**first))
    for name in data.draw(st.permutations([*later])):
        forecaster.set_params(**{name: later[name]})
    assert forecaster.get_params().items() >= later.items()
    assert clone(forecaster).get_params().keys() == forecaster.get_params().keys()
    assert built(clone(forecaster)) == built(forecaster) == built(SeriesForecaster(**short, **own))


@given(short=some_of(SHORT), own=some_of(OWN))
def test_steps_get_the_parameters(short, own):
    """Each step gets the parameters that it shares with the forecaster."""
    forecaster = SeriesForecaster(**short, **own)
    pipeline = forecaster.build_pipeline()
    for name, inside in IN_STEPS.items():
        value = getattr(forecaster, name)
        assert pipeline.get_params()[inside] == (24 if (name, value) == ("n_steps", "auto") else value)
    keyed = [pipeline[name] for name in ("difference", "scale", "frame") if name in pipeline.named_steps]
    assert {(step.group, step.time) for step in keyed} == {(forecaster.group, forecaster.time)}
    frame, lstm = pipeline["frame"], pipeline["lstm"]
    assert (frame.freq, frame.static, frame.future) == (forecaster.freq, forecaster.static, forecaster.future)
    several = forecaster.future is not None and forecaster.strategy != "recursive"
    assert frame.horizon == (forecaster.horizon if several else 1)
    assert (lstm.architecture == "encoder_decoder") == (forecaster.strategy == "encoder_decoder")
    assert lstm.target_groups == (forecaster.group is not None)
    if "difference" in pipeline.named_steps:
        assert pipeline["difference"].columns == (["sales"] if forecaster.target else None)


# --- searches -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_search_of_short_parameters(airline):
    """best_params_ and best_estimator_ of a search over short parameters agree, and so do the fitted steps."""
    forecaster = SeriesForecaster(units=2, epochs=1, random_state=0).set_params(batch_size=16)
    grid = {"n_steps": [4, 6], "batch_size": [8, 32]}
    search = GridSearchCV(forecaster, grid, cv=TimeSeriesSplit(2), scoring=forecast_scorer("rmse"))
    best = search.fit(airline[:60]).best_estimator_
    lstm = best.pipeline_["lstm"]
    assert {"n_steps": best.n_steps, "batch_size": best.batch_size} == search.best_params_
    assert {"n_steps": best.pipeline_["frame"].n_steps, "batch_size": lstm.batch_size} == search.best_params_
    assert len(set(search.cv_results_["mean_test_score"])) == 4


def test_search_of_the_steps(airline):
    """The same for a search over parameters of steps."""
    forecaster = SeriesForecaster(make_forecast_pipeline(difference=1).set_params(lstm=LagRegressor()))
    grid = {"pipeline__frame__n_steps": [2, 12], "pipeline__difference__lags": [None, 1]}
    search = GridSearchCV(forecaster, grid, cv=TimeSeriesSplit(2), scoring=forecast_scorer("rmse")).fit(airline)
    best = search.best_estimator_
    assert best.get_params().items() >= search.best_params_.items()
    assert best.pipeline_.get_params()["frame__n_steps"] == search.best_params_["pipeline__frame__n_steps"]
    assert len(set(search.cv_results_["mean_test_score"])) == 4


# --- parameters that are set later ----------------------------------------------------------------


def test_no_pipeline():
    """Without a pipeline again, the short parameters hold as they were set."""
    forecaster = SeriesForecaster(n_steps=7).set_params(pipeline=linear()).set_params(pipeline=None)
    assert forecaster.n_steps == forecaster.build_pipeline()["frame"].n_steps == 7


def test_horizon_and_strategy():
    """A horizon and a strategy that are set after a parameter of a step reach the steps."""
    forecaster = SeriesForecaster(make_forecast_pipeline(future=["holiday"])).set_params(pipeline__lstm__dropout=0.1)
    pipeline = forecaster.set_params(horizon=5, strategy="encoder_decoder").build_pipeline()
    assert (pipeline["frame"].horizon, pipeline["lstm"].architecture) == (5, "encoder_decoder")
    # The pipeline of the forecaster itself stays as it was passed.
    assert (forecaster.pipeline["frame"].horizon, forecaster.pipeline["lstm"].architecture) == (1, "vanilla")


def test_strategy_and_options_of_the_architecture():
    """The strategy sets the network of an Architecture, which keeps its options; the one that was passed stays."""
    given = Architecture(recurrent_dropout=0.1)
    pipeline = make_forecast_pipeline().set_params(lstm__architecture=given)
    forecaster = SeriesForecaster(pipeline, strategy="encoder_decoder")
    built = forecaster.build_pipeline()["lstm"].architecture
    assert (built.network, built.recurrent_dropout) == ("encoder_decoder", 0.1)
    assert given.network == "vanilla"
    pipeline.set_params(lstm__architecture=CNNLSTM())
    assert refused(forecaster.build_pipeline) == snapshot(
        "SeriesForecaster(strategy='encoder_decoder') needs LSTMRegressor(architecture='encoder_decoder') as the last step, got architecture=CNNLSTM() in the step 'lstm'. Pass strategy='direct', or change the step."
    )


def test_the_value_that_a_step_has(airline):
    """Setting the value that a step has changes no forecast: differences are still those of the target alone."""
    table = airline.to_frame().assign(month=airline.index.month)
    pipeline = make_forecast_pipeline(difference=1, n_steps=3).set_params(lstm=LagRegressor())
    forecaster = SeriesForecaster(pipeline, target="passengers").fit(table)
    again = clone(forecaster).set_params(pipeline__difference__lags=1).fit(table)
    assert again.pipeline_["difference"].columns == forecaster.pipeline_["difference"].columns == ["passengers"]
    pd.testing.assert_frame_equal(again.predict(table), forecaster.predict(table))


def test_target_beside_known_columns(airline):
    """Columns that the framer of a pipeline knows ahead are not the target."""
    table = airline.to_frame().assign(month=airline.index.month)
    pipeline = make_pipeline(LagFramer(3, future=["month"]), LagRegressor())
    assert SeriesForecaster(pipeline, horizon=2).fit(table).target_ == "passengers"


def test_defaults_that_are_spelled_out(airline):
    """A short parameter that is passed at its default is accepted beside a pipeline."""
    forecaster = SeriesForecaster(
        linear(), batch_size=int("32"), n_steps="".join(["au", "to"]), window_scaler="".join(["au", "to"])
    )
    assert forecaster.fit(airline).predict(airline).shape == (144, 1)


# --- a pipeline in a panel ------------------------------------------------------------------------


def test_scaling_of_a_panel():
    """A scaler without a group scales X and y of each series by itself for an LSTM, and of all alike for others."""
    keys = {"group": "store", "time": "day"}

    def scaling(scaler, regressor):
        pipeline = SeriesForecaster(make_pipeline(scaler, LagFramer(3), regressor), **keys).build_pipeline()
        return pipeline[0].group, pipeline[0].pooled, getattr(pipeline[-1], "target_groups", None)

    assert scaling(SeriesScaler(), LSTMRegressor()) == ("store", False, True)
    assert scaling(SeriesScaler(pooled=True), LSTMRegressor()) == ("store", True, False)
    assert scaling(SeriesScaler(group="store"), LSTMRegressor()) == ("store", False, "auto")
    assert scaling(SeriesScaler(), LagRegressor()) == ("store", True, None)


# --- refusals -------------------------------------------------------------------------------------

NESTED = {
    "n_steps": (
        {"pipeline__frame__n_steps": 36},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__frame__n_steps=36. Set n_steps=36, which does the same."
        ),
    ),
    "epochs": (
        {"horizon": 3, "pipeline__lstm__epochs": 9},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__lstm__epochs=9. Set epochs=9, which does the same."
        ),
    ),
    "scaling": (
        {"pipeline__scale__method": "minmax"},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__scale__method='minmax'. Set scaling='minmax', which does the same."
        ),
    ),
    "horizon": (
        {"pipeline__frame__horizon": 3},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__frame__horizon=3. Set horizon=3, which does the same."
        ),
    ),
    "no short parameter": (
        {"pipeline__lstm__dropout": 0.2},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__lstm__dropout=0.2. Pass pipeline=make_forecast_pipeline(n_steps=12) in place of these parameters to set parameters of its steps."
        ),
    ),
    "a step": (
        {"pipeline__lstm": LagRegressor()},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__lstm=LagRegressor(). Pass pipeline=make_forecast_pipeline(n_steps=12) in place of these parameters to set parameters of its steps."
        ),
    ),
    "mistyped": (
        {"pipeline__lstm__epcohs": 9},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__lstm__epcohs=9. Did you mean 'epochs'? Pass pipeline=make_forecast_pipeline(n_steps=12) in place of these parameters to set parameters of its steps."
        ),
    ),
    "unknown": (
        {"pipeline__colour": 1},
        snapshot(
            "SeriesForecaster(pipeline=None) has no step in which to set pipeline__colour=1. Pass pipeline=make_forecast_pipeline(n_steps=12) in place of these parameters to set parameters of its steps."
        ),
    ),
}


@pytest.mark.parametrize(("params", "message"), NESTED.values(), ids=NESTED)
def test_no_steps(params, message):
    """Without a pipeline, a parameter of a step is refused, and nothing is changed."""
    forecaster = SeriesForecaster(n_steps=12)
    before = forecaster.get_params()
    assert refused(forecaster.set_params, **params) == message
    assert forecaster.get_params() == before


def test_no_steps_and_defaults():
    """A Pipeline of the defaults is offered where all short parameters have them."""
    assert refused(SeriesForecaster().set_params, pipeline__lstm__training=TrainingPlan(stride=2)) == snapshot(
        "SeriesForecaster(pipeline=None) has no step in which to set pipeline__lstm__training=TrainingPlan(stride=2). Pass pipeline=make_forecast_pipeline() to set parameters of its steps."
    )


@pytest.mark.parametrize(
    ("name", "unknown"),
    [("pipeline__lstm__droput", "droput"), ("pipeline__nothing__units", "nothing"), ("horizn", "horizn")],
)
def test_a_refused_call_changes_nothing(name, unknown):
    """Neither the forecaster nor its steps change if one of several names is unknown."""
    forecaster = SeriesForecaster(make_forecast_pipeline())
    before = forecaster.get_params()
    params = {"horizon": 5, "pipeline__frame__n_steps": 36, name: 0.1}
    with pytest.raises(ValueError, match=f" parameter '{unknown}'"):
        forecaster.set_params(**params)
    assert forecaster.get_params() == before
    assert forecaster.pipeline["frame"].n_steps == 24


def test_a_pipeline_and_its_parameters():
    """A pipeline and parameters of its steps may be set in one call, and are not changed if it is refused."""
    forecaster, lstm = SeriesForecaster(), LSTMRegressor()
    forecaster.set_params(pipeline__frame__n_steps=3, pipeline=make_forecast_pipeline())
    assert forecaster.pipeline["frame"].n_steps == 3
    with pytest.raises(ValueError, match="droput"):
        forecaster.set_params(pipeline__lstm=lstm, pipeline__lstm__units=3, pipeline__lstm__droput=1)
    assert lstm.units == 32
    assert forecaster.pipeline["lstm"] is not lstm


def forecaster_of(*steps, **params):
    return SeriesForecaster(make_pipeline(*steps, LagRegressor(LinearRegression())), **params)


REFUSED = {
    "short parameter": (
        SeriesForecaster(make_forecast_pipeline(), n_steps=7),
        snapshot(
            "SeriesForecaster got a pipeline and n_steps=7, which only applies with pipeline=None. Set pipeline__frame__n_steps instead, or leave out the pipeline."
        ),
    ),
    "short parameter of no step": (
        SeriesForecaster(make_forecast_pipeline(), difference=1),
        snapshot(
            "SeriesForecaster got a pipeline and difference=1, which only applies with pipeline=None. Set the parameter of the step instead, or leave out the pipeline."
        ),
    ),
    "group": (
        forecaster_of(LagFramer(3, group="day"), group="shop", time="day"),
        snapshot(
            "SeriesForecaster(group='shop') got a pipeline whose step 'lagframer' has group='day'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "group of the framer alone": (
        forecaster_of(LagFramer(3, group="shop"), time="day"),
        snapshot(
            "SeriesForecaster(group=None) got a pipeline whose step 'lagframer' has group='shop'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "group of the scaler": (
        forecaster_of(SeriesScaler(group="day"), LagFramer(3), group="shop"),
        snapshot(
            "SeriesForecaster(group='shop') got a pipeline whose step 'seriesscaler' has group='day'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "time": (
        forecaster_of(LagFramer(3, time="day"), group="shop"),
        snapshot(
            "SeriesForecaster(time=None) got a pipeline whose step 'lagframer' has time='day'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "time of a Differencer": (
        forecaster_of(Differencer(time="shop"), LagFramer(3), time="day"),
        snapshot(
            "SeriesForecaster(time='day') got a pipeline whose step 'differencer' has time='shop'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "horizon": (
        forecaster_of(LagFramer(3, future=["holiday"], horizon=2), horizon=3),
        snapshot(
            "SeriesForecaster(horizon=3) got a pipeline whose step 'lagframer' has horizon=2. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "freq": (
        forecaster_of(LagFramer(3, freq="h"), freq="D"),
        snapshot(
            "SeriesForecaster(freq='D') got a pipeline whose step 'lagframer' has freq='h'. Pass the same value to both, or leave it out of the step."
        ),
    ),
    "architecture": (
        SeriesForecaster(make_pipeline(LSTMRegressor(architecture="stacked")), strategy="encoder_decoder"),
        snapshot(
            "SeriesForecaster(strategy='encoder_decoder') needs LSTMRegressor(architecture='encoder_decoder') as the last step, got architecture='stacked' in the step 'lstmregressor'. Pass strategy='direct', or change the step."
        ),
    ),
    "no decoder": (
        forecaster_of(LagFramer(3), strategy="encoder_decoder"),
        snapshot(
            "SeriesForecaster(strategy='encoder_decoder') needs LSTMRegressor(architecture='encoder_decoder') as the last step, got LagRegressor in the step 'lagregressor'. Pass strategy='direct', or change the step."
        ),
    ),
}


@pytest.mark.parametrize(("forecaster", "message"), REFUSED.values(), ids=REFUSED)
def test_contradictions(forecaster, message):
    """A pipeline that contradicts the forecaster is refused."""
    assert refused(forecaster.build_pipeline) == message


def test_contradictions_in_fit(airline):
    """So it is in fit."""
    forecaster = SeriesForecaster(linear(), n_steps=7)
    assert refused(forecaster.fit, airline) == refused(forecaster.build_pipeline)


def test_the_same_freq():
    """An offset and its name are the same freq."""
    pipeline = forecaster_of(LagFramer(3, freq=pd.offsets.Hour()), freq="h").build_pipeline()
    assert pipeline["lagframer"].freq == pd.offsets.Hour()


def test_parameters_of_the_pipeline_alone():
    """A parameter that only make_forecast_pipeline has is an error that says so."""
    with pytest.raises(TypeError) as caught:
        SeriesForecaster(patience=3)
    assert str(caught.value) == snapshot(
        "SeriesForecaster has no parameter 'patience'. Pass a pipeline: SeriesForecaster(make_forecast_pipeline(patience=...))."
    )
