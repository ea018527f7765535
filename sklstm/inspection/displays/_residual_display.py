"""ResidualDisplay: by how much predictions are wrong, when, and whether their errors follow one another."""

from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd

from sklstm._lag_names import lag_name
from sklstm.inspection.displays._axes import (
    COLOURS,
    OBSERVED,
    QUIET,
    count_whole,
    finish,
    import_pyplot,
    make_panels,
    read_time_scale,
)

# 95 % of a normal distribution lie so many standard deviations around its mean.
WIDTH_95 = 1.96
MOST_BINS = 40


class ResidualDisplay:
    """Residuals, what was observed less what was predicted: over time, their distribution and their autocorrelation.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    residuals : Series of shape (n_times,)
        In the units of y and in time order, with an index of times or numbers. NaN where nothing was observed.
    name : str, default="y"
        What was predicted, for the labels.

    Attributes
    ----------
    line_ : Line2D
        Residuals over time.
    histogram_ : BarContainer
        Their distribution.
    autocorrelation_ : ndarray of shape (n_lags,)
        Correlation of residuals with those 1, 2, ... time steps later.
    bound_ : float
        95 % of the autocorrelations of white noise lie between ``-bound_`` and ``bound_``.
    axes_ : ndarray of Axes of shape (3,)
        Over time, distribution, autocorrelation.
    ax_ : Axes
        The first of them.
    figure_ : Figure
        Where they are.

    See Also
    --------
    ForecastDisplay : The forecasts themselves.
    sklearn.metrics.PredictionErrorDisplay : Residuals over what was predicted.

    Notes
    -----
    Residuals of a good one-step forecast are white noise: what is left correlates with nothing before it. Forecasts
    that look h steps ahead share up to h - 1 steps of the unknown, so that correlations up to that lag are no flaw.
    Rows that were fitted flatter a network: pass later ones.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.inspection import ResidualDisplay
    >>> y = 10 + np.sin(np.arange(50.0))
    >>> display = ResidualDisplay.from_predictions(y, np.roll(y, 1))
    >>> display
    ResidualDisplay(50 residuals of y)
    >>> display.autocorrelation_[:2].round(1)
    array([ 0.5, -0.4])
    """

    def __init__(self, *, residuals, name="y"):
        self.residuals = residuals
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, step=1, n_lags=None, ax=None) -> Self:
        """Predict, and draw by how much predictions are wrong.

        Parameters
        ----------
        estimator : estimator instance
            A fitted regressor or Pipeline, a fitted SeriesForecaster, or a search over either.
        X : array-like of shape (n_samples, n_timesteps, n_features) or (n_rows, n_features)
            What to predict for, in time order; for a SeriesForecaster the series itself, whose later rows are the
            truth for the earlier ones.
        y : array-like of shape (n_samples,) or (n_samples, n_steps), optional
            What was observed. A SeriesForecaster takes none.
        step : int, default=1
            Which step ahead, where there are several; a column of y, counted from 1.
        n_lags, ax
            As for `plot`.

        Returns
        -------
        display : ResidualDisplay
            As drawn.

        Raises
        ------
        ValueError
            If y is missing, or there is no such step.
        """
        who = f"{cls.__name__}.from_estimator"
        import_pyplot(who)
        # A search over forecasters stands for its best one.
        estimator = getattr(estimator, "best_estimator_", estimator)
        if hasattr(estimator, "forecast"):
            if y is not None:
                raise ValueError(f"{who} takes no y for a {type(estimator).__name__}: the series holds the truth.")
            y_true, y_pred = _forecast_each(who, estimator, X, step)
            return cls.from_predictions(y_true, y_pred, n_lags=n_lags, ax=ax)
        if y is None:
            raise ValueError(f"{who} needs y for {type(estimator).__name__}: what was observed for each row of X.")
        return cls.from_predictions(y, estimator.predict(X), step=step, n_lags=n_lags, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, step=1, n_lags=None, ax=None) -> Self:
        """Draw by how much predictions at hand are wrong.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_steps)
            What was observed, in time order. The index of a Series or DataFrame tells when.
        y_pred : array-like of the same shape
            What was predicted.
        step : int, default=1
            Which column, counted from 1: the step ahead.
        n_lags, ax
            As for `plot`.

        Returns
        -------
        display : ResidualDisplay
            As drawn.

        Raises
        ------
        ValueError
            If shapes or indexes differ, or there is no such step.
        """
        who = f"{cls.__name__}.from_predictions"
        import_pyplot(who)
        shapes = np.shape(y_true), np.shape(y_pred)
        if shapes[0] != shapes[1] or len(shapes[0]) not in (1, 2) or shapes[0][0] == 0:
            raise ValueError(
                f"{who} expects y_true and y_pred of one shape, (n_samples,) or (n_samples, n_steps), got {shapes[0]} "
                f"and {shapes[1]}."
            )
        n_steps = 1 if len(shapes[0]) == 1 else shapes[0][1]
        if not isinstance(step, Integral) or not 1 <= step <= n_steps:  # type: ignore[operator]
            raise ValueError(f"{who} expects step to be an int from 1 to {n_steps}, the steps of y, got {step!r}.")
        index = _common_index(who, y_true, y_pred)
        residuals = _column(y_true, step) - _column(y_pred, step)
        return cls(residuals=pd.Series(residuals, index=index), name=_name(y_true, step)).plot(ax, n_lags=n_lags)

    def plot(self, ax=None, *, n_lags=None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or array-like of three Axes, optional
            Where to draw; three panels share the place of one.
        n_lags : int, optional
            Lags of the autocorrelation; by default 10 log10(n_times), and two thirds of n_times at most.

        Returns
        -------
        display : ResidualDisplay
            The display itself.

        Raises
        ------
        ValueError
            If no residual is a number.
        """
        who = type(self).__name__
        scale = read_time_scale(who, [self.residuals.index])
        values = self.residuals.to_numpy(dtype=float)
        if not np.isfinite(values).any():
            raise ValueError(f"{who} got no residual that is a number: nothing was observed where it was predicted.")
        self.axes_ = make_panels(who, ax, [[0, 0], [1, 2]], (10, 6))
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self._draw_over_time(self.axes_[0], scale, values)
        self._draw_distribution(self.axes_[1], values[np.isfinite(values)])
        self._draw_autocorrelation(self.axes_[2], values, n_lags)
        for axes in self.axes_:
            finish(axes)
        return self

    def _draw_over_time(self, axes, scale, values):
        axes.axhline(0, color=QUIET, linewidth=1)
        (self.line_,) = axes.plot(
            scale.place(self.residuals.index), values, color=COLOURS[1], linewidth=0.9, marker="o", markersize=2.5
        )
        axes.set_ylabel(f"residual of {self.name}\n(observed - predicted)")
        axes.margins(x=0.02)
        scale.label(axes)

    def _draw_distribution(self, axes, values):
        bins = np.histogram_bin_edges(values, bins="auto")
        bins = bins if len(bins) <= MOST_BINS + 1 else MOST_BINS
        _, _, self.histogram_ = axes.hist(values, bins=bins, color=COLOURS[5], edgecolor="white", linewidth=0.5)
        axes.axvline(0, color=QUIET, linewidth=1)
        mean = values.mean()
        axes.axvline(
            mean,
            color=COLOURS[0],
            linewidth=1.5,
            linestyle="--",
            label=f"mean {mean:.3g}, standard deviation {values.std():.3g}",
        )
        axes.set(xlabel=f"residual of {self.name}", ylabel="count")

    def _draw_autocorrelation(self, axes, values, n_lags):
        n_observed = np.isfinite(values).sum()
        if n_lags is None:
            n_lags = min(int(10 * np.log10(len(values))), 2 * len(values) // 3)
        n_lags = max(1, min(n_lags, len(values) - 1))
        self.autocorrelation_ = _autocorrelation(values, n_lags)
        self.bound_ = WIDTH_95 / np.sqrt(n_observed)
        lags = np.arange(1, len(self.autocorrelation_) + 1)
        axes.axhspan(-self.bound_, self.bound_, color=QUIET, alpha=0.2, linewidth=0, label="95 % bounds of white noise")
        axes.axhline(0, color=QUIET, linewidth=1)
        axes.vlines(lags, 0, self.autocorrelation_, color=OBSERVED, linewidth=1.2)
        axes.plot(lags, self.autocorrelation_, color=OBSERVED, marker="o", markersize=4, linestyle="none")
        highest = 1.15 * np.nanmax(np.abs([*self.autocorrelation_, self.bound_]))
        axes.set(xlabel="lag, in rows", ylabel="autocorrelation", ylim=(-highest, highest))
        count_whole(axes.xaxis)

    def __repr__(self):
        return f"{type(self).__name__}({len(self.residuals)} residuals of {self.name})"


def _autocorrelation(values, n_lags):
    """Correlations with what comes 1, 2, ... n_lags rows later; pairs that miss a value are left out."""
    deviations = np.nan_to_num(values - np.nanmean(values))
    variance = deviations @ deviations
    if variance == 0:
        return np.full(n_lags, np.nan)
    return np.array([deviations[:-lag] @ deviations[lag:] for lag in range(1, n_lags + 1)]) / variance


def _column(y, step):
    values = np.asarray(y, dtype=float)
    return values if values.ndim == 1 else values[:, step - 1]


def _name(y, step):
    if isinstance(y, pd.DataFrame):
        return str(y.columns[step - 1])
    if isinstance(y, pd.Series) and y.name is not None:
        return str(y.name)
    return "y" if np.ndim(y) == 1 else f"y, step {step}"


def _common_index(who, y_true, y_pred):
    """The index that tells the times; numbers where none does."""
    indexes = [y.index for y in (y_true, y_pred) if isinstance(y, (pd.Series, pd.DataFrame))]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise ValueError(
            f"{who} expects y_true and y_pred of the same times, got indexes that differ: they begin with "
            f"{indexes[0][0]} and {indexes[1][0]}, and end with {indexes[0][-1]} and {indexes[1][-1]}."
        )
    return indexes[0] if indexes else pd.RangeIndex(len(y_true))


def _forecast_each(who, forecaster, series, step):
    """What was observed `step` rows after each row, at the time when it was, and what was forecast for it."""
    from sklstm._series import SeriesTable

    if not isinstance(step, Integral) or step < 1:
        raise ValueError(f"{who} expects step to be an int of 1 or more, got {step!r}.")
    table = SeriesTable(who, series, forecaster.group, forecaster.time)
    if table.index.n_series > 1:
        raise ValueError(
            f"{who} draws one series, got {table.index.n_series}: {', '.join(map(repr, table.index.labels[:5]))}"
            f"{', ...' if table.index.n_series > 5 else ''}. Pass the rows of one of them."
        )
    forecasts = np.asarray(forecaster.predict(series, steps=step), dtype=float)[:, -1]
    # The row that a forecast is for; there is none beyond the end, and across a hole.
    layout = getattr(forecaster, "layout_", {})
    ahead = table.values_around(np.arange(len(table)), [step], **layout)[:, 0]
    known = np.isfinite(ahead)
    rows = ahead[known].astype(int)
    target = table.table[forecaster.target_]
    if not len(rows):
        raise ValueError(
            f"{who} got a series of {len(table)} rows, in which nothing was observed {step} rows after another. Pass "
            "a longer series, or a smaller step."
        )
    times = pd.RangeIndex(len(table)) if table.index.times is None else table.index.times
    y_true = pd.Series(target.to_numpy()[rows], index=times[rows], name=lag_name(forecaster.target_, step))
    return y_true, forecasts[known]
