"""The side of the network of KerasRegressor and KerasClassifier: any builder, any model."""

import copy
import inspect
import sys
from functools import partial
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, validate_parameter_constraints

from sklstm._fit_callbacks import with_callbacks
from sklstm._keras_objects import as_given
from sklstm._network_state import NetworkState
from sklstm._seeds import build_seeded, seed_for
from sklstm._validation import check_frames, check_rows, check_windows, is_ragged, n_dims, read_numbers
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._network_checks import check_network, name_of, refuse_nan
from sklstm.estimators._output_checks import loss_name
from sklstm.estimators._routing import RoutedParameters
from sklstm.estimators._samples import Samples


class AnyNetwork(RoutedParameters, KerasEstimator):
    """Base of the estimators for any Keras model, with the parameter names of scikeras."""

    _parameter_constraints = {
        "model": [callable, HasMethods(["build"]), None],
        "optimizer": [str, type, HasMethods(["get_config", "apply_gradients"])],
        "loss": [str, callable, None],
        "metrics": [str, callable, HasMethods(["update_state"]), list, tuple, None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), Options(Integral, {-1}), None],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "validation_gap": [Interval(Integral, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "callbacks": [list, tuple, dict, type, HasMethods("on_epoch_end"), None],
        "warm_start": ["boolean"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

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
            return self._fit(X, y, sample_weight, epochs=self._epochs(), anew=anew)
        finally:
            del self._of_this_fit

    def _predicting_with(self, predict_params):
        """An estimator that predicts with parameters of one call; this one is not changed, as threads may share it."""
        if not predict_params:
            return self
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._set_routed({f"predict__{name}": value for name, value in predict_params.items()})
        return other

    # --- X ----------------------------------------------------------------------------------------

    def _read_X(self, X, reset):
        X = X if is_ragged(X) else read_numbers(X)
        dims = 3 if is_ragged(X) else n_dims(X)
        if dims == 3:
            samples = Samples(check_windows(self, X, reset=reset))
        elif dims > 3:
            samples = Samples(*check_frames(self, X, reset=reset))
        else:
            samples = Samples(*check_rows(self, X, reset=reset))
        if not reset and len(samples.sample_shape) != self._sample_ndim:
            raise ValueError(
                f"{type(self).__name__} was fitted on samples of {self._sample_ndim} axes, got X of shape "
                f"{samples.shape}. Pass X with as many axes as in fit."
            )
        self._sample_ndim = len(samples.sample_shape)
        return samples

    def _prepare(self, samples, y=None, training=None, anew=False):
        if not anew:
            refuse_nan(type(self).__name__, self.network_.config, samples.windows)
        return samples

    # --- the network ------------------------------------------------------------------------------

    def _network_params(self):
        params = self.get_params(deep=False)
        if not callable(self.model) or _is_model(self.model):
            # A model that was built is no part of what is kept beside its weights.
            params.pop("model")
        return {name: value for name, value in params.items() if name.partition("__")[0] in ("model", "target_scaler")}

    def _build(self, samples):
        """A new network, and how to build it again where its configuration does not say it."""
        who, model, params = type(self).__name__, self.model, self._routed("model")
        if model is None:
            raise ValueError(
                f"{who} needs a model: pass model=, a function that returns a keras.Model, or a keras.Model."
            )
        # Mistyped names are told before anything is built.
        self._fit_params_of_user()
        self._predict_params()
        if _is_model(model) or not callable(model):
            if params:
                raise ValueError(
                    f"{who}: model__{next(iter(params))} goes to a builder, but model is a keras.Model, which is "
                    "built. Pass the function that builds it."
                )
            build, compiles = partial(_copy, who, _state_of(model)), False
        else:
            build, compiles = self._bind(model, params, samples), _asks_for("compile_kwargs", model)
        build = partial(_built, build, samples.sample_shape)
        network = build() if _is_model(model) or not callable(model) else build_seeded(build, self._seed)
        check_network(who, model, network, samples)
        if network.compiled and not compiles:
            self._refuse_unused(network)
        self._compile_again = build if network.compiled else None
        return network, build

    def _restore(self):
        """The network as it is; one that its builder has compiled comes from the builder, compiled alike."""
        if self._compile_again is None:
            return super()._restore()
        network = self._compile_again()
        network.set_weights(self.network_.weights)
        return network, self._compile_again

    def _compile(self, model):
        if self._compile_again is None:
            super()._compile(model)
        else:
            compiled = NetworkState.of(self._compile_again(), keep_compiled=True).compiled
            model.compile(**as_given(compiled))

    def _bind(self, builder, params, samples):
        """The builder with what it asks for by name."""
        from sklstm.training import check_parameters

        check_parameters("model", params, builder)
        given = seed_for(builder, self._seed)
        if _asks_for("meta", builder):
            given["meta"] = self._meta(samples)
        compile_kwargs = self._compile_kwargs() if _asks_for("compile_kwargs", builder) else None
        for name, parameter in inspect.signature(builder).parameters.items():
            needed = parameter.default is parameter.empty and parameter.kind in _NAMED
            if needed and name == "params" and name not in params:
                raise ValueError(
                    f"{type(self).__name__}: the builder {name_of(builder)} asks "
                    "for 'params', all parameters of the estimator, as scikeras passes them. Ask for those that it "
                    "needs by name, and set them as model__units=32."
                )
            if needed and name not in {"meta", "compile_kwargs", "seed"} | set(params):
                raise ValueError(
                    f"{type(self).__name__}: the builder {name_of(builder)} asks "
                    f"for {name!r}. Pass model__{name}=, or give it a default."
                )
        return partial(_call, builder, given | params, compile_kwargs)

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
        """A function that makes a fresh optimizer, the loss and the metrics, as keras.Model.compile takes them."""
        loss = self._usual_loss() if self.loss is None else self.loss
        routed = {route: self._routed(route) for route in ("optimizer", "loss", "metrics")}
        return partial(_compile_kwargs, self.optimizer, loss, self.metrics, routed)

    def _refuse_unused(self, network):
        """Refuse an optimizer, a loss or a parameter of theirs where the model was compiled without asking for them."""
        from sklstm.training import build_loss, build_optimizer

        unused = [
            name for name in vars(self) if name.partition("__")[0] in ("optimizer", "loss", "metrics") and "__" in name
        ]
        if self.loss is not None and loss_name(build_loss(self.loss)) != loss_name(network.loss):
            unused.append("loss")
        if self.optimizer != "rmsprop" and type(build_optimizer(self.optimizer)) is not type(network.optimizer):
            unused.append("optimizer")
        if unused:
            raise ValueError(
                f"{type(self).__name__}: {unused[0]} has no effect, as the model is compiled already, with "
                f"{type(network.optimizer).__name__} and {loss_name(network.loss)}. Let the builder take "
                "compile_kwargs, and model.compile(**compile_kwargs), or return a model that is not compiled."
            )

    def _settings(self, network):
        from sklstm.training import Settings

        if network.compiled:
            # The builder chose: what it compiled with holds.
            return Settings(network.optimizer, network.loss)
        settings = self._compile_kwargs()()
        return Settings(settings["optimizer"], settings["loss"], tuple(settings["metrics"]))

    def _callbacks(self, watched):
        from sklstm.training import build_callbacks

        of_fit = self._fit_params_of_user().get("callbacks")
        return [*build_callbacks(self.callbacks, **self._routed("callbacks")), *build_callbacks(of_fit)]

    # --- routed to fit and predict ----------------------------------------------------------------

    def _epochs(self):
        return self._fit_params_of_user().get("epochs", self.epochs)

    def _batch_size(self):
        return self._fit_params_of_user().get("batch_size", self.batch_size) or 32

    def _validation_batch_size(self):
        return self._fit_params_of_user().get("validation_batch_size") or self._batch_size()

    def _fit_params(self):
        params = {"verbose": int(self.verbose)} | self._fit_params_of_user()
        ours = ("epochs", "batch_size", "callbacks", "validation_batch_size")
        return {name: value for name, value in params.items() if name not in ours}

    def _fit_params_of_user(self):
        return self._checked("fit", fit)

    def _predict_params(self):
        params = self._checked("predict", predict)
        chunk = params.get("batch_size")
        return {} if chunk in (None, -1) else {"chunk": chunk}

    def _checked(self, route, function):
        """Parameters for Keras' fit or predict, in the same ranges as those of this estimator."""
        from sklstm.training import check_parameters

        params = self._routed(route)
        if route == "fit":
            params |= getattr(self, "_of_this_fit", {})
        check_parameters(route, params, function)
        own = {f"{route}__{name}": self._parameter_constraints[name] for name in params if hasattr(self, name)}
        validate_parameter_constraints(
            own, {f"{route}__{name}": value for name, value in params.items()}, caller_name=type(self).__name__
        )
        return params

    def _validation(self):
        return self.validation_split, "validation_split"

    # --- copies -----------------------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__()
        if _is_model(state["model"]):
            # As plain data, like the fitted network.
            state = state | {"model": _state_of(state["model"])}
        return state

    def __sklearn_clone__(self):
        if not _is_model(self.model):
            return super().__sklearn_clone__()
        # Keras copies a model by saving it, which it does not do well with one that is compiled but not trained.
        twin = copy.copy(self)
        cloned = super(AnyNetwork, twin).__sklearn_clone__()
        cloned.model = _copy(type(self).__name__, twin.model)
        return cloned


def _is_model(model):
    """Whether it is a keras.Model; where Keras is not loaded, there is none."""
    return "keras" in sys.modules and isinstance(model, sys.modules["keras"].Model)


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


# Parameters of a builder that go by a name.
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _asks_for(name, builder):
    """Whether a builder takes a parameter of this name; one with ``**kwargs`` takes any, as with scikeras."""
    parameters = inspect.signature(builder).parameters
    return name in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def _call(builder, given, compile_kwargs):
    """What a builder returns; each time it is given a fresh optimizer, loss and metrics, where it asks for them."""
    return builder(**given) if compile_kwargs is None else builder(**{"compile_kwargs": compile_kwargs()} | given)


def _compile_kwargs(optimizer, loss, metrics, routed):
    from sklstm.training import build_loss, build_metrics, build_optimizer

    return {
        "optimizer": build_optimizer(optimizer, **routed["optimizer"]),
        "loss": build_loss(loss, **routed["loss"]),
        "metrics": build_metrics(metrics, **routed["metrics"]),
    }


def _built(build, sample_shape):
    """A new network that has its layers; Keras gives them to one without an input layer when it first sees an input."""
    import keras

    network = build()
    if isinstance(network, keras.Model) and not network.built:
        network(keras.Input(sample_shape))
    return network


def _state_of(model):
    """A keras.Model as plain data, with what it was compiled with; what a pickle brought back is plain already."""
    return model if isinstance(model, NetworkState) else NetworkState.of(model, keep_compiled=True)


def _copy(who, state):
    """A new model with the weights of the one given, and what it was compiled with."""
    try:
        return state.build()
    except (TypeError, ValueError, NotImplementedError) as cause:
        raise ValueError(
            f"{who} takes a keras.Model that Keras can copy, and this one holds a class or a function that it does not "
            "know. Pass the function that builds the model, or register what is your own with "
            "keras.saving.register_keras_serializable."
        ) from cause
