"""Times that are written as text, which order nothing: refused before they order rows wrongly."""

import re
from datetime import date

import pandas as pd

from sklstm._series._timeline import tells_time

YEAR_FIRST = re.compile(r"\d{4}[./-]\d{1,2}\b|(19|20)\d{6}\b|\d{4}-?Q[1-4]\b")
# A day and a month, in whatever order, and a year.
YEAR_LAST = re.compile(r"(\d{1,2})([./-])\d{1,2}\2\d{2,4}\b")
MONTH_NAMED = re.compile(r"(\d{1,2}[ -])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d", re.IGNORECASE)


def refuse_text_times(who, table, times, time=None, name="series"):
    """Raise where times are text or objects, and show how to make them timestamps.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    table : DataFrame
        The rows.
    times : pd.Index or None
        When each of them was.
    time : hashable, optional
        The column or level that says so; anything but text is expected there. In an index text may be mere labels, and
        is refused only where it reads as a date.
    name : str
        What the user calls the table.
    """
    if times is None or tells_time(times) or times.isna().all():
        return
    first = times.dropna()[0]
    if not _is_date(first) and (time is None or not isinstance(first, str)):
        return
    where, remedy = _place(table, time, name)
    kind = "text" if isinstance(first, str) else f"{type(first).__module__}.{type(first).__name__} objects"
    day_first = ", dayfirst=True" if _has_day_first(times) else ""
    raise ValueError(
        f"{who} expects times that order rows, got {where} of {kind} such as {str(first)!r}. Make them timestamps: "
        f"{remedy.format(day_first)}."
    )


def _place(table, time, name):
    """Where times stand in a table, and the statement that makes them timestamps."""
    if time is not None and time in table.columns:
        return f"a column {time!r}", f"{name}[{time!r}] = pd.to_datetime({name}[{time!r}]{{}})"
    if isinstance(table.index, pd.MultiIndex):
        return "a level", f"pd.to_datetime(...{{}}) of that level, before {name}.set_index"
    return "an index", f"{name}.index = pd.to_datetime({name}.index{{}})"


def _is_date(value):
    """Whether a value is a date that pandas keeps as an object, or text that reads as one."""
    if isinstance(value, str):
        return any(pattern.match(value) for pattern in (YEAR_FIRST, YEAR_LAST, MONTH_NAMED))
    return isinstance(value, date)


def _has_day_first(times):
    """Whether text has the day before the month: with dots, or where no month has such a number."""
    dates = [YEAR_LAST.match(value) for value in times if isinstance(value, str)]
    return any(found and (found[2] == "." or int(found[1]) > 12) for found in dates)
