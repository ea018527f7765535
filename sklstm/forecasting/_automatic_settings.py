"""Choose look-back, window scaling and logarithm by ridge regressions in closed form. Pure NumPy.

The rules and their numbers come from 29 series of 84 to 740 rows, each forecast one row and a season ahead. RMSE is
relative to the seasonal naive forecast, a geometric mean over the 58 cases, on rows that were not fitted:

- With a look-back of two seasons and a row, windows relative to their last value have 0.625, to their mean 0.627, to
  mean and standard deviation 0.647, as they are 0.669. The scaling with the lowest error in the last folds has 0.660:
  an error in the last folds says little of the level in later years. Hence "last", and nothing only for a series
  without a trend.
- The look-back by leave-one-out errors has 0.612.
- Differences that were better in the folds by two standard errors were worse by 0 to 7 % afterwards: they are not
  chosen.
- No window scaling and the logarithm, chosen likewise, change the mean by 0.2 %: they matter to single series.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sklstm._ridge import fit_ridge, recency_scales

# Look-backs that are always tried, and how many seasons, each with the row before them.
USUAL_STEPS, SEASONS = (12, 24), (1, 2, 3)
# Steps shorter than a day: hours of days, and days of weeks.
DAYS_IN_A_WEEK = 7
LONGEST_STEPS = 700
# Leave-one-out errors are near each other within this factor of the mean squared error.
TOLERANCE = 1.01
# Rows to choose by; more change the choice between candidates that are alike.
MOST_ROWS, MOST_VALUES = 8192, 2**21
# A look-back and the horizon may take up this fraction of a series.
LONGEST_FRACTION = 0.35
# Folds by time: rows before each bound are fitted, those up to the next one are forecast.
BOUNDS = (0.55, 0.7, 0.85, 1.0)
# A setting replaces the usual one if its mean squared error is lower by a factor of `BETTER`, and by so many standard
# errors of the difference, of which blocks of a horizon are the units.
BETTER, STANDARD_ERRORS = 0.95, 2.0
FEWEST_BLOCKS, MOST_BLOCKS = 5, 30
TINY = np.finfo(np.float64).tiny
FEWEST_ROWS = 8
# A series has no trend if the means of its quarters differ by less than this fraction of their standard deviations.
LITTLE_TREND = 0.5
# Autocorrelations of a season, where times do not tell it, and lags that are tried.
LOWEST_PEAK, LONGEST_LAG = 0.2, 400
NEARLY_AS_HIGH, AS_HIGH = 0.8, 0.95


class Setting(NamedTuple):
    """What a forecast is made by: see `SeriesForecaster`."""

    n_steps: int
    window_scaler: str | int | None = "last"
    log: bool = False
    patch_length: int | None = None


class Rows(NamedTuple):
    """Rows to choose by.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_back + horizon)
        The target around each row: `n_back` values up to the row, then those to forecast; NaN where not observed.
    times : ndarray of shape (n_rows,)
        Position of each row in its series, from 0 at the first to 1 at the last.
    length : float
        Number of rows of a series, the median.
    horizon : int
        Number of values to forecast.
    """

    values: np.ndarray
    times: np.ndarray
    length: float
    horizon: int


def candidate_steps(seasons, length, horizon):
    """Look-backs to try, as far as they fit into the series.

    >>> candidate_steps([12], length=144, horizon=1)
    [12, 13, 24, 25, 37]
    """
    steps = {*USUAL_STEPS, *(times * season + 1 for season in seasons for times in SEASONS)}
    fitting = sorted(n for n in steps if n <= LONGEST_STEPS and n + horizon <= LONGEST_FRACTION * length)
    return fitting or [int(np.clip(length // 3, 1, USUAL_STEPS[0]))]


def find_seasons(values):
    """Lags at which the changes of a series correlate: that of the highest peak, and of a nearly as high one within it.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        In time order; NaN is not observed.

    Returns
    -------
    seasons : list of int
        Ascending; empty without a season.

    Examples
    --------
    >>> find_seasons(np.tile([3.0, 4, 4, 5, 8, 11, 9], 10))
    [7]
    """
    changes = np.diff(values)
    changes = np.nan_to_num(changes - np.nanmean(changes)) if np.isfinite(changes).any() else np.zeros(0)
    longest = min(LONGEST_LAG, len(changes) // 3)
    if longest < 3 or not changes.any():
        return []
    spectrum = np.fft.rfft(changes, 2 * len(changes))
    products = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 1]
    correlations = products / products[0] * len(changes) / (len(changes) - np.arange(longest + 1))
    lags = np.arange(2, longest)
    higher = (correlations[lags] >= correlations[lags - 1]) & (correlations[lags] >= correlations[lags + 1])
    peaks = lags[higher & (correlations[lags] > max(LOWEST_PEAK, 3 / np.sqrt(len(changes))))]
    if len(peaks) == 0:
        return []
    highest = peaks[np.argmax(correlations[peaks])]
    seasons = set()
    for share in (NEARLY_AS_HIGH, AS_HIGH):
        # Twice a season correlates as the season does.
        divides = (highest % peaks == 0) & (correlations[peaks] >= share * correlations[highest])
        seasons.add(int(peaks[divides][0]))
    return sorted(seasons)


def choose_setting(rows, seasons, *, n_steps="auto", window_scaler="auto", log="auto"):
    """The setting to forecast by; what is given is kept.

    The look-back is the one with the lowest leave-one-out error. No window scaling, and the logarithm, are chosen only
    if they are better by more than noise in forecasts of three folds.

    Parameters
    ----------
    rows : Rows
        Rows to choose by.
    seasons : sequence of int
        Rows in a season.
    n_steps : int or "auto"
    window_scaler : str, int or None
    log : bool or "auto"

    Returns
    -------
    setting : Setting
    """
    usual = {
        "window_scaler": "last" if window_scaler == "auto" else window_scaler,
        "log": False if log == "auto" else log,
    }
    if n_steps == "auto":
        n_steps = _choose_steps(rows, candidate_steps(seasons, rows.length, rows.horizon), **usual)
    setting, others = Setting(n_steps, **usual), []
    if window_scaler == "auto" and _has_little_trend(rows):
        others.append(setting._replace(window_scaler=None))
    if log == "auto" and np.nanmin(rows.values, initial=np.inf) > 0:
        others.append(setting._replace(log=True))
    if not others:
        return setting
    errors, best, lowest = errors_ahead(rows, setting), setting, 1.0
    for other in others:
        found = errors_ahead(rows, other)
        known = np.isfinite(errors) & np.isfinite(found)
        if improves(errors[known], found[known], rows.horizon):
            ratio = found[known].mean() / errors[known].mean()
            best, lowest = (other, ratio) if ratio < lowest else (best, lowest)
    return best


def improves(usual, other, horizon):
    """Whether the errors of another setting are lower than the usual ones by more than noise.

    Parameters
    ----------
    usual, other : ndarray of shape (n_rows,)
        Squared errors at the same rows, in time order.
    horizon : int
        Errors of so many rows in a row depend on each other.

    Returns
    -------
    improves : bool
    """
    n_blocks = min(MOST_BLOCKS, len(usual) // max(1, horizon))
    if n_blocks < FEWEST_BLOCKS or other.mean() > BETTER * usual.mean():
        return False
    # Logarithms, since the errors of a series that grows are largest in its last blocks.
    means = [[block.mean() for block in np.array_split(errors, n_blocks)] for errors in (usual, other)]
    gains = np.log(np.maximum(means[0], TINY)) - np.log(np.maximum(means[1], TINY))
    return bool(gains.mean() > STANDARD_ERRORS * gains.std(ddof=1) / np.sqrt(n_blocks))


def left_out_errors(rows, setting):
    """Squared errors at each row, (n_rows,), of a fit on all other rows; NaN where there is none."""
    errors, framed = np.full(len(rows.values), np.nan), _Framed(rows, setting)
    if len(framed.complete) >= FEWEST_ROWS:
        errors[framed.complete] = framed.left_out_errors()
    return errors


def errors_ahead(rows, setting):
    """Squared errors at each row, (n_rows,), of a fit on the rows before its fold; NaN where there is none."""
    errors, framed = np.full(len(rows.values), np.nan), _Framed(rows, setting)
    times = rows.times[framed.complete]
    for begin, end in pairwise(BOUNDS):
        # No row that is fitted knows a value of the fold.
        learned = framed.complete[times < begin - rows.horizon / rows.length]
        judged = framed.complete[(times >= begin) & (times < end)]
        if len(learned) >= FEWEST_ROWS and len(judged):
            errors[judged] = framed.errors_ahead(learned, judged)
    return errors


def _choose_steps(rows, candidates, **setting):
    """The shortest look-back whose error is near the lowest, over the rows that all of them can be fitted on."""
    errors = np.array([left_out_errors(rows, Setting(n, **setting)) for n in candidates])
    common = np.isfinite(errors).all(axis=0)
    if not common.any():
        return candidates[0]
    errors = errors[:, common].mean(axis=1)
    return candidates[int(np.argmax(errors <= TOLERANCE * errors.min()))]


def _has_little_trend(rows):
    """Whether the level of the series hardly changes."""
    now = rows.values[:, -rows.horizon - 1]
    quarters = [now[(rows.times >= k / 4) & (rows.times < (k + 1) / 4) & np.isfinite(now)] for k in range(4)]
    if min(map(len, quarters)) < 2:
        return False
    return np.std([part.mean() for part in quarters]) < LITTLE_TREND * np.mean([part.std() for part in quarters])


class _Framed:
    """Windows and targets of a setting.

    Parameters
    ----------
    rows : Rows
        Rows to choose by.
    setting : Setting
        What windows are made by.

    Attributes
    ----------
    complete : ndarray of int
        Rows whose windows and targets are observed throughout.
    """

    def __init__(self, rows, setting):
        self.setting, self.truth = setting, rows.values[:, -rows.horizon :]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.log(rows.values) if setting.log else rows.values
        n_back = values.shape[1] - rows.horizon
        self.windows, self.targets = values[:, n_back - setting.n_steps : n_back], values[:, n_back:]
        self.complete = np.flatnonzero(np.isfinite(self.windows).all(axis=1) & np.isfinite(self.targets).all(axis=1))
        # As where the network starts.
        self.scales = recency_scales(setting.n_steps)

    def left_out_errors(self):
        windows, targets, level = self._shifted(self.complete)
        ridge = fit_ridge(windows, targets, scales=self.scales)
        return self._squared(self.complete, targets - ridge.errors + level)

    def errors_ahead(self, learned, judged):
        windows, targets, _ = self._shifted(learned)
        ridge = fit_ridge(windows, targets, scales=self.scales)
        windows, _, level = self._shifted(judged)
        return self._squared(judged, windows @ ridge.coefficients + ridge.intercept + level)

    def _shifted(self, chosen):
        """Windows and targets without the level of the window, and this, of shape (n_chosen, 1)."""
        windows, targets = self.windows[chosen], self.targets[chosen]
        if self.setting.window_scaler is None:
            level = np.zeros((len(chosen), 1))
        elif self.setting.window_scaler == "last":
            level = windows[:, -1:]
        else:
            level = windows.mean(axis=1, keepdims=True)
        return windows - level, targets - level, level

    def _squared(self, chosen, forecasts):
        """Squared errors of forecasts, in the units of the series."""
        with np.errstate(over="ignore"):
            forecasts = np.exp(forecasts) if self.setting.log else forecasts
        return ((forecasts - self.truth[chosen]) ** 2).mean(axis=1)
