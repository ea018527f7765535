"""Warnings that point at the user's own line."""

import sys
import warnings


def warn_user(message, category):
    """Warn, naming the nearest line that is not sklstm's, scikit-learn's, or joblib's, which runs its searches."""
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("sklstm", "sklearn", "joblib"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
