"""What a command shows: a table of scores, forecasts as CSV, a picture."""

import sys

import pandas as pd

# More digits than these are not known: networks compute in single precision.
DIGITS = 7


def print_scores(title, table):
    """Print a table; numbers have as many digits as tell candidates apart, what does not apply is left blank."""
    shown = table.copy()
    for column in shown.columns:
        if pd.api.types.is_float_dtype(shown[column]):
            shown[column] = [_short(value) for value in shown[column]]
    print(f"\n{title}")
    print(shown.astype(object).where(table.notna(), "").to_string(index=False))


def _short(value):
    # Minus zero is zero.
    return f"{value + 0.0:.3g}" if abs(value) < 10 else f"{value:.1f}"


def print_notes(notes, file=None):
    """Print what there is to tell about how a file was read, each on a line of its own."""
    for note in notes:
        print(note, file=file)


def when(label):
    """A label of an index as text; the start of a day as its date."""
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) and label == label.normalize() else str(label)


def print_csv(table, path, what):
    """Print a table as CSV, or write it to a file and say so."""
    if path is None:
        to_csv(table, sys.stdout)
    else:
        to_csv(table, path)
        print(f"written to {path}: {what}")


def to_csv(table, path, **options):
    """Write a table with as many digits as are known; large numbers are whole ones."""
    table.to_csv(path, float_format=_as_text, **options)


def _as_text(value):
    return f"{value:.0f}" if abs(value) >= 10**DIGITS else f"{value + 0.0:.{DIGITS}g}"


def draw(path, make_display):
    """Write the picture that a function draws, and return whether there is one: without matplotlib there is not."""
    try:
        import matplotlib
    except ImportError:
        print("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'")
        return False
    matplotlib.use("agg")
    make_display().figure_.savefig(path, dpi=150)
    return True
