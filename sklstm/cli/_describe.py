"""`sklstm describe`: what a series is like, and what follows for an LSTM."""

from sklstm.cli._report import print_notes
from sklstm.cli._series_file import check_column, read_table


def describe(args):
    """Run the command: read, describe, print, draw."""
    from sklstm.inspection import describe_series

    name, table, _, notes = read_table(args.data, args.time)
    if args.target is not None:
        check_column(args.data, args.target, table.columns)
    try:
        report = describe_series(table, season=args.season)
    except ImportError as error:
        raise ValueError(str(error)) from None
    if args.target in report.left_out:
        raise ValueError(f"{args.data}: column {args.target!r} holds text, and has no time steps.")
    print_notes(notes)
    _print_report(name, report, args.target)
    if args.plot:
        _draw(args.plot, report, args.target)


def _print_report(name, report, target):
    for column in report.left_out:
        print(f"left out: column {column!r} holds text")
    columns = ", ".join(report.data.columns)
    print(f"{name}: {len(report.data)} rows of {columns}\n\n{report}\n\nsuggested time steps")
    for column, steps in report.time_steps.items():
        if steps is None or target not in (None, column):
            continue
        print(f"  {column}: {' '.join(map(str, steps))}")
        for reason in steps.reasons:
            print(f"    {reason}")


def _draw(path, report, target):
    """Draw what the report draws and, below, the correlograms of the target or of the first column."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        print("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'")
        return
    column = target or next((column for column, steps in report.time_steps.items() if steps is not None), None)
    steps = report.time_steps.get(column)
    n_drawn = report.n_drawn
    figure = Figure(figsize=(11, 0.6 + 2.2 * (n_drawn + 2 * (steps is not None))), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(n_drawn + 2 * (steps is not None), 3)
    report.plot([figure.add_subplot(grid[row, cells]) for row in range(n_drawn) for cells in (slice(2), 2)])
    if steps is not None:
        steps.plot([figure.add_subplot(grid[n_drawn + row, :]) for row in range(2)])
        steps.axes_[0].set_title(f"{column} and its own past", loc="right", fontsize="medium")
    figure.savefig(path, dpi=150)
    print(f"\nwritten to {path}")
