"""Versions that wrote a file or a pickle, and a warning where others read it."""

from functools import cache
from importlib import metadata

from sklearn.exceptions import InconsistentVersionWarning

from sklstm._warnings import warn_user

# Where a pickle has the version of sklstm that wrote it.
KEY = "_sklstm_version"


class VersionWarning(InconsistentVersionWarning):
    """What was saved by one version is loaded by another, and may predict differently or fail.

    It is one of scikit-learn's warnings of this kind, so that a filter for these holds for it, too.

    Parameters
    ----------
    what : str
        What is loaded.
    written, here : dict of str to str
        Versions by the name of the package, those that differ.

    See Also
    --------
    load : Warns so.

    Examples
    --------
    >>> from sklstm.persistence import VersionWarning
    >>> print(VersionWarning("LSTMRegressor", {"keras": "3.13.2"}, {"keras": "3.15.1"}))
    LSTMRegressor was saved by keras 3.13.2, and is loaded by keras 3.15.1. Compare its predictions with some that you
    know, or fit it again and save it by these versions.
    """

    def __init__(self, what, written, here):
        self.what, self.written, self.here = what, written, here
        Warning.__init__(self, what, written, here)

    def __str__(self):
        return (
            f"{self.what} was saved by {_listed(self.written)}, and is loaded by {_listed(self.here)}. Compare its "
            "predictions with some that you know, or fit it again and save it by these versions."
        )


def _listed(versions):
    return " and ".join(f"{name} {version}" for name, version in versions.items())


def with_version(state):
    """Return the state of a pickle with the version of sklstm that writes it."""
    return state | {KEY: _version()}


def without_version(who, state):
    """Return the state without that version, and warn if it is another one than reads it."""
    written, here = state.get(KEY, _version()), _version()
    if written != here:
        warn_user(VersionWarning(who, {"sklstm": written}, {"sklstm": here}), None)
    return {name: value for name, value in state.items() if name != KEY}


@cache
def _version():
    # It is asked for at each copy of a transformer.
    return metadata.version("sklstm")
