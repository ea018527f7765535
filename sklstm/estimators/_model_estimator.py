"""ModelEstimator: what KerasRegressor and KerasClassifier share."""

import copy
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, validate_parameter_constraints

from sklstm._fit_callbacks import with_callbacks
from sklstm._keras_objects import as_given
from sklstm._network_state import NetworkState
from sklstm._parameters import is_routed
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._model_reader import ModelReader
from sklstm.estimators._models import (
    CompileKwargs,
    ModelCopy,
    build_model,
    is_builder,
    is_model,
    refuse_unused,
    state_of,
)
from sklstm.estimators._training_plan import TrainingPlan
from sklstm.model_selection import TimeTail

# Parameters of KerasEstimator that it has, too.
SHARED = ("epochs", "optimizer", "callbacks", "warm_start", "verbose", "random_state")


# Parameters that hold for the network's life, those with these prefixes included.
FIXED = ("model", "target_scaler", "n_members")


class ModelEstimator(KerasEstimator):
    """Any Keras model, with the parameter names of scikeras.

    Parameters with a prefix go to the builder, the optimizer, Keras' fit and so on, as ``model__units=32`` or
    ``optimizer__learning_rate=1e-3``. Each is a parameter like any other: `get_params`, `set_params` and `clone` know
    it. Whether the builder or the optimizer takes it is checked in fit, against their own signatures.
    """

    _parameter_constraints = {name: KerasEstimator._parameter_constraints[name] for name in SHARED} | {
        "model": [callable, HasMethods(["build"]), None],
        "loss": [str, callable, None],
        "metrics": [str, callable, HasMethods(["update_state"]), list, tuple, None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), Options(Integral, {-1}), None],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "validation_gap": [Interval(Integral, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "n_members": [Interval(Integral, 1, None, closed="left")],
    }

    # They go to a builder.
    _elsewhere: dict = {}
    _routes = ("model", "optimizer", "loss", "metrics", "callbacks", "fit", "predict")

    @with_callbacks
    def fit(self, X, y, sample_weight=None, **fit_params) -> Self:
        """Train a new network, or with `warm_start` the one that there is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, n_timesteps, n_features)
            Samples, in time order where they have one; or with further axes, (n_samples, n_timesteps, height, width).
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            What to predict: numbers in their own units, or labels.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss. One of weight 0 is left out, of the scale of y and of the
            validation samples, too. Other weights do not change the scale of y.
        **fit_params : dict
            What ``fit__`` parameters say for every call, for this one: ``epochs=5``, ``batch_size=64``,
            ``callbacks=[...]``.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is unknown or out of its range, X and y do not fit each other or the network, y holds NaN,
            or a time step is observed only in part.
        KeyboardInterrupt
            If the user interrupts the training. The estimator is fitted, with the weights that it had by then.
        """
        self._of_this_fit = fit_params
        try:
            anew = not (self.warm_start and self._is_fitted())
            epochs = self._fit_params_of_user().get("epochs", self.epochs)
            return self._fit(X, y, sample_weight, epochs=epochs, anew=anew)
        finally:
            del self._of_this_fit

    def predict_members(self, X, **predict_params):
        """Predict by each member: their spread shows how much predictions depend on the seed.

        Parameters
        ----------
        X : array-like
            Samples, as for `fit`.
        **predict_params : dict
            As for `predict`.

        Returns
        -------
        y : ndarray of shape (n_members, n_samples, ...)
            What `predict` returns with one member, in the units of y, an array also where y came in sequences. From a
            classifier probabilities, as `predict_proba` returns them; for y of several columns of labels a list.
        """
        return self._predicting_with(predict_params)._predict_members(X)

    def get_params(self, deep=True):
        """Parameters of this estimator, those with a prefix among them.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the parameters of a target scaler.

        Returns
        -------
        params : dict
            Names and values.
        """
        return super().get_params(deep=deep) | {
            name: value for name, value in vars(self).items() if is_routed(name, self._routes)
        }

    def _routed(self, route):
        """Parameters of one prefix, without it."""
        given = vars(self).items()
        routed = {name.removeprefix(f"{route}__"): value for name, value in given if is_routed(name, (route,))}
        # Keras takes no numbers of NumPy, which a search over an array passes.
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in routed.items()}

    def _predicting_with(self, predict_params):
        """An estimator that predicts with parameters of one call; this one is not changed, as threads may share it."""
        if not predict_params:
            return self
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._set_routed({f"predict__{name}": value for name, value in predict_params.items()})
        return other

    # --- what fit and predict of KerasEstimator ask -----------------------------------------------

    def _new_reader(self):
        return ModelReader()

    def _build(self, samples, seed):
        # Mistyped names are told before anything is built.
        self._fit_params_of_user()
        self._predict_params()
        who, compile_kwargs = type(self).__name__, self._compile_kwargs()
        network, rebuild, asks = build_model(
            who, self.model, self._routed("model"), self._meta(samples), compile_kwargs, samples, seed
        )
        if network.compiled and not asks:
            routed = {route: self._routed(route) for route in ("optimizer", "loss", "metrics")}
            refuse_unused(who, network, self.optimizer, self.loss, routed)
        self._compile_again = rebuild if network.compiled else None
        return network, rebuild

    def _restore(self, member):
        """The network as it is; one that its builder has compiled comes from the builder, compiled alike."""
        if self._compile_again is None:
            return super()._restore(member)
        network = self._compile_again()
        network.set_weights(member.network.weights)
        return network, self._compile_again

    def _compile(self, model):
        if self._compile_again is None:
            super()._compile(model)
        else:
            compiled = NetworkState.of(self._compile_again(), keep_compiled=True).compiled
            model.compile(**as_given(compiled))

    def _meta(self, samples):
        """What a builder is told, and what else scikeras says."""
        meta = super()._meta(samples)
        n_classes = meta.get("n_classes_")
        meta["n_outputs_expected_"] = len(n_classes) if isinstance(n_classes, list) else 1
        if meta["target_type_"] == "multilabel-indicator":
            # The classes of an indicator are its columns.
            meta |= {"classes_": np.arange(meta["n_outputs_"]), "n_classes_": meta["n_outputs_"]}
        return meta

    def _compile_kwargs(self):
        """A function that makes a fresh optimizer, loss and metrics."""
        loss = self._target.usual_loss if self.loss is None else self.loss
        routed = {route: self._routed(route) for route in ("optimizer", "loss", "metrics")}
        return CompileKwargs(self.optimizer, loss, self.metrics, routed)

    def _settings(self, network):
        from sklstm.training import Settings

        if network.compiled:
            # The builder chose: what it compiled with holds.
            return Settings(network.optimizer, network.loss)
        settings = self._compile_kwargs()()
        return Settings(settings["optimizer"], settings["loss"], tuple(settings["metrics"]))

    def _get_fixed_parameters(self):
        params = self.get_params(deep=False)
        if not is_builder(self.model):
            # A model that was built is no part of what is kept beside its weights.
            params.pop("model")
        return {name: value for name, value in params.items() if name.partition("__")[0] in FIXED}

    def _is_network_of_user(self):
        return True

    @property
    def _plan(self):
        return TrainingPlan(min_steps=0, shuffle=self.shuffle)

    def _tail(self):
        return TimeTail(self.validation_split, gap=self.validation_gap), "validation_split"

    # --- parameters for fit and predict -----------------------------------------------------------

    def _callbacks(self, watched):
        from sklstm.training import build_callbacks

        of_fit = self._fit_params_of_user().get("callbacks")
        return [*build_callbacks(self.callbacks, **self._routed("callbacks")), *build_callbacks(of_fit)]

    def _batch_size(self):
        return int(self._fit_params_of_user().get("batch_size", self.batch_size) or 32)

    def _validation_batch_size(self):
        return int(self._fit_params_of_user().get("validation_batch_size") or self._batch_size())

    def _fit_params(self):
        params = {"verbose": int(self.verbose)} | self._fit_params_of_user()
        ours = ("epochs", "batch_size", "callbacks", "validation_batch_size")
        return {name: value for name, value in params.items() if name not in ours}

    def _fit_params_of_user(self):
        return self._checked("fit", self._routed("fit") | getattr(self, "_of_this_fit", {}), fit)

    def _predict_params(self):
        chunk = self._checked("predict", self._routed("predict"), predict).get("batch_size")
        return {} if chunk in (None, -1) else {"chunk": chunk}

    def _checked(self, route, params, function):
        """Parameters for Keras' fit or predict, in the same ranges as those of this estimator."""
        from sklstm.training import check_parameters

        check_parameters(route, params, function)
        own = {f"{route}__{name}": self._parameter_constraints[name] for name in params if hasattr(self, name)}
        validate_parameter_constraints(
            own, {f"{route}__{name}": value for name, value in params.items()}, caller_name=type(self).__name__
        )
        return params

    # --- copies -----------------------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__()
        # As plain data, like the fitted network.
        return state | {"model": state_of(state["model"])} if is_model(state["model"]) else state

    def __sklearn_clone__(self):
        if not is_model(self.model):
            return super().__sklearn_clone__()
        # Keras copies a model by saving it, which it does not do well with one that is compiled but not trained.
        twin = copy.copy(self)
        cloned = super(ModelEstimator, twin).__sklearn_clone__()
        cloned.model = ModelCopy(type(self).__name__, state_of(twin.model))()
        return cloned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
        return tags


def fit(
    epochs,
    batch_size,
    verbose,
    callbacks,
    steps_per_epoch,
    validation_batch_size,
    validation_steps,
    validation_freq,
):
    """What ``fit__`` may say, of all that Keras' fit takes; the rest is said by other parameters."""


def predict(batch_size):
    """What ``predict__`` may say, of all that Keras' predict takes."""
