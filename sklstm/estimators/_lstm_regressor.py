"""LSTMRegressor: windows in, predictions in the units of y out."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._parameters import StrictParameters
from sklstm._validation import check_target, check_windows
from sklstm.estimators._network_state import NetworkState
from sklstm.estimators._own_past import find_own_past
from sklstm.estimators._window_scaler import WindowScaler
from sklstm.preprocessing import SeriesScaler


class LSTMRegressor(StrictParameters, RegressorMixin, BaseEstimator):
    """An LSTM that fits and predicts like any scikit-learn regressor.

    It takes windows, masks the time steps that were not observed (NaN), scales the target inside, and
    returns predictions in the units of y: so it may end a stock Pipeline, with any ``scoring=``.

    Parameters
    ----------
    units : int, default=32
        Size of the LSTM's state.
    epochs : int, default=100
        How often to go through the training samples.
    batch_size : int, default=32
        Samples for each update of the weights.
    learning_rate : float, optional
        Of the optimizer; by default the optimizer's own.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name, class or instance. An instance is copied for each fit.
    loss : str or keras.losses.Loss, default="mse"
        What is minimised, on the scaled target.
    target_scaler : {"minmax", "standard", "robust", "maxabs"}, transformer or None, default="standard"
        Scales y for the network, and predictions back. A transformer (a SeriesScaler with coefficients, say)
        is cloned.
    window_scaler : {"last", "mean", "standard"} or None, default=None
        Shift each window by its last observed value or by its mean, or shift it by its mean and divide it by
        its standard deviation; y by the same amounts of the target's own past, which must be among the
        features; predictions are brought back row by row. Without it a series with a trend cannot be
        forecast beyond the level that it was fitted on.
    linear_skip : bool, default=False
        Whether the target's own past, which must be among the features, also goes to the output by a linear
        path beside the LSTM (the autoregressive highway of LSTNet). It keeps an LSTM from losing to a linear
        model on a short series. All windows must then have the same number of time steps.
    dropout : float, default=0.0
        Share of the LSTM's last state that is dropped in training.
    validation_fraction : float, optional
        Share of the samples, at the end, to watch instead of train on. Samples that share time steps with
        them are left out of both.
    patience : int, optional
        Stop after so many epochs without a better loss (on the validation samples, where there are any), and
        go back to the best weights.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit.
    verbose : {0, 1, 2}, default=0
        Nothing, a progress bar, or a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling and dropout: the same integer gives the same weights, bit by bit, on the same
        machine. No global seed is set.

    Attributes
    ----------
    model_ : keras.Model
        The fitted network, plain Keras: it saves and loads where sklstm is not installed. Its inputs and
        outputs are scaled. Rebuilt from `network_` when first asked for.
    network_ : NetworkState
        Layers and weights as plain data.
    history_ : dict of str to list of float
        Loss of each epoch, on the scaled target; ``val_loss`` where there are validation samples.
    n_iter_ : int
        Epochs that were run.
    target_scaler_ : transformer or None
        Fitted on y, after `window_scaler`.
    window_scaler_ : WindowScaler or None
        Fitted on the training windows.
    linear_steps_ : int or None
        Time steps of the linear path, where there is one.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.
    n_outputs_ : int
        Number of values predicted for each sample.

    See Also
    --------
    LagFramer : Makes windows of a series.

    References
    ----------
    Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory", Neural Computation 9(8).

    Lai et al., 2018, "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", SIGIR
    (`linear_skip`).

    Kim et al., 2022, "Reversible Instance Normalization for Accurate Time-Series Forecasting against
    Distribution Shift", ICLR (`window_scaler`).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer, LSTMRegressor, SeriesScaler
    >>> from sklstm.preprocessing import make_supervised
    >>> X, y = make_supervised(10 * np.sin(np.arange(80) / 3))
    >>> forecast = make_pipeline(
    ...     SeriesScaler(), LagFramer(n_steps=6), LSTMRegressor(units=8, epochs=20, learning_rate=0.03, random_state=0)
    ... )
    >>> bool(forecast.fit(X, y).score(X, y) > 0.9)
    True

    A mistyped parameter is an error:

    >>> LSTMRegressor(epcohs=9)
    Traceback (most recent call last):
        ...
    TypeError: LSTMRegressor has no parameter 'epcohs'. Did you mean 'epochs'? Its parameters are: batch_size,
    callbacks, dropout, epochs, learning_rate, linear_skip, loss, optimizer, patience, random_state, target_scaler,
    units, validation_fraction, verbose, window_scaler.
    """

    _parameter_constraints = {
        "units": [Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "optimizer": [str, type, HasMethods(["get_config", "apply_gradients"])],
        "loss": [str, callable],
        "target_scaler": [
            StrOptions({"minmax", "standard", "robust", "maxabs"}),
            HasMethods(["fit", "transform", "inverse_transform"]),
            None,
        ],
        "window_scaler": [StrOptions({"last", "mean", "standard"}), None],
        "linear_skip": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
        "patience": [Interval(Integral, 0, None, closed="left"), None],
        "callbacks": [list, tuple, None],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        units=32,
        *,
        epochs=100,
        batch_size=32,
        learning_rate=None,
        optimizer="adam",
        loss="mse",
        target_scaler="standard",
        window_scaler=None,
        linear_skip=False,
        dropout=0.0,
        validation_fraction=None,
        patience=None,
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.units = units
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.loss = loss
        self.target_scaler = target_scaler
        self.window_scaler = window_scaler
        self.linear_skip = linear_skip
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X, y):
        """Train a new network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, in time order. NaN in all features of a time step: not observed. 2D X, of shape
            (n_samples, n_timesteps), is one feature whose time steps are the columns; lags of several features,
            where the columns are named so (``A(t-1)``, ``A(t)``).
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            What to predict, in its own units.

        Returns
        -------
        self : LSTMRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X and y do not fit each other, y holds NaN, or a time step is
            observed only in part.
        """
        from sklstm.training import split_time_tail

        self._validate_params()
        windows = check_windows(self, X, reset=True)
        y = check_target(self, y, windows.shape)
        self._y_dtype, self._y_ndim = y.dtype, y.ndim
        y = y.reshape(len(y), -1)
        self.n_outputs_ = y.shape[1]

        # Samples next to the validation samples share time steps, or targets, with them.
        gap = max(windows.shape[1], self.n_outputs_) - 1
        training, validation = split_time_tail(len(windows), self.validation_fraction, gap)
        known, known_y = windows[training], y[training]
        self.window_scaler_ = (
            None if self.window_scaler is None else WindowScaler(self.window_scaler).fit(known, known_y)
        )
        shift, spread = self._measure(windows)
        targets = self._encode_target(y, shift, spread, training)
        rng = check_random_state(self.random_state)
        network = self._build(windows.shape, self._linear_path(known, known_y), rng)
        self._train(network, self._gatherer(windows, shift, spread), targets, training, validation, rng)
        return self

    def predict(self, X):
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`; the number of time steps may be another, unless `linear_skip`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, of the dimensions and the precision that y had in `fit`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, a time step is observed only in part, or a linear path meets
            another number of time steps.
        """
        from sklstm.training import predict_in_chunks

        check_is_fitted(self)
        windows = check_windows(self, X, reset=False)
        self._refuse_other_length(windows)
        shift, spread = self._measure(windows)
        self._wake()
        outputs = predict_in_chunks(self._predict_network, self._gatherer(windows, shift, spread), len(windows))
        y = self._decode_target(outputs, shift, spread)
        return y.reshape(len(y)) if self._y_ndim == 1 else y

    @property
    def model_(self):
        """The fitted Keras model, rebuilt from plain data when it is first asked for."""
        check_is_fitted(self)
        self._wake()
        return self._model

    def _build(self, shape, linear_path, rng):
        """A new network for windows of this shape."""
        from sklstm.networks import vanilla

        return vanilla(
            shape[2],
            self.n_outputs_,
            units=self.units,
            dropout=self.dropout,
            linear_path=linear_path,
            random_state=rng,
        )

    def _train(self, network, gather, targets, training, validation, rng):
        """Train the network on some samples, watch it on others, and keep it as plain data."""
        from sklstm.training import WindowBatches, build_loss, build_optimizer, fit_network

        watched = WindowBatches(gather, targets, validation, self.batch_size) if len(validation) else None
        self.history_ = fit_network(
            network,
            WindowBatches(gather, targets, training, self.batch_size, rng),
            validation=watched,
            optimizer=build_optimizer(self.optimizer, self.learning_rate),
            loss=build_loss(self.loss),
            epochs=self.epochs,
            patience=self.patience,
            callbacks=self.callbacks,
            verbose=int(self.verbose),
        )
        self.n_iter_ = len(self.history_["loss"])
        if not np.isfinite(self.history_["loss"][-1]):
            warnings.warn(
                "LSTMRegressor did not converge: its loss became NaN or infinite. Lower learning_rate, or scale X.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.network_ = NetworkState.of(network)
        self._put_asleep()
        self._wake()

    def _linear_path(self, windows, y):
        """Which features go to the outputs by a linear path, and over how many time steps; None for no path."""
        self.linear_steps_ = windows.shape[1] if self.linear_skip else None
        if not self.linear_skip:
            return None
        pasts = find_own_past("LSTMRegressor(linear_skip=True)", windows, y, remedy="pass linear_skip=False")
        return [past.feature for past in pasts], self.linear_steps_

    def _refuse_other_length(self, windows):
        if self.linear_steps_ not in (None, windows.shape[1]):
            raise ValueError(
                f"LSTMRegressor(linear_skip=True) was fitted on windows of {self.linear_steps_} time steps, got X of "
                f"shape {windows.shape} (n_samples, n_timesteps, n_features). A linear path has a weight for each "
                "time step: pass windows of that length."
            )

    def _measure(self, windows):
        """Shift and spread of each window, or None twice where windows are not scaled by their own."""
        return (None, None) if self.window_scaler_ is None else self.window_scaler_.measure(windows)

    @staticmethod
    def _gatherer(windows, shift, spread):
        """A function from samples to the network's inputs for them, float32."""

        def gather(samples):
            inputs = windows.gather(samples)
            if shift is not None:
                inputs = (inputs - shift[samples, None]) / spread[samples, None]
            return inputs.astype(np.float32, copy=False)

        return gather

    def _encode_target(self, y, shift, spread, training):
        """Targets for the network, float32, of shape (n_samples, n_outputs); scaled by what training samples show."""
        if shift is not None:
            level, scale = self.window_scaler_.of_target(shift, spread)
            y = (y - level) / scale
        scaler = SeriesScaler(self.target_scaler) if isinstance(self.target_scaler, str) else self.target_scaler
        self.target_scaler_ = None if scaler is None else clone(scaler).fit(y[training])
        if self.target_scaler_ is not None:
            y = self.target_scaler_.transform(y)
        return np.asarray(y, dtype=np.float32)

    def _decode_target(self, outputs, shift, spread):
        """The network's outputs in the units of y."""
        y = outputs.astype(np.float64)
        if self.target_scaler_ is not None:
            y = self.target_scaler_.inverse_transform(y)
        if shift is not None:
            level, scale = self.window_scaler_.of_target(shift, spread)
            y = y * scale + level
        return np.asarray(y).astype(self._y_dtype)

    def _wake(self):
        """Bring the network to life, where it is only data: after fit, in a process that unpickled it."""
        if not hasattr(self, "_predict_network"):
            from sklstm.training import predict_function

            self._model = self.network_.rebuild()
            # Last, because another thread takes it for the sign that all is there.
            self._predict_network = predict_function(self._model)

    def _put_asleep(self):
        for live in ("_model", "_predict_network"):
            self.__dict__.pop(live, None)

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_model", "_predict_network")}

    def __sklearn_is_fitted__(self):
        return hasattr(self, "network_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags
