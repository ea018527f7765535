"""Names of lag columns: ``passengers(t-1)`` is what passengers were one time step ago."""

import re

LAG_COLUMN = re.compile(r"(?P<feature>.+)\(t(?P<lag>[+-]\d+)?\)")


def lag_name(name, lag):
    """Name of a feature at a lag: ``passengers(t-2)``, ``passengers(t)``, ``passengers(t+1)``."""
    return f"{name}(t{lag:+d})" if lag else f"{name}(t)"


def read_lag_columns(who, names):
    """Order of columns that are named like lags, and their features; None where they are not.

    >>> read_lag_columns("To3D", ["A(t)", "A(t-1)"])
    ([1, 0], ['A'])
    >>> read_lag_columns("To3D", ["A", "B"])
    """
    parsed = [LAG_COLUMN.fullmatch(name) for name in names]
    if not parsed or not all(parsed):
        return None
    columns = {(match["feature"], int(match["lag"] or 0)): k for k, match in enumerate(parsed)}
    features = list(dict.fromkeys(feature for feature, _ in columns))
    lags = sorted({lag for _, lag in columns})
    absent = [lag_name(feature, lag) for lag in lags for feature in features if (feature, lag) not in columns]
    if absent:
        raise ValueError(
            f"{who} expects every feature at every lag, got lag columns without {', '.join(absent)}. "
            "Add the columns, or drop the lags that some features lack."
        )
    return [columns[feature, lag] for lag in lags for feature in features], features
