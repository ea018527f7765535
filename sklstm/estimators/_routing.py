"""Parameters with a prefix, which go to the builder, the optimizer, Keras' fit and so on."""

from sklstm._parameters import StrictParameters

# Prefix, and where parameters of that prefix go.
ROUTES = ("model", "optimizer", "loss", "metrics", "callbacks", "fit", "predict")


class RoutedParameters(StrictParameters):
    """Mixin for estimators that take ``model__units=32``, ``optimizer__learning_rate=1e-3`` and the like.

    A routed parameter is a parameter like any other: `get_params`, `set_params` and `clone` know it. Whether the
    builder or the optimizer takes it is checked in fit, against their own signatures.
    """

    def __new__(cls, *args, **params):
        cls._refuse_unknown_parameters([name for name in params if not _is_routed(name)], TypeError)
        return super().__new__(cls)

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
        return super().get_params(deep=deep) | {name: value for name, value in vars(self).items() if _is_routed(name)}

    def set_params(self, **params):
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Names and values. ``model__units=None`` sets None; a routed parameter once set stays.

        Returns
        -------
        self : estimator instance
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is unknown; the message offers the nearest one.
        """
        routed = {name: value for name, value in params.items() if _is_routed(name)}
        own = {name: value for name, value in params.items() if name not in routed}
        known = self._get_param_names()
        # By its whole name, which may be meant for the model.
        self._refuse_unknown_parameters([name for name in own if name.partition("__")[0] not in known], ValueError)
        super().set_params(**own)
        self._set_routed(routed)
        return self

    @classmethod
    def _beyond(cls, name):
        prefixes = ", ".join(f"{route}__" for route in ROUTES)
        return f" For the model: model__{name}.", f", and any that begins with {prefixes}"

    def _set_routed(self, params):
        for name, value in params.items():
            setattr(self, name, value)

    def _routed(self, route):
        """Parameters of one prefix, without it."""
        return {name.removeprefix(f"{route}__"): value for name, value in vars(self).items() if _has(route, name)}


def _is_routed(name):
    return any(_has(route, name) for route in ROUTES)


def _has(route, name):
    return name.startswith(f"{route}__") and len(name) > len(route) + 2
