"""`sklstm tune`: search time steps, scaling and network together, and hold the winner against doing nothing."""

import math
import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline

from sklstm import LagFramer, LSTMRegressor, Persistence, SeasonalNaive, SequencePadder, SeriesScaler, To3D
from sklstm.cli._console import ProgressBar, load_keras_silently
from sklstm.cli._report import plot_forecast, print_scores
from sklstm.cli._series_file import read_series, season_of
from sklstm.preprocessing import make_supervised

# Updates of the weights in an epoch: fewer learn too slowly, more take longer on a long series for little.
UPDATES_PER_EPOCH = 6

# What a parameter of the pipeline is called in the table of candidates.
COLUMNS = {
    "frame__n_steps": "time steps",
    "scale__method": "scaling",
    "lstm__window_scaler": "window scaling",
    "lstm__units": "units",
}


def tune(args):
    """Run the command: read, search, test once, write what came of it."""
    series = read_series(args.data, args.target, args.time)
    X, y = make_supervised(series.table, target=series.target)
    n_test = math.ceil(args.test_fraction * len(X))
    X_train, y_train, X_test, y_test = X[:-n_test], y[:-n_test], X[-n_test:], y[-n_test:]
    _refuse_short(args, len(X_train))
    cv = TimeSeriesSplit(args.cv)
    season = args.season or season_of(series.table.index)
    _announce(series, X_train, X_test)

    grid = {
        "frame__n_steps": args.time_steps,
        "scale__method": args.scaling,
        "lstm__window_scaler": [None if choice == "none" else choice for choice in args.window_scaling],
        "lstm__units": args.units,
    }
    load_keras_silently()
    search = _search(lstm_pipeline(args, len(X_train)), grid, cv, args, X_train, y_train)
    rivals = _rivals(args.time_steps, season, len(X_train) // (args.cv + 1))
    rival_scores = {name: _cross_validate(rival, X_train, y_train, cv) for name, rival in rivals.items()}
    rivals = _keep_best_ridge(rivals, rival_scores)
    candidates = _candidates(search, {name: rival_scores[name] for name in rivals})
    print_scores(f"cross-validated RMSE, in units of {series.target}", candidates)

    forecasts = {"LSTM": pd.Series(search.best_estimator_.predict(X_test), X_test.index)}
    for name, rival in rivals.items():
        forecasts[name] = pd.Series(_fit(rival, X_train, y_train).predict(X_test), X_test.index)
    tested = pd.DataFrame(
        {"RMSE": {name: root_mean_squared_error(y_test, forecast) for name, forecast in forecasts.items()}}
    )
    tested["against persistence"] = tested["RMSE"] / tested["RMSE"]["persistence"]
    title = f"test RMSE on the last {n_test} rows, opened once, after every choice was made"
    print_scores(title, tested.rename_axis("model").reset_index())
    _write(args, series, search, candidates, y, y_test, forecasts, tested)


def lstm_pipeline(args, n_samples):
    """The stock pipeline whose parameters are searched."""
    batch_size = 2 ** min(8, max(4, round(math.log2(n_samples / UPDATES_PER_EPOCH))))
    return Pipeline(
        [
            ("scale", SeriesScaler()),
            ("frame", LagFramer(n_steps=1)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            (
                "lstm",
                LSTMRegressor(epochs=args.epochs, batch_size=batch_size, learning_rate=0.01, random_state=args.seed),
            ),
        ]
    )


def ridge_pipeline(n_steps):
    """Ridge on the same windows: one changed line, and lags that are not there filled in."""
    return Pipeline(
        [
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps=n_steps, flatten=True)),
            ("fill", SimpleImputer()),
            ("ridge", RidgeCV(alphas=np.logspace(-3, 3, 13))),
        ]
    )


def _rivals(time_steps, season, shortest_fold):
    """What the LSTM has to beat, by name: Ridge, the last season once more, and no change at all."""
    rivals = {f"Ridge on {n_steps} time steps": ridge_pipeline(n_steps) for n_steps in time_steps}
    if season and season <= shortest_fold:
        naive = Pipeline([("frame", LagFramer(n_steps=season)), ("naive", SeasonalNaive(season))])
        rivals[f"seasonal naive ({season})"] = naive
    rivals["persistence"] = Pipeline([("frame", LagFramer(n_steps=1)), ("naive", Persistence())])
    return rivals


def _refuse_short(args, n_train):
    # TimeSeriesSplit's first fold trains on what the folds of equal length leave at the start.
    shortest = n_train - args.cv * (n_train // (args.cv + 1))
    needed = max(10, *args.time_steps)
    if shortest < needed:
        raise ValueError(
            f"{args.data} is too short: with --cv {args.cv} and --test-fraction {args.test_fraction} the first fold "
            f"trains on {shortest} rows, and needs {needed}. Lower --time-steps or --cv, or bring a longer series."
        )


def _announce(series, X_train, X_test):
    first, last, cut = X_train.index[0], X_test.index[-1], X_test.index[0]
    for column in series.left_out:
        print(f"left out: column {column!r} holds text")
    columns = ", ".join(series.table.columns)
    print(f"{series.name}: {len(X_train) + len(X_test)} rows of {columns}, {_when(first)} to {_when(last)}")
    print(f"each row forecasts the next value of {series.target}; the rows from {_when(cut)} on are kept for the test")


def _when(label):
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) and label == label.normalize() else str(label)


def _search(pipeline, grid, cv, args, X, y):
    """The stock grid search. Threads share one TensorFlow, and the progress bar."""
    n_candidates = math.prod(map(len, grid.values()))
    jobs = args.jobs or joblib.cpu_count()
    fits = f"{n_candidates} candidates x {cv.n_splits} folds, {jobs} at a time"
    if not sys.stderr.isatty():
        print(fits, flush=True)
    with ProgressBar(n_candidates * cv.n_splits, fits) as progress, joblib.parallel_config("threading"):

        def negative_rmse(estimator, X, y):
            score = -root_mean_squared_error(y, estimator.predict(X))
            progress.advance()
            return score

        search = GridSearchCV(pipeline, grid, cv=cv, scoring=negative_rmse, n_jobs=jobs, error_score="raise")
        return search.fit(X, y)


def _fit(model, X, y):
    """Fit a rival; rows whose lags are not all there do not count for Ridge, whose filled-in values they would bend."""
    if "ridge" not in model.named_steps:
        return clone(model).fit(X, y)
    complete = (np.arange(len(X)) >= model["frame"].n_steps - 1).astype(float)
    return clone(model).fit(X, y, ridge__sample_weight=complete)


def _cross_validate(model, X, y, cv):
    """RMSE on each fold."""
    folds = cv.split(X)
    return np.array(
        [
            root_mean_squared_error(y.iloc[test], _fit(model, X.iloc[train], y.iloc[train]).predict(X.iloc[test]))
            for train, test in folds
        ]
    )


def _keep_best_ridge(rivals, scores):
    ridges = [name for name in rivals if name.startswith("Ridge")]
    best = min(ridges, key=lambda name: scores[name].mean())
    return {name: rival for name, rival in rivals.items() if name not in ridges or name == best}


def _candidates(search, rival_scores):
    """A row for each candidate, best first, then one for each rival."""
    results = pd.DataFrame(search.cv_results_)
    table = pd.DataFrame({name: results[f"param_{parameter}"] for parameter, name in COLUMNS.items()})
    table = table.astype(object).where(table.notna(), "none")
    table.insert(0, "model", "LSTM")
    table["RMSE"], table["spread over folds"] = -results["mean_test_score"], results["std_test_score"]
    table = table.sort_values("RMSE", kind="stable")
    rivals = pd.DataFrame(
        [
            {"model": name, "RMSE": scores.mean(), "spread over folds": scores.std()}
            for name, scores in rival_scores.items()
        ]
    )
    return pd.concat([table, rivals], ignore_index=True)


def _write(args, series, search, candidates, y, y_test, forecasts, tested):
    out = Path(args.out or f"sklstm-{series.name}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "pipeline.pkl").write_bytes(pickle.dumps(search.best_estimator_))
    candidates.to_csv(out / "candidates.csv", index=False)
    written = ["pipeline.pkl", "candidates.csv"]
    if plot_forecast(out / "forecast.png", series.target, y, y_test, forecasts, tested["RMSE"]):
        written.append("forecast.png")
    print(f"\nwritten to {out}: {', '.join(written)}")
    print(f"use it in a new process: sklstm predict {out / 'pipeline.pkl'} {args.data}")
