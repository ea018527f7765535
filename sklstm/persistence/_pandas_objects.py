"""pandas objects as plain data: arrays beside names of types, times as int64 beside their unit and zone.

Fitted state holds them where users see them (the last rows of a forecaster, the forecasts of a backtest), and as labels
of series, which look series up. They are taken apart here, in one place, and put together again in `load`.
"""

import re
from datetime import tzinfo

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype

from sklstm.persistence._stand_in import StandIn


def describe(value):
    """Return the stand-in class of a pandas object and its arguments; None for anything else.

    Raises
    ------
    TypeError
        If it is a pandas object that is not stored.
    """
    if isinstance(value, tzinfo):
        return Zone, _zone(value)
    if not type(value).__module__.startswith("pandas"):
        return None
    for kind, stand_in, arguments in KINDS:
        if isinstance(value, kind):
            return stand_in, *arguments(value)
    return None


# --- single values --------------------------------------------------------------------------------


class Missing(StandIn):
    """NaT or NA."""

    @staticmethod
    def restore(name):
        return {"NaT": pd.NaT, "NA": pd.NA}[name]


class Moment(StandIn):
    """A Timestamp: a number of units since 1970 in universal time, and a zone."""

    @staticmethod
    def restore(number, unit, zone):
        return _in_zone(pd.Timestamp(np.datetime64(number, unit)), zone)


class Duration(StandIn):
    """A Timedelta."""

    @staticmethod
    def restore(number, unit):
        return pd.Timedelta(np.timedelta64(number, unit))


class Zone(StandIn):
    """A time zone, by its name."""

    @staticmethod
    def restore(name):
        return _in_zone(pd.Timestamp(0), name).tz


class Span(StandIn):
    """A Period: its number, counted by its freq."""

    @staticmethod
    def restore(ordinal, freq):
        return pd.Period(ordinal=ordinal, freq=freq)


class Between(StandIn):
    """An Interval."""

    @staticmethod
    def restore(left, right, closed):
        return pd.Interval(left, right, closed)


class Offset(StandIn):
    """An offset: its class, and what that takes."""

    @staticmethod
    def restore(name, n, normalize, params):
        cls = getattr(pd.offsets, name)
        if not issubclass(cls, pd.offsets.BaseOffset):
            raise ValueError(f"pandas has no offset {name!r}")
        # Of some offsets, such as hours, days of a clock have no place.
        return cls(n, normalize=normalize, **params) if normalize else cls(n, **params)


def _offset(offset):
    # A calendar is made from weekmask and holidays.
    params = {name: value for name, value in offset.kwds.items() if name != "calendar"}
    return type(offset).__name__, offset.n, bool(offset.normalize), params


# A name of a zone, no path.
ZONE = re.compile(r"(?!dateutil)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+|[+-][0-9]{2}:[0-9]{2})*")


def _in_zone(times, zone):
    """Times of the universal clock by the clock of a zone, given by its name; None for no zone."""
    if zone is None:
        return times
    if not ZONE.fullmatch(zone):
        raise ValueError(f"there is no time zone {zone!r}")
    return times.tz_localize("UTC").tz_convert(zone)


def _zone(zone):
    """The name of a time zone; None for none."""
    if zone is None:
        return None
    name = str(zone)
    try:
        _in_zone(pd.Timestamp(0), name)
    except (KeyError, ValueError, TypeError):
        raise TypeError(f"times of the zone {zone!r}, which has no name. Use zoneinfo.ZoneInfo.") from None
    return name


# --- arrays ---------------------------------------------------------------------------------------


class DateArray(StandIn):
    """Timestamps as int64, with their unit and zone."""

    @staticmethod
    def restore(numbers, unit, zone):
        return _in_zone(pd.DatetimeIndex(numbers.view(f"datetime64[{unit}]")), zone).array


class DurationArray(StandIn):
    """Durations as int64, with their unit."""

    @staticmethod
    def restore(numbers, unit):
        return pd.TimedeltaIndex(numbers.view(f"timedelta64[{unit}]")).array


class SpanArray(StandIn):
    """Periods as int64, with their freq."""

    @staticmethod
    def restore(ordinals, freq):
        return pd.PeriodIndex.from_ordinals(ordinals, freq=freq).array


class ObjectTimes(StandIn):
    """An array of dtype object that holds Timestamps, Timedeltas or Periods of one kind, and None."""

    @staticmethod
    def restore(times, missing, shape):
        array = np.empty(len(missing), dtype=object)
        array[~missing] = times.astype(object)
        return array.reshape(shape)


def describe_times(array):
    """Return the arguments of `ObjectTimes` for an array of dtype object; None if it holds anything else."""
    items = array.ravel()
    kinds = set(map(type, items)) - {type(None)}
    if len(kinds) != 1 or not issubclass(kind := kinds.pop(), (pd.Timestamp, pd.Timedelta, pd.Period)):
        return None
    missing = np.fromiter((item is None for item in items), dtype=bool, count=len(items))
    of_kind = "freq" if issubclass(kind, pd.Period) else "unit"
    zones = {getattr(item, "tz", None) for item in items[~missing]}
    if len(zones) > 1 or len({getattr(item, of_kind) for item in items[~missing]}) > 1:
        return None
    return pd.Index(items[~missing].tolist()), missing, array.shape


class CategoryArray(StandIn):
    """Categories, and the number of each value's."""

    @staticmethod
    def restore(codes, categories, ordered):
        return pd.Categorical.from_codes(codes, categories, ordered=ordered)


class TextArray(StandIn):
    """Text; None is missing."""

    @staticmethod
    def restore(texts, dtype):
        return pd.array(texts, dtype=dtype)


class MaskedNumbers(StandIn):
    """Numbers of which some are missing."""

    @staticmethod
    def restore(values, mask):
        kinds = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
        return kinds.get(values.dtype.kind, pd.arrays.IntegerArray)(values, mask)


class BetweenArray(StandIn):
    """Intervals."""

    @staticmethod
    def restore(left, right, closed):
        return pd.arrays.IntervalArray.from_arrays(left, right, closed)


class ArrayType(StandIn):
    """A dtype of pandas, by an empty array that has it."""

    @staticmethod
    def restore(empty):
        return empty.dtype


class TextType(StandIn):
    """The dtype of text."""

    @staticmethod
    def restore(storage, is_nan):
        missing = {"na_value": np.nan} if is_nan else {}
        try:
            return pd.StringDtype(storage, **missing)
        except ImportError:
            # Arrow is an option; the values are the same.
            return pd.StringDtype("python", **missing)


def _masked(array):
    missing = array.isna()
    dtype = array.dtype.numpy_dtype
    return array.to_numpy(dtype=dtype, na_value=dtype.type(0)), missing


def _texts(array):
    missing = array.isna()
    return [None if lost else text for text, lost in zip(array.tolist(), missing, strict=True)], array.dtype


# --- indexes and tables ---------------------------------------------------------------------------


class Labels(StandIn):
    """An Index of any values."""

    @staticmethod
    def restore(values, name):
        return pd.Index(values, dtype=values.dtype, name=name, tupleize_cols=False)


class Range(StandIn):
    """A RangeIndex."""

    @staticmethod
    def restore(start, stop, step, name):
        return pd.RangeIndex(start, stop, step, name=name)


class Times(StandIn):
    """A DatetimeIndex or TimedeltaIndex, with its freq."""

    @staticmethod
    def restore(values, freq, name):
        index = pd.Index(values, name=name)
        if freq is not None:
            index.freq = freq
        return index


class Levels(StandIn):
    """A MultiIndex."""

    @staticmethod
    def restore(levels, codes, names):
        return pd.MultiIndex(levels=levels, codes=codes, names=names)


class Column(StandIn):
    """A Series."""

    @staticmethod
    def restore(values, index, name, attrs):
        series = pd.Series(values, index=index, name=name, dtype=values.dtype, copy=True)
        series.attrs = attrs
        return series


class Table(StandIn):
    """A DataFrame of columns, or of one array."""

    @staticmethod
    def restore(values, index, columns, attrs):
        if isinstance(values, list):
            parts = {k: pd.Series(part, index=index, dtype=part.dtype) for k, part in enumerate(values)}
            frame = pd.DataFrame(parts, index=index)
            frame.columns = columns
        else:
            frame = pd.DataFrame(values, index=index, columns=columns, copy=True)
        frame.attrs = attrs
        return frame


def _values(holder):
    """The values of a Series or an Index, as a NumPy array where they are one."""
    array = holder.array
    # Arrays of text are derived from it.
    return array.to_numpy() if type(array) is pd.arrays.NumpyExtensionArray else array


def _table(frame):
    dtypes = set(frame.dtypes)
    if len(dtypes) == 1 and isinstance(dtype := dtypes.pop(), np.dtype) and dtype.kind in "fiub":
        values = frame.to_numpy()
    else:
        values = [_values(frame.iloc[:, k]) for k in range(frame.shape[1])]
    return values, frame.index, frame.columns, dict(frame.attrs)


def _refuse(value):
    raise TypeError(f"a {type(value).__name__} of pandas. Use a dtype of NumPy.")


# Class, stand-in, and a function that returns its arguments; the first that applies is taken.
KINDS = (
    (type(pd.NaT), Missing, lambda _: ("NaT",)),
    (type(pd.NA), Missing, lambda _: ("NA",)),
    (pd.Timestamp, Moment, lambda at: (int(at.asm8.astype(np.int64)), at.unit, _zone(at.tz))),
    (pd.Timedelta, Duration, lambda span: (int(span.asm8.astype(np.int64)), span.unit)),
    (pd.Period, Span, lambda period: (period.ordinal, period.freqstr)),
    (pd.Interval, Between, lambda between: (between.left, between.right, between.closed)),
    (pd.offsets.BaseOffset, Offset, _offset),
    (pd.RangeIndex, Range, lambda index: (index.start, index.stop, index.step, index.name)),
    (
        pd.MultiIndex,
        Levels,
        lambda index: (list(index.levels), [np.asarray(of) for of in index.codes], list(index.names)),
    ),
    ((pd.DatetimeIndex, pd.TimedeltaIndex), Times, lambda index: (index.array, index.freq, index.name)),
    (pd.Index, Labels, lambda index: (_values(index), index.name)),
    (pd.Series, Column, lambda series: (_values(series), series.index, series.name, dict(series.attrs))),
    (pd.DataFrame, Table, _table),
    (pd.arrays.DatetimeArray, DateArray, lambda array: (array.asi8, array.unit, _zone(array.tz))),
    (pd.arrays.TimedeltaArray, DurationArray, lambda array: (array.asi8, array.unit)),
    (pd.arrays.PeriodArray, SpanArray, lambda array: (array.asi8, array.freqstr)),
    (pd.Categorical, CategoryArray, lambda array: (np.asarray(array.codes), array.categories, bool(array.ordered))),
    ((pd.arrays.StringArray, pd.arrays.ArrowStringArray), TextArray, _texts),
    ((pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray), MaskedNumbers, _masked),
    (pd.arrays.IntervalArray, BetweenArray, lambda array: (array.left, array.right, array.closed)),
    (pd.StringDtype, TextType, lambda dtype: (dtype.storage, dtype.na_value is not pd.NA)),
    (ExtensionDtype, ArrayType, lambda dtype: (pd.array([], dtype=dtype),)),
    (ExtensionArray, None, _refuse),
)
