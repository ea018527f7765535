"""Which feature holds a target's own past, in which units, and how far ahead the target lies."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._series import fit_robust_lines

# How far ahead of its row a target is looked for among the features.
LONGEST_HORIZON = 400
# Fewer pairs of target and feature than this may agree by chance.
FEWEST_PAIRS = 8
# Two draw a line between a target and the feature that is known to hold its past.
FEWEST_OF_KNOWN = 2
# So many rows show the relation of target and feature; more only take time.
ROWS_TO_COMPARE = 2000
# Share of the target's spread by which float32 features may miss it.
TOLERANCE = 1e-3
# Share of pairs that may not belong together: across holes in time, or clipped by a scaler.
STRAY_PAIRS = 0.25


class OwnPast(NamedTuple):
    """``target[i] == slope * windows[i + horizon, -1, feature] + offset``; its usual level is the target's median."""

    feature: int
    horizon: int
    slope: float
    offset: float
    level: float


def find_own_past(who, windows, y, *, remedy):
    """For each target the feature that holds its past: the one in which its values turn up in later rows.

    Features come in whatever units a scaler gave them, so values are compared up to a slope and an offset.

    Parameters
    ----------
    who : str
        Who asks, for the message.
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        Of one series in time order, or of several in any order: where they lie in the buffer tells what follows what.
    y : ndarray of shape (n_samples, n_outputs)
        What follows each window, at horizons that are not known.
    remedy : str
        What the user may do where there is none, besides adding the target's series to X.

    Returns
    -------
    pasts : list of OwnPast
        One for each output.

    Raises
    ------
    ValueError
        If no feature holds the past of a target, or there are too few samples to tell.
    """
    n_rows = min(len(windows), ROWS_TO_COMPARE)
    if n_rows <= FEWEST_PAIRS:
        raise ValueError(
            f"{who} needs the target's own past, and at least {FEWEST_PAIRS + 1} samples to find it in X by; got "
            f"{n_rows}. Pass more of the series, or {remedy}."
        )
    series = Newest.of(windows, y, np.arange(len(windows)))
    pasts = []
    for output, target in enumerate(series.targets.T):
        past = _following(pasts, series, output) or _search(series, target, output)
        if past is None or not _holds_for_each(windows, y[:, output], past):
            which = f" (output {output})" if y.shape[1] > 1 else ""
            alike = "" if windows.groups is None else ", all series scaled alike (SeriesScaler without group)"
            raise ValueError(
                f"{who} needs the target's own past, but no feature of X holds the past of y{which}: in no column do "
                "the values of y turn up in later rows, scaled or not. "
                f"Add the target's series to X, in time order (TimeSeriesSplit, shuffle=False){alike}, or {remedy}."
            )
        pasts.append(OwnPast(*past, float(np.nanmedian(target))))
    return pasts


def find_own_past_by_series(who, windows, y, *, remedy):
    """The same where each series has units of its own, as ``SeriesScaler(group=...)`` gives them.

    Parameters
    ----------
    who, windows, y, remedy
        As for `find_own_past`; windows of several series.

    Returns
    -------
    pasts : list of OwnPast
        One for each output, in units of the features: slope 1, offset 0.
    lines : OwnLines
        What leads from there to the units of y in each series. A series with too few pairs to show a line of its own
        has the slope that is usual for its spread, and the offset of its level.

    Raises
    ------
    ValueError
        If no feature holds the past of a target, or the one that holds it in the longest series does not in another.
    """
    codes, labels = pd.factorize(pd.Index(windows.groups, tupleize_cols=False))
    longest = np.flatnonzero(codes == np.bincount(codes).argmax())
    found = find_own_past(who, windows[longest], y[longest], remedy=remedy)
    order = np.lexsort((windows.starts, codes))
    newest = np.asarray(windows[order].last(1))[:, 0].astype(np.float64)
    slopes, offsets = np.empty((2, len(labels), len(found)))
    lines = {}
    for output, past in enumerate(found):
        # Further steps of the same series have the line of the first.
        if past.feature not in lines:
            feature, target = newest[:, past.feature], y[order, output].astype(np.float64)
            earlier, later = _pairs(windows.starts[order], codes[order], past.horizon, _hop(windows, longest))
            pairs = ~np.isnan(feature[later])
            earlier, later = earlier[pairs], later[pairs]
            lines[past.feature] = _lines_by_series(
                who, feature, target, earlier, later, codes[order], labels, past.feature, remedy
            )
        slopes[:, output], offsets[:, output] = lines[past.feature]
    pasts = [past._replace(slope=1.0, offset=0.0, level=(past.level - past.offset) / past.slope) for past in found]
    return pasts, OwnLines(pd.Index(labels, tupleize_cols=False), slopes, offsets)


def _lines_by_series(who, feature, target, earlier, later, codes, labels, position, remedy):
    """Slope and offset of each series from a feature to the target, two arrays of shape (n_series,).

    Rows are sorted by series; the target at the `earlier` rows of pairs turns up in the feature at the `later` ones.
    """
    n_series = len(labels)
    slope, offset, counts, holds = _lines_of(feature[later], target[earlier], codes[earlier], n_series)
    bent = (counts >= FEWEST_PAIRS) & ~holds
    if bent.any():
        code = int(np.argmax(bent))
        raise ValueError(
            f"{who} needs the target's own past, and feature {position} of X, which holds it for the longest "
            f"series, does not for series {labels[code]!r}, of {np.sum(codes == code)} samples: no line leads from "
            f"there to y. Pass its samples in time order, or {remedy}."
        )
    if holds.all():
        return slope, offset
    # Scaled by itself, a series has a slope in proportion to its spread.
    spread = _spreads(target, codes, n_series)
    usual = np.median(slope[holds] / spread[holds]) * spread
    paired = np.full((2, len(target)), np.nan)
    paired[0][earlier], paired[1][earlier] = target[earlier], feature[later]
    means = [
        np.where(counts > 0, _means(pair, codes, n_series), _means(every, codes, n_series))
        for pair, every in zip(paired, (target, feature), strict=True)
    ]
    return np.where(holds, slope, usual), np.where(holds, offset, np.nan_to_num(means[0] - usual * means[1]))


class OwnLines(NamedTuple):
    """What leads from the units of features to those of y in each series.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,)
        Names of the series.
    slopes, offsets : ndarray of shape (n_series, n_outputs)
        ``y = slope * feature + offset``.
    """

    labels: pd.Index
    slopes: np.ndarray
    offsets: np.ndarray


def _lines_of(feature, target, codes, n_series):
    """Slope, offset, number of pairs and whether there is a line, for each series of pairs that are sorted by it."""
    counts = np.bincount(codes, minlength=n_series)
    shown = counts > 0
    slope, offset, holds = np.ones(n_series), np.zeros(n_series), np.zeros(n_series, dtype=bool)
    if shown.any():
        bounds = np.append(0, np.cumsum(counts[shown]))
        begins = bounds[:-1]
        slope[shown], offset[shown], holds[shown] = fit_robust_lines(feature, target, bounds, TOLERANCE, STRAY_PAIRS)
        # A series that never changes is shifted.
        flat = np.zeros(n_series, dtype=bool)
        flat[shown] = np.all(
            [np.maximum.reduceat(part, begins) == np.minimum.reduceat(part, begins) for part in (feature, target)],
            axis=0,
        )
        first = np.zeros(n_series)
        first[shown] = target[begins] - feature[begins]
        slope, offset = np.where(flat, 1.0, slope), np.where(flat, first, offset)
        holds |= flat
    return slope, offset, counts, holds & (counts >= FEWEST_OF_KNOWN)


def _means(values, codes, n_series):
    """Mean of the observed values of each series; NaN where there are none."""
    seen = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        sums = np.bincount(codes[seen], values[seen], minlength=n_series)
        return sums / np.bincount(codes[seen], minlength=n_series)


def _spreads(target, codes, n_series):
    """Standard deviation of the target in each series; 1 for a series that never changes."""
    deviations = (target - _means(target, codes, n_series)[codes]) ** 2
    spread = np.sqrt(_means(deviations, codes, n_series))
    return np.where(spread > 0, spread, 1.0)


def _hop(windows, rows):
    """How far apart in the buffer the windows of neighbouring rows of a series lie."""
    hops = np.diff(np.sort(windows.starts[rows]))
    # Windows that do not overlap lie as far apart as they are long.
    return hops[hops > 0].min(initial=windows.reach)


def _pairs(starts, codes, horizon, hop):
    """Positions of windows, and of those that lie so many rows later in the same series; sorted by series and start."""
    later = np.searchsorted(starts + codes * (starts.max() + 1), starts + horizon * hop + codes * (starts.max() + 1))
    earlier = np.flatnonzero(later < len(later))
    later = later[earlier]
    same = (starts[later] == starts[earlier] + horizon * hop) & (codes[later] == codes[earlier])
    return earlier[same], later[same]


def last_observed(windows):
    """The last observed time step of each window, (n_samples, n_features); NaN where nothing was observed."""
    observed = ~np.isnan(windows)
    steps = windows.shape[1] - 1 - np.argmax(observed[:, ::-1], axis=1)
    return np.take_along_axis(windows, steps[:, None], axis=1)[:, 0]


def last_season(windows, past, season, *, dilation=1, who):
    """The target's value one season before it, (n_samples,), in its own units; the last observed where there is none.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Long enough to reach back to it.
    past : OwnPast
        Where the target's past is, and how far the target lies ahead.
    season : int
        Rows in a season.
    dilation : int, default=1
        Rows from one time step of the windows to the next.
    who : str
        Who asks, for the message.
    """
    n_timesteps, rows_back = windows.shape[1], -past.horizon % season
    if rows_back % dilation:
        raise ValueError(
            f"{who} needs the value {rows_back} rows back, got windows with dilation={dilation}, which do not hold it. "
            f"Put LagFramer(n_steps={season}) without dilation before it."
        )
    back = rows_back // dilation
    if back >= n_timesteps:
        raise ValueError(
            f"{who} needs windows of at least {back + 1} time steps, got {n_timesteps}. Put "
            f"LagFramer(n_steps={season}) before it."
        )
    value = windows[:, -1 - back, past.feature]
    value = np.where(np.isnan(value), last_observed(windows)[:, past.feature], value)
    return past.slope * value + past.offset


def last_value(windows, past):
    """The target's last observed value, (n_samples,), in its own units."""
    return past.slope * last_observed(windows)[:, past.feature] + past.offset


class Newest(NamedTuple):
    """The last time step of windows in time order, and what is to be found among later ones.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features)
        The time steps.
    targets : ndarray of shape (n_samples, n_outputs)
        What follows each.
    places : ndarray of int of shape (n_samples,)
        When each was, counted in rows: where rows are absent, or are not learned from, samples lie further apart.
    series : ndarray of int of shape (n_samples,)
        Number of the series of each.
    """

    values: np.ndarray
    targets: np.ndarray
    places: np.ndarray
    series: np.ndarray

    @classmethod
    def of(cls, windows, y, rows):
        """Those of some samples; of many the first ones, which are enough."""
        rows = rows[np.argsort(windows.starts[rows], kind="stable")][:ROWS_TO_COMPARE]
        starts = windows.starts[rows]
        hops = np.diff(starts)
        # Windows that do not overlap lie as far apart as they are long.
        hop = hops[hops > 0].min(initial=windows.reach)
        series = np.zeros(len(rows), dtype=np.intp)
        if windows.groups is not None:
            series = pd.factorize(pd.Index(windows.groups[rows]))[0]
        values = np.asarray(windows[rows].last(1))[:, 0].astype(np.float64)
        return cls(values, y[rows].astype(np.float64), (starts - starts[0]) // hop, series)

    def pairs(self, horizon):
        """Positions of samples, and of those that lie so many rows later in the same series."""
        later = np.searchsorted(self.places, self.places + horizon)
        earlier = np.flatnonzero(later < len(later))
        later = later[earlier]
        same = (self.places[later] == self.places[earlier] + horizon) & (self.series[later] == self.series[earlier])
        return earlier[same], later[same]


def _following(pasts, series, output):
    """The past of an output that is the one before it, a row later; None where it is not."""
    if output == 0:
        return None
    earlier, later = series.pairs(1)
    targets = series.targets
    if len(later) == 0 or not np.array_equal(targets[earlier, output], targets[later, output - 1]):
        return None
    before = pasts[-1]
    return before.feature, before.horizon + 1, before.slope, before.offset


def _search(series, target, output):
    """Feature, horizon, slope and offset of one target among the newest values."""
    if np.ptp(target) == 0:
        return _constant(series.values, target, output)
    longest = min(LONGEST_HORIZON, len(target) - FEWEST_PAIRS)
    # Output k of several most likely lies k + 1 rows ahead.
    for horizon in sorted(range(1, longest + 1), key=lambda horizon: horizon != output + 1):
        earlier, later = series.pairs(horizon)
        for feature in range(series.values.shape[1]):
            line = _line(series.values[later, feature], target[earlier])
            if line is not None:
                return feature, horizon, *line
    return None


def _constant(newest, target, output):
    """The same of a target that is constant: the first feature that is constant too."""
    for feature, values in enumerate(newest.T):
        values = values[~np.isnan(values)]
        if len(values) and np.ptp(values) == 0:
            return feature, output + 1, 1.0, float(target[0] - values[0])
    return None


def _holds_for_each(windows, target, past):
    """Whether a line that was found over all series, as far as they were looked at, is that of each of them."""
    if windows.groups is None:
        return True
    feature, horizon, slope, offset = past
    codes, _ = pd.factorize(pd.Index(windows.groups, tupleize_cols=False))
    order = np.lexsort((windows.starts, codes))
    codes, own = codes[order], target[order].astype(np.float64)
    newest = np.asarray(windows[order].last(1))[:, 0, feature].astype(np.float64)
    longest = order[codes == np.bincount(codes).argmax()]
    earlier, later = _pairs(windows.starts[order], codes, horizon, _hop(windows, longest))
    missed = np.abs(own[earlier] - slope * newest[later] - offset)
    known = ~np.isnan(missed)
    missed, of_pair, n_series = missed[known], codes[earlier[known]], codes[-1] + 1
    mean = _means(own, codes, n_series)
    spread = np.sqrt(_means((own - mean[codes]) ** 2, codes, n_series))
    # Of large numbers that hardly change float32 keeps little: another line is further off.
    strays = missed > 0.1 * spread[of_pair] + TOLERANCE * np.std(target)
    counts = np.bincount(of_pair, minlength=n_series)
    share = np.bincount(of_pair[strays], minlength=n_series) / np.maximum(counts, 1)
    return not np.any((counts >= FEWEST_PAIRS) & (share > 2 * STRAY_PAIRS))


def _line(feature, target):
    """Slope and offset from feature to target, or None where the two are not the same series.

    The line is drawn by medians, so that a few pairs that do not belong together do not bend it.
    """
    observed = ~np.isnan(feature)
    feature, target = feature[observed], target[observed]
    steps = np.diff(feature)
    moved = steps != 0
    if len(target) < FEWEST_PAIRS or not moved.any():
        return None
    slope = np.median(np.diff(target)[moved] / steps[moved])
    offset = np.median(target - slope * feature)
    strays = np.abs(target - slope * feature - offset) > TOLERANCE * np.std(target)
    if slope == 0 or strays.mean() > STRAY_PAIRS:
        return None
    # Once more over the pairs that belong together: slopes of small steps are rounded.
    slope, offset = np.polyfit(feature[~strays], target[~strays], 1)
    return float(slope), float(offset)
