"""Strict parameters: a mistyped name is an error that offers the nearest right one."""

from difflib import get_close_matches
from inspect import Signature, signature


def suggest(name, known):
    """A question that offers the known name nearest to `name`, or nothing where none is near.

    >>> suggest("epcohs", ["epochs", "units"])
    " Did you mean 'epochs'?"
    >>> suggest("colour", ["epochs", "units"])
    ''
    """
    nearest = get_close_matches(name, known, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


class StrictParameters:
    """Mixin for estimators: unknown parameters are refused with a suggestion.

    It stands left of ``BaseEstimator``, whose ``set_params`` it extends.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # What help and editors show would else be the signature of __new__.
        _, *parameters = signature(cls.__init__).parameters.values()
        cls.__signature__ = Signature(parameters)

    def __new__(cls, *args, **params):
        cls._refuse_unknown_parameters(params, TypeError)
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
        self._refuse_unknown_parameters([name.partition("__")[0] for name in params], ValueError)
        return super().set_params(**params)

    @classmethod
    def _refuse_unknown_parameters(cls, names, error):
        """Refuse names, if there are any unknown ones, with the nearest that is known."""
        known = cls._get_param_names()
        for name in names:
            if name not in known:
                remedy, others = cls._beyond(name)
                raise error(
                    f"{cls.__name__} has no parameter {name!r}.{suggest(name, known) or remedy} "
                    f"Its parameters are: {', '.join(sorted(known))}{others}."
                )

    @classmethod
    def _beyond(cls, name):
        """What to do about a name that is near none of the known ones, and what is taken beside these; for messages."""
        return "", ""
