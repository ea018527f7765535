"""KerasEstimator: from X and y to a trained network, and from X to predictions.

Each step of `fit` and `predict` belongs to one collaborator, and this file puts them in order:

reader
    X to Samples: WindowReader, ModelReader.
target
    y to the targets of the network, and its outputs to predictions: RegressionTarget, ClassTarget, WindowTarget.
window scaling
    Samples shifted and divided by their own level and spread: WindowScaling, RelativeTarget; or none.
network
    Built by `_build`, compiled with `_settings`, trained by `sklstm.training`, kept as a NetworkState: one for each
    member of an ensemble (Member).
"""

import copy
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from sklstm import _forks  # noqa: F401  (it watches forks from the import on)
from sklstm._fit_callbacks import CallbackSupportMixin, FitTasks, with_callbacks
from sklstm._keras_objects import as_given, as_plain, holds_instance
from sklstm._lost_times import warn_lost_times
from sklstm._own_past import target_names
from sklstm._parameters import StrictParameters, is_routed, refuse_unknown_parameters, show_parameters
from sklstm._versions import with_version, without_version
from sklstm._warnings import warn_user
from sklstm.estimators._fit_checks import (
    read_weights,
    refuse_other_precision,
    refuse_several_inputs,
    with_known_loss,
)
from sklstm.estimators._graphs import is_served, refuse_model, refuse_training
from sklstm.estimators._members import MemberFit, epoch_reports, new_members, train_members, trained_members
from sklstm.estimators._network_checks import refuse_nan, refuse_other_length
from sklstm.estimators._options import OPTIONS, copy_value, is_same_value, refuse_options_of_plain_values
from sklstm.estimators._samples import TrainingData, with_weight
from sklstm.estimators._split import split_tail
from sklstm.estimators._training_plan import TrainingPlan
from sklstm.estimators._unseen_range import check_precision, find_ranges, warn_unseen_range
from sklstm.model_selection import TimeTail

# Parameters that may be, or hold, instances of Keras.
KERAS_OBJECTS = ("loss", "metrics", "optimizer")


class KerasEstimator(CallbackSupportMixin, BaseEstimator):
    """A Keras network that fits and predicts like any scikit-learn estimator.

    A subclass makes the collaborators (`_collaborators`) and builds the network (`_build`). What it does not say
    otherwise follows from the parameters epochs, batch_size, learning_rate, optimizer, training, validation, patience,
    callbacks, warm_start, verbose and random_state.

    Attributes
    ----------
    members_ : list of Member
        Networks as plain data, with their seeds and histories.
    """

    _parameter_constraints: dict = {
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "optimizer": [str, type, HasMethods(["get_config", "apply_gradients"])],
        "training": [TrainingPlan, None],
        "validation": [Interval(Real, 0, 1, closed="left"), TimeTail, None],
        "patience": [Interval(Integral, 0, None, closed="left"), None],
        "callbacks": [list, tuple, dict, type, HasMethods("on_epoch_end"), None],
        "warm_start": ["boolean"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

    # Prefixes of parameters that are passed on, "model" of model__units=32; and parameters that hold for the network's
    # life: to go on training is to keep them.
    _routes: tuple = ()
    _fixed_parameters: tuple = ()
    # How options are written that one may take for parameters.
    _elsewhere: dict = OPTIONS
    # Of an estimator that has no such parameter.
    n_members = 1

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
        return self._fit(X, y, epochs=0, anew=True)

    # --- fit --------------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight=None, *, epochs, anew, groups=None, classes=None):
        """Train for some epochs; `anew` forgets what was learned before. A fit that fails changes nothing."""
        self._validate_params()
        for value in self.get_params(deep=False).values():
            if isinstance(value, StrictParameters):
                value._validate_params()
        tasks = FitTasks(self, X, y, epochs)
        before = vars(self).copy()
        try:
            interrupted = self._learn(X, y, sample_weight, epochs, anew, groups, classes, tasks)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        tasks.end()
        if interrupted:
            when = f"in epoch {self.n_iter_ + 1}" if self.n_members == 1 else "in the training of its members"
            raise KeyboardInterrupt(f"{type(self).__name__} was interrupted {when}; it is fitted as far as it came.")
        return self

    def _learn(self, X, y, sample_weight, epochs, anew, groups, classes, tasks):
        """The steps of fit, in order; returns whether the user interrupted the training."""
        from sklstm.training import prepare_process

        who = type(self).__name__
        prepare_process(f"{who}.fit")
        refuse_other_precision(who)
        refuse_several_inputs(who, X)
        if anew:
            self._start_anew()
        else:
            self._refuse_another_network()
            self._take_up_changes()
            # A fit that fails leaves these as they were.
            self._reader, self._target = copy.copy(self._reader), copy.copy(self._target)
            self.members_ = [copy.copy(member) for member in self.members_]

        # Samples, their y and their weights; which are trained on, and which are watched.
        samples, y_names = self._read(X, reset=anew), target_names(y)
        warn_lost_times(who, samples.windows, y)
        self._ranges = find_ranges(samples, None if anew else self._ranges)
        y = self._target.read(self, y, samples, classes)
        weights = read_weights(who, sample_weight, len(samples))
        training, validation = self._split(samples, y, weights)
        weighed = with_weight(training, weights)
        self._check_units(samples, y, y_names)

        # Windows by their own level and spread.
        if self._scaling is not None:
            if anew:
                self._scaling.fit(samples, y, y_names, weighed, self._reader.no_numbers(samples.windows))
            training = self._scaling.full_windows(samples, training)
            weighed = with_weight(training, weights)
            samples = self._scaling.apply(samples)
        check_precision(who, samples, self._ranges)

        # The networks, what they are compiled with, and what they are taught.
        built = [self._build(samples, member.seed) if anew else self._restore(member) for member in self.members_]
        networks = [network for network, _ in built]
        self._target.meet(networks[0], self.loss)
        fits = [
            MemberFit(member, network, rebuild, self._settings(network))
            for member, (network, rebuild) in zip(self.members_, built, strict=True)
        ]
        loss, class_weight = fits[0].settings.loss, getattr(self, "class_weight", None)
        targets, weights = self._target.encode(
            who, networks[0], loss, samples, y, weights, weighed, class_weight=class_weight
        )
        if anew:
            self._start(networks, samples, targets[0], weights, weighed)
        for fit in fits:
            fit.settings = with_known_loss(fit.settings, targets, [training, validation])

        data = TrainingData(samples, targets, weights, training, validation, groups)
        interrupted = epochs != 0 and self._train(fits, data, tasks, epochs)
        self.n_samples_trained_ = len(training)
        self.members_, self._shares_model = trained_members(fits, interrupted), False
        self._conclude(samples)
        return interrupted

    def _start_anew(self):
        """Forget what was learned, and make new collaborators."""
        # Their seeds stay, so that partial_fit can go on from them after a pickle.
        self.members_ = new_members(self.random_state, self.n_members)
        self._states = None
        self._built_from = self._get_fixed_parameters()
        self._reader, self._target, self._scaling = self._collaborators()

    def _restore(self, member):
        """The network of a member as it is, to be trained on, and how to build it again."""
        return member.network.build(), member.network.rebuild

    def _train(self, fits, data, tasks, epochs):
        """Train the members in place; whether the user interrupted it."""
        # scikit-learn's callbacks see the epochs of the first member.
        first, *others = fits
        self.callbacks_ = self._prepare(first, data, epochs, epoch_reports(first, tasks, vars(self).copy()))
        for fit in others:
            self._prepare(fit, data, epochs)
        interrupted = train_members(fits)
        losses = [fit.member.history.get("loss", [0.0])[-1] for fit in fits]
        if not np.isfinite(losses).all():
            warn_user(
                f"{type(self).__name__} did not converge: its loss became NaN or infinite. Lower the optimizer's "
                "learning rate, or scale X.",
                ConvergenceWarning,
            )
        return interrupted

    def _prepare(self, fit, data, epochs, reports=()):
        """Prepare a member's training: batches in an order of its own. Return its fresh callbacks."""
        rng = np.random.RandomState([fit.member.seed, fit.member.n_iter])
        callbacks = self._callbacks(watched=len(data.validation) > 0)
        trainer, batches, watched = self._batches(fit.network, data, rng)
        epochs, schedule = self._budget(epochs, len(batches))
        fit.prepare(
            trainer,
            batches,
            validation=watched,
            epochs=epochs,
            callbacks=[*callbacks, *reports, *schedule],
            seed=rng.randint(2**31 - 1),
            **self._fit_params(),
        )
        return callbacks

    def _batches(self, network, data, rng):
        """The network to train, its batches, and those to watch."""
        from sklstm.training import SampleBatches

        front = {"open_front": self._open_front, "lengths": self._lengths(data.samples)}

        def batched(samples, size, rng=None):
            size = len(samples) if size == -1 else size
            return SampleBatches(data.samples.gather, data.targets, samples, size, data.weights, rng, **front)

        watched = batched(data.validation, self._validation_batch_size()) if len(data.validation) else None
        return network, batched(data.training, self._batch_size(), rng if self._plan.shuffle else None), watched

    # --- which samples are trained on -------------------------------------------------------------

    def _split(self, samples, y, weights):
        """Samples to train on, and samples at the end to watch; without those whose weight is 0."""
        tail, name = self._tail()
        who, kept = f"{type(self).__name__}({name}={tail.fraction})", self._kept(samples)
        if not self._needs_all_samples():
            kept = with_weight(kept, weights)
            known = self._target.known(y)
            kept = kept if known is None else kept[known[kept]]
            if len(kept) == 0:
                raise ValueError(
                    f"{type(self).__name__} has nothing to train on: of the samples with a weight above 0 that "
                    "TrainingPlan keeps, none has a y that is known. Pass more samples with y."
                )
        ahead = self._target.n_shared_steps(samples)
        strata = self._strata(y)
        training, validation = split_tail(who, tail, samples, kept, self._plan.stride, y=y, ahead=ahead, strata=strata)
        if len(validation) and not self.n_iter_:
            # A network that goes on training may have met a class before.
            later = with_weight(np.setdiff1d(kept, training), weights)
            self._target.check_split(who, name, y, training, later)
        return training, validation

    def _strata(self, y):
        """Class of each sample, if validation samples are held out class by class; else None."""
        return

    def _check_units(self, samples, y, y_names):
        """Check that the units of y are those of X, where nothing learns them."""

    def _unbounded_features(self):
        """Features that may lie outside of their range in training; None for all of them."""
        return ()

    def _kept(self, samples):
        """Samples to learn from, validation samples included."""
        return self._plan.kept(type(self).__name__, samples)

    # --- predict ----------------------------------------------------------------------------------

    def _predict(self, X, groups=None):
        """Predictions as y was given."""
        outputs, samples = self._outputs(X, groups)
        return self._target.in_sequences(self._target.decode(outputs, samples), samples)

    def _predict_members(self, X):
        """Predictions of each member, probabilities of labels, along the first axis."""
        return self._target.decode_members(*self._outputs(X))

    def _score(self, X, y, sample_weight):
        """How well the predictions for X agree with y, as the target measures it."""
        outputs, samples = self._outputs(X)
        y = self._target.lay_out(type(self).__name__, y, samples)
        return self._target.score(y, self._target.decode(outputs, samples), sample_weight)

    def _outputs(self, X, groups=None):
        """For each member its network's outputs for X, a list, and the samples that they belong to."""
        from sklstm.training import predict_outputs

        samples = self._read_for_predict(X)
        params = {"lengths": self._lengths(samples)} | self._predict_params()
        networks = [member.network for member in self.members_]
        return [predict_outputs(network, samples.gather, len(samples), **params) for network in networks], samples

    def _read_for_predict(self, X):
        check_is_fitted(self)
        self._take_up_changes()
        if not is_served(self):
            from sklstm.training import prepare_process

            prepare_process(f"{type(self).__name__}.predict")
        samples = self._read(X, reset=False)
        warn_unseen_range(type(self).__name__, samples, self._ranges, self._unbounded_features())
        return samples if self._scaling is None else self._scaling.apply(samples)

    def _read(self, X, reset):
        """X as Samples."""
        samples = self._reader.read(self, X, reset)
        # A linear path has a message of its own.
        if not reset and self.network_ is not None and getattr(self._scaling, "linear_steps", None) is None:
            refuse_other_length(type(self).__name__, self.network_, samples)
        if not reset and self._is_network_of_user():
            refuse_nan(type(self).__name__, self.network_.takes_nan, samples.windows)
        return samples

    def _lengths(self, samples):
        """Time steps of each sample that take time; None where it makes a difference if the others are left out."""
        return samples.lengths() if self._open_front else None

    # --- the fitted network -----------------------------------------------------------------------

    @property
    def model_(self):
        """The fitted Keras model, rebuilt from plain data when it is first asked for, and compiled as it was trained.

        Weights that are set in it are those that predict and partial_fit go by from then on, and layers whose
        ``trainable`` is set to False are not trained. What it evaluates is the loss of the scaled target. One that was
        trained on quantiles is not compiled, so that it loads where sklstm is not installed.
        """
        check_is_fitted(self)
        refuse_model(self)
        self._shares_model = True
        model = self.network_.model
        if not model.compiled:
            self._compile(model)
        if model.compiled and not model.optimizer.built:
            # Keras saves and loads no model whose optimizer has no variables yet.
            model.optimizer.build(model.trainable_variables)
        return model

    @property
    def network_(self):
        """Layers and weights of the first member as plain data."""
        return self.members_[0].network

    @property
    def history_(self):
        """Loss and metrics of each epoch, of the first member."""
        return self.members_[0].history

    @property
    def training_path_(self):
        """How the last training was computed: compiled by TensorFlow, by XLA in one or several shares, or by Keras."""
        return self.members_[0].training_path

    @property
    def n_iter_(self) -> int:
        """Epochs that were run, of the first member."""
        return self.members_[0].n_iter

    def _compile(self, model):
        """Compile a model as it is trained; not with a loss of sklstm's, so that it loads where sklstm is not."""
        settings = self._settings(model)
        if not type(settings.loss).__module__.startswith("sklstm."):
            settings.compile(model)

    def _take_up_changes(self):
        """Take up what the user changed in `model_`; nothing to look for where nobody asked for it."""
        if getattr(self, "_shares_model", False):
            self.network_.take_up_changes()

    def _get_fixed_parameters(self):
        """Parameters that hold for the network's life, by name; copies, where they have parameters of their own."""
        fixed = {name: copy_value(getattr(self, name)) for name in self._fixed_parameters}
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in fixed.items()}

    def _refuse_another_network(self):
        """Refuse to go on training where the network is a graph, or parameters ask for another network."""
        refuse_training(self)
        for name, value in self._get_fixed_parameters().items():
            before = self._built_from.get(name)
            if not is_same_value(value, before):
                raise ValueError(
                    f"{type(self).__name__} goes on with the network that it has, but {name} was {before!r} when it "
                    f"was built, and is {value!r}. Set it back, or call fit with warm_start=False to begin anew."
                )

    def _meta(self, samples):
        """What a builder is told, in the words of scikeras."""
        return {
            "X_shape_": samples.shape,
            "X_dtype_": np.dtype(np.float32),
            "n_features_in_": self.n_features_in_,
            **{f"{role}_": features for role, features in samples.windows.roles._asdict().items() if features},
        } | self._target.meta

    # --- what a subclass says ---------------------------------------------------------------------

    def _collaborators(self):
        """A new reader, target and window scaling; None for no scaling."""
        raise NotImplementedError

    def _build(self, samples, seed):
        """A new network, and how to build it again where its configuration does not say it."""
        raise NotImplementedError

    def _start(self, networks, samples, targets, weights, rows):
        """Set initial weights that follow from the samples in these rows, the same in all networks."""

    def _conclude(self, samples):
        """Set fitted attributes, and learn what takes the trained network."""

    def _settings(self, network):
        """What the network is compiled with."""
        from sklstm.training import Settings, build_loss, build_metrics, build_optimizer

        optimizer = build_optimizer(self.optimizer, **self._optimizer_params())
        loss = self._target.usual_loss if self.loss is None else self.loss
        return Settings(optimizer, build_loss(loss), tuple(build_metrics(self.metrics)))

    def _optimizer_params(self):
        """Parameters that the optimizer gets from the estimator."""
        # Keras takes no numbers of NumPy.
        return {} if self.learning_rate is None else {"learning_rate": float(self.learning_rate)}

    def _callbacks(self, watched):
        """Fresh callbacks for one fit."""
        from sklstm.training import build_callbacks, early_stopping

        callbacks = build_callbacks(self.callbacks)
        if self.patience is not None:
            callbacks.append(early_stopping("val_loss" if watched else "loss", self.patience))
        return callbacks

    def _budget(self, epochs, n_batches):
        """Number of epochs, and callbacks that set the learning rate."""
        return epochs, []

    def _is_network_of_user(self):
        """Whether the network was built by a function of the user's, which may not look for NaN."""
        return False

    @property
    def _open_front(self):
        """Whether it makes no difference if a sample begins with time steps that were not observed."""
        return False

    def _needs_all_samples(self):
        """Whether a sample is needed for those after it, also where it has no weight in the loss."""
        return False

    @property
    def _plan(self):
        """Which samples are trained on, and in which order."""
        return TrainingPlan() if self.training is None else self.training

    def _tail(self):
        """The samples to watch, and the name of the parameter that says it."""
        given = self.validation
        return given if isinstance(given, TimeTail) else TimeTail(0.0 if given is None else given), "validation"

    def _batch_size(self):
        return int(self.batch_size)

    def _validation_batch_size(self):
        return self._batch_size()

    def _export_params(self):
        """Parameters of `export_network`."""
        return {}

    def _fit_params(self):
        return {"verbose": int(self.verbose)}

    def _predict_params(self):
        return {}

    # --- parameters and copies --------------------------------------------------------------------

    # As StrictParameters, which would be one more class above each estimator, and knows no prefixes.

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        show_parameters(cls)

    def __new__(cls, *args, **params):
        refuse_unknown_parameters(cls, params, TypeError)
        return super().__new__(cls)

    def set_params(self, **params) -> Self:
        """Set parameters of this estimator, and of what it contains as ``name__parameter``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : estimator instance
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is unknown; the message offers the nearest one.
        """
        refuse_unknown_parameters(type(self), params, ValueError)
        routed = {name: value for name, value in params.items() if is_routed(name, self._routes)}
        own = {name: value for name, value in params.items() if name not in routed}
        refuse_options_of_plain_values(type(self).__name__, own, vars(self))
        super().set_params(**own)
        self._set_routed(routed)
        return self

    def _set_routed(self, params):
        """Set parameters with a prefix, which the constructor does not name."""
        for name, value in params.items():
            setattr(self, name, value)

    def __getstate__(self):
        self._take_up_changes()
        state = with_version(super().__getstate__())
        # Callbacks hold a Keras model.
        state.pop("callbacks_", None)
        return state | {name: as_plain(state[name]) for name in KERAS_OBJECTS if holds_instance(state.get(name))}

    def __setstate__(self, state):
        state = without_version(type(self).__name__, state)
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

    def _is_fitted(self):
        return hasattr(self, "network_")

    def __sklearn_is_fitted__(self):
        return self._is_fitted()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = self.random_state is None
        return tags
