"""Forecasts beside what came: how good they are, how far they miss, and how sure they are."""

from numbers import Real
from typing import Self

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from sklstm.forecasting._calibration import cut_folds
from sklstm.forecasting._intervals import ConformalScores, find_pairs, find_scores, widen


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
        table, origins, truth = self._compared(series, steps)
        return truth, self._engine.forecast_at(table, origins, truth.shape[1]), table.labels()[origins]

    def predict_interval(self, series, coverage=0.9, steps=None):
        """Return intervals that hold a fraction of the values that follow each row.

        The first of these rules that applies is used:

        1. After calibration, up to `horizon` steps ahead (1 with ``strategy="recursive"``), with two `quantiles` of
           which one is as far below 0.5 as the other is above: the interval between these quantiles, widened or
           narrowed by a score of calibration (conformalised quantile regression). With several pairs, the one whose
           coverage is nearest to the one asked for.
        2. After calibration: the forecast, and the size of a residual of calibration to either side.
        3. Without calibration, with both ends of the interval among `quantiles`: the quantiles as they are. They often
           hold less than asked.

        Scores and residuals are chosen for each step and series, so that the asked fraction of them is not larger: one
        among all of them, one among the last 20, and the mean of both is used. A series without any goes by those of
        all series. From rows on that follow what was fitted, new values count as soon as they are known: their scores
        are added, and replace the oldest where there are 50 or more.

        If the target of a series was never negative in `fit` and `update`, its intervals do not reach below zero. For a
        series that is new, the rule goes by all series.

        Parameters
        ----------
        series : Series, DataFrame or array
            As for `predict`.
        coverage : float, default=0.9
            Fraction of the values that intervals are to hold.
        steps : int, optional
            As for `predict`.

        Returns
        -------
        lower, upper : DataFrame of shape (n_rows, steps)
            As `predict` returns its forecasts. NaN without calibration, for a series that had no row to train on: it
            has no quantiles.

        Raises
        ------
        ValueError
            If there was no calibration for so many steps, or on too few rows for this coverage.

        See Also
        --------
        interval_score : Coverage and width of intervals in one number.

        References
        ----------
        Romano, Patterson and Candès, 2019, "Conformalized Quantile Regression", NeurIPS.

        Examples
        --------
        >>> from sklstm import SeriesForecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline().data["passengers"]
        >>> forecaster = SeriesForecaster(n_steps=12, units=4, epochs=2, calibration=0.3, random_state=0)
        >>> lower, upper = forecaster.fit(passengers[:120]).predict_interval(passengers[120:], coverage=0.8)
        >>> lower.shape
        (24, 1)
        """
        data, table, rows = self._rows_of(series)
        steps = self._n_steps(steps)
        self._engine.warn_unknown_ahead(table, rows, steps)
        # Rows that do not follow what was fitted may be those that were: what is missed of them tells nothing.
        new = np.arange(len(table)) >= rows[0] if rows[0] > 0 else None
        _, lower, upper = self._interval_at(table, rows, steps, coverage, new)
        return self._framed(data, lower), self._framed(data, upper)

    def calibrate(self, series, steps=None) -> Self:
        """Learn by how much forecasts miss rows that were not fitted, for intervals.

        Parameters
        ----------
        series : Series, DataFrame, array or Backtest
            Rows that were not fitted, as for `predict`; or the result of `backtest`. A Backtest has no quantiles:
            intervals are then the forecast and a residual to either side.
        steps : int, optional
            Number of steps ahead of the intervals to ask for; by default the horizon.

        Returns
        -------
        self : SeriesForecaster
            The forecaster itself.
        """
        check_is_fitted(self)
        if hasattr(series, "residuals"):
            missed, labels = series.residuals()
            scores = [np.abs(missed)]
        else:
            table, origins, truth = self._compared(series, steps)
            scores, labels = self._scores_at(table, origins, truth), table.labels()[origins]
        self.residuals_, *self.quantile_scores_ = [ConformalScores(of_interval, labels) for of_interval in scores]
        return self

    # --- what is inside ---------------------------------------------------------------------------

    def _compared(self, series, steps):
        """A series with its past, the rows to forecast from, and the values that follow them, (n_origins, steps)."""
        _, table, rows = self._rows_of(series)
        # Context rows come first in the table, and so first in each series.
        before = table.take(np.arange(rows[0])).last_rows(1) if rows[0] else rows[:0]
        origins = np.concatenate([before, rows]).astype(np.intp)
        truth = self._values_ahead(table, self._n_steps(steps))[origins]
        # A forecast that lacks what is known ahead is not compared.
        truth[~self._engine.are_known_ahead(table, truth.shape[1])[origins]] = np.nan
        if np.isnan(truth).all():
            raise ValueError(
                f"SeriesForecaster has nothing to compare forecasts with: no row of {len(rows)} is followed by one "
                "that was observed. Pass a longer series, or one that follows what was fitted."
            )
        return table, origins, truth

    def _values_ahead(self, data, n_steps, new=True):
        """The values that follow each row, (n_rows, n_steps): NaN where unknown, or outside of the mask `new`."""
        values = np.where(new, data.table[self.target_].to_numpy(dtype=np.float64), np.nan)
        return data.values_around(values, range(1, n_steps + 1), **self._engine.layout)

    def _calibration(self, data):
        """ConformalScores of folds at the end of a series, each forecast by a copy that was fitted on the rows before.

        The first are those of the forecasts, the others those of each pair of quantiles.
        """
        if self.calibration is None:
            return [None]
        parts, labels = [], []
        for fitted, origins in cut_folds(data.index, self.calibration):
            copy = clone(self).set_params(calibration=None).fit(data.table.iloc[fitted])
            truth = copy._values_ahead(data, self.horizon)[origins]
            truth[~copy._engine.are_known_ahead(data, self.horizon)[origins]] = np.nan
            parts.append(copy._scores_at(data, origins, truth))
            labels.append(data.labels()[origins])
        if not parts:  # no series has two rows, which the fit on all of them refuses
            return [None]
        labels = np.concatenate(labels)
        return [ConformalScores(np.concatenate(of_folds), labels) for of_folds in zip(*parts, strict=True)]

    def _scores_at(self, data, rows, truth):
        """Scores of the forecasts from some rows on, and of the intervals between each pair of quantiles.

        Parameters
        ----------
        data : SeriesTable
            With what lies before these rows.
        rows : ndarray of int of shape (n_rows,)
            Rows to forecast from.
        truth : ndarray of shape (n_rows, n_steps)
            The values that follow them.

        Returns
        -------
        scores : list of 1 + n_pairs ndarray of shape (n_rows, n_steps)
            Those of quantiles have as many steps as the network forecasts at once, at most.
        """
        forecasts = self._engine.forecast_at(data, rows, truth.shape[1])
        pairs, _ = find_pairs(self._engine.levels)
        scores = [find_scores(truth, forecasts, forecasts)]
        if len(pairs):
            near = truth[:, : self._engine.block]
            quantiles = self._engine.quantiles_at(data, rows)[:, : near.shape[1]]
            scores += [find_scores(near, quantiles[..., low], quantiles[..., high]) for low, high in pairs]
        return scores

    def _move_on(self, table, new):
        """Replace the oldest scores of calibration by those of the rows in the mask `new`."""
        if self.residuals_ is None:
            return
        known = [self.residuals_, *self.quantile_scores_]
        truth = self._values_ahead(table, self.residuals_.n_steps, new)
        rows = np.flatnonzero(~np.isnan(truth).all(axis=1))
        if len(rows) == 0:
            return
        # Calibrated by a Backtest, nothing is known of quantiles.
        for scores, new_scores in zip(known, self._scores_at(table, rows, truth[rows]), strict=False):
            everywhere = np.full((len(table), scores.n_steps), np.nan)
            everywhere[rows] = new_scores
            scores.move_on(table.index, everywhere[table.index.order])

    def _interval_at(self, data, rows, n_steps, coverage, new=None):
        """Forecasts from some rows on, and the ends of their intervals: three arrays of shape (n_rows, n_steps).

        `new` is a mask of the rows of `data` that came after what was fitted. With it, intervals move on with the
        scores of these rows.
        """
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"SeriesForecaster expects the coverage of an interval between 0 and 1, got {coverage!r}.")
        pair, known = self._choose_interval(coverage, n_steps)
        forecasts, lower, upper = self._calibrated_ends(data, rows, n_steps, coverage, new, pair, known)
        if pair is not None:
            forecasts = self._engine.forecast_at(data, rows, n_steps)
            # A series without a row to train on has no quantiles.
            lost = np.isnan(lower).any(axis=1)
            if lost.any() and self.residuals_ is not None:
                own = self._calibrated_ends(data, rows[lost], n_steps, coverage, new, None, self.residuals_)
                _, lower[lost], upper[lost] = own
        floors = self.minima_.find_floors(data.index)[data.index.codes[rows], None]
        return forecasts, np.maximum(lower, floors), np.maximum(upper, floors)

    def _calibrated_ends(self, data, rows, n_steps, coverage, new, pair, known):
        """Ends of the intervals between two quantiles, moved outwards by the scores of `known`, if there are any.

        With `pair=None` both ends are the forecast at first. Returns three arrays of shape (n_rows, n_steps), the first
        of which is the lower end before it is moved.
        """
        # Values that follow rows which are not asked for count as well: their scores are the latest.
        truth = self._values_ahead(data, n_steps, False if known is None or new is None else new)
        wanted = ~np.isnan(truth).all(axis=1)
        wanted[rows] = True
        lower, upper = np.full((2, *truth.shape), np.nan)
        lower[wanted], upper[wanted] = self._ends_at(data, np.flatnonzero(wanted), n_steps, pair)
        if known is None:
            return lower[rows], lower[rows], upper[rows]
        index, scores = data.index, find_scores(truth, lower, upper)
        by_series = index.in_table_order(np.arange(len(data)))[rows]
        margins = known.margins(type(self).__name__, coverage, index, by_series, n_steps, scores[index.order])
        return lower[rows], *widen(lower[rows], upper[rows], margins)

    def _choose_interval(self, coverage, n_steps):
        """The quantiles that an interval starts at, None for the forecast; and its ConformalScores, None without."""
        pairs, coverages = find_pairs(self._engine.levels)
        if n_steps > self._engine.block:
            pairs = pairs[:0]
        if self.residuals_ is not None:
            if len(pairs) == 0 or not self.quantile_scores_:
                return None, self.residuals_
            nearest = int(np.argmin(np.round(np.abs(coverages - coverage), 12)))
            return pairs[nearest], self.quantile_scores_[nearest]
        own = np.flatnonzero(np.isclose(coverages[: len(pairs)], coverage))
        if len(own):
            return pairs[own[0]], None
        knows, block = "no intervals", self._engine.block
        if (quantiles := self._engine.quantiles) is not None:
            knows = f"the quantiles {list(quantiles)} up to {block} step{'s' * (block > 1)} ahead"
        raise ValueError(
            f"SeriesForecaster knows {knows}, and was not told how far its forecasts miss; got {coverage:.0%} and "
            f"steps={n_steps}. Pass calibration=0.2 before fit, or call calibrate(series) with rows that were not "
            "fitted."
        )

    def _ends_at(self, data, rows, n_steps, pair):
        """Two quantiles from some rows on, two arrays of shape (n_rows, n_steps); twice the forecast without a pair."""
        if pair is None:
            forecasts = self._engine.forecast_at(data, rows, n_steps)
            return forecasts, forecasts
        quantiles = self._engine.quantiles_at(data, rows)[:, :n_steps]
        return quantiles[..., pair[0]], quantiles[..., pair[1]]
