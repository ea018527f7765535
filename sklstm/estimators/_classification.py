"""The side of y of a classifier."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from sklstm.estimators._class_target import ClassTarget
from sklstm.estimators._output_checks import check_classification, loss_name, output_shapes, takes_logits


def _is_single(estimator):
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

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on training for one epoch; the first call begins a new network.

        Weights and the optimizer's state are kept from call to call.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels. Needed in the first call where its y does not hold each of them.

        Returns
        -------
        self : estimator instance
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, epochs=1, anew=not self._is_fitted(), classes=classes)

    def predict(self, X):
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples, with the features of `fit`; the number of time steps may be another where the network allows it.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            The most probable labels.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        probabilities = self.predict_proba(X)
        return self._target.choose(probabilities)

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

    @available_if(_is_single)
    def decision_function(self, X):
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

    def score(self, X, y, sample_weight=None):
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
        from pandas import isna

        y, predicted = np.asarray(y), self.predict(X)
        if y.ndim == 1 or (self._target.kind == "multilabel-indicator" and not self._target.by_step):
            return accuracy_score(y, predicted, sample_weight=sample_weight)
        known = ~isna(y)
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        weights = weights.reshape(-1, *(1,) * (y.ndim - 1)) * known
        return float(np.average(np.where(known, y == predicted.reshape(y.shape), False), weights=weights))

    def _probabilities(self, outputs):
        if self._logits:
            outputs = [_from_logits(output) for output in outputs]
        return self._target.probabilities(outputs)

    def _read_y(self, y, samples, anew, classes):
        if anew:
            self._target = ClassTarget()
            y = self._target.read(self, y, samples, classes)
        else:
            y = self._target.read_more(self, y, samples)
        self.n_outputs_ = self._target.meta["n_outputs_"]
        return y

    def _usual_loss(self):
        several = self._target.kind in ("multiclass", "multiclass-multioutput")
        return "sparse_categorical_crossentropy" if several else "binary_crossentropy"

    def _encode(self, network, loss, samples, y, weights, training, anew):
        """Targets for the network, and the weights of the samples."""
        who, target = type(self).__name__, self._target
        shapes = output_shapes(network)
        target.settle(who, shapes, y, samples)
        check_classification(who, network, loss, target.kind, target.labels_told_apart(len(shapes)))
        self.classes_, self._logits = target.classes, takes_logits(loss)
        if target.shape == ():
            self.n_classes_ = len(self.classes_)
        codes = target.arrange(y)
        if self.class_weight is not None:
            by_class = target.weigh(self.class_weight, codes).astype(np.float32)
            weights = by_class if weights is None else by_class * weights.reshape(-1, *(1,) * (by_class.ndim - 1))
        name = loss_name(loss)
        targets = target.encode(codes, [shape[-1] for shape in shapes], one_hot="sparse" not in name)
        return targets, weights


def _from_logits(scores):
    """Probabilities from scores."""
    if scores.shape[-1] == 1:
        return 1 / (1 + np.exp(-scores))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)
