"""LSTMRegressor: windows in, predictions in the units of y out."""

from numbers import Integral
from typing import Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._availability import available_if
from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._auto_epochs import FEWEST_EPOCHS, n_epochs_from_ridge
from sklstm.estimators._linear_start import fit_linear_start, is_linear
from sklstm.estimators._lstm_estimator import LSTMEstimator
from sklstm.estimators._quantiles import read_quantiles
from sklstm.estimators._regression_target import RegressionTarget
from sklstm.estimators._relative_target import RelativeTarget


def _learns_quantiles(regressor):
    """Whether the network has outputs for quantiles: as it was fitted, and before that by the parameter."""
    target = getattr(regressor, "_target", None)
    if (regressor.quantiles if target is None else target.quantiles) is None:
        raise AttributeError(
            "LSTMRegressor(quantiles=None) predicts one number for each value of y, got a call of "
            "predict_quantiles. Pass quantiles=[0.1, 0.5, 0.9], or others, and fit again."
        )
    return True


class LSTMRegressor(RegressorMixin, LSTMEstimator):
    """An LSTM that fits and predicts like any scikit-learn regressor.

    It takes windows, masks the time steps that were not observed (NaN), scales the target inside, and
    returns predictions in the units of y: so it may end a stock Pipeline, with any ``scoring=``.

    Parameters
    ----------
    units : int or sequence of int, default=32
        Size of the LSTM's state; of each layer's, where the architecture has several.
    architecture : {"vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn", "encoder_decoder", \
            "many_to_many"}, callable or Architecture, default="vanilla"
        The network: a name, a function that builds one, or either with further options, such as embeddings
        (`Architecture`) and the convolutions of "cnn_lstm" (`CNNLSTM`) and "lstm_fcn" (`LSTMFCN`). "encoder_decoder"
        and "many_to_many" have outputs for each time step of y, the others for a sample.
    dropout : float, default=0.0
        Share of an LSTM's output that is dropped in training.
    epochs : int or "auto", default="auto"
        How often to go through the training samples. "auto" is 20 with a linear path, less if that were more than
        10,000 updates of the weights, and the learning rate then decays to zero; it is 100 without one.
    batch_size : int, default=32
        Samples for each update of the weights.
    learning_rate : float, optional
        Of the optimizer; by default the optimizer's own.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        An instance is copied for each fit.
    loss : str, function or keras.losses.Loss, optional
        What is minimised, on the scaled target; "mse" by default. With `quantiles` it is their pinball loss.
    metrics : str, function, keras.metrics.Metric or list of them, optional
        Watched in `history_`, on the scaled target.
    target_scaler : {"minmax", "standard", "robust", "maxabs"}, transformer or None, default="standard"
        Scales y for the network, and predictions back. A transformer (a SeriesScaler with coefficients, say)
        is cloned.
    target_groups : bool or "auto", default="auto"
        Whether to fit `target_scaler` for each series of a panel by itself, as windows of ``LagFramer(group=...)`` tell
        them apart; a series that was not seen in fit is scaled as all of them together are. "auto" does so where
        ``SeriesScaler(group=...)`` took each series' own level out of the feature that holds the target's past, as y is
        named after it: then y must lose it, too. With True, `window_scaler` and
        `linear_skip` then learn the units of each series by itself, and predict for series that were in fit. A scaler
        by name, or a SeriesScaler, is fitted on all series at once, a transformer of another library in a loop over
        series.
    window_scaler : {"auto", "last", "mean", "standard"}, int or None, default="auto"
        How each window is scaled: shifted by its last observed value ("last") or by its mean ("mean"), or shifted by
        its mean and divided by its standard deviation ("standard"). y is scaled by the amounts of the feature that
        holds its own past, and predictions are brought back row by row. Without it a series with a trend cannot be
        forecast beyond the level that it was fitted on. "auto" is "last" where the target's own past is found among
        the features, in the same units for all series, and no window scaling elsewhere. An int: windows stay as they
        are, and y is learned as its difference from its value so many time steps before it (a season).
    linear_skip : bool or "auto", default="auto"
        Whether the target's own past, which must be among the features, also goes to the output by a linear
        path beside the LSTM (the autoregressive highway of LSTNet); "auto" is True where it is found. The path starts
        at the ridge regression of the training windows, with a penalty that grows with the distance from the end of
        the window and is chosen by leave-one-out errors, and the output layer of the LSTM at zero: so the LSTM learns
        what the linear model leaves. All windows must then have the same number of time steps.
    target_feature : "auto", str, int or sequence of them, default="auto"
        Feature of X that holds the target's own past, by name or position; with several outputs one for all, or one for
        each. "auto" takes the feature that y is named after: ``sales``, or ``num__sales`` of a ColumnTransformer, for y
        named ``sales(t+1)``, as `make_supervised` names it; without names the only feature that is neither static nor
        known ahead nor a code. The horizon is the one in the name, else the nearest of 1 to 400 rows at which y is on a
        line of the feature. Used by `window_scaler` and `linear_skip` only.
    quantiles : array-like of shape (n_quantiles,), optional
        Levels, strictly between 0 and 1, ascending: [0.1, 0.5, 0.9]. The network then has an output for each of them,
        of each value of y, and is trained on the pinball loss. `predict_quantiles` gives all, `predict` the median,
        or where 0.5 is not among them the one nearest to it, of two alike the lower. A `target_scaler` must keep the
        order of y.
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
        Fraction of the samples, from the end, held out for validation; in panels, those of the last times of all
        series. Samples before them that share time steps with them are left out of both, or as many as
        ``TimeTail(fraction, gap=...)`` says. Recordings that share no time steps are all used.
    patience : int, optional
        Stop after so many epochs without a better loss (on the validation samples, where there are any), and
        go back to the best weights.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit; classes are called.
    n_members : int, default=1
        Number of networks, which differ in their seeds alone: initial weights, shuffling and dropout. Predictions are
        means over these members, in the units of y. The first member has the bits of ``n_members=1``. Members share
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
    model_ : keras.Model
        The fitted network, plain Keras: it saves and loads where sklstm is not installed. Its inputs and
        outputs are scaled. Rebuilt from `network_` when first asked for.
    network_ : NetworkState
        Layers and weights as plain data. With several members this attribute, `model_`, `history_`, `n_iter_` and
        `training_path_` are those of the first one.
    members_ : list of Member
        The networks: each has a `seed`, its `network` (NetworkState) and its `history`. After an interrupted fit those
        whose training has ended, or where that of the first has not, those whose training had begun.
    history_ : dict of str to list of float
        Loss and metrics of each epoch, on the scaled target; ``val_loss`` where there are validation samples.
    n_iter_ : int
        Epochs that were run.
    callbacks_ : list of keras.callbacks.Callback
        Copies of `callbacks` as the last training left them, of the first member; not in pickles and archives.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    target_scaler_ : transformer, dict of transformer, or None
        Fitted on y, after `window_scaler`. With `target_groups` a SeriesScaler has coefficients for
        each series, in `groups_` and `group_coefficients_`; any other transformer has a clone for each, in a dict, and
        one for all others under None.
    window_scaler_ : WindowScaler or None
        Fitted on the training windows.
    linear_steps_ : int or None
        Time steps of the linear path, where there is one.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.
    n_categories_ : tuple of int
        For each feature that is embedded how many embeddings there are: of the codes up to the largest in fit, and of
        the one above it, what SequenceEncoder(unknown="encode") did not know. Empty where nothing is embedded.
    n_outputs_ : int
        Number of values predicted for each sample, whatever the number of quantiles.
    quantiles_ : ndarray of shape (n_quantiles,) or None
        Levels of the last axis of `predict_quantiles`.
    n_samples_left_out_ : int
        Number of samples whose y is NaN, not known, in the last fit. They are left out of the training; a warning tells
        if they are more than half. Where some values of y of a sample are known, these are learned from.
    serves_new_series_ : bool
        Whether it predicts for series of a panel that were not in fit.

    See Also
    --------
    LSTMClassifier : The same for labels.
    KerasRegressor : For any Keras model.
    LagFramer : Makes windows of a series.

    References
    ----------
    Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory", Neural Computation 9(8).

    Lai et al., 2018, "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", SIGIR
    (`linear_skip`).

    Kim et al., 2022, "Reversible Instance Normalization for Accurate Time-Series Forecasting against
    Distribution Shift", ICLR (`window_scaler`).

    Koenker and Bassett, 1978, "Regression Quantiles", Econometrica 46(1); Wen et al., 2017, "A Multi-Horizon Quantile
    Recurrent Forecaster", arXiv:1711.11053; Chernozhukov, Fernandez-Val and Galichon, 2010, "Quantile and Probability
    Curves Without Crossing", Econometrica 78(3) (`quantiles`, their loss, the network, and that they do not cross).

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

    What 80 % of the values lie between, by their quantiles:

    >>> windows = forecast[:-1].transform(X)
    >>> model = LSTMRegressor(units=8, epochs=2, quantiles=[0.1, 0.5, 0.9], random_state=0)
    >>> model.fit(windows, y).predict_quantiles(windows).shape
    (79, 3)

    A mistyped parameter is an error:

    >>> LSTMRegressor(epcohs=9)
    Traceback (most recent call last):
        ...
    TypeError: LSTMRegressor has no parameter 'epcohs'. Did you mean 'epochs'? Its parameters are: architecture,
    batch_size, callbacks, dropout, epochs, learning_rate, linear_skip, loss, metrics, n_members, optimizer, patience,
    quantiles, random_state, stateful, target_feature, target_groups, target_scaler, training, units, validation,
    verbose, warm_start, window_scaler.
    """

    _parameter_constraints = LSTMEstimator._parameter_constraints | {
        "target_scaler": [
            StrOptions({"minmax", "standard", "robust", "maxabs"}),
            HasMethods(["fit", "transform", "inverse_transform"]),
            None,
        ],
        "target_groups": ["boolean", StrOptions({"auto"})],
        "window_scaler": [
            StrOptions({"auto", "last", "mean", "standard"}),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "linear_skip": ["boolean", StrOptions({"auto"})],
        "target_feature": [str, Interval(Integral, 0, None, closed="left"), list, tuple],
        "quantiles": ["array-like", None],
    }
    _fixed_parameters = (
        *LSTMEstimator._fixed_parameters,
        "target_scaler",
        "target_groups",
        "linear_skip",
        "target_feature",
        "quantiles",
    )

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
        target_scaler="standard",
        target_groups="auto",
        window_scaler="auto",
        linear_skip="auto",
        target_feature="auto",
        quantiles=None,
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
        self.target_scaler = target_scaler
        self.target_groups = target_groups
        self.window_scaler = window_scaler
        self.linear_skip = linear_skip
        self.target_feature = target_feature
        self.quantiles = quantiles
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

    def predict(self, X, groups=None) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`; the number of time steps may be another, unless `linear_skip`.
        groups : array-like of shape (n_samples,), optional
            With `stateful`, the series of each sample: no state is carried from one to another. By default, windows
            of ``LagFramer(group=...)`` tell, and each goes on from the one before it of its own series.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Predictions, of the dimensions and the precision that y had in `fit`. With `quantiles` the median, or the
            quantile nearest to it. With "many_to_many" NaN where X was not observed; a list of sequences where y was
            one in `fit`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, a time step is observed only in part, or a linear path meets
            another number of time steps.
        """
        return self._predict(X, groups)

    @available_if(_learns_quantiles)
    def predict_quantiles(self, X, groups=None) -> np.ndarray:
        """Predict the quantiles that the network was trained for, in the units of y.

        They do not cross: what the network says of each sample is put in order.

        Parameters
        ----------
        X, groups
            As for `predict`.

        Returns
        -------
        y : ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
            Ascending along the last axis, whose levels are `quantiles_`; before it the dimensions that y had in `fit`,
            as there may be time steps, too, and of its precision.

        Raises
        ------
        AttributeError
            If it was fitted without `quantiles`, or has none before `fit`: then there is no such method.
        ValueError
            If X is refused by `predict`.
        """
        check_is_fitted(self)
        return np.stack(self._target.decode_quantiles(*self._outputs(X, groups)), axis=-1)

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
        return self._score(X, y, sample_weight)

    @property
    def quantiles_(self):
        """Levels of the quantiles that are predicted, or None."""
        check_is_fitted(self)
        return self._target.quantiles

    @property
    def serves_new_series_(self):
        """Whether it predicts for series of a panel that were not in fit: not where each has units of its own."""
        check_is_fitted(self)
        return self._scaling.lines is None

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _validate_params(self):
        super()._validate_params()
        if isinstance(self.window_scaler, bool):
            raise ValueError(
                f"LSTMRegressor expects window_scaler to be 'last', 'mean', 'standard', the time steps of a season, or "
                f"None, got {self.window_scaler}."
            )
        if self._levels() is not None and self.loss is not None:
            raise ValueError(
                f"LSTMRegressor(quantiles={self.quantiles!r}) is trained on the pinball loss of these quantiles, got "
                f"loss={self.loss!r}. Leave loss out, or quantiles."
            )

    def _levels(self):
        return None if self.quantiles is None else read_quantiles("LSTMRegressor", self.quantiles)

    def _collaborators(self):
        architecture = self._architecture
        relative = RelativeTarget(
            architecture,
            self.window_scaler,
            self.linear_skip,
            self.target_feature,
            self.target_groups,
            self._plan,
            carries_state=self._carries_state,
        )
        target = RegressionTarget(self.target_scaler, self._levels(), relative, architecture)
        return self._new_reader(), target, relative

    def _linear_path(self, n_timesteps):
        features = self._scaling.linear_path(self._target.n_copies)
        return None if features is None else (features, n_timesteps)

    def _start(self, networks, samples, targets, weights, rows):
        from sklstm.networks import set_linear_path

        path = self._linear_path(samples.shape[1])
        complete = ~np.isnan(targets).reshape(len(targets), -1).any(axis=1)
        rows = rows[complete[rows]]
        if path is None or not is_linear(networks[0]) or len(rows) == 0:
            return
        features, _ = path
        start = fit_linear_start(samples, targets, rows, weights, features, self._target.quantiles)
        for network in networks:
            set_linear_path(network, features, *start)

    def _budget(self, epochs, n_batches):
        from sklstm.training import CosineDecay

        if epochs != "auto":
            return epochs, []
        if self._scaling.linear_steps is None:
            return FEWEST_EPOCHS, []
        return n_epochs_from_ridge(n_batches), [CosineDecay()]

    def _conclude(self, samples):
        super()._conclude(samples)
        self.n_outputs_ = self._target.n_values
        self.n_samples_left_out_ = self._target.n_unknown
        self.target_scaler_ = self._target.scaler_
        self.linear_steps_ = self._scaling.linear_steps
