"""What all estimators share: the way from X and y to a trained network, and from X to its outputs."""

import copy
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from sklstm._fit_callbacks import CallbackSupportMixin, FitTasks, with_callbacks
from sklstm._keras_objects import as_given, as_plain, holds_instance
from sklstm._network_state import NetworkState
from sklstm._series import split_panel_tail
from sklstm._validation import is_ragged
from sklstm._warnings import warn_user

# Parameters that may be, or hold, instances of Keras.
KERAS_OBJECTS = ("loss", "metrics", "optimizer")


class TrainingData(NamedTuple):
    """What a network is trained on, in the network's own terms."""

    samples: Any
    targets: list
    weights: np.ndarray | None
    training: np.ndarray
    validation: np.ndarray
    groups: np.ndarray | None


class KerasEstimator(CallbackSupportMixin, BaseEstimator):
    """A Keras network that fits and predicts like any scikit-learn estimator.

    A subclass says how X and y are read (`_read_X`, `_read_y`), how a network is built (`_build`), what it is
    compiled with (`_settings`), and how y becomes targets (`_encode`).

    Attributes
    ----------
    network_ : NetworkState
        Layers and weights as plain data.
    history_ : dict of str to list of float
        Loss and metrics of each epoch.
    training_path_ : {"graph", "xla", "xla-shards", "keras"}
        How the last training was computed: compiled by TensorFlow; whole epochs compiled by XLA; these with each batch
        cut into shares, one for each core; or Keras' own fit.
    """

    # Only what has windows of its own may leave some of them out.
    stride = 1

    @with_callbacks
    def fit(self, X, y, sample_weight=None) -> Self:
        """Train a new network, or with `warm_start` the one that there is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features)
            Samples, in time order where they have one. The class says what 2D X means.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            What to predict: numbers in their own units, or labels.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss. One of weight 0 is left out, of the scale of y and of the
            validation samples, too. Other weights do not change the scale of y.

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
        return self._fit(X, y, sample_weight, epochs=self._epochs(), anew=not (self.warm_start and self._is_fitted()))

    @with_callbacks
    def initialize(self, X, y) -> Self:
        """Build the network and learn the scale and the labels of y, without training.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.

        Returns
        -------
        self : estimator instance
            It predicts, with untrained weights; `partial_fit` and `warm_start` go on from them.
        """
        return self._fit(X, y, None, epochs=0, anew=True)

    @property
    def model_(self):
        """The fitted Keras model, rebuilt from plain data when it is first asked for, and compiled as it was trained.

        Weights that are set in it are those that predict and partial_fit go by from then on, and layers whose
        ``trainable`` is set to False are not trained. What it evaluates is the loss of the scaled target. One that was
        trained on quantiles is not compiled, so that it loads where sklstm is not installed.
        """
        check_is_fitted(self)
        self._shares_model = True
        model = self.network_.model
        if not model.compiled:
            self._compile(model)
        if model.compiled and not model.optimizer.built:
            # Keras saves and loads no model whose optimizer has no variables yet.
            model.optimizer.build(model.trainable_variables)
        return model

    def _fit(self, X, y, sample_weight, *, epochs, anew, groups=None, classes=None):
        """Train for some epochs; `anew` forgets whatever was learned before. A fit that fails changes nothing."""
        self._validate_params()
        tasks = FitTasks(self, X, y, epochs)
        before = vars(self).copy()
        try:
            if anew:
                # One number seeds all that follows, so that partial_fit can go on from it after a pickle.
                self._seed = check_random_state(self.random_state).randint(2**31 - 1)
                self.history_ = {}
                self._optimizer_state = None
            network, rebuild, settings, data = self._begin(X, y, sample_weight, anew, groups, classes)
            interrupted = epochs > 0 and self._train(network, settings, data, tasks, epochs, rebuild)
            self.network_, self._shares_model = NetworkState.of(network, rebuild), False
            self._conclude(data)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        tasks.end()
        if interrupted:
            raise KeyboardInterrupt(
                f"{type(self).__name__} was interrupted in epoch {self.n_iter_ + 1}; it is fitted as far as it came."
            )
        return self

    def _begin(self, X, y, sample_weight, anew, groups, classes):
        """Read what there is to learn from, and build the network, or take up the one that there is."""
        from sklstm.training import prepare_process

        prepare_process(f"{type(self).__name__}.fit")
        self._refuse_other_precision()
        self._refuse_several_inputs(X)
        samples = self._read_X(X, reset=anew)
        if anew:
            self._predicts_sequences = self._comes_in_sequences(y, samples)
        y = self._read_y(self._laid_out(y, samples), samples, anew, classes)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, np.empty(len(samples)), dtype=np.float32)
            if (weights < 0).any():
                raise ValueError(
                    f"{type(self).__name__} got a negative sample_weight for sample {np.argmax(weights < 0)}: it "
                    "would learn the opposite. Weights are 0 or more; 0 leaves a sample out."
                )
            if not weights.any():
                raise ValueError(
                    f"{type(self).__name__} got a sample_weight of 0 for all {len(weights)} samples, which leaves "
                    "nothing to train on. Give those that count a weight above 0."
                )
        training, validation = self._split(samples, y, weights)
        # What is learned from samples besides weights: scales, levels, floors.
        learned = training if weights is None else training[weights[training] > 0]
        samples = self._prepare(samples, y, learned, anew)
        if anew:
            self._built_from = self._network_params()
            network, rebuild = self._build(samples)
        else:
            self._refuse_another_network()
            self._take_up_changes()
            network, rebuild = self._restore()
        settings = self._settings(network)
        trained = [tuple(variable.shape) for variable in network.trainable_variables]
        described = type(settings.optimizer).__name__, settings.optimizer.get_config() | {"name": None}, trained
        if described != getattr(self, "_optimizer", described):
            # Another optimizer, another learning rate, or other layers that are trained: it starts anew.
            self._optimizer_state = None
        self._optimizer = described
        targets, weights = self._encode(network, settings.loss, samples, y, weights, learned, anew)
        return network, rebuild, settings, TrainingData(samples, targets, weights, training, validation, groups)

    def _refuse_several_inputs(self, X):
        """Refuse a dict or a list of arrays, as Keras takes them for a network of several inputs."""
        if isinstance(X, dict) or (isinstance(X, (list, tuple)) and len(X) > 0 and np.ndim(X[0]) > 2):
            inputs = list(X) if isinstance(X, dict) else len(X)
            raise ValueError(
                f"{type(self).__name__} has one X, got a {type(X).__name__} of inputs ({inputs}). Join them along the "
                "features, np.concatenate([...], axis=-1), and take them apart inside the network: keras.ops.split."
            )

    def _refuse_other_precision(self):
        """Refuse to train where Keras is told to compute in another precision."""
        import keras

        if (floatx := keras.config.floatx()) != "float32":
            raise ValueError(
                f"{type(self).__name__} computes in float32, got keras.config.floatx() == {floatx!r}. Call "
                "keras.config.set_floatx('float32')."
            )

    def _train(self, network, settings, data, tasks, epochs, rebuild):
        """Train the network in place, and keep what is needed to go on; whether the user interrupted it."""
        from sklstm.training import EpochReport, fit_network

        rng = np.random.RandomState([self._seed, self.n_iter_])
        callbacks = self._callbacks(watched=len(data.validation) > 0)
        if tasks.root is not None:
            fitted = vars(self).copy()
            callbacks.append(
                EpochReport(
                    tasks.begin_epoch,
                    lambda network: tasks.end_epoch(lambda: fitted | {"network_": NetworkState.of(network, rebuild)}),
                )
            )
        trainer, batches, watched = self._batches(network, data, rng)
        trained = fit_network(
            trainer,
            batches,
            settings,
            validation=watched,
            epochs=epochs,
            callbacks=callbacks,
            optimizer_state=self._optimizer_state,
            seed=rng.randint(2**31 - 1),
            **self._fit_params(),
        )
        if trainer is not network:
            network.set_weights(trainer.get_weights())
        self._optimizer_state = trained.optimizer_state
        self.training_path_ = trained.path
        self.history_ = self.history_ | {
            name: [*self.history_.get(name, ()), *values] for name, values in trained.history.items()
        }
        if not np.isfinite(self.history_.get("loss", [0.0])[-1]):
            warn_user(
                f"{type(self).__name__} did not converge: its loss became NaN or infinite. Lower the optimizer's "
                "learning rate, or scale X.",
                ConvergenceWarning,
            )
        return trained.interrupted

    def _batches(self, network, data, rng):
        """What to train, on which batches, and which to watch."""
        from sklstm.training import SampleBatches

        size = _size_or_all(self._batch_size(), len(data.training))
        gather, targets, weights = data.samples.gather, data.targets, data.weights
        front = {"open_front": self._has_an_open_front(), "lengths": self._lengths(data.samples)}
        rng = rng if self.shuffle else None
        batches = SampleBatches(gather, targets, data.training, size, weights, rng, **front)
        watched = None
        if len(data.validation):
            size = _size_or_all(self._validation_batch_size(), len(data.validation))
            watched = SampleBatches(gather, targets, data.validation, size, weights, **front)
        return network, batches, watched

    def _split(self, samples, y, weights=None):
        """Samples to train on, and samples at the end to validate on; without those whose weight is 0."""
        from sklstm.training import split_time_tail

        fraction, name = self._validation()
        who, kept, gap = f"{type(self).__name__}({name}={fraction})", self._kept(samples), self.validation_gap
        if weights is not None and not self._needs_all_samples():
            kept = kept[weights[kept] > 0]
        if samples.windows.times is not None:
            ahead = self._shared_targets(samples)
            return split_panel_tail(samples.windows, kept, fraction, gap=gap, ahead=ahead, who=who)
        if gap is None:
            gap = self._shared_steps(samples)
        # Samples that are kept lie so far apart.
        return split_time_tail(kept, fraction, gap // self.stride, who)

    def _meta(self, samples):
        """What a builder is told, in the words of scikeras."""
        return {
            "X_shape_": samples.shape,
            "X_dtype_": np.dtype(np.float32),
            "n_features_in_": self.n_features_in_,
            **{f"{role}_": features for role, features in samples.windows.roles._asdict().items() if features},
        } | self._target.meta

    def _outputs(self, X, groups=None):
        """The network's outputs for X, a list, and the samples that they belong to."""
        from sklstm.training import predict_outputs

        samples = self._read_for_predict(X)
        lengths = self._lengths(samples)
        outputs = predict_outputs(
            self.network_, samples.gather, len(samples), lengths=lengths, **self._predict_params()
        )
        return outputs, samples

    def _lengths(self, samples):
        """Time steps of each sample that take time; None where it makes a difference if the others are left out."""
        return samples.lengths() if self._has_an_open_front() else None

    def _read_for_predict(self, X):
        from sklstm.training import prepare_process

        check_is_fitted(self)
        self._take_up_changes()
        prepare_process(f"{type(self).__name__}.predict")
        return self._prepare(self._read_X(X, reset=False))

    def _beside(self, X, y):
        """True values as predictions are: laid out where y came as sequences of different lengths."""
        may_differ = isinstance(y, (list, tuple)) or is_ragged(y)
        return self._laid_out(y, self._read_X(X, reset=False)) if may_differ else y

    # --- copies -----------------------------------------------------------------------------------

    def __getstate__(self):
        self._take_up_changes()
        state = super().__getstate__()
        return state | {name: as_plain(state[name]) for name in KERAS_OBJECTS if holds_instance(state.get(name))}

    def __setstate__(self, state):
        super().__setstate__(state | {name: as_given(state[name]) for name in KERAS_OBJECTS if name in state})

    def __sklearn_clone__(self):
        shared = {name: value for name in KERAS_OBJECTS if holds_instance(value := getattr(self, name))}
        if not shared:
            return super().__sklearn_clone__()
        # Each fit makes its own of them, so the clone may have the same.
        twin = copy.copy(self)
        for name in shared:
            setattr(twin, name, None)
        cloned = super(KerasEstimator, twin).__sklearn_clone__()
        for name, value in shared.items():
            setattr(cloned, name, value)
        return cloned

    # --- what a subclass may say otherwise --------------------------------------------------------

    def _network_params(self):
        """The parameters that a network and its scales are built from, by name."""
        raise NotImplementedError

    def _refuse_another_network(self):
        """Refuse to go on training where parameters ask for another network than the one that there is."""
        for name, value in self._network_params().items():
            before = self._built_from.get(name)
            if value is not before and repr(value) != repr(before):
                raise ValueError(
                    f"{type(self).__name__} goes on with the network that it has, but {name} was {before!r} when it "
                    f"was built, and is {value!r}. Set it back, or call fit with warm_start=False to begin anew."
                )

    def _compile(self, model):
        """Compile a model as it is trained; not with a loss of sklstm's, so that it loads where sklstm is not."""
        settings = self._settings(model)
        if not type(settings.loss).__module__.startswith("sklstm."):
            settings.compile(model)

    def _take_up_changes(self):
        """Take up what the user changed in `model_`; nothing to look for where nobody asked for it."""
        if getattr(self, "_shares_model", False):
            self.network_.take_up_changes()

    def _restore(self):
        """The network as it is, to be trained on, and how to build it again."""
        return self.network_.build(), self.network_.rebuild

    def _epochs(self):
        return self.epochs

    def _batch_size(self):
        return self.batch_size

    def _validation_batch_size(self):
        return self._batch_size()

    def _fit_params(self):
        return {"verbose": int(self.verbose)}

    def _predict_params(self):
        return {}

    def _laid_out(self, y, samples):
        """Y as an array, where it came as sequences of the samples' own lengths."""
        return y

    def _comes_in_sequences(self, y, samples):
        """Whether y came as sequences, with a value for each observed time step."""
        return False

    def _of_observed_steps(self, y, samples, missing):
        """Predictions of time steps, with what is `missing` at those that were not observed."""
        if not self._target.per_input_step or y.ndim < 2 or (observed := samples.observed()).all():
            return y
        if missing is None:
            y = y.astype(object)
        y[~observed] = missing
        return y

    def _as_sequences(self, y, samples):
        """Predictions as y came in fit: a list of sequences where that was one."""
        if not self._predicts_sequences:
            return y
        observed, labels = samples.observed(), getattr(self._target, "labels", None)
        # Labels were laid out beside None.
        y = y[observed].astype(self._target.dtype if labels is None else labels.dtype)
        return np.split(y, np.cumsum(observed.sum(axis=1))[:-1])

    def _prepare(self, samples, y=None, training=None, anew=False):
        return samples

    def _conclude(self, data):
        """Learn from the samples what takes the trained network."""

    def _has_an_open_front(self):
        """Whether it makes no difference if a sample begins with time steps that were not observed."""
        return False

    def _kept(self, samples):
        return np.arange(len(samples))

    def _needs_all_samples(self):
        """Whether a sample is needed for those after it, also where it has no weight in the loss."""
        return False

    def _shared_steps(self, samples):
        """Samples before the validation samples that share time steps, or targets, with them."""
        shared = samples.windows.reach - 1 if len(samples.sample_shape) > 1 else 0
        return max(shared, self._shared_targets(samples))

    def _shared_targets(self, samples):
        """Samples before the validation samples that share targets with them."""
        return 0

    @property
    def n_iter_(self) -> int:
        """Epochs that were run."""
        return len(self.history_.get("loss", ()))

    def _is_fitted(self):
        return hasattr(self, "network_")

    def __sklearn_is_fitted__(self):
        return self._is_fitted()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = self.random_state is None
        return tags


def _size_or_all(batch_size, n_samples):
    """Samples of a batch; all of them for -1."""
    return n_samples if batch_size == -1 else batch_size
