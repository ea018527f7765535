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


def plot_forecast(path, target, y, y_test, forecasts, scores):
    """Draw the forecasts of the test rows against the truth; False where matplotlib is not there to do so.

    Parameters
    ----------
    path : Path
        Where the picture goes.
    target : str
        Name of the series, with its unit if it has one.
    y, y_test : Series
        The next value at each row, of all rows and of the test rows; drawn at the time it belongs to.
    forecasts : dict of str to Series
        Forecasts of the test rows.
    scores : Series
        RMSE of each.

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
    test_times = times[-len(y_test) :]
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    # Three times the test rows show where the forecast comes from; more would squeeze the forecast itself.
    shown = slice(-3 * len(y_test), None)
    axes.plot(times[shown], y.iloc[shown], color="0.2", linewidth=1.2, label=f"{target}, observed")
    styles = {"LSTM": {"color": "tab:orange", "linewidth": 2.0, "zorder": 3}}
    rest = {"linewidth": 1.0, "linestyle": "--", "alpha": 0.8}
    for name in ["LSTM", *(name for name in forecasts if name.startswith("seasonal"))]:
        axes.plot(test_times, forecasts[name], label=f"{name}, RMSE {scores[name]:.3g}", **styles.get(name, rest))
    axes.axvline(test_times[0], color="0.6", linewidth=1)
    axes.annotate("  test: one step ahead", (test_times[0], 0.02), xycoords=("data", "axes fraction"), color="0.4")
    axes.set(ylabel=target, xlabel=y.index.name or "row")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=150)
    return True
