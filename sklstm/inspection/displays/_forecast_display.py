"""ForecastDisplay: forecasts beside what was observed, in original dates and units."""

from typing import Self

import numpy as np
import pandas as pd

from sklstm.inspection.displays._axes import (
    COLOURS,
    OBSERVED,
    QUIET,
    finish,
    grid_of,
    import_pyplot,
    make_panels,
    read_time_scale,
)
from sklstm.inspection.displays._forecast_parts import (
    as_series,
    by_name,
    is_past,
    labels_of,
    list_names,
    read_bounds,
    read_column,
    rows_of,
)

LINES = ("-", "--", "-.", ":")
# Fewer points than these are marked one by one: a line alone would not show them.
MARKED = 25
# How much of the past is drawn: it shows where forecasts come from, and more would squeeze them.
PAST_PER_FORECAST, SHORTEST_PAST = 4, 48
MOST_PANELS = 6


class ForecastDisplay:
    """Forecasts beside what was observed: a panel for each series, its dates below, its units at the side.

    Use `from_estimator`, `from_backtest` or `from_predictions` to make one.

    Parameters
    ----------
    y_true : Series or None
        What was observed at the times of the forecasts, and around them. Its index tells when: timestamps, periods,
        durations or numbers. With a MultiIndex of series and time there is a panel for each series.
    y_pred : dict of str to Series
        Forecasts, by what they are called. Their index tells which times they are for, not when they were made.
    lower, upper : dict of str to Series, optional
        Bounds of intervals, by the names of forecasts.
    splits : Index, optional
        Times to draw a line at, where a forecast starts; by default where the first one does.
    y_history : Series, optional
        What was observed before.
    coverage : float, optional
        Share of the values that lie between the bounds, for the legend.

    Attributes
    ----------
    observed_lines_ : list of Line2D or None
        What was observed, for each panel; None where nothing was.
    forecast_lines_ : list of dict of str to Line2D
        Forecasts by their names, for each panel.
    intervals_ : list of dict of str to PolyCollection or LineCollection
        Shaded intervals by names of forecasts, for each panel.
    axes_ : ndarray of Axes of shape (n_panels,)
        A panel for each series.
    ax_ : Axes
        The first of them.
    figure_ : Figure
        Where they are.

    See Also
    --------
    ResidualDisplay : By how much forecasts are wrong, and when.

    Examples
    --------
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.inspection import ForecastDisplay
    >>> passengers = load_airline().data["passengers"]
    >>> naive = passengers.shift(12)[-24:]
    >>> ForecastDisplay.from_predictions(passengers[-24:], {"last year's": naive}, y_history=passengers[:-24])
    ForecastDisplay(24 forecasts of passengers: last year's)
    """

    def __init__(self, *, y_true, y_pred, lower=None, upper=None, splits=None, y_history=None, coverage=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.lower = lower
        self.upper = upper
        self.splits = splits
        self.y_history = y_history
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls, forecaster, series=None, *, steps=None, interval=None, future=None, n_history=None, n_panels=None, ax=None
    ) -> Self:
        """Forecast from the end of what was fitted, and draw it behind its past.

        Parameters
        ----------
        forecaster : SeriesForecaster
            Fitted; or a fitted search over one.
        series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns), optional
            The series with its past. What it holds of the times that are forecast is drawn as the truth beside the
            forecast. By default the last rows that the forecaster remembers.
        steps : int, optional
            How many time steps to forecast; by default the forecaster's horizon.
        interval : float, optional
            Coverage of an interval to shade, 0.9 for example; by default there is none.
        future : DataFrame, optional
            What is known ahead, as `SeriesForecaster.forecast` takes it.
        n_history, n_panels, ax
            As for `plot`.

        Returns
        -------
        display : ForecastDisplay
            As drawn.

        Raises
        ------
        ValueError
            If `series` is an array and the forecaster was fitted on dates, or the other way round.
        """
        who = f"{cls.__name__}.from_estimator"
        import_pyplot(who)
        # A search stands for its best forecaster.
        forecaster = getattr(forecaster, "best_estimator_", forecaster)
        table = forecaster.forecast(steps, future=future, interval=interval)
        forecast, *bounds = (
            read_column(who, forecaster, table, column)
            for column in (forecaster.target_, *(("lower", "upper") if interval is not None else ()))
        )
        lower, upper = bounds or (None, None)
        observed = forecaster.context_ if series is None else series
        observed = read_column(who, forecaster, observed, forecaster.target_)
        past = is_past(who, observed, forecast)
        # What comes after the forecast would squeeze it.
        beside = ~past & observed.index.isin(forecast.index)
        return cls.from_predictions(
            observed[beside] if beside.any() else None,
            forecast,
            lower=lower,
            upper=upper,
            y_history=observed[past],
            coverage=interval,
            n_history=n_history,
            n_panels=n_panels,
            ax=ax,
        )

    @classmethod
    def from_backtest(cls, result, step=1, *, n_history=None, n_panels=None, ax=None) -> Self:
        """Draw what a backtest forecast so many steps ahead, and what came: a panel for each series.

        Parameters
        ----------
        result : Backtest
            From `backtest`.
        step : int, default=1
            How far ahead the forecasts look that are drawn.
        n_history, n_panels, ax
            As for `plot`.

        Returns
        -------
        display : ForecastDisplay
            As drawn.

        Raises
        ------
        ValueError
            If the backtest has no forecasts so far ahead.
        """
        shown = result.forecasts[result.forecasts["step"] == step]
        if shown.empty:
            raise ValueError(
                f"{cls.__name__}.from_backtest got step={step!r} and a backtest of up to "
                f"{result.forecasts['step'].max()} steps ahead. Pass one of these."
            )
        shown = shown.rename(columns={"time": result.time_name or "time"})
        shown = shown.set_index([*(["series"] if "series" in shown else []), result.time_name or "time"])
        # The drift is a baseline for numbers; in a picture it hides the others.
        models = {model: model for model in result.models if model != "drift"} | {"forecast": result.name}
        return cls.from_predictions(
            shown["observed"].rename(result.target),
            {name: shown[model] for model, name in models.items()},
            lower=shown.get("lower"),
            upper=shown.get("upper"),
            coverage=result.interval,
            n_history=n_history,
            n_panels=n_panels,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        lower=None,
        upper=None,
        splits=None,
        y_history=None,
        coverage=None,
        n_history=None,
        n_panels=None,
        ax=None,
    ) -> Self:
        """Draw forecasts that are at hand.

        Parameters
        ----------
        y_true : Series, array of shape (n_times,) or None
            What was observed; None where the future is not known. The index tells when each value was observed, and
            arrays number their rows on from those of `y_history`. With a MultiIndex of series and time there is a
            panel for each series.
        y_pred : Series, DataFrame, array of shape (n_times,), or dict of str to Series or array
            A forecast, or several by what they are called: the columns of a DataFrame, the keys of a dict. What has
            no index has that of `y_true`. The index tells which time a forecast is for, not when it was made.
        lower, upper : like y_pred, optional
            Bounds of an interval: of the first forecast, or by names of forecasts.
        splits : array-like of times, optional
            Where to draw a line: the starts of the test parts, say. By default the start of the forecasts.
        y_history : Series or array of shape (n_before,), optional
            What was observed before.
        coverage : float, optional
            Share of the values that should lie in the interval, for the legend.
        n_history, n_panels, ax
            As for `plot`.

        Returns
        -------
        display : ForecastDisplay
            As drawn.

        Raises
        ------
        ValueError
            If lengths or indexes do not fit each other, or a bound comes alone.
        """
        who = f"{cls.__name__}.from_predictions"
        import_pyplot(who)
        y_history = None if y_history is None else as_series(who, "y_history", y_history)
        # Arrays number their rows, on from those of the history.
        start = 0 if y_history is None else len(y_history)
        y_true = None if y_true is None else as_series(who, "y_true", y_true, start=start)
        like = None if y_true is None else ("y_true", y_true.index)
        y_pred = {
            name: as_series(who, f"y_pred[{name!r}]", part, like, start=start)
            for name, part in by_name(y_pred, "forecast").items()
        }
        if not any(map(len, y_pred.values())):
            raise ValueError(f"{who} got no forecast: y_pred is empty.")
        lower = None if lower is None else read_bounds(who, "lower", lower, y_pred)
        upper = None if upper is None else read_bounds(who, "upper", upper, y_pred)
        if (lower or {}).keys() != (upper or {}).keys():
            raise ValueError(
                f"{who} needs both bounds of an interval, got lower for {list_names(lower)} and upper for "
                f"{list_names(upper)}."
            )
        if splits is not None:
            splits = pd.Index([splits] if pd.api.types.is_scalar(splits) else splits)
        display = cls(
            y_true=y_true,
            y_pred=y_pred,
            lower=lower,
            upper=upper,
            splits=splits,
            y_history=y_history,
            coverage=coverage,
        )
        return display.plot(ax, n_history=n_history, n_panels=n_panels)

    def plot(self, ax=None, *, n_history=None, n_panels=None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or array-like of Axes, optional
            Where to draw: as many as there are panels, or one whose place they share.
        n_history : int, optional
            How many time steps before the first forecast are drawn, at most; by default four times as many as are
            forecast, and 48 at least.
        n_panels : int, optional
            How many series are drawn, at most, in the order of the forecasts; 6 by default. The title of the last
            panel says how many more there are.

        Returns
        -------
        display : ForecastDisplay
            The display itself.
        """
        who = type(self).__name__
        labels = labels_of(next(iter(self.y_pred.values())))
        shown = labels[: MOST_PANELS if n_panels is None else n_panels]
        n = len(shown)
        figsize = (10, 4.5) if n == 1 else (12, 0.6 + 2.7 * -(-n // 2))
        self.axes_ = make_panels(who, ax, grid_of(n), figsize)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.observed_lines_, self.forecast_lines_, self.intervals_ = [], [], []
        for label, axes in zip(shown, self.axes_, strict=True):
            self._draw(axes, label, n_history)
            if label is not None:
                left_out = len(labels) - n if axes is self.axes_[-1] else 0
                note = f" ({left_out} more series {'are' if left_out > 1 else 'is'} not drawn)" if left_out else ""
                axes.set_title(f"{label}{note}", loc="left", fontsize="medium", weight="bold", color=OBSERVED)
        # What stands for what is the same everywhere.
        above_all = ax is None and labels != [None]
        for axes in self.axes_:
            finish(axes, legend=axes is self.ax_ and not above_all, columns=4 if n > 1 else 6)
        if above_all:
            self.figure_.legend(*self.ax_.get_legend_handles_labels(), loc="outside upper left", ncols=6, frameon=False)
        return self

    def _draw(self, axes, label, n_history):
        """One series: what was observed, forecasts and their intervals, and where they start."""
        forecasts = {name: rows_of(series, label) for name, series in self.y_pred.items()}
        parts = [rows_of(part, label) for part in (self.y_history, self.y_true) if part is not None]
        parts = [part for part in parts if len(part)]
        observed = pd.concat(parts) if parts else pd.Series(dtype=float)
        # What is told twice, in the history and again beside the forecasts, is drawn once.
        observed = observed[~observed.index.duplicated(keep="last")]
        known = [observed.index] if len(observed) else []
        times = [series.index for series in forecasts.values() if len(series)]
        scale = read_time_scale(type(self).__name__, [*known, *times])
        starts = min(scale.place(index[:1])[0] for index in times)
        if len(observed):
            observed = _cut_past(scale, observed, starts, n_history, max(map(len, forecasts.values())))
        self.observed_lines_.append(self._draw_observed(axes, scale, observed))
        self.forecast_lines_.append({})
        self.intervals_.append({})
        for place, (name, series) in enumerate(forecasts.items()):
            if not len(series):
                continue
            (line,) = axes.plot(
                scale.place(series.index),
                series.to_numpy(),
                color=COLOURS[place % len(COLOURS)],
                linewidth=1.4 if place else 2,
                linestyle=LINES[place % len(LINES)],
                marker="o" if len(series) < MARKED else None,
                markersize=3.5,
                label=name,
                zorder=4 if place else 5,
            )
            self.forecast_lines_[-1][name] = line
        for name in self.lower or {}:
            if name in self.forecast_lines_[-1]:
                bounds = rows_of(self.lower[name], label), rows_of(self.upper[name], label)
                colour = self.forecast_lines_[-1][name].get_color()
                self.intervals_[-1][name] = self._shade(axes, scale, *bounds, name, colour)
        before = len(observed) and scale.place(observed.index[:1])[0] < starts
        splits = scale.place(self.splits) if self.splits is not None else ([starts] if before else [])
        for split in splits:
            axes.axvline(split, color=QUIET, linewidth=1, linestyle=":", zorder=1)
        axes.set_ylabel(self._target())
        axes.margins(x=0.02)
        scale.label(axes)

    def _draw_observed(self, axes, scale, observed):
        if not len(observed):
            return None
        (line,) = axes.plot(
            scale.place(observed.index), observed.to_numpy(), color=OBSERVED, linewidth=1.2, label="observed", zorder=3
        )
        return line

    def _shade(self, axes, scale, lower, upper, name, colour):
        """An interval; a bar where it has but one time."""
        label = "interval" if self.coverage is None else f"{100 * self.coverage:g} % interval"
        label = label if len(self.lower) == 1 else f"{name}, {label}"
        bounds = scale.place(lower.index), lower.to_numpy(), upper.to_numpy()
        if len(lower) == 1:
            return axes.vlines(*bounds, color=colour, alpha=0.25, linewidth=7, label=label, zorder=2)
        return axes.fill_between(*bounds, color=colour, alpha=0.2, linewidth=0, label=label, zorder=2)

    def _target(self):
        names = [part.name for part in (self.y_true, self.y_history) if part is not None and part.name is not None]
        names += [series.name for series in self.y_pred.values() if series.name is not None]
        return str(names[0]) if names else "value"

    def __repr__(self):
        n_times = max(len(series) for series in self.y_pred.values())
        n_series = len(labels_of(next(iter(self.y_pred.values()))))
        of = "" if n_series == 1 else f" in {n_series} series"
        return (
            f"{type(self).__name__}({n_times} forecast{'s' * (n_times != 1)} of {self._target()}{of}: "
            f"{', '.join(self.y_pred)})"
        )


def _cut_past(scale, observed, starts, n_history, n_forecast):
    """What was observed, without what lies far before the forecasts."""
    if n_history is None:
        n_history = max(PAST_PER_FORECAST * n_forecast, SHORTEST_PAST)
    n_before = int(np.count_nonzero(scale.place(observed.index) < starts))
    return observed.iloc[max(0, n_before - n_history) :]
