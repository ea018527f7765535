"""The file that `sklstm tune` writes, and the other commands read."""

import pickle
import shlex
from pathlib import Path

from sklstm import SeriesForecaster
from sklstm.cli._console import load_keras_silently


def load_forecaster(path):
    """The fitted forecaster in a pickle. Unpickling runs code: only load files that you trust.

    Raises
    ------
    ValueError
        If there is no such file, or it holds no fitted forecaster.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}. Write one with: sklstm tune DATA --out DIR")
    load_keras_silently()
    try:
        forecaster = pickle.loads(Path(path).read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as broken:
        raise ValueError(f"{path!r} is no forecaster that sklstm can load: {broken}") from None
    if not isinstance(forecaster, SeriesForecaster) or not hasattr(forecaster, "feature_names_in_"):
        raise ValueError(f"{path!r} holds a {type(forecaster).__name__}, not a SeriesForecaster fitted on a DataFrame.")
    return forecaster


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
