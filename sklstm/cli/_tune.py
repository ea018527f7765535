"""`sklstm tune`: search time steps, scaling and network together, and hold the winner against doing nothing."""

import math
import shlex
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import SeriesForecaster, backtest, forecast_scorer, save
from sklstm._series import find_season
from sklstm.cli._console import ProgressBar, load_keras_silently
from sklstm.cli._report import draw, print_notes, print_scores, when
from sklstm.cli._rivals import find_rivals
from sklstm.cli._series_file import read_series
from sklstm.cli._threads import in_threads

# Updates of the weights in an epoch: fewer learn too slowly, more take longer on a long series for little.
UPDATES_PER_EPOCH = 6

# What a parameter of the forecaster is called in the table of candidates.
COLUMNS = {
    "n_steps": "time steps",
    "scaling": "scaling",
    "window_scaler": "window scaling",
    "units": "units",
}


def tune(args):
    """Run the command: read, search, test once, write what came of it."""
    series = read_series(args.data, args.target, args.time, future=args.future or ())
    n_test = math.ceil(args.test_fraction * len(series.table))
    known = series.table[:-n_test]
    # The first fold trains on half of the rows, and the others go on from there.
    cv = TimeSeriesSplit(args.cv, test_size=max(1, len(known) // (2 * args.cv)))
    season = args.season or find_season(series.table.index)
    differences = _differences(args.difference, season, known[series.target])
    _refuse_short(args, len(known), differences)
    _announce(args, series, known, n_test)

    load_keras_silently()
    search = _search(_forecaster(args, series.target, len(known)), _grid(args, differences), cv, args, known)
    rivals = find_rivals(
        known,
        series.target,
        cv,
        horizon=args.horizon,
        time_steps=args.time_steps,
        differences=differences,
        season=season,
        future=args.future,
    )
    candidates = _candidates(search, rivals)
    print_scores(f"cross-validated RMSE, in units of {series.target}", candidates)

    tested = {"LSTM": search.best_estimator_} | {rival.name: rival.forecaster for rival in rivals}
    tested = {
        name: backtest(forecaster, series.table, initial=len(known), metrics=["rmse"])
        for name, forecaster in tested.items()
    }
    errors = pd.Series({name: result.scores()["rmse"].iloc[0] for name, result in tested.items()}, name="RMSE")
    scores = errors.rename_axis("model").reset_index()
    scores["against persistence"] = scores["RMSE"] / errors["persistence"]
    print_scores(f"test RMSE on the last {n_test} rows, opened once, after every choice was made", scores)
    # All rows are fitted for what comes next, and what was missed on the test rows says how sure it is.
    best = search.best_estimator_
    missed = backtest(best, series.table, initial=len(known), horizon=_calibrated_steps(best, n_test, season))
    forecaster = clone(best).fit(series.table).calibrate(missed)
    _write(args, series, forecaster, candidates, {name: tested[name] for name in errors.index}, errors)


def _forecaster(args, target, n_rows):
    """What is searched: SeriesForecaster, in steps that suit the number of rows."""
    batch_size = 2 ** min(8, max(4, round(math.log2(n_rows / UPDATES_PER_EPOCH))))
    return SeriesForecaster(
        horizon=args.horizon,
        target=target,
        future=args.future,
        epochs=args.epochs or "auto",
        batch_size=batch_size,
        random_state=args.seed,
    )


def _differences(wanted, season, values):
    """What to take from the target before the network sees it: pairs of lags and whether of its logarithm."""
    lags = {"none": None, "trend": 1, "season": None if season is None else (1, season)}
    asked = wanted or ["none", "trend" if season is None else "season"]
    if "season" in asked and season is None:
        raise ValueError("--difference season needs a season, and the times of the rows suggest none: pass --season N.")
    pairs = [(lags[name], False) for name in asked]
    if "season" in asked and (values.dropna() > 0).all():
        # A season that grows with the level is even in the logarithm.
        pairs.append((lags["season"], True))
    return pairs


def _calibrated_steps(forecaster, n_test, season):
    """How many steps ahead intervals reach: two seasons, where forecasts can go on so far and the test rows tell."""
    further = min(2 * (season or 1), n_test // 2) if forecaster.can_go_on_ else 0
    return max(forecaster.horizon, further)


def _grid(args, differences):
    """Grids of candidates: series as they are, by windows that are scaled by their own level; or differences."""
    common = {"n_steps": args.time_steps, "scaling": args.scaling, "units": args.units}
    scalers = [None if choice == "none" else choice for choice in args.window_scaling]
    return [
        common | {"difference": [lags], "log": [log], "window_scaler": scalers if lags is None else [None]}
        for lags, log in differences
    ]


def _refuse_short(args, n_train, differences):
    shortest = max(0, n_train - args.cv * max(1, n_train // (2 * args.cv)))
    deepest = max(int(np.sum(lags or 0)) for lags, _ in differences)
    needed = max(10 + args.horizon + deepest, *args.time_steps)
    if shortest < needed:
        raise ValueError(
            f"{args.data} is too short: with --cv {args.cv} and --test-fraction {args.test_fraction} the first fold "
            f"trains on {shortest} rows, and needs {needed}. Lower --time-steps or --cv, or bring a longer series."
        )


def _announce(args, series, known, n_test):
    table = series.table
    print_notes(series.notes)
    columns = ", ".join(table.columns)
    following = "value" if args.horizon == 1 else f"{args.horizon} values"
    print(f"{series.name}: {len(table)} rows of {columns}, {when(table.index[0])} to {when(table.index[-1])}")
    print(
        f"each row forecasts the next {following} of {series.target}; the rows from {when(table.index[-n_test])} on "
        "are kept for the test"
    )


def _search(forecaster, grids, cv, args, series):
    """The stock grid search. Threads share one TensorFlow, and the progress bar."""
    n_candidates = sum(math.prod(map(len, grid.values())) for grid in grids)
    jobs = args.jobs or joblib.cpu_count()
    fits = f"{n_candidates} candidates x {cv.n_splits} folds, {jobs} at a time"
    if not sys.stderr.isatty():
        print(fits, flush=True)
    score = forecast_scorer("rmse")
    with ProgressBar(n_candidates * cv.n_splits, fits) as progress, in_threads():

        def score_and_advance(estimator, series, y=None):
            value = score(estimator, series)
            progress.advance()
            return value

        search = GridSearchCV(forecaster, grids, cv=cv, scoring=score_and_advance, n_jobs=jobs, error_score="raise")
        return search.fit(series)


def _candidates(search, rivals):
    """A row for each candidate, best first, then one for each rival."""
    results = pd.DataFrame(search.cv_results_)
    table = pd.DataFrame({name: results[f"param_{parameter}"] for parameter, name in COLUMNS.items()})
    table = table.astype(object).where(table.notna(), "none")
    described = [_described(**params) for params in results["params"]]
    table.insert(3, "differences", described)
    table.insert(0, "model", "LSTM")
    table["RMSE"], table["spread over folds"] = 0.0 - results["mean_test_score"], results["std_test_score"]
    table = table.sort_values("RMSE", kind="stable")
    rows = []
    for rival in rivals:
        row = {"model": rival.name, "RMSE": rival.fold_scores.mean(), "spread over folds": rival.fold_scores.std()}
        if rival.choices:
            row |= {"time steps": rival.choices["n_steps"], "differences": _described(**rival.choices)}
        rows.append(row)
    table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
    # What has no time steps would make numbers with a point of the others.
    return table.astype({"time steps": "Int64"})


def _described(difference, log, **other):
    """What is differenced, in a word or two: "1, 12 of log"."""
    if difference is None:
        return "none"
    lags = ", ".join(map(str, difference)) if isinstance(difference, tuple) else str(difference)
    return f"{lags} of log" if log else lags


def _write(args, series, forecaster, candidates, tested, errors):
    out = Path(args.out or f"sklstm-{series.name}")
    out.mkdir(parents=True, exist_ok=True)
    save(forecaster, out / "forecaster.sklstm")
    candidates.to_csv(out / "candidates.csv", index=False)
    written = ["forecaster.sklstm", "candidates.csv"]

    def picture():
        from sklstm.inspection import ForecastDisplay

        steps = {
            name: result.forecasts.query("step == step.max()").set_index("time") for name, result in tested.items()
        }
        drawn = [name for name in steps if name == "LSTM" or name.startswith("seasonal")]
        forecasts = {f"{name}, RMSE {errors[name]:.3g}": steps[name]["forecast"] for name in drawn}
        observed = series.table[series.target]
        start = steps["LSTM"].index[0]
        return ForecastDisplay.from_predictions(observed[start:], forecasts, y_history=observed[:start].iloc[:-1])

    if draw(out / "forecast.png", picture):
        written.append("forecast.png")
    print(f"\nwritten to {out}: {', '.join(written)}")
    options = ["--time", args.time] if args.time else []
    options += ["--steps", "12"] if forecaster.can_go_on_ else []
    options += ["--future", "FILE"] if args.future else []
    again = shlex.join(["sklstm", "forecast", str(out / "forecaster.sklstm"), args.data, *options])
    print(f"what comes next, in a new process: {again}")
    if args.future:
        print(f"FILE is a table of {', '.join(args.future)} at the times to come")
