"""Conformal prediction intervals from earlier residuals, for each step of the horizon."""

import math

import numpy as np
import pandas as pd

from sklstm._series import of_series, select_ranked


class Residuals:
    """Sizes of the latest residuals of each series, by how many steps ahead the forecast was.

    An interval reaches as far as the share of the residuals that it is to hold. When new values are observed, their
    residuals take the place of the oldest, so that intervals follow a series whose residuals grow or shrink.

    Parameters
    ----------
    missed : ndarray of shape (n_forecasts, n_steps)
        Observed minus forecast, of rows that were not fitted, in time order; NaN where nothing was observed.
    labels : ndarray of shape (n_forecasts,)
        The series of each forecast; None for a single series without a name.

    Attributes
    ----------
    n_steps : int
        Number of steps ahead.
    labels : pd.Index of shape (n_series,), or None
        Names of the series; None for a single one without a name.
    sizes : list of ndarray of shape (n_sizes,)
        Sizes of residuals for each step: those of one series after those of another, the latest last. Behind them
        are those of all series together, for a series that is not among the labels.
    bounds : list of ndarray of int of shape (n_series + 2,)
        First size of each series, first size of all series together, and the number of sizes.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, 2018, "Distribution-Free Predictive Inference for Regression",
    Journal of the American Statistical Association 113(523), section 2.2.

    Xu and Xie, 2021, "Conformal prediction interval for dynamic time-series", ICML (residuals that move on, section 4).
    """

    def __init__(self, missed, labels):
        self.n_steps = missed.shape[1]
        codes, labels = pd.factorize(pd.Index(labels, tupleize_cols=False))
        self.labels = pd.Index(labels, tupleize_cols=False) if len(labels) else None
        self.sizes, self.bounds = [], []
        for step in missed.T:
            own = np.flatnonzero(~np.isnan(step) & (codes >= 0))
            own = own[np.argsort(codes[own], kind="stable")]
            together = np.flatnonzero(~np.isnan(step))
            counts = np.append(np.bincount(codes[own], minlength=len(labels)), len(together))
            self.sizes.append(np.abs(step[np.concatenate([own, together])]))
            self.bounds.append(np.append(0, np.cumsum(counts)))

    def move_on(self, index, missed):
        """Replace the oldest residuals of each series by new ones.

        Parameters
        ----------
        index : SeriesIndex
            Rows of the series. Series without residuals of their own are left out.
        missed : ndarray of shape (n_rows, n_steps)
            Residuals of the forecasts from each row, one series after the other; NaN where there is no new value.
        """
        known_series = index.find(self.labels) >= 0
        places = self._find_places(index)[index.ordered_codes]
        for step in range(self.n_steps):
            new = np.flatnonzero(~np.isnan(missed[:, step]) & known_series[index.ordered_codes])
            lengths = np.diff(self.bounds[step])
            codes = np.concatenate([np.repeat(np.arange(len(lengths)), lengths), places[new]])
            order = np.argsort(codes, kind="stable")
            counts = np.bincount(codes, minlength=len(lengths))
            left = np.repeat(np.cumsum(counts), counts) - np.arange(len(codes))
            sizes = np.concatenate([self.sizes[step], np.abs(missed[new, step])])
            self.sizes[step] = sizes[order[left <= np.repeat(lengths, counts)]]

    def half_widths(self, who, coverage, index, rows, n_steps, missed=None):
        """Distance from forecasts to the ends of their intervals.

        Parameters
        ----------
        who : str
            Name of the forecaster, for messages.
        coverage : float
            Share of the values that intervals are to hold.
        index : SeriesIndex
            Rows of the series.
        rows : ndarray of int of shape (n_forecasts,)
            The row that each forecast is made at, counted series by series.
        n_steps : int
            Number of steps ahead.
        missed : ndarray of shape (n_rows, n_steps), optional
            New residuals of the forecasts from each row, one series after the other; NaN where there is no new value.
            A row knows those of the values up to its own. By default there are none.

        Returns
        -------
        half_widths : ndarray of shape (n_forecasts, n_steps)

        Raises
        ------
        ValueError
            If there are residuals for fewer steps, or too few of them for the coverage.
        """
        self._refuse_far(who, n_steps)
        codes = index.ordered_codes[rows]
        places = self._find_places(index)
        n_known = np.stack([np.diff(bounds)[places] for bounds in self.bounds[:n_steps]])
        ranks = np.ceil(float(coverage) * (n_known + 1)).astype(np.intp)
        few = ranks > n_known
        if few[:, codes].any():
            code = codes[np.argmax(few.any(axis=0)[codes])]
            step = np.argmax(few[:, code])
            self._refuse_few(who, coverage, n_known[step, code], index.label(code), step + 1)
        if missed is None:
            missed = np.broadcast_to(np.nan, (index.n_rows, n_steps))
        widths = [
            self._select(step, ranks[step - 1, codes] - 1, index, places, rows, missed[:, step - 1])
            for step in range(1, n_steps + 1)
        ]
        return np.stack(widths, axis=1)

    def _select(self, step, ranks, index, places, rows, missed):
        """The size of each rank among the latest at each row: as many as are kept, the oldest replaced by new ones."""
        codes, begins = index.ordered_codes, index.bounds[:-1]
        # What no row goes by is left out: all series together are many.
        used = np.zeros(len(self.bounds[step - 1]) - 1, dtype=bool)
        used[places[codes[rows]]] = True
        lengths = np.diff(self.bounds[step - 1])
        old = self.sizes[step - 1][np.repeat(used, lengths)]
        lengths = np.where(used, lengths, 0)
        new = np.flatnonzero(~np.isnan(missed) & used[places[codes]])
        counted = np.searchsorted(new, np.arange(index.n_rows + 1))
        # A forecast from `step` rows back can be compared with what has been observed by now.
        first_new = len(old) + counted[begins[codes[rows]]]
        n_new = len(old) + counted[np.maximum(begins[codes[rows]], rows - step + 1)] - first_new
        of_rows = places[codes[rows]]
        old_ends = np.cumsum(lengths)[of_rows]
        n_replaced = np.minimum(n_new, lengths[of_rows])
        return select_ranked(
            np.concatenate([old, np.abs(missed[new])]),
            np.concatenate([np.repeat(np.arange(len(lengths)), lengths), places[codes[new]]]),
            np.stack([old_ends - lengths[of_rows] + n_replaced, first_new + n_new - n_replaced]),
            np.stack([old_ends, first_new + n_new]),
            of_rows,
            ranks,
        )

    def _find_places(self, index):
        """Place of each series in `bounds`, an ndarray of int of shape (n_series,); the last for one not there."""
        n_series = 0 if self.labels is None else len(self.labels)
        places = index.find(self.labels)
        return np.where(places < 0, n_series, places)

    def _refuse_far(self, who, n_steps):
        if n_steps > self.n_steps:
            raise ValueError(
                f"{who} knows what forecasts miss up to {self.n_steps} steps ahead, got steps={n_steps}. Call "
                f"calibrate(series, steps={n_steps}) with rows that were not fitted."
            )

    def _refuse_few(self, who, coverage, n_known, label, step):
        of = of_series(label)
        needed = math.ceil(coverage / (1 - coverage) - 1e-9)
        raise ValueError(
            f"{who}: an interval that holds {coverage:.0%} needs at least {needed} forecasts that can be compared with "
            f"what was observed, got {n_known}{of} at step {step}. Calibrate on a longer series, lower the coverage, "
            "or forecast fewer steps."
        )
