"""`sklstm forecast`: what follows the end of the series that a forecaster was fitted on."""

import sys

import numpy as np
import pandas as pd

from sklstm.cli._fitted_rows import read_fitted_rows
from sklstm.cli._model_file import load_forecaster, refuse_going_on
from sklstm.cli._report import draw, print_csv, print_notes, when
from sklstm.cli._series_file import read_table


def forecast(args):
    """Run the command: the values to come, as CSV, and a picture of them."""
    forecaster = load_forecaster(args.model, trust_pickle=args.trust_pickle)
    steps = args.steps or forecaster.horizon
    refuse_going_on(args.model, forecaster, steps)
    _refuse_far_intervals(args, forecaster, steps)
    future = _read_future(args, forecaster)
    known, given = forecaster.context_, None
    if args.data is not None:
        series = read_fitted_rows(forecaster, args.data, args.time)
        print_notes(series.notes, sys.stderr)
        known = series.table
        _refuse_other_times(args.data, known.index, forecaster.context_.index)
        note = _find_contradiction(args, known, forecaster.context_)
        if note is None:
            new = known[known.index > forecaster.context_.index[-1]]
            forecaster = forecaster.update(new) if len(new) else forecaster
        else:
            print_notes([note], sys.stderr)
            given = known
    try:
        values = forecaster.forecast(steps, series=given, future=future, interval=args.interval)
    except ValueError as error:
        # The option, not the parameter.
        told = str(error).replace("SeriesForecaster.forecast expects future=", f"{args.model} expects --future FILE")
        raise ValueError(told) from None
    print_csv(values, args.out, f"{len(values)} value{'s' * (len(values) > 1)} to come")
    if args.plot is not None and draw(args.plot, lambda: _picture(values, known, forecaster.target_, args.interval)):
        print(f"written to {args.plot}", file=sys.stderr)


def _find_contradiction(args, known, fitted):
    """Sentence on how DATA contradicts the last rows that the model knows; None where it holds or follows them."""
    expected = fitted[fitted.index >= known.index[0]]
    shared = expected.index.intersection(known.index)
    same = np.isclose(known.loc[shared, fitted.columns], expected.loc[shared], rtol=1e-6, equal_nan=True).all(axis=1)
    last, end = when(fitted.index[-1]), when(known.index[-1])
    if known.index[-1] < fitted.index[-1]:
        return f"{args.data} ends at {end}, and {args.model} knows rows up to {last}: the forecast follows {end}"
    n_other = len(expected) - np.count_nonzero(same)
    if n_other == 0:
        return None
    return (
        f"{n_other} of the last {len(expected)} rows of {args.model}, up to {last}, have other values or are missing "
        f"in {args.data}: the forecast follows {end}, and is made from the rows of {args.data}"
    )


def _picture(values, known, target, interval):
    """Forecasts behind the rows that they are made from."""
    from sklstm.inspection import ForecastDisplay

    lower, upper = (None, None) if interval is None else (values["lower"], values["upper"])
    return ForecastDisplay.from_predictions(
        None, values[target], lower=lower, upper=upper, y_history=known[target], coverage=interval
    )


def _read_future(args, forecaster):
    """The table of what is known ahead, where there is one."""
    ahead = list(forecaster.future or ())
    if args.future is not None and ahead:
        series = read_fitted_rows(forecaster, args.future, args.time, ahead)
        print_notes(series.notes, sys.stderr)
        return series.table
    if args.future is not None:
        series = read_table(args.future, args.time)
        only = f"{args.model} was tuned without --future: of {args.future} only the times are taken"
        print_notes([*series.notes, only], sys.stderr)
        return pd.DataFrame({forecaster.target_: np.nan}, index=series.table.index)
    if ahead:
        columns = ", ".join(map(repr, ahead))
        raise ValueError(
            f"{args.model} needs what is known ahead of {columns}: pass --future FILE, a table with "
            f"{'these columns' if len(ahead) > 1 else 'this column'} at the times to come."
        )
    return None


def _refuse_far_intervals(args, forecaster, steps):
    """Raise where intervals were learned for fewer steps."""
    learned = forecaster.residuals_
    if args.interval is not None and learned is not None and steps > learned.n_steps:
        raise ValueError(
            f"{args.model} knows intervals up to {learned.n_steps} row{'s' * (learned.n_steps > 1)} ahead, got --steps "
            f"{steps}. Forecast fewer, or tune again with --horizon {steps}."
        )


def _refuse_other_times(data, times, fitted):
    """Raise where times cannot follow those that were fitted."""
    kind, expected = _kind_of(times), _kind_of(fitted)
    if kind != expected:
        raise ValueError(
            f"{data} has {kind}, and the forecaster was fitted on {expected}. Bring times of the same kind, or name "
            "their column with --time."
        )


def _kind_of(index):
    if not isinstance(index, pd.DatetimeIndex):
        return "rows without times"
    return "times without a time zone" if index.tz is None else "times in a time zone"
