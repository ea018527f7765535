"""What a report says of one column: level and spread, outliers, trend, season, and how they are related."""

import warnings

import numpy as np
from scipy import stats

from sklstm.inspection._extras import load_extra
from sklstm.inspection.series._correlograms import ROWS_FOR_ROOTS, detrend, tukeys_fences
from sklstm.inspection.series._numeric_columns import fill_gaps, on_grid
from sklstm.inspection.series._time_steps import LONGEST_LAG, time_steps

# Theil and Sen's line takes the slopes of all pairs of rows; of more rows than this every k-th is taken.
ROWS_FOR_SLOPES = 1000
# How many blocks of rows level and spread are compared in, at most, and how short one may be.
BLOCKS = 30
SHORTEST_BLOCK = 5
# A level that rises by less than this factor shows no growth of the spread with it.
LEAST_GROWTH = 1.5

# The columns of the table, in their order; SeriesReport says what they are.
STATISTICS = (
    "n",
    "missing",
    "min",
    "max",
    "mean",
    "std",
    "skewness",
    "kurtosis",
    "outliers",
    "normal_p",
    "trend_p",
    "slope",
    "adf_p",
    "kpss_p",
    "season",
    "season_strength",
    "trend_strength",
    "spread_exponent",
    "spread_grows",
)


def describe_column(who, values, index, season=None):
    """The statistics of a column, and its TimeSteps.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    values : ndarray of shape (n_rows,)
        NaN where nothing was observed.
    index : Index of shape (n_rows,)
        When.
    season : int, optional
        Rows in a season, where it is known.

    Returns
    -------
    statistics : dict
        By the names of STATISTICS.
    steps : TimeSteps or None
        None for a column of one value.
    """
    observed = values[~np.isnan(values)]
    statistics = dict.fromkeys(STATISTICS, np.nan) | {
        "n": len(observed),
        "missing": len(values) - len(observed),
        "min": observed.min(),
        "max": observed.max(),
        "mean": observed.mean(),
        "std": observed.std(ddof=1),
        "season": None,
        "spread_grows": False,
    }
    if observed.min() == observed.max():
        return statistics | {"std": 0.0}, None
    if np.isin(observed, (0, 1)).all():
        # A flag: seasons of rare events are chance, and a scale is what it has.
        return statistics, None
    steps = time_steps(who, values, index, season=season)
    regular = on_grid(values, index, LONGEST_LAG)
    filled = fill_gaps(regular)
    exponent, grows = spread_by_level(regular, steps.season)
    # Where the spread grows with the level, the logarithm is what has a shape.
    shaped = np.log(regular) if grows and observed.min() > 0 else regular
    statistics |= shape_of(detrend(shaped)[~np.isnan(shaped)])
    statistics |= {"spread_exponent": exponent, "spread_grows": grows, "season": steps.season}
    statistics |= dict(zip(("trend_p", "slope"), mann_kendall(regular), strict=True))
    statistics |= dict(zip(("adf_p", "kpss_p"), unit_root_tests(who, filled), strict=True))
    strengths = strength_of_parts(who, filled, steps.season)
    return statistics | dict(zip(("season_strength", "trend_strength"), strengths, strict=True)), steps


def shape_of(rests):
    """Skewness, kurtosis, share of outliers and the p-value of normality, of what is left around a trend.

    Where more than half of the values are the same no fences can be set, and nothing is an outlier.
    """
    lower, upper = tukeys_fences(rests)
    outside = (rests < lower) | (rests > upper)
    # What a straight line leaves is rounding.
    flat = np.ptp(rests) <= 1e-9 * np.abs(rests).max(initial=1.0)
    return {
        "skewness": np.nan if flat else float(stats.skew(rests)),
        "kurtosis": np.nan if flat else float(stats.kurtosis(rests)),
        "outliers": float(outside.mean()) if not flat else 0.0,
        "normal_p": np.nan if flat else float(stats.normaltest(rests).pvalue),
    }


def mann_kendall(values):
    """The p-value of the Mann-Kendall test, mended for values related to their past, and Theil and Sen's slope.

    The variance of Kendall's statistic is multiplied as Hamed and Rao (1998, "A modified Mann-Kendall trend test for
    autocorrelated data", Journal of Hydrology 204) do, by the significant autocorrelations of the ranks.
    """
    rows = np.flatnonzero(~np.isnan(values))
    observed, n = values[rows], len(rows)
    tau = stats.kendalltau(rows, observed)
    if not tau.pvalue > 0:
        return 0.0, theil_sen(rows, observed)
    ranks = stats.rankdata(observed - theil_sen(rows, observed) * rows)
    ranks -= ranks.mean()
    # A memory of longer lags is a cycle, whose correlations cancel out.
    lags = np.arange(1, min(n // 4, LONGEST_LAG) + 1)
    power = np.abs(np.fft.rfft(ranks, 2 * n)) ** 2
    correlations = np.fft.irfft(power)[lags] / max(ranks @ ranks, np.finfo(float).tiny)
    correlations[np.abs(correlations) < stats.norm.isf(0.025) / np.sqrt(n)] = 0
    weights = (n - lags) * (n - lags - 1.0) * (n - lags - 2)
    inflation = max(1.0, 1 + 2 * np.sum(weights * correlations) / (n * (n - 1.0) * (n - 2)))
    return float(2 * stats.norm.sf(stats.norm.isf(tau.pvalue / 2) / np.sqrt(inflation))), theil_sen(rows, observed)


def theil_sen(rows, values):
    """The median slope between pairs of rows."""
    every = -(-len(rows) // ROWS_FOR_SLOPES)
    return float(stats.theilslopes(values[::every], rows[::every])[0])


def unit_root_tests(who, values):
    """The p-values of the augmented Dickey-Fuller and the KPSS test, around a level; KPSS's lie in 0.01 to 0.1."""
    stattools = load_extra(who, "statsmodels.tsa.stattools", "stats")
    values = values[-ROWS_FOR_ROOTS:]
    if np.ptp(values) == 0:
        return np.nan, np.nan
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return (
            float(stattools.adfuller(values, regression="c", autolag="AIC")[1]),
            float(stattools.kpss(values, regression="c", nlags="auto")[1]),
        )


def strength_of_parts(who, values, season):
    """Strength of the season and of the trend, 0 to 1: how much of the variance goes with them.

    From a decomposition by STL or, without a season, from a LOESS curve alone. R. J. Hyndman and G. Athanasopoulos
    (2021), *Forecasting: Principles and Practice*, 3rd edition, section 4.3.
    """
    if season is not None and len(values) >= 2 * season:
        seasonal = load_extra(who, "statsmodels.tsa.seasonal", "stats")
        parts = seasonal.STL(values, period=season).fit()
        return _strength(parts.seasonal, parts.resid), _strength(parts.trend, parts.resid)
    lowess = load_extra(who, "statsmodels.nonparametric.smoothers_lowess", "stats").lowess
    rows = np.arange(len(values), dtype=np.float64)
    trend = lowess(values, rows, frac=0.3, it=0, delta=0.01 * len(values), return_sorted=False)
    return np.nan, _strength(trend, values - trend)


def _strength(part, rest):
    whole = np.var(part + rest)
    return float(max(0.0, 1 - np.var(rest) / whole)) if whole > 0 else 0.0


def spread_by_level(values, season=None):
    """The power of the level that the spread grows with, block by block, and whether it does beyond doubt.

    The slope of log spread over log level (D. R. Cox and M. S. Bartlett's rule for transformations: a slope of 1 is
    made level by the logarithm). Levels that are not all positive have no such power: then only whether spreads rise
    with them is told.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        NaN where nothing was observed.
    season : int, optional
        Blocks are whole seasons, where there are enough of them.

    Returns
    -------
    exponent : float
        NaN where there is none.
    grows : bool
        By Spearman's rank correlation, with a p-value below 0.01.
    """
    size = max(SHORTEST_BLOCK, -(-len(values) // BLOCKS))
    if season is not None and len(values) >= SHORTEST_BLOCK * season:
        size = season * max(1, round(size / season))
    elif season is not None and season > 2 * size:
        # Within a season, level and spread change together with it, as those of temperatures do.
        return np.nan, False
    blocks = values[len(values) % size :].reshape(-1, size)
    blocks = blocks[~np.isnan(blocks).any(axis=1)]
    if len(blocks) < SHORTEST_BLOCK:
        return np.nan, False
    levels = blocks.mean(axis=1)
    spreads = np.array([detrend(block).std(ddof=1) for block in blocks])
    if levels.min() > 0 and levels.max() < LEAST_GROWTH * levels.min():
        # Too little growth to tell the logarithm from the values.
        return np.nan, False
    if np.ptp(levels) == 0 or np.ptp(spreads) == 0 or (spreads <= 0).any():
        return np.nan, False
    rank = stats.spearmanr(levels, spreads)
    rises = bool(rank.statistic > 0 and rank.pvalue < 0.01)
    if levels.min() <= 0:
        return np.nan, rises
    exponent = float(stats.linregress(np.log(levels), np.log(spreads)).slope)
    return exponent, rises and exponent > 0.5
