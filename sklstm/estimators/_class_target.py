"""y of a classification: labels of any type in, targets for the network, its outputs back to labels."""

import numpy as np
import pandas as pd
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from sklstm._validation import check_labels, place, refuse_in_target

# The least probability whose logarithm is taken.
TINY = np.finfo(np.float32).tiny


class ClassTarget:
    """How labels become the network's targets, and the network's outputs labels.

    Inside, labels are codes: integers of shape (n_samples,), (n_samples, n_outputs), or, where the network has outputs
    for each time step, (n_samples, n_steps); -1 is a label that is not known. Labels of 0 and 1 in columns
    (multi-label) are their own codes.

    Attributes
    ----------
    labels : ndarray of shape (n_labels,)
        All labels, sorted.
    columns : list of ndarray
        Labels of each column of y, where it has columns.
    kind : {"binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"}
        In the words of scikit-learn.
    """

    by_step = per_input_step = False

    def read(self, estimator, y, samples, classes=None):
        """Check y, remember its labels, and return it as an array.

        Parameters
        ----------
        estimator : estimator
            Who asks, for the messages.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            Labels of any type.
        samples : Samples
            What y belongs to.
        classes : array-like of shape (n_classes,), optional
            All labels, where y need not hold each of them.

        Returns
        -------
        y : ndarray
            Labels.
        """
        who = type(estimator).__name__
        y = check_labels(estimator, y, samples.shape)
        known = y[~pd.isna(y)]
        check_classification_targets(known)
        self.labels = np.unique(known if classes is None else classes)
        strange = np.setdiff1d(known, self.labels)
        if len(strange):
            raise ValueError(
                f"{who} got the label {strange[0]!r} in y, which is none of its classes: "
                f"{', '.join(map(repr, self.labels))}. The first call of partial_fit takes all of them as classes=."
            )
        if len(self.labels) < 2:
            raise ValueError(
                f"{who} got one class in y, {self.labels[0]!r}: there is nothing to tell apart. Pass samples of at "
                "least two classes."
            )
        self.shape, self.dtype = y.shape[1:], y.dtype
        if y.ndim == 1:
            self.columns = []
            self.kind = "binary" if len(self.labels) == 2 else "multiclass"
        else:
            self.columns = [np.unique(column[~pd.isna(column)]) for column in y.reshape(-1, y.shape[-1]).T]
            flags = known.dtype.kind in "biuf" and set(self.labels) <= {0, 1}
            self.kind = "multilabel-indicator" if flags else "multiclass-multioutput"
        return y

    def read_more(self, estimator, y, samples):
        """Check a y that comes later: of the same shape, and of no other labels."""
        later = ClassTarget()
        y = later.read(estimator, y, samples, self.labels)
        if len(later.shape) != len(self.shape) or (later.shape != self.shape and not self.by_step):
            raise ValueError(
                f"{type(estimator).__name__} was fitted on y of shape {('n_samples', *self.shape)}, got shape "
                f"{y.shape}. Pass y of the same shape, or call fit to begin anew."
            )
        return y

    @property
    def meta(self):
        """What a builder is told of y, in the words of scikeras."""
        columns = self.kind == "multiclass-multioutput"
        return {
            "target_type_": self.kind,
            "n_outputs_": int(np.prod(self.shape)),
            "n_output_steps_": self.shape[0] if self.shape else 1,
            "y_ndim_": 1 + len(self.shape),
            "y_dtype_": self.dtype,
            "classes_": self.columns if columns else self.labels,
            "n_classes_": [len(labels) for labels in self.columns] if columns else len(self.labels),
            "n_labels_": len(self.labels),
        }

    @property
    def classes(self):
        """`classes_` of the estimator: labels, or a list of the labels of each column."""
        if self.by_step or not self.shape:
            return self.labels
        return np.arange(self.shape[0]) if self.kind == "multilabel-indicator" else self.columns

    def settle(self, who, shapes, y, samples):
        """See by the shapes of the network's outputs what it tells of y, and refuse what does not fit.

        Parameters
        ----------
        who : str
            The estimator.
        shapes : list of tuple
            Of the network's outputs, None where open.
        y : ndarray
            As it was read.
        samples : Samples
            What y belongs to.
        """
        self.by_step = len(shapes[0]) == 3
        self.per_input_step = self.by_step and shapes[0][1] in (None, samples.shape[1])
        n_steps = samples.shape[1] if self.per_input_step else shapes[0][1] if self.by_step else None
        if self.by_step and ((y.ndim == 1 and n_steps != 1) or (y.ndim > 1 and y.shape[1] != n_steps)):
            raise ValueError(
                f"{who}: the network has an output for each of {n_steps} time steps, got y of shape {y.shape}. Pass y "
                f"of shape (n_samples, {n_steps}), a label for each time step."
            )
        missing = pd.isna(y)
        if self.per_input_step and y.ndim > 1:
            missing &= samples.observed().reshape(*y.shape[:2], *(1,) * (y.ndim - 2))
        if missing.any():
            refuse_in_target(who, "NaN", place(np.argwhere(missing)[0], y))

    def labels_told_apart(self, n_outputs):
        """How many labels each of the network's outputs tells apart."""
        if self.by_step or not self.shape:
            return [len(self.labels)]
        return [2] if self.kind == "multilabel-indicator" else [len(labels) for labels in self.columns]

    def arrange(self, y):
        """Codes of an array of labels."""
        if self.kind == "multilabel-indicator":
            codes = np.where(pd.isna(y), -1, y).astype(np.int32)
            return codes[:, :, 0] if codes.ndim == 3 and codes.shape[2] == 1 else codes
        if self.by_step or y.ndim == 1:
            return _codes(y.reshape(len(y), -1) if self.by_step else y, self.labels)
        return np.stack([_codes(y[:, k], labels) for k, labels in enumerate(self.columns)], axis=1)

    def encode(self, codes, units, one_hot):
        """Targets for a network whose outputs have so many units each, in a list.

        Parameters
        ----------
        codes : ndarray
            Arranged labels.
        units : list of int
            Size of the last axis of each output.
        one_hot : bool
            Whether the loss takes an indicator of each class in place of its number.

        Returns
        -------
        targets : list of ndarray
            One for each output.
        """
        codes = np.maximum(codes, 0)
        if len(units) > 1:
            return [_indicate(column, n) if one_hot else column for column, n in zip(codes.T, units, strict=True)]
        flags = self.kind == "multilabel-indicator" and not (self.by_step and codes.ndim == 2)
        if flags:
            return [codes.astype(np.float32)]
        if units[0] == 1:
            return [codes[..., None].astype(np.float32)]
        return [_indicate(codes, units[0]) if one_hot else codes]

    def probabilities(self, outputs):
        """Probabilities of the labels.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_steps, n_classes)
            Of each label; for multi-label y the probability of 1, (n_samples, n_outputs); for several outputs a list.
        """
        if len(outputs) > 1:
            return [_normalised(output) for output in outputs]
        output = outputs[0].astype(np.float64)
        if self._flags(output):
            return output
        if output.shape[-1] == 1:
            return np.concatenate([1 - output, output], axis=-1)
        return _normalised(output)

    def choose(self, probabilities):
        """The most probable labels, in the shape that y had."""
        if isinstance(probabilities, list):
            chosen = [labels[p.argmax(axis=-1)] for labels, p in zip(self.columns, probabilities, strict=True)]
            return np.stack(chosen, axis=1).astype(self.dtype, copy=False)
        if self._flags(probabilities):
            return (probabilities > 0.5).astype(self.dtype)
        chosen = self.labels[probabilities.argmax(axis=-1)]
        return chosen[..., None] if self.by_step and len(self.shape) == 2 else chosen

    def decisions(self, probabilities):
        """Log-odds of the second class, (n_samples,), or the logarithm of each probability."""
        p = np.maximum(probabilities, TINY)
        return np.log(p[..., 1]) - np.log(p[..., 0]) if p.shape[-1] == 2 else np.log(p)

    def weigh(self, class_weight, codes):
        """Weight of each code, of the codes' shape; the product over the outputs of a sample."""
        if self.by_step or codes.ndim == 1:
            return self._weights(class_weight, self.labels, codes)
        columns = zip(self._labels_of_columns(), codes.T, strict=True)
        return np.prod([self._weights(class_weight, labels, column) for labels, column in columns], axis=0)

    def _labels_of_columns(self):
        return [self.labels] * self.shape[0] if self.kind == "multilabel-indicator" else self.columns

    @staticmethod
    def _weights(class_weight, labels, codes):
        known = codes[codes >= 0]
        weights = compute_class_weight(class_weight, classes=labels, y=labels[known])
        return np.where(codes >= 0, weights[codes], 0.0)

    def _flags(self, output):
        """Whether an output holds a probability of 1 for each column of a multi-label y."""
        if self.kind != "multilabel-indicator":
            return False
        return not self.by_step or (len(self.shape) == 2 and self.shape[1] > 1 and output.shape[-1] == self.shape[1])


def _codes(y, labels):
    """Position of each label; -1 where it is missing."""
    missing = pd.isna(y)
    return np.where(missing, -1, np.searchsorted(labels, np.where(missing, labels[0], y))).astype(np.int32)


def _indicate(codes, n_classes):
    return np.eye(n_classes, dtype=np.float32)[codes]


def _normalised(output):
    """Probabilities that add up to 1 in double precision as well."""
    output = output.astype(np.float64)
    return output / np.maximum(output.sum(axis=-1, keepdims=True), TINY)
