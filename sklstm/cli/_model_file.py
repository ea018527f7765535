"""The file that `sklstm tune` writes, and the other commands read."""

import pickle
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
