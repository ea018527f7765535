"""How far forecasts miss, by the names that a backtest and a search know these measures by."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sklstm._parameters import suggest


class MeanError(NamedTuple):
    """A measure of error that is made from the mean over all forecasts.

    Attributes
    ----------
    misses : callable
        ``misses(truth, forecast)`` is what each forecast adds to the mean.
    finish : callable
        ``finish(mean)`` is the error.
    """

    misses: Callable
    finish: Callable

    def __call__(self, truth, forecast):
        return self.finish(np.mean(self.misses(truth, forecast)))


def _square(truth, forecast):
    return (truth - forecast) ** 2


def _absolute(truth, forecast):
    return np.abs(truth - forecast)


def _relative(truth, forecast):
    # A share of nothing is not defined; near zero it says little.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(truth == 0, np.inf, np.abs((truth - forecast) / truth))


def _unchanged(mean):
    return mean


def _percent(mean):
    return np.where(np.isinf(mean), np.nan, mean * 100)[()]


ERRORS = {
    "rmse": MeanError(_square, np.sqrt),
    "mae": MeanError(_absolute, _unchanged),
    "mape": MeanError(_relative, _percent),
}


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
    if isinstance(names, str) or callable(names) or not hasattr(names, "__iter__"):
        one = names if isinstance(names, str) else "rmse"
        raise ValueError(f"{who} expects metrics to be a list, got {names!r}. Pass metrics=[{one!r}], for example.")
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
