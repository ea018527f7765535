"""`sklstm predict`: forecasts at each row of a series, by what `sklstm tune` wrote, in a process of its own."""

from sklstm.cli._model_file import load_forecaster
from sklstm.cli._report import print_csv
from sklstm.cli._series_file import read_series


def predict(args):
    """Run the command: a forecast of the next values for each row, as CSV."""
    forecaster = load_forecaster(args.model)
    series = read_series(args.data, time=args.time, columns=list(forecaster.feature_names_in_))
    forecasts = forecaster.predict(series.table)
    print_csv(forecasts, args.out, f"{len(forecasts)} rows, each with the forecast of what follows it")
