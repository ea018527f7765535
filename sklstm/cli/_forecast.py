"""`sklstm forecast`: what follows the end of the series that a forecaster was fitted on."""

import sys

from sklstm.cli._model_file import load_forecaster
from sklstm.cli._report import draw, print_csv
from sklstm.cli._series_file import read_series


def forecast(args):
    """Run the command: the values to come, as CSV, and a picture of them."""
    forecaster = load_forecaster(args.model)
    future = None
    if args.future is not None:
        future = read_series(args.future, time=args.time).table
    known = None
    if args.data is not None:
        known = read_series(args.data, time=args.time, columns=list(forecaster.feature_names_in_)).table
        new = known[known.index > forecaster.context_.index[-1]]
        forecaster = forecaster.update(new) if len(new) else forecaster
    steps = args.steps or forecaster.horizon
    values = forecaster.forecast(steps, future=future, interval=args.interval)
    print_csv(values, args.out, f"{len(values)} value{'s' * (len(values) > 1)} to come")
    if args.plot is not None:
        from sklstm.inspection import ForecastDisplay

        def picture():
            return ForecastDisplay.from_estimator(forecaster, known, steps=steps, future=future, interval=args.interval)

        if draw(args.plot, picture):
            print(f"written to {args.plot}", file=sys.stderr)
