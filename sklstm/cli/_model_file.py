"""The file that `sklstm tune` writes, and the other commands read."""

import pickle
import shlex
import sys
import warnings
from pathlib import Path

import sklstm
from sklstm import SeriesForecaster
from sklstm.cli._console import load_keras_silently
from sklstm.cli._report import print_notes
from sklstm.persistence import VersionWarning


def load_forecaster(path, *, trust_pickle=False):
    """Load a fitted forecaster from an archive; from a pickle, which executes code, only where that is trusted.

    Notes on versions go to stderr.

    Raises
    ------
    ValueError
        If there is no such file, or it holds no fitted forecaster.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}. Write one with: sklstm tune DATA --out DIR")
    with open(path, "rb") as file:
        is_pickle = file.read(1) == b"\x80"
    if is_pickle and not trust_pickle:
        raise ValueError(
            f"{path!r} is a pickle, which executes code when it is loaded. If you trust it, pass --trust-pickle."
        )
    load_keras_silently()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", VersionWarning)
        forecaster = _unpickle(path) if is_pickle else sklstm.load(path)
    print_notes([warning.message for warning in caught], sys.stderr)
    if not isinstance(forecaster, SeriesForecaster) or not hasattr(forecaster, "feature_names_in_"):
        raise ValueError(f"{path!r} holds a {type(forecaster).__name__}, not a SeriesForecaster fitted on a DataFrame.")
    return forecaster


def _unpickle(path):
    try:
        return pickle.loads(Path(path).read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as broken:
        raise ValueError(f"{path!r} is no forecaster that sklstm can load: {broken}") from None


def refuse_going_on(path, forecaster, steps):
    """Raise where a forecaster forecasts fewer steps than these, and cannot go on from its own forecasts."""
    if steps <= forecaster.horizon or forecaster.can_go_on_:
        return
    given = {
        forecaster.target_,
        forecaster.group,
        forecaster.time,
        *(forecaster.static or ()),
        *(forecaster.future or ()),
    }
    unknown = [column for column in forecaster.feature_names_in_ if column not in given]
    rows = "row" if forecaster.horizon == 1 else f"{forecaster.horizon} rows"
    why, ahead = "", ""
    if unknown:
        why = f" without knowing what follows in {', '.join(map(repr, unknown))}, too"
        ahead = f", or, where that is known ahead, with --future {shlex.join(unknown)}"
    raise ValueError(
        f"{path} forecasts the next {rows}, and cannot go on to {steps}{why}. Tune again with --horizon {steps}{ahead}."
    )
