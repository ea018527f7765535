"""Which look-backs to put into a grid."""

from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from sklstm._series import find_season, find_target, tells_time
from sklstm.inspection.displays._axes import COLOURS, OBSERVED, QUIET, count_whole, finish, make_panels
from sklstm.inspection.series._correlograms import ALPHA, correlate
from sklstm.inspection.series._numeric_columns import on_grid, read_column, read_table

# A season is seen in the correlations when the series holds three; those of longer lags would cost minutes.
SEASONS_TO_SEE = 3
LONGEST_LAG = 1500
# Beyond this an LSTM learns little more from longer windows, unless the user says so.
LONGEST_LOOK_BACK = 200
# Two look-backs that differ by less are one in a grid.
SAME = 0.1
# A season so near that of the calendar, by its length and by its correlation, is that of the calendar.
NEAR = 0.03


def suggest_time_steps(
    series: ArrayLike,
    *,
    target: str | int | None = None,
    max_steps: int | None = None,
    n_suggestions: int = 3,
    season: int | None = None,
) -> "TimeSteps":
    r"""Suggest look-backs for a grid, from the correlations of a series with its own past.

    The trend is taken out first: its straight line or, where the series has a unit root (augmented Dickey-Fuller
    test), by steps from row to row. Then the season is the lag of the highest peak of the autocorrelation that chance
    does not explain, and the memory reaches to the last lag at which the partial autocorrelation is significant.
    Outliers are drawn in to Tukey's outer fences before.

    Parameters
    ----------
    series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns)
        Rows in time order, 20 or more. NaN was not observed: the pairs that it is in are left out. So are those across
        a hole in a regular index, business days apart.
    target : str or int, optional
        The column to look at, by name or position; needed where there are several.
    max_steps : int, optional
        Longest look-back to suggest, half of the series at most. By default a third of it, and 200 at most.
    n_suggestions : int, default=3
        How many at most. The season comes first, then the memory, then two seasons.
    season : int, optional
        Rows in a season, where it is known. By default it is looked for, up to a third of the series.

    Returns
    -------
    steps : TimeSteps
        A list of ascending ints, for a grid as it is.

    Raises
    ------
    ValueError
        If the series is too short, holds text, one value only or rows that are out of order, or the target is unknown.
    ImportError
        If statsmodels is not there.

    See Also
    --------
    describe_series : What else there is to know before an LSTM is trained.

    References
    ----------
    G. E. P. Box, G. M. Jenkins, G. C. Reinsel and G. M. Ljung (2015). *Time Series Analysis: Forecasting and Control*,
    5th edition, sections 2.1 and 3.2.

    Examples
    --------
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.inspection import suggest_time_steps
    >>> steps = suggest_time_steps(load_airline().data)
    >>> steps
    [12, 24]
    >>> print(*steps.reasons, sep="\n")
    12: the season, autocorrelation 0.83 where chance reaches 0.27
    24: two seasons

    ``GridSearchCV(pipe, {"frame__n_steps": steps}, cv=TimeSeriesSplit(5))`` takes them as they are.
    """
    who = "suggest_time_steps"
    table = read_table(who, series)
    column = find_target(who, table, target)
    name = f"column {table.columns[column]!r}"
    values = read_column(who, table.iloc[:, [column]], name)
    if np.nanmin(values) == np.nanmax(values):
        raise ValueError(
            f"{who} looks for what repeats, got {np.nanmin(values):g} in every row of {name}. "
            "Pass a series that changes, or drop it."
        )
    n_values = int(np.count_nonzero(~np.isnan(values)))
    check_count(who, "n_suggestions", n_suggestions, 1)
    half = n_values // 2
    if season is not None:
        check_count(who, "season", season, 2, half, "Two seasons must be in the series.")
    if max_steps is not None:
        check_count(who, "max_steps", max_steps, 1, half, "A window must be seen at least twice.")
    return time_steps(who, values, table.index, max_steps=max_steps, n_suggestions=n_suggestions, season=season)


def time_steps(who, values, index, *, max_steps=None, n_suggestions=3, season=None):
    """The suggestions for values that were read; parameters as for `suggest_time_steps`."""
    n_values = int(np.count_nonzero(~np.isnan(values)))
    third = n_values // SEASONS_TO_SEE
    max_steps = min(third, LONGEST_LOOK_BACK) if max_steps is None else int(max_steps)
    # A peak is seen by the lag after it.
    n_lags = max(min(third, LONGEST_LAG), max_steps, season or 0) + 1
    correlogram = correlate(who, on_grid(values, index, longest_hole=n_lags), n_lags)
    if correlogram is None:
        reasons = {1: "the series is a straight line, and its last value tells the next one"}
        line = np.ones(n_lags + 1)
        return TimeSteps(reasons, season, line, np.append([1.0, 1.0], np.zeros(n_lags - 1)), 0.0, False)
    given, season = season is not None, season or _on_calendar(correlogram, index)
    reasons = _reasons(correlogram, season, given, max_steps, n_suggestions)
    return TimeSteps(
        reasons,
        None if season is None else int(season),
        correlogram.autocorrelation,
        correlogram.partial_autocorrelation,
        correlogram.bound,
        correlogram.differenced,
    )


def _on_calendar(correlogram, index):
    """The season that was found, or that of the calendar which it is next to: a flat peak of noise is off by a row."""
    season, usual = correlogram.season, find_season(index) if tells_time(index) else None
    if season is None or usual is None or usual >= len(correlogram.autocorrelation):
        return season
    heights = correlogram.autocorrelation
    near = abs(season - usual) <= max(1, NEAR * usual) and heights[usual] >= heights[season] - NEAR
    return usual if near else season


def _reasons(correlogram, season, given, max_steps, n_suggestions):
    """Look-backs and why, the most important first, cut to `n_suggestions` and sorted."""
    reasons, of_steps = {}, "of the steps from row to row " if correlogram.differenced else ""
    if season is not None and season <= max_steps:
        height = correlogram.autocorrelation[season]
        chance = f"autocorrelation {height:.2f} where chance reaches {correlogram.bound:.2f}"
        reasons[int(season)] = "the season, as given" if given else f"the season, {chance}"
    partial = correlogram.partial_autocorrelation[1 : max_steps + 1]
    significant = 1 + np.flatnonzero(np.abs(partial) > correlogram.bound)
    if len(significant):
        lag = int(significant[-1])
        # So many steps from row to row are between one row more.
        look_back = min(lag + correlogram.differenced, max_steps)
        if not any(abs(look_back - multiple) <= max(1, SAME * multiple) for multiple in _multiples(season, max_steps)):
            reasons[look_back] = (
                f"the memory, the last significant lag of the partial autocorrelation {of_steps}is {lag} "
                f"({partial[lag - 1]:.2f})"
            )
    for twice in _multiples(season, max_steps)[1:]:
        reasons[twice] = "two seasons"
    if not reasons and season is not None:
        reasons[max_steps] = f"the longest look-back, as the season of {season} rows is longer"
    if not reasons:
        reasons[1] = "nothing is correlated beyond chance, " + (
            "the steps from row to row are random" if of_steps else "noise"
        )
    return dict(sorted(list(reasons.items())[:n_suggestions]))


def _multiples(season, max_steps):
    """One season and two, as far as they are not too long."""
    return [] if season is None else [season * times for times in (1, 2) if season * times <= max_steps]


class TimeSteps(list[int]):
    """Look-backs for a grid: a list of ascending ints that knows why.

    Parameters
    ----------
    why : dict of int to str
        Look-backs, ascending, and the reason for each.
    season : int or None
        Rows in a season.
    autocorrelation, partial_autocorrelation : ndarray of shape (n_lags + 1,)
        Of the series without its trend, by lag, from 0 on.
    bound : float
        All lags of noise lie within it, above and below zero, with a probability of 95 %.
    differenced : bool
        Whether the correlations are of the steps from row to row.

    Attributes
    ----------
    reasons : list of str
        One line for each look-back.
    axes_ : ndarray of Axes of shape (2,)
        What was drawn on.
    figure_ : Figure
        Their figure.

    See Also
    --------
    suggest_time_steps : Makes them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.inspection import suggest_time_steps
    >>> week = np.array([3.0, 4, 4, 5, 8, 11, 9])
    >>> steps = suggest_time_steps(np.tile(week, 10) + np.random.default_rng(0).normal(size=70))
    >>> steps, steps.season, sorted([30, *steps])
    ([7, 14], 7, [7, 14, 30])
    """

    def __init__(self, why, season, autocorrelation, partial_autocorrelation, bound, differenced):
        super().__init__(why)
        self.reasons = [f"{steps}: {reason}" for steps, reason in why.items()]
        self.season = season
        self.autocorrelation = autocorrelation
        self.partial_autocorrelation = partial_autocorrelation
        self.bound = bound
        self.differenced = differenced

    def plot(self, ax=None) -> Self:
        """Draw both correlograms, what chance explains, and the suggestions.

        Parameters
        ----------
        ax : array-like of two Axes, Axes or None, default=None
            Where to draw; one Axes is shared out. By default on a new figure.

        Returns
        -------
        self : TimeSteps
            With `axes_` and `figure_`.
        """
        self.axes_ = make_panels("TimeSteps", ax, [[0], [1]], figsize=(8, 5))
        self.figure_ = self.axes_[0].figure
        n_lags = len(self.autocorrelation) - 1
        # Beyond a few times the longest suggestion there is little to see.
        shown = min(n_lags, max(24, 3 * max(self, default=1), 1 + round(1.2 * (self.season or 0))))
        of = "of the steps" if self.differenced else "without trend"
        correlograms = (self.autocorrelation, self.partial_autocorrelation)
        names = ("autocorrelation", "partial autocorr.")
        for axes, values, name in zip(self.axes_, correlograms, names, strict=True):
            self._draw(axes, values[1 : shown + 1], f"{name}\n{of}")
        return self

    def _draw(self, axes, values, label):
        lags = np.arange(1, len(values) + 1)
        axes.axhspan(-self.bound, self.bound, color="0.9", linewidth=0, label=f"explained by chance ({1 - ALPHA:.0%})")
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.vlines(lags, 0, values, color=OBSERVED, linewidth=np.clip(100 / len(values), 0.3, 2), zorder=2)
        for number, steps in enumerate(self):
            axes.axvline(
                steps,
                color=COLOURS[0],
                linestyle="--",
                linewidth=1.2,
                label=None if number else "suggested time steps",
                zorder=1,
            )
            axes.annotate(f" {steps}", (steps, 0.99), xycoords=("data", "axes fraction"), va="top", color=COLOURS[0])
        low, high = min(values.min(), -self.bound), max(values.max(), self.bound)
        axes.set(xlabel="lag, in rows", ylabel=label, xlim=(0, len(values) + 1))
        axes.set_ylim(low - 0.05 * (high - low), high + 0.15 * (high - low))
        count_whole(axes.xaxis)
        finish(axes)


def check_count(who, name, value, least, most=None, why=""):
    """Raise unless a value is an int from `least` to `most`; `why` there is a most."""
    if (
        isinstance(value, Integral)
        and not isinstance(value, bool)
        and least <= value
        and (most is None or value <= most)
    ):
        return
    expected = f"an int of {least} or more" if most is None else f"an int from {least} to {most}"
    raise ValueError(f"{who} expects {name} to be {expected}, got {value!r}." + (f" {why}" if why else ""))
