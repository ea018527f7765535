"""The rows to come: when they are, and what is known of them."""

from sklstm.forecasting._series_table import SeriesTable
from sklstm.preprocessing._panel import of_series

WHO = "SeriesForecaster.forecast"


def rows_to_come(context, axes, n_steps, *, future, known, static):
    """Rows after the last one of each series.

    Parameters
    ----------
    context : SeriesTable
        The last rows that are known.
    axes : dict of label to TimeAxis or None
        The step of each series.
    n_steps : int
        How many rows for each series.
    future : DataFrame or None
        What the user says of them.
    known, static : list of str
        Columns whose next values are known, and that keep their value.

    Returns
    -------
    rows : DataFrame of shape (n_series * n_steps, n_columns)
        Series by series; NaN in what is not known.

    Raises
    ------
    ValueError
        If values or times are missing that have to be known.
    """
    given = None if future is None else SeriesTable(WHO, future, context.group, context.time, name="future")
    axes = context.known_axes(axes)
    if given is not None and given.tells_time and None in axes.values():
        ahead = context.rows_at(given.keys.times.unique()[:n_steps])
    else:
        ahead = context.ahead(n_steps, axes, constant=static)
    if known:
        _refuse_lacking(given, known)
        ahead[known] = given.table[known].to_numpy()[_find_rows(context.like(ahead), given)]
    return ahead


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


def _find_rows(rows, given):
    """Where each row is in the table that the user passed."""
    places = {key: place for place, key in enumerate(zip(given.labels(), given.keys.times, strict=True))}
    wanted = list(zip(rows.labels(), rows.keys.times, strict=True))
    for label, time in wanted:
        if (label, time) not in places:
            of = of_series(label)
            raise ValueError(
                f"{WHO} expects future= to hold every time to come, got no {time}{of}. Add the row, or forecast fewer "
                "steps."
            )
    return [places[key] for key in wanted]
