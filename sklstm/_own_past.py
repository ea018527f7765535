"""The feature that holds a target's own past: found by name, and the line from its units to those of y."""

from itertools import product
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._lag_names import LAG_COLUMN, lag_name
from sklstm._series import fit_robust_lines
from sklstm._warnings import warn_user

# The longest horizon that is tried where the name of y states none.
LONGEST_HORIZON = 400
# Pairs of feature and target that show a horizon; fewer may lie on a line by chance.
FEWEST_PAIRS = 8
# Pairs that draw a line where the horizon is known.
FEWEST_OF_KNOWN = 2
# One line for all samples is fitted on this many of them, spread evenly; more only take time.
SAMPLES_TO_FIT = 2000
# Fraction of the standard deviation of y by which float32 features may miss the line.
TOLERANCE = 1e-3
# Slopes that differ by this fraction, or offsets by this fraction of the standard deviation, are of other units.
UNLIKE = 0.01
# Features that a message lists.
MOST_LISTED = 20
# Fraction of pairs that may miss the line: pairs across holes in time, and clipped values.
STRAY_PAIRS = 0.25


class OwnPast(NamedTuple):
    """Past of one output: ``y[i] = slope * windows[i + horizon, -1, feature] + offset``; `level` is the median of y."""

    feature: int
    horizon: int
    slope: float
    offset: float
    level: float


class OwnLines(NamedTuple):
    """Line from the units of the features to those of y in each series.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,)
        Labels of the series.
    slopes, offsets : ndarray of shape (n_series, n_outputs)
        ``y = slope * feature + offset``.
    """

    labels: pd.Index
    slopes: np.ndarray
    offsets: np.ndarray


def find_own_past(
    who, windows, y, names=None, target_feature="auto", *, learned=None, excluded=(), by_series=False, remedy
):
    """Find the feature that holds the past of each output, its horizon, and the line from its units to those of y.

    The feature is named by y or by `target_feature`, never searched for. The horizon is the one in the name, else the
    nearest at which y lies on a line of the feature.

    Parameters
    ----------
    who : str
        The caller, for messages.
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        Windows of one series in time order, or of several series in any order.
    y : ndarray of shape (n_samples, n_outputs)
        Targets.
    names : sequence of shape (n_outputs,), optional
        Names of the outputs, such as ``sales(t+1)``; None for an output without a name.
    target_feature : "auto", str, int, or sequence of str or int with one entry per output
        Feature that holds the past of y, by name or position. "auto" takes the feature that y is named after, or the
        only feature that may hold it.
    learned : ndarray of int of shape (n_learned,), optional
        Samples whose y is used; all by default.
    excluded : sequence of int
        Features that cannot hold the past of y: static, known ahead, or codes.
    by_series : bool, default=False
        Whether each series may have a line of its own where they have none in common.
    remedy : str
        What the user can do without a past, for messages.

    Returns
    -------
    pasts : list of OwnPast
        One for each output. Slope 1 and offset 0 where each series has a line of its own.
    lines : OwnLines or None
        The line of each series; None where one line holds for all of them.

    Raises
    ------
    ValueError
        If the feature is not named, or y does not lie on a line of it.
    """
    if names is None or len(names) != y.shape[1]:
        # A Series of sequences has one name for all of its time steps.
        names = [None] * y.shape[1]
    asked = [target_feature] * y.shape[1] if isinstance(target_feature, (str, Integral)) else list(target_feature)
    if len(asked) != y.shape[1]:
        raise ValueError(
            f"{who} got target_feature={target_feature!r} of length {len(asked)} and y with {y.shape[1]} outputs. "
            "Pass one feature, or one for each output."
        )
    choices = [k for k in range(windows.shape[2]) if k not in set(excluded)]
    named = [
        (*name_past(who, windows.names, choices, name, feature, remedy), name)
        for name, feature in zip(names, asked, strict=True)
    ]
    rows = TimeOrder(windows, learned)
    y = y[rows.order].astype(np.float64)
    try:
        # Where series may have lines of their own, the line of a long series is not taken for that of a short one.
        fewest = FEWEST_OF_KNOWN if by_series else FEWEST_PAIRS
        return _find_pasts(who, rows, y, named, remedy, fewest_of_series=fewest), None
    except ValueError:
        if not by_series or rows.labels is None:
            raise
    # The longest series shows the horizons.
    pasts = _find_pasts(who, rows, y, named, remedy, series=np.bincount(rows.codes[rows.learned]).argmax())
    lines = _find_lines(who, rows, y, pasts, remedy)
    # In the units of the feature.
    levels = [(past.level - past.offset) / past.slope for past in pasts]
    return [OwnPast(*past[:2], 1.0, 0.0, level) for past, level in zip(pasts, levels, strict=True)], lines


def are_scaled_by_series(windows, y, names=None, target_feature="auto", *, learned=None, excluded=()):
    """Whether the feature that holds the past of y comes in units of its own in each series.

    Parameters
    ----------
    windows, y, names, target_feature, learned, excluded
        As for `find_own_past`.

    Returns
    -------
    by_series : bool
        False also where nothing names the feature, or y does not lie on a line of it.
    """
    if windows.groups is None:
        return False
    names = [None] * y.shape[1] if names is None or len(names) != y.shape[1] else names
    choices = [k for k in range(windows.shape[2]) if k not in set(excluded)]
    asked = target_feature if isinstance(target_feature, (str, Integral)) else next(iter(target_feature), None)
    rows = TimeOrder(windows, learned)
    target = np.where(rows.learned, y[rows.order, 0].astype(np.float64), np.nan)
    try:
        named = (*name_past("", windows.names, choices, names[0], asked, ""), names[0])
        longest = np.bincount(rows.codes[rows.learned]).argmax()
        (past,) = _find_pasts("", rows, target[:, None], [named], "", series=longest)
    except ValueError:
        return False
    x = rows.newest(past.feature)
    earlier, later = rows.pairs(past.horizon, np.flatnonzero(~np.isnan(target)), x)
    slopes, offsets, bent = fit_own_lines(x, target, earlier, later, rows.codes)
    shown = ~bent & (np.bincount(rows.codes[earlier], minlength=len(slopes)) >= FEWEST_PAIRS)
    if shown.sum() < 2:
        return False
    differ = np.ptp(slopes[shown]) > UNLIKE * np.abs(slopes[shown]).max()
    return bool(differ or np.ptp(offsets[shown]) > UNLIKE * np.nanstd(target))


def warn_scaled_by_series(who, windows, y, names):
    """Warn where a scaler took the level of each series out of X, and y has kept it."""
    if windows.groups is None:
        return
    if are_scaled_by_series(windows, y.reshape(len(y), -1), names, excluded=windows.roles.features):
        warn_user(
            f"{who} got windows of series that are scaled each by itself, and y in the units of each series, to which "
            "nothing leads back. Pass SeriesScaler(pooled=True), which scales all series alike, or use LSTMRegressor, "
            "which scales y likewise.",
            UserWarning,
        )


# --- names ----------------------------------------------------------------------------------------


def name_past(who, features, choices, name, target_feature, remedy):
    """Find the position of the feature that holds the past of an output, and the horizon in its name, or None.

    >>> name_past("LSTM", ["num__sales", "num__price"], [0, 1], "sales(t+2)", "auto", "stop")
    (0, 2)
    """
    base, horizon = read_target_name(name)
    if target_feature == "auto":
        matches = _named_alike(base, features, choices) if base is not None and features is not None else []
        # A feature whose next values are known is no target.
        changing = [k for k in choices if features is None or lag_name(features[k], 1) not in features]
        if len(matches) != 1 and len(changing) == 1:
            matches = changing
    elif isinstance(target_feature, str):
        matches = [] if features is None else _named_alike(target_feature, features, choices)
    else:
        matches = [k for k in choices if k == target_feature]
    if len(matches) == 1:
        return int(matches[0]), horizon
    listed = ", ".join(repr(k if features is None else features[k]) for k in choices[:MOST_LISTED])
    listed = f"[{listed}{', ...' if len(choices) > MOST_LISTED else ''}]"
    by = "position" if features is None else "name or position"
    if target_feature == "auto":
        called = "y has no name" if base is None else f"y is named {name!r}"
        raise ValueError(
            f"{who} needs the target's own past, but nothing says which of the features {listed} holds it: {called}. "
            f"Pass target_feature, by {by}, or {remedy}."
        )
    raise ValueError(
        f"{who} needs the target's own past, got target_feature={target_feature!r}, but the features that may hold it "
        f"are {listed}. Pass one of these, by {by}, or {remedy}."
    )


def target_names(y):
    """Return the names of the outputs of y, its columns or its own name; None without any."""
    names = list(y.columns) if hasattr(y, "columns") else [getattr(y, "name", None)]
    names = [name if isinstance(name, str) else None for name in names]
    return names if any(names) else None


def read_target_name(name):
    """Split the name of an output into the name of its series and its horizon: ``sales(t+1)``; None without one."""
    lag = None if name is None else LAG_COLUMN.fullmatch(name)
    if lag is None:
        return name, None
    horizon = int(lag["lag"] or 0)
    # "sales(t)" of series_to_supervised follows windows that end at t-1: the name does not state its horizon.
    return lag["feature"], horizon if horizon > 0 else None


def _named_alike(name, features, choices):
    """Features of this name; without one those of this name but for a prefix such as ``num__`` on either side."""
    alike = (
        lambda feature: feature == name,
        lambda feature: feature.endswith(f"__{name}") or name.endswith(f"__{feature}"),
        lambda feature: feature.rpartition("__")[2] == name.rpartition("__")[2],
    )
    return next((found for test in alike if (found := [k for k in choices if test(features[k])])), [])


# --- lines ----------------------------------------------------------------------------------------


class TimeOrder:
    """Samples sorted by series and time, and pairs of samples that lie a number of rows apart.

    Parameters
    ----------
    windows : Windows of shape (n_samples, n_timesteps, n_features)
        Their places in the buffer tell what follows what, also where samples are left out.
    learned : ndarray of int of shape (n_learned,), optional
        Samples whose y is used.
    """

    def __init__(self, windows, learned=None):
        codes, self.labels = np.zeros(len(windows), dtype=np.intp), None
        if windows.groups is not None:
            codes, self.labels = pd.factorize(pd.Index(windows.groups, tupleize_cols=False))
        self.windows, self.order = windows, np.lexsort((windows.starts, codes))
        self.codes, self.starts = codes[self.order], windows.starts[self.order]
        self.learned = np.full(len(windows), learned is None)
        if learned is not None:
            self.learned[learned] = True
            self.learned = self.learned[self.order]
        self._span = self.starts.max() + 1
        self._keys = self.starts + self.codes * self._span
        hops = np.diff(self.starts)
        # The starts of windows that overlap count rows; other windows lie as far apart as they are long.
        self._hop = windows.reach if hops[hops > 0].min(initial=windows.reach) == windows.reach else 1

    @property
    def n_series(self):
        """Number of series."""
        return 1 if self.labels is None else len(self.labels)

    def newest(self, feature):
        """Last value of a feature in each sample, an ndarray of shape (n_samples,)."""
        return self.windows.buffer[self.starts + self.windows.reach - 1, feature].astype(np.float64)

    def name(self, feature):
        """Name of a feature, or its position, for messages."""
        return feature if self.windows.names is None else repr(self.windows.names[feature])

    def pairs(self, horizon, samples, x):
        """Those of some samples that have one `horizon` rows later in their series whose x is known, and these."""
        distance = horizon * self._hop
        later = np.searchsorted(self._keys, self._keys[samples] + distance)
        later = np.minimum(later, len(self._keys) - 1)
        same = (self.starts[later] == self.starts[samples] + distance) & (self.codes[later] == self.codes[samples])
        same &= ~np.isnan(x[later])
        return samples[same], later[same]


def _find_pasts(who, rows, y, named, remedy, series=None, fewest_of_series=None):
    """The past of each output by one line, for all samples or for those of one series."""
    chosen, pasts = rows.learned if series is None else rows.learned & (rows.codes == series), []
    for output, (feature, horizon, name) in enumerate(named):
        x, target = rows.newest(feature), y[:, output]
        samples = np.flatnonzero(chosen & ~np.isnan(target))
        few = samples[:: -(-len(samples) // SAMPLES_TO_FIT) or 1]
        known = next((past for past in pasts if past.feature == feature), None)
        found, most, fewest = None, 0, FEWEST_OF_KNOWN if horizon else FEWEST_PAIRS
        if horizon is None and known is not None and _follow(rows, y, output, few):
            # A step of the same future as the output before it.
            found = pasts[-1].horizon + 1, known.slope, known.offset
        # Output k of several most likely lies k + 1 rows ahead.
        tried = [horizon] if horizon else sorted(range(1, LONGEST_HORIZON + 1), key=lambda h: h != output + 1)
        # Counts and rare events lie near the lines of many horizons: one that no pair misses goes before the others.
        tolerated = (STRAY_PAIRS,) if horizon else (0.0, STRAY_PAIRS)
        for strays, h in product(tolerated, tried) if found is None else ():
            earlier, later = rows.pairs(h, few, x)
            most = max(most, len(earlier))
            line = None
            if len(earlier) >= fewest:
                line = fit_own_line(x[later], target[earlier], strays)
            elif horizon and known is not None:
                # Too short a series shows nothing of a later step, which has the line of the first.
                line = known.slope, known.offset
            if line is not None:
                found = h, *line
                break
        if found is None or (
            series is None and known is None and not _holds_for_each(rows, x, target, samples, found, fewest_of_series)
        ):
            which = "y" if y.shape[1] == 1 else f"y (output {output})"
            _refuse(who, rows, feature, horizon, which if name is None else f"y {name!r}", most, fewest, remedy)
        pasts.append(OwnPast(feature, *found, float(np.median(target[samples]))))
    return pasts


def _find_lines(who, rows, y, pasts, remedy):
    """The line of each series to each output."""
    lines = np.empty((2, rows.n_series, len(pasts)))
    to_learn_from = np.bincount(rows.codes[rows.learned], minlength=rows.n_series) >= FEWEST_PAIRS
    # A series with too few samples to learn from is at least read in its own units.
    read = rows.learned | ~to_learn_from[rows.codes]
    features = [past.feature for past in pasts]
    for output, past in enumerate(pasts):
        if (first := features.index(past.feature)) < output:
            # Further steps of the same series have the line of the first.
            lines[:, :, output] = lines[:, :, first]
            continue
        x, target = rows.newest(past.feature), np.where(read, y[:, output], np.nan)
        pairs = rows.pairs(past.horizon, np.flatnonzero(~np.isnan(target)), x)
        slopes, offsets, bent = fit_own_lines(x, target, *pairs, rows.codes)
        if (bent & to_learn_from).any():
            code = int(np.argmax(bent & to_learn_from))
            raise ValueError(
                f"{who} needs the target's own past, and feature {rows.name(past.feature)}, which holds it for the "
                f"longest series, does not for series {rows.labels[code]!r} of {np.sum(rows.codes == code)} samples: "
                f"no line leads from there to y. Pass its samples in time order, or {remedy}."
            )
        lines[:, :, output] = slopes, offsets
    return OwnLines(pd.Index(rows.labels, tupleize_cols=False), *lines)


def _refuse(who, rows, feature, horizon, which, n_pairs, fewest, remedy):
    """Raise because an output does not lie on a line of the feature, or too few pairs show one."""
    feature = f"feature {rows.name(feature)}"
    if n_pairs < fewest:
        unnamed = "" if horizon else "name y after the feature and its horizon ('sales(t+1)'), "
        raise ValueError(
            f"{who} needs the target's own past, and at least {fewest} pairs of {which} and a later value of {feature} "
            f"to learn its units from; got {n_pairs} in {len(rows.starts)} samples. Pass more of the series, {unnamed}"
            f"or {remedy}."
        )
    distance = horizon or f"at any of 1 to {LONGEST_HORIZON}"
    later = f"{distance} row{'s' if horizon != 1 else ''} later"
    alike = "" if rows.labels is None else ", all series scaled alike (SeriesScaler without group)"
    raise ValueError(
        f"{who} needs the target's own past, but {which} does not lie on a line of {feature} {later}. Pass X and y in "
        f"time order (TimeSeriesSplit, shuffle=False){alike}, say by target_feature which feature holds the past, or "
        f"{remedy}."
    )


def _follow(rows, y, output, samples):
    """Whether an output is the one before it, a row later."""
    earlier, later = rows.pairs(1, samples, y[:, output - 1])
    both = rows.learned[later]
    return bool(both.any()) and np.array_equal(y[earlier[both], output], y[later[both], output - 1])


def fit_own_line(x, y, strays=STRAY_PAIRS):
    """Slope and offset of the line from a feature to the target on which most pairs lie; None without one."""
    few = slice(None, None, -(-len(x) // SAMPLES_TO_FIT))
    slopes, offsets, holds = _fit_lines(x[few], y[few], np.zeros(len(x[few]), dtype=np.intp), 1, strays)
    return (float(slopes[0]), float(offsets[0])) if holds[0] else None


def _holds_for_each(rows, x, target, samples, found, fewest):
    """Whether the line of all samples is that of each series with so many pairs or more."""
    if rows.labels is None:
        return True
    horizon, slope, offset = found
    earlier, later = rows.pairs(horizon, samples, x)
    of_pair = rows.codes[earlier]
    missed = np.abs(target[earlier] - slope * x[later] - offset)
    # Of large numbers that hardly change float32 keeps little: another line is further off.
    allowed = 0.1 * _spreads(target[samples], rows.codes[samples], rows.n_series)[of_pair]
    strays = missed > allowed + TOLERANCE * np.std(target[samples])
    counts = np.bincount(of_pair, minlength=rows.n_series)
    share = np.bincount(of_pair[strays], minlength=rows.n_series) / np.maximum(counts, 1)
    return not np.any((counts >= fewest) & (share > 2 * STRAY_PAIRS))


def fit_own_lines(x, y, earlier, later, codes):
    """Fit the line from a feature to the target in each series; short series get what is usual.

    Parameters
    ----------
    x, y : ndarray of shape (n_samples,)
        Feature and target, sorted by series.
    earlier, later : ndarray of int of shape (n_pairs,)
        ``y[earlier]`` belongs to ``x[later]``.
    codes : ndarray of int of shape (n_samples,)
        Series of each sample, ascending.

    Returns
    -------
    slopes, offsets : ndarray of shape (n_series,)
        ``y = slope * x + offset``. A series with too few pairs has the slope that is usual for the spread of its y,
        and the offset of its level.
    bent : ndarray of bool of shape (n_series,)
        Series with enough pairs that lie on no line.
    """
    n_series = codes[-1] + 1
    slopes, offsets, holds = _fit_lines(x[later], y[earlier], codes[earlier], n_series)
    counts = np.bincount(codes[earlier], minlength=n_series)
    holds &= counts >= FEWEST_OF_KNOWN
    if holds.all():
        return slopes, offsets, ~holds
    spread = _spreads(y, codes, n_series)
    spread = np.where(spread > 0, spread, 1.0)
    usual = spread * (np.median(slopes[holds] / spread[holds]) if holds.any() else 1.0)
    paired = counts > 0
    mean_x, mean_y = (
        np.where(paired, _means(values[places], codes[places], n_series), _means(values, codes, n_series))
        for values, places in ((x, later), (y, earlier))
    )
    slopes = np.where(holds, slopes, usual)
    return slopes, np.where(holds, offsets, np.nan_to_num(mean_y - usual * mean_x)), (counts >= FEWEST_PAIRS) & ~holds


def _fit_lines(x, y, codes, n_series, strays=STRAY_PAIRS):
    """Slope and offset of each series of pairs, sorted by series, and whether it has a line."""
    slopes, offsets, holds = np.ones(n_series), np.zeros(n_series), np.zeros(n_series, dtype=bool)
    if len(x) == 0:
        return slopes, offsets, holds
    counts = np.bincount(codes, minlength=n_series)
    shown = counts > 0
    bounds = np.append(0, np.cumsum(counts[shown]))
    fitted = fit_robust_lines(x, y, bounds, TOLERANCE, strays)
    begins = bounds[:-1]
    flat = np.all([np.maximum.reduceat(part, begins) == np.minimum.reduceat(part, begins) for part in (x, y)], axis=0)
    # A series that never changes is shifted.
    slopes[shown] = np.where(flat, 1.0, fitted[0])
    offsets[shown] = np.where(flat, y[begins] - x[begins], fitted[1])
    holds[shown] = fitted[2] | flat
    return slopes, offsets, holds


def _means(values, codes, n_series):
    """Mean of the observed values of each series; NaN where there are none."""
    seen = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        sums = np.bincount(codes[seen], values[seen], minlength=n_series)
        return sums / np.bincount(codes[seen], minlength=n_series)


def _spreads(values, codes, n_series):
    """Standard deviation of the observed values of each series; NaN where there are none."""
    return np.sqrt(_means((values - _means(values, codes, n_series)[codes]) ** 2, codes, n_series))
