"""How a series is related to its own past: correlations by lag, and the season that they show."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from sklstm.inspection._extras import load_extra
from sklstm.inspection.series._numeric_columns import fill_gaps

# How often a series without any relation to its past may be found to have one.
ALPHA = 0.05
# A regression on more rows than this finds the same root and takes minutes.
ROWS_FOR_ROOTS = 4000
# What remains of a straight line when it is taken off is rounding.
ROUNDING = 1e-9
# A lag that divides the season and is nearly as strong as it is the season: days in hours, not weeks of days.
NEARLY_AS_STRONG = 0.8


class Correlogram(NamedTuple):
    """Correlations of a series with its past, after its trend was taken out.

    Attributes
    ----------
    autocorrelation, partial_autocorrelation : ndarray of shape (n_lags + 1,)
        By lag, from 0 on.
    bound : float
        All lags of a series without memory lie within it, with a probability of 95 %.
    season : int or None
        Rows in a season.
    clarity : float
        How many times higher its peak is than chance explains; 0 where there is none.
    differenced : bool
        Whether the steps from row to row are correlated, as the series has no level to come back to.
    """

    autocorrelation: np.ndarray
    partial_autocorrelation: np.ndarray
    bound: float
    season: int | None
    clarity: float
    differenced: bool


def correlate(who, values, n_lags):
    """The Correlogram of a series: of its rests around a line or, where it has a unit root, of its steps.

    Where these show no season, and the other ones do, of the other ones.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    values : ndarray of shape (n_rows,)
        NaN where nothing was observed.
    n_lags : int
        The longest lag.

    Returns
    -------
    correlogram : Correlogram or None
        None for a straight line, which leaves no rest.
    """
    rests = detrend(values)
    if np.nanstd(rests) <= ROUNDING * np.nanstd(values):
        return None
    forms = [_correlate(who, rests, n_lags, False), _correlate(who, np.diff(values), n_lags, True)]
    usual = forms[has_unit_root(who, values)]
    return usual if usual.season is not None else max(forms, key=lambda form: (form.clarity, form is usual))


def detrend(values):
    """What is left of values when their straight line, by least squares, is taken off.

    >>> detrend(np.array([1.0, 2.0, np.nan, 4.0, 6.0])).round(1)
    array([ 0.1, -0.1,  nan, -0.4,  0.4])
    """
    rows = np.linspace(-1, 1, len(values))
    observed = ~np.isnan(values)
    return values - np.polynomial.Polynomial.fit(rows[observed], values[observed], 1, domain=[-1, 1])(rows)


def has_unit_root(who, values):
    """Whether a series does not come back to its line: the augmented Dickey-Fuller test does not refute it."""
    stattools = load_extra(who, "statsmodels.tsa.stattools", "stats")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        p_value = stattools.adfuller(fill_gaps(values)[-ROWS_FOR_ROOTS:], regression="ct", autolag="AIC")[1]
    return not p_value <= ALPHA


def _correlate(who, values, n_lags, differenced):
    n_values = int(np.count_nonzero(~np.isnan(values)))
    autocorrelation, partial = correlations(who, within_fences(values), n_lags)
    bound = float(norm.isf(ALPHA / 2 / n_lags) / np.sqrt(n_values))
    season, clarity = find_season(autocorrelation, n_values, bound)
    return Correlogram(autocorrelation, partial, bound, season, clarity, differenced)


def tukeys_fences(values):
    """Tukey's outer fences, three interquartile ranges outside the quartiles; infinite where more than half are equal.

    Of a normal distribution two values in a million lie beyond.

    >>> tukeys_fences(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]))
    (-4.0, 10.0)
    """
    lower, upper = (float(quartile) for quartile in np.nanquantile(values, [0.25, 0.75]))
    reach = 3 * (upper - lower) if upper > lower else np.inf
    return lower - reach, upper + reach


def within_fences(values):
    """Values with outliers drawn in to Tukey's fences: two of them by chance would make a season of their distance."""
    return np.clip(values, *tukeys_fences(values))


def correlations(who, values, n_lags):
    """Autocorrelation and partial autocorrelation from lag 0 on; pairs with a NaN are left out.

    The partial one follows from the other by Levinson and Durbin's recursion.
    """
    stattools = load_extra(who, "statsmodels.tsa.stattools", "stats")
    missing = "conservative" if np.isnan(values).any() else "none"
    autocorrelation = stattools.acf(values, nlags=n_lags, fft=True, missing=missing)
    partial = stattools.levinson_durbin(autocorrelation, nlags=n_lags, isacov=True)[2]
    return autocorrelation, partial


def find_season(autocorrelation, n_values, bound):
    """The lag of the highest peak that chance does not explain.

    A memory that fades makes hills by chance that are broader and higher than those of white noise: the bound widens
    by Bartlett's formula over the lags up to where the memory has faded, and there are fewer independent hills to
    choose from.

    Parameters
    ----------
    autocorrelation : ndarray of shape (n_lags + 1,)
        By lag, from 0 on.
    n_values : int
        How many values they come from.
    bound : float
        Least height of a peak above the mean of the lags before it, and of its echo at twice the lag.

    Returns
    -------
    season : int or None
        Of 2 or more.
    clarity : float
        Height of the peak, 1 where it only just reaches what chance explains; 0 without a season.

    References
    ----------
    M. S. Bartlett (1946). "On the Theoretical Specification and Sampling Properties of Autocorrelated Time-Series",
    Supplement to the Journal of the Royal Statistical Society 8.

    Examples
    --------
    >>> season, clarity = find_season(np.cos(np.arange(50) * 2 * np.pi / 12), n_values=150, bound=0.25)
    >>> season, round(clarity, 1)
    (12, 2.4)
    >>> find_season(0.9 ** np.arange(50), n_values=150, bound=0.25)
    (None, 0.0)
    """
    height = _height_by_chance(autocorrelation, n_values, bound)
    levels = np.cumsum(autocorrelation[1:]) / np.arange(1, len(autocorrelation))
    peaks = {
        lag: autocorrelation[lag]
        for lag in range(2, len(autocorrelation) - 1)
        if autocorrelation[lag - 1] < autocorrelation[lag] >= autocorrelation[lag + 1]
        and autocorrelation[lag] > max(height, levels[lag - 2] + bound)
        and _echo(autocorrelation, lag) > bound
    }
    if not peaks:
        return None, 0.0
    best = max(peaks, key=peaks.get)
    season = next(lag for lag in peaks if _comes_again(peaks, lag, best))
    return _summit(autocorrelation, season, n_values), float(peaks[season] / height)


def _summit(autocorrelation, lag, n_values):
    """Where a broad hill is highest, when each lag is weighed by the pairs that it comes from."""
    near = lag // 20
    around = np.arange(lag - near, min(lag + near + 1, len(autocorrelation)))
    return int(around[np.argmax(autocorrelation[around] / (1 - around / n_values))])


def _height_by_chance(autocorrelation, n_values, bound):
    """What the highest hill of a series without a season reaches at most, with a probability of 95 %."""
    memory = autocorrelation[1:]
    faded = (np.abs(memory) <= bound) | (np.sign(memory) != np.sign(memory[0]))
    memory = memory[: np.argmax(faded)] if faded.any() else memory
    widening = 1 + 2 * np.sum(memory**2)
    n_hills = max(1, (len(autocorrelation) - 1) / widening)
    # Two forms of a series are searched.
    return norm.isf(ALPHA / 2 / n_hills) * np.sqrt(widening / n_values)


def _echo(autocorrelation, lag):
    """The highest correlation near twice the lag; infinite where that is out of sight."""
    near = max(1, lag // 10)
    if 2 * lag + near >= len(autocorrelation):
        return np.inf
    return autocorrelation[2 * lag - near : 2 * lag + near + 1].max()


def _comes_again(peaks, lag, season):
    """Whether a lag is a season within the season: all of its multiples up to there are peaks nearly as high."""
    return season % lag == 0 and all(
        peaks.get(multiple, 0) >= NEARLY_AS_STRONG * peaks[season] for multiple in range(lag, season + 1, lag)
    )
