"""Warnings that point at the user's own line."""

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar

_muted = ContextVar("muted", default=())


class ColdStartWarning(UserWarning):
    """Windows lack the rows before them: of new rows, or of most training rows.

    See Also
    --------
    LagFramer : Frames windows, and takes rows before new ones from the fitted rows.

    Examples
    --------
    >>> import warnings
    >>> from sklstm import ColdStartWarning
    >>> warnings.simplefilter("ignore", ColdStartWarning)  # turn it off
    """


class UnseenRangeWarning(UserWarning):
    """A feature lies far outside of the range that it had in training.

    See Also
    --------
    SeriesScaler : Clips, refuses or reports such values by `out_of_range`.

    Examples
    --------
    >>> import warnings
    >>> from sklstm import UnseenRangeWarning
    >>> warnings.simplefilter("ignore", UnseenRangeWarning)  # turn it off
    """


@contextmanager
def without(*categories):
    """Let `warn_user` leave out warnings of these categories, in this thread."""
    token = _muted.set((*_muted.get(), *categories))
    try:
        yield
    finally:
        _muted.reset(token)


def warn_user(message, category):
    """Warn, naming the nearest line that is not sklstm's, scikit-learn's, or joblib's, which runs its searches."""
    if category in _muted.get():
        return
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("sklstm", "sklearn", "joblib"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
