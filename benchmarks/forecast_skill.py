"""How good forecasts are: sklstm's LSTM beside Ridge on the same windows, the last season once more, and persistence.

Three shipped series: airline (months), sunspots (years) and the daily maximum temperature of Seattle. Of each the first
two thirds are fitted; every row from there on is an origin in turn, from which the values of the next rows are forecast
as if nothing later were known: one row ahead, and a season ahead. Nothing is fitted again. The look-back is 24 rows (14
days for the temperature), and what is taken from the series first (nothing, or trend and season) is chosen for the LSTM
and for Ridge alike, by a backtest within the first two thirds. Figures are means over three seeds; RMSE is in units of
the series; MASE is relative to the mean error of the last season's value (of the last value, where there is no season)
within the rows that were fitted.

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
from sklearn.pipeline import Pipeline

import sklstm
from sklstm import Differencer, LagFramer, SeriesForecaster, SeriesScaler, backtest
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
            # Differences have no level to take out.
            window_scaler=None if lags else "standard",
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

    def choose(self, model, horizon):
        """The difference with which a model errs least within the rows to fit."""
        known = self.series[: self.n_fitted]

        def error(difference):
            result = backtest(model(horizon, difference, 0), known, initial=0.67, metrics=["rmse"])
            return result.scores()["rmse"].iloc[0]

        return min(self.differences, key=error)

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
        difference = task.choose(model, horizon)
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
    weather = load_seattle_weather().data[["temp_max"]]
    tasks = [
        Task("airline", load_airline().data, 12, 24, [(None, False), (1, False), ((1, 12), True)], 100),
        Task("sunspots", load_sunspots().data, 11, 24, [(None, False), (1, False), (11, False)], 100),
        Task("temp_max", weather, 7, 14, [(None, False), (1, False)], 20),
    ]
    rows = [row for task in tasks for horizon in (1, task.season) for row in compare(task, horizon)]
    print_table(["series", "rows ahead", "model", "RMSE", "MASE", "RMSE ratio"], rows)
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
