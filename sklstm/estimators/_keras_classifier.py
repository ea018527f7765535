"""KerasClassifier: any Keras model as a scikit-learn classifier."""

from typing import Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._class_target import ClassTarget, has_one_label
from sklstm.estimators._model_estimator import ModelEstimator


class KerasClassifier(ClassifierMixin, ModelEstimator):
    """Any Keras model that fits and predicts like any scikit-learn classifier, with the parameter names of scikeras.

    Parameters
    ----------
    model : callable or keras.Model
        A function, or anything that can be called, that builds a model. It is given what it asks for by name:
        ``meta``, a dict with ``X_shape_``, ``n_features_in_``, ``n_classes_``, ``target_type_`` and others;
        ``compile_kwargs``, a dict of optimizer, loss and metrics for ``keras.Model.compile``; ``seed``, an int that
        follows from `random_state`; and parameters of its own, which are set as ``model__units=32``. A keras.Model is
        copied for each fit, with its weights, and stays as it is. A model that is compiled keeps what it was compiled
        with.
    optimizer : str, class or keras.optimizers.Optimizer, default="rmsprop"
        An instance is copied for each fit. Its parameters are set as ``optimizer__learning_rate=1e-3``.
    loss : str, class, function or keras.losses.Loss, optional
        What is minimised; by default the cross-entropy that y asks for. Its parameters are set as
        ``loss__from_logits=True``.
    metrics : str, function, keras.metrics.Metric or list of them, optional
        Watched in `history_`.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss; "balanced" weighs them by the inverse of their frequency.
    epochs : int, default=1
        How often to go through the training samples.
    batch_size : int, optional
        Samples for each update of the weights; 32 by default, all of them for -1.
    validation_split : float, default=0.0
        Share of the samples, at the end, to watch instead of train on. Samples sorted by class must be shuffled first.
    validation_gap : int, optional
        Samples before these that are left out of both; by default, for 3D X, those that share time steps with them.
    shuffle : bool, default=True
        Whether to mix the samples before each epoch.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit. Classes are called with parameters set as ``callbacks__patience=3``, or
        ``callbacks__stopper__patience=3`` for one of a dict.
    n_members : int, default=1
        Number of networks, which differ in their seeds alone: initial weights, shuffling and dropout. Predictions are
        means over these members, of probabilities. The first member has the bits of ``n_members=1``. Members share
        compiled programs, and train in threads where each uses one core and others are free; each has copies of the
        callbacks. Copies of a keras.Model have the same initial weights.
    warm_start : bool, default=False
        Whether fit goes on from the weights of the last fit.
    verbose : {0, 1, 2}, default=0
        Nothing, a progress bar, or a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling and dropout. No global seed is set. A builder that draws random values itself, by
        ``keras.random`` or NumPy for example, takes ``seed`` for them.
    **routed : dict
        Parameters with a prefix: ``model__``, ``optimizer__``, ``loss__``, ``metrics__``, ``callbacks__``, ``fit__``
        and ``predict__``. All can be tuned.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        Labels; of each column, where y has several.
    model_ : keras.Model
        The fitted network, plain Keras. Rebuilt from `network_` when first asked for.
    network_ : NetworkState
        Layers and weights as plain data. With several members this attribute, `model_`, `history_`, `n_iter_` and
        `training_path_` are those of the first one.
    members_ : list of Member
        The networks: each has a `seed`, its `network` (NetworkState) and its `history`. After an interrupted fit those
        whose training has ended, or where that of the first has not, those whose training had begun.
    history_ : dict of str to list of float
        Loss and metrics of each epoch.
    n_iter_ : int
        Epochs that were run.
    callbacks_ : list of keras.callbacks.Callback
        Copies of `callbacks` as the last training left them, of the first member; not in pickles and archives.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    n_features_in_ : int
        Number of features: columns of 2D X, features of a time step of 3D X.
    n_outputs_ : int
        Number of labels predicted for each sample.

    See Also
    --------
    LSTMClassifier : With architectures built in.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklstm import KerasClassifier
    >>> def build(meta, hidden=4):
    ...     inputs = keras.Input(meta["X_shape_"][1:])
    ...     state = keras.layers.Dense(hidden, activation="tanh")(inputs)
    ...     return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], activation="softmax")(state))
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(90, 2))
    >>> y = np.array(["left", "middle", "right"])[np.digitize(X[:, 0], [-0.3, 0.3])]
    >>> model = KerasClassifier(
    ...     build, model__hidden=8, optimizer="adam", optimizer__learning_rate=0.05, epochs=40, random_state=0
    ... )
    >>> bool(cross_val_score(model, X, y, cv=3, scoring="roc_auc_ovr").mean() > 0.9)
    True
    """

    _parameter_constraints = ModelEstimator._parameter_constraints | {
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        model=None,
        *,
        optimizer="rmsprop",
        loss=None,
        metrics=None,
        class_weight=None,
        epochs=1,
        batch_size=None,
        validation_split=0.0,
        validation_gap=None,
        shuffle=True,
        callbacks=None,
        n_members=1,
        warm_start=False,
        verbose=0,
        random_state=None,
        **routed,
    ):
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.class_weight = class_weight
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.validation_gap = validation_gap
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.n_members = n_members
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        self._set_routed(routed)

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

    def predict(self, X, **predict_params) -> np.ndarray:
        """Predict labels.

        Parameters
        ----------
        X : array-like
            Samples, as for `fit`.
        **predict_params : dict
            What ``predict__`` parameters say for every call, for this one: ``batch_size=256``.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps)
            The most probable labels. Of a network with an output for each time step None (NaN among floats) where X
            was not observed.
        """
        return self._predicting_with(predict_params)._predict(X)

    def predict_proba(self, X, **predict_params):
        """Predict the probability of each label.

        Parameters
        ----------
        X : array-like
            Samples, as for `fit`.
        **predict_params : dict
            As for `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or (n_samples, n_steps, n_classes)
            In the order of `classes_`. For multi-label y the probability of 1, (n_samples, n_outputs); for y of
            several columns of labels a list, with an array for each.
        """
        outputs, _ = self._predicting_with(predict_params)._outputs(X)
        return self._target.probabilities(outputs)

    @available_if(has_one_label)
    def decision_function(self, X) -> np.ndarray:
        """Confidence in the labels.

        Parameters
        ----------
        X : array-like
            Samples, as for `fit`.

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
        X : array-like of shape (n_samples, n_features) or (n_samples, n_timesteps, n_features)
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

    def _collaborators(self):
        return self._new_reader(), ClassTarget(), None

    def _conclude(self, samples):
        vars(self).update(self._target.shown())
