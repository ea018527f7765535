"""The rows to come: when they are, and what is known of them."""

import numpy as np
import pandas as pd

from sklstm._series import NOWHERE, SeriesTable, of_series

WHO = "SeriesForecaster.forecast"


def rows_to_come(context, steps, n_steps, *, future, block, known, static):
    """Rows after the last one of each series.

    Parameters
    ----------
    context : SeriesTable
        The last rows that are known.
    steps : KnownSteps
        The step of each series, as it was learned.
    n_steps : int
        How many rows for each series.
    future : DataFrame or None
        What the user says of them. Of each series the first `n_steps` times after its last row count.
    block : int
        How many steps the regressor forecasts at once, for messages.
    known, static : list of str
        Columns whose next values are known, and that keep their value.

    Returns
    -------
    rows : DataFrame of shape (n_series * n_steps, n_columns)
        Series by series; NaN in what is not known.

    Raises
    ------
    ValueError
        If values or times are missing that have to be known, or times contradict the calendar of their series.
    """
    given = None if future is None else SeriesTable(WHO, future, context.group, context.time, name="future")
    if known:
        _refuse_lacking(given, known)
    if given is None or not given.tells_time:
        return context.rows_at(context.times_ahead(n_steps, steps), n_steps, constant=static)
    rows = _rows_after(context, given, n_steps, block if known else 1)
    times = given.index.times[rows]
    _refuse_off_calendar(context, steps, n_steps, times)
    ahead = context.rows_at(times, n_steps, constant=static)
    values = given.table[known].to_numpy()[rows]
    _refuse_unknown(context, n_steps, known, times, values)
    ahead[known] = values
    return ahead


def _rows_after(context, given, n_steps, block):
    """Rows of the given table that are the first `n_steps` after the last row of each series, series by series."""
    places = context.index.find(given.index.labels)
    last = context.index.ordered_times[context.index.bounds[1:] - 1]
    counts = np.zeros(context.index.n_series, dtype=np.intp)
    series_of_given = np.full(given.index.n_series, -1)
    series_of_given[places[places >= 0]] = np.flatnonzero(places >= 0)
    codes = series_of_given[given.index.ordered_codes]
    later = np.flatnonzero((codes >= 0) & np.asarray(given.index.ordered_times > last[codes], dtype=bool))
    later = later[np.argsort(codes[later], kind="stable")]
    counts = np.bincount(codes[later], minlength=len(counts))
    if (counts < n_steps).any():
        code = int(np.argmax(counts < n_steps))
        remedy = "forecast fewer steps"
        if n_steps == block > 1:
            remedy = f"fit with a horizon of {counts[code]}" if counts[code] else "fit with a lower horizon"
        at_once = f", because {block} steps are forecast at once" if block > 1 else ""
        raise ValueError(
            f"{WHO} expects future= to hold {n_steps} time{'s' * (n_steps > 1)} after {last[code]}"
            f"{of_series(context.index.label(code))}{at_once}, got {counts[code]}. Add the missing rows, or {remedy}."
        )
    first = np.cumsum(counts) - counts
    return given.index.rows(later[(first[:, None] + np.arange(n_steps)).ravel()])


def _refuse_off_calendar(context, known, n_steps, times):
    """Raise if a time of a regular series is not the next one of its calendar; holidays may be left out."""
    steps = context.steps_by(known)
    if not (steps > 0).any():
        return
    last = context.index.ordered_times[context.index.bounds[1:] - 1]
    positions = known.timeline.positions(times).reshape(-1, n_steps)
    before = np.column_stack([known.timeline.positions(last), positions[:, :-1]])
    hops, longest = positions - before, known.timeline.longest_steps(steps)[:, None]
    regular = (steps > 0)[:, None]
    wrong = regular & ((positions == NOWHERE) | (hops > longest) | (hops % np.maximum(steps, 1)[:, None] != 0))
    if wrong.any():
        code, step = np.argwhere(wrong)[0]
        expected = known.timeline.calendar.times(before[code, step : step + 1] + steps[code])[0]
        raise ValueError(
            f"{WHO} expects future= to go on from row to row by {known.timeline.describe(steps[code])}, got "
            f"{times[code * n_steps + step]} where {expected} follows{of_series(context.index.label(code))}. Add the "
            "missing rows, or fit with freq=, the offset of pandas whose times these are."
        )


def _refuse_unknown(context, n_steps, known, times, values):
    """Raise if a value to come is NaN."""
    missing = np.argwhere(pd.isna(values))
    if len(missing):
        row, column = missing[0]
        raise ValueError(
            f"{WHO} expects future= to hold every value, got NaN in {known[column]!r} at {times[row]}"
            f"{of_series(context.index.label(row // n_steps))}. Fill it first."
        )


def _refuse_lacking(given, known):
    if given is None:
        these = "these columns" if len(known) > 1 else "this column"
        raise ValueError(
            f"{WHO} needs what is known ahead of {', '.join(map(repr, known))}: pass future=, a table with {these} at "
            "the times to come."
        )
    lacking = [name for name in known if name not in given.table.columns]
    if lacking:
        raise ValueError(
            f"{WHO} expects future= to have the columns {known}, got {list(given.table.columns)}. Add {lacking[0]!r}."
        )
