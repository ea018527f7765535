"""What a command shows: a table of scores, and a picture of the forecast."""

import pandas as pd


def print_scores(title, table):
    """Print a table; numbers have as many digits as tell candidates apart, what does not apply is left blank."""
    shown = table.copy()
    for column in shown.columns:
        if pd.api.types.is_float_dtype(shown[column]):
            shown[column] = [f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}" for value in shown[column]]
    print(f"\n{title}")
    print(shown.astype(object).where(table.notna(), "").to_string(index=False))


def plot_forecast(path, target, y, forecasts):
    """Draw forecasts of the last rows against the truth; False where matplotlib is not there to do so.

    Parameters
    ----------
    path : Path
        Where the picture goes.
    target : str
        Name of the series.
    y : Series of shape (n_rows,)
        The value after each row, in time order.
    forecasts : dict of str to ndarray of shape (n_test,)
        Forecasts for the last rows, by what they are called; of these, those of the LSTM and of the last
        season are drawn.

    Returns
    -------
    drawn : bool
        Whether there is a picture.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        print("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'")
        return False

    # What is forecast at a row happens at the next one; after the last, as far on as that is from the one before.
    times = y.index[1:].append(y.index[-1:] + (y.index[-1] - y.index[-2]))
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    # Three times the test rows show where the forecast comes from; more would squeeze the forecast itself.
    n_test = len(next(iter(forecasts.values())))
    axes.plot(times[-3 * n_test :], y.iloc[-3 * n_test :], color="0.2", linewidth=1.2, label=f"{target}, observed")
    for name, forecast in forecasts.items():
        if name.startswith("LSTM"):
            axes.plot(times[-n_test:], forecast, label=name, color="tab:orange", linewidth=2, zorder=3)
        elif name.startswith("seasonal"):
            axes.plot(times[-n_test:], forecast, label=name, color="tab:blue", linewidth=1, linestyle="--")
    axes.axvline(times[-n_test], color="0.6", linewidth=1)
    axes.annotate("  test: one step ahead", (times[-n_test], 0.02), xycoords=("data", "axes fraction"), color="0.4")
    axes.set(ylabel=target, xlabel=y.index.name or "row")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=150)
    return True
