"""Series in a table: which row belongs to which series, when it was, what follows what, and arithmetic by series."""

from sklstm._series._calendars import NOWHERE
from sklstm._series._index import (
    SeriesIndex,
    labels_as_array,
    of_series,
    place_of,
    read_series_index,
    refuse_short,
    refuse_without_groups,
)
from sklstm._series._lines import fit_lines, fit_robust_lines
from sklstm._series._order_statistics import select_ranked
from sklstm._series._statistics import count_observed, find_extremes, find_moments, find_quantiles, merge_moments
from sklstm._series._timeline import (
    Timeline,
    as_numbers,
    find_clock,
    find_holes,
    find_season,
    find_slots,
    learn_timeline,
    refuse_disorder,
    refuse_off_calendar,
    refuse_shared_slots,
    tells_time,
    to_duration,
)

__all__ = [
    "NOWHERE",
    "SeriesIndex",
    "Timeline",
    "as_numbers",
    "count_observed",
    "find_clock",
    "find_extremes",
    "find_holes",
    "find_moments",
    "find_quantiles",
    "find_season",
    "find_slots",
    "fit_lines",
    "fit_robust_lines",
    "labels_as_array",
    "learn_timeline",
    "merge_moments",
    "of_series",
    "place_of",
    "read_series_index",
    "refuse_disorder",
    "refuse_off_calendar",
    "refuse_shared_slots",
    "refuse_short",
    "refuse_without_groups",
    "select_ranked",
    "tells_time",
    "to_duration",
]
