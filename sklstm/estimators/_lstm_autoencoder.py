"""LSTMAutoencoder: windows in, codes of them out, and how well each window can be rebuilt from its code."""

from functools import partial
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, OutlierMixin, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import with_callbacks
from sklstm._validation import FLOATS
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._reconstruction import (
    ChangingWindowReader,
    WindowTarget,
    cut_decoder,
    cut_encoder,
    errors_of,
    rebuilt_chunks,
)


class LSTMAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, OutlierMixin, KerasEstimator):
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
    training : TrainingPlan, optional
        Which windows are trained on and in which order: `stride`, `min_steps`, `shuffle`. Windows of fewer than
        `min_steps` observed time steps are also left out of what `offset_` is learned from.
    validation : float or TimeTail, optional
        Fraction of the samples, from the end, held out for validation; in panels, those of the last times of all
        series. Samples before them that share time steps with them are left out of both, or as many as
        ``TimeTail(fraction, gap=...)`` says. Recordings that share no time steps are all used.
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
    callbacks_ : list of keras.callbacks.Callback
        Copies of `callbacks` as the last training left them, not in pickles and archives.
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

    _parameter_constraints = KerasEstimator._parameter_constraints | {
        "units": [Interval(Integral, 1, None, closed="left")],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "contamination": [Interval(Real, 0, 0.5, closed="right")],
    }
    _fixed_parameters = ("units", "latent_dim", "dropout")

    # What other estimators leave to their users.
    loss, metrics = None, None

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
        training=None,
        validation=None,
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
        self.training = training
        self.validation = validation
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X, y=None) -> Self:
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
        return self._fit(X, None, epochs=self.epochs, anew=not (self.warm_start and self._is_fitted()))

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
        from sklstm.training import predict_outputs

        samples = self._read_for_predict(X)
        (codes,) = predict_outputs(self.network_.part(cut_encoder), samples.gather, len(samples))
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
        from sklstm.training import predict_outputs

        check_is_fitted(self)
        codes = np.asarray(X)
        if codes.ndim != 2 or len(codes) == 0 or codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"{type(self).__name__} expects codes of shape (n_samples, {self._n_features_out}), as transform "
                f"returns them, got shape {codes.shape}. Pass what transform returned."
            )
        decoder = self.network_.part(cut_decoder, self.n_timesteps_)
        numbers = codes.astype(np.float32)
        (windows,) = predict_outputs(decoder, numbers.__getitem__, len(numbers))
        return windows.astype(codes.dtype if codes.dtype in FLOATS else np.float64)

    # --- anomalies --------------------------------------------------------------------------------

    def reconstruct(self, X) -> np.ndarray:
        """The windows as rebuilt from their codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, with the features of `fit`; the number of time steps may be another.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_timesteps, n_features)
            Of the precision of X, and NaN where it is.
        """
        samples = self._read_for_predict(X)
        windows = np.empty(samples.shape, samples.windows.dtype)
        for chunk, inputs, rebuilt in rebuilt_chunks(self.network_, samples):
            windows[chunk] = np.where(np.isnan(inputs), np.nan, rebuilt)
        return windows

    def reconstruction_error(self, X) -> np.ndarray:
        """How far each window is from what is rebuilt of it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            Mean of the squared differences over the observed time steps and all features, in the squared units of X;
            0 where nothing was observed.
        """
        samples = self._read_for_predict(X)
        return errors_of(self.network_, samples)

    def score_samples(self, X) -> np.ndarray:
        """How normal each window is: the higher, the more.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The errors of `reconstruction_error` with their sign changed.
        """
        return -self.reconstruction_error(X)

    def decision_function(self, X) -> np.ndarray:
        """How normal each window is, 0 being the border to the anomalies.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``: below 0 for anomalies.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X) -> np.ndarray:
        """Tell anomalies from what is normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.

        Returns
        -------
        labels : ndarray of int of shape (n_samples,)
            -1 for anomalies, 1 for the others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def score(self, X, y=None) -> float:
        """Mean of `score_samples`: how well windows are rebuilt, for searches without labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows, as for `reconstruct`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            0 at best. Comparable between estimators of the same X only: not where a search changes how X is scaled.
        """
        return float(self.score_samples(X).mean())

    @property
    def threshold_(self) -> float:
        """The error above which a sample is an anomaly."""
        return -self.offset_

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _unbounded_features(self):
        # Windows unlike the others are looked for.
        return None

    def _collaborators(self):
        return ChangingWindowReader(), WindowTarget(), None

    def _validate_params(self):
        super()._validate_params()
        if self._plan.tbptt is not None:
            raise ValueError(
                f"LSTMAutoencoder rebuilds a window from its end, got training={self.training}, which would cut it in "
                "pieces. Pass TrainingPlan(tbptt=None)."
            )

    def _build(self, samples, seed):
        from sklstm.networks._autoencoder import autoencoder

        build = partial(autoencoder, {"X_shape_": samples.shape}, **self._built_from, seed=seed)
        return build(), build

    def _conclude(self, samples):
        """Learn what errors are usual, and how long windows are."""
        self.n_timesteps_ = samples.windows.n_timesteps
        judged = samples.n_observed() >= self._plan.least_steps
        self.offset_ = float(np.percentile(-errors_of(self.network_, samples)[judged], 100 * self.contamination))

    @property
    def _n_features_out(self):
        units, latent_dim = (self._built_from[name] for name in ("units", "latent_dim"))
        return int(units if latent_dim is None else latent_dim)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _export_params(self):
        return {"parts": [(cut_encoder,), (cut_decoder, self.n_timesteps_)]}
