"""How good forecasts are: sklstm's LSTM beside Ridge on the same windows, the last season once more, and persistence.

Three shipped series: airline (months), sunspots (years) and the daily maximum temperature of Seattle. Of each the first
two thirds are fitted; every row from there on is an origin in turn, from which the values of the next rows are forecast
as if nothing later were known: one row ahead, and a season ahead. Nothing is fitted again. The look-back is 24 rows (14
days for the temperature). What is taken from the series first (nothing, or trend and season) is chosen for the LSTM and
for Ridge alike, by TimeSeriesSplit(3) within the first two thirds, over the same seeds. Figures are means over three
seeds; RMSE is in units of the series; MASE is relative to the mean error of the last season's value within the rows
that were fitted.

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
from sklstm import Differencer, LagFramer, SeriesForecaster, SeriesScaler, backtest, forecast_scorer
from sklstm.cli._rivals import CompleteRidge
from sklstm.datasets import load_airline, load_seattle_weather, load_sunspots

SEEDS = (0, 1, 2)


class Task:
    """A series, and the choices that are open to LSTM and Ridge alike."""

    def __init__(self, name, series, season, n_steps, differences, epochs):
        self.name, self.series, self.season, self.n_steps = name, series, season, n_steps
        self.differences, self.epochs = differences, epochs
        self.n_fitted = len(series) * 2 // 3

    def lstm(self, horizon, difference, seed):
        """Sklstm's forecaster with its defaults."""
        lags, log = difference
        return SeriesForecaster(
            horizon=horizon,
            n_steps=self.n_steps,
            difference=lags,
            log=log,
            epochs=self.epochs,
            random_state=seed,
        )

    def ridge(self, horizon, difference, seed):
        """Ridge on the same windows, through the same forecaster."""
        lags, log = difference
        steps = [
            ("difference", Differencer(lags, log=log)),
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(self.n_steps, flatten=True)),
            ("ridge", CompleteRidge()),
        ]
        return SeriesForecaster(Pipeline(steps), horizon=horizon)

    def choose(self, model, horizon, seeds):
        """The difference with which a model errs least in cross-validation over time, within the rows to fit."""
        known, scoring = self.series[: self.n_fitted], forecast_scorer("rmse")

        def score(difference):
            folds = TimeSeriesSplit(3, test_size=len(known) // 6)
            models = [model(horizon, difference, seed) for seed in seeds]
            return np.mean([cross_val_score(one, known, cv=folds, scoring=scoring) for one in models])

        return max(self.differences, key=score)

    def score(self, model, horizon, difference, seed):
        """RMSE and MASE of a model on the last third, and of the baselines."""
        return backtest(
            model(horizon, difference, seed),
            self.series,
            initial=self.n_fitted,
            metrics=["rmse", "mase"],
            season=self.season,
        ).scores()


def describe(difference):
    """What was taken from the series, for the table."""
    lags, log = difference
    return "as it is" if lags is None else f"{'log, ' if log else ''}differences {lags}"


def compare(task, horizon):
    """Rows of the table for one series and one horizon."""
    rows, scores = [], []
    for name, model, seeds in [("sklstm LSTM", task.lstm, SEEDS), ("Ridge, same windows", task.ridge, (0,))]:
        difference = task.choose(model, horizon, seeds)
        scores = [task.score(model, horizon, difference, seed) for seed in seeds]
        mean = np.mean([score.iloc[0] for score in scores], axis=0)
        rows.append([f"{name} ({describe(difference)})", *mean])
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
        Task("airline", load_airline().data, 12, 24, [*usual, (12, True), ((1, 12), False), ((1, 12), True)], 100),
        Task("sunspots", load_sunspots().data, 11, 24, [*usual, (11, False)], 100),
        Task("temp_max", weather, 7, 14, usual, 20),
    ]
    rows = [row for task in tasks for horizon in (1, task.season) for row in compare(task, horizon)]
    print_table(["series", "rows ahead", "model", "RMSE", "MASE", "RMSE ratio"], rows)
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
