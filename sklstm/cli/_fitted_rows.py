"""Rows for a fitted forecaster: the columns that it was fitted on, in its time zone."""

from sklstm.cli._series_file import read_series


def read_fitted_rows(forecaster, data, time=None, columns=None):
    """Read a series as a fitted forecaster takes it.

    Parameters
    ----------
    forecaster : SeriesForecaster
        Fitted on a DataFrame.
    data, time
        As for `read_series`.
    columns : list of str, optional
        By default those of `fit`.

    Returns
    -------
    series : NamedSeries
        Times in the zone of the rows that were fitted, so that the one can follow the other.

    Raises
    ------
    ValueError
        As `read_series` does.
    """
    series = read_series(data, time=time, columns=list(columns or forecaster.feature_names_in_))
    zones = [getattr(index, "tz", None) for index in (series.table.index, forecaster.context_.index)]
    return series if None in zones else series._replace(table=series.table.tz_convert(zones[1]))
