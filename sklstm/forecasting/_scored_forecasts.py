"""Forecasts beside what came: how good they are, how far they miss, and how sure they are."""

from numbers import Real
from typing import Self

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from sklstm.forecasting._intervals import Residuals


class ScoredForecasts:
    """Mixin of SeriesForecaster: scores, calibration, and intervals around its forecasts."""

    def score(self, series, y=None) -> float:
        """Coefficient of determination, R squared, of all forecasts whose truth is in the series.

        The first of them is made at the last row before the series, where it goes on from what was fitted.

        Parameters
        ----------
        series : Series, DataFrame or array
            As for `predict`.
        y : None
            There is none.

        Returns
        -------
        score : float
            1 at best; 0 for forecasting the mean.
        """
        truth, forecasts, _ = self.compare(series)
        known = ~np.isnan(truth)
        return r2_score(truth[known], forecasts[known])

    def compare(self, series, steps=None):
        """Forecasts of the values of a series, from the row before its first one on, beside these values.

        Parameters
        ----------
        series : Series, DataFrame or array
            As for `predict`.
        steps : int, optional
            As for `predict`.

        Returns
        -------
        truth, forecasts : ndarray of shape (n_forecasts, steps)
            In the units of the series; truth is NaN beyond the end of the series.
        labels : ndarray of shape (n_forecasts,)
            The series of each, in a panel.

        Raises
        ------
        ValueError
            If nothing that is forecast is in the series.
        """
        _, table, rows = self._rows_of(series)
        # Context rows come first in the table, and so first in each series.
        before = table.take(np.arange(rows[0])).last_rows(1) if rows[0] else rows[:0]
        origins = np.concatenate([before, rows]).astype(np.intp)
        steps = self._n_steps(steps)
        values = table.table[self.target_].to_numpy(dtype=np.float64)
        truth = table.values_around(values, range(1, steps + 1), **self._engine.layout)[origins]
        if np.isnan(truth).all():
            raise ValueError(
                f"SeriesForecaster has nothing to compare forecasts with: no row of {len(rows)} is followed by one "
                "that was observed. Pass a longer series, or one that follows what was fitted."
            )
        return truth, self._engine.forecast_at(table, origins, steps), table.labels()[origins]

    def predict_interval(self, series, coverage=0.9, steps=None):
        """Intervals that hold a share of the values that follow each row.

        The network's own quantiles, where `quantiles` has both ends; else the forecasts with as much to either side as
        they missed in calibration; and from rows on that follow what was fitted, with what they missed lately.

        Parameters
        ----------
        series : Series, DataFrame or array
            As for `predict`.
        coverage : float, default=0.9
            Share of the values that intervals are to hold.
        steps : int, optional
            As for `predict`.

        Returns
        -------
        lower, upper : DataFrame of shape (n_rows, steps)
            As `predict` returns its forecasts.

        Raises
        ------
        ValueError
            If there was no calibration for so many steps, or on too few rows for this coverage.
        """
        data, table, rows = self._rows_of(series)
        # Rows that do not follow what was fitted may be those that were: what is missed of them tells nothing.
        new = np.arange(len(table)) >= rows[0] if rows[0] > 0 else None
        _, lower, upper = self._interval_at(table, rows, self._n_steps(steps), coverage, new)
        return self._framed(data, lower), self._framed(data, upper)

    def calibrate(self, series, steps=None) -> Self:
        """Learn how far forecasts miss, from rows that were not fitted: for the intervals.

        Parameters
        ----------
        series : Series, DataFrame, array or Backtest
            Rows that were not fitted, as for `predict`; or what `backtest` returned.
        steps : int, optional
            How many steps ahead intervals will be asked for; by default the horizon.

        Returns
        -------
        self : SeriesForecaster
            The forecaster itself.
        """
        check_is_fitted(self)
        if hasattr(series, "residuals"):
            self.residuals_ = Residuals(*series.residuals())
        else:
            truth, forecasts, labels = self.compare(series, steps)
            self.residuals_ = Residuals(truth - forecasts, labels)
        return self

    # --- what is inside ---------------------------------------------------------------------------

    def _calibration(self, data):
        """Residuals of the last rows, forecast by a copy that was fitted on those before them."""
        if self.calibration is None:
            return None
        index = data.index
        tails = np.maximum(1, np.rint(self.calibration * index.lengths)).astype(np.intp)
        left = np.repeat(index.bounds[1:], index.lengths) - np.arange(len(data))
        held_out = np.sort(index.rows(np.flatnonzero(left <= np.repeat(tails, index.lengths))))
        fitted = np.setdiff1d(np.arange(len(data)), held_out)
        copy = clone(self).set_params(calibration=None).fit(data.table.iloc[fitted])
        return copy.calibrate(data.table.iloc[held_out]).residuals_

    def _interval_at(self, data, rows, n_steps, coverage, new=None):
        """Forecasts from some rows on, and the ends of their intervals: three arrays of shape (n_rows, n_steps).

        `new` is a mask of the rows of `data` that came after what was fitted. With it, intervals move on with the
        residuals of these rows.
        """
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"SeriesForecaster expects the coverage of an interval between 0 and 1, got {coverage!r}.")
        missed = None
        if new is None or self.residuals_ is None:
            forecasts = self._engine.forecast_at(data, rows, n_steps)
        else:
            forecasts, missed = self._missed(data, rows, n_steps, new)
        ends = self._engine.quantiles_at(data, rows, n_steps, coverage)
        if ends is not None:
            return forecasts, *ends
        if self.residuals_ is None:
            knows, block = "no intervals", self._engine.block
            if (quantiles := self._engine.quantiles) is not None:
                knows = f"the quantiles {list(quantiles)} up to {block} step{'s' * (block > 1)} ahead"
            raise ValueError(
                f"SeriesForecaster knows {knows}, and was not told how far its forecasts miss; got {coverage:.0%} and "
                f"steps={n_steps}. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not "
                "fitted."
            )
        index = data.index
        by_series = index.in_table_order(np.arange(len(data)))[rows]
        half = self.residuals_.half_widths(type(self).__name__, coverage, index, by_series, n_steps, missed)
        return forecasts, forecasts - half, forecasts + half

    def _missed(self, data, rows, n_steps, new):
        """Forecasts from some rows on, and residuals of the values of all rows that are new.

        Returns
        -------
        forecasts : ndarray of shape (n_rows, n_steps)
        missed : ndarray of shape (n_all_rows, n_steps)
            Observed minus forecast from each row, one series after the other; NaN where a value is not new.
        """
        values = np.where(new, data.table[self.target_].to_numpy(dtype=np.float64), np.nan)
        missed = data.values_around(values, range(1, n_steps + 1), **self._engine.layout)
        compared = ~np.isnan(missed).all(axis=1)
        wanted = compared.copy()
        wanted[rows] = True
        forecasts = np.full(missed.shape, np.nan)
        if wanted.any():
            forecasts[wanted] = self._engine.forecast_at(data, np.flatnonzero(wanted), n_steps)
        return forecasts[rows], (missed - forecasts)[data.index.order]
