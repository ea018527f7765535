"""How good forecasts are: sklstm's LSTM beside Ridge on the same windows, the last season once more, and persistence.

Three shipped series: airline (months), sunspots (years) and the daily maximum temperature of Seattle. Of each the first
two thirds are fitted; every row from there on is an origin in turn, from which the values of the next rows are forecast
as if nothing later were known: one row ahead, and a season ahead. Nothing is fitted again. The look-back (one season or
two), and what is taken from the series first (nothing, or trend and season), are chosen for the LSTM and for Ridge
alike, by TimeSeriesSplit(3) within the first two thirds, over the same seeds. Figures are means over three seeds; RMSE
is in units of the series; MASE is relative to the mean error of the last season's value within the rows that were
fitted.

Run it: python benchmarks/forecast_skill.py
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import sklearn
import tensorflow as tf
from _report import print_machine, print_table
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline

import sklstm
from sklstm import Differencer, LagFramer, LagRegressor, SeriesForecaster, SeriesScaler, backtest, forecast_scorer
from sklstm.datasets import load_airline, load_seattle_weather, load_sunspots

SEEDS = (0, 1, 2)


class Task:
    """A series, and the choices that are open to LSTM and Ridge alike."""

    def __init__(self, name, series, season, differences, epochs):
        self.name, self.series, self.season, self.epochs = name, series, season, epochs
        self.choices = [(n_steps, *difference) for n_steps in (season, 2 * season) for difference in differences]
        self.n_fitted = len(series) * 2 // 3

    def lstm(self, horizon, choice, seed):
        """Sklstm's forecaster with its defaults."""
        n_steps, lags, log = choice
        return SeriesForecaster(
            horizon=horizon,
            n_steps=n_steps,
            difference=lags,
            log=log,
            epochs=self.epochs,
            random_state=seed,
        )

    def ridge(self, horizon, choice, seed):
        """Ridge on the same windows, through the same forecaster."""
        n_steps, lags, log = choice
        steps = [
            ("difference", Differencer(lags, log=log)),
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps)),
            ("ridge", LagRegressor()),
        ]
        return SeriesForecaster(Pipeline(steps), horizon=horizon)

    def choose(self, model, horizon, seeds):
        """Look-back and differences with which a model errs least in cross-validation over time, in the rows to fit."""
        known, scoring = self.series[: self.n_fitted], forecast_scorer("rmse")

        def score(choice):
            folds = TimeSeriesSplit(3, test_size=len(known) // 6)
            models = [model(horizon, choice, seed) for seed in seeds]
            return np.mean([cross_val_score(one, known, cv=folds, scoring=scoring) for one in models])

        return max(self.choices, key=score)

    def score(self, model, horizon, choice, seed):
        """RMSE and MASE of a model on the last third, and of the baselines."""
        return backtest(
            model(horizon, choice, seed),
            self.series,
            initial=self.n_fitted,
            metrics=["rmse", "mase"],
            season=self.season,
        ).scores()


def describe(choice):
    """What was chosen, for the table."""
    n_steps, lags, log = choice
    taken = "" if lags is None else f", {'log, ' if log else ''}differences {lags}"
    return f"{n_steps} steps{taken}"


def compare(task, horizon):
    """Rows of the table for one series and one horizon."""
    rows, scores = [], []
    for name, model, seeds in [("sklstm LSTM", task.lstm, SEEDS), ("Ridge, same windows", task.ridge, (0,))]:
        choice = task.choose(model, horizon, seeds)
        scores = [task.score(model, horizon, choice, seed) for seed in seeds]
        mean = np.mean([score.iloc[0] for score in scores], axis=0)
        rows.append([f"{name} ({describe(choice)})", *mean])
    rows += [[name, *scores[0].loc[name]] for name in scores[0].index[1:]]
    ours = rows[0][1]
    return [
        [task.name, str(horizon), name, f"{rmse:.4g}", f"{mase:.2f}", f"{rmse / ours:.2f}"] for name, rmse, mase in rows
    ]


def main():
    """Run all backtests, and print a table."""
    print_machine(sklstm, sklearn, keras, tf)
    begin = time.perf_counter()
    usual = [(None, False), (1, False)]
    weather = load_seattle_weather().data[["temp_max"]]
    tasks = [
        Task("airline", load_airline().data, 12, [*usual, ((1, 12), False), ((1, 12), True)], 100),
        Task("sunspots", load_sunspots().data, 11, [*usual, (11, False)], 100),
        Task("temp_max", weather, 7, usual, 20),
    ]
    rows = [row for task in tasks for horizon in (1, task.season) for row in compare(task, horizon)]
    print_table(["series", "rows ahead", "model", "RMSE", "MASE", "RMSE ratio"], rows)
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
