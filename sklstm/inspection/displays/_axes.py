"""What all displays share: matplotlib where it is asked for, panels to draw on, colours, and an axis of time."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm.inspection._extras import load_extra

# The colours of Okabe and Ito, which colour-blind readers tell apart; what was observed is nearly black.
OBSERVED = "0.2"
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
QUIET = "0.45"
DURATIONS = {"days": "D", "hours": "h", "minutes": "min", "seconds": "s"}


def import_pyplot(who):
    """matplotlib.pyplot, or an ImportError that says who needs it, and how to get it."""
    return load_extra(who, "matplotlib.pyplot", "plot")


def make_panels(who, ax, mosaic, figsize):
    """Axes to draw on: on a new figure, in the place of one Axes, or those that are given.

    Parameters
    ----------
    who : str
        Name of the display, for messages.
    ax : Axes, array-like of Axes or None
        As the user passed it.
    mosaic : list of list of int
        Rows of a grid: which panel takes each cell. Panels are numbered from 0.
    figsize : tuple of float
        Width and height of a new figure, in inches.

    Returns
    -------
    panels : ndarray of Axes of shape (n_panels,)
        In the order of their numbers.

    Raises
    ------
    ValueError
        If there are more or fewer axes than panels, or an Axes has no place in a grid that could be shared out.
    """
    pyplot = import_pyplot(f"{who}.plot")
    grid = np.array(mosaic)
    n_panels = grid.max() + 1
    if ax is not None and np.size(ax) == n_panels:
        return np.ravel(ax)
    if ax is None:
        figure = pyplot.figure(figsize=figsize, layout="constrained")
        cells = figure.add_gridspec(*grid.shape)
    elif np.size(ax) == 1:
        ax = np.ravel(ax)[0]
        if ax.get_subplotspec() is None:
            raise ValueError(
                f"{who} draws {n_panels} panels, got one Axes that is in no grid, so that it cannot be shared out. "
                f"Pass {n_panels} axes, or one of plt.subplots()."
            )
        ax.set_axis_off()
        figure, cells = ax.figure, ax.get_subplotspec().subgridspec(*grid.shape)
    else:
        raise ValueError(
            f"{who} draws {n_panels} panels, got {np.size(ax)} axes. Pass {n_panels}, or one to be shared out."
        )
    return np.array([figure.add_subplot(cells[_extent(grid == panel)]) for panel in range(n_panels)], dtype=object)


def grid_of(n_panels, n_columns=2):
    """A mosaic of panels of one size, row by row; the last one is as wide as what is left of its row.

    >>> grid_of(3)
    [[0, 1], [2, 2]]
    """
    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    return np.minimum(np.arange(n_rows * n_columns), n_panels - 1).reshape(n_rows, n_columns).tolist()


def _extent(mask):
    rows, columns = np.nonzero(mask)
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


def finish(axes, *, legend=True, columns=4):
    """Take away the frame, and put the legend above the axes, where it hides nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    if legend and axes.get_legend_handles_labels()[1]:
        # Beside the title, where there is one.
        side, x = ("right", 1.01) if axes.get_title(loc="left") else ("left", -0.01)
        axes.legend(loc=f"lower {side}", bbox_to_anchor=(x, 1.0), ncols=columns, frameon=False, borderaxespad=0.2)


def count_whole(axis):
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


class TimeScale(NamedTuple):
    """How the times of a display become places on an axis.

    Attributes
    ----------
    kind : {"dates", "durations", "numbers"}
        What the times are.
    tz : tzinfo or None
        Time zone that dates are shown in.
    unit : str or None
        Unit that durations are shown in.
    name : str or None
        Name of the index.
    """

    kind: str
    tz: object
    unit: str | None
    name: str | None

    def place(self, index):
        """Places on the axis: numbers, or dates as datetime64, those with a time zone in UTC.

        Parameters
        ----------
        index : Index of shape (n_times,)
            Times of this scale's kind.

        Returns
        -------
        places : ndarray of shape (n_times,)
            What matplotlib draws them at; periods at their start.
        """
        if self.kind == "durations":
            return np.asarray(index / pd.Timedelta(1, DURATIONS[self.unit]))
        if isinstance(index, pd.PeriodIndex):
            index = index.to_timestamp()
        if self.kind == "dates" and index.tz is not None:
            index = index.tz_convert("UTC").tz_localize(None)
        return index.to_numpy()

    def label(self, axes):
        """Write times below the axes, and what they are."""
        if self.kind == "dates":
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

            locator = AutoDateLocator(tz=self.tz, minticks=4, maxticks=9)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=self.tz))
            zone = "" if self.tz is None else f" ({self.tz})"
            axes.set_xlabel(f"{self.name or 'time'}{zone}")
        elif self.kind == "durations":
            axes.set_xlabel(f"{self.name or 'time'}, in {self.unit}")
        else:
            axes.set_xlabel(self.name or "row")
            count_whole(axes.xaxis)


def read_time_scale(who, indexes):
    """The TimeScale that fits all of several indexes.

    Parameters
    ----------
    who : str
        Name of the display, for messages.
    indexes : list of Index
        Times of all that is drawn together, that of the first one first.

    Returns
    -------
    scale : TimeScale
        How all of them are drawn.

    Raises
    ------
    ValueError
        If an index tells no time, or they are of different kinds.
    """
    kinds = [_kind(who, index) for index in indexes]
    for index, kind in zip(indexes, kinds, strict=True):
        if kind != kinds[0]:
            raise ValueError(
                f"{who} draws on one axis of time, got {_describe(kinds[0], indexes[0])} and {_describe(kind, index)}. "
                "Give all of them an index of one kind."
            )
    kind, aware = kinds[0]
    names = [str(index.name) for index in indexes if index.name is not None]
    unit = None
    if kind == "durations":
        # The largest unit in which rows are at least one apart.
        steps = np.diff(np.unique(np.concatenate([index.to_numpy() for index in indexes])))
        step = np.median(steps) if len(steps) else np.timedelta64(1, "D")
        unit = next((name for name, code in DURATIONS.items() if step >= pd.Timedelta(1, code)), "seconds")
    return TimeScale(kind, indexes[0].tz if aware else None, unit, names[0] if names else None)


def _kind(who, index):
    """What the times of an index are, and whether they have a time zone."""
    if isinstance(index, pd.DatetimeIndex):
        return "dates", index.tz is not None
    if isinstance(index, pd.PeriodIndex):
        return "dates", False
    if isinstance(index, pd.TimedeltaIndex):
        return "durations", False
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            f"{who} draws one series, got a MultiIndex of {list(index.names)}. Pass one series, with its times for an "
            "index."
        )
    if pd.api.types.is_numeric_dtype(index):
        return "numbers", False
    raise ValueError(
        f"{who} expects an index of times or numbers, got one that begins with {index[0]!r}. "
        "Convert it: pd.to_datetime(index)."
    )


def _describe(kind, index):
    zone = "" if kind[0] != "dates" else (f" in {index.tz}" if kind[1] else " without a time zone")
    return f"{kind[0]}{zone}"
