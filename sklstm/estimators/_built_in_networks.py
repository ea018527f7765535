"""The side of the network of LSTMRegressor and LSTMClassifier: architectures, codes, own scales of windows."""

import inspect
from functools import partial
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from sklstm._fit_callbacks import with_callbacks
from sklstm._parameters import suggest
from sklstm._seeds import build_seeded, seed_for
from sklstm._validation import (
    check_codes,
    check_frames,
    check_windows,
    is_ragged,
    n_dims,
    read_numbers,
    sequence_features,
)
from sklstm._warnings import warn_user
from sklstm.estimators._carried_state import CarriedState
from sklstm.estimators._network_checks import check_network, name_of, refuse_nan
from sklstm.estimators._ragged_target import is_by_observed_step, lay_out
from sklstm.estimators._samples import Samples
from sklstm.estimators._window_estimator import WindowEstimator
from sklstm.estimators._window_scaler import WindowScaler

ARCHITECTURES = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "encoder_decoder", "many_to_many")
# These have outputs for each of several time steps.
BY_STEP = ("encoder_decoder", "many_to_many")
# What a network and its scales are built from: to go on training is to keep them.
NETWORK_PARAMS = (
    "architecture",
    "units",
    "dropout",
    "recurrent_dropout",
    "filters",
    "kernel_size",
    "subsequence",
    "output_activation",
    "embedding_dim",
    "embedding_features",
    "target_scaler",
    "target_groups",
    "window_scaler",
    "relative_to",
    "linear_skip",
    "quantiles",
)


class BuiltInNetworks(CarriedState, WindowEstimator):
    """Base of the LSTM estimators: one signature for all architectures."""

    _parameter_constraints = WindowEstimator._parameter_constraints | {
        "units": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "architecture": [StrOptions(set(ARCHITECTURES)), callable],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "subsequence": [Interval(Integral, 1, None, closed="left"), None],
        "output_activation": [str, None],
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), None],
        "embedding_features": [list, tuple, np.ndarray, None],
        "loss": [str, callable, None],
        "metrics": [str, callable, HasMethods(["update_state"]), list, tuple, None],
        "shuffle": ["boolean"],
        "window_scaler": [StrOptions({"last", "mean", "standard"}), None],
        "stateful": ["boolean"],
        "tbptt": [tuple, list, None],
        "validation_gap": [Interval(Integral, 0, None, closed="left"), None],
    }

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None) -> Self:
        """Train a new network, or with `warm_start` the one that there is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Windows or sequences, in time order where they have one. NaN in all features of a time step: not observed.
            2D X, of shape (n_samples, n_timesteps), is one feature whose time steps are the columns; lags of several
            features, where the columns are named so (``A(t-1)``, ``A(t)``). X of four or five axes, (n_samples,
            n_timesteps, height, width[, channels]), holds frames, for "cnn_lstm".
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            What to predict: numbers in their own units, or labels. With "encoder_decoder" and "many_to_many" the
            second axis are time steps; for these "many_to_many" takes NaN where X was not observed, or a list of
            sequences, with a value for each time step that was.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss. One of weight 0 is left out, of the scale of y and of the
            validation samples, too; with `stateful` it still carries the state. Other weights do not change the scale
            of y.
        groups : array-like of shape (n_samples,), optional
            With `stateful`, the series of each sample: no state is carried from one to another. By default, windows
            of ``LagFramer(group=...)`` tell, and each goes on from the one before it of its own series.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X and y do not fit each other or the network, y holds NaN, or a time
            step is observed only in part.
        KeyboardInterrupt
            If the user interrupts the training. The estimator is fitted, with the weights that it had by then.
        """
        anew = not (self.warm_start and self._is_fitted())
        try:
            self._fit(X, y, sample_weight, epochs=self.epochs, anew=anew, groups=groups)
        except KeyboardInterrupt:
            self.reset_states()
            raise
        return self.reset_states()

    # --- X ----------------------------------------------------------------------------------------

    def _read_X(self, X, reset):
        X = X if is_ragged(X) else read_numbers(X)
        frame = () if is_ragged(X) or n_dims(X) <= 3 else tuple(X.shape[2:])
        if reset:
            self._refuse_frames(X, frame)
            # Height, width and channels, or nothing where X are windows.
            self._frame = frame
        elif self._frame and frame != self._frame:
            raise ValueError(
                f"{type(self).__name__} was fitted on frames of shape {self._frame}, got X of shape {np.shape(X)}. "
                f"Pass X of shape (n_samples, n_timesteps, {', '.join(map(str, self._frame))})."
            )
        if self._frame:
            samples = Samples(*check_frames(self, X, reset=reset))
        else:
            samples = Samples(check_windows(self, X, reset=reset))
        self._read_codes(samples.windows, reset)
        learned = samples.windows[self._strided(samples)] if reset and self.stride > 1 else samples.windows
        if self.stateful and learned.overlap():
            warn_user(
                f"{type(self).__name__}(stateful=True) got windows that overlap: each time step goes through the "
                f"network {samples.shape[1]} times over, in one state. Use LagFramer(n_steps=1), or windows that "
                "follow one another.",
                UserWarning,
            )
        return samples

    def _refuse_frames(self, X, frame):
        """Only a convolution, or a network of one's own, sees frames."""
        if frame and not callable(self.architecture) and self.architecture != "cnn_lstm":
            raise ValueError(
                f"{type(self).__name__}(architecture={self.architecture!r}) expects X of shape (n_samples, "
                f"n_timesteps, n_features), got shape {X.shape}. For frames pass architecture='cnn_lstm'; else bring "
                "further axes into the features: X.reshape(*X.shape[:2], -1)."
            )

    def _read_codes(self, windows, reset):
        """Which features hold codes, and how many there are of each."""
        if reset:
            self._codes, self.n_categories_ = self._code_features(windows), ()
        if self._codes:
            who = f"{type(self).__name__}(embedding_dim={self.embedding_dim})"
            known = None if reset else self.n_categories_
            self.n_categories_ = check_codes(who, windows, self._codes, known)

    def _code_features(self, windows):
        """Positions of the features to embed."""
        who, codes = type(self).__name__, self.embedding_features
        if self.embedding_dim is None:
            if codes is not None:
                raise ValueError(
                    f"{who} got embedding_features={codes!r}, but embedding_dim=None embeds nothing. Pass "
                    "embedding_dim, the length of an embedding, or leave embedding_features out."
                )
            return []
        if self._frame:
            raise ValueError(
                f"{who}(embedding_dim={self.embedding_dim}) embeds codes of categories, got frames of shape "
                f"{self._frame}. Pass embedding_dim=None."
            )
        changing = sequence_features(windows).tolist()
        codes = changing if codes is None else list(codes)
        if not codes or len(set(codes)) < len(codes) or not set(codes) <= set(changing):
            raise ValueError(
                f"{who} expects embedding_features to name features of X that are neither static nor known ahead, by "
                f"their positions, each once: some of {changing}. Got {self.embedding_features!r}."
            )
        if len(codes) == len(changing):
            self._refuse_numbers_only()
        return [int(code) for code in codes]

    def _refuse_numbers_only(self):
        """Refuse what is for numbers, where X holds codes and nothing else."""
        for name in ("window_scaler", "relative_to", "linear_skip"):
            value = getattr(self, name, None)
            if value not in (None, False):
                raise ValueError(
                    f"{type(self).__name__}(embedding_dim={self.embedding_dim}) embeds all features of X that change "
                    f"from time step to time step, so that no number is left for {name}={value!r}. Say which features "
                    f"hold codes, embedding_features=[...], or leave {name} out."
                )

    def _comes_in_sequences(self, y, samples):
        by_step = self.architecture == "many_to_many" or callable(self.architecture)
        return by_step and is_by_observed_step(y, samples.shape[1])

    def _laid_out(self, y, samples):
        if not self._comes_in_sequences(y, samples):
            return y
        return lay_out(type(self).__name__, y, samples.observed(), None if is_classifier(self) else np.nan)

    def _prepare(self, samples, y=None, training=None, anew=False):
        """Samples, shifted and divided by their own level and spread where that is asked for."""
        if callable(self.architecture) and not anew:
            refuse_nan(type(self).__name__, self.network_.config, samples.windows)
        if anew:
            self._states = None
            self.window_scaler_ = None
            if self.window_scaler is not None:
                self.window_scaler_ = WindowScaler(self.window_scaler).fit(
                    samples.windows[training], self._pasts, kept=self._no_values(samples.windows)
                )
        if self.window_scaler_ is None:
            return samples
        return Samples(samples.windows, samples.sample_shape, *self.window_scaler_.measure(samples.windows))

    def _no_values(self, windows):
        """Features that are no numbers of their time steps: static, known ahead, or codes."""
        return [*windows.roles.features, *self._codes]

    # --- the network ------------------------------------------------------------------------------

    def _network_params(self):
        return {name: value for name, value in self.get_params(deep=False).items() if name in NETWORK_PARAMS}

    def _build(self, samples):
        """A new network, and how to build it again where its configuration does not say it."""
        import keras

        from sklstm import networks

        builder = self.architecture if callable(self.architecture) else getattr(networks, self.architecture)
        if isinstance(builder, keras.Model):
            raise ValueError(
                f"{type(self).__name__} expects architecture to be a name or a function that builds a model, got a "
                "keras.Model. Use KerasRegressor or KerasClassifier, which copy it for each fit."
            )
        self._refuse_unknown_activation()
        offered = {
            "meta": self._meta(samples) | self._longest(samples),
            "units": self.units,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "subsequence": self.subsequence,
            "output_activation": self.output_activation,
            "embedding_dim": self.embedding_dim,
            "embedding_features": self._codes or None,
            "linear_path": self._linear_path(samples),
        } | seed_for(builder, self._seed)
        asked = inspect.signature(builder).parameters
        missing = [name for name, p in asked.items() if p.default is p.empty and name not in offered and p.kind < 2]
        if missing:
            raise ValueError(
                f"{type(self).__name__}: the builder {name_of(builder)} asks for {missing[0]!r}, which it has no value "
                f"for. A builder may ask for {', '.join(offered)}. Give it a default, or bind it by functools.partial."
            )
        build = partial(builder, **{name: value for name, value in offered.items() if name in asked})
        network = build_seeded(build, self._seed)
        check_network(type(self).__name__, builder, network, samples, self._kept(samples))
        return network, build

    def _meta(self, samples):
        return super()._meta(samples) | ({"n_categories_": self.n_categories_} if self._codes else {})

    def _refuse_unknown_activation(self):
        import keras

        try:
            keras.activations.get(self.output_activation)
        except ValueError:
            known = [name for name in dir(keras.activations) if not name.startswith("_")]
            raise ValueError(
                f"Keras has no activation {self.output_activation!r}.{suggest(self.output_activation, known)}"
            ) from None

    def _needs_all_samples(self):
        return self.stateful

    def _has_an_open_front(self):
        # A linear path has a weight for each time step.
        built = self._built_from
        return built["architecture"] in ("vanilla", "stacked", "bidirectional") and not built.get("linear_skip")

    def _longest(self, samples):
        """The shape of X without padding, for "cnn_lstm": how it cuts samples must not follow how they are padded."""
        if self.architecture != "cnn_lstm" or len(samples.sample_shape) != 2:
            return {}
        n_samples, _, n_features = samples.shape
        return {"X_shape_": (n_samples, max(1, int(samples.n_observed().max())), n_features)}

    def _linear_path(self, samples):
        """Which features go to the outputs by a linear path, and over how many time steps; None for no path."""
        return
