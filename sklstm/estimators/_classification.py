"""The side of y of a classifier."""

from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if

from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._class_target import ClassTarget
from sklstm.estimators._output_checks import (
    check_classification,
    last_activation,
    loss_name,
    output_shapes,
    takes_logits,
)


def is_single(estimator):
    """Whether y has one label for each sample."""
    target = getattr(estimator, "_target", None)
    if target is None or not target.shape:
        return True
    raise AttributeError(
        f"{type(estimator).__name__} has no decision_function where y has several labels to a sample. Use "
        "predict_proba."
    )


class Classification(ClassifierMixin):
    """Mixin: y holds labels of any type, and predictions are labels."""

    @with_callbacks
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Go on training for one epoch; the first call begins a new network.

        Weights and the optimizer's state are kept from call to call.

        Parameters
        ----------
        X, y
            As for `fit`.
        classes : array-like of shape (n_classes,), or list of them, optional
            All labels; where y has several columns, those of each in a list, or one set for all. Needed in the first
            call where its y does not hold each of them.
        sample_weight
            As for `fit`.

        Returns
        -------
        self : estimator instance
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, epochs=1, anew=not self._is_fitted(), classes=classes)

    def predict(self, X) -> np.ndarray:
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples, with the features of `fit`; the number of time steps may be another where the network allows it.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            The most probable labels. Of a network with an output for each time step None (NaN among floats) where X
            was not observed; a list of sequences where y was one.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        outputs, samples = self._outputs(X)
        return self._as_sequences(self._decode(outputs, samples), samples)

    def predict_proba(self, X):
        """Predict the probability of each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or (n_samples, n_steps, n_classes)
            In the order of `classes_`. For multi-label y the probability of 1, (n_samples, n_outputs); for y of
            several columns of labels a list, with an array for each.
        """
        return self._probabilities(self._outputs(X)[0])

    @available_if(is_single)
    def decision_function(self, X) -> np.ndarray:
        """Confidence in the labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of the second, positive where it is predicted; for more the logarithm of
            each probability.
        """
        probabilities = self.predict_proba(X)
        return self._target.decisions(probabilities)

    def score(self, X, y, sample_weight=None) -> float:
        """Share of labels that are predicted right.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            True labels. For multi-label y all labels of a sample must be right; with a label for each time step
            each counts for itself, and missing ones are left out.
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample.

        Returns
        -------
        score : float
            Between 0 and 1.
        """
        y, predicted = np.asarray(self._beside(X, y)), self._decode(*self._outputs(X))
        check_consistent_length(y, predicted, sample_weight)
        predicted = predicted.reshape(y.shape)
        known, right = ~(pd.isna(y) | pd.isna(predicted)), y == predicted
        if self._target.has_flags and not self._target.by_step:
            known, right = known.all(axis=1), right.all(axis=1)
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        weights = weights.reshape(-1, *(1,) * (known.ndim - 1)) * known
        return float(np.average(np.where(known, right, False), weights=weights))

    def _probabilities(self, outputs):
        return self._target.probabilities(outputs, self._logits)

    def _decode(self, outputs, samples):
        """The network's outputs as labels."""
        labels = self._target.choose(self._probabilities(outputs))
        return self._of_observed_steps(labels, samples, np.nan if labels.dtype.kind == "f" else None)

    def _read_y(self, y, samples, anew, classes):
        if anew:
            self._target = ClassTarget()
            y = self._target.read(self, y, samples, classes)
        else:
            y = self._target.read_more(self, y, samples, classes)
        self.n_outputs_ = self._target.meta["n_outputs_"]
        return y

    def _split(self, samples, y, weights=None):
        training, validation = super()._split(samples, y, weights)
        # A network that goes on training may have met a class before.
        if len(validation) and y.ndim == 1 and not self.n_iter_:
            later = np.setdiff1d(self._kept(samples), training)
            later = later if weights is None else later[weights[later] > 0]
            unseen = np.setdiff1d(y[later], y[training])
            if len(unseen):
                fraction, name = self._validation()
                raise ValueError(
                    f"{type(self).__name__}({name}={fraction}) keeps the samples at the end for validation, and they "
                    f"hold a class that no sample to train on is of: {unseen.tolist()[0]!r}. Samples that share no "
                    f"time steps: shuffle them first, and pass validation_gap=0. Windows of a series: lower {name}, "
                    "or drop it."
                )
        return training, validation

    def _shared_targets(self, samples):
        """Samples before the validation samples that share labels of time steps with them."""
        decoded = getattr(self, "architecture", None) == "encoder_decoder" and self._target.shape
        steps = self._target.shape[0] if decoded else 1
        return steps - 1

    def _settings(self, network):
        # The usual loss goes by the network's units.
        judges_each = last_activation(network) in ("sigmoid", "hard_sigmoid")
        if self.loss is not None or network.compiled:
            judges_each |= loss_name(network.loss if network.compiled else self.loss).startswith("binary")
        self._target.see(output_shapes(network), judges_each)
        return super()._settings(network)

    def _usual_loss(self):
        return "sparse_categorical_crossentropy" if self._target.chooses else "binary_crossentropy"

    def _encode(self, network, loss, samples, y, weights, training, anew):
        """Targets for the network, and the weights of the samples."""
        who, target = type(self).__name__, self._target
        target.settle(who, y, samples)
        check_classification(who, network, loss, target.labels_told_apart(), target.n_flags)
        self.classes_, self._logits = target.classes, takes_logits(loss)
        several = isinstance(self.classes_, list)
        self.n_classes_ = [len(labels) for labels in self.classes_] if several else len(self.classes_)
        codes = target.arrange(y)
        if self.class_weight is not None:
            by_class = target.weigh(who, self.class_weight, codes, training).astype(np.float32)
            weights = by_class if weights is None else by_class * weights.reshape(-1, *(1,) * (by_class.ndim - 1))
        return target.encode(codes, one_hot="sparse" not in loss_name(loss)), weights
