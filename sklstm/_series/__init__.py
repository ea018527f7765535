"""Series in a table: which row belongs to which series, when it was, what follows what, and arithmetic by series."""

from sklstm._series._calendars import NOWHERE
from sklstm._series._index import (
    SeriesIndex,
    labels_as_array,
    of_series,
    read_series_index,
    refuse_short,
    refuse_without_groups,
    rows_by_code,
)
from sklstm._series._last_observations import LastObservations, carry_forward, fill_from_before, find_last_observations
from sklstm._series._layout import Layout, SeriesEnds, warn_lost_rows
from sklstm._series._lines import fit_lines, fit_robust_lines
from sklstm._series._order_statistics import select_ranked
from sklstm._series._panel_samples import every_nth, in_series, split_panel_tail
from sklstm._series._series_table import KnownSteps, SeriesTable, with_levels_of
from sklstm._series._starts import SeriesStarts, find_known_values, find_starts
from sklstm._series._statistics import count_observed, find_extremes, find_moments, find_quantiles, merge_moments
from sklstm._series._tables import as_table, find_position, find_target, has_names
from sklstm._series._text_times import refuse_text_times
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
    "KnownSteps",
    "LastObservations",
    "Layout",
    "SeriesEnds",
    "SeriesIndex",
    "SeriesStarts",
    "SeriesTable",
    "Timeline",
    "as_numbers",
    "as_table",
    "carry_forward",
    "count_observed",
    "every_nth",
    "fill_from_before",
    "find_clock",
    "find_extremes",
    "find_holes",
    "find_known_values",
    "find_last_observations",
    "find_moments",
    "find_position",
    "find_quantiles",
    "find_season",
    "find_slots",
    "find_starts",
    "find_target",
    "fit_lines",
    "fit_robust_lines",
    "has_names",
    "in_series",
    "labels_as_array",
    "learn_timeline",
    "merge_moments",
    "of_series",
    "read_series_index",
    "refuse_disorder",
    "refuse_off_calendar",
    "refuse_shared_slots",
    "refuse_short",
    "refuse_text_times",
    "refuse_without_groups",
    "rows_by_code",
    "select_ranked",
    "split_panel_tail",
    "tells_time",
    "to_duration",
    "warn_lost_rows",
    "with_levels_of",
]
