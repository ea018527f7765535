"""`sklstm predict`: forecasts at each row of a series, by what `sklstm tune` wrote, in a process of its own."""

import sys
import warnings

from sklstm.cli._fitted_rows import read_fitted_rows
from sklstm.cli._model_file import load_forecaster
from sklstm.cli._report import print_csv, print_notes


def predict(args):
    """Run the command: a forecast of the next values for each row, as CSV."""
    forecaster = load_forecaster(args.model, trust_pickle=args.trust_pickle)
    series = read_fitted_rows(forecaster, args.data, args.time)
    print_notes(series.notes, sys.stderr)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        forecasts = forecaster.predict(series.table)
    print_notes([str(warning.message) for warning in told], sys.stderr)
    print_csv(forecasts, args.out, f"{len(forecasts)} rows, each with the forecast of what follows it")
