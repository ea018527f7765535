"""A panel forecast on real data: one scale for all series or one for each, beside doing nothing.

Seattle's weather, 2012 to 2015, as a panel of four series: precipitation, highest and lowest temperature, and wind of
each day. One network forecasts the next day of each. One stock GridSearchCV over rows in time order chooses the scaling
(one set of coefficients for all series, or one for each), and the number of time steps; the score is the skill against
persistence, 1 - RMSE / RMSE of "tomorrow is like today", as the mean over the four series. The last year is kept back.

Run it: python benchmarks/panel_forecast.py
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import sklearn
from _report import print_machine, print_table
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

import sklstm
from sklstm import LagFramer, LSTMRegressor, PanelTimeSeriesSplit, SequencePadder, SeriesScaler, To3D, make_supervised
from sklstm.datasets import load_seattle_weather

DAYS_TO_TEST = 365
STEPS = [7, 14]


def load_panel():
    """A row for each day and variable, in time order, and the next day's value."""
    weather = load_seattle_weather().data
    panel = weather.rename_axis(index="date", columns="variable").stack().to_frame("value")
    return make_supervised(panel, group="variable", time="date")


def skills(model, X, y):
    """1 - RMSE / RMSE of persistence, of each variable."""
    table = X.assign(model=(model.predict(X) - y) ** 2, persistence=(X["value"] - y) ** 2)
    errors = table.groupby(level="variable")[["model", "persistence"]].mean() ** 0.5
    return 1 - errors["model"] / errors["persistence"]


def mean_skill(model, X, y):
    """What the search maximises."""
    return skills(model, X, y).mean()


def main():
    """Search, and print the skill of the best candidate of each scaling on the days kept back."""
    print_machine(sklstm, sklearn)
    X, y = load_panel()
    dates = X.index.get_level_values("date")
    train = np.asarray(dates < np.unique(dates)[-DAYS_TO_TEST])
    pipe = Pipeline(
        [
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps=7, group="variable", time="date")),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", LSTMRegressor(units=16, epochs=15, batch_size=64, random_state=0)),
        ]
    )
    ways = {
        "one scale for all": {"scale__group": [None], "lstm__target_groups": [False]},
        "a scale for each": {"scale__group": ["variable"], "lstm__target_groups": [True]},
    }
    grid = [way | {"frame__n_steps": STEPS} for way in ways.values()]
    search = GridSearchCV(pipe, grid, cv=PanelTimeSeriesSplit(3, group="variable"), scoring=mean_skill)
    search.fit(X[train], y[train])
    rows = []
    for name, way in ways.items():
        own = [
            k
            for k, params in enumerate(search.cv_results_["params"])
            if params["scale__group"] == way["scale__group"][0]
        ]
        best = max(own, key=lambda k: search.cv_results_["mean_test_score"][k])
        params = search.cv_results_["params"][best]
        model = sklearn.clone(pipe).set_params(**params).fit(X[train], y[train])
        by_variable = skills(model, X[~train], y[~train])
        cross_validated = search.cv_results_["mean_test_score"][best]
        rows.append([name, str(params["frame__n_steps"]), f"{cross_validated:.3f}", f"{by_variable.mean():.3f}"])
        rows[-1] += [f"{skill:.3f}" for skill in by_variable]
    print_table(["scaling", "time steps", "cross-validated", "test", *by_variable.index], rows)
    print(f"The search chose: {search.best_params_}")


if __name__ == "__main__":
    main()
