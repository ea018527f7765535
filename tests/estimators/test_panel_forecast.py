"""One network for several series of different levels, on real data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
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
    lstm = LSTMRegressor(units=8, epochs=12, batch_size=64, learning_rate=0.01, random_state=0)
    model = make_pipeline(
        SeriesScaler("standard"), LagFramer(7, group="variable", time="date"), SequencePadder(), To3D(), lstm
    )
    for_all = {"seriesscaler__group": [None], "lstmregressor__target_groups": [False]}
    for_each = {"seriesscaler__group": ["variable"], "lstmregressor__target_groups": [True]}
    search = GridSearchCV(
        model, [for_all, for_each], cv=PanelTimeSeriesSplit(2, group="variable"), scoring=skill, error_score="raise"
    ).fit(X, y)
    assert search.best_params_["seriesscaler__group"] == "variable"
    dates = X.index.get_level_values("date")
    early = np.asarray(dates < dates[int(0.7 * len(dates))])
    best = clone(search.best_estimator_).fit(X[early], y[early])
    assert skill(best, X[~early], y[~early]) > 0
