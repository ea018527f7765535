"""Settings of the load that runs, for the stand-ins that it constructs."""

from contextvars import ContextVar
from typing import NamedTuple


class Reading(NamedTuple):
    """Settings of one load.

    Attributes
    ----------
    trusted : frozenset of str
        Full names of the classes and functions that the user trusts.
    builds_keras : bool
        Whether instances of Keras are built. A process without Keras keeps them as plain data.
    """

    trusted: frozenset
    builds_keras: bool


_current: ContextVar[Reading] = ContextVar("reading")


def current():
    """Return the settings of the load that runs; outside of one there is a LookupError."""
    return _current.get()


def begin(reading):
    """Set the settings of a load; returns the token for `end`."""
    return _current.set(reading)


def end(token):
    """Forget them again."""
    _current.reset(token)
