"""Choose the automatic settings of a forecaster from the series that it is fitted on."""

import numpy as np

from sklstm._ridge import spread_evenly
from sklstm._series import find_moments, find_season
from sklstm.forecasting._automatic_settings import (
    DAYS_IN_A_WEEK,
    LONGEST_STEPS,
    MOST_ROWS,
    MOST_VALUES,
    Rows,
    Setting,
    candidate_steps,
    choose_setting,
    find_seasons,
)

# Beyond so many time steps an automatic look-back is read in patches of a season by the LSTM, and step by step by the
# linear path. Hours with a look-back of two weeks, a day ahead, relative RMSE: ridge regression 0.51 (demand for
# electricity) and 0.67 (pedestrians); with an LSTM on what it leaves 0.51 and 0.67 where that reads 48 hours, 0.49 (32
# units) and 0.64 (64 units) where it reads 14 days.
MOST_STEPS_ONE_BY_ONE = 48
# Rows of the longest series in which a season is looked for.
MOST_FOR_SEASONS = 20_000


def choose_settings(data, target, horizon, *, difference, by_series, layout, **given):
    """The setting of a forecaster: what is "auto" is chosen, what is given is kept.

    Parameters
    ----------
    data : SeriesTable
        The series.
    target : str
        Column to forecast.
    horizon : int
        Number of values that the network forecasts at once.
    difference : tuple of int
        Lags of differences that are taken first.
    by_series : bool
        Whether each series of a panel is scaled by itself.
    layout : dict
        As for `SeriesTable.rows_around`.
    **given
        `n_steps`, `window_scaler` and `log`, as for `choose_setting`.

    Returns
    -------
    setting : Setting
    """
    if "auto" not in given.values():
        return Setting(**given)
    values = data.table[target].to_numpy(dtype=np.float64)
    length = float(np.median(data.index.lengths))
    seasons = _seasons(data, values)
    n_steps = given["n_steps"]
    n_back = max(candidate_steps(seasons, length, horizon)) if n_steps == "auto" else n_steps
    if by_series and data.index.is_panel:
        values = _by_spread(values, data.index)
        given |= {"window_scaler": "last"} if given["window_scaler"] == "auto" else {}
    log = given["log"]
    if log is True:
        # What is chosen is for the logarithm, as the network learns it.
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.log(values)
        given |= {"log": False}
    if difference:
        # Differences have no level of their own.
        given |= {"log": False} | ({"window_scaler": None} if given["window_scaler"] == "auto" else {})
    taken = sum(difference)
    chosen, times = _rows_in_time(data.index, n_back + taken + horizon)
    around = data.values_around(values, range(1 - n_back - taken, horizon + 1), chosen, **layout)
    for lag in difference:
        around = around[:, lag:] - around[:, :-lag]
    setting = choose_setting(Rows(around, times, length, horizon), seasons, **given)
    if log is True:
        setting = setting._replace(log=True)
    if n_steps == "auto" and setting.n_steps > MOST_STEPS_ONE_BY_ONE:
        setting = setting._replace(patch_length=seasons[0])
    return setting


def _seasons(data, values):
    """Rows in a season, by the calendar, or else by what correlates in the longest series."""
    code = int(np.argmax(data.index.lengths))
    bounds = data.index.bounds[code : code + 2]
    if data.tells_time:
        times = data.index.ordered_times[slice(*bounds)]
        season = find_season(times)
        if season is not None:
            of_day = season > DAYS_IN_A_WEEK and DAYS_IN_A_WEEK * season + 1 <= LONGEST_STEPS and _is_day(times, season)
            return [season, DAYS_IN_A_WEEK * season] if of_day else [season]
    own = values[data.index.order][slice(*bounds)]
    return find_seasons(own[-MOST_FOR_SEASONS:])


def _is_day(times, season):
    """Whether a season is a day."""
    if not hasattr(times, "asi8") or len(times) < 2:
        return False
    step = np.median(np.diff(times.asi8)) * season
    return bool(step == np.timedelta64(1, "D") / np.timedelta64(1, times.unit if hasattr(times, "unit") else "ns"))


def _by_spread(values, index):
    """Values divided by the standard deviation of their series."""
    _, _, variance = find_moments(values[index.order][:, None], index.bounds)
    spread = np.sqrt(variance[:, 0])[index.codes]
    return values / np.where(spread > 0, spread, 1.0)


def _rows_in_time(index, n_columns):
    """Rows to choose by, evenly spread, by their positions in their series; and these, from 0 to 1."""
    positions = np.empty(index.n_rows)
    positions[index.order] = np.arange(index.n_rows) - np.repeat(index.bounds[:-1], index.lengths)
    times = positions / index.lengths[index.codes]
    chosen = np.argsort(times, kind="stable")[spread_evenly(index.n_rows, n_columns, MOST_ROWS, MOST_VALUES)]
    return chosen, times[chosen]
