"""One network for several series of different levels, on real data."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor, PanelTimeSeriesSplit, SequencePadder, SeriesScaler, To3D, make_supervised
from sklstm.datasets import load_seattle_weather


@pytest.fixture(scope="module")
def weather():
    """Two years of rain, temperatures and wind as a panel of four series, and the next day of each."""
    table = load_seattle_weather().data[:700]
    panel = table.rename_axis(index="date", columns="variable").stack().to_frame("value")
    return make_supervised(panel, group="variable", time="date")


def skill(model, X, y):
    """1 - RMSE / RMSE of persistence, as a mean over the series."""
    table = X.assign(model=(model.predict(X) - y) ** 2, persistence=(X["value"] - y) ** 2)
    errors = table.groupby(level="variable")[["model", "persistence"]].mean() ** 0.5
    return float((1 - errors["model"] / errors["persistence"]).mean())


def test_a_scale_for_each_series_beats_one_for_all(weather):
    """In one stock search over scaling, a scale for each series wins, and beats persistence of each."""
    X, y = weather
    lstm = LSTMRegressor(units=8, epochs=10, batch_size=256, learning_rate=0.05, random_state=0)
    model = make_pipeline(
        SeriesScaler("standard"), LagFramer(7, group="variable", time="date"), SequencePadder(), To3D(), lstm
    )
    for_all = {"seriesscaler__group": [None]}
    for_each = {"seriesscaler__group": ["variable"]}
    folds = PanelTimeSeriesSplit(2, group="variable")
    search = GridSearchCV(model, [for_all, for_each], cv=folds, scoring=skill, error_score="raise", refit=False)
    search.fit(X, y)
    assert search.best_params_["seriesscaler__group"] == "variable"
    assert search.best_score_ > 0


@pytest.mark.parametrize("params", [{"window_scaler": "last"}, {"window_scaler": "mean", "linear_skip": True}], ids=str)
def test_own_past_of_series_that_are_scaled_by_themselves(weather, params):
    """Levels and a linear path of each series' own past, in its own units, beat persistence of each on later days."""
    X, y = weather
    dates = X.index.get_level_values("date")
    early = np.asarray(dates < dates[int(0.7 * len(dates))])
    lstm = LSTMRegressor(
        units=4, epochs=8, batch_size=256, learning_rate=0.02, target_groups=True, random_state=0, **params
    )
    model = make_pipeline(
        SeriesScaler("standard", group="variable"), LagFramer(7, group="variable", time="date", context="never"), lstm
    )
    model.fit(X[early], y[early])
    assert skill(model, X[~early], y[~early]) > 0


def test_arrays_by_metadata(weather):
    """Series of arrays come as metadata, which is routed, also in a search."""
    X, y = weather
    X, y, groups = X.to_numpy()[:400], y.to_numpy()[:400], X.index.get_level_values("variable")[:400].to_numpy()
    with config_context(enable_metadata_routing=True):
        scaler, framer = (
            step.set_fit_request(groups=True).set_transform_request(groups=True)
            for step in (SeriesScaler("standard"), LagFramer(3))
        )
        # The windows tell the estimator.
        lstm = LSTMRegressor(units=2, epochs=2, target_groups=True, random_state=0)
        lstm.set_fit_request(groups=False).set_predict_request(groups=False)
        model = make_pipeline(scaler, framer, lstm)
        search = GridSearchCV(model, {"lagframer__n_steps": [2, 3]}, cv=GroupKFold(2), error_score="raise")
        search.fit(X, y, groups=groups)
        predicted = search.best_estimator_.predict(X, groups=groups)
    assert predicted.shape == y.shape
    table = pd.DataFrame(X, columns=["value"]).assign(variable=groups)
    by_name = make_pipeline(
        SeriesScaler("standard", group="variable"),
        LagFramer(search.best_params_["lagframer__n_steps"], group="variable"),
        LSTMRegressor(units=2, epochs=2, target_groups=True, random_state=0),
    )
    assert_array_equal(by_name.fit(table, y).predict(table), predicted)
