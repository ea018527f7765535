"""Warnings that point at the user's own line."""

import sys
import warnings


def warn_user(message, category):
    """Warn, naming the nearest line that is neither sklstm's nor scikit-learn's."""
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("sklstm", "sklearn"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
