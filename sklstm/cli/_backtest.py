"""`sklstm backtest`: how good the forecasts would have been, from one origin after the other."""

from functools import partial

from sklstm import backtest as roll
from sklstm.cli._fitted_rows import read_fitted_rows
from sklstm.cli._model_file import load_forecaster, refuse_going_on
from sklstm.cli._report import draw, print_notes, print_scores, to_csv, when
from sklstm.inspection import ForecastDisplay

# Share of the rows of a fit that tell how far forecasts miss, where intervals are asked for.
CALIBRATION = 0.2


def backtest(args):
    """Run the command: scores beside those of doing nothing, and a picture."""
    forecaster = load_forecaster(args.model, trust_pickle=args.trust_pickle)
    steps = args.horizon or forecaster.horizon
    refuse_going_on(args.model, forecaster, steps)
    if args.interval is not None and forecaster.calibration is None:
        if steps > forecaster.horizon:
            raise ValueError(
                f"intervals in a backtest reach as far as the forecaster was tuned for, horizon {forecaster.horizon}. "
                f"Leave --interval out, or tune again with --horizon {steps}."
            )
        # What tune learned of intervals is of rows that a backtest may not know yet.
        forecaster.set_params(calibration=CALIBRATION)
    series = read_fitted_rows(forecaster, args.data, args.time)
    result = roll(
        forecaster,
        series.table,
        initial=args.initial,
        step=args.step,
        horizon=args.horizon,
        refit=args.refit,
        season=args.season,
        interval=args.interval,
    )
    first = result.forecasts["origin"].iloc[0]
    print_notes(series.notes)
    print(f"{series.name}: forecasts of {forecaster.target_} from {result.n_origins} origins, the first {when(first)}")
    print_scores(f"all steps together, in units of {forecaster.target_}", _named(result.scores()))
    if result.forecasts["step"].max() > 1:
        by_step = result.scores(by="step")
        print_scores("RMSE by step", by_step["rmse"].unstack("model", sort=False).reset_index())
    skill = ", ".join(f"{value:.2f} against {name}" for name, value in result.skill().items())
    print(f"\nskill (1 is perfect, 0 is no better): {skill}")
    if args.out is not None:
        to_csv(result.forecasts, args.out, index=False)
        print(f"written to {args.out}: every forecast")
    if args.plot is not None and draw(args.plot, partial(ForecastDisplay.from_backtest, result)):
        print(f"written to {args.plot}: forecasts of the next row")


def _named(scores):
    scores.columns = [{"rmse": "RMSE", "mae": "MAE", "mase": "MASE", "mape": "MAPE"}.get(c, c) for c in scores.columns]
    return scores.rename_axis("model").reset_index()
