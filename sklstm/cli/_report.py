"""What a command shows: a table of scores, forecasts as CSV, a picture."""

import pandas as pd


def print_scores(title, table):
    """Print a table; numbers have as many digits as tell candidates apart, what does not apply is left blank."""
    shown = table.copy()
    for column in shown.columns:
        if pd.api.types.is_float_dtype(shown[column]):
            shown[column] = [f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}" for value in shown[column]]
    print(f"\n{title}")
    print(shown.astype(object).where(table.notna(), "").to_string(index=False))


def when(label):
    """A label of an index as text; the start of a day as its date."""
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) and label == label.normalize() else str(label)


def print_csv(table, path, what):
    """Print a table as CSV, or write it to a file and say so."""
    if path is None:
        print(table.to_csv(), end="")
    else:
        table.to_csv(path)
        print(f"written to {path}: {what}")


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
