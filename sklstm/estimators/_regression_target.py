"""y of a regression: numbers in, targets for the network, its outputs back to numbers."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import r2_score

from sklstm._series import rows_by_code
from sklstm._validation import read_target
from sklstm._warnings import warn_user
from sklstm.estimators._members import average
from sklstm.estimators._output_checks import check_regression, output_shapes
from sklstm.estimators._quantiles import nearest_to_median
from sklstm.estimators._ragged_target import StepwiseTarget
from sklstm.estimators._samples import pieces, take_rows
from sklstm.preprocessing import SeriesScaler

# Of the spread of the scaled target: less than this is no change of order.
ROUNDING = 1e-9


class RegressionTarget(StepwiseTarget):
    """How y becomes the network's targets, and the network's outputs y.

    Inside, y is arranged: (n_samples, n_outputs), or (n_samples, n_steps, n_outputs) where the network has outputs for
    each time step. It is taken relative to its own past where `relative` says so; then each output is scaled by itself,
    alike over all time steps.

    Parameters
    ----------
    scaler : str, transformer or None
        What scales it; fitted on training samples only.
    quantiles : ndarray of shape (n_quantiles,), optional
        Levels. The network then has an output for each of them, of each value of y one after the other: what it learns
        is the scaled y, each value as often.
    relative : RelativeTarget, optional
        What y is relative to, and which series has a scale of its own.
    architecture : Architecture, optional
        As for StepwiseTarget.

    Attributes
    ----------
    shape : tuple of int
        Of one sample of y, as it was given.
    by_step : bool
        Whether the network has outputs for each time step.
    per_input_step : bool
        Whether these are the time steps of the input.
    scaler_ : transformer, dict of transformer, or None
        Fitted. A SeriesScaler knows the coefficients of each series; any other transformer has a clone for each, by
        their labels, and one for all others under None.
    """

    missing = np.nan
    shape: tuple | None = None

    def __init__(self, scaler, quantiles=None, relative=None, architecture=None):
        super().__init__(architecture)
        self.given_scaler = scaler
        self.scaler = SeriesScaler(scaler) if isinstance(scaler, str) else scaler
        self.quantiles = quantiles
        self.relative = relative
        self.scaler_, self._is_scaled = None, False

    def read(self, estimator, y, samples, classes=None):
        """Check y against `samples`, and against the shape of earlier ones; remember its shape and precision."""
        shape, laid_out = self.shape, self.lay_out(type(estimator).__name__, y, samples)
        if shape is None:
            self.came_in_sequences = laid_out is not y
        y = read_target(estimator, laid_out, samples.shape)
        if shape is not None and (y.ndim != 1 + len(shape) or (y.shape[1:] != shape and not self.per_input_step)):
            raise ValueError(
                f"{type(estimator).__name__} was fitted on y of shape {_shown(shape)}, got y of shape {y.shape}. "
                "Pass y of the same shape, or call fit to begin anew."
            )
        self.dtype, self.shape = y.dtype, y.shape[1:]
        self.n_unknown = len(y) - np.count_nonzero(self.known(y))
        if self.n_unknown > len(y) / 2:
            warn_user(
                f"{type(estimator).__name__} leaves {self.n_unknown} of {len(y)} samples out of the training, because "
                "their y is NaN, which is not known. Drop them, or look for what made them NaN.",
                UserWarning,
            )
        return y

    def known(self, y):
        """Mask of the samples of which a value of y is known; the others are left out of the training."""
        return ~np.isnan(y).reshape(len(y), -1).all(axis=1)

    def n_shared_steps(self, samples):
        """Samples before the last ones that share steps of y with them."""
        horizon = self.shape[0] if self.shape else 1
        return horizon - 1 if len(samples.sample_shape) > 1 else 0

    def check_split(self, who, name, y, training, later):
        """Numbers to be watched may be any."""

    @property
    def meta(self):
        """What a builder is told of y, in the words of scikeras."""
        alone = self.shape in ((), (1,)) and self.n_copies == 1
        return {
            "target_type_": "continuous" if alone else "continuous-multioutput",
            "n_outputs_": self.n_values * self.n_copies,
            "n_output_steps_": self.shape[0] if self.shape else 1,
            "y_ndim_": 1 + len(self.shape),
            "y_dtype_": self.dtype,
        }

    @property
    def n_values(self):
        """Values that y has for a sample."""
        return int(np.prod(self.shape))

    @property
    def n_copies(self):
        """Outputs of the network for each value."""
        return 1 if self.quantiles is None else len(self.quantiles)

    @property
    def step_dtype(self):
        """Type of the values in sequences of predictions."""
        return self.dtype

    @property
    def usual_loss(self):
        """The loss that is minimised where the user names none."""
        if self.quantiles is None:
            return "mse"
        from sklstm.training import PinballLoss

        return PinballLoss(self.quantiles)

    def meet(self, network, loss):
        """Learn from the shape of the network's output how it answers."""
        self._output_shape = output_shapes(network)[0]
        self.by_step = len(self._output_shape) == 3

    def _settle(self, who, y, samples):
        """Refuse a y, as it was read, that does not fit the network's output."""
        output_shape = self._output_shape
        may_match = self.by_step and not self.is_decoded
        self.per_input_step = may_match and output_shape[1] in (None, samples.shape[1])
        *steps, n_values = self.arrange(y).shape[1:]
        arranged, expected = (*steps, n_values * self.n_copies), output_shape[1:]
        if len(arranged) != len(expected) or any(e not in (None, a) for a, e in zip(arranged, expected, strict=True)):
            raise ValueError(
                f"{who}: y of shape {y.shape} needs a network with outputs of shape {_shown(arranged)}, got one of "
                f"shape {_shown(expected)}. Give its last layer as many units as y has values for each sample"
                f"{'.' if self.n_copies == 1 else ', times ' + str(self.n_copies) + ' quantiles.'}"
            )
        if self.per_input_step and arranged[0] != samples.shape[1]:
            raise ValueError(
                f"{who}: the network has an output for each of the {samples.shape[1]} time steps of X, got y of shape "
                f"{y.shape}. Pass y of shape (n_samples, {samples.shape[1]}) or (n_samples, {samples.shape[1]}, "
                "n_outputs), or use architecture='encoder_decoder' for another number of time steps."
            )

    def arrange(self, y):
        """Y of shape (n_samples, n_steps, n_outputs) or (n_samples, n_outputs)."""
        if self.by_step:
            return y.reshape(len(y), y.shape[1] if y.ndim > 1 else 1, -1)
        return y.reshape(len(y), -1)

    # --- to the network ---------------------------------------------------------------------------

    def encode(self, who, network, loss, samples, y, weights, weighed, class_weight=None):
        """Targets for the network, and the weights of the samples.

        Parameters
        ----------
        who : str
            The estimator, for messages.
        network : keras.Model
            Built, not yet trained.
        loss : str, function or keras.losses.Loss
            What will be minimised.
        samples : Samples
            Scaled by their own level and spread, where that is asked for.
        y : ndarray
            As it was read.
        weights : ndarray of shape (n_samples,) or None
            Of the samples.
        weighed : ndarray of int
            Samples to train on whose weight is not 0: the scale of y is learned from these.
        class_weight : None
            Numbers have no classes.

        Returns
        -------
        targets : list of ndarray
            float32; NaN where y is not known, and zero where X was not observed.
        weights : ndarray or None
        """
        self._settle(who, y, samples)
        y, groups = self._relate(self.arrange(y), samples), self._series(samples)
        if not self._is_scaled:
            self._learn(y, weighed, groups)
        targets = self._scaled(y, groups)
        if self.per_input_step and np.isnan(targets).any():
            # The network's masks leave these time steps out.
            targets[~samples.observed()] = 0
        check_regression(who, network, loss, take_rows(targets, weighed), self.given_scaler)
        return [targets], weights

    def _series(self, samples):
        """The series of each sample, where each has a scale of y of its own; else None."""
        return None if self.relative is None else self.relative.series(samples)

    def _relate(self, y, samples):
        """An arranged y relative to its own past."""
        if self.relative is None or not self.relative.changes_y:
            return y
        # As the network learns it.
        related = np.empty(y.shape, dtype=np.float32)
        for part in pieces(len(y)):
            level, spread = self.relative.level_and_spread(samples.part(part), y.shape[1:])
            related[part] = (y[part] - level) / spread
        return related

    def _learn(self, y, weighed, groups):
        """Fit the scaler on the weighed samples of an arranged y, and where there are groups for each of them."""
        self._is_scaled = True
        if self.scaler is None:
            return
        flat, known = _flat_and_known(take_rows(y, weighed))
        if groups is None:
            self.scaler_ = self._fitted(flat)
            return
        groups = take_rows(_of_steps(groups[weighed], y), known)
        if isinstance(self.scaler, SeriesScaler):
            # A series of which nothing is known is like one that was not seen: it takes the scale of all.
            self.scaler_ = clone(self.scaler).fit(flat, groups=groups)
        else:
            self.scaler_ = self._fitted_by_series(flat, groups)

    def _fitted_by_series(self, y, groups):
        """A clone of the scaler for each series, by their labels, and under None one for all of them.

        A loop over series: transformers of other libraries know nothing of groups.
        """
        samples_of = _samples_by_series(groups)
        return {None: self._fitted(y)} | {label: self._fitted(y[samples]) for label, samples in samples_of}

    def _fitted(self, y):
        """A scaler that has learned from known targets, (n_samples, n_outputs); for quantiles one that keeps order."""
        scaler = clone(self.scaler).fit(y)
        if self.quantiles is not None:
            scaled, order = _through(scaler, "transform", y), np.argsort(y, axis=0, kind="stable")
            if (np.diff(np.take_along_axis(scaled, order, axis=0), axis=0) < -ROUNDING * np.ptp(scaled)).any():
                raise ValueError(
                    f"The target scaler {type(scaler).__name__} does not keep the order of y, so that quantiles of "
                    "what it makes are none of y. Pass one that scales each output by itself and upwards, or "
                    "target_scaler=None."
                )
        return scaler

    def _scaled(self, y, groups):
        """An arranged y as the network learns it."""
        targets = np.empty((*y.shape[:-1], y.shape[-1] * self.n_copies), dtype=np.float32)
        # A scaler of another library for each series is looked up once for all samples.
        for part in [slice(None)] if isinstance(self.scaler_, dict) else pieces(len(y)):
            scaled = self._rescale("transform", y[part], None if groups is None else groups[part])
            lost = ~np.isfinite(scaled) & ~np.isnan(y[part])
            if self.scaler_ is not None and lost.any():
                # Taken for a target that is not known, it would be learned as 0.
                raise ValueError(
                    f"The target scaler {type(self.scaler).__name__} makes {scaled[lost][0]} of the target "
                    f"{y[part][lost][0]:.6g}. Pass one that is defined for all of y, or bring y into its range first."
                )
            with np.errstate(over="ignore"):
                targets[part] = np.repeat(scaled, self.n_copies, axis=-1)
            if np.isinf(targets[part]).any():
                raise ValueError(
                    f"LSTMRegressor computes in float32, which holds values up to {np.finfo(np.float32).max:.2g}, got "
                    f"{np.nanmax(np.abs(scaled)):.2g} in y. Pass target_scaler='standard', or y in a larger unit."
                )
        return targets

    # --- and back ---------------------------------------------------------------------------------

    def decode(self, outputs, samples):
        """Predictions in the units of y: the mean over members, and of quantiles the one nearest to the median.

        Parameters
        ----------
        outputs : list of list of ndarray
            For each member the outputs of its network.
        samples : Samples
            What they belong to.
        """
        if self.quantiles is None:
            return self._as_given(average(self._in_units([own[0] for own in outputs], samples)), samples)
        return self.decode_quantiles(outputs, samples)[nearest_to_median(self.quantiles)]

    def decode_quantiles(self, outputs, samples):
        """The same, an array for each quantile, ascending."""
        n_members, n_copies = len(outputs), self.n_copies
        copies = [own[0][..., k::n_copies] for k in range(n_copies) for own in outputs]
        arranged = self._in_units(copies, samples)
        means = [average(arranged[k * n_members : (k + 1) * n_members]) for k in range(n_copies)]
        return [self._as_given(quantile, samples) for quantile in np.sort(means, axis=0)]

    def decode_members(self, outputs, samples):
        """Predictions of each member, of shape (n_members, n_samples, ...)."""
        return np.stack([self.decode([own], samples) for own in outputs])

    def _as_given(self, arranged, samples):
        """An arranged y as it came in fit, NaN at time steps that were not observed."""
        return self.of_observed_steps(self._restore(arranged), samples)

    def _in_units(self, outputs, samples):
        """Outputs of the network for the same values, each as an arranged y, float64."""
        groups = self._series(samples)
        arranged = [self._rescale("inverse_transform", output.astype(np.float64), groups) for output in outputs]
        if self.relative is None or not self.relative.changes_y:
            return arranged
        level, spread = self.relative.level_and_spread(samples, arranged[0].shape[1:])
        return [y * spread + level for y in arranged]

    def _rescale(self, method, y, groups):
        """An arranged y through the scaler, or through that of each series."""
        if isinstance(self.scaler_, SeriesScaler) and len(self.scaler_.groups_):
            return _through(self.scaler_, method, y, groups=_of_steps(groups, y))
        if not isinstance(self.scaler_, dict):
            return _through(self.scaler_, method, y)
        scaled = np.empty(y.shape)
        for label, samples in _samples_by_series(groups):
            scaled[samples] = _through(self.scaler_.get(label, self.scaler_[None]), method, y[samples])
        return scaled

    def _restore(self, y):
        """An arranged y in the dimensions and the precision that y had in fit."""
        if not self.shape:
            # One time step in, one out; of more there are more.
            y = y.reshape(len(y)) if y[0].size == 1 else y.reshape(len(y), -1)
        elif not self.by_step:
            y = y.reshape(len(y), *self.shape)
        elif len(self.shape) == 1:
            y = y.reshape(len(y), -1)
        return y.astype(self.dtype)

    def score(self, y, predicted, sample_weight):
        """R squared; what is not known is left out, where there is a value for each time step."""
        y = np.asarray(y, dtype=np.float64)
        known = ~(np.isnan(y) | np.isnan(predicted))
        if known.all() and y.ndim < 3:
            return r2_score(y, predicted, sample_weight=sample_weight)
        if sample_weight is not None:
            weights = np.asarray(sample_weight).reshape(-1, *(1,) * (y.ndim - 1))
            sample_weight = np.broadcast_to(weights, y.shape)[known]
        return r2_score(y[known], predicted[known], sample_weight=sample_weight)


def _flat_and_known(y):
    """The rows of outputs of an arranged y in which all are known, and their positions.

    Where there is no such row, rows in which some are known, with the means of the others.
    """
    flat = y.reshape(-1, y.shape[-1])
    missing = np.isnan(flat)
    known = np.flatnonzero(~missing.any(axis=1))
    if len(known) == 0:
        known = np.flatnonzero(~missing.all(axis=1))
        flat = np.where(missing, np.nan_to_num(np.nansum(flat, axis=0) / (~missing).sum(axis=0)), flat)
    return take_rows(flat, known), known


def _samples_by_series(groups):
    """Pairs (label, samples): positions of the samples of each series, in their order."""
    codes, labels = pd.factorize(pd.Index(groups, tupleize_cols=False))
    return zip(labels.tolist(), rows_by_code(codes, len(labels)), strict=True)


def _of_steps(groups, y):
    """The series of each time step of an arranged y."""
    return np.repeat(groups, y.shape[1]) if y.ndim == 3 else np.asarray(groups)


def _through(scaler, method, y, **params):
    """An arranged y through a transformer, which sees the outputs of each time step in a row; none changes nothing."""
    if scaler is None:
        return y
    return np.asarray(getattr(scaler, method)(y.reshape(-1, y.shape[-1]), **params)).reshape(y.shape)


def _shown(shape):
    return f"({', '.join(['n_samples', *('any' if n is None else str(n) for n in shape)])})"
