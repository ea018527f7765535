"""LSTMAutoencoder: windows in, codes of them out, and how well each window can be rebuilt from its code."""

from functools import partial
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import with_callbacks
from sklstm._validation import FLOATS, check_windows
from sklstm.estimators._reconstruction import Reconstruction
from sklstm.estimators._samples import Samples
from sklstm.estimators._window_estimator import WindowEstimator


class LSTMAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Reconstruction, WindowEstimator):
    """An LSTM that learns to rebuild windows from a short code, and finds those that it cannot rebuild.

    An LSTM reads the window; its last state, or a dense layer after it, is the code; another LSTM and a dense layer
    rebuild the window from the code alone. What is usual among the windows is learned, so the error tells what is not:
    anomalies, by the methods of scikit-learn's outlier detectors. The codes are features for other estimators.

    Parameters
    ----------
    units : int, default=32
        Size of the state of the LSTM that reads, and of the one that rebuilds.
    latent_dim : int, optional
        Length of the code. Without it the code is the state, `units` numbers. The code should be much shorter than a
        window, or anomalies are rebuilt as well as the rest.
    epochs : int, default=100
        How often to go through the training samples.
    batch_size : int, default=32
        Samples for each update of the weights.
    learning_rate : float, optional
        Of the optimizer; by default the optimizer's own.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        An instance is copied for each fit.
    dropout : float, default=0.0
        Share of an LSTM's output that is dropped in training.
    contamination : float, default=0.01
        Share of the samples of `fit` to be taken for anomalies, above 0 and up to 0.5. It moves `offset_` and nothing
        else.
    min_steps : int, default=1
        Samples with fewer observed time steps are left out of training, and of what `offset_` is learned from.
    stride : int, default=1
        Train on every `stride`-th sample only, counted back from the last one of each series: of windows that overlap,
        the next one tells little that is new.
    validation_fraction : float, optional
        Share of the samples, at the end, to watch instead of train on. In panels, those of the last times of all
        series. Samples before them that share time steps with them are left out of both.
    patience : int, optional
        Stop after so many epochs without a better loss (on the validation samples, where there are any), and
        go back to the best weights.
    callbacks : list, dict or one of keras.callbacks.Callback, optional
        Copied for each fit; classes are called.
    warm_start : bool, default=False
        Whether fit goes on from the weights of the last fit; what errors are usual it learns anew.
    verbose : {0, 1, 2}, default=0
        Nothing, a progress bar, or a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling and dropout: the same integer gives the same weights, bit by bit, on the same
        machine. No global seed is set.

    Attributes
    ----------
    offset_ : float
        What `score_samples` falls below for a share of `contamination` of the samples of `fit`, validation samples and
        those between strides included.
    threshold_ : float
        The same in units of the error: ``-offset_``.
    model_ : keras.Model
        The fitted network, windows in and windows out, plain Keras: it saves and loads where sklstm is not installed.
        Rebuilt from `network_` when first asked for.
    network_ : NetworkState
        Layers and weights as plain data.
    history_ : dict of str to list of float
        ``loss``, the mean of the samples' errors, of each epoch; ``val_loss`` where there are validation samples.
    n_iter_ : int
        Epochs that were run.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    n_timesteps_ : int
        Time steps of the windows in `fit`, and of those that `inverse_transform` returns.
    n_features_in_ : int
        Number of features of a time step; for 2D X, the number of its columns.

    See Also
    --------
    LSTMRegressor : What comes next, where this tells what is unusual.
    LagFramer : Makes windows of a series.
    sklearn.ensemble.IsolationForest : Outliers among tables, with the same methods.

    Notes
    -----
    Errors are in the units of X: scale it first (SeriesScaler), so that features count alike.

    Windows are rebuilt from their last time step back to their first, as the state knows the end best. The LSTMs skip
    time steps that were not observed (NaN), and the errors leave them out: padding before or after a window changes
    nothing. Each sample counts alike in the loss, however many of its time steps were observed.

    Windows are never expanded: what is to be rebuilt is gathered batch by batch, as what is read.

    An error is high for each window that shows an anomaly, at whichever time step: a spike is in as many windows as
    these have time steps. Train on what is normal, as far as it is known: the network learns to rebuild anomalies, too,
    if many of the training windows show them. Compare with the errors of a PCA of the windows: in one signal that
    repeats itself it finds as much, among features that follow one another along a curve much less.

    References
    ----------
    Malhotra et al., 2016, "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML Anomaly Detection
    Workshop.

    Srivastava, Mansimov and Salakhutdinov, 2015, "Unsupervised Learning of Video Representations using LSTMs", ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer, LSTMAutoencoder, SeriesScaler
    >>> series = np.sin(np.arange(150.0) / 2)
    >>> series[100] = 3
    >>> find = make_pipeline(
    ...     SeriesScaler("standard"),
    ...     LagFramer(n_steps=8),
    ...     LSTMAutoencoder(16, latent_dim=2, epochs=60, learning_rate=0.02, contamination=0.05, random_state=0),
    ... )
    >>> scores = find.fit(series[:, None]).score_samples(series[:, None])
    >>> bool(100 <= scores.argmin() < 108)
    True

    The codes of the windows:

    >>> find.transform(series[:, None]).shape
    (150, 2)
    """

    _parameter_constraints = WindowEstimator._parameter_constraints | {
        "units": [Interval(Integral, 1, None, closed="left")],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "contamination": [Interval(Real, 0, 0.5, closed="right")],
    }

    # What other estimators leave to their users.
    loss, metrics, shuffle, validation_gap = None, None, True, None

    def __init__(
        self,
        units=32,
        *,
        latent_dim=None,
        epochs=100,
        batch_size=32,
        learning_rate=None,
        optimizer="adam",
        dropout=0.0,
        contamination=0.01,
        min_steps=1,
        stride=1,
        validation_fraction=None,
        patience=None,
        callbacks=None,
        warm_start=False,
        verbose=0,
        random_state=None,
    ):
        self.units = units
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.dropout = dropout
        self.contamination = contamination
        self.min_steps = min_steps
        self.stride = stride
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X, y=None) -> Self:  # type: ignore[override]  # no sample is weighed
        """Learn to rebuild windows, and how large the errors usually are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, in time order where they have one. NaN in all features of a time step: not observed. 2D X, of
            shape (n_samples, n_timesteps), is one feature whose time steps are the columns; lags of several features,
            where the columns are named so (``A(t-1)``, ``A(t)``).
        y : None
            Ignored.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or a time step is observed only in part.
        KeyboardInterrupt
            If the user interrupts the training. The estimator is fitted, with the weights that it had by then.
        """
        return self._fit(X, None, None, epochs=self.epochs, anew=not (self.warm_start and self._is_fitted()))

    def initialize(self, X, y=None) -> Self:
        """Build the network without training it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            As for `fit`.
        y : None
            Ignored.

        Returns
        -------
        self : estimator instance
            With untrained weights.
        """
        return super().initialize(X, y)

    # --- codes ------------------------------------------------------------------------------------

    def transform(self, X) -> np.ndarray:
        """The code of each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`; the number of time steps may be another.

        Returns
        -------
        codes : ndarray of shape (n_samples, latent_dim)
            Of the precision of X. As many columns as `units`, without `latent_dim`.
        """
        from sklstm.networks._autoencoder import encoder_part
        from sklstm.training import predict_outputs

        samples = self._read_for_predict(X)
        (codes,) = predict_outputs(self.network_.part(encoder_part), samples.gather, len(samples))
        return codes.astype(samples.windows.dtype)

    def inverse_transform(self, X) -> np.ndarray:
        """The windows that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, latent_dim)
            Codes, as `transform` returns them.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_timesteps, n_features)
            As long as the windows in `fit`: what `reconstruct` makes of windows all of whose time steps were observed.

        Raises
        ------
        ValueError
            If the codes are not of that shape.
        """
        from sklstm.networks._autoencoder import decoder_part
        from sklstm.training import predict_outputs

        check_is_fitted(self)
        codes = np.asarray(X)
        if codes.ndim != 2 or len(codes) == 0 or codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"{type(self).__name__} expects codes of shape (n_samples, {self._n_features_out}), as transform "
                f"returns them, got shape {codes.shape}. Pass what transform returned."
            )
        decoder = self.network_.part(decoder_part, self.n_timesteps_)
        numbers = codes.astype(np.float32)
        (windows,) = predict_outputs(decoder, numbers.__getitem__, len(numbers))
        return windows.astype(codes.dtype if codes.dtype in FLOATS else np.float64)

    @property
    def _n_features_out(self):
        units, latent_dim = (self._built_from[name] for name in ("units", "latent_dim"))
        return int(units if latent_dim is None else latent_dim)

    # --- learning ---------------------------------------------------------------------------------

    def _read_X(self, X, reset):
        windows = check_windows(self, X, reset=reset)
        if windows.roles.features:
            raise ValueError(
                f"{type(self).__name__} rebuilds features that change from time step to time step, got windows in "
                f"which features {windows.roles.features} are static or known ahead. Leave them out of X, or out of "
                "what LagFramer is told of them."
            )
        return Samples(windows)

    def _read_y(self, y, samples, anew, classes):
        return None

    def _network_params(self):
        return {name: getattr(self, name) for name in ("units", "latent_dim", "dropout")}

    def _build(self, samples):
        from sklstm.networks._autoencoder import autoencoder

        build = partial(autoencoder, {"X_shape_": samples.shape}, **self._built_from, seed=self._seed)
        return build(), build

    def _usual_loss(self):
        return "mse"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
