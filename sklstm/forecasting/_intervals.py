"""Intervals from what forecasts missed before: conformal prediction, for each step of the horizon."""

import math

import numpy as np
import pandas as pd

from sklstm._series import of_series


class Residuals:
    """What forecasts missed lately, by how far ahead they looked; in panels for each series by itself.

    Intervals reach as far as the share of these that they are to hold. Where new values come to be known, what was
    missed of them takes the place of the oldest: so intervals follow a series that grows wilder or calmer.

    Parameters
    ----------
    missed : ndarray of shape (n_forecasts, n_steps)
        Sizes of observed minus forecast, of rows that were not fitted, in time order; NaN where nothing was observed.
    labels : ndarray of shape (n_forecasts,)
        The series of each.

    Attributes
    ----------
    by_series : dict of label to list of ndarray
        For each step what was missed, the latest last. Series that were not seen go by all of them, under None.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, 2018, "Distribution-Free Predictive Inference for Regression",
    Journal of the American Statistical Association 113(523), section 2.2.

    Xu and Xie, 2021, "Conformal prediction interval for dynamic time-series", ICML (residuals that move on, section 4).
    """

    def __init__(self, missed, labels):
        self.n_steps = missed.shape[1]
        self.by_series = {None: _known(missed)}
        for label in dict.fromkeys(labels):
            if label is not None:
                self.by_series[label] = _known(missed[labels == label])

    def move_on(self, missed, label):
        """Let new residuals of a series, (n_forecasts, n_steps), take the place of the oldest."""
        kept = self.by_series.get(label)
        if kept is not None:
            new = _known(missed)
            self.by_series[label] = [np.r_[old, late][-len(old) :] for old, late in zip(kept, new, strict=True)]

    def half_widths(self, who, coverage, n_steps, label, missed=None):
        """How far intervals reach to either side, one row after the other of a series.

        Parameters
        ----------
        who : str
            Who asks, for messages.
        coverage : float
            Share of the values that intervals are to hold.
        n_steps : int
            How many steps ahead.
        label : object
            The series.
        missed : ndarray of shape (n_steps + n_rows, n_steps), optional
            What was missed of new values from each row, and from `n_steps` rows before them; NaN where a value is not
            new. A row knows what was missed of the values up to its own. By default there is one row, and nothing new.

        Returns
        -------
        half_widths : ndarray of shape (n_rows, n_steps)
        """
        self._refuse_far(who, n_steps)
        kept = self.by_series.get(label, self.by_series[None])[:n_steps]
        widths = []
        for step, old in enumerate(kept, start=1):
            rank = math.ceil(coverage * (len(old) + 1))
            if rank > len(old):
                self._refuse_few(who, coverage, len(old), label, step)
            new = np.full(n_steps + 1, np.nan) if missed is None else missed[:, step - 1]
            widths.append(_rolling(old, new, rank, step, len(new) - n_steps))
        return np.stack(widths, axis=1)

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


def _known(missed):
    """What is known of each step, in time order: a list of ndarray."""
    return [np.abs(step[~np.isnan(step)]) for step in missed.T]


def _rolling(old, new, rank, step, n_rows):
    """The residual of a rank among the latest, as each of the last `n_rows` rows knows them.

    `new` holds what was missed from the rows before these, and from these; NaN where that is not known at all.
    """
    sizes = np.abs(new)
    known = ~np.isnan(sizes)
    series = pd.Series(np.r_[old, sizes[known]])
    share = (rank - 1) / max(len(old) - 1, 1)
    of_rank = series.rolling(len(old)).quantile(share, interpolation="nearest").to_numpy()[len(old) - 1 :]
    # From a row on, `step` rows back, forecasts can be compared with what has been observed by now.
    counted = np.r_[0, np.cumsum(known)]
    compared = np.arange(len(new) - n_rows, len(new)) - step + 1
    return of_rank[counted[compared]]
