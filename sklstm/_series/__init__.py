"""Series in a table: which row belongs to which series, and arithmetic by series on arrays and bounds."""

from sklstm._series._statistics import count_observed, find_extremes, find_moments, find_quantiles, merge_moments

__all__ = ["count_observed", "find_extremes", "find_moments", "find_quantiles", "merge_moments"]
