"""Strict parameters: a mistyped name is an error that offers the nearest right one."""

from difflib import get_close_matches
from inspect import Signature, signature

from sklstm._versions import with_version, without_version


def suggest(name, known):
    """A question that offers the known name nearest to `name`, or nothing where none is near.

    >>> suggest("epcohs", ["epochs", "units"])
    " Did you mean 'epochs'?"
    >>> suggest("colour", ["epochs", "units"])
    ''
    """
    nearest = get_close_matches(name, known, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def refuse_unknown_parameters(cls, names, error):
    """Refuse names that a class has no parameter of, with the nearest that it has.

    Parameters
    ----------
    cls : type
        An estimator class.
    names : iterable of str
        Of parameters; a nested one, ``name__parameter``, goes by its first part.
    error : type
        What to raise.

    Notes
    -----
    `cls._routes` are prefixes of parameters that are passed on, and may have any name; `cls._elsewhere` says how what
    some other names say is written.
    """
    known, routes = cls._get_param_names(), cls._routes
    for name in names:
        own = name if error is TypeError else name.partition("__")[0]
        if own in known or is_routed(name, routes):
            continue
        remedy = others = ""
        if routes:
            # It goes by its whole name, which may be meant for the model.
            own, remedy = name, f" For the model: model__{name}."
            others = f", and any that begins with {', '.join(f'{route}__' for route in routes)}"
        if own in cls._elsewhere:
            raise error(f"{cls.__name__} has no parameter {own!r}. Pass {cls._elsewhere[own]}.")
        raise error(
            f"{cls.__name__} has no parameter {own!r}.{suggest(own, known) or remedy} "
            f"Its parameters are: {', '.join(sorted(known))}{others}."
        )


def show_parameters(cls):
    """Let help and editors show the parameters of a class that has a __new__: they would show those of that."""
    _, *parameters = signature(cls.__init__).parameters.values()
    cls.__signature__ = Signature(parameters)


def is_routed(name, routes):
    """Whether a name has one of these prefixes: ``model__units`` has "model"."""
    route, _, rest = name.partition("__")
    return route in routes and bool(rest)


class StrictParameters:
    """Mixin for estimators: unknown parameters are refused with a suggestion.

    It stands left of ``BaseEstimator``, whose ``set_params`` it extends.
    """

    # Prefixes of parameters that are passed on, and how options are written that one may take for parameters.
    _routes: tuple = ()
    _elsewhere: dict = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        show_parameters(cls)

    def __new__(cls, *args, **params):
        refuse_unknown_parameters(cls, params, TypeError)
        return super().__new__(cls)

    def set_params(self, **params):
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
        return super().set_params(**params)

    def __getstate__(self):
        return with_version(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(without_version(type(self).__name__, state))
