"""`sklstm tune`: search time steps, scaling and network together, and hold the winner against doing nothing."""

import math
import pickle
import shlex
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline

from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D
from sklstm.cli._console import ProgressBar, load_keras_silently
from sklstm.cli._report import plot_forecast, print_scores
from sklstm.cli._rivals import find_rivals
from sklstm.cli._series_file import read_series
from sklstm.preprocessing._season import season_of
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
    rivals = find_rivals(X_train, y_train, cv, time_steps=args.time_steps, season=season)
    candidates = _candidates(search, rivals)
    print_scores(f"cross-validated RMSE, in units of {series.target}", candidates)

    models = {"LSTM": search.best_estimator_} | {rival.name: rival.fit(X_train, y_train) for rival in rivals}
    forecasts = {name: model.predict(X_test) for name, model in models.items()}
    errors = {name: root_mean_squared_error(y_test, forecast) for name, forecast in forecasts.items()}
    tested = pd.DataFrame({"model": errors.keys(), "RMSE": errors.values()})
    tested["against persistence"] = tested["RMSE"] / errors["persistence"]
    print_scores(f"test RMSE on the last {n_test} rows, opened once, after every choice was made", tested)
    forecasts = {f"{name}, RMSE {errors[name]:.3g}": forecast for name, forecast in forecasts.items()}
    _write(args, series, search.best_estimator_, candidates, y, forecasts)


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
                LSTMRegressor(
                    linear_skip=True,
                    epochs=args.epochs,
                    batch_size=batch_size,
                    learning_rate=0.01,
                    random_state=args.seed,
                ),
            ),
        ]
    )


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


def _candidates(search, rivals):
    """A row for each candidate, best first, then one for each rival."""
    results = pd.DataFrame(search.cv_results_)
    table = pd.DataFrame({name: results[f"param_{parameter}"] for parameter, name in COLUMNS.items()})
    table = table.astype(object).where(table.notna(), "none")
    table.insert(0, "model", "LSTM")
    table["RMSE"], table["spread over folds"] = -results["mean_test_score"], results["std_test_score"]
    table = table.sort_values("RMSE", kind="stable")
    rows = [
        {"model": rival.name, "RMSE": rival.fold_scores.mean(), "spread over folds": rival.fold_scores.std()}
        for rival in rivals
    ]
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def _write(args, series, pipeline, candidates, y, forecasts):
    out = Path(args.out or f"sklstm-{series.name}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "pipeline.pkl").write_bytes(pickle.dumps(pipeline))
    candidates.to_csv(out / "candidates.csv", index=False)
    written = ["pipeline.pkl", "candidates.csv"]
    if plot_forecast(out / "forecast.png", series.target, y, forecasts):
        written.append("forecast.png")
    print(f"\nwritten to {out}: {', '.join(written)}")
    time = ["--time", args.time] if args.time else []
    again = shlex.join(["sklstm", "predict", str(out / "pipeline.pkl"), args.data, *time])
    print(f"use it in a new process: {again}")
