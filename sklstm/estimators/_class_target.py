"""y of a classification: labels of any type in, targets for the network, its outputs back to labels."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from sklstm._validation import place, refuse_in_target
from sklstm.estimators._labels import (
    check_shape,
    given_labels,
    is_uniform,
    labels_by_column,
    refuse_strange,
    refuse_strange_weights,
    shown,
)
from sklstm.estimators._members import average, stack
from sklstm.estimators._output_checks import (
    check_classification,
    last_activation,
    loss_name,
    output_shapes,
    takes_logits,
)
from sklstm.estimators._ragged_target import StepwiseTarget
from sklstm.estimators._window_labels import label_windows

# The least probability whose logarithm is taken.
TINY = np.finfo(np.float32).tiny


class ClassTarget(StepwiseTarget):
    """How labels become the network's targets, and the network's outputs labels.

    Inside, labels are codes: integers of shape (n_samples,), (n_samples, n_outputs), or, where the network has outputs
    for each time step, (n_samples, n_steps); -1 is a label that is not known. Labels of 0 and 1 in columns
    (multi-label) are their own codes.

    Parameters
    ----------
    architecture : Architecture or None
        The network's, where it is an LSTM estimator's.
    window_labels : {"last", "majority", "any"} or None
        As for LSTMClassifier.

    Attributes
    ----------
    labels : ndarray of shape (n_labels,) or None
        All labels, sorted; None where columns of text stand beside columns of numbers.
    columns : list of ndarray
        Labels of each column of y, where it has columns.
    kind : {"binary", "multiclass", "multiclass-onehot", "multilabel-indicator", "multiclass-multioutput"}
        In the words of scikit-learn, and for classes in columns, of which each sample has exactly one, of scikeras.
    by_step : bool
        Whether the network has outputs for each time step.
    n_units : list of int or None
        Size of the last axis of each of the network's outputs; None before there is a network.
    n_flags : int
        Labels of 0 or 1 that the network answers side by side; 0 where it chooses one label.
    """

    by_step = False
    n_units, n_flags = None, 0
    shape: tuple | None = None

    def __init__(self, architecture=None, window_labels=None):
        super().__init__(architecture)
        self.may_be_by_step = architecture is not None and architecture.answers_steps
        self.window_labels = window_labels

    def read(self, estimator, y, samples, classes=None):
        """Check y, and return its labels, or those of whole windows, as an array; the first y says which there are.

        Parameters
        ----------
        estimator : estimator
            Who asks, for the messages.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            Labels of any type.
        samples : Samples
            What y belongs to.
        classes : array-like of shape (n_classes,), or list of them, optional
            All labels, or those of each column, where y need not hold each of them.

        Returns
        -------
        y : ndarray
            Labels.
        """
        who = type(estimator).__name__
        laid_out = self.lay_out(who, y, samples)
        if self.shape is None:
            self.came_in_sequences = laid_out is not y
            y = self._read_first(estimator, laid_out, samples, classes)
        else:
            y = self._read_more(estimator, laid_out, samples, classes)
        if self.window_labels in (None, "last"):
            return y
        return label_windows(who, samples.windows, y, self.labels, self.window_labels)

    def _read_first(self, estimator, y, samples, classes):
        """Remember the labels of y."""
        who = type(estimator).__name__
        y = check_shape(estimator, y, samples, self.may_be_by_step)
        found = labels_by_column(who, y)
        self.columns = found if classes is None else given_labels(who, classes, len(found))
        self.labels = np.unique(np.concatenate(self.columns)) if is_uniform(self.columns) else None
        refuse_strange(who, found, self.columns)
        if self.labels is not None and len(self.labels) < 2:
            raise ValueError(
                f"{who} got one class in y, {shown(self.labels)}: there is nothing to tell apart. Pass samples of at "
                "least two classes."
            )
        self.shape, self.dtype = y.shape[1:], y.dtype
        if y.ndim == 1:
            self.columns = []
            self.kind = "binary" if len(self.labels) == 2 else "multiclass"
        else:
            flags = self.labels is not None and self.labels.dtype.kind in "biuf" and set(self.labels.tolist()) <= {0, 1}
            self.kind = "multilabel-indicator" if flags else "multiclass-multioutput"
            if flags and not self.may_be_by_step and _is_one_hot(y):
                self.kind, self.labels = "multiclass-onehot", np.arange(y.shape[1])
        return y

    def _read_more(self, estimator, y, samples, classes):
        """Check a y that comes later: of the same shape, and of no other labels."""
        who = type(estimator).__name__
        y = check_shape(estimator, y, samples, self.may_be_by_step)
        shape = y.shape[1:]
        if len(shape) != len(self.shape) or (shape != self.shape and not self.by_step):
            raise ValueError(
                f"{who} was fitted on y of shape {('n_samples', *self.shape)}, got shape {y.shape}. Pass y of the same "
                "shape, or call fit to begin anew."
            )
        found = labels_by_column(who, y)
        if classes is not None:
            given = given_labels(who, classes, len(found))
            found = [np.union1d(labels, named) for labels, named in zip(found, given, strict=True)]
        if self.kind == "multiclass-onehot":
            refuse_strange(who, found, [np.array([0, 1])] * len(found))
            if not _is_one_hot(y):
                row = int(np.argmax(y.sum(axis=1) != 1))
                raise ValueError(
                    f"{who} was fitted on rows of y with one 1 each, its class, got {y[row].tolist()} for sample "
                    f"{row}. For labels side by side pass Architecture(output_activation='sigmoid'), or a network that "
                    "ends in sigmoid, and call fit."
                )
        else:
            refuse_strange(who, found, [self.labels] * len(found) if self._is_shared() else self.columns)
        return y

    def n_shared_steps(self, samples):
        """Samples before the last ones that share labels of time steps with them."""
        return self.shape[0] - 1 if self.is_decoded and self.shape else 0

    def known(self, y):
        """Mask of the samples to train on; None for all of them."""

    def check_split(self, who, name, y, training, later):
        """Refuse samples to be watched that are of a class which no sample to train on is of.

        Parameters
        ----------
        who, name : str
            The estimator with its parameter, and the name of this parameter.
        y : ndarray
            Labels of all samples.
        training, later : ndarray of int
            Samples to train on, and the others.
        """
        unseen = np.setdiff1d(y[later], y[training]) if y.ndim == 1 else ()
        if len(unseen):
            raise ValueError(
                f"{who} keeps the samples at the end for validation, and they hold a class that no sample to train on "
                f"is of: {unseen.tolist()[0]!r}. Lower {name} or drop it; shuffle samples that are no windows of a "
                "series."
            )

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
            "n_labels_": None if self.labels is None else len(self.labels),
        }

    def shown(self):
        """Attributes of the fitted estimator: its classes, how many, and labels of a sample, by name."""
        if self.by_step or not self.shape:
            classes = self.labels
        else:
            classes = self.columns if self.kind == "multiclass-multioutput" else np.arange(self.shape[0])
        n_classes = [len(labels) for labels in classes] if isinstance(classes, list) else len(classes)
        return {"classes_": classes, "n_classes_": n_classes, "n_outputs_": self.meta["n_outputs_"]}

    @property
    def step_dtype(self):
        """Type of the labels in sequences of predictions."""
        return self.dtype if self.labels is None else self.labels.dtype

    @property
    def usual_loss(self):
        """The loss that is minimised where the user names none."""
        return "sparse_categorical_crossentropy" if self.chooses else "binary_crossentropy"

    def meet(self, network, loss):
        """Learn from the network's outputs, and the loss where one is given, how it answers."""
        shapes = output_shapes(network)
        # Whether its units answer each by itself, as with sigmoid, rather than choose one class.
        judges_each = last_activation(network) in ("sigmoid", "hard_sigmoid")
        if loss is not None or network.compiled:
            judges_each |= loss_name(network.loss if network.compiled else loss).startswith("binary")
        self.by_step = len(shapes[0]) == 3
        if self.kind == "multiclass-onehot" and (self.by_step or judges_each):
            self.kind, self.labels = "multilabel-indicator", np.unique(np.concatenate(self.columns))
        self.n_steps = shapes[0][1] if self.by_step else None
        self.n_units = [shape[-1] for shape in shapes]
        # Of time steps with one label each, that label is chosen, even between 0 and 1.
        alone = self.by_step and self.shape[1:] in ((), (1,))
        self.n_flags = self.shape[-1] if self.kind == "multilabel-indicator" and not alone else 0

    def _settle(self, who, y, samples):
        """Refuse a y, as it was read, that does not fit the network's outputs."""
        may_match = self.by_step and not self.is_decoded
        self.per_input_step = may_match and self.n_steps in (None, samples.shape[1])
        if self.by_step:
            self._refuse_steps(who, y, samples.shape[1] if self.per_input_step else self.n_steps)
        else:
            self._refuse_columns(who, y)
        missing = pd.isna(y)
        if self.per_input_step and y.ndim > 1:
            missing &= samples.observed().reshape(*y.shape[:2], *(1,) * (y.ndim - 2))
        if missing.any():
            refuse_in_target(who, "NaN", place(np.argwhere(missing)[0], y))

    def _refuse_steps(self, who, y, n_steps):
        if n_steps != (y.shape[1] if y.ndim > 1 else 1):
            raise ValueError(
                f"{who}: the network has an output for each of {n_steps} time steps, got y of shape {y.shape}. Pass y "
                f"of shape (n_samples, {n_steps}), a label for each time step."
            )
        if not self.n_flags and int(np.prod(y.shape[2:])) > 1:
            raise ValueError(
                f"{who}: the network chooses one label for each time step, got y of shape {y.shape} with "
                f"{y.shape[2]} for each. Fit an estimator for each of them."
            )
        if self.labels is None:
            raise TypeError(
                f"{who}: the time steps of y share their labels, got text and numbers. Make them one type: "
                "y.astype(str)."
            )

    def _refuse_columns(self, who, y):
        if y.ndim == 3:
            raise ValueError(
                f"{who}: y of shape {y.shape} has labels for each of {y.shape[1]} time steps, got a network with one "
                "output for a sample. Use one with an output for each time step: 'many_to_many' or 'encoder_decoder'."
            )
        if self.kind == "multiclass-multioutput":
            for k, labels in enumerate(self.columns):
                if len(labels) < 2:
                    raise ValueError(
                        f"{who} got one class in column {k} of y, {shown(labels)}: there is nothing to tell apart. "
                        "Drop the column."
                    )

    @property
    def chooses(self):
        """Whether the network chooses among several units; before there is a network, whether it should."""
        if self.n_units is None:
            return self.kind.startswith("multiclass")
        return not self.n_flags and self.n_units[0] > 1

    @property
    def has_flags(self):
        """Whether y has columns of 0 and 1."""
        return self.kind in ("multilabel-indicator", "multiclass-onehot")

    def labels_told_apart(self):
        """How many labels each of the network's outputs tells apart."""
        if self.n_flags:
            return [2]
        return [len(self.labels)] if self._is_shared() else [len(labels) for labels in self.columns]

    def arrange(self, y):
        """Codes of an array of labels."""
        if self.n_flags:
            return np.where(pd.isna(y), -1, y).astype(np.int32)
        if self.kind == "multiclass-onehot":
            return y.argmax(axis=1).astype(np.int32)
        if self._is_shared():
            return _codes(y.reshape(len(y), -1) if self.by_step else y, self.labels)
        return np.stack([_codes(y[:, k], labels) for k, labels in enumerate(self.columns)], axis=1)

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
            What y belongs to.
        y : ndarray
            As it was read.
        weights : ndarray of shape (n_samples,) or None
            Of the samples.
        weighed : ndarray of int
            Samples to train on whose weight is not 0: how often a class occurs is counted over these.
        class_weight : dict, "balanced" or None
            Weights by label.

        Returns
        -------
        targets : list of ndarray
            One for each output.
        weights : ndarray or None
        """
        self._settle(who, y, samples)
        check_classification(who, network, loss, self.labels_told_apart(), self.n_flags)
        self.gives_logits = takes_logits(loss)
        codes = self.arrange(y)
        if class_weight is not None:
            by_class = self._weigh(who, class_weight, codes, weighed).astype(np.float32)
            weights = by_class if weights is None else by_class * weights.reshape(-1, *(1,) * (by_class.ndim - 1))
        # The loss may take an indicator of each class in place of its number.
        return self._targets(codes, one_hot="sparse" not in loss_name(loss)), weights

    def _targets(self, codes, one_hot):
        codes = np.maximum(codes, 0)
        if self.n_flags:
            return [codes.astype(np.float32)]
        columns = [codes] if self._is_shared() else codes.T
        return [_targets(column, n_units, one_hot) for column, n_units in zip(columns, self.n_units, strict=True)]

    # --- and back ---------------------------------------------------------------------------------

    def probabilities(self, outputs):
        """Probabilities of the labels, in double precision: the mean over members.

        Parameters
        ----------
        outputs : list of list of ndarray
            For each member the outputs of its network.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_steps, n_classes)
            Of each label; for multi-label y the probability of 1, (n_samples, n_outputs); for several outputs a list.
        """
        return average(list(map(self._probabilities_of_member, outputs)))

    def decode_members(self, outputs, samples):
        """Probabilities from each member, of shape (n_members, n_samples, ...); for several outputs a list."""
        return stack(list(map(self._probabilities_of_member, outputs)))

    def _probabilities_of_member(self, outputs):
        """Probabilities from the outputs of one network."""
        outputs = [output.astype(np.float64) for output in outputs]
        if self.gives_logits:
            outputs = [_softmax(output) if self.chooses else _sigmoid(output) for output in outputs]
        if self.n_flags:
            return outputs[0]
        probabilities = [_normalised(output) for output in outputs]
        if not self._is_shared():
            return probabilities
        # A label for each sample stays one, though it come from the one time step of a network.
        return probabilities[0][:, 0] if self.by_step and not self.shape else probabilities[0]

    def decode(self, outputs, samples):
        """The outputs of the members as labels, in the shape that y had."""
        return self.of_observed_steps(self._choose(self.probabilities(outputs)), samples)

    def score(self, y, predicted, sample_weight):
        """Share of labels that are right; missing ones are left out."""
        y = np.asarray(y)
        check_consistent_length(y, predicted, sample_weight)
        predicted = predicted.reshape(y.shape)
        known, right = ~(pd.isna(y) | pd.isna(predicted)), y == predicted
        if self.has_flags and not self.by_step:
            known, right = known.all(axis=1), right.all(axis=1)
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        weights = weights.reshape(-1, *(1,) * (known.ndim - 1)) * known
        return float(np.average(np.where(known, right, False), weights=weights))

    def _choose(self, probabilities):
        """The most probable labels, in the shape that y had."""
        if self.n_flags:
            return self.labels[(probabilities > 0.5).astype(int)]
        if not self._is_shared():
            chosen = [labels[p.argmax(axis=-1)] for labels, p in zip(self.columns, probabilities, strict=True)]
            # Text would take numbers beside it for text.
            return np.stack(chosen if self.labels is not None else [c.astype(object) for c in chosen], axis=1)
        if self.kind == "multiclass-onehot":
            return np.eye(len(self.labels), dtype=self.dtype)[probabilities.argmax(axis=-1)]
        chosen = self.labels[probabilities.argmax(axis=-1)]
        return chosen[..., None] if len(self.shape) == 2 else chosen

    def decisions(self, probabilities):
        """Log-odds of the second class, (n_samples,), or the logarithm of each probability."""
        p = np.maximum(probabilities, TINY)
        return np.log(p[..., 1]) - np.log(p[..., 0]) if p.shape[-1] == 2 else np.log(p)

    def _weigh(self, who, class_weight, codes, training):
        """Weight of each code, of the codes' shape; where a sample has several, the product over them.

        Parameters
        ----------
        who : str
            The estimator.
        class_weight : dict or "balanced"
            Weights by label; or the inverse of the frequency of each label among the training samples.
        codes : ndarray
            Arranged labels.
        training : ndarray of int
            Samples to train on.
        """
        shared = self._is_shared() and not self.n_flags
        columns = [codes] if shared else list(np.moveaxis(codes, -1, 0))
        labels = [self.labels] * len(columns) if self._is_shared() or self.n_flags else self.columns
        if class_weight == "balanced":
            weights = [_balanced(codes[training], len(own)) for codes, own in zip(columns, labels, strict=True)]
            absent = self.labels[weights[0] == 0] if shared else ()
            if len(absent):
                raise ValueError(
                    f"{who}(class_weight='balanced') weighs classes by how often they occur, got no sample to train on "
                    f"of {shown(absent)}. Pass class_weight as a dict of labels and weights."
                )
        else:
            refuse_strange_weights(who, class_weight, labels)
            weights = [np.array([class_weight.get(label, 1.0) for label in own.tolist()]) for own in labels]
        each = [np.where(c >= 0, own[c], 0.0) for own, c in zip(weights, columns, strict=True)]
        return np.prod(each, axis=0)

    def _is_shared(self):
        """Whether all of y has the same labels."""
        return self.by_step or not self.columns or self.kind != "multiclass-multioutput"


def has_one_label(classifier):
    """Whether y has one label for each sample, so that there is a decision function."""
    target = getattr(classifier, "_target", None)
    if target is None or not target.shape:
        return True
    raise AttributeError(
        f"{type(classifier).__name__} has no decision_function where y has several labels to a sample. Use "
        "predict_proba."
    )


def _is_one_hot(y):
    """Whether each row of several columns of 0 and 1 holds exactly one 1."""
    return (
        y.ndim == 2 and y.shape[1] > 1 and not pd.isna(y).any() and bool((y.astype(np.float64).sum(axis=1) == 1).all())
    )


def _codes(y, labels):
    """Position of each label; -1 where it is missing."""
    missing = pd.isna(y)
    return np.where(missing, -1, np.searchsorted(labels, np.where(missing, labels[0], y))).astype(np.int32)


def _targets(codes, n_units, one_hot):
    """Codes as an output of so many units is taught them."""
    if n_units == 1:
        return codes[..., None].astype(np.float32)
    return np.eye(n_units, dtype=np.float32)[codes] if one_hot else codes


def _sigmoid(scores):
    return np.exp(-np.logaddexp(0, -scores))


def _softmax(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


def _normalised(output):
    """Probabilities of all labels, which add up to 1, from an output of one unit or of several."""
    if output.shape[-1] == 1:
        return np.concatenate([1 - output, output], axis=-1)
    return output / np.maximum(output.sum(axis=-1, keepdims=True), TINY)


def _balanced(codes, n_labels):
    """Weight of each code, by the inverse of its frequency; 0 for those that do not occur."""
    counts = np.bincount(codes[codes >= 0], minlength=n_labels)
    weights = np.zeros(n_labels)
    # As scikit-learn's compute_class_weight has it.
    weights[counts > 0] = counts.sum() / ((counts > 0).sum() * counts[counts > 0])
    return weights
