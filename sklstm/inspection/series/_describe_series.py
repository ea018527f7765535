"""A report on a series: what it is like, and what follows for scaling, trend, season and look-back."""

from html import escape
from textwrap import fill
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from sklstm._parameters import suggest
from sklstm.inspection.displays._axes import COLOURS, OBSERVED, QUIET, finish, make_panels, read_time_scale
from sklstm.inspection.series._advice import Advice, advise
from sklstm.inspection.series._numeric_columns import read_column, read_table
from sklstm.inspection.series._statistics import describe_column
from sklstm.inspection.series._time_steps import check_count

# More columns make a picture that nobody reads.
MOST_DRAWN = 6
WIDTH = 100
COUNTS = ("n", "missing", "season")


def describe_series(series: ArrayLike, *, season: int | None = None) -> "SeriesReport":
    """Describe a series, or each column of a table, and advise how to prepare it for an LSTM.

    Parameters
    ----------
    series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns)
        Rows in time order, with 20 values or more in each column. Columns of text are left out; NaN was not observed.
    season : int, optional
        Rows in a season, where it is known. By default it is looked for, as `suggest_time_steps` does.

    Returns
    -------
    report : SeriesReport
        With a `table` of statistics, `advice` and a `plot`.

    Raises
    ------
    ValueError
        If a column is too short or holds inf, rows are out of order, or no column holds numbers.
    ImportError
        If statsmodels is not there.

    See Also
    --------
    suggest_time_steps : The look-backs by themselves.

    Notes
    -----
    Outliers, skewness and normality are those of the rests around a straight line, of the logarithms where the spread
    grows with the level. Advice on scaling: "robust" where there are outliers (Tukey's outer fences), "standard" where
    normality is not refuted, "minmax" otherwise; a column of 0 and 1 alone is a flag and needs none. Tests of unit
    roots look at the last 4000 rows at most.

    Examples
    --------
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.inspection import describe_series
    >>> report = describe_series(load_airline().data)
    >>> report.advice[["advice", "call"]].head(2)
     advice                                               call
    0  standard                           SeriesScaler("standard")
    1       log  Differencer((1, 12), log=True) or SeriesForeca...
    >>> report.time_steps["passengers"]
    [12, 24]
    """
    who = "describe_series"
    table = read_table(who, series)
    if season is not None:
        check_count(who, "season", season, 2, len(table) // 2, "Two seasons must be in the series.")
    columns, left_out = _numeric(who, table)
    data, rows, advice, steps = {}, [], [], {}
    for column, values in columns:
        statistics, steps[column] = describe_column(who, values, table.index, season)
        data[column] = values
        rows.append(statistics)
        advice += advise(column, statistics, steps[column])
    names = pd.Index(data, name="column")
    described = pd.DataFrame(rows, index=names)
    described["season"] = described["season"].astype("Int64")
    data = pd.DataFrame(data, index=table.index)
    return SeriesReport(data, described, pd.DataFrame(advice, columns=Advice._fields), steps, left_out)


def _numeric(who, table):
    """The columns that hold numbers, with their values, and the names of the others."""
    names, columns, left_out = list(table.columns), [], []
    for position, name in enumerate(names):
        column = table.iloc[:, [position]]
        text = not pd.api.types.is_numeric_dtype(column.dtypes.iloc[0])
        if text and len(names) > 1 and pd.to_numeric(column.iloc[:, 0], errors="coerce").isna().all():
            left_out.append(name)
        else:
            columns.append((name, read_column(who, column, f"column {name!r}")))
    if not columns:
        raise ValueError(
            f"{who} expects a column of numbers at least, got only text, in the columns {names}. "
            "Convert them, by pd.to_numeric for instance."
        )
    return columns, left_out


class SeriesReport:
    """What `describe_series` found.

    Parameters
    ----------
    data : DataFrame of shape (n_rows, n_columns)
        The columns that were described.
    table : DataFrame of shape (n_columns, n_statistics)
        Their statistics.
    advice : DataFrame of shape (n_advice, 4)
        What to do: column, advice, reason, call.
    time_steps : dict of column to TimeSteps or None
        Look-backs; None for a column of one value, or of 0 and 1 alone.
    left_out : list
        Columns that hold text.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (2 * n_drawn,)
        What was drawn on: for each column its course and its histogram.
    figure_ : Figure
        Their figure.

    See Also
    --------
    describe_series : Makes them.

    Notes
    -----
    The columns of `table`: `n`, `missing`; `min`, `max`, `mean`, `std`; `skewness`, `kurtosis` (in excess), `outliers`
    (their share) and `normal_p` (D'Agostino and Pearson's test), of the rests around the trend; `trend_p` (Mann-Kendall
    test, mended for memory) and `slope` (Theil and Sen, units per row); `adf_p` and `kpss_p` (unit-root tests);
    `season` (rows); `season_strength` and `trend_strength` (0 to 1); `spread_exponent`, the power of the level that the
    spread grows with, and `spread_grows`, whether it does beyond doubt.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.inspection import describe_series
    >>> report = describe_series(np.random.default_rng(0).normal(20, 2, size=100))
    >>> report.table[["n", "mean", "std"]].round(1)
              n  mean  std
    column
    var1    100  20.2  1.9
    >>> report.advice["call"].tolist()
    ['SeriesScaler("standard")']
    """

    def __init__(self, data, table, advice, time_steps, left_out):
        self.data = data
        self.table = table
        self.advice = advice
        self.time_steps = time_steps
        self.left_out = left_out

    @property
    def n_drawn(self) -> int:
        """How many columns `plot` draws by itself."""
        return min(MOST_DRAWN, self.data.shape[1])

    def plot(self, ax=None, *, columns=None) -> Self:
        """Draw the course of each column over time, and its histogram beside a normal curve.

        Parameters
        ----------
        ax : array-like of Axes, Axes or None, default=None
            Where to draw, two for each column; one is shared out. By default on a new figure.
        columns : list, optional
            Which columns to draw. By default the first 6.

        Returns
        -------
        self : SeriesReport
            With `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If a column is not in the report.
        """
        names = list(self.data.columns)
        for column in columns or ():
            if column not in names:
                raise ValueError(
                    f"SeriesReport.plot got the column {column!r}, which is not in the report."
                    f"{suggest(str(column), [str(name) for name in names])} Its columns are: {names}."
                )
        drawn = names[: self.n_drawn] if columns is None else list(columns)
        mosaic = [[2 * k, 2 * k, 2 * k + 1] for k in range(len(drawn))]
        self.axes_ = make_panels("SeriesReport", ax, mosaic, figsize=(10, 0.6 + 2.2 * len(drawn)))
        self.figure_ = self.axes_[0].figure
        scale = read_time_scale("SeriesReport", [self.data.index])
        for k, column in enumerate(drawn):
            _draw_course(self.axes_[2 * k], self.data[column], scale)
            _draw_histogram(self.axes_[2 * k + 1], self.data[column], legend=k == 0)
        if columns is None and len(names) > MOST_DRAWN:
            self.axes_[0].set_title(
                f"the first {MOST_DRAWN} of {len(names)} columns; others by columns=", loc="left", fontsize="medium"
            )
        return self

    def __repr__(self):
        parts = [self.format_table().to_string()]
        parts += [self.format_advice(column) for column in self.advice["column"].unique()]
        return "\n\n".join(parts)

    def format_advice(self, column) -> str:
        """The advice for a column as text.

        Parameters
        ----------
        column : label
            Which column.

        Returns
        -------
        text : str
            Several lines.
        """
        rows = self.advice[self.advice["column"] == column]
        margin = " " * (4 + rows["advice"].str.len().max())
        lines = [str(column)]
        for row in rows.itertuples():
            head = f"  {row.advice}".ljust(len(margin))
            lines.append(fill(row.reason, WIDTH, initial_indent=head, subsequent_indent=margin))
            lines.append(f"{margin}{row.call}")
        return "\n".join(lines)

    def _repr_html_(self):
        table = self.format_table().to_html(escape=True)
        with pd.option_context("display.max_colwidth", None):
            advice = self.advice.to_html(index=False, escape=True)
        left_out = "".join(f"<p>left out, as it holds text: {escape(str(name))}</p>" for name in self.left_out)
        return f"{table}{advice}{left_out}"

    def format_table(self) -> pd.DataFrame:
        """The table for reading.

        Returns
        -------
        table : DataFrame of str of shape (n_statistics, n_columns)
            Its numbers as text of few digits.
        """
        shown = {name: [_format(name, value) for value in self.table[name]] for name in self.table.columns}
        return pd.DataFrame(shown, index=[str(name) for name in self.table.index]).T


def _format(name, value):
    if pd.isna(value):
        return ""
    if name == "spread_grows":
        return "yes" if value else "no"
    if name == "outliers":
        return f"{value:.1%}"
    return str(int(value)) if name in COUNTS else f"{value:.3g}"


def _draw_course(axes, series, scale):
    axes.plot(scale.place(series.index), series.to_numpy(), color=OBSERVED, linewidth=1)
    axes.set_ylabel(str(series.name))
    scale.label(axes)
    finish(axes)


def _draw_histogram(axes, series, legend):
    values = series.dropna().to_numpy()
    counts, edges = np.histogram(values, bins="auto" if len(values) < 10_000 else 60)
    if len(edges) > 60:
        counts, edges = np.histogram(values, bins=60)
    axes.stairs(counts, edges, fill=True, color=COLOURS[5], alpha=0.7)
    spread = values.std(ddof=1)
    if spread > 0:
        places = np.linspace(min(edges[0], values.mean() - 3 * spread), max(edges[-1], values.mean() + 3 * spread), 200)
        curve = norm.pdf(places, values.mean(), spread) * len(values) * (edges[1] - edges[0])
        axes.plot(places, curve, color=QUIET, linestyle="--", linewidth=1.2, label="normal, of equal mean and spread")
    axes.set(xlabel=str(series.name), ylabel="rows")
    finish(axes, legend=legend)
