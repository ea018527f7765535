"""LSTMClassifier: sequences in, labels out."""

from typing import Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._auto_epochs import n_epochs, optimizer_params
from sklstm.estimators._class_target import ClassTarget, has_one_label
from sklstm.estimators._lstm_estimator import LSTMEstimator
from sklstm.estimators._window_scaling import WindowScaling

# From this number of time steps on, the last state tells too little of the first ones: see Architecture(pooling=...).
LONG_SAMPLE = 32


class LSTMClassifier(ClassifierMixin, LSTMEstimator):
    """An LSTM that tells classes of sequences apart, like any scikit-learn classifier.

    It takes windows or padded sequences, masks the time steps that were not observed (NaN), and labels of any type.
    Output layer and loss follow from y: two classes (sigmoid), more (softmax), several yes-or-no labels (multi-label),
    several columns of labels, or a label for each time step.

    Parameters
    ----------
    units : int or sequence of int, default=32
        Size of the LSTM's state; of each layer's, where the architecture has several.
    architecture : {"vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn", "encoder_decoder", \
            "many_to_many"}, callable or Architecture, default="vanilla"
        The network: a name, a function that builds one, or either with further options, such as embeddings
        (`Architecture`) and the convolutions of "cnn_lstm" (`CNNLSTM`) and "lstm_fcn" (`LSTMFCN`). "encoder_decoder"
        and "many_to_many" have outputs for each time step of y, the others for a sample. For sequences of 100 time
        steps or more "lstm_fcn" is the most accurate, and takes three to six times as long as the others.
    dropout : float, default=0.0
        Share of an LSTM's output that is dropped in training.
    epochs : int or "auto", default="auto"
        Number of passes through the training samples. "auto" is as many as give 1,000 updates of the weights (500 with
        "lstm_fcn"), and at least 100. An optimizer that is given by name then begins with a learning rate of 0.01
        (0.003 with "lstm_fcn") unless `learning_rate` is given, lowers it to zero along half a cosine, and clips the
        gradient of each weight to a norm of 1.
    batch_size : int, default=32
        Samples for each update of the weights.
    learning_rate : float, optional
        Of the optimizer; by default the optimizer's own, unless epochs is "auto".
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        An instance is copied for each fit.
    loss : str, function or keras.losses.Loss, optional
        What is minimised; by default the cross-entropy that y and the output layer ask for.
    metrics : str, function, keras.metrics.Metric or list of them, optional
        Watched in `history_`.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss; "balanced" weighs them by the inverse of their frequency among the samples
        to train on. With several labels to a sample, it weighs their product.
    window_labels : {"last", "majority", "any"} or None, default=None
        Where X are windows of a labelled recording, one for each row, and y has the row's label: which label a window
        is trained on. That of its last row, as it stands in y (None or "last"); the most frequent one of the rows that
        it covers, and the latest of those as frequent; or ``classes_[1]`` if any of its rows is of that class ("any",
        for two classes). Predictions are of such labels; `score` compares them with the y that it is given, row by
        row.
    window_scaler : {"last", "mean", "standard"} or None, default=None
        Shift each sample by its last observed value or by its mean, or shift it by its mean and divide it by its
        standard deviation, so that its level does not count.
    stateful : bool, default=False
        Whether a sample starts from the state in which the one before it ended. In training the samples, which must
        follow one another in time, are cut into `batch_size` streams that run side by side, unshuffled, from zero in
        each epoch; predict goes through its samples one by one, whatever `batch_size` is, on from the last one that
        it saw since `reset_states` or `fit` (of its own series, in windows of ``LagFramer(group=...)``). To train
        without and serve with it: fit, then ``set_params(stateful=True)``.
    training : TrainingPlan, optional
        Which samples are trained on and in which order (`stride`, `min_steps`, `shuffle`), and truncated
        backpropagation (`tbptt`).
    validation : float or TimeTail, optional
        Fraction of the samples held out for validation. Of samples that share no time steps, the last ones of each
        class. Of windows of a series, the last ones, and in panels those of the last times of all series; then samples
        before them that share time steps with them are left out of both. With ``TimeTail(fraction, gap=...)``, always
        the last samples, and `gap` samples before them are left out.
    patience : int, optional
        Stop after so many epochs without a better loss (on the validation samples, where there are any), and
        go back to the best weights.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit; classes are called.
    n_members : int, default=1
        Number of networks, which differ in their seeds alone: initial weights, shuffling and dropout. Predictions are
        means over these members, of probabilities. The first member has the bits of ``n_members=1``. Members share
        compiled programs, and train in threads where each uses one core and others are free; each has copies of the
        callbacks. `stateful` and `tbptt` need one member.
    warm_start : bool, default=False
        Whether fit goes on from the weights of the last fit, and keeps its scale of y.
    verbose : {0, 1, 2}, default=0
        Nothing, a progress bar, or a line for each epoch. With scikit-learn 1.9 or newer,
        ``set_callbacks(ProgressBar())`` shows epochs through a search too.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling and dropout: the same integer gives the same weights, bit by bit, on the same
        machine. No global seed is set.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        Labels; of each column, where y has several.
    n_classes_ : int or list of int
        How many.
    model_ : keras.Model
        The fitted network, plain Keras: it saves and loads where sklstm is not installed. Rebuilt from `network_`
        when first asked for.
    network_ : NetworkState
        Layers and weights as plain data. With several members this attribute, `model_`, `history_`, `n_iter_` and
        `training_path_` are those of the first one.
    members_ : list of Member
        The networks: each has a `seed`, its `network` (NetworkState) and its `history`. After an interrupted fit those
        whose training has ended, or where that of the first has not, those whose training had begun.
    history_ : dict of str to list of float
        Loss and metrics of each epoch; ``val_loss`` where there are validation samples.
    n_iter_ : int
        Epochs that were run.
    callbacks_ : list of keras.callbacks.Callback
        Copies of `callbacks` as the last training left them, of the first member; not in pickles and archives.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    window_scaler_ : WindowScaler or None
        Fitted on the training samples.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.
    n_categories_ : tuple of int
        For each feature that is embedded how many embeddings there are: of the codes up to the largest in fit, and of
        the one above it, what SequenceEncoder(unknown="encode") did not know. Empty where nothing is embedded.
    n_outputs_ : int
        Number of labels predicted for each sample.

    See Also
    --------
    LSTMRegressor : The same for numbers.
    KerasClassifier : For any Keras model.
    SequencePadder : Makes an array of sequences of different lengths.

    References
    ----------
    Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory", Neural Computation 9(8).

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import Architecture, LSTMClassifier
    >>> walks = np.random.default_rng(0).normal(size=(80, 6, 1)).cumsum(axis=1)
    >>> y = np.where(walks[:, -1, 0] > walks[:, 0, 0], "up", "down")
    >>> model = LSTMClassifier(8, epochs=30, learning_rate=0.03, random_state=0).fit(walks, y)
    >>> model.classes_
    array(['down', 'up'], dtype='<U4')
    >>> model.score(walks, y) > 0.9
    True
    >>> model.predict_proba(walks[:3]).shape
    (3, 2)

    An output layer that cannot tell the classes apart is an error:

    >>> LSTMClassifier(architecture=Architecture(output_activation="softmax"), loss="binary_crossentropy").fit(walks, y)
    Traceback (most recent call last):
        ...
    ValueError: LSTMClassifier: loss binary_crossentropy judges every class by itself, but each sample has one of 2.
    Use loss='sparse_categorical_crossentropy' with softmax.
    """

    _parameter_constraints = LSTMEstimator._parameter_constraints | {
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "window_scaler": [StrOptions({"last", "mean", "standard"}), None],
        "window_labels": [StrOptions({"last", "majority", "any"}), None],
    }
    _fixed_parameters = (*LSTMEstimator._fixed_parameters, "window_labels")

    def __init__(
        self,
        units=32,
        *,
        architecture="vanilla",
        dropout=0.0,
        epochs="auto",
        batch_size=32,
        learning_rate=None,
        optimizer="adam",
        loss=None,
        metrics=None,
        class_weight=None,
        window_labels=None,
        window_scaler=None,
        stateful=False,
        training=None,
        validation=None,
        patience=None,
        callbacks=None,
        n_members=1,
        warm_start=False,
        verbose=0,
        random_state=None,
    ):
        self.units = units
        self.architecture = architecture
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.class_weight = class_weight
        self.window_labels = window_labels
        self.window_scaler = window_scaler
        self.stateful = stateful
        self.training = training
        self.validation = validation
        self.patience = patience
        self.callbacks = callbacks
        self.n_members = n_members
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

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

    def predict(self, X, groups=None) -> np.ndarray:
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples, with the features of `fit`; the number of time steps may be another.
        groups : array-like of shape (n_samples,), optional
            With `stateful`, the series of each sample: no state is carried from one to another. By default, windows
            of ``LagFramer(group=...)`` tell, and each goes on from the one before it of its own series.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            The most probable labels. With "many_to_many" None (NaN among floats) where X was not observed; a list of
            sequences where y was one in `fit`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        return self._predict(X, groups)

    def predict_proba(self, X, groups=None):
        """Predict the probability of each label.

        Parameters
        ----------
        X, groups
            As for `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or (n_samples, n_steps, n_classes)
            In the order of `classes_`. For multi-label y the probability of 1, (n_samples, n_outputs); for y of
            several columns of labels a list, with an array for each.
        """
        outputs, _ = self._outputs(X, groups)
        return self._target.probabilities(outputs)

    @available_if(has_one_label)
    def decision_function(self, X, groups=None) -> np.ndarray:
        """Confidence in the labels.

        Parameters
        ----------
        X, groups
            As for `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of the second, positive where it is predicted; for more the logarithm of
            each probability.
        """
        probabilities = self.predict_proba(X, groups)
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
        return self._score(X, y, sample_weight)

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _budget(self, epochs, n_batches):
        if epochs != "auto":
            return epochs, []
        from sklstm.training import CosineDecay

        decay = [CosineDecay()] if self._follows_a_plan else []
        return n_epochs(self._architecture.network, n_batches), decay

    def _optimizer_params(self):
        if not self._follows_a_plan:
            return super()._optimizer_params()
        return optimizer_params(self._architecture.network, self.learning_rate)

    @property
    def _follows_a_plan(self):
        """Whether the learning rate falls over the epochs; an optimizer object has a rate of its own."""
        return self.epochs == "auto" and isinstance(self.optimizer, str)

    def _choose_pooling(self, samples):
        if self._architecture.pooling != "auto" or self._carries_state or samples.n_observed().max() < LONG_SAMPLE:
            return super()._choose_pooling(samples)
        return "mean"

    def _strata(self, y):
        # A state is carried from sample to sample, and labels of time steps have no one class.
        return y if y.ndim == 1 and not self.stateful else None

    def _collaborators(self):
        target = ClassTarget(self._architecture, self.window_labels)
        return self._new_reader(), target, WindowScaling(self.window_scaler)

    def _conclude(self, samples):
        super()._conclude(samples)
        vars(self).update(self._target.shown())
