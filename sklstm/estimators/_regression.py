"""The side of y of a regressor."""

from typing import Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._output_checks import check_regression, output_shapes
from sklstm.estimators._regression_target import RegressionTarget
from sklstm.estimators._samples import take_rows


class Regression(RegressorMixin):
    """Mixin: y holds numbers, and predictions come back in its units."""

    @with_callbacks
    def partial_fit(self, X, y, sample_weight=None) -> Self:
        """Go on training for one epoch; the first call begins a new network.

        Weights, the optimizer's state and the scale of y are kept from call to call.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self : estimator instance
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, epochs=1, anew=not self._is_fitted())

    def predict(self, X) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples, with the features of `fit`; the number of time steps may be another where the network allows it.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Predictions, of the dimensions and the precision that y had in `fit`. Of a network with an output for each
            time step NaN where X was not observed; a list of sequences where y was one.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        outputs, samples = self._outputs(X)
        return self._as_sequences(self._decode(outputs, samples), samples)

    def score(self, X, y, sample_weight=None) -> float:
        """Coefficient of determination of the predictions, R squared.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            True values. NaN in it is left out, where there is a value for each time step.
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample.

        Returns
        -------
        score : float
            1 at best; 0 for predicting the mean.
        """
        y, predicted = np.asarray(self._beside(X, y), dtype=np.float64), self._decode(*self._outputs(X))
        known = ~(np.isnan(y) | np.isnan(predicted)) if y.ndim > 1 else np.ones(len(y), dtype=bool)
        if known.all() and y.ndim < 3:
            return r2_score(y, predicted, sample_weight=sample_weight)
        if sample_weight is not None:
            weights = np.asarray(sample_weight).reshape(-1, *(1,) * (y.ndim - 1))
            sample_weight = np.broadcast_to(weights, y.shape)[known]
        return r2_score(y[known], predicted[known], sample_weight=sample_weight)

    def _read_y(self, y, samples, anew, classes):
        shape = None if anew else self._target.shape
        if anew:
            self._target = RegressionTarget(self.target_scaler, self._levels())
        y = self._target.read(self, y, samples, shape)
        self.n_outputs_ = self._target.n_values
        return y

    def _levels(self):
        """Levels of the quantiles that the network has an output for, of each value of y; None for the values."""
        return

    def _shared_targets(self, samples):
        """Samples before the validation samples that share targets with them."""
        horizon = self._target.shape[0] if self._target.shape else 1
        return horizon - 1 if len(samples.sample_shape) > 1 else 0

    def _usual_loss(self):
        return "mse"

    def _encode(self, network, loss, samples, y, weights, training, anew):
        """Targets for the network, and the weights of the samples."""
        (shape,) = output_shapes(network)[:1]
        self._target.settle(type(self).__name__, shape, y, samples)
        y = self._relate(self._target.arrange(y), samples)
        if anew:
            self._target.learn(y, training, self._series(samples))
            self.target_scaler_ = self._target.scaler_
        targets = self._target.encode(y, self._series(samples))
        check_regression(type(self).__name__, network, loss, take_rows(targets[0], training), self.target_scaler)
        return targets, weights

    def _decode(self, outputs, samples):
        """The network's outputs in the units of y."""
        decoded = self._target.decode(outputs, self._series(samples))
        return self._of_observed_steps(self._target.restore(self._unrelate(decoded, samples)), samples, np.nan)

    def _series(self, samples):
        """The series of each sample, where each has a scale of y of its own; else None."""
        return

    def _relate(self, y, samples):
        """An arranged y relative to the level and spread of the samples' own windows, where these are scaled."""
        return y

    def _unrelate(self, y, samples):
        return y
