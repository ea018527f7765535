"""Public methods that exist for some parameters only."""

from collections.abc import Callable
from typing import TypeVar

from sklearn.utils import metaestimators

Method = TypeVar("Method", bound=Callable)


def available_if(check) -> Callable[[Method], Method]:
    """Decorate a method that exists where a check holds: scikit-learn's decorator, which keeps the method's type.

    Parameters
    ----------
    check : callable
        ``check(estimator)`` returns whether the method exists. It may raise an AttributeError that says why not: it is
        the cause of the error that users get.

    Returns
    -------
    decorator : callable
        Of the method.
    """
    return metaestimators.available_if(check)
