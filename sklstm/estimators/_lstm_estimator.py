"""LSTMEstimator: what LSTMRegressor and LSTMClassifier share."""

from numbers import Integral
from typing import Self

from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from sklstm._fit_callbacks import with_callbacks
from sklstm.estimators._architecture import NAMES, Architecture
from sklstm.estimators._build_architecture import build_architecture
from sklstm.estimators._carried_state import (
    carried_outputs,
    refuse_idle_groups,
    refuse_mean_of_pieces,
    stream_batches,
    warn_of_overlap,
)
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._members import refuse_carried_state
from sklstm.estimators._window_reader import WindowReader


class LSTMEstimator(KerasEstimator):
    """One signature for all of sklstm's architectures: windows, codes of categories, frames, carried state."""

    _parameter_constraints = KerasEstimator._parameter_constraints | {
        "units": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "architecture": [StrOptions(set(NAMES)), callable, Architecture],
        "loss": [str, callable, None],
        "metrics": [str, callable, HasMethods(["update_state"]), list, tuple, None],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "stateful": ["boolean"],
        "n_members": [Interval(Integral, 1, None, closed="left")],
    }

    _fixed_parameters: tuple = ("architecture", "units", "dropout", "window_scaler", "n_members")

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

    def predict_members(self, X):
        """Predict by each member: their spread shows how much predictions depend on the seed.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            As for `predict`.

        Returns
        -------
        y : ndarray of shape (n_members, n_samples, ...)
            What `predict` returns with one member, in the units of y, an array also where y came in sequences. From a
            classifier probabilities, as `predict_proba` returns them; for y of several columns of labels a list.

        Raises
        ------
        ValueError
            If X is refused by `predict`.
        """
        return self._predict_members(X)

    def reset_states(self) -> Self:
        """Begin anew: with `stateful`, the next sample to predict does not go on from the last one.

        Returns
        -------
        self : estimator instance
            The estimator itself.
        """
        self._states = None
        return self

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _validate_params(self):
        super()._validate_params()
        refuse_carried_state(type(self).__name__, self.n_members, self.stateful, self._plan.tbptt)

    @property
    def _architecture(self):
        """What the network was built by, whatever the parameter is set to since."""
        return Architecture.of(self._built_from["architecture"])

    @property
    def _carries_state(self):
        """Whether training carries a state from sample to sample, or from piece to piece of them."""
        return self.stateful or self._plan.tbptt is not None

    def _new_reader(self):
        # Where X holds codes and nothing else, there is no number for these.
        names = ("window_scaler", "linear_skip")
        for_numbers = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return WindowReader(self._architecture, for_numbers)

    def _linear_path(self, n_timesteps):
        """Which features go to the outputs by a linear path, and over how many time steps; None for no path."""
        return

    def _build(self, samples, seed):
        codes, self._pooling = self._reader.codes, self._choose_pooling(samples)
        meta = self._meta(samples) | ({"n_categories_": self._reader.n_categories} if codes else {})
        offered = {
            "meta": meta,
            "units": self.units,
            "dropout": self.dropout,
            **self._architecture.options(),
            "pooling": self._pooling,
            "embedding_features": codes or None,
            "linear_path": self._linear_path(samples.shape[1]),
        }
        who, kept = type(self).__name__, self._kept(samples)
        return build_architecture(who, self._architecture, offered, samples, kept, seed)

    def _choose_pooling(self, samples):
        """Return the pooling of the network: "auto" is "last" where outputs follow the latest time steps."""
        given = self._architecture.pooling
        return "last" if given == "auto" else given

    def _batches(self, network, data, rng):
        refuse_idle_groups(type(self).__name__, data.groups, self.stateful)
        if not self._carries_state:
            return super()._batches(network, data, rng)
        if self.stateful:
            warn_of_overlap(type(self).__name__, data.samples, self._plan.stride)
        return stream_batches(
            type(self).__name__,
            network,
            data,
            batch_size=self.batch_size,
            stateful=self.stateful,
            tbptt=self._plan.tbptt,
            network_name=self._architecture.network,
            pooling=self._pooling,
            has_linear_path=self._linear_path(data.samples.shape[1]) is not None,
            rng=rng if self._plan.shuffle else None,
        )

    def _outputs(self, X, groups=None):
        refuse_idle_groups(type(self).__name__, groups, self.stateful)
        if not self.stateful:
            return super()._outputs(X)
        samples = self._read_for_predict(X)
        refuse_carried_state(type(self).__name__, len(self.members_), self.stateful)
        refuse_mean_of_pieces(type(self).__name__, "stateful=True", self._pooling)
        warn_of_overlap(type(self).__name__, samples)
        outputs, self._states = carried_outputs(type(self).__name__, self.network_, samples, groups, self._states)
        return [outputs], samples

    def _conclude(self, samples):
        self.n_categories_ = self._reader.n_categories
        self.window_scaler_ = self._scaling.scaler

    def _export_params(self):
        # With mode="state", OnlinePredictor carries a state also where training did not.
        network = self._architecture.network
        whole = network in ("bidirectional", "lstm_fcn") or (self._architecture.is_custom and not self.stateful)
        return {"carries": not (whole or self._pooling == "mean" or len(self.members_) > 1)}

    def _unbounded_features(self):
        return [*self._reader.codes, *self._scaling.relative_features]

    def _needs_all_samples(self):
        return self.stateful

    def _is_network_of_user(self):
        return self._architecture.is_custom

    @property
    def _open_front(self):
        # A linear path has a weight for each time step.
        return self._architecture.has_open_front and getattr(self._scaling, "linear_steps", None) is None
