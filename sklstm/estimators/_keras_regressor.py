"""KerasRegressor: any Keras model as a scikit-learn regressor."""

from typing import Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import HasMethods, StrOptions

from sklstm._fit_callbacks import with_callbacks
from sklstm._own_past import warn_scaled_by_series
from sklstm.estimators._model_estimator import ModelEstimator
from sklstm.estimators._regression_target import RegressionTarget


class KerasRegressor(RegressorMixin, ModelEstimator):
    """Any Keras model that fits and predicts like any scikit-learn regressor, with the parameter names of scikeras.

    Parameters
    ----------
    model : callable or keras.Model
        A function, or anything that can be called, that builds a model. It is given what it asks for by name:
        ``meta``, a dict with ``X_shape_``, ``n_features_in_``, ``n_outputs_``, ``target_type_`` and others;
        ``compile_kwargs``, a dict of optimizer, loss and metrics for ``keras.Model.compile``; ``seed``, an int that
        follows from `random_state`; and parameters of its own, which are set as ``model__units=32``. A keras.Model is
        copied for each fit, with its weights, and stays as it is. A model that is compiled keeps what it was compiled
        with.
    optimizer : str, class or keras.optimizers.Optimizer, default="rmsprop"
        An instance is copied for each fit. Its parameters are set as ``optimizer__learning_rate=1e-3``.
    loss : str, class, function or keras.losses.Loss, optional
        What is minimised, on the scaled target; "mse" by default. Its parameters are set as ``loss__delta=2.0``.
    metrics : str, function, keras.metrics.Metric or list of them, optional
        Watched in `history_`, on the scaled target.
    epochs : int, default=1
        How often to go through the training samples.
    batch_size : int, optional
        Samples for each update of the weights; 32 by default, all of them for -1.
    validation_split : float, default=0.0
        Share of the samples, at the end, to watch instead of train on.
    validation_gap : int, optional
        Samples before these that are left out of both; by default, for 3D X, those that share time steps with them.
    shuffle : bool, default=True
        Whether to mix the samples before each epoch.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit. Classes are called with parameters set as ``callbacks__patience=3``, or
        ``callbacks__stopper__patience=3`` for one of a dict.
    target_scaler : {"minmax", "standard", "robust", "maxabs"}, transformer or None, default=None
        Scales y for the network, and predictions back.
    n_members : int, default=1
        Number of networks, which differ in their seeds alone: initial weights, shuffling and dropout. Predictions are
        means over these members, in the units of y. The first member has the bits of ``n_members=1``. Members share
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
    model_ : keras.Model
        The fitted network, plain Keras; its outputs are scaled. Rebuilt from `network_` when first asked for.
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
    target_scaler_ : transformer or None
        Fitted on y.
    n_features_in_ : int
        Number of features: columns of 2D X, features of a time step of 3D X.
    n_outputs_ : int
        Number of values predicted for each sample.

    See Also
    --------
    LSTMRegressor : With architectures built in.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklstm import KerasRegressor
    >>> def build(meta, hidden=4):
    ...     inputs = keras.Input(meta["X_shape_"][1:])
    ...     state = keras.layers.Dense(hidden, activation="tanh")(inputs)
    ...     return keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"])(state))
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(60, 2))
    >>> y = 100 + 5 * X[:, 0]
    >>> model = KerasRegressor(
    ...     build, target_scaler="standard", epochs=40, optimizer__learning_rate=0.01, random_state=0
    ... )
    >>> search = GridSearchCV(model, {"model__hidden": [1, 8]}, cv=2).fit(X, y)
    >>> bool(search.score(X, y) > 0.9)
    True

    A parameter that the builder does not take is an error:

    >>> KerasRegressor(build, model__hiden=8).fit(X, y)
    Traceback (most recent call last):
        ...
    ValueError: No parameter 'model__hiden': build takes meta, hidden. Did you mean 'model__hidden'?
    """

    _parameter_constraints = ModelEstimator._parameter_constraints | {
        "target_scaler": [
            StrOptions({"minmax", "standard", "robust", "maxabs"}),
            HasMethods(["fit", "transform", "inverse_transform"]),
            None,
        ],
    }

    def __init__(
        self,
        model=None,
        *,
        optimizer="rmsprop",
        loss=None,
        metrics=None,
        epochs=1,
        batch_size=None,
        validation_split=0.0,
        validation_gap=None,
        shuffle=True,
        callbacks=None,
        target_scaler=None,
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
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.validation_gap = validation_gap
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.target_scaler = target_scaler
        self.n_members = n_members
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        self._set_routed(routed)

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

    def predict(self, X, **predict_params) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like
            Samples, as for `fit`.
        **predict_params : dict
            What ``predict__`` parameters say for every call, for this one: ``batch_size=256``.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Predictions, of the dimensions and the precision that y had in `fit`. Of a network with an output for each
            time step NaN where X was not observed.
        """
        return self._predicting_with(predict_params)._predict(X)

    def score(self, X, y, sample_weight=None) -> float:
        """Coefficient of determination of the predictions, R squared.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, n_timesteps, n_features)
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
        return self._score(X, y, sample_weight)

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _collaborators(self):
        return self._new_reader(), RegressionTarget(self.target_scaler), None

    def _check_units(self, samples, y, y_names):
        warn_scaled_by_series(type(self).__name__, samples.windows, y, y_names)

    def _conclude(self, samples):
        self.n_outputs_ = self._target.n_values
        self.n_samples_left_out_ = self._target.n_unknown
        self.target_scaler_ = self._target.scaler_
