"""How far forecasts miss, by the names that a backtest and a search know these measures by."""

import numpy as np

from sklstm._parameters import suggest


def _root_mean_squared(truth, forecast):
    return np.sqrt(np.mean((truth - forecast) ** 2))


def _mean_absolute(truth, forecast):
    return np.mean(np.abs(truth - forecast))


def _mean_absolute_percentage(truth, forecast):
    # A share of nothing is not defined; near zero it says little.
    return np.mean(np.abs(truth - forecast) / np.abs(truth)) * 100 if (truth != 0).all() else np.nan


ERRORS = {"rmse": _root_mean_squared, "mae": _mean_absolute, "mape": _mean_absolute_percentage}


def find_errors(who, names, also=()):
    """Functions of (truth, forecast) by name, for names of errors and for functions of one's own.

    Parameters
    ----------
    who : str
        Who asks, for the message.
    names : sequence of str or callable
        What is asked for.
    also : sequence of str
        Further names, which the caller knows what to do with.

    Returns
    -------
    errors : dict of str to callable or None
        None under the further names.
    """
    found = {}
    for name in names:
        if callable(name):
            found[getattr(name, "__name__", type(name).__name__)] = name
        elif name in ERRORS or name in also:
            found[name] = ERRORS.get(name)
        else:
            known = [*ERRORS, *also]
            raise ValueError(
                f"{who} knows no error {name!r}.{suggest(str(name), known)} It knows {', '.join(map(repr, known))}, "
                "and takes functions of (y_true, y_pred)."
            )
    return found
