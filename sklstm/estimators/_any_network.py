"""The side of the network of KerasRegressor and KerasClassifier: any builder, any model."""

import inspect
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval

from sklstm._network_state import NetworkState, describes_itself
from sklstm._validation import check_frames, check_rows, check_windows, is_ragged, n_dims, read_numbers
from sklstm.estimators._built_in_networks import check_network
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._routing import RoutedParameters
from sklstm.estimators._samples import Samples


class AnyNetwork(RoutedParameters, KerasEstimator):
    """Base of the estimators for any Keras model, with the parameter names of scikeras."""

    _parameter_constraints = {
        "model": [callable, HasMethods(["build"]), None],
        "optimizer": [str, type, HasMethods(["get_config", "apply_gradients"])],
        "loss": [str, callable, None],
        "metrics": [list, tuple, None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "validation_gap": [Interval(Integral, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "callbacks": [list, tuple, dict, type, HasMethods("on_epoch_end"), None],
        "warm_start": ["boolean"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

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

    # --- the network ------------------------------------------------------------------------------

    def _build(self, samples):
        """A new network, and how to build it again where its configuration does not say it."""
        import keras

        who, model, params = type(self).__name__, self.model, self._routed("model")
        if model is None:
            raise ValueError(
                f"{who} needs a model: pass model=, a function that returns a keras.Model, or a keras.Model."
            )
        if isinstance(model, keras.Model) or not callable(model):
            if params:
                raise ValueError(
                    f"{who}: model__{next(iter(params))} goes to a builder, but model is a keras.Model, which is "
                    "built. Pass the function that builds it."
                )
            build = partial(_copy, model)
        else:
            build = self._bind(model, params, samples)
        network = build()
        check_network(who, model, network)
        _refuse_nan(who, network, samples)
        return network, build

    def _bind(self, builder, params, samples):
        """The builder with what it asks for by name."""
        from sklstm.training import check_parameters

        offered = {"meta": self._meta(samples), "compile_kwargs": self._compile_kwargs()}
        asked = inspect.signature(builder).parameters
        check_parameters("model", params, builder)
        given = {name: value for name, value in offered.items() if name in asked} | params
        for name, parameter in asked.items():
            if (
                parameter.default is parameter.empty
                and name not in given
                and parameter.kind < 4
                and parameter.kind != 2
            ):
                raise ValueError(
                    f"{type(self).__name__}: the builder {getattr(builder, '__name__', type(builder).__name__)} asks "
                    f"for {name!r}. Pass model__{name}=, or give it a default."
                )
        return partial(builder, **given)

    def _compile_kwargs(self):
        """A fresh optimizer, the loss and the metrics, as keras.Model.compile takes them."""
        from sklstm.training import build_loss, build_metrics, build_optimizer

        return {
            "optimizer": build_optimizer(self.optimizer, **self._routed("optimizer")),
            "loss": build_loss(self._usual_loss() if self.loss is None else self.loss, **self._routed("loss")),
            "metrics": build_metrics(self.metrics, **self._routed("metrics")),
        }

    def _settings(self, network):
        from sklstm.training import Settings

        if network.compiled:
            # The builder chose: what it compiled with holds.
            return Settings(network.optimizer, network.loss)
        settings = self._compile_kwargs()
        return Settings(settings["optimizer"], settings["loss"], tuple(settings["metrics"]))

    def _callbacks(self, watched):
        from sklstm.training import build_callbacks

        return build_callbacks(self.callbacks, **self._routed("callbacks"))

    # --- routed to fit and predict ----------------------------------------------------------------

    def _epochs(self):
        return self._fit_params_of_user().get("epochs", self.epochs)

    def _batch_size(self):
        return self._fit_params_of_user().get("batch_size", self.batch_size) or 32

    def _fit_params(self):
        params = {"verbose": int(self.verbose)} | self._fit_params_of_user()
        return {name: value for name, value in params.items() if name not in ("epochs", "batch_size")}

    def _fit_params_of_user(self):
        from sklstm.training import check_parameters

        params = self._routed("fit")
        check_parameters("fit", params, fit)
        return params

    def _predict_params(self):
        from sklstm.training import check_parameters

        params = self._routed("predict")
        check_parameters("predict", params, predict)
        return {"chunk": params["batch_size"]} if params.get("batch_size") else {}

    def _validation(self):
        return self.validation_split, "validation_split"

    def __getstate__(self):
        import sys

        state = super().__getstate__()
        if "keras" in sys.modules and isinstance(state["model"], sys.modules["keras"].Model):
            # As plain data, like the fitted network.
            state = state | {"model": _state_of(state["model"])}
        return state


def fit(epochs, batch_size, verbose, initial_epoch, steps_per_epoch, validation_steps, validation_freq):
    """What ``fit__`` may say, of all that Keras' fit takes; the rest is said by other parameters."""


def predict(batch_size, verbose):
    """What ``predict__`` may say, of all that Keras' predict takes."""


def _state_of(model):
    return NetworkState.of(model, keep_compiled=True)


def _copy(model):
    """A new model with the weights of the one given, and what it was compiled with."""
    import keras

    return _state_of(model).build() if isinstance(model, keras.Model) else model.build()


def _refuse_nan(who, network, samples):
    """Refuse time steps that were not observed where the network would take them for numbers."""
    if describes_itself(network) and '"Isnan"' not in network.to_json() and np.isnan(samples.windows.buffer).any():
        raise ValueError(
            f"{who} got NaN in X, time steps that were not observed, and the network does not look for NaN: its loss "
            "would be NaN. Begin the network with sklstm.networks.split_observed, use one of sklstm.networks, or drop "
            "the samples that hold NaN."
        )
