"""LSTMRegressor: windows in, predictions in the units of y out."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from sklstm.estimators._built_in_networks import BY_STEP, BuiltInNetworks
from sklstm.estimators._own_past import OwnPast, find_own_past, last_season, last_value
from sklstm.estimators._regression import Regression


class LSTMRegressor(Regression, BuiltInNetworks):
    """An LSTM that fits and predicts like any scikit-learn regressor.

    It takes windows, masks the time steps that were not observed (NaN), scales the target inside, and
    returns predictions in the units of y: so it may end a stock Pipeline, with any ``scoring=``.

    Parameters
    ----------
    units : int or sequence of int, default=32
        Size of the LSTM's state; of each layer's, where the architecture has several.
    architecture : {"vanilla", "stacked", "bidirectional", "cnn_lstm", "encoder_decoder", "many_to_many"} or callable, \
            default="vanilla"
        The network. The first four have outputs for a sample, the last two for each time step of y: "encoder_decoder"
        for as many as y has, "many_to_many" for each time step of X. A function that builds a keras.Model takes what
        it asks for by name, of ``meta`` (a dict: see `sklstm.networks`) and the parameters of this estimator.
    dropout, recurrent_dropout : float, default=0.0
        Share of an LSTM's output, and of its state from time step to time step, that is dropped in training.
    filters, kernel_size : int, default=32 and 3
        Of the convolution of "cnn_lstm".
    subsequence : int, optional
        Time steps in each subsequence that "cnn_lstm" cuts the sample into; by default about the square root of all.
    output_activation : str, optional
        Of the last layer; linear by default.
    embedding_dim : int, optional
        How many numbers stand for a code, where X holds codes of categories (words, events), as SequenceEncoder makes
        them: whole numbers from 0 on. The network learns them, for each feature by itself.
    embedding_features : sequence of int, optional
        Positions of the features that hold codes; by default all that are neither static nor known ahead.
    epochs : int, default=100
        How often to go through the training samples.
    batch_size : int, default=32
        Samples for each update of the weights.
    learning_rate : float, optional
        Of the optimizer; by default the optimizer's own.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        An instance is copied for each fit.
    loss : str, function or keras.losses.Loss, optional
        What is minimised, on the scaled target; "mse" by default.
    metrics : list, optional
        Watched in `history_`, on the scaled target.
    shuffle : bool, default=True
        Whether to mix the samples before each epoch. Where their lengths differ much, those of like length come
        together.
    target_scaler : {"minmax", "standard", "robust", "maxabs"}, transformer or None, default="standard"
        Scales y for the network, and predictions back. A transformer (a SeriesScaler with coefficients, say)
        is cloned.
    target_groups : bool, default=False
        Whether to fit `target_scaler` for each series of a panel by itself, as windows of ``LagFramer(group=...)`` tell
        them apart; a series that was not seen in fit is scaled as all of them together are. Where
        ``SeriesScaler(group=...)`` takes each series' own level out of X, y must lose it, too.
    window_scaler : {"last", "mean", "standard"} or None, default=None
        Shift each window by its last observed value or by its mean, or shift it by its mean and divide it by
        its standard deviation; y by the same amounts of the target's own past, which must be among the
        features; predictions are brought back row by row. Without it a series with a trend cannot be
        forecast beyond the level that it was fitted on.
    relative_to : "last", int or None, default=None
        Learn the target's difference from its last observed value, or from its value so many time steps before it
        (a season), and add it again row by row. The target's own past must be among the features.
    linear_skip : bool, default=False
        Whether the target's own past, which must be among the features, also goes to the output by a linear
        path beside the LSTM (the autoregressive highway of LSTNet). It keeps an LSTM from losing to a linear
        model on a short series. All windows must then have the same number of time steps.
    min_steps : int, default=1
        Samples with fewer observed time steps are left out of training.
    stride : int, default=1
        Train on every `stride`-th sample only, counted back from the last one of each series, `validation_fraction`
        included: of windows that overlap, the next one tells little that is new. predict answers for every sample.
    stateful : bool, default=False
        Whether a sample starts from the state in which the one before it ended. In training the samples, which must
        follow one another in time, are cut into `batch_size` streams that run side by side, unshuffled, from zero in
        each epoch; predict goes through its samples one by one, whatever `batch_size` is, on from the last one that
        it saw since `reset_states` or `fit` (of its own series, in windows of ``LagFramer(group=...)``). To train
        without and serve with it: fit, then ``set_params(stateful=True)``.
    tbptt : tuple (k1, k2), optional
        Truncated backpropagation through time: an update every k1 time steps, whose gradient reaches back over k2.
        A network with one output for a sample has a loss at the end only: one update, back over k2. Memory is
        bounded by k2.
    validation_fraction : float, optional
        Share of the samples, at the end, to watch instead of train on. In panels, those of the last times of all
        series.
    validation_gap : int, optional
        Samples before these that are left out of both; by default those that share time steps with them. In panels,
        times before theirs.
    patience : int, optional
        Stop after so many epochs without a better loss (on the validation samples, where there are any), and
        go back to the best weights.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit; classes are called.
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
        Layers and weights as plain data.
    history_ : dict of str to list of float
        Loss and metrics of each epoch, on the scaled target; ``val_loss`` where there are validation samples.
    n_iter_ : int
        Epochs that were run.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    target_scaler_ : transformer, dict of transformer, or None
        Fitted on y, after `window_scaler` and `relative_to`. With `target_groups` a dict: for each series its own, and
        under None the one of all series, for those that were not seen.
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
        Number of values predicted for each sample.

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

    Sutskever, 2013, "Training Recurrent Neural Networks", PhD thesis, University of Toronto, and Williams and Peng,
    1990, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories", Neural
    Computation 2(4) (`tbptt`).

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
    TypeError: LSTMRegressor has no parameter 'epcohs'. Did you mean 'epochs'? Its parameters are: architecture,
    batch_size, callbacks, dropout, embedding_dim, embedding_features, epochs, filters, kernel_size, learning_rate,
    linear_skip, loss, metrics, min_steps, optimizer, output_activation, patience, random_state, recurrent_dropout,
    relative_to, shuffle, stateful, stride, subsequence, target_groups, target_scaler, tbptt, units,
    validation_fraction, validation_gap, verbose, warm_start, window_scaler.
    """

    _parameter_constraints = BuiltInNetworks._parameter_constraints | {
        "target_scaler": [
            StrOptions({"minmax", "standard", "robust", "maxabs"}),
            HasMethods(["fit", "transform", "inverse_transform"]),
            None,
        ],
        "target_groups": ["boolean"],
        "relative_to": [StrOptions({"last"}), Interval(Integral, 1, None, closed="left"), None],
        "linear_skip": ["boolean"],
    }

    def __init__(
        self,
        units=32,
        *,
        architecture="vanilla",
        dropout=0.0,
        recurrent_dropout=0.0,
        filters=32,
        kernel_size=3,
        subsequence=None,
        output_activation=None,
        embedding_dim=None,
        embedding_features=None,
        epochs=100,
        batch_size=32,
        learning_rate=None,
        optimizer="adam",
        loss=None,
        metrics=None,
        shuffle=True,
        target_scaler="standard",
        target_groups=False,
        window_scaler=None,
        relative_to=None,
        linear_skip=False,
        min_steps=1,
        stride=1,
        stateful=False,
        tbptt=None,
        validation_fraction=None,
        validation_gap=None,
        patience=None,
        callbacks=None,
        warm_start=False,
        verbose=0,
        random_state=None,
    ):
        self.units = units
        self.architecture = architecture
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.filters = filters
        self.kernel_size = kernel_size
        self.subsequence = subsequence
        self.output_activation = output_activation
        self.embedding_dim = embedding_dim
        self.embedding_features = embedding_features
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.shuffle = shuffle
        self.target_scaler = target_scaler
        self.target_groups = target_groups
        self.window_scaler = window_scaler
        self.relative_to = relative_to
        self.linear_skip = linear_skip
        self.min_steps = min_steps
        self.stride = stride
        self.stateful = stateful
        self.tbptt = tbptt
        self.validation_fraction = validation_fraction
        self.validation_gap = validation_gap
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def predict(self, X, groups=None):
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
            Predictions, of the dimensions and the precision that y had in `fit`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, a time step is observed only in part, or a linear path meets
            another number of time steps.
        """
        return self._decode(*self._outputs(X, groups))

    # --- the target's own past --------------------------------------------------------------------

    def _prepare(self, samples, y=None, training=None, anew=False):
        if anew:
            self._refuse_own_past_of_each_step()
            self._pasts = self._find_pasts(samples, y, training)
            self.linear_steps_ = samples.shape[1] if self.linear_skip else None
            # What was fitted holds until the next fit, whatever is set in between.
            self._relative_to = self.relative_to
            self._scaled_by_series = self.target_groups
        elif self.linear_steps_ not in (None, samples.shape[1]):
            raise ValueError(
                f"LSTMRegressor(linear_skip=True) was fitted on windows of {self.linear_steps_} time steps, got X of "
                f"shape {samples.shape} (n_samples, n_timesteps, n_features). A linear path has a weight for each "
                "time step: pass windows of that length."
            )
        self._refuse_no_series(samples.windows)
        return super()._prepare(samples, y, training, anew)

    def _refuse_no_series(self, windows):
        if self._scaled_by_series and windows.groups is None:
            raise ValueError(
                "LSTMRegressor(target_groups=True) scales y for each series by itself, but X does not tell which one a "
                "sample is of. Put LagFramer(group=...) right before it, or pass target_groups=False."
            )

    def _series(self, samples):
        return samples.windows.groups if self._scaled_by_series else None

    def _refuse_own_past_of_each_step(self):
        """What "many_to_many" cannot have: its time steps have no common past."""
        options = {"linear_skip": self.linear_skip, "relative_to": self.relative_to}
        given = [f"{name}={value!r}" for name, value in options.items() if value not in (None, False)]
        if given and self.architecture == "many_to_many":
            raise ValueError(
                f"LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past "
                f"for {given[0]}. Drop it, or use architecture='encoder_decoder'."
            )

    def _find_pasts(self, samples, y, training):
        """The own past of each target, where something asks for it."""
        usual = {"window_scaler": None, "relative_to": None, "linear_skip": False}
        asking = [name for name in usual if getattr(self, name) != usual[name]]
        if not asking:
            return []
        if self.architecture in BY_STEP:
            # The steps of an output are one series: the step that surely lies ahead of the window shows its past.
            step = -1 if self.architecture == "many_to_many" else 0
            y = y.reshape(len(y), y.shape[1] if y.ndim > 1 else 1, -1)[:, step]
        who = f"LSTMRegressor({', '.join(f'{name}={getattr(self, name)!r}' for name in asking)})"
        remedy = " and ".join(f"{name}={usual[name]}" for name in asking)
        rows = self._rows_up_to_the_last(samples.windows, training)
        known = y[rows].reshape(len(rows), -1)
        return find_own_past(who, self._values(samples.windows)[rows], known, remedy=f"pass {remedy}")

    def _rows_up_to_the_last(self, windows, training):
        """Samples to train on, and with a stride those between them: in these y turns up."""
        if self.stride == 1:
            return training
        if windows.times is None:
            return np.arange(training[-1] + 1)
        return np.flatnonzero(windows.times <= windows.times[training].max())

    def _values(self, windows):
        """Windows in which only what may be the past of a target is to be seen."""
        hidden = self._no_values(windows)
        if not hidden:
            return windows
        buffer = windows.buffer.astype(np.float64)
        buffer[:, hidden] = np.nan
        return windows.over(buffer)

    def _linear_path(self, samples):
        return ([past.feature for past in self._pasts], samples.shape[1]) if self.linear_skip else None

    def _relate(self, y, samples):
        level, spread = self._level_and_spread(samples)
        return y if level is None else (y - level) / spread

    def _unrelate(self, y, samples):
        level, spread = self._level_and_spread(samples)
        return y if level is None else y * spread + level

    def _level_and_spread(self, samples):
        """What is taken from the targets of each sample, and what they are divided by; in the units of y."""
        level, spread = None, 1.0
        if self.window_scaler_ is not None:
            level, spread = self.window_scaler_.of_target(samples.shift, samples.spread)
            if self._target.by_step:
                n_outputs = self._target.n_outputs_per_step
                level, spread = level[:, None, :n_outputs], spread[:, None, :n_outputs]
        if self._relative_to is not None:
            level = self._references(samples.windows)
        return level, spread

    def _references(self, windows):
        """The value that each target is relative to, (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)."""
        n_steps, pasts = 1, self._pasts
        if self._target.by_step:
            # The first step's past is that of all.
            n_steps, pasts = self._target.meta["n_output_steps_"], pasts[: self._target.n_outputs_per_step]
        references = np.empty((len(windows), n_steps, len(pasts)))
        for samples, chunk in windows.chunks():
            for step in range(n_steps):
                for output, past in enumerate(pasts):
                    references[samples, step, output] = self._reference(chunk, past, step)
        # Where nothing was observed, the difference is from the usual level.
        levels = [past.level for past in pasts]
        references = np.where(np.isnan(references), levels, references)
        return references if self._target.by_step else references[:, 0]

    def _reference(self, windows, past, step):
        if self._relative_to == "last":
            return last_value(windows, past)
        ahead = OwnPast(past.feature, past.horizon + step, past.slope, past.offset, past.level)
        return last_season(windows, ahead, self._relative_to, who=f"LSTMRegressor(relative_to={self._relative_to})")
