"""Leaks that are in X before any Pipeline sees it: y among the features, and scales of all rows."""

import re

import numpy as np
import pandas as pd

from sklstm._lag_names import LAG_COLUMN
from sklstm._own_past import find_own_past, read_target_name
from sklstm._windows import Windows
from sklstm.inspection.leakage._leak import Leak

# How far behind a row y is looked for among the features: what was shifted by mistake, or is a season.
LONGEST_LEAD = 60
ROWS_TO_COMPARE = 2000
# Fewer pairs than this may lie on a line by chance.
FEWEST_PAIRS = 8
# Share of the spread of y by which two columns that are the same may differ: float32.
EXACT = 1e-5
# Share of pairs that belong together, where holes in time keep the others apart.
MOST_PAIRS = 0.75
# A column with fewer values than this is no measurement.
FEWEST_VALUES = 10
SCALED = {"0 to 1": "values from exactly 0 to 1", "-1 to 1": "values from exactly -1 to 1"}
STANDARD, CENTRED = "mean 0 and standard deviation 1", "mean 0"


# --- y among the features -------------------------------------------------------------------------


def find_target_in_features(rows, y, exempt):
    """Leaks of kind "target": columns that tell y, or its future, up to a line; without its own past.

    Parameters
    ----------
    rows : SeriesRows
        X.
    y : ndarray of shape (n_rows, n_outputs)
        What is forecast.
    exempt : set of int
        Columns that are known ahead.
    """
    leaks, order = [], rows.in_order()
    series, n_outputs = rows.codes[order], y.shape[1]
    for column in _numeric(rows):
        values = numbers(rows.table.iloc[:, column])[order]
        longest = 0 if column in exempt else LONGEST_LEAD
        leads = [(_lead(values, y[order, output], series, longest), output) for output in range(n_outputs)]
        known = [(lead, output) for lead, output in leads if lead is not None]
        if known:
            leaks.append(_tells_target(rows.names[column], *min(known), n_outputs))
    return leaks


def _tells_target(column, lead, output, n_outputs):
    what = "y" if n_outputs == 1 else f"y (output {output})"
    when = "in the same row" if lead == 0 else f"{lead} row{'s' if lead > 1 else ''} later"
    return Leak(
        "X",
        column,
        "target",
        f"it tells {what} {when}, up to a line, and is not the past of y. Drop it, or shift it back to when it is "
        "known.",
    )


def _lead(x, y, series, longest):
    """How many rows after a value of x the value of y that it tells stands; None where it tells none."""
    few = slice(ROWS_TO_COMPARE)
    leads = [lead for lead in range(longest + 1) if line_share(*_pairs(x[few], y[few], series[few], -lead)) == 1.0]
    leads = [lead for lead in leads if line_share(*_pairs(x, y, series, -lead)) == 1.0]
    if not leads or _find_horizon(x[:, None], y, series) is not None:
        return None
    return leads[0]


def _find_horizon(features, y, series, names=None, target_name=None):
    """How many rows later y is the value of the feature that holds its past; None where nothing says so."""
    features = np.where(np.isfinite(features), features, np.nan)
    windows = Windows(features, range(len(features)), 1, groups=series, names=names)
    try:
        (past,), _ = find_own_past("", windows, y[:, None], [target_name], remedy="")
    except ValueError:
        return None
    return past.horizon


def find_reach(rows, y, target_names, leaking, *, framed):
    """How many rows ahead y looks, by its name, or by where its values turn up; None where nothing says so.

    Parameters
    ----------
    rows : SeriesRows
        X.
    y : ndarray of shape (n_rows, n_outputs)
        What is forecast.
    target_names : list of str or None
        Names of the outputs.
    leaking : set
        Names of columns that tell y itself, and so nothing of its past.
    framed : bool
        Whether X is a series that is going to be framed: only then is a column that holds y later no lag of it.
    """
    order, n_outputs = rows.in_order(), y.shape[1]
    columns = [k for k in _numeric(rows) if rows.names[k] not in leaking and not _is_lag(rows.names[k])]
    names = [str(rows.names[k]) for k in columns]
    found = [read_target_name(name)[1] for name in target_names]
    if framed and columns and not any(found):
        features = np.stack([numbers(rows.table.iloc[order, k]) for k in columns], axis=1)
        found += [
            _find_horizon(features, y[order, k], rows.codes[order], names, target_names[k]) for k in range(n_outputs)
        ]
    some = order[:ROWS_TO_COMPARE]
    steps = [
        line_share(*_pairs(y[some, k - 1], y[some, k], rows.codes[some], 1), same=True) for k in range(1, n_outputs)
    ]
    if steps and min(steps) >= MOST_PAIRS:
        # Its own columns are the steps of one future: y[i, 1] is y[i + 1, 0].
        found.append(n_outputs)
    return max(filter(None, found), default=None)


def _pairs(x, y, series, horizon):
    """Values of x, and those of y that stand `horizon` rows before them in the same series (after, where negative)."""
    if horizon == 0:
        return x, y
    if horizon < 0:
        same = series[:horizon] == series[-horizon:]
        return x[:horizon][same], y[-horizon:][same]
    same = series[horizon:] == series[:-horizon]
    return x[horizon:][same], y[:-horizon][same]


def line_share(x, y, *, same=False):
    """Share of pairs that lie on one line, drawn by medians; on that of equal values, where `same`."""
    observed = np.isfinite(x) & np.isfinite(y)
    x, y = x[observed], y[observed]
    if len(x) < FEWEST_PAIRS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    tolerance = EXACT * np.std(y)
    if same:
        return float(np.mean(np.abs(y - x) <= tolerance))
    steps, rises = np.diff(x), np.diff(y)
    moved = steps != 0
    slope = np.median(rises[moved] / steps[moved])
    if slope == 0:
        return 0.0
    near = np.abs(y - slope * x - np.median(y - slope * x)) <= 100 * tolerance
    if near.mean() < MOST_PAIRS or np.ptp(x[near]) == 0:
        return 0.0
    # Once more over the pairs that belong together: slopes of small steps are rounded.
    middle = x[near].mean()
    slope, offset = np.polyfit(x[near] - middle, y[near], 1)
    return float(np.mean(np.abs(y - slope * (x - middle) - offset) <= tolerance))


def _is_lag(name):
    """Whether a column is named as the past of another."""
    lag = LAG_COLUMN.fullmatch(str(name))
    return bool(lag and lag["lag"] and int(lag["lag"]) < 0) or bool(re.search(r"lag", str(name), re.IGNORECASE))


# --- scales of all rows ---------------------------------------------------------------------------


def find_scaled_before(rows, trainings, exempt):
    """Leaks of kind "scaled before": columns of X on the scale of all rows, and not of the training rows."""
    leaks = []
    for column in _numeric(rows):
        scale = scale_of_all(numbers(rows.table.iloc[:, column]), trainings, rows)
        if scale is None or column in exempt:
            continue
        leaks.append(
            Leak(
                "X",
                rows.names[column],
                "scaled before",
                f"it has {scale} over all rows, test rows included, and not over the training rows: it was scaled "
                "before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.",
            )
        )
    return leaks


def scale_of_all(values, trainings, rows=None, *, centred=False):
    """The scale that values have exactly over all rows (or over those of each series) and not over training rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A column.
    trainings : list of ndarray of int
        Training rows of each fold.
    rows : SeriesRows, optional
        Which series rows are of.
    centred : bool, default=False
        Whether a mean of 0 alone is one.
    """
    everything = np.arange(len(values))
    scale = _scale(values, centred)
    if scale is None and rows is not None and rows.is_panel:
        parts = [everything[rows.codes == code] for code in np.unique(rows.codes)]
        scales = {_scale(values[part], centred) for part in parts}
        scale = scales.pop() if len(parts) > 1 and len(scales) == 1 else None
        scaled = scale is not None and all(
            _has_scale(values[training[rows.codes[training] == code]], scale)
            for training in trainings
            for code in np.unique(rows.codes[training])
        )
        return None if scaled or scale is None else f"{scale} in each series"
    if scale is None or all(_has_scale(values[training], scale) for training in trainings):
        return None
    return scale


def _scale(values, centred):
    """The scale that values have to the last digit, where they are no numbers that have it by nature."""
    values = values[np.isfinite(values)]
    if len(np.unique(values)) < FEWEST_VALUES or _is_round(values) or _is_wave(values):
        return None
    lower, upper = values.min(), values.max()
    ends = (int((values < lower + 1e-9).sum()), int((values > upper - 1e-9).sum()))
    # Shares and sines reach their bounds again and again, a scaled measurement its largest value once.
    if abs(lower) < 1e-9 and abs(upper - 1) < 1e-9 and min(ends) == 1:
        return SCALED["0 to 1"]
    if abs(lower + 1) < 1e-9 and abs(upper - 1) < 1e-9 and ends == (1, 1):
        return SCALED["-1 to 1"]
    if _is_standard(values):
        return STANDARD
    return CENTRED if centred and abs(values.mean()) < 1e-7 * np.std(values) else None


def _is_standard(values):
    """Whether mean and deviation are 0 and 1, also of one row more, which the last of y has cost."""
    n, total, squares = len(values), values.sum(), np.sum(values**2)
    if abs(total) < 1e-6 * n:
        return min(abs(squares - n), abs(squares - (n - 1))) < 1e-6 * n
    return abs(total) < 10 and min(abs(squares + total**2 - (n + 1)), abs(squares + total**2 - n)) < 1e-6 * n


def _has_scale(values, scale):
    """Whether training rows have that scale, too."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return True
    if scale in SCALED.values():
        lower = 0 if scale == SCALED["0 to 1"] else -1
        return abs(values.min() - lower) < 1e-9 and abs(values.max() - 1) < 1e-9
    # A mean and a deviation that were learned here are exact.
    off_scale = scale == STANDARD and abs(values.std() - 1) > 1e-3
    return not (abs(values.mean()) > 1e-3 * values.std() or off_scale)


def _is_round(values):
    """Whether values have four digits or fewer: shares and indicators as they are written down."""
    return bool(np.all(np.abs(values * 1e4 - np.round(values * 1e4)) < 1e-6))


def _is_wave(values):
    """Whether values are a straight line or a sine: then x[i + 1] + x[i - 1] lies on a line of x[i]."""
    around, at = values[2:] + values[:-2], values[1:-1]
    lined = np.stack([at, np.ones(len(at))], axis=1)
    rest = around - lined @ np.linalg.lstsq(lined, around, rcond=None)[0]
    return bool(np.abs(rest).max() <= 1e-9 * np.abs(values).max())


def _numeric(rows):
    """Columns of the table that hold numbers, and are features."""
    return [
        k
        for k in rows.features
        if pd.api.types.is_numeric_dtype(rows.table.dtypes.iloc[k])
        and not pd.api.types.is_bool_dtype(rows.table.dtypes.iloc[k])
    ]


def numbers(column):
    """A column as floats, NaN where nothing was observed."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
