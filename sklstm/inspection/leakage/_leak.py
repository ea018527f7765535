"""What a leak is: where it is, and what it consists in."""

from typing import NamedTuple


class Leak(NamedTuple):
    """One place at which a prediction sees what it cannot know.

    Attributes
    ----------
    step : str
        Name of the step of the Pipeline, ``outer__inner`` where it is nested; "X" for data that leak before it, "cv"
        for the splitter.
    column : str or None
        Name of the column, where it is one.
    kind : {"look-ahead", "statistics", "scaled before", "scaled lags", "target", "order", "gap"}
        A row that depends on later ones; statistics of rows that are no training rows, in a step or in X; lags of a
        feature that are scaled each by itself; y among the features; training rows after test rows; targets that
        reach into the test rows.
    explanation : str
        What was found, and what mends it.
    """

    step: str
    column: object
    kind: str
    explanation: str


def one_leak_each(leaks):
    """The first leak of each step and column: what follows from it is not told again."""
    first = {}
    for leak in leaks:
        first.setdefault((leak.step, leak.column), leak)
    return list(first.values())


def describe(leaks):
    """A line for each leak; columns that leak alike share one.

    >>> print(describe([Leak("X", "a", "target", "It is y."), Leak("X", "b", "target", "It is y.")]))
    - X, columns 'a', 'b': It is y.
    """
    alike = {}
    for leak in leaks:
        alike.setdefault((leak.step, leak.explanation), []).append(leak.column)
    return "\n".join(f"- {_place(step, columns)}: {explanation}" for (step, explanation), columns in alike.items())


def _place(step, columns):
    step = step if step in ("X", "cv") else f"step {step!r}"
    columns = [column for column in columns if column is not None]
    if not columns:
        return step
    return f"{step}, column{'s' if len(columns) > 1 else ''} {', '.join(repr(column) for column in columns)}"
