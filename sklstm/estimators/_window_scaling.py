"""Scale each window by its own level and spread, and its target by the same amounts."""

import numpy as np

from sklstm._past_values import last_observed
from sklstm.estimators._samples import Samples

# A window that is nearly flat, or that holds few observations yet, is divided by at least this share of
# the typical spread: else the noise of a flat stretch is blown up to the size of a swing.
SPREAD_FLOOR = 0.1
# A spread below so many units in the last place of the largest value is rounding.
ROUNDING = 8


class WindowScaler:
    """Shift each window by its own last value or mean, and divide it by its own spread.

    The target of a sample is shifted and divided by the same amounts, those of the feature that holds the
    target's own past, and the prediction is brought back row by row: reversible instance normalisation
    (Kim et al., 2022, "Reversible Instance Normalization for Accurate Time-Series Forecasting against
    Distribution Shift", ICLR). A series with a trend is so forecast beyond the level it was fitted on.

    Features come in whatever units a scaler gave them. The name of y, or `target_feature`, tells which of them holds
    the target's past; how its units become those of y is learned from the training rows.

    Parameters
    ----------
    method : {"last", "mean", "standard"}
        Shift by the last observed time step; shift by the mean; shift by the mean and divide by the
        standard deviation.

    Attributes
    ----------
    feature_ : ndarray of int of shape (n_outputs,)
        For each output, the feature that holds its past.
    slope_, offset_ : ndarray of shape (n_outputs,)
        ``y = slope_ * feature + offset_``, from the units of the feature to those of y.
    level_ : ndarray of shape (n_features,)
        Shift of windows in which nothing was observed, in the units of the features.
    floor_ : ndarray of shape (n_features,)
        Least spread to divide by, in the units of the features.
    kept_ : list of int
        Features that stay as they are.
    """

    def __init__(self, method):
        self.method = method

    def fit(self, windows, pasts=(), kept=()):
        """Learn the typical level and spread of windows.

        Parameters
        ----------
        windows : Windows of shape (n_samples, n_timesteps, n_features)
            Training samples.
        pasts : sequence of OwnPast
            For each target, which feature holds its past, and in which units.
        kept : sequence of int
            Features that stay as they are: what does not change within a window, or is no number.

        Returns
        -------
        self : WindowScaler
            The fitted scaler.
        """
        self.feature_ = np.array([past.feature for past in pasts], dtype=int)
        self.slope_ = np.array([past.slope for past in pasts])
        self.offset_ = np.array([past.offset for past in pasts])
        self.kept_ = list(kept)
        self.level_, self.floor_ = np.full((2, windows.shape[2]), [[np.nan], [0.0]])
        shift, spread = self.measure(windows, is_fit=True)
        self.level_ = np.nan_to_num(np.nanmedian(shift, axis=0))
        flat = spread == 0
        usual = np.median(np.where(flat, 1.0, spread), axis=0)
        for feature in np.flatnonzero((flat.mean(axis=0) >= 0.5) & ~flat.all(axis=0)):
            # Where most windows are flat, the others say what a spread is.
            usual[feature] = np.median(spread[~flat[:, feature], feature])
        self.floor_ = SPREAD_FLOOR * usual
        return self

    def measure(self, windows, is_fit=False):
        """Shift and spread of each window, each of shape (n_samples, n_features), in the units of the features.

        In fit, where nothing says yet what a small spread is, those of flat windows are 0.
        """
        shift = np.empty((len(windows), windows.shape[2]))
        spread = np.ones_like(shift)
        for samples, chunk in windows.chunks():
            if self.method == "last":
                shift[samples] = last_observed(chunk)
                continue
            observed = ~np.isnan(chunk)
            nothing = ~observed.any(axis=1)
            count = np.maximum(observed.sum(axis=1), 1)
            filled = np.where(observed, chunk, 0.0).astype(np.float64)
            mean = filled.sum(axis=1) / count
            shift[samples] = np.where(nothing, np.nan, mean)
            if self.method == "standard":
                deviation = np.where(observed, filled - mean[:, None], 0.0)
                found = np.sqrt((deviation**2).sum(axis=1) / count)
                # The mean of equal values is rounded, and what is left of them is no spread.
                rounding = ROUNDING * np.finfo(chunk.dtype).eps * np.abs(filled).max(axis=1)
                spread[samples] = np.where(found > rounding, found, 0.0)
        if self.method == "standard" and not is_fit:
            spread = np.maximum(spread, self.floor_)
            spread[spread == 0] = 1.0
        shift[:, self.kept_], spread[:, self.kept_] = 0.0, 1.0
        # A window that shows nothing is shifted by the typical level: so its forecast is near what is usual.
        return np.where(np.isnan(shift), self.level_, shift), spread

    def of_target(self, shift, spread):
        """The same amounts in the units of y, each of shape (n_samples, n_outputs)."""
        return (
            shift[:, self.feature_] * self.slope_ + self.offset_,
            spread[:, self.feature_] * (np.abs(self.slope_) if self.method == "standard" else 1.0),
        )


class WindowScaling:
    """Samples by their own level and spread, where that is asked for.

    Parameters
    ----------
    method : {"last", "mean", "standard"} or None
        As `window_scaler` of LSTMRegressor.

    Attributes
    ----------
    scaler : WindowScaler or None
        Fitted.
    """

    def __init__(self, method):
        self.method = method
        self.scaler = None

    def fit(self, samples, y, y_names, rows, no_numbers):
        """Learn the typical level and spread of some of the samples, but for features that are no numbers."""
        if self.method is not None:
            self.scaler = WindowScaler(self.method).fit(samples.windows[rows], kept=no_numbers)

    @property
    def relative_features(self):
        """Features that may rise beyond all that was seen, because windows are relative to their own level."""
        if self.scaler is None:
            return []
        return [feature for feature in range(len(self.scaler.level_)) if feature not in self.scaler.kept_]

    def full_windows(self, samples, rows):
        """Those of some samples to train on."""
        return rows

    def apply(self, samples):
        """Samples that the network takes shifted and divided."""
        if self.scaler is None:
            return samples
        return Samples(samples.windows, samples.sample_shape, *self.scaler.measure(samples.windows))
