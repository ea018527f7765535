"""Intervals from what forecasts missed before: split conformal prediction, for each step of the horizon."""

import math

import numpy as np


class Residuals:
    """What forecasts missed, by how far ahead they looked; in panels for each series by itself.

    Parameters
    ----------
    residuals : ndarray of shape (n_forecasts, n_steps)
        Observed minus forecast, of rows that were not fitted; NaN where nothing was observed.
    labels : ndarray of shape (n_forecasts,)
        The series of each.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, 2018, "Distribution-Free Predictive Inference for Regression",
    Journal of the American Statistical Association 113(523), section 2.2.
    """

    def __init__(self, residuals, labels):
        self.n_steps = residuals.shape[1]
        # Series that were not seen go by all of them.
        self.by_series = {None: _sorted_sizes(residuals)}
        for label in dict.fromkeys(labels):
            if label is not None:
                self.by_series[label] = _sorted_sizes(residuals[labels == label])

    def half_widths(self, who, coverage, n_steps, labels):
        """How far an interval reaches to either side of each forecast.

        Parameters
        ----------
        who : str
            Who asks, for messages.
        coverage : float
            Share of the values that intervals are to hold.
        n_steps : int
            How many steps ahead.
        labels : ndarray of shape (n_forecasts,)
            The series of each forecast.

        Returns
        -------
        half_widths : ndarray of shape (n_forecasts, n_steps)
        """
        if n_steps > self.n_steps:
            raise ValueError(
                f"{who} knows what forecasts miss up to {self.n_steps} steps ahead, got steps={n_steps}. Call "
                f"calibrate(series, steps={n_steps}) with rows that were not fitted."
            )
        widths = {label: self._widths(who, coverage, n_steps, label) for label in dict.fromkeys(labels)}
        return np.array([widths[label] for label in labels]).reshape(-1, n_steps)

    def _widths(self, who, coverage, n_steps, label):
        sizes = self.by_series.get(label, self.by_series[None])[:n_steps]
        ranks = [math.ceil(coverage * (len(seen) + 1)) for seen in sizes]
        for step, (rank, seen) in enumerate(zip(ranks, sizes, strict=True), start=1):
            if rank > len(seen):
                of = "" if label is None else f" of {label!r}"
                needed = math.ceil(coverage / (1 - coverage) - 1e-9)
                raise ValueError(
                    f"{who}: an interval that holds {coverage:.0%} needs at least {needed} forecasts that can be "
                    f"compared with what was observed, got {len(seen)}{of} at step {step}. Calibrate on a longer "
                    "series, lower the coverage, or forecast fewer steps."
                )
        return [seen[rank - 1] for rank, seen in zip(ranks, sizes, strict=True)]


def _sorted_sizes(residuals):
    """Sizes of the known residuals of each step, ascending: a list of ndarray."""
    return [np.sort(np.abs(step[~np.isnan(step)])) for step in residuals.T]
