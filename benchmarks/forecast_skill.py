"""How good forecasts are with nothing set: SeriesForecaster beside Ridge, statistical models, LightGBM and networks.

One protocol for all: the first three quarters of a series are fitted, once. Each of the other rows is an origin in
turn, from which the values of the next rows are forecast as if nothing later were known: one row ahead, and a season
ahead (all rows of the season are compared). Nothing is tuned by the user, and nothing is fitted again.

- sklstm: SeriesForecaster(horizon), which chooses its look-back by itself; three seeds, of which the mean is reported
  and the spread printed.
- Ridge: RidgeCV of scikit-learn on 24 lags, standardised, with an output for each row ahead.
- AutoETS and AutoTheta of statsforecast, which are given the season. Their states move on with each origin. They take
  seasons of 24 rows at most, and are left out for long series.
- LightGBM on 24 lags of first differences, by mlforecast, which forecasts one row after the other.
- LSTM and NHITS of neuralforecast, with a look-back of two seasons (24 rows at least) and of seven, 500 steps on short
  series and 1,000 on long ones, other parameters at their defaults.

RMSE is relative to that of the last season's value (of the last value where there is no season) on the same origins;
MASE is relative to its mean absolute error within the rows that were fitted. Panels are fitted as a whole, and MASE is
a mean over series: Ridge is one for all series, on windows relative to their last value and divided by the standard
deviation of their series.

Run it: python benchmarks/forecast_skill.py short --peers statsforecast mlforecast
It needs an environment of its own, because mlforecast requires pandas below 3: see README.md.
"""

import argparse
import logging
import os
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import sklearn
import tensorflow as tf
from _report import print_machine, print_table
from _series_of_packages import long_series, panels, short_series
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.linear_model import RidgeCV

import sklstm
from sklstm import SeriesForecaster

SEEDS = (0, 1, 2)
FITTED = 0.75
LAGS = 24
PENALTIES = np.logspace(-3, 4, 15)
LONG = 5000


class Case:
    """A series, and how far ahead it is forecast.

    Attributes
    ----------
    origins : ndarray of int of shape (n_origins,)
        Last known row of each forecast.
    truth : ndarray of shape (n_origins, horizon)
        Values to forecast.
    """

    def __init__(self, task, horizon):
        self.name, self.series, self.season = task
        self.horizon, self.values = horizon, self.series.to_numpy()
        self.n_fitted = round(FITTED * len(self.values))
        self.origins = np.arange(self.n_fitted - 1, len(self.values) - horizon)
        self.truth = self.ahead(self.values)[self.origins]

    def ahead(self, values):
        """The next values of each row but the last ones, (n_rows - horizon, horizon)."""
        return sliding_window_view(values[1:], self.horizon)

    def seasonal_naive(self):
        """The value one season before each that is forecast."""
        steps = np.arange(1, self.horizon + 1)
        back = steps - self.season * -(-steps // self.season)
        return self.values[self.origins[:, None] + back]

    def scores(self, forecasts):
        """Relative RMSE and MASE."""
        naive = np.sqrt(np.mean((self.seasonal_naive() - self.truth) ** 2))
        known = self.values[: self.n_fitted]
        scale = np.mean(np.abs(known[self.season :] - known[: -self.season]))
        rmse = np.sqrt(np.mean((forecasts - self.truth) ** 2))
        return rmse / naive, np.mean(np.abs(forecasts - self.truth)) / scale


# --- models, each of which returns forecasts of shape (n_origins, horizon) ------------------------


def by_sklstm(case, seed):
    """The forecaster with nothing set."""
    model = SeriesForecaster(horizon=case.horizon, random_state=seed).fit(case.series[: case.n_fitted])
    return model.predict(case.series).to_numpy()[case.origins]


def by_ridge(case):
    """Ridge regression on lags."""
    known = case.values[: case.n_fitted]
    scaled = (case.values - known.mean()) / known.std()
    n_lags = min(LAGS, case.n_fitted // 3)
    windows = sliding_window_view(scaled, n_lags)
    learned = np.arange(n_lags - 1, case.n_fitted - case.horizon)
    model = RidgeCV(PENALTIES).fit(windows[learned - n_lags + 1], case.ahead(scaled)[learned])
    forecasts = model.predict(windows[case.origins - n_lags + 1]).reshape(len(case.origins), -1)
    return forecasts * known.std() + known.mean()


def by_statsforecast(case, name):
    """A model of statsforecast, whose state moves on with each origin."""
    from statsforecast import models

    model = getattr(models, name)(season_length=case.season if case.season <= LAGS else 1)
    model.fit(case.values[: case.n_fitted])
    return np.array([model.forward(case.values[: end + 1], h=case.horizon)["mean"] for end in case.origins])


def by_mlforecast(case):
    """LightGBM on lags of first differences."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences

    model = MLForecast(
        LGBMRegressor(verbosity=-1), freq=1, lags=range(1, LAGS + 1), target_transforms=[Differences([1])]
    )
    folds = model.cross_validation(
        _long_table(case), n_windows=len(case.origins), h=case.horizon, step_size=1, refit=False
    )
    return _by_cutoff(folds, "LGBMRegressor")


def by_neuralforecast(case, name, n_seasons):
    """A network of neuralforecast."""
    from neuralforecast import NeuralForecast, models

    look_back = max(LAGS, n_seasons * case.season)
    model = getattr(models, name)(
        h=case.horizon,
        input_size=look_back,
        max_steps=1000 if len(case.values) >= LONG else 500,
        scaler_type="standard",
        random_seed=0,
        start_padding_enabled=True,
        **{"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False},
    )
    folds = NeuralForecast([model], freq=1).cross_validation(
        _long_table(case),
        n_windows=None,
        test_size=len(case.values) - case.n_fitted,
        step_size=1,
        val_size=0,
        refit=False,
    )
    return _by_cutoff(folds, name)


def _long_table(case):
    rows = np.arange(len(case.values))
    return pd.DataFrame({"unique_id": "series", "ds": rows, "y": case.values})


def _by_cutoff(folds, name):
    """Forecasts of a cross-validation, one row for each origin."""
    folds = folds.reset_index().sort_values(["cutoff", "ds"])
    return folds[name].to_numpy().reshape(folds["cutoff"].nunique(), -1)


def models_to_compare(peers, is_long):
    """Names and functions of a case, each with the parameters of its runs."""
    models = {"sklstm": [(by_sklstm, (seed,)) for seed in SEEDS], "Ridge, 24 lags": [(by_ridge, ())]}
    if "statsforecast" in peers and not is_long:
        models |= {name: [(by_statsforecast, (name,))] for name in ("AutoETS", "AutoTheta")}
    if "mlforecast" in peers:
        models["LightGBM"] = [(by_mlforecast, ())]
    if "neuralforecast" in peers:
        models |= {
            f"{name}, {n_seasons} seasons": [(by_neuralforecast, (name, n_seasons))]
            for name in ("LSTM", "NHITS")
            for n_seasons in (2, 7)
        }
    return models


# --- series by themselves -------------------------------------------------------------------------


def compare_series(tasks, peers):
    """Relative RMSE and MASE of each model for each series, one row and a season ahead."""
    results, spreads = {}, []
    for task in tasks:
        is_long = len(task.series) >= LONG
        for horizon in (1, max(4, task.season)):
            case = Case(task, horizon)
            for name, runs in models_to_compare(peers, is_long).items():
                begin = time.perf_counter()
                scores = np.array([case.scores(model(case, *params)) for model, params in runs])
                seconds = (time.perf_counter() - begin) / len(runs)
                results[(task.name, horizon), name] = (*scores.mean(axis=0), seconds)
                if len(runs) > 1:
                    spreads.append(scores[:, 0].std(ddof=1) / scores[:, 0].mean())
    names = list(dict.fromkeys(name for _, name in results))
    cases = list(dict.fromkeys(case for case, _ in results))
    rows = [
        [case, str(horizon), *(f"{results[(case, horizon), name][0]:.3f}" for name in names)] for case, horizon in cases
    ]
    print("RMSE relative to the seasonal naive forecast")
    print_table(["series", "rows ahead", *names], rows)
    print("Geometric means over series")
    print_table(["", *names], _means(results, names, cases))
    print(f"Seeds of sklstm differ by {np.mean(spreads):.4f} of the RMSE (mean standard deviation).")
    worse = [results[case, "sklstm"][0] / results[case, "Ridge, 24 lags"][0] for case in cases]
    print(
        f"Worse than Ridge by more than 5 % in {sum(ratio > 1.05 for ratio in worse)} of {len(worse)} cases, at worst "
        f"by a factor of {max(worse):.2f}."
    )


def _means(results, names, cases):
    """Rows of geometric means: relative RMSE by horizon, MASE, and seconds for a fit with its forecasts."""
    rows = []
    for title, chosen in (
        ("relative RMSE, all", cases),
        ("relative RMSE, one row ahead", [case for case in cases if case[1] == 1]),
        ("relative RMSE, a season ahead", [case for case in cases if case[1] > 1]),
    ):
        rows.append([title, *(f"{_mean(results, name, chosen, 0):.3f}" for name in names)])
    rows.append(["MASE, all", *(f"{_mean(results, name, cases, 1):.3f}" for name in names)])
    rows.append(["seconds", *(f"{np.mean([results[case, name][2] for case in cases]):.1f}" for name in names)])
    return rows


def _mean(results, name, cases, which):
    return np.exp(np.mean([np.log(results[case, name][which]) for case in cases]))


# --- panels ---------------------------------------------------------------------------------------


class PanelCase:
    """A panel of series of the same times, and how far ahead it is forecast.

    Attributes
    ----------
    values : ndarray of shape (n_series, n_times)
        All values.
    origins : range
        Last known time of each forecast: those of the last two seasons.
    """

    def __init__(self, panel, horizon):
        self.name, self.table, self.season = panel
        self.horizon = horizon
        self.values = self.table.pivot(index="unique_id", columns="ds", values="y").to_numpy()
        self.n_fitted = self.values.shape[1] - 2 * self.season
        self.origins = range(self.n_fitted - 1, self.values.shape[1] - horizon)
        known = self.values[:, : self.n_fitted]
        self.scales = np.mean(np.abs(known[:, self.season :] - known[:, : -self.season]), axis=1)

    @property
    def learned(self):
        """The rows to fit."""
        times = np.sort(self.table.ds.unique())
        return self.table[self.table.ds < times[self.n_fitted]]

    def mase(self, forecasts):
        """Mean over series, of forecasts of shape (n_series, n_origins, horizon)."""
        truth = np.stack([self.values[:, end + 1 : end + 1 + self.horizon] for end in self.origins], axis=1)
        errors = np.abs(forecasts - truth).mean(axis=(1, 2))
        return float(np.mean((errors / self.scales)[self.scales > 0]))


def panel_by_sklstm(case, seed):
    """The forecaster with nothing set but what names series, times and target."""
    model = SeriesForecaster(horizon=case.horizon, group="unique_id", time="ds", target="y", random_state=seed)
    forecasts = model.fit(case.learned).predict(case.table).to_numpy()
    return forecasts.reshape(*case.values.shape, -1)[:, list(case.origins)]


def panel_by_ridge(case):
    """One ridge regression for all series."""
    spread = case.values[:, : case.n_fitted].std(axis=1, keepdims=True)
    scaled = case.values / np.where(spread > 0, spread, 1)
    windows = sliding_window_view(scaled, LAGS, axis=1)
    last = windows[..., -1:]

    def rows(ends):
        places = np.asarray(ends) - LAGS + 1
        return (windows - last)[:, places].reshape(-1, LAGS)

    ends = np.arange(LAGS - 1, case.n_fitted - case.horizon)
    targets = sliding_window_view(scaled[:, 1:], case.horizon, axis=1)[:, ends] - scaled[:, ends, None]
    model = RidgeCV(PENALTIES).fit(rows(ends), targets.reshape(-1, case.horizon))
    changes = model.predict(rows(case.origins)).reshape(len(scaled), len(case.origins), -1)
    return (changes + scaled[:, list(case.origins), None]) * spread[:, :, None]


def panel_by_statsforecast(case):
    """AutoETS of each series."""
    from statsforecast.models import AutoETS

    forecasts = []
    for values in case.values:
        model = AutoETS(season_length=case.season).fit(values[: case.n_fitted])
        forecasts.append([model.forward(values[: end + 1], h=case.horizon)["mean"] for end in case.origins])
    return np.array(forecasts)


def panel_by_mlforecast(case):
    """One LightGBM for all series."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    model = MLForecast(
        LGBMRegressor(verbosity=-1),
        freq=1,
        lags=range(1, LAGS + 1),
        target_transforms=[Differences([1]), LocalStandardScaler()],
    )
    table = case.table.assign(ds=case.table.groupby("unique_id").cumcount())
    folds = model.cross_validation(table, n_windows=len(case.origins), h=case.horizon, step_size=1, refit=False)
    folds = folds.reset_index().sort_values(["unique_id", "cutoff", "ds"])
    return folds["LGBMRegressor"].to_numpy().reshape(len(case.values), len(case.origins), -1)


def compare_panels(found, peers):
    """MASE of each model for each panel, one row and a season ahead."""
    models = {"sklstm": [(panel_by_sklstm, (seed,)) for seed in SEEDS], "Ridge, 24 lags": [(panel_by_ridge, ())]}
    if "statsforecast" in peers:
        models["AutoETS"] = [(panel_by_statsforecast, ())]
    if "mlforecast" in peers:
        models["LightGBM"] = [(panel_by_mlforecast, ())]
    rows = []
    for panel in found:
        for horizon in (1, panel.season):
            case, row = PanelCase(panel, horizon), []
            for runs in models.values():
                begin = time.perf_counter()
                scores = [case.mase(model(case, *params)) for model, params in runs]
                row.append(f"{np.mean(scores):.3f} ({(time.perf_counter() - begin) / len(runs):.0f} s)")
            rows.append([panel.name, str(horizon), *row])
    print("MASE, mean over series, and seconds for a fit with its forecasts")
    print_table(["panel", "rows ahead", *models], rows)


def main():
    """Run what is asked for, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["short"], choices=["short", "long", "panels"])
    parser.add_argument("--peers", nargs="*", default=[], choices=["statsforecast", "mlforecast", "neuralforecast"])
    parser.add_argument("--only", nargs="*", help="Series whose names begin so.")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print_machine(sklstm, sklearn, keras, tf)
    chosen = tuple(args.only or ("",))
    for name in args.sets:
        found = {"short": short_series, "long": long_series, "panels": panels}[name]()
        found = [one for one in found if one.name.startswith(chosen)]
        print(f"## {name}: {len(found)} series" if name != "panels" else f"## panels: {len(found)}")
        (compare_panels if name == "panels" else compare_series)(found, args.peers)


if __name__ == "__main__":
    main()
