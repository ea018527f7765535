"""Small real data sets, shipped with the package."""

from importlib.resources import files
from typing import Literal, overload

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklstm.preprocessing import make_supervised

Split = Literal["train", "test"] | None
DATA = files("sklstm.datasets") / "data"

AIRLINE = """\
Monthly totals of international airline passengers, in thousands, January 1949 to December 1960.

144 months, one feature. Trend, and a season of 12 months that grows with it: the two things that an LSTM
scaled over the whole series cannot forecast beyond the level it has seen.

Source: Box, Jenkins and Reinsel, Time Series Analysis, Forecasting and Control, 3rd edition, 1976, Series G.
Licence of the file: BSD-3-Clause, the aeon developers.
"""

SUNSPOTS = """\
Yearly mean sunspot number, 1700 to 2008.

309 years, one feature. Cycles of about 11 years, whose height changes.

Source: US National Geophysical Data Center. Public domain.
"""

SEATTLE_WEATHER = """\
Daily weather in Seattle, 2012 to 2015.

1461 days, four features: precipitation (mm), temp_max and temp_min (degrees Celsius), wind (m/s). `weather` says
in a word what kind of day it was (drizzle, fog, rain, snow, sun).

Source: US National Oceanic and Atmospheric Administration. Public domain.
"""

JAPANESE_VOWELS = """\
Two Japanese vowels, spoken by nine men: who speaks?

640 utterances of 7 to 29 time steps, 12 features: the coefficients of a linear predictive coding cepstrum. The target
is the speaker, "1" to "9". Published split: 270 utterances to train on (30 for each speaker), 370 to test on.

Source: Kudo, Toyama and Shimbo, Multidimensional curve classification using passing-through regions, Pattern
Recognition Letters 20, 1999; UCI Machine Learning Repository, CC BY 4.0. Licence of the file: BSD-3-Clause, the aeon
developers.
"""


@overload
def load_airline(*, return_X_y: Literal[False] = False) -> Bunch: ...
@overload
def load_airline(*, return_X_y: Literal[True]) -> tuple[pd.DataFrame, pd.Series]: ...
def load_airline(*, return_X_y=False):
    """Load the airline passengers: 144 months, one feature.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(X, y)``, each month and the next one's passengers, instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With ``data``, a DataFrame of shape (144, 1) indexed by month, in thousands of passengers;
        ``target_name``, the column that ``return_X_y`` forecasts; and ``DESCR``.

    See Also
    --------
    load_sunspots : Yearly, in cycles.
    load_seattle_weather : Daily, of several features.

    Examples
    --------
    >>> from sklstm.datasets import load_airline
    >>> load_airline().data.tail(2)
                passengers
    month
    1960-11-01         390
    1960-12-01         432
    """
    return _series("airline.csv", "month", "MS", "passengers", AIRLINE, return_X_y)


@overload
def load_sunspots(*, return_X_y: Literal[False] = False) -> Bunch: ...
@overload
def load_sunspots(*, return_X_y: Literal[True]) -> tuple[pd.DataFrame, pd.Series]: ...
def load_sunspots(*, return_X_y=False):
    """Load the yearly sunspot numbers: 309 years, one feature.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(X, y)``, each year and the next one's sunspots, instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With ``data``, a DataFrame of shape (309, 1) indexed by year; ``target_name``, the column that
        ``return_X_y`` forecasts; and ``DESCR``.

    See Also
    --------
    load_airline : Monthly, with a trend and a season.
    load_seattle_weather : Daily, of several features.

    Examples
    --------
    >>> from sklstm.datasets import load_sunspots
    >>> load_sunspots().data.shape
    (309, 1)
    """
    return _series("sunspots.csv", "year", "YS", "sunspots", SUNSPOTS, return_X_y)


@overload
def load_seattle_weather(*, return_X_y: Literal[False] = False) -> Bunch: ...
@overload
def load_seattle_weather(*, return_X_y: Literal[True]) -> tuple[pd.DataFrame, pd.Series]: ...
def load_seattle_weather(*, return_X_y=False):
    """Load daily weather in Seattle: 1461 days, four features.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(X, y)``, each day and the next one's highest temperature, instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With ``data``, a DataFrame of shape (1461, 4) indexed by day; ``weather``, a Series that says what
        kind of day it was; ``target_name``, the column that ``return_X_y`` forecasts; and ``DESCR``.

    See Also
    --------
    load_airline : Monthly, with a trend and a season.
    load_japanese_vowels : Sequences of different lengths, of several classes.

    Examples
    --------
    >>> from sklstm.datasets import load_seattle_weather
    >>> list(load_seattle_weather().data.columns)
    ['precipitation', 'temp_max', 'temp_min', 'wind']
    """
    return _series("seattle_weather.csv", "date", "D", "temp_max", SEATTLE_WEATHER, return_X_y)


@overload
def load_japanese_vowels(*, split: Split = None, return_X_y: Literal[False] = False) -> Bunch: ...
@overload
def load_japanese_vowels(*, split: Split = None, return_X_y: Literal[True]) -> tuple[list[np.ndarray], np.ndarray]: ...
def load_japanese_vowels(*, split=None, return_X_y=False):
    """Load the Japanese vowels: 640 sequences of 7 to 29 time steps and 12 features, of nine speakers.

    Parameters
    ----------
    split : {"train", "test"} or None, default=None
        The published part to train on (270) or to test on (370), or both, one after the other.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With ``data``, a list of arrays of shape (n_timesteps_i, 12); ``target``, an array of the speakers'
        labels; ``feature_names``; ``target_names``; and ``DESCR``.

    Raises
    ------
    ValueError
        If there is no such split.

    See Also
    --------
    load_seattle_weather : Daily, of several features.

    Examples
    --------
    >>> from sklstm.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(split="train", return_X_y=True)
    >>> len(X), X[0].shape, y[0]
    (270, (20, 12), np.str_('1'))
    """
    if split not in ("train", "test", None):
        raise ValueError(f"load_japanese_vowels expects split to be 'train', 'test' or None, got {split!r}.")
    table = _read("japanese_vowels.csv.gz", compression="gzip")
    if split is not None:
        table = table[table["split"] == split]
    starts = np.flatnonzero(table[["split", "utterance"]].ne(table[["split", "utterance"]].shift()).any(axis=1))
    features = list(table.columns[3:])
    data = np.split(table[features].to_numpy(), starts[1:])
    target = table["speaker"].to_numpy()[starts].astype(str)
    if return_X_y:
        return data, target
    return Bunch(
        data=data, target=target, feature_names=features, target_names=np.unique(target), DESCR=JAPANESE_VOWELS
    )


def _series(file, time, freq, target_name, description, return_X_y):
    table = _read(file)
    times = pd.DatetimeIndex(pd.to_datetime(table[time].astype(str)), freq=freq, name=time)
    table = table.drop(columns=time).set_index(times)
    data = table.select_dtypes("number")
    if return_X_y:
        return make_supervised(data, target=target_name)
    words = {name: table[name] for name in table.columns.difference(data.columns)}
    return Bunch(data=data, target_name=target_name, DESCR=description, **words)


def _read(file, **options):
    with (DATA / file).open("rb") as opened:
        return pd.read_csv(opened, **options)
