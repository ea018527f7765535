"""What follows from the statistics of a series: advice, its reason in numbers, and the call that takes it."""

from typing import NamedTuple

import numpy as np

# Skewness and kurtosis up to which tests of many values refute what the eye would not.
NEARLY_NORMAL = 0.5


class Advice(NamedTuple):
    """One thing to do.

    Attributes
    ----------
    column : str
        About which column.
    advice : str
        What to do, in a word or two.
    reason : str
        Why, in words and numbers.
    call : str
        What does it.
    """

    column: object
    advice: str
    reason: str
    call: str


def advise(column, row, steps):
    """All advice for a column.

    Parameters
    ----------
    column : hashable
        Its name.
    row : dict
        Its statistics.
    steps : TimeSteps or None
        Its look-backs; None for a flag, and for a column of one value.

    Returns
    -------
    advice : list of Advice
        Scaling first.
    """
    if row["min"] == 0 and row["max"] == 1 and steps is None:
        found = [_flag(column), _missing(row)]
        return [Advice(column, *advice) for advice in found if advice is not None]
    if steps is None:
        reason = f"all {row['n']} values are {row['min']:g}: there is nothing to learn from them"
        return [Advice(column, "drop", reason, f"series.drop(columns={column!r})")]
    found = [_scaling(row), _logarithm(row), _trend(row), _look_back(row, steps), _missing(row)]
    return [Advice(column, *advice) for advice in found if advice is not None]


def takes_log(row):
    """Whether the logarithm would make the spread even, and can be taken."""
    return bool(row["spread_grows"] and row["min"] > 0)


def along_a_line(row):
    """Whether the level moves along a line, further than values scatter."""
    return bool(row["trend_p"] < 0.05 and abs(row["slope"]) * (row["n"] - 1) > row["std"])


def wanders(row):
    """Whether both unit-root tests say that there is no level to come back to."""
    return bool(row["adf_p"] >= 0.05 and row["kpss_p"] < 0.05)


def has_trend(row):
    """Whether the level moves, in one way or the other."""
    return along_a_line(row) or wanders(row)


def near_normal(row):
    """Whether the rests around the trend may be normal or, of many, are not far from it."""
    return bool(row["normal_p"] >= 0.01 or max(abs(row["skewness"]), abs(row["kurtosis"])) < NEARLY_NORMAL)


def _scaling(row):
    of = "of the logarithms without their trend" if takes_log(row) else "without the trend"
    if row["outliers"] > 0:
        count = max(1, round(row["outliers"] * row["n"]))
        reason = (
            f"{count} of {row['n']} values ({row['outliers']:.1%}), {of}, lie more than three interquartile ranges "
            "outside the quartiles: they would set the scale of all others"
        )
        return "robust", reason, 'SeriesScaler("robust")'
    if near_normal(row):
        near = f"near normal {of} ({_shape(row)})"
        if row["normal_p"] < 0.01:
            # Of many values the test refutes what is of no consequence for a scale.
            near = f"skewness and kurtosis near those of a normal distribution {of} ({_moments(row)})"
        reason = f"{near}, without outliers: mean and standard deviation say all about its scale"
        return "standard", reason, 'SeriesScaler("standard")'
    shape = "a straight line" if np.isnan(row["normal_p"]) else f"not normal {of} ({_shape(row)})"
    reason = f"{shape}, without outliers, between {row['min']:.4g} and {row['max']:.4g}: the limits tell its scale best"
    return "minmax", reason, 'SeriesScaler("minmax")'


def _shape(row):
    return f"p = {row['normal_p']:.2g}, {_moments(row)}"


def _moments(row):
    return f"skewness {row['skewness']:.2f}, kurtosis {row['kurtosis']:.2f}"


def _flag(column):
    reason = "it holds 0 and 1 alone: a flag, which needs no scaling and has no look-back of its own"
    return "flag", reason, f"SeriesForecaster(future=[{column!r}]), where it is known ahead"


def _logarithm(row):
    if not row["spread_grows"]:
        return None
    if not takes_log(row):
        reason = f"the spread grows with the level, and values down to {row['min']:g} have no logarithm"
        return "window scale", reason, 'LSTMRegressor(window_scaler="standard")'
    reason = f"all values are above 0, and the spread grows with the level to the power of {row['spread_exponent']:.2g}"
    return "log", reason, f"{_differencer(row)} or SeriesForecaster(log=True)"


def _trend(row):
    if not has_trend(row):
        return None
    if along_a_line(row):
        reason = f"a trend (Mann-Kendall test, p = {row['trend_p']:.2g})"
    else:
        reason = (
            f"the level wanders (augmented Dickey-Fuller test, p = {row['adf_p']:.2g}: a unit root is not refuted; "
            f"KPSS test, p = {row['kpss_p']:.2g}: a fixed level is)"
        )
    rise = row["slope"] * (row["n"] - 1)
    reason += f": {row['slope']:.3g} per row, {rise:.3g} in all, where the standard deviation is {row['std']:.3g}"
    call = f'{_differencer(row)} or LSTMRegressor(window_scaler="standard") or LSTMRegressor(window_scaler="last")'
    return "difference", reason, call


def _differencer(row):
    """The Differencer that takes trend, season and growth out, as far as they are there."""
    lags = (1,) if has_trend(row) else ()
    lags += (int(row["season"]),) if row["season"] is not None and row["season_strength"] >= 0.5 else ()
    shown = {0: "None", 1: str(lags[0]) if lags else ""}.get(len(lags), str(lags))
    return f"Differencer({shown}, log=True)" if takes_log(row) else f"Differencer({shown})"


def _look_back(row, steps):
    if row["season"] is None:
        return None
    strength = "" if np.isnan(row["season_strength"]) else f", strength {row['season_strength']:.2f} of 1"
    reason = f"a season of {row['season']} rows{strength}"
    if row["season"] > steps[-1]:
        reason += ", longer than an LSTM should look back: tell it the time of the season instead, as a feature"
    return "time steps", reason, f'{{"frame__n_steps": {list(steps)}}}'


def _missing(row):
    if not row["missing"]:
        return None
    total = row["n"] + row["missing"]
    reason = (
        f"{row['missing']} of {total} values are missing: a row is taken for not observed where all of its values are, "
        "and refused where some are"
    )
    return "fill", reason, "ForwardFill()"
